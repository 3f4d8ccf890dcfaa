//! A folder with a table for each series, and one with their labels.

use std::path::Path;

use super::columns::{Beside, Chosen, choose};
use super::long_table::rows;
use super::{LabelledSeries, SeriesColumns, SeriesSet};
use crate::DataError;
use crate::csv_file::CsvFile;
use crate::utf8_file::read_utf8;

/// The table that says what the others are.
const LABELS: &str = "labels.csv";

pub(super) fn read(folder: &Path, columns: &SeriesColumns) -> Result<SeriesSet, DataError> {
    let path = folder.join(LABELS);
    if !path.exists() {
        return Err(DataError::malformed(
            folder,
            format!(
                "it has no {LABELS}, expected one with the columns `file` and `label`, a row for each file"
            ),
        ));
    }
    let text = read_utf8(&path)?;
    let list = CsvFile::open(&path, &text)?;
    let [files, labels, groups] = listed(&list, columns)?;
    let mut set = SeriesSet {
        series: Vec::new(),
        columns: SeriesColumns {
            id: columns.id.clone(),
            label: columns.label.clone(),
            group: columns.group.clone(),
            channels: columns.channels.clone(),
        },
        notices: Vec::new(),
    };
    let mut seen = std::collections::HashSet::new();
    for record in list.rows() {
        let record = record?;
        let cell = |column: Option<usize>| column.map_or("", |column| &record[column]);
        let (file, label) = (cell(files), cell(labels));
        if file.is_empty() || label.is_empty() || !seen.insert(file.to_owned()) {
            let reason = "expected a file that stands in no row before, and its label";
            return Err(list.malformed(&record, format!("`{file}`, `{label}`: {reason}")));
        }
        let values = one(&folder.join(file), &mut set)?;
        set.series.push(LabelledSeries {
            name: file.to_owned(),
            label: label.to_owned(),
            group: cell(groups).to_owned(),
            values,
        });
    }
    set.finish(&path)?;
    Ok(set)
}

/// Where the list has files, labels and groups.
fn listed(list: &CsvFile<'_>, columns: &SeriesColumns) -> Result<[Option<usize>; 3], DataError> {
    list.check_names()?;
    let find = |name: &Option<String>, otherwise| list.find(name.as_deref().unwrap_or(otherwise));
    let group = columns.group.as_ref().map(|name| list.find(name));
    Ok([
        Some(find(&columns.id, "file")?),
        Some(find(&columns.label, "label")?),
        group.transpose()?,
    ])
}

/// The values of one file. The first tells which columns are channels, and all have these.
fn one(path: &Path, set: &mut SeriesSet) -> Result<Vec<f64>, DataError> {
    let text = read_utf8(path)?;
    let file = CsvFile::open(path, &text)?;
    let chosen: Chosen = choose(&file, &channels_alone(&set.columns), Beside::One)?;
    set.columns.channels = chosen.names(&file).channels;
    let series = rows(&file, &chosen)?;
    set.notices.extend(chosen.notices);
    Ok(series
        .into_iter()
        .next()
        .map_or(Vec::new(), |one| one.values))
}

fn channels_alone(columns: &SeriesColumns) -> SeriesColumns {
    SeriesColumns {
        channels: columns.channels.clone(),
        ..SeriesColumns::default()
    }
}
