//! A file of separated values in memory.

use std::path::Path;
use std::rc::Rc;

use csv::StringRecord;

use crate::DataError;
use crate::csv_form::CsvForm;

/// A file of separated values with a header row.
pub(crate) struct CsvFile<'a> {
    path: &'a Path,
    text: &'a str,
    pub form: CsvForm,
    pub header: StringRecord,
    /// For each column the first row whose cell there is not missing.
    first: Vec<Option<Rc<StringRecord>>>,
}

impl<'a> CsvFile<'a> {
    /// Splits the file's text. Space around cells does not count; empty lines are skipped.
    pub(crate) fn parse(path: &'a Path, text: &'a str) -> Result<Self, DataError> {
        let mut file = Self::open(path, text)?;
        let mut first = vec![None; file.header.len()];
        let mut unseen: Vec<usize> = (0..first.len()).collect();
        for record in file.rows() {
            let record = record?;
            if unseen.iter().all(|&column| is_missing(&record[column])) {
                continue;
            }
            let record = Rc::new(record);
            unseen.retain(|&column| {
                let missing = is_missing(&record[column]);
                if !missing {
                    first[column] = Some(record.clone());
                }
                missing
            });
        }
        file.first = first;
        Ok(file)
    }

    /// Its header alone, where [`rows`](Self::rows) are looked at once: what their [`first`](Self::first) cells are, is not known then.
    pub(crate) fn open(path: &'a Path, text: &'a str) -> Result<Self, DataError> {
        let form = CsvForm::of(text);
        let mut reader = form.reader(text);
        let header = reader.headers();
        Ok(Self {
            header: header
                .map_err(|error| malformed(path, text, form, error))?
                .clone(),
            first: Vec::new(),
            path,
            text,
            form,
        })
    }

    /// The rows below the header. They are split anew each time: all at once they would be several times their file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<StringRecord, DataError>> + use<'a> {
        let Self {
            path, text, form, ..
        } = *self;
        let rows = form.reader(text).into_records();
        rows.map(move |row| row.map_err(|error| malformed(path, text, form, error)))
    }

    /// The [`rows`](Self::rows) of a file that was parsed.
    pub(crate) fn records(&self) -> impl Iterator<Item = StringRecord> + use<'a> {
        let rows = self.rows();
        rows.map(|row| row.expect("the rows were looked at when the file was parsed"))
    }

    /// What errors call it.
    pub(crate) fn path(&self) -> &Path {
        self.path
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.header.iter().map(str::to_string).collect()
    }

    /// The first column of this name.
    pub(crate) fn find(&self, name: &str) -> Result<usize, DataError> {
        let found = self.header.iter().position(|candidate| candidate == name);
        found.ok_or_else(|| DataError::UnknownColumn {
            path: self.path.to_path_buf(),
            name: name.to_owned(),
            available: self.names(),
        })
    }

    /// The first row whose cell in a column is not missing.
    pub(crate) fn first_row(&self, column: usize) -> Option<&StringRecord> {
        self.first[column].as_deref()
    }

    /// The first cell of a column that is not missing, which tells what the column is; empty where all are.
    pub(crate) fn first(&self, column: usize) -> &str {
        self.first_row(column).map_or("", |record| &record[column])
    }

    /// That no two columns have the same name.
    pub(crate) fn check_names(&self) -> Result<(), DataError> {
        for (column, name) in self.header.iter().enumerate() {
            let before = self
                .header
                .iter()
                .take(column)
                .position(|other| other == name);
            if let Some(before) = before.filter(|_| !name.is_empty()) {
                return Err(self.malformed_header(format!(
                    "the columns {} and {} are both called `{name}`: give each a name of its own",
                    before + 1,
                    column + 1
                )));
            }
        }
        Ok(())
    }

    /// That not some numbers of these columns have a decimal comma and others a point, which would then stand
    /// between thousands.
    pub(crate) fn check_decimal_marks(&self, columns: &[usize]) -> Result<(), DataError> {
        if self.form.delimiter == b',' {
            // A cell with a comma is no number then, which is told by itself.
            return Ok(());
        }
        let mut marks = DecimalMarks::default();
        for record in self.records() {
            marks.look(&record, columns);
        }
        self.check_marks(&marks)
    }

    /// The same, of rows that were looked at before.
    pub(crate) fn check_marks(&self, marks: &DecimalMarks) -> Result<(), DataError> {
        let [Some((record, column)), Some((other, other_column))] = &marks.0 else {
            return Ok(());
        };
        Err(self.malformed(
            record,
            format!(
                "column `{}` holds `{}` with a decimal comma, and line {} has `{}` with a point: use one of them, and nothing between thousands",
                &self.header[*column],
                &record[*column],
                self.line(other),
                &other[*other_column]
            ),
        ))
    }

    /// The line that a row starts on, counted from 1.
    pub(crate) fn line(&self, record: &StringRecord) -> u64 {
        line(self.text, record.position())
    }

    /// What is wrong with the header row.
    pub(crate) fn malformed_header(&self, reason: String) -> DataError {
        self.malformed(&self.header, reason)
    }

    /// What is wrong with a row.
    pub(crate) fn malformed(&self, record: &StringRecord, reason: String) -> DataError {
        DataError::MalformedCsv {
            path: self.path.to_path_buf(),
            line: self.line(record),
            reason,
        }
    }

    /// What is wrong with a cell that holds no number.
    pub(crate) fn not_a_number(&self, record: &StringRecord, column: usize) -> DataError {
        DataError::NotANumber {
            path: self.path.to_path_buf(),
            line: self.line(record),
            column: self.header[column].to_string(),
            value: record[column].to_string(),
        }
    }

    /// What is wrong with a cell that holds nothing.
    pub(crate) fn missing_value(&self, record: &StringRecord, column: usize) -> DataError {
        DataError::MissingValue {
            path: self.path.to_path_buf(),
            line: self.line(record),
            column: self.header[column].to_string(),
            value: record[column].to_string(),
        }
    }

    /// That no column begins with a number: what separates cells may be none of what was tried.
    pub(crate) fn no_numbers(&self) -> DataError {
        match self.header.len() {
            1 => self.malformed_header(format!(
                "the header row `{}` has no comma, semicolon or tab, and no number stands below it: separate columns by one of these",
                &self.header[0]
            )),
            _ => DataError::NoNumericColumn {
                path: self.path.to_path_buf(),
                columns: self.names(),
            },
        }
    }
}

