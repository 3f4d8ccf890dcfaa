//! What is stored beside the weights.

use burn::nn::{EmbeddingConfig, LinearConfig};
use burn::tensor::Device;
use burn_rnn::{AttentionConfig, AttentionScore, HeadConfig, State};
use burn_rnn_data::{PairKind, Pairs, Symbols, generate_pairs};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Beam, Encoder, Forcing, Seq2Seq, TransduceTask};
use crate::learn::Task;
use crate::limits::check_memory;
use crate::{Direction, ModelFile, NetworkConfig, TrainError};

/// How the decoder reads from the encoder, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AttentionName {
    /// A summary of the input alone, as the decoder's first state (Sutskever et al. 2014)
    None,
    /// A network with one hidden layer scores each symbol (Bahdanau et al. 2015)
    Additive,
    /// The dot product of decoder and encoder states scores each symbol (Luong et al. 2015)
    Dot,
    /// The dot product after a linear map, for sizes that differ (Luong et al. 2015)
    General,
}

impl AttentionName {
    fn score(self) -> Option<AttentionScore> {
        match self {
            Self::None => None,
            Self::Additive => Some(AttentionScore::Additive),
            Self::Dot => Some(AttentionScore::Dot),
            Self::General => Some(AttentionScore::General),
        }
    }

    /// The name that the reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no attention",
            Self::Additive => "additive attention",
            Self::Dot => "dot attention",
            Self::General => "general attention",
        }
    }
}

/// What a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TransduceSource {
    /// Generated pairs.
    Generated {
        /// Of what.
        kind: PairKind,
        /// The number of pairs to learn from.
        examples: usize,
    },
    /// A file.
    File,
}

impl TransduceSource {
    /// Refuses to generate none, or more than memory is likely to hold.
    pub(super) fn validate(self) -> Result<(), TrainError> {
        match self {
            Self::Generated { examples, .. } => {
                TrainError::check_at_most(1 << 22, &[("--examples", examples)])
            }
            Self::File => Ok(()),
        }
    }
}

/// All that is needed beside the weights to turn strings into others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransduceSettings {
    /// What the model was trained on.
    pub source: TransduceSource,
    /// The symbols of the inputs.
    pub inputs: Symbols,
    /// The symbols of the outputs.
    pub outputs: Symbols,
    /// The size of a symbol's embedding.
    pub d_embedding: usize,
    /// Encoder and decoder. Their number of inputs is the size of an embedding, and their directions follow from the other settings.
    #[serde(flatten)]
    pub network: NetworkConfig,
    /// The direction in which the encoder's layers read; the decoder's read forward.
    pub direction: Direction,
    /// What is between encoder and decoder.
    pub attention: AttentionName,
    /// What the decoder read in training.
    pub forcing: Forcing,
    /// How the answer is searched.
    pub beam: Beam,
    /// The most symbols of an answer.
    pub limit: usize,
    /// An input of the test part, for the model's card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

impl TransduceSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, a probability is none, the dot score is asked for with an encoder that reads in both
    /// directions, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<Seq2Seq, TrainError> {
        self.validate()?;
        let decoder = self.decoder();
        let network = decoder.init(device)?;
        // To ask for its state, below, draws them.
        let parameters = network.parameters();
        check_memory("the number of the decoder's parameters", &[parameters])?;
        let encoder = NetworkConfig {
            bidirectional: self.direction.is_both(),
            ..decoder
        };
        let encoder = Encoder {
            embedding: EmbeddingConfig::new(self.inputs.len(), self.d_embedding).init(device),
            network: encoder.init(device)?,
            direction: self.direction,
        };
        let (d_encoder, d_decoder) = (encoder.d_output(), network.d_output());
        let carried: usize = network
            .zero_state(1)
            .shapes()
            .iter()
            .map(|[_, features]| features)
            .sum();
        let attention = match self.attention.score() {
            None => None,
            Some(score) => {
                Some(AttentionConfig::new(d_decoder, d_encoder, score).try_init(device)?)
            }
        };
        let symbols = self.outputs.len();
        Ok(Seq2Seq {
            bridge: LinearConfig::new(d_encoder, carried).init(device),
            embedding: EmbeddingConfig::new(symbols, self.d_embedding).init(device),
            mix: attention
                .is_some()
                .then(|| LinearConfig::new(d_encoder + d_decoder, d_decoder).init(device)),
            head: HeadConfig::new(d_decoder, symbols).try_init(device)?,
            attention,
            encoder,
            network,
        })
    }

    /// An input that the model has not learnt, where it is a model for this task: the one that it keeps, or the first of
    /// the pairs that are generated again, which older models have.
    pub(crate) fn example_of(file: &ModelFile) -> Option<String> {
        let settings: Self = serde_json::from_str(file.settings()).ok()?;
        match (settings.example, settings.source) {
            (None, TransduceSource::Generated { kind, examples }) => {
                Self::example(&generate_pairs(kind, examples, file.card.seed).ok()?)
            }
            (example, _) => example,
        }
    }

    /// The first input of the test part that fits into a line.
    pub(super) fn example(pairs: &Pairs) -> Option<String> {
        const LONGEST: usize = 60;
        let mut inputs = pairs.test.iter().map(|pair| &pair.input);
        let fitting = inputs.find(|input| input.chars().count() <= LONGEST);
        fitting.cloned()
    }

    /// The settings and the model of a file.
    ///
    /// # Errors
    ///
    /// Where the file has a model for another task, or does not fit.
    pub fn load(file: ModelFile, device: &Device) -> Result<(Self, Seq2Seq), TrainError> {
        let stored: usize = file.parameters().iter().map(|(_, _, count)| count).sum();
        file.load(TransduceTask::NAME, device, |settings: &Self, device| {
            settings.validate()?;
            // A state is asked for while the model is made, and draws the decoder's parameters: they are counted before.
            let needed = settings.decoder().init(device)?.parameters();
            TrainError::check_at_most(
                stored,
                &[("the number of the decoder's parameters", needed)],
            )?;
            settings.init(device)
        })
    }

    fn decoder(&self) -> NetworkConfig {
        NetworkConfig {
            d_input: self.d_embedding,
            bidirectional: false,
            ..self.network.clone()
        }
    }

    fn validate(&self) -> Result<(), TrainError> {
        TrainError::check_sizes(&[("--embedding", self.d_embedding)])?;
        // An answer may never end.
        TrainError::check_at_most(1 << 17, &[("the most symbols of an answer", self.limit)])?;
        self.source.validate()?;
        self.forcing.validate()?;
        self.beam.validate()
    }

    /// One line that says what the network is.
    pub fn description(&self) -> String {
        let network = NetworkConfig {
            bidirectional: self.direction.is_both(),
            ..self.network.clone()
        };
        let backward = match self.direction {
            Direction::Backward => ", the encoder backward",
            Direction::Both | Direction::Forward => "",
        };
        let attention = self.attention.name();
        format!("{}{backward}, {attention}", network.description())
    }
}
