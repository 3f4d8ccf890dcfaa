//! Tables of coloured cells as a picture: probabilities, activations.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::picture::{COLORS, Drawing, Drawn, FONT, draw, of_all};
use crate::{TrainError, cell};

/// A table whose cells are coloured by their values: 1 is the deepest orange, 0 white, −1 the deepest blue.
#[derive(Default)]
pub(crate) struct Grid {
    /// What stands above.
    pub(crate) title: String,
    /// The names of the rows, on the left; none where they have none.
    pub(crate) rows: Vec<String>,
    /// The names of the columns, below.
    pub(crate) columns: Vec<String>,
    /// `[rows, columns]` in row-major order.
    pub(crate) values: Vec<f32>,
    /// What stands in the cells; as many as values, or none.
    pub(crate) texts: Vec<String>,
    /// The cells with a frame; as many as values, or none.
    pub(crate) framed: Vec<bool>,
    /// The height of a row in pixels.
    pub(crate) row_height: i32,
}

const LEFT: i32 = 130;
const MARGIN: i32 = 16;
/// Above a grid, for its title, and below it, for the columns' names.
const ABOVE: i32 = 40;
const BELOW: i32 = 28;

/// The most rows and columns of a grid that are drawn.
pub(crate) const MOST: usize = 50;
/// The most characters of a title, and of the name of a row.
const MOST_IN_TITLE: usize = 150;
const MOST_IN_NAME: usize = 14;

impl Grid {
    /// What fits into a picture: the first rows and columns, with names that are cut.
    fn cut(&self, column_width: i32) -> Self {
        let columns = self.columns.len();
        let rows = self.values.len() / columns.max(1);
        let fits = |index: &usize| index % columns < MOST && index / columns < MOST;
        let kept = (0..self.values.len()).filter(fits);
        let names = |names: &[String], most: usize| -> Vec<String> {
            names
                .iter()
                .take(MOST)
                .map(|name| cell(name, most))
                .collect()
        };
        Self {
            title: format!(
                "{}{}{}",
                cell(&self.title, MOST_IN_TITLE),
                of_all(MOST, rows, "rows"),
                of_all(MOST, columns, "columns")
            ),
            rows: names(&self.rows, MOST_IN_NAME),
            // About eight pixels a character.
            columns: names(&self.columns, (column_width / 8).max(1) as usize),
            values: kept.clone().map(|index| self.values[index]).collect(),
            texts: kept
                .clone()
                .filter_map(|index| self.texts.get(index).cloned())
                .collect(),
            framed: kept
                .filter_map(|index| self.framed.get(index).copied())
                .collect(),
            row_height: self.row_height,
        }
    }

    fn row_count(&self) -> i32 {
        (self.values.len() / self.columns.len().max(1)) as i32
    }

    fn height(&self) -> i32 {
        ABOVE + self.row_count() * self.row_height + BELOW
    }
}

/// Draws grids of as many columns one below the other, `NAME.png` and `NAME.svg` in `folder`: of each the first 50 rows
/// and columns, as its title says then.
///
/// # Errors
///
/// Where a file cannot be written.
pub(crate) fn draw_grids(
    folder: &Path,
    name: &str,
    column_width: i32,
    grids: &[Grid],
) -> Result<[PathBuf; 2], TrainError> {
    let grids: Vec<Grid> = grids.iter().map(|grid| grid.cut(column_width)).collect();
    let columns = grids.iter().map(|grid| grid.columns.len()).max();
    let width = LEFT + columns.unwrap_or(0) as i32 * column_width + MARGIN;
    // The title needs room where there are few columns.
    let titles = grids
        .iter()
        .map(|grid| grid.title.chars().count() as i32 * 9);
    let width = width.max(2 * MARGIN + titles.max().unwrap_or(0));
    let height = grids.iter().map(Grid::height).sum::<i32>() + MARGIN;
    let drawing = Grids {
        grids: &grids,
        column_width,
    };
    draw(folder, name, (width as u32, height as u32), &drawing)
}

struct Grids<'a> {
    grids: &'a [Grid],
    column_width: i32,
}

impl Drawing for Grids<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let mut top = 0;
        for grid in self.grids {
            self.one(area, grid, top)?;
            top += grid.height();
        }
        Ok(())
    }
}

