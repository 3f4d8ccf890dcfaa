//! The `.ts` format of the UCR and UEA archives of time series (<https://www.timeseriesclassification.com>).

use std::path::Path;

use super::{LabelledSeries, SeriesColumns, SeriesSet};
use crate::DataError;
use crate::csv_file::is_missing;

/// Whether a text is in that format: its first line that is neither empty nor a comment begins with `@`.
pub(super) fn is_ts(text: &str) -> bool {
    lines(text)
        .next()
        .is_some_and(|(_, line)| line.starts_with('@'))
}

/// The lines that say something, with their numbers, counted from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

pub(super) fn parse(
    path: &Path,
    text: &str,
    columns: &SeriesColumns,
    with_labels: bool,
) -> Result<SeriesSet, DataError> {
    let at = |number: usize| {
        move |reason: String| DataError::malformed(path, format!("line {number}: {reason}"))
    };
    let mut lines = lines(text);
    let mut header = Header::default();
    loop {
        match lines.next() {
            None => {
                return Err(DataError::malformed(
                    path,
                    "it has no line @data, expected one, and a line for each series after it",
                ));
            }
            Some((_, line)) if line.eq_ignore_ascii_case("@data") => break,
            Some((number, line)) => header.read(line, with_labels).map_err(at(number))?,
        }
    }
    let mut series: Vec<LabelledSeries> = Vec::new();
    let mut width = None;
    for (number, line) in lines {
        let (values, label) = header.case(line).map_err(at(number))?;
        let dimensions = values.len();
        let expected = *width.get_or_insert(dimensions);
        if dimensions != expected {
            let reason = format!(
                "the series has {dimensions} dimensions, expected {expected} as before: separate them by colons"
            );
            return Err(at(number)(reason));
        }
        if !header.labels.is_empty() && !header.labels.iter().any(|known| known == label) {
            let reason = format!(
                "the label `{label}` is none of those after @classLabel: {}",
                header.labels.join(", ")
            );
            return Err(at(number)(reason));
        }
        series.push(LabelledSeries {
            name: format!("case {}", series.len() + 1),
            label: label.to_owned(),
            group: String::new(),
            values: interleaved(&values).map_err(at(number))?,
        });
    }
    let channels = match columns.channels.is_empty() {
        true => (1..=width.unwrap_or(0))
            .map(|n| format!("channel {n}"))
            .collect(),
        false => columns.channels.clone(),
    };
    if width.is_some_and(|width| width != channels.len()) {
        let reason = format!(
            "its series have {} dimensions, expected {}",
            width.unwrap_or(0),
            channels.len()
        );
        return Err(DataError::malformed(path, reason));
    }
    Ok(SeriesSet {
        series,
        columns: SeriesColumns {
            channels,
            ..SeriesColumns::default()
        },
        notices: Vec::new(),
    })
}

/// What stands before `@data`.
#[derive(Default)]
struct Header {
    /// Whether a label ends each line.
    labelled: bool,
    /// The labels that there are; empty where nobody says so.
    labels: Vec<String>,
}

impl Header {
    fn read(&mut self, line: &str, with_labels: bool) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let tag = words.next().unwrap_or_default().to_lowercase();
        if !tag.starts_with('@') {
            return Err("expected a line that begins with @, before @data".to_owned());
        }
        let is_true = words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("true"));
        match tag.as_str() {
            "@timestamps" if is_true => Err("series with timestamps are not read: write the values alone, one after another, and @timeStamps \
                                             false"
                .to_owned()),
            "@targetlabel" if is_true => Err("@targetLabel says that a number is to be predicted, expected labels: @classLabel true and \
                                              the labels"
                .to_owned()),
            "@classlabel" => {
                self.labelled = is_true;
                self.labels = words.map(str::to_owned).collect();
                match is_true || !with_labels {
                    true => Ok(()),
                    false => Err("@classLabel is false, expected true and the labels: they are to be learnt or measured".to_owned()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The dimensions of a series and its label.
    fn case<'a>(&self, line: &'a str) -> Result<(Vec<Vec<f64>>, &'a str), String> {
        let (values, label) = match (self.labelled, line.rsplit_once(':')) {
            (false, _) => (line, ""),
            (true, Some((values, label))) if !label.trim().is_empty() => (values, label.trim()),
            (true, _) => {
                return Err("no colon and label end the line: put them after the values".to_owned());
            }
        };
        let dimensions = (1..).zip(values.split(':'));
        let dimensions = dimensions.map(|(dimension, values)| numbers(dimension, values));
        Ok((dimensions.collect::<Result<_, _>>()?, label))
    }
}

fn numbers(dimension: usize, values: &str) -> Result<Vec<f64>, String> {
    let number = |(place, cell): (usize, &str)| match cell.trim() {
        "?" => Ok(f64::NAN),
        cell => match cell.parse::<f64>().ok().filter(|value| value.is_finite()) {
            Some(value) => Ok(value),
            None if !cell.is_empty() && is_missing(cell) => Ok(f64::NAN),
            None if cell.starts_with('(') => Err(
                "series with timestamps are not read: write the values alone, one after another"
                    .to_owned(),
            ),
            None => Err(format!(
                "dimension {dimension}, value {place} is `{cell}`, expected a finite number, or ? where it is missing"
            )),
        },
    };
    (1..).zip(values.split(',')).map(number).collect()
}

/// From a list a dimension to `[steps, dimensions]`.
fn interleaved(dimensions: &[Vec<f64>]) -> Result<Vec<f64>, String> {
    let steps = dimensions[0].len();
    if let Some(other) = dimensions
        .iter()
        .position(|dimension| dimension.len() != steps)
    {
        return Err(format!(
            "dimension {} has {} values, expected {steps} as dimension 1: fill up with ? where some are missing",
            other + 1,
            dimensions[other].len()
        ));
    }
    let step = |step: usize| dimensions.iter().map(move |dimension| dimension[step]);
    Ok((0..steps).flat_map(step).collect())
}
