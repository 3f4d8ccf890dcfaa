//! Pictures of a forecast and of how the networks learnt.

use std::path::Path;
use std::sync::Once;

use plotters::chart::SeriesAnno;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::{Curve, Forecast};
use crate::TrainError;
use crate::new_file::new_file;

const SIZE: (u32, u32) = (1200, 600);
const HISTORY: RGBColor = RGBColor(150, 150, 150);
const TRUTH: RGBColor = RGBColor(30, 30, 30);
const COLORS: [RGBColor; 4] = [
    RGBColor(214, 84, 20),
    RGBColor(20, 105, 184),
    RGBColor(52, 140, 60),
    RGBColor(140, 70, 160),
];
const FONT: &str = "sans-serif";

/// Draws the end of the history, the truth of the test part and the forecasts in it, each a line of
/// its own from the value it starts from, as a PNG file at `path`.
///
/// `test_start` is the index at which the test part begins.
///
/// # Errors
///
/// Where the file cannot be written; a picture that was there stays then.
pub fn forecast(
    path: &Path,
    title: &str,
    series: &[f64],
    test_start: usize,
    forecasts: &[Forecast],
) -> Result<(), TrainError> {
    let test_len = series.len() - test_start;
    let first = test_start.saturating_sub(test_len);
    let shown = series[first..].iter();
    let values = shown.chain(forecasts.iter().flat_map(|forecast| &forecast.values));
    let (low, high) = range(values.copied());
    picture(path, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 24))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(first..series.len(), low..high)
            .map_err(reason)?;
        mesh(&mut chart, "time step", "value")?;
        let points = |from: usize, to: usize| {
            let values = series[from..to].iter();
            values
                .enumerate()
                .map(move |(index, &value)| (from + index, value))
        };
        let history = LineSeries::new(points(first, (test_start + 1).min(series.len())), HISTORY);
        legend(
            chart.draw_series(history).map_err(reason)?,
            "history",
            HISTORY,
        );
        let truth = LineSeries::new(points(test_start, series.len()), TRUTH);
        legend(chart.draw_series(truth).map_err(reason)?, "truth", TRUTH);
        for (index, forecast) in forecasts.iter().enumerate() {
            let before = forecast.start - 1;
            let values = core::iter::once(&series[before]).chain(&forecast.values);
            let line = values
                .enumerate()
                .map(|(step, &value)| (before + step, value));
            let line = LineSeries::new(line, COLORS[0].stroke_width(2));
            let drawn = chart.draw_series(line).map_err(reason)?;
            if index == 0 {
                legend(drawn, "forecast", COLORS[0]);
            }
        }
        labels(&mut chart, SeriesLabelPosition::UpperLeft)
    })
}

/// Draws each network's training and validation loss epoch by epoch as a PNG file at `path`; on a
/// logarithmic scale where they span more than a factor of ten.
///
/// # Errors
///
/// Where the file cannot be written; a picture that was there stays then.
pub fn losses(path: &Path, title: &str, curves: &[(String, Curve)]) -> Result<(), TrainError> {
    let all = curves
        .iter()
        .flat_map(|(_, curve)| curve.train.iter().chain(&curve.validation).copied());
    let positive: Vec<f64> = all.filter(|loss| *loss > 0.0).collect();
    let low = positive.iter().copied().fold(f64::INFINITY, f64::min);
    let high = positive.iter().copied().fold(0.0, f64::max);
    if high > 10.0 * low {
        losses_on(path, title, curves, (low * 0.9..high * 1.1).log_scale())
    } else {
        losses_on(path, title, curves, 0.0..(high * 1.1).max(1e-12))
    }
}

