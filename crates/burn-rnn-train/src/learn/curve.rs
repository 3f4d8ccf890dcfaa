//! The picture of how a model learnt.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Task;
use super::position::Point;
use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, Line, around, draw, draw_lines};

/// Draws `loss.png` and `loss.svg`: the training loss and the score that chose the model over the steps.
/// What is not the same quantity has an axis, and a panel, of its own.
pub(super) fn draw_curve<T: Task>(
    folder: &Path,
    task: &T,
    points: &[Point],
) -> Result<(), TrainError> {
    let curve = Curve {
        task: T::NAME,
        panels: panels(task.loss_name(), task.score_names()),
        scores: task.score_names(),
        points,
    };
    let height = 100 + 400 * curve.panels.len() as u32;
    draw(folder, "loss", (900, height), &curve).map(drop)
}

/// What stands on one axis.
#[derive(Clone, Debug, PartialEq)]
struct Panel<'a> {
    quantity: &'a str,
    trained: bool,
    /// The place of a held-out score.
    score: Option<usize>,
}

/// The panels of a training loss and of held-out scores, the first of which chose the model.
fn panels<'a>(loss: &'a str, scores: &[&'a str]) -> Vec<Panel<'a>> {
    let same = scores.iter().position(|score| score.ends_with(loss));
    let mut panels = vec![Panel {
        quantity: loss,
        trained: true,
        score: same,
    }];
    if same != Some(0) {
        panels.push(Panel {
            quantity: scores[0],
            trained: false,
            score: Some(0),
        });
    }
    panels
}

struct Curve<'a> {
    task: &'a str,
    panels: Vec<Panel<'a>>,
    scores: &'a [&'a str],
    points: &'a [Point],
}

impl Curve<'_> {
    fn lines(&self, panel: &Panel) -> Vec<Line<'_>> {
        let line = |name, value: &dyn Fn(&Point) -> f64, color| Line {
            name,
            points: self
                .points
                .iter()
                .map(|point| (point.step, value(point)))
                .collect(),
            color,
        };
        let mut lines = Vec::new();
        if panel.trained {
            lines.push(line("training", &|point| point.train, COLORS[1]));
        }
        if let Some(place) = panel.score {
            lines.push(line(
                self.scores[place],
                &|point| point.scores[place],
                COLORS[0],
            ));
        }
        lines
    }
}

impl Drawing for Curve<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let caption = format!("{}: learning curve", self.task);
        let area = area.titled(&caption, (FONT, 22))?;
        let last = self.points.last().map_or(1, |point| point.step.max(1));
        let areas = area.split_evenly((self.panels.len(), 1));
        for (panel, area) in self.panels.iter().zip(areas) {
            let lines = self.lines(panel);
            let values = lines.iter().flat_map(|line| &line.points);
            let range = around(values.map(|point| point.1));
            let mut chart = ChartBuilder::on(&area)
                .margin(12)
                .margin_right(30)
                .x_label_area_size(40)
                .y_label_area_size(70)
                .build_cartesian_2d(0..last, range)?;
            chart
                .configure_mesh()
                .light_line_style(TRANSPARENT)
                .x_desc("step")
                .y_desc(panel.quantity)
                .label_style((FONT, 14))
                .draw()?;
            draw_lines(&mut chart, lines, SeriesLabelPosition::UpperRight)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_quantity_shares_an_axis() {
        let panel = |quantity, trained, score| Panel {
            quantity,
            trained,
            score,
        };
        let scores = ["validation MSE", "validation MAE"];
        assert_eq!(panels("MSE", &scores), [panel("MSE", true, Some(0))]);
        assert_eq!(
            panels("MAE", &scores),
            [
                panel("MAE", true, Some(1)),
                panel("validation MSE", false, Some(0))
            ]
        );
        assert_eq!(
            panels("loss", &scores),
            [
                panel("loss", true, None),
                panel("validation MSE", false, Some(0))
            ]
        );
    }
}
