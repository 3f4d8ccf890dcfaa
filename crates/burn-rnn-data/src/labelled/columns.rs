//! Which columns of a table are what.

use serde::{Deserialize, Serialize};

use crate::csv_file::{CsvFile, is_missing};
use crate::{DataError, Timestamp};

/// Which columns of a table of series are what, by name. What is not named is found, and said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesColumns {
    /// Which series a row belongs to; if not given, the first column that is called `id`, `series`, `sample` or the like.
    pub id: Option<String>,
    /// What a series is; if not given, the first that is called `label`, `class` or the like, else the only one that begins with no number.
    pub label: Option<String>,
    /// What series belong to, a subject for instance; none if not given.
    pub group: Option<String>,
    /// The channels, in this order; if empty, all other columns that begin with a number, but for one that is called `time`, `step` or
    /// the like, or nothing, and goes up.
    pub channels: Vec<String>,
}

const IDS: [&str; 12] = [
    "id",
    "series",
    "series_id",
    "sample",
    "sample_id",
    "sequence",
    "sequence_id",
    "window",
    "window_id",
    "case",
    "file",
    "filename",
];
const LABELS: [&str; 7] = [
    "label", "class", "target", "activity", "category", "labels", "y",
];
const TIMES: [&str; 14] = [
    "",
    "time",
    "timestamp",
    "datetime",
    "date",
    "t",
    "step",
    "index",
    "frame",
    "tick",
    "seconds",
    "row",
    "time_step",
    "timestep",
];

/// The places of the columns.
pub(super) struct Chosen {
    pub(super) id: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) channels: Vec<usize>,
    pub(super) notices: Vec<String>,
}

impl Chosen {
    /// The columns by name.
    pub(super) fn names(&self, file: &CsvFile<'_>) -> SeriesColumns {
        let name = |column: usize| file.header[column].to_owned();
        SeriesColumns {
            id: self.id.map(name),
            label: self.label.map(name),
            group: self.group.map(name),
            channels: self.channels.iter().map(|&column| name(column)).collect(),
        }
    }
}

/// What is seen of a column in a look over the rows.
#[derive(Clone, Default)]
struct Look {
    /// The first cell that is not missing.
    first: Option<String>,
    before: Option<f64>,
    goes_down: bool,
}

/// The columns of a table, whose rows are looked at once where they have to tell.
///
/// `beside` says whether an id and a label are needed.
pub(super) fn choose(
    file: &CsvFile<'_>,
    wanted: &SeriesColumns,
    beside: Beside,
) -> Result<Chosen, DataError> {
    file.check_names()?;
    let mut names = file.header.iter();
    let Some(first) = file.header.get(0) else {
        return Err(file.malformed_header(
            "there is no header row, expected the names of columns: put a row with names first"
                .to_owned(),
        ));
    };
    if names.all(|name| file.form.finite(name).is_some()) {
        return Err(file.malformed_header(format!(
            "the header row holds numbers (`{first}`, …), expected the names of columns: put a row with names first"
        )));
    }
    let mut notices = Vec::new();
    let named = |name: &Option<String>| name.as_ref().map(|name| file.find(name)).transpose();
    let id = match (beside, named(&wanted.id)) {
        (Beside::One, _) => None,
        (Beside::All, id) => Some(match id? {
            Some(id) => id,
            None => found(file, &IDS, &[], "the series (an id)", &mut notices)?,
        }),
        // A file of one series may have none.
        (Beside::Unlabelled, id) => id.ok().flatten(),
    };
    let group = match beside {
        Beside::All => named(&wanted.group)?,
        _ => None,
    };
    let looks = looks(file, id)?;
    let label = match (beside, named(&wanted.label)) {
        (Beside::All, label) => Some(match label? {
            Some(label) => label,
            None => {
                let words = words(file, &looks, &[id, group]);
                found(file, &LABELS, &words, "the labels", &mut notices)?
            }
        }),
        _ => None,
    };
    let taken = [id, label, group];
    let channels = match wanted.channels.is_empty() {
        true => numbers(file, &looks, &taken, &mut notices)?,
        false => asked_for(file, &wanted.channels, &taken)?,
    };
    Ok(Chosen {
        id,
        label,
        group,
        channels,
        notices,
    })
}

/// What a table tells beside channels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Id and label of every row.
    All,
    /// Perhaps the id; the labels are not asked for.
    Unlabelled,
    /// Nothing: it is one series.
    One,
}

