//! Lines of text and the cells in them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::one;

const CELLS: [&str; 26] = [
    "",
    " ",
    "0",
    "-0",
    "1e400",
    "3.4e38",
    "-3.4e38",
    "1e-320",
    "1e308",
    "-1e308",
    "1000000000.25",
    "nan",
    "inf",
    "1,5",
    "0x10",
    "x",
    "a",
    "\"",
    "\"a\nb\"",
    "O",
    "I-LOC",
    "2020-02-30",
    "0000-01-01",
    "9999-12-31 23:59:59",
    "1583-01-01",
    "Ω\u{200b}\u{1b}[31m",
];

/// A file of cells in columns.
pub fn columns(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    let text = str::from_utf8(whole).ok()?;
    let mark = if text.contains('\t') { "\t" } else { "," };
    let mut rows: Vec<Vec<String>> = text
        .lines()
        .map(|line| line.split(mark).map(str::to_owned).collect())
        .collect();
    let mut mark = mark;
    for _ in 0..rng.random_range(1..=3) {
        let row = rng.random_range(0..rows.len());
        let column = rng.random_range(0..rows[row].len());
        let cell = (*one(rng, &CELLS)).to_owned();
        match rng.random_range(0..8) {
            0..3 => rows[row][column] = cell,
            3 => rows[row].insert(column, cell),
            // A row without cells is an empty line.
            4 => rows[row][column].clear(),
            5 => rows.iter_mut().skip(row).for_each(|row| {
                if let Some(place) = row.get_mut(column) {
                    place.clone_from(&cell);
                }
            }),
            6 => mark = one::<&str>(rng, &[",", ";", "\t", " ", "\t\t"]),
            _ => {
                let part = rows.split_off(row);
                rows.splice(0..0, part);
            }
        }
    }
    let text: Vec<String> = rows.iter().map(|row| row.join(mark)).collect();
    Some((text.join("\n").into_bytes(), false))
}

/// A file of lines.
pub fn lines(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    if rng.random() {
        return columns(rng, whole);
    }
    let text = str::from_utf8(whole).ok()?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = rng.random_range(0..lines.len());
    let mut end = "\n";
    match rng.random_range(0..8) {
        0 => drop(lines.remove(line)),
        1 => lines.truncate(line),
        2 => lines[line] = lines[line].repeat(2000),
        3 => lines.swap(0, line),
        4 => lines.insert(0, "\u{feff}".to_owned()),
        5 => end = one::<&str>(rng, &["\r\n", "\r", "", "\n\n"]),
        6 => lines[line].push('\0'),
        _ => {
            let one = lines[line].clone();
            lines.extend(std::iter::repeat_n(one, 2000));
        }
    }
    Some((lines.join(end).into_bytes(), false))
}
