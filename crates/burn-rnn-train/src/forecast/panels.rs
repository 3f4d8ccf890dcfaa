//! Forecasts as a picture, a panel a series.

use std::path::{Path, PathBuf};

use burn_rnn_data::Table;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::Bands;
use crate::picture::{COLORS, Drawing, Drawn, FONT, around, axis_label, draw};
use crate::{TrainError, cell};

/// Which series are drawn.
pub(super) struct Shown {
    /// Their places in the table.
    series: Vec<usize>,
    of: usize,
}

/// The most panels of a picture: twelve rows of two.
const PANELS: usize = 24;

impl Shown {
    /// The series of these names; without names all, as far as a picture has room.
    ///
    /// # Errors
    ///
    /// Where the table lacks one, or a picture has no room for so many.
    pub(super) fn of(names: &[String], table: &Table) -> Result<Self, TrainError> {
        if names.len() > PANELS {
            return Err(TrainError::setting(
                "--draw",
                format!("{} names", names.len()),
                format!("at most {PANELS}"),
            ));
        }
        let mut series = Vec::new();
        for name in names {
            match table.names().iter().position(|column| column == name) {
                Some(place) => series.push(place),
                None => {
                    return Err(TrainError::setting(
                        "--draw",
                        name,
                        format!("one of {}", table.names().join(", ")),
                    ));
                }
            }
        }
        series.sort_unstable();
        series.dedup();
        if series.is_empty() {
            series.extend(0..table.series().min(PANELS));
        }
        Ok(Self {
            series,
            of: table.series(),
        })
    }

    /// What a title says where there are more series than panels.
    pub(super) fn note(&self) -> String {
        match self.series.len() {
            count if count < self.of => format!(" ({count} of {} series)", self.of),
            _ => String::new(),
        }
    }
}

/// What is drawn of one series, in its own units.
pub(super) struct Panel {
    name: String,
    /// What was known before the first forecast.
    known: Vec<f64>,
    truth: Vec<f64>,
    /// Forecasts of `horizon` steps, each made when the truth before it was known.
    forecast: Vec<f64>,
    horizon: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Panel {
    /// The panels of the series `shown`; all values are `[steps, series]` in row-major order. The forecasts of
    /// `horizon` steps follow one another; without the truth there is but one. `low` and `high` are empty where there is
    /// no band.
    pub(super) fn of_series(
        names: &[String],
        shown: &Shown,
        horizon: usize,
        known: &[f64],
        [truth, forecast, low, high]: [&[f64]; 4],
    ) -> Vec<Self> {
        let column = |values: &[f64], series: usize| -> Vec<f64> {
            let values = values.iter().skip(series).step_by(names.len());
            values.copied().collect()
        };
        // The end of a long window, so that the forecast can be seen.
        let seen = (3 * forecast.len()).max(48 * names.len());
        let known = &known[known.len().saturating_sub(seen)..];
        let panel = |&series: &usize| Self {
            name: cell(&names[series], 60),
            known: column(known, series),
            truth: column(truth, series),
            forecast: column(forecast, series),
            horizon,
            low: column(low, series),
            high: column(high, series),
        };
        shown.series.iter().map(panel).collect()
    }
}

/// Draws `NAME.png` and `NAME.svg` in `folder`.
///
/// # Errors
///
/// Where a file cannot be written.
pub(super) fn draw_panels(
    folder: &Path,
    name: &str,
    title: &str,
    panels: &[Panel],
) -> Result<[PathBuf; 2], TrainError> {
    let rows = panels.len().div_ceil(2);
    let width = if panels.len() > 1 { 1200 } else { 900 };
    let size = (width, 98 + 290 * rows as u32);
    draw(folder, name, size, &Panels { title, panels })
}

struct Panels<'a> {
    title: &'a str,
    panels: &'a [Panel],
}

