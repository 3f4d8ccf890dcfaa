//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::Device;
use burn_rnn_data::{TableBatch, TableBatcher, TableWindow, TableWindows, shuffled};

use super::encoder_decoder::Truth;
use super::score::{Score, predict};
use super::{ForecastSettings, Forecaster, LossKind};
use crate::learn::{Learnable, Lesson, Moment, Task};
use crate::{NetworkState, TrainError};

/// Windows to learn to continue.
#[derive(Clone, Debug)]
pub struct ForecastTask {
    settings: ForecastSettings,
    train: Arc<TableWindows>,
    validation: Arc<TableWindows>,
    batch_size: usize,
}

impl ForecastTask {
    /// Learns from `train`, in batches of `batch_size`; `validation` tells which model is the best.
    pub fn new(
        settings: ForecastSettings,
        train: TableWindows,
        validation: TableWindows,
        batch_size: usize,
    ) -> Self {
        Self {
            settings,
            train: Arc::new(train),
            validation: Arc::new(validation),
            batch_size,
        }
    }
}

impl Learnable for Forecaster {
    type Batch = TableBatch;

    fn lesson(&self, batch: TableBatch, _: Option<NetworkState>, moment: &Moment) -> Lesson {
        let [windows, ..] = batch.target.dims();
        let truth = Truth {
            target: batch.target.clone(),
            probability: self.config.teacher_forcing * (1.0 - moment.progress()),
        };
        let forecast = self.run(batch.input, batch.input_times, Some(truth));
        let error = forecast - batch.target;
        let loss = match self.config.loss {
            LossKind::Mse => error.powf_scalar(2.0),
            LossKind::Mae => error.abs(),
        };
        Lesson::new(loss.mean(), windows)
    }
}

impl Task for ForecastTask {
    const NAME: &'static str = "forecast";
    type Item = TableWindow;
    type Model = Forecaster;
    type Settings = ForecastSettings;

    fn settings(&self) -> ForecastSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<Forecaster, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<TableWindow>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<TableWindow, TableBatch>> {
        Arc::new(TableBatcher)
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        shuffled(self.train.len(), self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation MSE", "validation MAE"]
    }

    fn evaluate(&self, model: &Forecaster, device: &Device) -> Result<Vec<f64>, TrainError> {
        let forecasts = predict(model, &self.validation, device);
        let score = Score::of(&forecasts, &self.validation);
        Ok(vec![score.mse, score.mae])
    }
}
