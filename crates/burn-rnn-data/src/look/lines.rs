//! What a text seems to be, by its first lines.

use super::Look;
use super::columns::{ColumnKind, TableLook};
use crate::csv_form::CsvForm;

/// The lines, or rows, that are looked at.
const LINES: usize = 2000;

/// The fewest lines that tell a form.
const FEW: usize = 3;

pub(super) fn look(text: &str, whole: bool) -> Look {
    let begins = text.trim_start();
    if begins.starts_with('@') && begins.to_lowercase().contains("@data") {
        return Look::LabelledSeries;
    }
    if begins.starts_with('{') {
        if let Some(table) = json_lines(text, whole) {
            return Look::JsonLines(table);
        }
        let has = |key| begins.contains(key);
        return match has("\"train\"") || has("\"valid\"") || has("\"test\"") {
            true => Look::PianoRolls,
            false => Look::Unknown,
        };
    }
    if let Some(columns) = conll(text) {
        return Look::Conll(columns);
    }
    match table(text, whole) {
        Some((form, table)) if form.delimiter == b'\t' && is_pairs(&table) => {
            Look::Tabbed(table.columns.len())
        }
        Some((_, table)) => Look::Table(table),
        None => Look::Text,
    }
}

/// An object a line with the same keys in all.
fn json_lines(text: &str, whole: bool) -> Option<TableLook> {
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if !whole {
        lines.pop();
    }
    lines.truncate(LINES);
    let objects: Vec<serde_json::Map<String, serde_json::Value>> = lines
        .iter()
        .map(|line| serde_json::from_str(line).ok())
        .collect::<Option<_>>()?;
    if objects.len() < FEW {
        return None;
    }
    let names: Vec<String> = objects.first()?.keys().cloned().collect();
    let rows = objects.iter().map(|object| {
        let cells = names.iter().map(|name| object.get(name));
        cells
            .map(|cell| match cell {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(serde_json::Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            })
            .collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    Some(TableLook::of(&names, &rows, CsvForm { delimiter: b',' }))
}

/// The columns of lines with a token each, with empty lines between sentences.
fn conll(text: &str) -> Option<usize> {
    let comment = |line: &&str| line.starts_with('#') || line.starts_with("-DOCSTART-");
    let lines = || text.lines().take(LINES).filter(|line| !comment(line));
    let cells = |line: &str| match line.contains('\t') {
        true => line.split('\t').count(),
        false => line.split_whitespace().count(),
    };
    let mut tokens = lines().filter(|line| !line.trim().is_empty());
    let first = tokens.next()?;
    let columns = cells(first);
    let sentences = lines().skip_while(|line| line.trim().is_empty());
    let empty = sentences.filter(|line| line.trim().is_empty()).count();
    // The last line may be cut.
    let count = tokens.clone().count();
    let same = tokens.filter(|line| cells(line) == columns).count();
    (columns >= 2 && empty > 0 && count >= FEW && same + 1 >= count).then_some(columns)
}

fn table(text: &str, whole: bool) -> Option<(CsvForm, TableLook)> {
    let form = CsvForm::of(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(form.delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.records().take(LINES) {
        match record {
            Ok(record) => rows.push(record.iter().map(str::to_owned).collect()),
            // The last row may be cut.
            Err(_) if !whole && rows.len() >= FEW => break,
            Err(_) => return None,
        }
    }
    let table = TableLook::of(&names, &rows, form);
    let has = |kind| table.of_kind(kind).next().is_some();
    // Prose may have as many commas in every line; names of columns are short.
    let is_named = || names.len() > 1 && names.iter().all(|name| words(name) <= 3);
    let is_table = has(ColumnKind::Number) || has(ColumnKind::Time) || is_named();
    (rows.len() >= FEW && (is_table || form.delimiter == b'\t')).then_some((form, table))
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Whether the columns are sentences or words beside each other, and no label of few values among the first two.
fn is_pairs(table: &TableLook) -> bool {
    let texts = |column: &super::ColumnLook| column.kind == ColumnKind::Text;
    let sides = table.columns.iter().take(2);
    matches!(table.columns.len(), 2 | 3)
        && table.columns.iter().all(texts)
        && sides.clone().all(|column| column.distinct * 2 > table.rows)
}
