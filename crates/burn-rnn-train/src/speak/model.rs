//! The network that speaks.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_rnn::{Head, HeadConfig};
use serde::{Deserialize, Serialize};

use crate::sounds::SoundFeatures;
use crate::{Network, NetworkConfig, NetworkState, TrainError};

/// A recurrent network that reads the frame before and what is to be said by whom, and gives the next frame and
/// the log-odds that it is the last:
///
/// ```text
/// h_t = network([x_{t−1}, e_label + e_speaker], h_{t−1})      x_0 = 0, the mean frame
/// x_t = c + V h_t,    end_t = σ(d + w · h_t)
/// ```
#[derive(Module, Debug)]
pub struct SpeechModel {
    /// A vector for each label.
    pub label: Embedding,
    /// A vector for each speaker.
    pub speaker: Embedding,
    /// The recurrent network.
    pub network: Network,
    /// On its outputs.
    pub dropout: Dropout,
    /// From an output to the frame.
    pub frame: Head,
    /// From an output to the log-odds of the end.
    pub end: Head,
}

/// All that is needed beside the weights to speak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakSettings {
    /// The recurrent network.
    pub network: NetworkConfig,
    /// The number of features that say what is to be said by whom.
    pub d_wish: usize,
    /// The probability that an output of the network is dropped in training.
    pub dropout: f64,
    /// The deviation of the noise on the frames before, at the end of the training.
    pub noise: f64,
    /// The labels, in the order of their vectors.
    pub labels: Vec<String>,
    /// The speakers, in the order of their vectors.
    pub speakers: Vec<String>,
    /// How a sound becomes frames.
    pub features: SoundFeatures,
    /// The frames of the longest sound that was learnt from.
    pub longest: usize,
    /// The takes that were held out, for evaluating it again.
    pub hold_out_takes: usize,
}

impl SpeakSettings {
    /// The seconds from frame to frame.
    pub(super) fn hop(&self) -> f64 {
        self.features.log_mel.hop as f64 / f64::from(self.features.log_mel.rate)
    }

    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, the settings contradict one another, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<SpeechModel, TrainError> {
        TrainError::check_probabilities(&[("--output-dropout", self.dropout)])?;
        TrainError::check_sizes(&[
            ("--embedding", self.d_wish),
            ("the number of labels", self.labels.len()),
            ("the number of speakers", self.speakers.len()),
            ("--hold-out-takes", self.hold_out_takes),
        ])?;
        // A sound may never end.
        TrainError::check_at_most(1 << 17, &[("the most frames of a sound", self.longest)])?;
        TrainError::check_not_negative(&[("--noise", self.noise)])?;
        self.features.validate()?;
        self.network.check_input(self.bands() + self.d_wish)?;
        let network = self.network.init(device)?;
        let width = network.d_output();
        let embedding = |count| EmbeddingConfig::new(count, self.d_wish).init(device);
        Ok(SpeechModel {
            label: embedding(self.labels.len()),
            speaker: embedding(self.speakers.len()),
            dropout: DropoutConfig::new(self.dropout).init(),
            frame: HeadConfig::new(width, self.bands()).try_init(device)?,
            end: HeadConfig::new(width, 1).try_init(device)?,
            network,
        })
    }

    /// The number of values of a frame.
    pub fn bands(&self) -> usize {
        self.features.scalers.len()
    }
}

/// What is to be said by whom, as places among labels and speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The place of the label.
    pub label: usize,
    /// The place of the speaker.
    pub speaker: usize,
}

impl SpeechModel {
    /// What is to be said by whom as one vector each, `[batch, d_wish]`.
    pub fn wish(&self, labels: Tensor<1, Int>, speakers: Tensor<1, Int>) -> Tensor<2> {
        let label = self.label.forward(labels.unsqueeze_dim::<2>(1));
        let speaker = self.speaker.forward(speakers.unsqueeze_dim::<2>(1));
        (label + speaker).squeeze_dim(1)
    }

    /// From the frames before, `[batch, time, bands]`, to the frames, of the same shape, and the log-odds that
    /// each is the last, `[batch, time]`; and the state after them.
    pub fn forward(
        &self,
        before: Tensor<3>,
        wish: Tensor<2>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, Tensor<2>, NetworkState) {
        let [batch, time, _] = before.dims();
        let [_, d_wish] = wish.dims();
        let wish = wish.unsqueeze_dim::<3>(1).expand([batch, time, d_wish]);
        let input = Tensor::cat(vec![before, wish], 2);
        let (outputs, state) = self.network.forward(input, state);
        let outputs = self.dropout.forward(outputs);
        let ends = self.end.logits(outputs.clone()).squeeze_dim(2);
        (self.frame.logits(outputs), ends, state)
    }
}
