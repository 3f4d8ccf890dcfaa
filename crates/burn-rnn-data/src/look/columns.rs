//! What the columns of a table seem to be.

use std::collections::{HashMap, HashSet};

use crate::Timestamp;
use crate::csv_file::is_missing;
use crate::csv_form::CsvForm;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Dates and times.
    Time,
    /// Anything else.
    Text,
    /// Nothing.
    Empty,
}

/// A column as far as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnLook {
    /// Its name in the header row.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// The different values that it has.
    pub distinct: usize,
    /// The words of a cell on average.
    pub words: f64,
}

/// A table as far as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct TableLook {
    /// The columns.
    pub columns: Vec<ColumnLook>,
    /// The rows that were looked at.
    pub rows: usize,
    /// The columns of ids and labels where rows belong together by id and share a label, by place.
    pub series: Option<(usize, usize)>,
}

impl TableLook {
    pub(super) fn of(names: &[String], rows: &[Vec<String>], form: CsvForm) -> Self {
        let cell = |row: usize, column: usize| rows[row].get(column).map_or("", String::as_str);
        let look = |(column, name): (usize, &String)| {
            let cells = (0..rows.len()).map(|row| cell(row, column));
            let cells: Vec<&str> = cells.filter(|cell| !is_missing(cell)).collect();
            let all = |is: &dyn Fn(&str) -> bool| cells.iter().all(|cell| is(cell));
            let kind = match cells.is_empty() {
                true => ColumnKind::Empty,
                false if all(&|cell| form.finite(cell).is_some()) => ColumnKind::Number,
                false if all(&|cell| Timestamp::parse(cell).is_some()) => ColumnKind::Time,
                false => ColumnKind::Text,
            };
            let words: usize = cells
                .iter()
                .map(|cell| cell.split_whitespace().count())
                .sum();
            ColumnLook {
                name: name.clone(),
                kind,
                distinct: cells.iter().collect::<HashSet<_>>().len(),
                words: words as f64 / cells.len().max(1) as f64,
            }
        };
        let columns: Vec<ColumnLook> = names.iter().enumerate().map(look).collect();
        let series = series(&columns, rows);
        let rows = rows.len();
        Self {
            columns,
            rows,
            series,
        }
    }

    /// The columns of a kind.
    pub fn of_kind(&self, kind: ColumnKind) -> impl Iterator<Item = &ColumnLook> {
        self.columns
            .iter()
            .filter(move |column| column.kind == kind)
    }

    /// The column that has texts: the one of the most words, several a cell.
    pub fn text(&self) -> Option<&ColumnLook> {
        let texts = self.of_kind(ColumnKind::Text);
        texts
            .filter(|column| column.words >= 2.0 && column.distinct * 2 > self.rows)
            .max_by(|one, other| one.words.total_cmp(&other.words))
    }
}

/// The columns of ids and labels: the id of a row is that of the rows beside it, and all rows of an id have one label.
fn series(columns: &[ColumnLook], rows: &[Vec<String>]) -> Option<(usize, usize)> {
    const FEWEST: usize = 4;
    let cell = |row: usize, column: usize| rows[row].get(column).map_or("", String::as_str);
    let is_id = |&column: &usize| {
        let look = &columns[column];
        let changes = (1..rows.len()).filter(|&row| cell(row, column) != cell(row - 1, column));
        look.distinct >= FEWEST
            && look.distinct * FEWEST <= rows.len()
            && changes.count() + 1 == look.distinct
    };
    let is_label_of = |id: usize, column: usize| {
        let mut labels = HashMap::new();
        let same = (0..rows.len()).all(|row| {
            let label = cell(row, column);
            *labels.entry(cell(row, id)).or_insert(label) == label
        });
        same && (2..columns[id].distinct).contains(&columns[column].distinct)
    };
    (0..columns.len()).filter(is_id).find_map(|id| {
        let mut labels = (0..columns.len()).filter(|&column| column != id);
        Some((id, labels.find(|&column| is_label_of(id, column))?))
    })
}
