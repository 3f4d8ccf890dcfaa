//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::Lengths;
use burn_rnn_data::{
    SHAPES, TagVocabulary, TaggedSentence, TaggedSentences, bucketed, pad, padded_runs, shape,
    suffix,
};

use super::{TagModel, TagSettings, Tagger};
use crate::TrainError;
use crate::cross_entropy::cross_entropies;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};

/// A sentence as numbers.
#[derive(Clone, Debug)]
pub struct TagItem {
    tokens: Vec<i32>,
    suffixes: Vec<i32>,
    shapes: Vec<f32>,
    /// None where they are to be found.
    tags: Vec<i32>,
}

/// Sentences, padded at their ends.
#[derive(Clone, Debug)]
pub struct TagBatch {
    /// The numbers of the tokens, `[batch, time]`.
    pub(super) tokens: Tensor<2, Int>,
    /// The numbers of their last letters, `[batch, time]`.
    pub(super) suffixes: Tensor<2, Int>,
    /// What they look like, `[batch, time, shapes]`.
    pub(super) shapes: Tensor<3>,
    /// The number of tokens of each sentence.
    pub(super) lengths: Lengths,
    /// The numbers of the tags, `[batch, time]`.
    tags: Tensor<2, Int>,
    /// 1 where there is a token, `[batch, time]`.
    mask: Tensor<2>,
    /// How many there are.
    count: usize,
}

impl TagSettings {
    /// A sentence as numbers, without tags.
    pub(super) fn read(&self, tokens: &[String]) -> TagItem {
        TagItem {
            tokens: tokens
                .iter()
                .map(|t| self.tokens.number(t) as i32)
                .collect(),
            suffixes: tokens
                .iter()
                .map(|token| self.suffixes.number(&suffix(token)) as i32)
                .collect(),
            shapes: tokens.iter().flat_map(|token| shape(token)).collect(),
            tags: vec![0; tokens.len()],
        }
    }

    fn item(&self, sentence: &TaggedSentence) -> Result<TagItem, TrainError> {
        let tags = self.tags.encode(&sentence.tags)?;
        Ok(TagItem {
            tags: tags.into_iter().map(|tag| tag as i32).collect(),
            ..self.read(&sentence.tokens)
        })
    }
}

/// Sentences to learn.
#[derive(Clone)]
pub struct TagTask {
    train: Numbered,
    valid: TaggedSentences,
    batch_size: usize,
}

/// Sentences as numbers, each when it is its turn: all at once they would be several times their file.
#[derive(Clone, Debug)]
struct Numbered {
    settings: Arc<TagSettings>,
    sentences: TaggedSentences,
}

impl Dataset<TagItem> for Numbered {
    fn get(&self, index: usize) -> Result<TagItem, DatasetError> {
        let sentence = self.sentences.sentence(index);
        let item = self.settings.item(&sentence);
        Ok(item.expect("the tags were looked at when the task was made"))
    }

    fn len(&self) -> usize {
        self.sentences.len()
    }
}

impl TagTask {
    /// Learns the sentences `train` in batches of `batch_size`; `valid` choose the best model.
    ///
    /// # Errors
    ///
    /// Where a sentence has a tag that the settings lack.
    pub fn new(
        settings: TagSettings,
        train: TaggedSentences,
        valid: TaggedSentences,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        for sentences in [&train, &valid] {
            settings.tags.encode(TagVocabulary::new(sentences).tags())?;
        }
        Ok(Self {
            train: Numbered {
                settings: Arc::new(settings),
                sentences: train,
            },
            valid,
            batch_size,
        })
    }
}

/// The loss of every token, 0 at padding.
fn losses(model: &TagModel, batch: TagBatch) -> Tensor<2> {
    cross_entropies(model.forward(&batch), batch.tags) * batch.mask
}

impl Learnable for TagModel {
    type Batch = TagBatch;
    type State = NoState;

    fn lesson(&self, batch: TagBatch, _: Option<NoState>, _: &Moment) -> Lesson {
        let count = batch.count;
        Lesson::new(losses(self, batch).sum() / count as f64, count)
    }
}

pub(super) struct Sentences;

impl Batcher<TagItem, TagBatch> for Sentences {
    fn batch(&self, items: Vec<TagItem>, device: &Device) -> TagBatch {
        let batch = items.len();
        let lengths: Vec<usize> = items.iter().map(|item| item.tokens.len()).collect();
        let numbers = |of: fn(&TagItem) -> &[i32]| {
            let rows: Vec<&[i32]> = items.iter().map(of).collect();
            let (numbers, time, mask) = pad(&rows, 1, 0);
            let data = TensorData::new(numbers, [batch, time]);
            (Tensor::<2, Int>::from_data(data, device), time, mask)
        };
        let (tokens, time, mask) = numbers(|item| &item.tokens);
        let (suffixes, ..) = numbers(|item| &item.suffixes);
        let (tags, ..) = numbers(|item| &item.tags);
        let rows: Vec<&[f32]> = items.iter().map(|item| item.shapes.as_slice()).collect();
        let (shapes, ..) = pad(&rows, SHAPES, 0.0);
        TagBatch {
            tokens,
            suffixes,
            shapes: Tensor::from_data(TensorData::new(shapes, [batch, time, SHAPES]), device),
            tags,
            mask: Tensor::from_data(TensorData::new(mask, [batch, time]), device),
            count: lengths.iter().sum(),
            lengths: Lengths::new(lengths),
        }
    }
}

