//! What the shared loop trains: truncated back-propagation through time over streams of text.

use core::f64::consts::LN_2;
use core::ops::Range;
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::nn::loss::CrossEntropyLoss;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn_data::{PackedIds, StreamWindow, Streams, Vocabulary};
use burn_rnn_ranks::Part;
use serde::{Deserialize, Serialize};

use super::symbols::text_as_bytes;
use super::{CharModel, CharModelConfig, Corpus, Generator, Sampling};
use crate::learn::{Learnable, Lesson, Moment, Task};
use crate::{NetworkState, TrainError};

/// All that is needed beside the weights to write text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextSettings {
    /// The settings of the model.
    pub config: CharModelConfig,
    /// The characters that it knows.
    pub vocabulary: Vocabulary,
    /// Whether the characters stand for bytes, as [`bytes_as_text`](super::bytes_as_text) makes them.
    pub bytes: bool,
    /// The most streams that a text was read in side by side.
    pub batch_size: usize,
    /// The number of characters of a window.
    pub seq_len: usize,
}

impl TextSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, or as [`CharModelConfig::init`].
    pub fn init(&self, device: &Device) -> Result<CharModel, TrainError> {
        TrainError::check_sizes(&[
            ("--batch-size", self.batch_size),
            ("--seq-len", self.seq_len),
        ])?;
        self.config.init(self.vocabulary.len(), device)
    }

    /// The held-out part of a text, read as in training.
    ///
    /// # Errors
    ///
    /// Where the text is too short.
    pub(super) fn held_out(&self, text: PackedIds) -> Result<Streams, TrainError> {
        Ok(Streams::fitting(text, self.batch_size, self.seq_len)?)
    }
}

/// Characters `[streams × time]` and those that follow them.
#[derive(Clone, Debug)]
pub struct TextBatch {
    inputs: Tensor<2, Int>,
    targets: Tensor<1, Int>,
}

/// A text to learn. The state is carried from window to window, cut off from its gradients, and starts
/// from zeros at each pass over the text.
#[derive(Clone, Debug)]
pub struct TextTask {
    settings: TextSettings,
    train: Arc<Streams>,
    /// Those of the streams that are learnt here.
    rows: Range<usize>,
    held_out: Arc<Streams>,
    seed: u64,
}

impl TextTask {
    /// The corpus as at most `batch_size` streams that are read `seq_len` characters at a time. `seed`
    /// is that of the samples.
    ///
    /// # Errors
    ///
    /// Where the corpus is too short.
    pub fn new(
        config: CharModelConfig,
        corpus: &Corpus,
        bytes: bool,
        batch_size: usize,
        seq_len: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let settings = TextSettings {
            config,
            vocabulary: corpus.vocabulary.clone(),
            bytes,
            batch_size,
            seq_len,
        };
        let train = Streams::fitting(corpus.train.clone(), batch_size, seq_len)?;
        Ok(Self {
            rows: 0..train.streams(),
            train: Arc::new(train),
            held_out: Arc::new(settings.held_out(corpus.held_out.clone())?),
            settings,
            seed,
        })
    }
}

impl Learnable for CharModel {
    type Batch = TextBatch;
    type State = NetworkState;

    fn lesson(
        &self,
        batch: TextBatch,
        carried: Option<NetworkState>,
        _moment: &Moment,
    ) -> Lesson<NetworkState> {
        let (loss, state) = cross_entropy(self, batch, carried);
        let (loss, targets) = loss;
        Lesson {
            loss,
            targets,
            carried: Some(state),
        }
    }

    fn zero_state(&self, batch: &TextBatch) -> Option<NetworkState> {
        let device = self.embedding.weight.device();
        let [streams, _] = batch.inputs.dims();
        let character = Tensor::zeros([streams, 1], &device);
        Some(self.forward(character, None).1)
    }
}

/// The mean loss of a window in nats, over how many characters, and the state after it.
fn cross_entropy(
    model: &CharModel,
    batch: TextBatch,
    state: Option<NetworkState>,
) -> ((Tensor<1>, usize), NetworkState) {
    let (logits, state) = model.forward(batch.inputs, state);
    let [streams, time, width] = logits.dims();
    let device = logits.device();
    let logits = logits.reshape([streams * time, width]);
    let loss = CrossEntropyLoss::new(None, &device).forward(logits, batch.targets);
    ((loss, streams * time), state)
}

