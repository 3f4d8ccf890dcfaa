//! Pictures as PNG and SVG files that are complete or not there.

use core::error::Error;
use core::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Once;

use plotters::coord::Shift;
use plotters::coord::types::{RangedCoordf64, RangedCoordusize};
use plotters::prelude::*;

use crate::TrainError;
use crate::new_file::new_file;

/// The font of all pictures. It comes with the program: a machine without fonts draws the same.
pub(crate) const FONT: &str = "sans-serif";

/// The colours of lines, in the order in which they are used.
pub(crate) const COLORS: [RGBColor; 4] = [
    RGBColor(214, 84, 20),
    RGBColor(20, 105, 184),
    RGBColor(52, 140, 60),
    RGBColor(140, 70, 160),
];

/// What comes of drawing on a backend of the drawing library: nothing, or its error.
pub(crate) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// The largest width and height of a picture in pixels; what lies beyond is cut off.
const LARGEST: u32 = 4200;

/// The most points of a line: there are no more pixels in its chart.
const MOST_POINTS: usize = 2000;

/// What can be drawn on any of the drawing library's backends.
pub(crate) trait Drawing {
    /// Draws on a white area.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB>;
}

/// Draws `folder/name.png` and `folder/name.svg`, each complete or not there, and returns their
/// paths. `size` is in pixels.
///
/// # Errors
///
/// Where a file cannot be written; a picture that was there stays then.
pub(crate) fn draw(
    folder: &Path,
    name: &str,
    size: (u32, u32),
    drawing: &impl Drawing,
) -> Result<[PathBuf; 2], TrainError> {
    register_font();
    let size = (size.0.min(LARGEST), size.1.min(LARGEST));
    let path = |suffix: &str| folder.join(format!("{name}{suffix}"));
    let paths = [path(".png"), path(".svg")];
    let mut files = Vec::new();
    for (path, suffix) in paths.iter().zip([".png", ".svg"]) {
        // The library tells the format by the suffix.
        let file = new_file(folder, suffix).map_err(TrainError::write(path))?;
        let drawn = match suffix {
            ".png" => on(BitMapBackend::new(file.path(), size), drawing),
            _ => on(SVGBackend::new(file.path(), size), drawing),
        };
        drawn.map_err(|source| TrainError::Plot {
            path: path.clone(),
            source,
        })?;
        files.push(file);
    }
    for (file, path) in files.into_iter().zip(&paths) {
        file.persist(path)
            .map_err(|error| TrainError::write(path)(error.error))?;
    }
    Ok(paths)
}

fn on<DB>(backend: DB, drawing: &impl Drawing) -> Result<(), Box<dyn Error + Send + Sync>>
where
    DB: DrawingBackend<ErrorType: 'static>,
{
    let area = backend.into_drawing_area();
    area.fill(&WHITE)?;
    drawing.draw(&area)?;
    Ok(area.present()?)
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

/// The range of an axis that shows all `values`, with a margin. What is no number is left out, and beyond 10^300 an axis
/// ends: the drawing library never comes to the end of one without, or of one whose ends are next to each other.
pub(crate) fn around(values: impl Iterator<Item = f64>) -> Range<f64> {
    const FURTHEST: f64 = 1e300;
    let values = values
        .filter(|value| !value.is_nan())
        .map(|value| value.clamp(-FURTHEST, FURTHEST));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return 0.0..1.0;
    }
    let least = 1e-6 * low.abs().max(high.abs()).max(1.0);
    let margin = (0.06 * (high - low)).max(least);
    low - margin..high + margin
}

/// A number beside an axis of this length, which has room for eight characters.
pub(crate) fn axis_label(value: f64, length: f64) -> String {
    match value.abs() {
        // What the steps of an axis leave of zero.
        size if size < 1e-9 * length => "0".to_owned(),
        size if !(1e-3..1e6).contains(&size) => format!("{value:.1e}"),
        size if size < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.1}"),
    }
}

/// Values over steps.
pub(crate) struct Line<'a> {
    /// What the legend says.
    pub(crate) name: &'a str,
    /// Steps and values.
    pub(crate) points: Vec<(usize, f64)>,
    /// Its colour.
    pub(crate) color: RGBColor,
}

/// Draws lines, each with its name and colour in a legend at `position`.
pub(crate) fn draw_lines<'a, DB: DrawingBackend + 'a>(
    chart: &mut ChartContext<'a, DB, Cartesian2d<RangedCoordusize, RangedCoordf64>>,
    lines: Vec<Line<'_>>,
    position: SeriesLabelPosition,
) -> Drawn<DB> {
    for Line {
        name,
        mut points,
        color,
    } in lines
    {
        if let Some(last) = points
            .last()
            .copied()
            .filter(|_| points.len() > MOST_POINTS)
        {
            let step = points.len().div_ceil(MOST_POINTS);
            points = points.into_iter().step_by(step).chain([last]).collect();
        }
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(150, 150, 150))
        .label_font((FONT, 14))
        .draw()
}

/// What a title says of a picture that has `shown` of `all` things; nothing where it has all.
pub(crate) fn of_all(shown: usize, all: usize, things: &str) -> String {
    match shown < all {
        true => format!(" (the first {shown} of {all} {things})"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beside_an_axis_have_room() {
        for (value, label) in [
            (-1e-17, "0"),
            (-12345678901.0, "-1.2e10"),
            (999999.0, "999999.0"),
            (0.25, "0.250"),
            (-1e-7, "-1.0e-7"),
        ] {
            assert_eq!(axis_label(value, 0.01), label);
        }
    }

    #[test]
    fn an_axis_is_finite_and_has_a_length() {
        assert_eq!(around([1.0, 3.0].into_iter()), 0.88..3.12);
        assert_eq!(around([f64::NAN].into_iter()), 0.0..1.0);
        for values in [
            [3e38, -3e38],
            [f64::MAX, f64::MIN],
            [f64::INFINITY, 0.0],
            [1e17, 1e17],
            [5.0, f64::NAN],
            [0.0, 0.0],
        ] {
            let range = around(values.into_iter());
            assert!(
                (range.end - range.start).is_finite() && range.start < range.end,
                "{values:?}: {range:?}"
            );
            // The library's own labels end.
            let axis = RangedCoordf64::from(range);
            assert!(!axis.key_points(6).is_empty(), "{values:?}");
        }
    }
}