impl Task for TagTask {
    const NAME: &'static str = "tag";
    type Item = TagItem;
    type Model = TagModel;
    type Settings = TagSettings;

    fn settings(&self) -> TagSettings {
        self.train.settings.as_ref().clone()
    }

    fn init(&self, device: &Device) -> Result<TagModel, TrainError> {
        self.train.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<TagItem>> {
        Arc::new(self.train.clone())
    }

    fn batcher(&self) -> Arc<dyn Batcher<TagItem, TagBatch>> {
        Arc::new(Sentences)
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        let sentences = &self.train.sentences;
        let lengths: Vec<usize> = (0..sentences.len())
            .map(|index| sentences.length(index))
            .collect();
        bucketed(&lengths, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation cross-entropy", "validation accuracy"]
    }

    fn loss_name(&self) -> &'static str {
        "cross-entropy"
    }

    fn evaluate(&self, model: &TagModel, device: &Device) -> Result<Vec<f64>, TrainError> {
        let (mut loss, mut right, mut count) = (0.0, 0.0, 0);
        let all: Vec<usize> = (0..self.valid.len()).collect();
        let length = |index: &usize| self.valid.length(*index);
        for run in padded_runs(&all, length, Tagger::AT_ONCE, Tagger::TOKENS) {
            let sentences = run.iter().map(|&index| self.valid.sentence(index));
            let items = sentences.map(|sentence| self.train.settings.item(&sentence));
            let batch = Sentences.batch(items.collect::<Result<_, _>>()?, device);
            let logits = model.forward(&batch);
            let given = logits.clone().argmax(2).squeeze_dim::<2>(2);
            let hits = given.equal(batch.tags.clone()).float() * batch.mask.clone();
            right += hits.sum().into_scalar::<f64>();
            let losses = cross_entropies(logits, batch.tags) * batch.mask;
            loss += losses.sum().into_scalar::<f64>();
            count += batch.count;
        }
        let count = count.max(1) as f64;
        Ok(vec![loss / count, right / count])
    }
}

#[cfg(test)]
mod tests {
    use burn_rnn_data::{ConllColumns, TagVocabulary, TokenVocabulary, generate_tagged};

    use super::*;
    use crate::drawn::drawn;
    use crate::tag::HeldOut;
    use crate::{Architecture, Direction, NetworkConfig};

    fn settings(sentences: &TaggedSentences, direction: Direction) -> TagSettings {
        let tokens = || sentences.tokens().map(|(token, _)| token);
        TagSettings {
            network: NetworkConfig {
                layers: 2,
                ..NetworkConfig::new(Architecture::Peephole, 0, 3)
            },
            direction,
            d_embedding: 4,
            tokens: TokenVocabulary::new(tokens(), 2),
            suffixes: TokenVocabulary::new(tokens().map(suffix), 2),
            tags: TagVocabulary::new(sentences),
            columns: ConllColumns::default(),
            held_out: HeldOut::LastTenth,
        }
    }

    /// Loss and scores of sentences together are the means of those of each alone.
    #[test]
    fn padding_changes_nothing_in_any_direction() {
        let device = Device::default();
        let sentences = generate_tagged(12, 3);
        for direction in [Direction::Both, Direction::Forward, Direction::Backward] {
            let settings = settings(&sentences, direction);
            let model = settings.init(&device).unwrap();
            let scores = |sentences: &TaggedSentences| {
                let sentences = sentences.clone();
                let task = TagTask::new(settings.clone(), sentences.clone(), sentences, 4).unwrap();
                task.evaluate(&model, &device).unwrap()
            };
            let together = scores(&sentences);
            let mut apart = [0.0; 2];
            let mut tokens = 0;
            for index in 0..sentences.len() {
                let count = sentences.length(index);
                tokens += count;
                for (sum, score) in apart
                    .iter_mut()
                    .zip(scores(&sentences.part(index..index + 1)))
                {
                    *sum += score * count as f64;
                }
            }
            for (together, apart) in together.iter().zip(apart) {
                assert!(
                    (together - apart / tokens as f64).abs() < 1e-5,
                    "{direction:?}"
                );
            }
        }
    }

    /// What a token's tag can depend on: a forward reader sees nothing behind it, a backward one nothing
    /// before it, one in both directions all.
    #[test]
    fn the_direction_is_what_it_says() {
        let device = Device::default();
        let sentences = generate_tagged(30, 3);
        let tokens = &sentences.sentence(0).tokens;
        let length = tokens.len();
        for (direction, first_changes, last_changes) in [
            (Direction::Both, true, true),
            (Direction::Forward, false, true),
            (Direction::Backward, true, false),
        ] {
            let settings = settings(&sentences, direction);
            let model = drawn(settings.init(&device).unwrap(), 1.0);
            let logits = |tokens: &[String]| -> Vec<f32> {
                let batch = Sentences.batch(vec![settings.read(tokens)], &device);
                let data = model.forward(&batch).into_data_as::<f32>();
                data.try_into_vec().unwrap()
            };
            let changed = |at: usize| {
                let mut other = tokens.clone();
                other[at] = "Houston".to_owned();
                let (before, after) = (logits(tokens), logits(&other));
                let tags = settings.tags.tags().len();
                // The first token's logits where the last one changes, and the other way round.
                let seen = (length - 1 - at) * tags..(length - at) * tags;
                before[seen.clone()] != after[seen]
            };
            assert_eq!(changed(length - 1), first_changes, "{direction:?}");
            assert_eq!(changed(0), last_changes, "{direction:?}");
        }
    }
}
