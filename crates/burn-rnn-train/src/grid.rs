//! Tables of coloured cells as a picture: probabilities, activations.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, draw};

/// A table whose cells are coloured by their values: 1 is the deepest orange, 0 white, −1 the deepest blue.
pub(crate) struct Grid {
    /// What stands above.
    pub(crate) title: String,
    /// The names of the rows, on the left; none where they have none.
    pub(crate) rows: Vec<String>,
    /// The names of the columns, below.
    pub(crate) columns: Vec<String>,
    /// `[rows, columns]` in row-major order.
    pub(crate) values: Vec<f32>,
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

impl Grid {
    fn row_count(&self) -> i32 {
        (self.values.len() / self.columns.len().max(1)) as i32
    }

    fn height(&self) -> i32 {
        ABOVE + self.row_count() * self.row_height + BELOW
    }
}

/// Draws grids of as many columns one below the other, `NAME.png` and `NAME.svg` in `folder`.
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
    let columns = grids.iter().map(|grid| grid.columns.len()).max();
    let width = LEFT + columns.unwrap_or(0) as i32 * column_width + MARGIN;
    // The title needs room where there are few columns.
    let titles = grids
        .iter()
        .map(|grid| grid.title.chars().count() as i32 * 9);
    let width = width.max(2 * MARGIN + titles.max().unwrap_or(0));
    let height = grids.iter().map(Grid::height).sum::<i32>() + MARGIN;
    let drawing = Grids {
        grids,
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
        let write = |text: &str, size: i32, horizontal, at: (i32, i32)| {
            let style = (FONT, size).into_font().color(&BLACK);
            let style = style.pos(Pos::new(horizontal, VPos::Center));
            area.draw(&Text::new(text.to_owned(), at, style))
        };
        write(&grid.title, 18, HPos::Left, (MARGIN, top + ABOVE / 2))?;
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
        }
        let outer = [corners(0, 0)[0], corners(rows - 1, columns - 1)[1]];
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
            )?;
        }
        for (column, name) in grid.columns.iter().enumerate() {
            let at = (
                left(column) + self.column_width / 2,
                upper(rows) + BELOW / 2,
            );
            write(name, 15, HPos::Center, at)?;
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
