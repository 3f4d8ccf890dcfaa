//! A saved model's forecast of what comes after the end of a table.

use std::fmt::Write;
use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{TableWindow, following};

use super::panels::{Panel, draw_panels, shown};
use super::score::predict_some;
use super::settings::table;
use super::{ForecastSettings, ForecastTask};
use crate::learn::Task;
use crate::new_file::write_whole;
use crate::{ModelFile, TrainError};

/// Forecasts the horizon that follows the end of `csv`, or of the table that the model's training generated:
/// `future.csv` with the values and the bounds between which four fifths of the truth lay in the validation
/// part, all in the series' own units, and the picture `future.png` and `future.svg`, in the folder `out`.
///
/// # Errors
///
/// Where the model is for something else, the table lacks a column or has too few rows, or a file cannot be
/// written.
pub fn forecast_file(
    file: ModelFile,
    csv: Option<&Path>,
    out: &Path,
    device: &Device,
) -> Result<(), TrainError> {
    let seed = file.card.seed;
    let (settings, model) = file.load(ForecastTask::NAME, device, ForecastSettings::init)?;
    let table = table(csv, &settings.table, seed)?;
    let scaled = settings.scale(&table)?;
    let window = TableWindow::last(&scaled, settings.config.window)?;
    let forecast = predict_some(&model, vec![window.clone()], device);
    let bounds = match &settings.bands {
        Some(bands) => bands.around(&forecast),
        None => [forecast.clone(), forecast.clone()],
    };
    let scalers = &settings.scalers;
    let [low, high] = bounds.map(|bound| scalers.inverse(&bound));
    let values = scalers.inverse(&forecast);
    let horizon = settings.config.horizon;
    let times = table.times().map(|times| following(times, horizon));

    let mut text = String::from(if times.is_some() { "step,time" } else { "step" });
    for name in table.names() {
        // A name with a comma or a quote in it is quoted.
        let quoted = |end: &str| match name.contains(['"', ',']) {
            true => format!("\"{}{end}\"", name.replace('"', "\"\"")),
            false => format!("{name}{end}"),
        };
        write!(
            text,
            ",{},{},{}",
            quoted(""),
            quoted(" 10%"),
            quoted(" 90%")
        )
        .expect("text takes all");
    }
    let series = table.series();
    for step in 0..horizon {
        write!(text, "\n{}", step + 1).expect("text takes all");
        if let Some(times) = &times {
            let time = times.get(step).map(ToString::to_string);
            write!(text, ",{}", time.unwrap_or_default()).expect("text takes all");
        }
        for place in step * series..(step + 1) * series {
            write!(text, ",{},{},{}", values[place], low[place], high[place])
                .expect("text takes all");
        }
    }
    text.push('\n');
    write_whole(&out.join("future.csv"), text.as_bytes())?;

    let known = scalers.inverse(window.input());
    let panels = Panel::of_series(table.names(), horizon, &known, None, &values, [&low, &high]);
    let end = match table.times().and_then(<[_]>::last) {
        Some(time) => time.to_string(),
        None => "the end".to_owned(),
    };
    let steps = if horizon == 1 { "step" } else { "steps" };
    let title = format!("Forecast of {horizon} {steps} after {end}{}", shown(&table));
    let [picture, _] = draw_panels(out, "future", &title, &panels)?;
    println!(
        "{horizon} {steps} of {series} series: {}, {}",
        out.join("future.csv").display(),
        picture.display()
    );
    Ok(())
}
