//! All that is needed beside the weights to find anomalies.

use core::ops::Range;
use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{
    ScaledTable, Scalers, SplitRule, Table, TableOptions, TimeFeatures, generate_planted,
    read_table,
};
use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, Judged, Rule};
use super::scores::Errors;
use super::spans::Spans;
use super::{Detector, DetectorConfig, baseline};
use crate::{TrainError, printable, warn};

/// All that is needed beside the weights to find anomalies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalySettings {
    /// The network.
    pub config: DetectorConfig,
    /// How a file is read; the columns by name.
    pub table: TableOptions,
    /// How the table was split.
    pub split: SplitRule,
    /// The statistics of the training part.
    pub scalers: Scalers,
    /// The season that the baseline takes off.
    pub season: Option<usize>,
    /// How scores and stretches are made.
    pub(super) rule: Rule,
    /// What errors are usual; not known while the training runs.
    pub calibration: Option<Calibration>,
}

/// The rows that are generated where no file is named, those before the first anomaly, and the anomalies behind them. The
/// default split has its test part where they begin.
const GENERATED: (usize, usize, usize) = (10_000, 7_000, 20);

/// The file's table, or the generated one without a file. What is worth knowing of how it was read is said.
pub(super) fn table(
    path: Option<&Path>,
    options: &TableOptions,
    seed: u64,
) -> Result<Table, TrainError> {
    let Some(path) = path else {
        let (rows, clean, count) = GENERATED;
        let (table, _) = generate_planted(rows, clean, count, seed);
        if !options.columns.is_empty() && options.columns != table.names() {
            return Err(TrainError::setting(
                "the data",
                "not given",
                format!(
                    "a file with the columns {}: this model did not learn the generated series",
                    printable(&options.columns.join(", "))
                ),
            ));
        }
        return Ok(table);
    };
    let table = read_table(path, options)?;
    tell_notices(&table);
    Ok(table)
}

/// Says what is worth knowing of how a file was read.
pub(super) fn tell_notices(table: &Table) {
    for notice in table.notices() {
        warn(printable(notice));
    }
}

impl AnomalySettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the settings contradict one another, or as [`DetectorConfig::init`].
    pub fn init(&self, device: &Device) -> Result<Detector, TrainError> {
        let channels = self.config.channels;
        TrainError::check_lengths(&[
            (
                "the number of scalers",
                self.scalers.series().len(),
                channels,
            ),
            ("the number of columns", self.table.columns.len(), channels),
        ])?;
        TrainError::check_sizes(&[("the season", self.season.unwrap_or(1))])?;
        self.rule.validate()?;
        if let Some(calibration) = &self.calibration {
            calibration.validate(channels)?;
        }
        self.config.init(device)
    }

    /// A table as the network sees it.
    pub(super) fn scale(&self, table: &Table) -> Result<ScaledTable, TrainError> {
        Ok(ScaledTable::new(table, &self.scalers, TimeFeatures::None)?)
    }

    /// The spans without labelled rows that are learnt, and those that tell which model is the best.
    ///
    /// # Errors
    ///
    /// Where a part has none.
    pub(super) fn spans(
        &self,
        table: &Table,
        scaled: &ScaledTable,
        parts: [&Range<usize>; 2],
    ) -> Result<[Spans; 2], TrainError> {
        /// The spans that tell of each row in training.
        const OVERLAP: usize = 8;
        let (length, labels) = (self.config.span(), table.labels());
        let within = |part: &Range<usize>, name: &'static str| {
            let step = (self.config.window / OVERLAP).max(1);
            let spans = Spans::within(scaled, part.clone(), length, step, labels);
            match spans.starts.is_empty() {
                false => Ok(spans),
                true => Err(TrainError::setting(
                    name,
                    format!("{} rows", part.len()),
                    format!(
                        "{length} rows at least without an anomaly among them: give more rows, another --split or a smaller --window"
                    ),
                )),
            }
        };
        Ok([
            within(parts[0], "the training part")?,
            within(parts[1], "the validation part")?,
        ])
    }

    /// What the model makes of a table.
    ///
    /// # Errors
    ///
    /// Where the table is too short, or the training did not come to its end.
    pub(super) fn judge(
        &self,
        model: &Detector,
        table: &Table,
        device: &Device,
    ) -> Result<Judged, TrainError> {
        let Some(calibration) = &self.calibration else {
            return Err(TrainError::setting(
                "the threshold",
                "not known",
                "one: the training did not come to its end; go on with --resume",
            ));
        };
        let errors = Errors::of(model, &self.scale(table)?, device)?;
        Ok(calibration.judge(&errors, self.rule))
    }

    /// What differences from the season or the mean make of a table that is calibrated in `validation`.
    pub(super) fn judge_without_model(
        &self,
        table: &Table,
        validation: &Range<usize>,
    ) -> Result<Judged, TrainError> {
        let season = self.season.filter(|season| *season <= validation.start);
        let rows = usual_rows(table, validation, 0);
        let errors = baseline::errors(table, season, &rows);
        let calibration = self.rule.calibrate(&errors, &rows)?;
        Ok(calibration.judge(&errors, self.rule))
    }
}

/// The rows of a part, from `first` on, that are no anomalies as far as is known.
pub(super) fn usual_rows(table: &Table, part: &Range<usize>, first: usize) -> Vec<usize> {
    let labels = table.labels();
    let rows = part.start.max(first)..part.end.max(first);
    rows.filter(|row| labels.is_none_or(|labels| !labels[*row]))
        .collect()
}
