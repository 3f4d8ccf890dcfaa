//! Labelled sequences for the loop, and how well a classifier does on some.

use burn::data::dataloader::batcher::Batcher;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::SequenceClassifier;
use crate::frames::Frames;
use crate::learn::{Learnable, Lesson, Moment, NoState};

/// A sequence of scaled frames, and its label's place among the labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// `[frames, features]` in row-major order.
    pub frames: Vec<f32>,
    /// The place of the label.
    pub label: usize,
}

/// Sequences of unequal lengths and their labels.
#[derive(Clone, Debug)]
pub struct LabelledBatch {
    frames: Frames,
    labels: Tensor<1, Int>,
    smoothing: f32,
}

/// How sequences become a batch.
pub struct Batching {
    /// The number of features of a frame.
    pub width: usize,
    /// The share of a label's probability that the loss gives to all labels alike (Szegedy et al. 2016).
    pub smoothing: f32,
}

impl Batcher<Labelled, LabelledBatch> for Batching {
    fn batch(&self, sequences: Vec<Labelled>, device: &Device) -> LabelledBatch {
        let frames: Vec<&[f32]> = sequences.iter().map(|one| one.frames.as_slice()).collect();
        let labels: Vec<i32> = sequences.iter().map(|one| one.label as i32).collect();
        LabelledBatch {
            frames: Frames::new(&frames, self.width, device),
            labels: Tensor::from_data(TensorData::new(labels, [sequences.len()]), device),
            smoothing: self.smoothing,
        }
    }
}

impl Learnable for SequenceClassifier {
    type Batch = LabelledBatch;
    type State = NoState;

    fn lesson(&self, batch: LabelledBatch, _: Option<NoState>, _: &Moment) -> Lesson {
        let logits = self.forward(&batch.frames);
        let targets = logits.dims()[0];
        let loss = CrossEntropyLossConfig::new()
            .with_smoothing((batch.smoothing > 0.0).then_some(batch.smoothing))
            .init(&logits.device())
            .forward(logits, batch.labels);
        Lesson::new(loss, targets)
    }
}

/// How well a classifier does on some sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// The mean negative log-likelihood of the labels in nats.
    pub loss: f64,
    /// The share of those that are taken for what they are.
    pub accuracy: f64,
    /// The place of the label that each is taken for.
    pub taken_for: Vec<usize>,
}

/// Compares the probabilities of each sequence's labels with the place of the true one.
pub fn examined(
    probabilities: &[Vec<f32>],
    labels: impl ExactSizeIterator<Item = usize>,
) -> Examined {
    let count = labels.len().max(1) as f64;
    let (mut loss, mut right, mut taken_for) = (0.0, 0, Vec::with_capacity(labels.len()));
    for (probabilities, label) in probabilities.iter().zip(labels) {
        loss -= f64::from(probabilities[label].max(1e-30)).ln();
        let places = probabilities.iter().enumerate();
        let likeliest = places.max_by(|(_, a), (_, b)| a.total_cmp(b));
        let likeliest = likeliest.map_or(0, |(place, _)| place);
        right += usize::from(likeliest == label);
        taken_for.push(likeliest);
    }
    Examined {
        loss: loss / count,
        accuracy: right as f64 / count,
        taken_for,
    }
}

impl SequenceClassifier {
    /// How well it does on sequences of `width` features.
    pub fn examine(&self, sequences: &[Labelled], width: usize, device: &Device) -> Examined {
        let frames: Vec<&[f32]> = sequences.iter().map(|one| one.frames.as_slice()).collect();
        let probabilities = self.probabilities(&frames, width, device);
        examined(&probabilities, sequences.iter().map(|one| one.label))
    }
}
