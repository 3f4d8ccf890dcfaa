//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::shuffled;

use super::spans::{Span, Spans};
use super::{AnomalySettings, Detector};
use crate::TrainError;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};

/// Spans of rows, `[batch, rows, channels]`.
#[derive(Clone, Debug)]
pub struct SpanBatch(pub Tensor<3>);

/// Spans without anomalies to learn.
#[derive(Clone, Debug)]
pub struct AnomalyTask {
    settings: AnomalySettings,
    train: Arc<Spans>,
    validation: Spans,
    batch_size: usize,
}

impl AnomalyTask {
    /// Learns from `train`, in batches of `batch_size`; `validation` tells which model is the best.
    pub(super) fn new(
        settings: AnomalySettings,
        [train, validation]: [Spans; 2],
        batch_size: usize,
    ) -> Self {
        Self {
            settings,
            train: Arc::new(train),
            validation,
            batch_size,
        }
    }
}

impl Learnable for Detector {
    type Batch = SpanBatch;
    type State = NoState;

    fn lesson(&self, batch: SpanBatch, _: Option<NoState>, _: &Moment) -> Lesson {
        let [spans, ..] = batch.0.dims();
        Lesson::new(self.errors(batch.0).square().mean(), spans)
    }
}

/// Stacks spans of as many channels.
pub(super) struct Stack {
    pub(super) channels: usize,
}

impl Batcher<Span, SpanBatch> for Stack {
    fn batch(&self, spans: Vec<Span>, device: &Device) -> SpanBatch {
        let values: Vec<f32> = spans.iter().flat_map(Span::values).copied().collect();
        let rows = values.len() / (spans.len() * self.channels).max(1);
        let data = TensorData::new(values, [spans.len(), rows, self.channels]);
        SpanBatch(Tensor::from_data(data, device))
    }
}

impl Task for AnomalyTask {
    const NAME: &'static str = "anomaly";
    type Item = Span;
    type Model = Detector;
    type Settings = AnomalySettings;

    fn settings(&self) -> AnomalySettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<Detector, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Span>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<Span, SpanBatch>> {
        Arc::new(Stack {
            channels: self.settings.config.channels,
        })
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        shuffled(self.train.len(), self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation MSE"]
    }

    fn loss_name(&self) -> &'static str {
        "MSE"
    }

    fn evaluate(&self, model: &Detector, device: &Device) -> Result<Vec<f64>, TrainError> {
        const AT_ONCE: usize = 256;
        let (mut sum, mut count) = (0.0, 0);
        let picks: Vec<usize> = (0..self.validation.len()).collect();
        let stack = Stack {
            channels: self.settings.config.channels,
        };
        for picks in picks.chunks(AT_ONCE) {
            let spans = picks.iter().map(|&pick| self.validation.span(pick));
            let batch = stack.batch(spans.collect(), device);
            let errors = model.errors(batch.0);
            count += errors.dims().iter().product::<usize>();
            sum += errors.square().sum().into_scalar::<f64>();
        }
        Ok(vec![sum / count.max(1) as f64])
    }
}
