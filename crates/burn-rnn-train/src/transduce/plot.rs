//! What the decoder read, as a picture.

use std::path::{Path, PathBuf};

use crate::grid::{Grid, MOST, draw_grids};
use crate::picture::of_all;
use crate::{TrainError, cell};

/// The width and height of a cell in pixels.
const CELL: i32 = 24;

/// Draws `NAME.png` and `NAME.svg` in `folder`: a row for each character of the output, a column for each of the input,
/// and each cell the deeper the more of the one was read for the other. Of long ones it has the first [`MOST`]
/// characters, and says so. `weights` has a row for each character of the output up to there, of a number for each of
/// the input at least.
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
    let characters = |text: &str| text.chars().take(MOST).map(seen).collect::<Vec<_>>();
    let (rows, columns) = (characters(output), characters(input));
    let values = weights.iter().take(rows.len());
    let values = values.flat_map(|row| row[..columns.len()].iter().copied());
    let all = input.chars().count().max(output.chars().count());
    let grid = Grid {
        title: format!(
            "{} → {}{}",
            cell(input, MOST),
            cell(output, MOST),
            of_all(MOST, all, "characters")
        ),
        values: values.collect(),
        row_height: CELL,
        rows,
        columns,
        ..Grid::default()
    };
    draw_grids(folder, name, CELL, &[grid])
}

/// A space as something to see.
fn seen(character: char) -> String {
    match character {
        ' ' => '␣',
        other => other,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = |input: &str, output: &str| {
            let row = vec![0.5; input.chars().count() + 1];
            let weights = vec![row; output.chars().count().min(MOST)];
            let [_, svg] = attention_map(folder.path(), "map", input, output, &weights).unwrap();
            std::fs::read_to_string(svg).unwrap()
        };
        let svg = drawn("abc", &"é".repeat(2000));
        assert!(svg.contains("(the first 50 of 2000 characters)") && svg.len() < 500_000);
        let svg = drawn(&"a".repeat(10_000), &"b".repeat(2000));
        assert!(svg.contains("(the first 50 of 10000 characters)") && svg.len() < 2_000_000);
        assert!(!drawn("", "").contains("the first"));
    }
}
