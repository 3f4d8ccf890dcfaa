//! A learning curve beside what chance gives.

use std::path::Path;

use burn_rnn_data::MemoryProblem;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::TrainError;
use crate::learn::Point;
use crate::picture::{COLORS, Drawing, Drawn, FONT, Line, around, draw, draw_lines};

/// Draws `memory.png` and `memory.svg` in `folder`: the validation loss over the steps, and a line where
/// somebody without memory stays.
pub(super) fn beside_chance(
    folder: &Path,
    network: &str,
    problem: MemoryProblem,
    curve: &[Point],
) -> Result<(), TrainError> {
    let picture = Picture {
        title: format!("Memory: {network}"),
        loss: match problem.classes() {
            None => "mean squared error",
            Some(_) => "cross-entropy of an answer, nats",
        },
        chance: problem.chance().loss,
        curve,
    };
    draw(folder, "memory", (900, 420), &picture).map(drop)
}

struct Picture<'a> {
    title: String,
    loss: &'static str,
    chance: f64,
    curve: &'a [Point],
}

impl Drawing for Picture<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let points = self.curve.iter().map(|point| (point.step, point.scores[0]));
        let points: Vec<(usize, f64)> = points.collect();
        let losses = points.iter().map(|(_, loss)| *loss);
        let range = 0.0..around(losses.chain([0.0, self.chance])).end;
        let last = points.last().map_or(1, |(step, _)| *step);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20))
            .margin(12)
            .margin_right(36)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(0..last, range)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("step")
            .y_desc(self.loss)
            .label_style((FONT, 14))
            .draw()?;
        let chance = vec![(0, self.chance), (last, self.chance)];
        let lines = vec![
            Line {
                name: "without memory",
                points: chance,
                color: RGBColor(120, 120, 120),
            },
            Line {
                name: "model, held-out sequences",
                points,
                color: COLORS[0],
            },
        ];
        draw_lines(&mut chart, lines, SeriesLabelPosition::MiddleRight)
    }
}
