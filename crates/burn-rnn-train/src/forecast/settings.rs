//! All that is needed beside the weights to forecast.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{
    ScaledTable, Scalers, SineMix, Split, SplitRule, Table, TableOptions, TableWindow,
    TableWindows, TimeFeatures, read_table,
};
use serde::{Deserialize, Serialize};

use super::{Bands, Forecaster, ForecasterConfig};
use crate::{TrainError, printable, warn};

/// All that is needed beside the weights to forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastSettings {
    /// The network.
    pub config: ForecasterConfig,
    /// How a file is read; the columns by name.
    pub table: TableOptions,
    /// How the table was split.
    pub split: SplitRule,
    /// The statistics of the training part.
    pub scalers: Scalers,
    /// The time features that the encoder reads.
    pub features: TimeFeatures,
    /// The season of the seasonal naive forecast.
    pub season: Option<usize>,
    /// The bands around forecasts; there are none while the training runs, and where the validation part has too few
    /// windows.
    pub bands: Option<Bands>,
}

/// The rows that are generated where no file is named.
const GENERATED: usize = 3000;

/// The file's table, or the generated one without a file. What is worth knowing of how it was read is said.
pub(super) fn table(
    path: Option<&Path>,
    options: &TableOptions,
    seed: u64,
) -> Result<Table, TrainError> {
    let Some(path) = path else {
        return Ok(SineMix::default().generate(GENERATED, seed));
    };
    let table = read_table(path, options)?;
    for notice in table.notices() {
        warn(printable(notice));
    }
    Ok(table)
}

impl ForecastSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the settings contradict one another, or as [`ForecasterConfig::init`].
    pub fn init(&self, device: &Device) -> Result<Forecaster, TrainError> {
        let series = self.config.series;
        TrainError::check_lengths(&[
            ("the number of scalers", self.scalers.series().len(), series),
            ("the number of columns", self.table.columns.len(), series),
            (
                "the number of time features",
                self.config.time_features,
                self.features.count(),
            ),
        ])?;
        TrainError::check_sizes(&[("--season", self.season.unwrap_or(1))])?;
        if let Some(bands) = &self.bands {
            let steps = series.saturating_mul(self.config.horizon);
            TrainError::check_lengths(&[
                ("the number of lower bounds", bands.low.len(), steps),
                ("the number of upper bounds", bands.high.len(), steps),
            ])?;
        }
        self.config.init(device)
    }

    /// The lower and the upper bound of a forecast from `window`, where there are bands.
    pub(super) fn around(&self, forecast: &[f32], window: &TableWindow) -> Option<[Vec<f32>; 2]> {
        let bands = self.bands.as_ref();
        bands.map(|bands| bands.around(forecast, window))
    }

    /// A table as the network sees it.
    pub(super) fn scale(&self, table: &Table) -> Result<ScaledTable, TrainError> {
        Ok(ScaledTable::new(table, &self.scalers, self.features)?)
    }

    /// The windows of the three parts.
    pub(super) fn windows(
        &self,
        table: &ScaledTable,
        split: &Split,
    ) -> Result<[TableWindows; 3], TrainError> {
        let (window, horizon) = (self.config.window, self.config.horizon);
        let of = |part: &core::ops::Range<usize>| {
            TableWindows::new(table, part.clone(), window, horizon)
        };
        Ok([of(&split.train)?, of(&split.validation)?, of(&split.test)?])
    }
}