/// Looks at all rows.
fn looks(file: &CsvFile<'_>, id: Option<usize>) -> Result<Vec<Look>, DataError> {
    let times: Vec<bool> = file.header.iter().map(is_named_like_times).collect();
    let mut looks = vec![Look::default(); times.len()];
    let mut series = String::new();
    for record in file.rows() {
        let record = record?;
        let begins = id.is_some_and(|id| record[id] != series);
        if let Some(id) = id.filter(|_| begins) {
            record[id].clone_into(&mut series);
        }
        for ((look, cell), is_time) in looks.iter_mut().zip(&record).zip(&times) {
            if look.first.is_none() && !is_missing(cell) {
                look.first = Some(cell.to_owned());
            }
            if *is_time {
                let value = file.form.finite(cell);
                let before = look.before.filter(|_| !begins);
                look.goes_down |= before
                    .zip(value)
                    .is_some_and(|(before, value)| value <= before);
                look.before = value;
            }
        }
    }
    Ok(looks)
}

fn is_named_like_times(name: &str) -> bool {
    TIMES.contains(&name.to_lowercase().as_str())
}

/// The columns that begin with neither a number nor a date.
fn words(file: &CsvFile<'_>, looks: &[Look], taken: &[Option<usize>]) -> Vec<usize> {
    let is_word = |column: &usize| {
        let first = looks[*column].first.as_deref();
        let number = |cell| file.form.finite(cell).is_some() || Timestamp::parse(cell).is_some();
        !taken.contains(&Some(*column)) && first.is_some_and(|cell| !number(cell))
    };
    (0..looks.len()).filter(is_word).collect()
}

/// The first column with one of these names, or the only one of `others`.
fn found(
    file: &CsvFile<'_>,
    names: &[&str],
    others: &[usize],
    what: &str,
    notices: &mut Vec<String>,
) -> Result<usize, DataError> {
    let is_called = |name: &&str| {
        let column = file.header.iter();
        let mut column = column.map(str::to_lowercase);
        column.any(|column| column == **name)
    };
    let called = names.iter().find(|name| is_called(name));
    let called = called.and_then(|name| {
        file.header
            .iter()
            .position(|column| column.to_lowercase() == *name)
    });
    let column = match (called, others) {
        (Some(column), _) => column,
        (None, [column]) => *column,
        _ => {
            return Err(file.malformed_header(format!(
                "none of the columns {} is called {} or the like: name the column that has {what}",
                quoted(file, 0..file.header.len()),
                names[..2].join(", ")
            )));
        }
    };
    notices.push(format!(
        "column `{}` is taken for {what}",
        &file.header[column]
    ));
    Ok(column)
}

/// The columns that begin with a number, but for those that are something else.
fn numbers(
    file: &CsvFile<'_>,
    looks: &[Look],
    taken: &[Option<usize>],
    notices: &mut Vec<String>,
) -> Result<Vec<usize>, DataError> {
    let mut channels = Vec::new();
    for (column, look) in looks.iter().enumerate() {
        let number = look
            .first
            .as_deref()
            .and_then(|cell| file.form.finite(cell));
        if number.is_none() || taken.contains(&Some(column)) {
            continue;
        }
        let name = &file.header[column];
        match is_named_like_times(name) && !look.goes_down {
            true => notices.push(format!(
                "column `{name}` goes up like a time: it is no channel"
            )),
            false => channels.push(column),
        }
    }
    if channels.is_empty() {
        return Err(DataError::NoNumericColumn {
            path: file.path().to_path_buf(),
            columns: file.names(),
        });
    }
    notices.push(format!(
        "the channels are {}",
        quoted(file, channels.iter().copied())
    ));
    Ok(channels)
}

/// The columns of these names.
fn asked_for(
    file: &CsvFile<'_>,
    names: &[String],
    taken: &[Option<usize>],
) -> Result<Vec<usize>, DataError> {
    let mut channels = Vec::with_capacity(names.len());
    for name in names {
        let column = file.find(name)?;
        if channels.contains(&column) || taken.contains(&Some(column)) {
            return Err(file.malformed_header(format!(
                "column `{name}` is asked for twice, or is the id, the label or the group: it cannot be a channel"
            )));
        }
        channels.push(column);
    }
    Ok(channels)
}

/// Some columns' names, of many the first.
fn quoted(file: &CsvFile<'_>, columns: impl ExactSizeIterator<Item = usize>) -> String {
    const MOST: usize = 12;
    let count = columns.len();
    let names = columns
        .take(MOST)
        .map(|column| format!("`{}`", &file.header[column]));
    let names = names.collect::<Vec<_>>().join(", ");
    match count > MOST {
        true => format!("{names}, … ({count} in all)"),
        false => names,
    }
}
