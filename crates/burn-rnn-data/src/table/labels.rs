//! The column that says which rows of a file are anomalies.

use csv::StringRecord;

use crate::DataError;
use crate::csv_file::CsvFile;

/// Whether each row that was looked at is an anomaly.
pub(super) struct LabelColumn<'a> {
    file: &'a CsvFile<'a>,
    name: &'a str,
    column: usize,
    labels: Vec<bool>,
}

impl<'a> LabelColumn<'a> {
    pub(super) fn new(file: &'a CsvFile<'a>, name: &'a str) -> Result<Self, DataError> {
        Ok(Self {
            column: file.find(name)?,
            labels: Vec::new(),
            file,
            name,
        })
    }

    pub(super) fn push(&mut self, row: &StringRecord) -> Result<(), DataError> {
        let (name, cell) = (self.name, &row[self.column]);
        let label = label(cell).ok_or_else(|| {
            self.file.malformed(row, format!(
                "column `{name}` holds `{cell}`, expected 0 or 1, or false or true: whether the row is an anomaly; correct it, or name another column of labels"
            ))
        })?;
        self.labels.push(label);
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<bool> {
        self.labels
    }
}

fn label(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "0" | "0.0" | "0,0" | "false" => Some(false),
        "1" | "1.0" | "1,0" | "true" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Missing, Table, TableOptions, parse_table};

    fn read(text: &str, missing: Missing) -> Result<Table, String> {
        let options = TableOptions {
            missing,
            labels: Some("odd".to_owned()),
            ..TableOptions::default()
        };
        parse_table(Path::new("a.csv"), text, &options).map_err(|error| error.to_string())
    }

    #[test]
    fn labels_are_no_series_and_go_with_their_rows() {
        for text in [
            "a,odd,b\n1,0,5\n2,1,\n3,1,7\n",
            "a;odd;b\n1,0;0,0;5\n2;1,0;NA\n3;1,0;7\n",
            "odd,a,b\nFalse,1,5\nTrue,2,nan\ntrue,3,7\n",
        ] {
            let table = read(text, Missing::Drop).unwrap();
            assert_eq!(table.names(), ["a", "b"], "{text}");
            assert_eq!(table.values(), [1.0, 5.0, 3.0, 7.0], "{text}");
            assert_eq!(table.labels(), Some(&[false, true][..]), "{text}");
            let whole = read(text, Missing::Interpolate).unwrap();
            assert_eq!(whole.labels(), Some(&[false, true, true][..]), "{text}");
        }
    }

    #[test]
    fn what_is_no_label_is_told_with_its_line() {
        for (text, told) in [
            (
                "a,odd\n1,0\n2,2\n",
                "a.csv, line 3: column `odd` holds `2`, expected 0 or 1",
            ),
            ("a,odd\n1,\n2,1\n", "a.csv, line 2: column `odd` holds ``"),
            (
                "a,b\n1,0\n",
                "a.csv has no column `odd`: choose one of `a`, `b`",
            ),
        ] {
            let error = read(text, Missing::Refuse).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
