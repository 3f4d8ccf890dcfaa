//! One long table with the rows of all series.

use std::collections::HashMap;
use std::path::Path;

use csv::StringRecord;

use super::columns::{Beside, Chosen, choose};
use super::{LabelledSeries, SeriesColumns, SeriesSet};
use crate::DataError;
use crate::csv_file::{CsvFile, DecimalMarks, is_missing};

pub(super) fn parse(
    path: &Path,
    text: &str,
    columns: &SeriesColumns,
    with_labels: bool,
) -> Result<SeriesSet, DataError> {
    let file = CsvFile::open(path, text)?;
    let beside = if with_labels {
        Beside::All
    } else {
        Beside::Unlabelled
    };
    let chosen = choose(&file, columns, beside)?;
    let mut series = rows(&file, &chosen)?;
    if let Some(one) = series.first_mut().filter(|_| chosen.id.is_none()) {
        one.name = path.display().to_string();
    }
    Ok(SeriesSet {
        series,
        columns: chosen.names(&file),
        notices: chosen.notices,
    })
}

/// The rows by series, in the order in which these begin.
pub(super) fn rows(file: &CsvFile<'_>, chosen: &Chosen) -> Result<Vec<LabelledSeries>, DataError> {
    let mut series: Vec<LabelledSeries> = Vec::new();
    let mut places = HashMap::new();
    let mut marks = DecimalMarks::default();
    for record in file.rows() {
        let record = record?;
        let cell = |column: Option<usize>| column.map_or("", |column| &record[column]);
        let id = cell(chosen.id);
        let place = match series.last() {
            Some(last) if last.name == id => series.len() - 1,
            _ => *places.entry(id.to_owned()).or_insert(series.len()),
        };
        if place == series.len() {
            check_filled(file, &record, &[chosen.id, chosen.label, chosen.group])?;
            series.push(LabelledSeries {
                name: id.to_owned(),
                label: cell(chosen.label).to_owned(),
                group: cell(chosen.group).to_owned(),
                values: Vec::new(),
            });
        }
        let one = &mut series[place];
        for (column, is) in [(chosen.label, &one.label), (chosen.group, &one.group)] {
            if cell(column) != is {
                return Err(file.malformed(
                    &record,
                    format!(
                        "series `{id}` has `{}` in column `{}`, and `{is}` in a row before: a series has one, or give its parts ids of \
                         their own",
                        cell(column),
                        &file.header[column.expect("it has a cell")]
                    ),
                ));
            }
        }
        push(file, &record, &chosen.channels, &mut one.values)?;
        marks.look(&record, &chosen.channels);
    }
    file.check_marks(&marks)?;
    Ok(series)
}

/// A row's values; those that are missing are no numbers.
fn push(
    file: &CsvFile<'_>,
    record: &StringRecord,
    channels: &[usize],
    values: &mut Vec<f64>,
) -> Result<(), DataError> {
    for &column in channels {
        values.push(match file.form.finite(&record[column]) {
            Some(value) => value,
            None if is_missing(&record[column]) => f64::NAN,
            None => return Err(file.not_a_number(record, column)),
        });
    }
    Ok(())
}

fn check_filled(
    file: &CsvFile<'_>,
    record: &StringRecord,
    columns: &[Option<usize>],
) -> Result<(), DataError> {
    let mut columns = columns.iter().flatten();
    match columns.find(|column| record[**column].is_empty()) {
        None => Ok(()),
        Some(column) => Err(file.malformed(
            record,
            format!(
                "column `{}` has no value: fill it in, or remove the row",
                &file.header[*column]
            ),
        )),
    }
}