/// The mean loss over all windows, with the state carried from one to the next.
pub fn bits_per_character(model: &CharModel, streams: &Streams) -> f64 {
    let device = model.embedding.weight.device();
    let mut state = None;
    let mut sum: Option<Tensor<1>> = None;
    for window in 0..streams.windows() {
        let batch = Rows {
            streams: streams.streams(),
            mine: 0..streams.streams(),
        };
        let batch = batch.batch(vec![streams.window(window)], &device);
        let ((loss, _), next) = cross_entropy(model, batch, state);
        state = Some(next);
        sum = Some(match sum {
            Some(sum) => sum + loss,
            None => loss,
        });
    }
    let nats = sum.map_or(0.0, |sum| sum.into_scalar::<f64>());
    nats / LN_2 / streams.windows() as f64
}

/// The windows of the streams as a data set.
struct WindowsOf(Arc<Streams>);

impl Dataset<StreamWindow> for WindowsOf {
    fn get(&self, index: usize) -> Result<StreamWindow, DatasetError> {
        Ok(self.0.window(index))
    }

    fn len(&self) -> usize {
        self.0.windows()
    }
}

/// One window, some of its streams as the rows of a batch.
struct Rows {
    streams: usize,
    mine: Range<usize>,
}

impl Batcher<StreamWindow, TextBatch> for Rows {
    fn batch(&self, windows: Vec<StreamWindow>, device: &Device) -> TextBatch {
        let window = windows.into_iter().next().unwrap_or(StreamWindow {
            inputs: Vec::new(),
            targets: Vec::new(),
        });
        let time = window.inputs.len() / self.streams;
        let data = |ids: &[u32]| {
            let mine = ids.iter().skip(self.mine.start * time);
            let mine: Vec<i32> = mine
                .take(self.mine.len() * time)
                .map(|&id| id as i32)
                .collect();
            let characters = mine.len();
            TensorData::new(mine, [characters])
        };
        let inputs = Tensor::<1, Int>::from_data(data(&window.inputs), device);
        TextBatch {
            inputs: inputs.reshape([self.mine.len(), time]),
            targets: Tensor::from_data(data(&window.targets), device),
        }
    }
}

/// The name of the held-out score.
pub(super) const SCORE: &str = "held-out bits per character";

/// The characters of a sample while the model learns.
const SAMPLE: usize = 160;

impl Task for TextTask {
    const NAME: &'static str = "text";
    type Item = StreamWindow;
    type Model = CharModel;
    type Settings = TextSettings;

    fn settings(&self) -> TextSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<CharModel, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<StreamWindow>> {
        Arc::new(WindowsOf(self.train.clone()))
    }

    fn batcher(&self) -> Arc<dyn Batcher<StreamWindow, TextBatch>> {
        Arc::new(Rows {
            streams: self.train.streams(),
            mine: self.rows.clone(),
        })
    }

    /// In the order of the text: the state goes on from one window to the next.
    fn pass(&self, _seed: u64) -> Vec<Vec<usize>> {
        (0..self.train.windows())
            .map(|window| vec![window])
            .collect()
    }

    /// Some of the streams.
    fn part(&self, part: Part) -> Result<Option<Self>, TrainError> {
        let streams = self.train.streams();
        if streams < part.parts {
            return Err(TrainError::setting(
                "the number of ranks",
                part.parts,
                format!("at most {streams}, the streams that the text fills side by side"),
            ));
        }
        let rows = part.stretch(streams);
        Ok(Some(Self {
            rows,
            ..self.clone()
        }))
    }

    fn score_names(&self) -> &'static [&'static str] {
        &[SCORE]
    }

    fn loss_name(&self) -> &'static str {
        "bits per character"
    }

    fn shown_loss(&self, loss: f64) -> f64 {
        loss / LN_2
    }

    fn evaluate(&self, model: &CharModel, _device: &Device) -> Result<Vec<f64>, TrainError> {
        Ok(vec![bits_per_character(model, &self.held_out)])
    }

    fn sample(&self, model: &CharModel, _device: &Device) -> Option<String> {
        let sampling = Sampling {
            temperature: 0.6,
            seed: self.seed,
        };
        let generator = Generator::new(model, &self.settings.vocabulary, "", sampling).ok()?;
        let sample: String = generator.take(SAMPLE).collect();
        let sample = match self.settings.bytes {
            true => String::from_utf8_lossy(&text_as_bytes(&sample)).into_owned(),
            false => sample,
        };
        Some(sample.trim().to_owned())
    }
}
