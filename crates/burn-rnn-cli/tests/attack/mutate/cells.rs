//! Lines of text and the cells in them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Altered, one, unsealed};

/// What a cell may say, with bars between.
const CELLS: &str = "| |0|-0|1e400|3.4e38|-3.4e38|1e-320|1e308|-1e308|1000000000.25|nan|inf|1,5|0x10|x|\"|\"a\nb\"|O|I-LOC|\
                     2020-02-30|0000-01-01|9999-12-31 23:59:59|1583-01-01|Ω\u{200b}\u{1b}[31m";

/// A file of cells in columns.
pub fn columns(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    let text = str::from_utf8(whole).ok()?;
    let mut mark = if text.contains('\t') { "\t" } else { "," };
    let mut rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split(mark).collect())
        .collect();
    let cells: Vec<&str> = CELLS.split('|').collect();
    for _ in 0..rng.random_range(1..=3) {
        let row = rng.random_range(0..rows.len());
        let column = rng.random_range(0..rows[row].len());
        let cell = *one(rng, &cells);
        match rng.random_range(0..7) {
            0..3 => rows[row][column] = cell,
            3 => rows[row].insert(column, cell),
            4 => {
                let below = rows.iter_mut().skip(row);
                below
                    .filter_map(|row| row.get_mut(column))
                    .for_each(|place| *place = cell);
            }
            5 => mark = *one(rng, &[",", ";", "\t", " ", "\t\t"]),
            _ => rows.rotate_left(row),
        }
    }
    let lines: Vec<String> = rows.iter().map(|row| row.join(mark)).collect();
    Some(unsealed(lines.join("\n").into_bytes()))
}

/// A file of lines.
pub fn lines(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    if rng.random() {
        return columns(rng, whole);
    }
    let text = str::from_utf8(whole).ok()?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let index = rng.random_range(0..lines.len());
    let line = lines[index].clone();
    let mut end = "\n";
    match rng.random_range(0..8) {
        0 => drop(lines.remove(index)),
        1 => lines.truncate(index),
        2 => lines[index] = line.repeat(2000),
        3 => lines.swap(0, index),
        4 => lines.insert(0, "\u{feff}".to_owned()),
        5 => end = *one(rng, &["\r\n", "\r", "", "\n\n"]),
        6 => lines[index].push('\0'),
        _ => lines.extend(std::iter::repeat_n(line, 2000)),
    }
    Some(unsealed(lines.join(end).into_bytes()))
}