fn losses_on<Y>(
    path: &Path,
    title: &str,
    curves: &[(String, Curve)],
    y: Y,
) -> Result<(), TrainError>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let longest = curves.iter().map(|(_, curve)| curve.train.len()).max();
    let epochs = longest.unwrap_or(0).max(2);
    picture(path, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 24))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(1..epochs, y)
            .map_err(reason)?;
        mesh(&mut chart, "epoch", "mean squared error, scaled")?;
        for (index, (name, curve)) in curves.iter().enumerate() {
            let color = COLORS[index % COLORS.len()];
            let points = |losses: &[f64]| -> Vec<(usize, f64)> {
                let positive = losses.iter().enumerate().filter(|(_, loss)| **loss > 0.0);
                positive.map(|(epoch, loss)| (epoch + 1, *loss)).collect()
            };
            let pale = color.mix(0.45);
            let train = LineSeries::new(points(&curve.train), pale.stroke_width(2));
            let drawn = chart.draw_series(train).map_err(reason)?;
            legend(drawn, &format!("{name}, training"), pale);
            let validation = LineSeries::new(points(&curve.validation), color.stroke_width(2));
            let drawn = chart.draw_series(validation).map_err(reason)?;
            legend(drawn, &format!("{name}, validation"), color);
        }
        labels(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;

/// Draws into a file beside `path` and renames it when it is complete.
fn picture(
    path: &Path,
    draw: impl FnOnce(&Area<'_>) -> Result<(), String>,
) -> Result<(), TrainError> {
    register_font();
    let folder = path.parent().unwrap_or(Path::new("."));
    // The library tells the format by the suffix.
    let file = new_file(folder, ".png").map_err(TrainError::write(path))?;
    let drawn = || -> Result<(), String> {
        let area = BitMapBackend::new(file.path(), SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(reason)?;
        draw(&area)?;
        area.present().map_err(reason)
    };
    drawn().map_err(|reason| TrainError::Plot {
        path: path.to_owned(),
        reason,
    })?;
    file.persist(path)
        .map_err(|error| TrainError::write(path)(error.error))?;
    Ok(())
}

/// The font comes with the program: a machine without fonts draws the same picture.
fn register_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = dejavu::sans::regular();
        let registered = plotters::style::register_font(FONT, FontStyle::Normal, font);
        assert!(registered.is_ok(), "the font that is built in is sound");
    });
}

fn reason(error: impl core::fmt::Display) -> String {
    error.to_string()
}

type Chart<'a, 'b, X, Y> = ChartContext<'a, BitMapBackend<'b>, Cartesian2d<X, Y>>;

fn mesh<X, Y>(chart: &mut Chart<'_, '_, X, Y>, x: &str, y: &str) -> Result<(), String>
where
    X: Ranged + ValueFormatter<<X as Ranged>::ValueType>,
    Y: Ranged + ValueFormatter<<Y as Ranged>::ValueType>,
{
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(x)
        .y_desc(y)
        .label_style((FONT, 15))
        .draw()
        .map_err(reason)
}

fn legend(drawn: &mut SeriesAnno<'_, BitMapBackend<'_>>, name: &str, color: impl Into<RGBAColor>) {
    let color = color.into();
    drawn
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(2)));
}

fn labels<'a, 'b: 'a, X: Ranged, Y: Ranged>(
    chart: &mut Chart<'a, 'b, X, Y>,
    position: SeriesLabelPosition,
) -> Result<(), String> {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(HISTORY)
        .label_font((FONT, 15))
        .draw()
        .map_err(reason)
}

/// The smallest range with a margin that holds all values.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let margin = ((high - low) * 0.06).max(1e-6);
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let series: Vec<f64> = (0..60).map(|t| (f64::from(t) * 0.3).sin()).collect();
        let forecasts = [Forecast {
            start: 42,
            values: vec![0.1, 0.2, 0.3],
        }];
        let path = folder.path().join("new").join("forecast.png");
        forecast(&path, "a sine", &series, 40, &forecasts).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));

        let curve = Curve {
            train: vec![1.0, 0.1],
            validation: vec![1.1, 0.2],
        };
        let path = folder.path().join("loss.png");
        losses(&path, "losses", &[("lstm".to_owned(), curve)]).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing else"
        );
    }
}