/// The first cells with a comma and with a point, their rows and columns.
#[derive(Default)]
pub(crate) struct DecimalMarks([Option<(StringRecord, usize)>; 2]);

impl DecimalMarks {
    /// Looks at the numbers in these columns of a row.
    pub(crate) fn look(&mut self, record: &StringRecord, columns: &[usize]) {
        for (first, mark) in self.0.iter_mut().zip([',', '.']) {
            if first.is_none() {
                let column = columns
                    .iter()
                    .find(|column| record[**column].contains(mark));
                *first = column.map(|column| (record.clone(), *column));
            }
        }
    }
}

/// Whether a cell is one that pandas writes or reads for a missing value.
pub(crate) fn is_missing(cell: &str) -> bool {
    let names = [
        "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none",
    ];
    names.contains(&cell.to_lowercase().as_str())
}

/// The line of the text that a row starts on, counted from 1.
///
/// The parser remembers where it began to look for the row, which is before the line ends it then
/// skipped: those of empty lines, and the second half of a Windows line end.
fn line(text: &str, position: Option<&csv::Position>) -> u64 {
    let looked = position.map_or(0, |position| position.byte() as usize);
    let rest = &text[looked..];
    let start = looked + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
    1 + text[..start].matches('\n').count() as u64
}

/// The parser's error in words of our own.
fn malformed(path: &Path, text: &str, form: CsvForm, error: csv::Error) -> DataError {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!(
            "the row has {len} cells, expected {expected_len} like the header row, where {name}s separate them: add or remove cells, or quote cells that hold a {name}",
            name = form.delimiter_name()
        ),
        _ => format!("{error}; correct the row"),
    };
    DataError::MalformedCsv {
        path: path.to_path_buf(),
        line: line(text, error.position()),
        reason,
    }
}
