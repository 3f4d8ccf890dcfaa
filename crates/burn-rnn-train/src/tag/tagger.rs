//! Tagging with a trained model.

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor};
use burn_rnn_data::padded_runs;

use super::task::Sentences;
use super::{TagModel, TagSettings, TagTask};
use crate::floats::floats;
use crate::learn::Task;
use crate::{ModelFile, TrainError};

/// A model with all that it needs to tag sentences.
pub struct Tagger {
    pub(super) settings: TagSettings,
    model: TagModel,
    device: Device,
}

impl Tagger {
    /// The sentences that are tagged at once.
    pub(super) const AT_ONCE: usize = 64;
    /// The tokens that are tagged at once, filler included, where it is more than one sentence.
    pub(super) const TOKENS: usize = 50_000;

    /// A model without automatic differentiation.
    pub fn new(settings: TagSettings, model: TagModel, device: Device) -> Self {
        Self {
            settings,
            model,
            device,
        }
    }

    /// A saved model.
    ///
    /// # Errors
    ///
    /// Where the file has a model for another task, or does not fit.
    pub fn load(file: ModelFile, device: &Device) -> Result<Self, TrainError> {
        let (settings, model) = file.load(TagTask::NAME, device, TagSettings::init)?;
        Ok(Self::new(settings, model, device.clone()))
    }

    /// The likeliest tag of every token, a list a sentence. A sentence without tokens has none.
    pub fn tag(&self, sentences: &[Vec<String>]) -> Vec<Vec<String>> {
        let mut tagged = vec![Vec::new(); sentences.len()];
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.retain(|&index| !sentences[index].is_empty());
        order.sort_by_key(|&index| sentences[index].len());
        let length = |index: &usize| sentences[*index].len();
        for indices in padded_runs(&order, length, Self::AT_ONCE, Self::TOKENS) {
            let logits = self.logits(indices.iter().map(|&index| &sentences[index][..]));
            let time = logits.dims()[1];
            let best: Tensor<3, Int> = logits.argmax(2);
            let best: Vec<i64> = best
                .into_data_as::<i64>()
                .try_into_vec()
                .expect("the data was asked for as i64");
            for (&index, best) in indices.iter().zip(best.chunks(time)) {
                let tags = best.iter().take(sentences[index].len());
                tagged[index] = tags
                    .map(|&tag| self.settings.tags.tags()[tag as usize].clone())
                    .collect();
            }
        }
        tagged
    }

    /// The probability of every tag for every token, `[tokens, tags]` in row-major order.
    pub(super) fn probabilities(&self, tokens: &[String]) -> Vec<f32> {
        floats(softmax(self.logits(core::iter::once(tokens)), 2))
    }

    fn logits<'a>(&self, sentences: impl Iterator<Item = &'a [String]>) -> Tensor<3> {
        let items = sentences.map(|tokens| self.settings.read(tokens)).collect();
        self.model.forward(&Sentences.batch(items, &self.device))
    }
}
