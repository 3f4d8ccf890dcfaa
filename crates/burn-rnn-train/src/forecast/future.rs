//! A saved model's forecast of what comes after the end of a table.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{TableWindow, following};

use super::panels::{Panel, Shown, draw_panels};
use super::score::{finite, predict_some};
use super::settings::table;
use super::{Bands, ForecastSettings, ForecastTask};
use crate::learn::Task;
use crate::new_file::write_whole;
use crate::{ModelFile, TrainError, say_done};

/// Forecasts the horizon that follows the end of `csv`, or of the table that the model's training generated:
/// `future.csv` with the values and their bands, all in the series' own units, and the picture `future.png` and
/// `future.svg` with the series `drawn` (all without names), in the folder `out`. A line says what was written, or for
/// `json` an object with `steps`, `series` (the names), `csv` and `picture`.
///
/// # Errors
///
/// Where the model is for something else, the table lacks a column or has too few rows, or a file cannot be
/// written.
pub fn forecast_file(
    file: ModelFile,
    csv: Option<&Path>,
    drawn: &[String],
    out: &Path,
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    let seed = file.card.seed;
    let (settings, model) = file.load(ForecastTask::NAME, device, ForecastSettings::init)?;
    let table = table(csv, &settings.table, seed)?;
    let shown = Shown::of(drawn, &table)?;
    let scaled = settings.scale(&table)?;
    let window = TableWindow::last(&scaled, settings.config.window)?;
    let forecast = finite(predict_some(&model, vec![window.clone()], device))?;
    let scalers = &settings.scalers;
    let bounds = settings.around(&forecast, &window);
    let [low, high] = bounds.map_or([Vec::new(), Vec::new()], |bounds| {
        bounds.map(|bound| scalers.inverse(&bound))
    });
    let values = scalers.inverse(&forecast);
    let horizon = settings.config.horizon;
    let times = table.times().map(|times| following(times, horizon));
    let times: Option<Vec<String>> =
        times.map(|times| times.iter().map(ToString::to_string).collect());
    let path = out.join("future.csv");
    let text = lines(table.names(), times.as_deref(), &values, &low, &high)
        .map_err(TrainError::write(&path))?;
    write_whole(&path, &text)?;

    let known = scalers.inverse(window.input());
    let drawn = [&[], &values[..], &low, &high];
    let panels = Panel::of_series(table.names(), &shown, horizon, &known, drawn);
    let end = match table.times().and_then(<[_]>::last) {
        Some(time) => time.to_string(),
        None => "the end".to_owned(),
    };
    let steps = if horizon == 1 { "step" } else { "steps" };
    let title = format!("Forecast of {horizon} {steps} after {end}{}", shown.note());
    let [picture, _] = draw_panels(out, "future", &title, &panels)?;
    say_done(
        json,
        serde_json::json!({
            "steps": horizon,
            "series": table.names(),
            "csv": path.to_string_lossy(),
            "picture": picture.to_string_lossy(),
        }),
        format_args!(
            "{horizon} {steps} of {} series: {}, {}",
            table.series(),
            path.display(),
            picture.display()
        ),
    )
}

/// The forecast as CSV, a row a step; `values`, `low` and `high` are `[horizon, series]`, the latter empty without bands.
fn lines(
    names: &[String],
    times: Option<&[String]>,
    values: &[f64],
    low: &[f64],
    high: &[f64],
) -> std::io::Result<Vec<u8>> {
    let mut lines = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["step".to_owned()];
    header.extend(times.map(|_| "time".to_owned()));
    for name in names {
        header.push(name.clone());
        if !low.is_empty() {
            let level = Bands::LEVEL * 100.0;
            header.extend(["low", "high"].map(|end| format!("{name} {level} % {end}")));
        }
    }
    lines.write_record(header)?;
    let series = names.len();
    for step in 0..values.len() / series {
        let mut cells = vec![(step + 1).to_string()];
        if let Some(times) = times {
            cells.push(times.get(step).cloned().unwrap_or_default());
        }
        let places = step * series..(step + 1) * series;
        let numbers = places.flat_map(|place| [values.get(place), low.get(place), high.get(place)]);
        cells.extend(numbers.flatten().map(f64::to_string));
        lines.write_record(cells)?;
    }
    lines.into_inner().map_err(|error| error.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_survive_the_file() {
        let names = ["a, \"b\"".to_owned(), "c\nd".to_owned()];
        let times = ["2020-01-31".to_owned(), "2020-02-29".to_owned()];
        let (values, low, high) = ([1.5, -2.0, 1e9 + 0.25, 4.0], [1.0; 4], [2e9; 4]);
        let text = lines(&names, Some(&times), &values, &low, &high).unwrap();
        let mut reader = csv::Reader::from_reader(&text[..]);
        let header: Vec<&str> = reader.headers().unwrap().iter().collect();
        assert_eq!(
            header,
            [
                "step",
                "time",
                "a, \"b\"",
                "a, \"b\" 80 % low",
                "a, \"b\" 80 % high",
                "c\nd",
                "c\nd 80 % low",
                "c\nd 80 % high"
            ]
        );
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let last: Vec<&str> = rows[1].iter().collect();
        let number = "1000000000.25";
        assert_eq!(
            last,
            [
                "2",
                "2020-02-29",
                number,
                "1",
                "2000000000",
                "4",
                "1",
                "2000000000"
            ]
        );
        // Without bands there are no bounds.
        let text = lines(&names[..1], None, &values, &[], &[]).unwrap();
        assert_eq!(
            text.split(|byte| *byte == b'\n').nth(1),
            Some(&b"1,1.5"[..])
        );
    }
}