impl Drawing for Panels<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let area = area.margin(8, 0, 0, 0);
        let area = area.titled(self.title, (FONT, 22))?;
        let (_, height) = area.dim_in_pixel();
        let (area, legend) = area.split_vertically(height - 34);
        let columns = if self.panels.len() > 1 { 2 } else { 1 };
        let rows = self.panels.len().div_ceil(columns);
        let cells = area.split_evenly((rows, columns));
        for (panel, cell) in self.panels.iter().zip(&cells) {
            panel.draw(cell)?;
        }
        let any =
            |of: fn(&Panel) -> &Vec<f64>| self.panels.iter().any(|panel| !of(panel).is_empty());
        draw_legend(&legend, any(|panel| &panel.truth), any(|panel| &panel.low))
    }
}

const HISTORY: RGBColor = RGBColor(130, 130, 130);
const TRUTH: RGBColor = RGBColor(20, 20, 20);

fn band() -> RGBAColor {
    COLORS[0].mix(0.22)
}

/// One legend for all panels, in a line.
fn draw_legend<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    truth: bool,
    bands: bool,
) -> Drawn<DB> {
    let mut entries = vec![("known", HISTORY.to_rgba(), 2)];
    if truth {
        entries.push(("truth", TRUTH.to_rgba(), 2));
    }
    entries.push(("forecast", COLORS[0].to_rgba(), 3));
    let named = format!("the band of {} %", Bands::LEVEL * 100.0);
    if bands {
        entries.push((&named, band(), 12));
    }
    let mut x = 70;
    for (name, color, width) in entries {
        let line = PathElement::new([(x, 14), (x + 30, 14)], color.stroke_width(width));
        area.draw(&line)?;
        let text = Text::new(name, (x + 38, 6), (FONT, 15).into_font());
        area.draw(&text)?;
        x += 38 + 9 * name.chars().count() as i32 + 30;
    }
    Ok(())
}

impl Panel {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let values = [
            &self.known,
            &self.truth,
            &self.forecast,
            &self.low,
            &self.high,
        ];
        let range = around(values.into_iter().flatten().copied());
        let length = range.end - range.start;
        let (past, future) = (self.known.len() as i64, self.forecast.len() as i64);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.name, (FONT, 17))
            .margin(8)
            .margin_right(18)
            .x_label_area_size(38)
            .y_label_area_size(62)
            .build_cartesian_2d(1 - past..future, range)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(8)
            .y_labels(6)
            .y_label_formatter(&|value| axis_label(*value, length))
            .x_desc("steps from the last known one")
            .label_style((FONT, 13))
            .draw()?;
        let known = self.known.iter().chain(&self.truth);
        let seen: Vec<f64> = known.copied().collect();
        let first = self.known.len();
        // Forecasts of one step are points, which a line joins.
        let joined = match self.horizon {
            1 => self.forecast.len(),
            horizon => horizon,
        };
        // A forecast starts at the last value that was known when it was made.
        let after = |values: &[f64], from: usize| -> Vec<(i64, f64)> {
            let values = values[from..].iter().take(joined).enumerate();
            let points = values.map(|(step, value)| ((from + step) as i64 + 1, *value));
            let start = (from as i64, seen[first + from - 1]);
            core::iter::once(start).chain(points).collect()
        };
        let starts = || (0..self.forecast.len()).step_by(joined);
        for from in starts().filter(|_| !self.low.is_empty()) {
            let mut outline = after(&self.high, from);
            outline.extend(after(&self.low, from).into_iter().rev());
            let filled = Polygon::new(outline, band().filled());
            chart.draw_series([filled])?;
        }
        let points = |range: core::ops::Range<usize>| -> Vec<(i64, f64)> {
            let place = |index: usize| (index as i64 + 1 - past, seen[index]);
            range.map(place).collect()
        };
        let mut lines = vec![
            (points(0..first), HISTORY, 2),
            (points(first - 1..seen.len()), TRUTH, 2),
        ];
        lines.extend(starts().map(|from| (after(&self.forecast, from), COLORS[0], 3)));
        for (points, color, width) in lines {
            let line = LineSeries::new(points, color.stroke_width(width));
            chart.draw_series(line)?;
        }
        Ok(())
    }
}
