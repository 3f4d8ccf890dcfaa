//! What the decoder read, as a picture.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::picture::{COLORS, Drawing, FONT, draw, of_all, reason};
use crate::{TrainError, cell};

/// The width and height of a cell in pixels.
const CELL: i32 = 24;
/// From the picture's edges to the cells.
const LEFT: i32 = 60;
const TOP: i32 = 80;
const MARGIN: i32 = 20;
/// From the cells to the key under them.
const KEY: i32 = 56;
/// The width of the key.
const KEY_WIDTH: i32 = 160;
/// The most characters of the input, and of the output, that a picture has.
pub(super) const MOST: usize = 80;
/// The most characters of the input, and of the output, in the title.
const MOST_IN_TITLE: usize = 60;
/// About the width of a character of the title.
const TITLE_CHARACTER: i32 = 12;

/// Draws `NAME.png` and `NAME.svg` in `folder`: the characters of the input along the top, those of the
/// output down the side, and each cell the darker the more of the one was read for the other. Of long ones it has the
/// first [`MOST`] characters, and says so.
/// `weights` has a row for each character of the output at least, of a number for each of the input at
/// least.
///
/// # Errors
///
/// Where a file cannot be written.
pub(super) fn attention_map(
    folder: &Path,
    name: &str,
    input: &str,
    output: &str,
    weights: &[Vec<f32>],
) -> Result<[PathBuf; 2], TrainError> {
    let title = |text: &str| cell(text, MOST_IN_TITLE);
    let all = input.chars().count().max(output.chars().count());
    let title = format!(
        "{} → {}{}",
        title(input),
        title(output),
        of_all(MOST, all, "characters")
    );
    let map = Map {
        columns: input.chars().take(MOST).collect(),
        rows: output.chars().take(MOST).collect(),
        weights,
    };
    let cells = LEFT + map.columns.len() as i32 * CELL;
    let width = cells.max(LEFT + title.chars().count() as i32 * TITLE_CHARACTER);
    let width = width.max(LEFT + KEY_WIDTH + 150) + MARGIN;
    let height = TOP + map.rows.len() as i32 * CELL + KEY + MARGIN;
    let size = (width as u32, height as u32);
    draw(folder, name, size, &Titled { title, map })
}

struct Titled<'a> {
    title: String,
    map: Map<'a>,
}

struct Map<'a> {
    columns: Vec<char>,
    rows: Vec<char>,
    weights: &'a [Vec<f32>],
}

impl Drawing for Titled<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), String> {
        let centred = Pos::new(HPos::Center, VPos::Center);
        let left = Pos::new(HPos::Left, VPos::Center);
        let label = (FONT, 16).into_font().into_text_style(area).pos(centred);
        let title = (FONT, 20).into_font().into_text_style(area).pos(left);
        let small = (FONT, 14).into_font().into_text_style(area).pos(left);
        area.draw_text(&self.title, &title, (LEFT, 26))
            .map_err(reason)?;
        let middle = |place: usize| place as i32 * CELL + CELL / 2;
        for (column, character) in self.map.columns.iter().enumerate() {
            let at = (LEFT + middle(column), TOP - CELL / 2);
            area.draw_text(&seen(*character), &label, at)
                .map_err(reason)?;
        }
        for (row, character) in self.map.rows.iter().enumerate() {
            let at = (LEFT - CELL / 2, TOP + middle(row));
            area.draw_text(&seen(*character), &label, at)
                .map_err(reason)?;
            for (column, weight) in (0..self.map.columns.len()).zip(&self.map.weights[row]) {
                let (x, y) = (LEFT + column as i32 * CELL, TOP + row as i32 * CELL);
                weight_cell(area, (x, y), (CELL, CELL), f64::from(*weight))?;
            }
        }
        let key = TOP + self.map.rows.len() as i32 * CELL + KEY - CELL;
        for pixel in 0..KEY_WIDTH / 4 {
            let share = f64::from(pixel * 4) / f64::from(KEY_WIDTH);
            let rectangle = Rectangle::new(
                [(LEFT + pixel * 4, key), (LEFT + pixel * 4 + 4, key + 14)],
                shade(share).filled(),
            );
            area.draw(&rectangle).map_err(reason)?;
        }
        let at = (LEFT + KEY_WIDTH + 8, key + 7);
        area.draw_text("weight, from 0 to 1", &small, at)
            .map_err(reason)
    }
}

/// A space as something to see.
fn seen(character: char) -> String {
    match character {
        ' ' => '␣',
        other => other,
    }
    .to_string()
}

fn shade(weight: f64) -> RGBColor {
    let RGBColor(red, green, blue) = COLORS[1];
    let mix = |full: u8| (255.0 + (f64::from(full) - 255.0) * weight).round() as u8;
    RGBColor(mix(red), mix(green), mix(blue))
}

fn weight_cell<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    (x, y): (i32, i32),
    (width, height): (i32, i32),
    weight: f64,
) -> Result<(), String> {
    let corners = [(x, y), (x + width, y + height)];
    area.draw(&Rectangle::new(corners, shade(weight).filled()))
        .map_err(reason)?;
    let border = RGBColor(225, 225, 225);
    area.draw(&Rectangle::new(corners, border)).map_err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = |input: &str, output: &str| {
            let weights =
                vec![vec![0.5; input.chars().count() + 1]; output.chars().count().min(MOST)];
            let [_, svg] = attention_map(folder.path(), "map", input, output, &weights).unwrap();
            std::fs::read_to_string(svg).unwrap()
        };
        let svg = drawn("abc", &"é".repeat(2000));
        assert!(svg.contains("(the first 80 of 2000 characters)") && svg.len() < 500_000);
        let svg = drawn(&"a".repeat(10_000), &"b".repeat(2000));
        assert!(svg.contains("(the first 80 of 10000 characters)") && svg.len() < 3_000_000);
        assert!(!drawn("", "").contains("the first"));
    }
}
