//! The channels of a table with what is flagged in them, and the scores beneath.

use core::ops::Range;
use std::path::{Path, PathBuf};

use burn_rnn_data::{Table, stretches};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::calibration::Judged;
use crate::picture::{COLORS, Drawing, Drawn, FONT, around, axis_label, draw, of_all};
use crate::{TrainError, cell};

/// The most channels that are drawn.
const PANELS: usize = 8;
/// The most steps of a line: of more rows the smallest and the largest value of each step are drawn, so that no peak is lost.
const STEPS: usize = 1000;
const HEIGHT: u32 = 170;
const SERIES: RGBColor = RGBColor(60, 60, 60);

/// What is drawn of a table.
pub(super) struct Picture<'a> {
    table: &'a Table,
    judged: &'a Judged,
    rows: Range<usize>,
    flagged: Vec<Range<usize>>,
    /// What is labelled; nothing where there are no labels.
    labelled: Vec<Range<usize>>,
}

impl<'a> Picture<'a> {
    /// The rows of a table, of which there is at least one.
    pub(super) fn new(table: &'a Table, judged: &'a Judged, rows: Range<usize>) -> Self {
        let labels = table.labels().map(|labels| stretches(labels, 0));
        Self {
            table,
            judged,
            flagged: judged.within(&rows),
            labelled: labels.unwrap_or_default(),
            rows,
        }
    }

    /// Draws `NAME.png` and `NAME.svg` in `folder`.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub(super) fn draw(
        &self,
        folder: &Path,
        name: &str,
        title: &str,
    ) -> Result<[PathBuf; 2], TrainError> {
        let panels = self.table.series().min(PANELS);
        let title = format!("{title}{}", of_all(panels, self.table.series(), "columns"));
        let height = 90 + HEIGHT * (panels as u32 + 1);
        draw(folder, name, (1200, height), &Titled(self, title))
    }
}

struct Titled<'a>(&'a Picture<'a>, String);

impl Drawing for Titled<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let Self(picture, title) = self;
        let area = area.margin(8, 0, 0, 0);
        let area = area.titled(title, (FONT, 22))?;
        let (_, height) = area.dim_in_pixel();
        let (area, legend) = area.split_vertically(height - 30);
        let channels = picture.table.series().min(PANELS);
        let panels = area.split_evenly((channels + 1, 1));
        for (channel, panel) in panels[..channels].iter().enumerate() {
            let values = picture.table.column(channel, picture.rows.clone());
            let name = cell(&picture.table.names()[channel], 60);
            picture.panel(panel, &name, &values, None)?;
        }
        let scores = &picture.judged.scores.values[picture.rows.clone()];
        picture.panel(
            &panels[channels],
            "score",
            scores,
            Some(picture.judged.threshold),
        )?;
        picture.legend(&legend)
    }
}

impl Picture<'_> {
    /// Values over rows, above what is flagged and labelled; with a threshold from 0 on.
    fn panel<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        name: &str,
        values: &[f64],
        threshold: Option<f64>,
    ) -> Drawn<DB> {
        let ends = threshold.into_iter().flat_map(|threshold| [threshold, 0.0]);
        let range = around(values.iter().copied().chain(ends));
        let length = range.end - range.start;
        let (first, last) = (self.rows.start as f64, self.rows.end as f64);
        let mut chart = ChartBuilder::on(area)
            .caption(name, (FONT, 16))
            .margin(4)
            .margin_right(30)
            .x_label_area_size(22)
            .y_label_area_size(66)
            .build_cartesian_2d(first..last, range.clone())?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&|row| self.place(*row))
            .y_label_formatter(&|value| axis_label(*value, length))
            .label_style((FONT, 13))
            .draw()?;
        let shade = |rows: &Range<usize>, low: f64, color: RGBAColor| {
            // One row is to be seen, too.
            let least = (last - first) / 600.0;
            let end = (rows.end as f64).max(rows.start as f64 + least).min(last);
            Rectangle::new([(rows.start as f64, low), (end, range.end)], color.filled())
        };
        let flagged = self
            .flagged
            .iter()
            .map(|rows| shade(rows, range.start, flag()));
        chart.draw_series(flagged)?;
        let rows = &self.rows;
        let shown = self.labelled.iter();
        let shown = shown.filter(|one| one.start < rows.end && rows.start < one.end);
        let cut = |one: &Range<usize>| one.start.max(rows.start)..one.end.min(rows.end);
        let low = range.end - 0.07 * length;
        chart.draw_series(shown.map(|one| shade(&cut(one), low, label())))?;
        let line = LineSeries::new(self.points(values), SERIES.stroke_width(1));
        chart.draw_series(line)?;
        if let Some(threshold) = threshold {
            let ends = [(first, threshold), (last, threshold)];
            chart.draw_series(LineSeries::new(ends, COLORS[1].stroke_width(2)))?;
        }
        Ok(())
    }

    /// The points of a line: all, or the extremes of each step.
    fn points(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let first = self.rows.start;
        let step = values.len().div_ceil(STEPS);
        let steps = values.chunks(step.max(1)).enumerate();
        let points = steps.flat_map(|(number, values)| {
            let row = (first + number * step) as f64;
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            match values.len() {
                1 => vec![(row, low)],
                _ => vec![(row, low), (row, high)],
            }
        });
        points.collect()
    }

    /// What stands below a row: its time, or its number.
    fn place(&self, row: f64) -> String {
        let row = row as usize;
        match self.table.times() {
            Some(times) => times.get(row).map_or_else(String::new, ToString::to_string),
            None => (row + 1).to_string(),
        }
    }

    fn legend<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let mut entries = vec![("flagged", flag(), 12)];
        if self.table.labels().is_some() {
            entries.push(("labelled", label(), 8));
        }
        entries.push(("threshold", COLORS[1].to_rgba(), 2));
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
}

fn flag() -> RGBAColor {
    COLORS[0].mix(0.35)
}

fn label() -> RGBAColor {
    COLORS[2].to_rgba()
}