impl Grids<'_> {
    fn one<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        grid: &Grid,
        top: i32,
    ) -> Drawn<DB> {
        let write = |text: &str, size: i32, horizontal, at: (i32, i32), ink: &RGBColor| {
            let style = (FONT, size).into_font().color(ink);
            let style = style.pos(Pos::new(horizontal, VPos::Center));
            area.draw(&Text::new(text.to_owned(), at, style))
        };
        write(
            &grid.title,
            18,
            HPos::Left,
            (MARGIN, top + ABOVE / 2),
            &BLACK,
        )?;
        let columns = grid.columns.len();
        let left = |column: usize| LEFT + column as i32 * self.column_width;
        let upper = |row: usize| top + ABOVE + row as i32 * grid.row_height;
        let corners = |row, column| {
            let (x, y) = (left(column), upper(row));
            [(x, y), (x + self.column_width, y + grid.row_height)]
        };
        let rows = grid.row_count() as usize;
        for (index, &value) in grid.values.iter().enumerate() {
            let place = corners(index / columns, index % columns);
            let cell = Rectangle::new(place, shade(value).filled());
            area.draw(&cell)?;
            let text = grid.texts.get(index);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let ink = if value.abs() > 0.5 { &WHITE } else { &BLACK };
                let [(x, y), _] = place;
                let at = (x + self.column_width / 2, y + grid.row_height / 2);
                write(text, 15, HPos::Center, at, ink)?;
            }
        }
        let outer = [(left(0), upper(0)), (left(columns), upper(rows))];
        area.draw(&Rectangle::new(
            outer,
            RGBColor(150, 150, 150).stroke_width(1),
        ))?;
        for (index, _) in grid
            .framed
            .iter()
            .enumerate()
            .filter(|(_, framed)| **framed)
        {
            let [from, to] = corners(index / columns, index % columns);
            let inner = [(from.0 + 1, from.1 + 1), (to.0 - 1, to.1 - 1)];
            area.draw(&Rectangle::new(inner, BLACK.stroke_width(2)))?;
        }
        for (row, name) in grid.rows.iter().enumerate() {
            write(
                name,
                15,
                HPos::Right,
                (LEFT - 8, upper(row) + grid.row_height / 2 + 2),
                &BLACK,
            )?;
        }
        for (column, name) in grid.columns.iter().enumerate() {
            let at = (
                left(column) + self.column_width / 2,
                upper(rows) + BELOW / 2,
            );
            write(name, 15, HPos::Center, at, &BLACK)?;
        }
        Ok(())
    }
}

/// White at 0, [`COLORS`] orange at 1 and blue at −1.
fn shade(value: f32) -> RGBColor {
    let color = if value < 0.0 { COLORS[1] } else { COLORS[0] };
    let depth = f64::from(value.abs().min(1.0));
    let part = |to: u8| (255.0 + (f64::from(to) - 255.0) * depth).round() as u8;
    RGBColor(part(color.0), part(color.1), part(color.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: usize, columns: usize, name: &str) -> (Grid, String) {
        let grid = Grid {
            title: name.to_owned(),
            rows: vec![name.to_owned(); rows],
            columns: vec![name.to_owned(); columns],
            values: (0..rows * columns).map(|index| index as f32).collect(),
            framed: vec![true; rows * columns],
            row_height: 24,
            ..Grid::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let cut = grid.cut(70);
        let [_, svg] = draw_grids(folder.path(), "grid", 70, &[grid]).unwrap();
        (cut, std::fs::read_to_string(svg).unwrap())
    }

    #[test]
    fn what_is_too_large_is_cut_and_says_so() {
        let (cut, svg) = drawn(400, 60, &"name".repeat(100));
        assert_eq!((cut.rows.len(), cut.columns.len()), (50, 50));
        assert_eq!((cut.values.len(), cut.framed.len()), (2500, 2500));
        // The second row begins with value 60.
        assert_eq!(cut.values[50], 60.0);
        assert!(svg.contains("(the first 50 of 400 rows) (the first 50 of 60 columns)"));
        assert!(svg.len() < 2_000_000, "{}", svg.len());
        let (cut, svg) = drawn(2, 3, "name");
        assert_eq!(cut.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(!svg.contains("the first"));
        // Nothing is no reason to fall over.
        drawn(0, 0, "");
        drawn(0, 2, "");
    }
}
