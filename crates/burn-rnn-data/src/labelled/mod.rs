//! Series of several channels, each with a label: what a whole series is.
//!
//! Three forms are read, as the text and the path tell: one long table with the rows of all series, a folder with a table each, and the
//! `.ts` format of the UCR and UEA archives. Series may have unequal lengths and missing values.

mod columns;
mod features;
mod folder;
mod generated;
mod long_table;
mod parts;
#[cfg(test)]
mod tests;
mod ts;

pub use columns::SeriesColumns;
pub use features::SeriesFeatures;
pub use generated::generate_sensors;
pub use parts::{Parts, stratified};

use core::hash::{Hash, Hasher};
use std::path::Path;

use crate::DataError;
use crate::utf8_file::read_utf8;

/// A series and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledSeries {
    /// What its file calls it: its id, the file, or `case N`.
    pub name: String,
    /// What it is; empty where nobody says so.
    pub label: String,
    /// Whose it is, for series that belong together; empty where none was asked for.
    pub group: String,
    /// `[steps, channels]` in row-major order; a missing value is not a number.
    pub values: Vec<f64>,
}

/// Series of the same channels.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// The series.
    pub series: Vec<LabelledSeries>,
    /// The columns by name, as they were found; without id and label where the file has no columns for them.
    pub columns: SeriesColumns,
    /// What was chosen in reading, and may surprise.
    pub notices: Vec<String>,
}

impl Hash for SeriesSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for series in &self.series {
            (
                &series.name,
                &series.label,
                &series.group,
                series.values.len(),
            )
                .hash(state);
            for value in &series.values {
                value.to_bits().hash(state);
            }
        }
    }
}

impl SeriesSet {
    /// Reads a file of series, or a folder with a file each.
    ///
    /// - A **folder** has a table `labels.csv` with the columns `file` and `label` (or those that `columns` names as id and label), and
    ///   in each file a table with a column a channel and a row a step.
    /// - A file that begins with `@` (after comments) is in the **`.ts`** format.
    /// - Everything else is a **long table**, whose rows of one id are a series, in their order; [`SeriesColumns`] says which column is
    ///   what. Only without `with_labels` may it lack the id: it is one series then.
    ///
    /// Tables are as [`read_table`](crate::read_table) reads them; a cell that is empty or says NA, NaN or the like is missing, and so
    /// is `?` in the `.ts` format. Steps at the end at which no channel has a value are no part of a series.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, is not of that form, a column that is asked for is not there, or it is not clear which one is meant;
    /// where a cell is no number; a series has no value, two labels or, `with_labels`, none. They name file, line and column.
    pub fn read(
        path: &Path,
        columns: &SeriesColumns,
        with_labels: bool,
    ) -> Result<Self, DataError> {
        match path.is_dir() {
            true => folder::read(path, columns),
            false => Self::parse(path, &read_utf8(path)?, columns, with_labels),
        }
    }

    /// As [`read`](Self::read), of a file's text; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(
        path: &Path,
        text: &str,
        columns: &SeriesColumns,
        with_labels: bool,
    ) -> Result<Self, DataError> {
        let mut set = match ts::is_ts(text) {
            true => ts::parse(path, text, columns, with_labels)?,
            false => long_table::parse(path, text, columns, with_labels)?,
        };
        set.finish(path)?;
        Ok(set)
    }

    /// The number of channels.
    pub fn width(&self) -> usize {
        self.columns.channels.len()
    }

    /// Cuts what is missing at the ends, and says how much is missing within.
    fn finish(&mut self, path: &Path) -> Result<(), DataError> {
        let width = self.width();
        let (mut missing, mut all) = (0, 0);
        for series in &mut self.series {
            let values = &mut series.values;
            let mut steps = values.chunks(width);
            let last = steps.rposition(|step| step.iter().any(|value| !value.is_nan()));
            values.truncate(last.map_or(0, |last| (last + 1) * width));
            values.shrink_to_fit();
            if values.is_empty() {
                let reason = format!("series `{}` has no value: remove it", series.name);
                return Err(DataError::malformed(path, reason));
            }
            missing += values.iter().filter(|value| value.is_nan()).count();
            all += values.len();
        }
        if self.series.is_empty() {
            return Err(DataError::malformed(
                path,
                "it has no series, expected at least one",
            ));
        }
        if missing > 0 {
            self.notices.push(format!(
                "{missing} of {all} values are missing: each is taken for the last one before it in its channel, or the channel's mean \
                 where there is none"
            ));
        }
        Ok(())
    }
}
