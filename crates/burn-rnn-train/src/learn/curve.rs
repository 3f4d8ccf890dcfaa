//! The picture of how a model learnt.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::checkpoint::Point;
use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, Line, around, draw, draw_lines};

/// Draws `loss.png` and `loss.svg`: the training loss and the first held-out score over the steps.
pub(super) fn draw_curve(
    folder: &Path,
    task: &str,
    score: &str,
    points: &[Point],
) -> Result<(), TrainError> {
    let curve = Curve {
        task,
        score,
        points,
    };
    draw(folder, "loss", (900, 500), &curve).map(drop)
}

struct Curve<'a> {
    task: &'a str,
    score: &'a str,
    points: &'a [Point],
}

impl Drawing for Curve<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let train: Vec<_> = self
            .points
            .iter()
            .map(|point| (point.step, point.train))
            .collect();
        let held_out: Vec<_> = self
            .points
            .iter()
            .map(|point| (point.step, point.scores[0]))
            .collect();
        let values = train.iter().chain(&held_out).map(|(_, value)| *value);
        let last = self.points.last().map_or(1, |point| point.step.max(1));
        let mut chart = ChartBuilder::on(area)
            .caption(format!("{}: learning curve", self.task), (FONT, 22))
            .margin(12)
            .margin_right(30)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(0..last, around(values))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("step")
            .y_desc("loss")
            .label_style((FONT, 14))
            .draw()?;
        let lines = vec![
            Line {
                name: "training loss",
                points: train,
                color: COLORS[1],
            },
            Line {
                name: self.score,
                points: held_out,
                color: COLORS[0],
            },
        ];
        draw_lines(&mut chart, lines, SeriesLabelPosition::UpperRight)
    }
}
