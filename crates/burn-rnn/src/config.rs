//! The one-stop configuration: the same builder for every architecture.

use burn::config::Config;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::directional::Directional;
use crate::error::{at_least_one, fits_memory};
use crate::{
    Cell, CellOptions, CellShape, ConfigError, Initialization, LearnedState, Merge, Recurrent,
    Regularization, Regularizer, StackedConfig,
};

/// The configuration of a [`Recurrent`] network; [`LstmConfig`](crate::LstmConfig),
/// [`GruConfig`](crate::GruConfig) and the others are names for it.
///
/// It goes through `serde`, and through Burn's [`Config::save`] and [`Config::load`] as JSON.
///
/// ```
/// use burn::tensor::Device;
/// use burn_rnn::{ConfigError, GruConfig, Merge};
///
/// let config = GruConfig::new(8, 32)
///     .with_layers(3)
///     .with_bidirectional(true)
///     .with_merge(Merge::Sum)
///     .with_dropout(0.2)
///     .with_residual(true);
/// let gru = config.init(&Device::default());
/// assert_eq!(gru.d_output(), 32);
///
/// let error = config.with_dropout(1.5).try_init(&Device::default()).unwrap_err();
/// assert_eq!(error, ConfigError::Dropout { value: 1.5 });
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentConfig<O> {
    /// The number of input features.
    pub d_input: usize,
    /// The number of hidden units of each layer, the one that reads the input first.
    pub layer_sizes: Vec<usize>,
    /// Whether every layer runs in both directions; off by default. Over padded sequences it needs their lengths, see
    /// [`with_bidirectional`](RecurrentConfig::with_bidirectional).
    #[serde(default)]
    pub bidirectional: bool,
    /// How the outputs of two directions become one; concatenated by default.
    #[serde(default)]
    pub merge: Merge,
    /// Dropout between layers and residual skips; neither by default.
    #[serde(default)]
    pub stack: StackedConfig,
    /// Whether the cells have biases; on by default.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Whether sequences have the batch first; on by default.
    #[serde(default = "yes")]
    pub batch_first: bool,
    /// What keeps it from learning its training data by heart; nothing by default.
    #[serde(default)]
    pub regularization: Regularization,
    /// Whether the state before the first step is learned; off by default.
    #[serde(default)]
    pub learned_state: bool,
    /// How fresh parameters are drawn.
    #[serde(default)]
    pub initialization: Initialization,
    /// What is particular to the architecture.
    #[serde(default)]
    pub cell: O,
}

fn yes() -> bool {
    true
}

impl<O: CellOptions> Config for RecurrentConfig<O> {}

impl<O: CellOptions> RecurrentConfig<O> {
    /// One layer in one direction, `d_input` features in and `d_hidden` out, with biases.
    pub fn new(d_input: usize, d_hidden: usize) -> Self {
        Self {
            d_input,
            layer_sizes: vec![d_hidden],
            bidirectional: false,
            merge: Merge::default(),
            stack: StackedConfig::default(),
            bias: true,
            batch_first: true,
            regularization: Regularization::default(),
            learned_state: false,
            initialization: Initialization::default(),
            cell: O::default(),
        }
    }

    /// Sets the number of layers, all of the first layer's size; 1 by default.
    #[must_use]
    pub fn with_layers(mut self, layers: usize) -> Self {
        let d_hidden = self.layer_sizes.first().copied().unwrap_or(0);
        self.layer_sizes = vec![d_hidden; layers];
        self
    }

    /// Sets the number of hidden units of each layer, the one that reads the input first.
    #[must_use]
    pub fn with_layer_sizes(mut self, layer_sizes: impl Into<Vec<usize>>) -> Self {
        self.layer_sizes = layer_sizes.into();
        self
    }

    /// Sets whether every layer runs in both directions; off by default.
    ///
    /// Padding counts here: the backward direction starts at the end of the tensor and reads what a shorter sequence is padded with
    /// before the sequence itself, which moves every output. Give the lengths to
    /// [`Recurrent::forward_with`](crate::Recurrent::forward_with): it then starts at each sequence's own last step.
    #[must_use]
    pub fn with_bidirectional(mut self, bidirectional: bool) -> Self {
        self.bidirectional = bidirectional;
        self
    }

    /// Sets how the outputs of two directions become one; concatenated by default.
    #[must_use]
    pub fn with_merge(mut self, merge: Merge) -> Self {
        self.merge = merge;
        self
    }

    /// Sets the probability that an output between two layers is dropped in training; 0 by default.
    #[must_use]
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.stack.dropout = dropout;
        self
    }

    /// Variational dropout (Gal & Ghahramani 2016): sets the probabilities that a feature of each layer's input, and that a unit of what
    /// the recurrent products read, is dropped in training, the same at all steps of a sequence; 0 and 0 by default.
    #[must_use]
    pub fn with_variational_dropout(mut self, input: f64, hidden: f64) -> Self {
        self.regularization.input_dropout = input;
        self.regularization.hidden_dropout = hidden;
        self
    }

    /// Recurrent dropout (Semeniuta et al. 2016): sets the probability that a unit of the candidate is dropped in training, at each step
    /// anew; 0 by default.
    #[must_use]
    pub fn with_recurrent_dropout(mut self, dropout: f64) -> Self {
        self.regularization.recurrent_dropout = dropout;
        self
    }

    /// Zoneout (Krueger et al. 2017): sets the probabilities that a unit of the output, and of the other states, stays what it was at
    /// the step before; 0 and 0 by default. Outside training it is the mean.
    #[must_use]
    pub fn with_zoneout(mut self, output: f64, cell: f64) -> Self {
        self.regularization.zoneout = output;
        self.regularization.zoneout_cell = cell;
        self
    }

    /// Weight drop (Merity et al. 2018): sets the probability that a weight of the recurrent matrices is dropped for a whole batch in
    /// training; 0 by default.
    #[must_use]
    pub fn with_weight_drop(mut self, dropout: f64) -> Self {
        self.regularization.weight_drop = dropout;
        self
    }

    /// Sets whether the state before the first step is learned, one for each cell, in the place of zeros; off by default. A run without a
    /// state, a stream and a part after a reset start from it.
    #[must_use]
    pub fn with_learned_state(mut self, learned: bool) -> Self {
        self.learned_state = learned;
        self
    }

    /// Sets whether each layer's input is added to its output where the sizes match; off by default.
    #[must_use]
    pub fn with_residual(mut self, residual: bool) -> Self {
        self.stack.residual = residual;
        self
    }

    /// Sets whether each layer reads the input and the outputs of all layers before it (Huang et al. 2017, Ding et al. 2018); off by
    /// default.
    #[must_use]
    pub fn with_dense(mut self, dense: bool) -> Self {
        self.stack.dense = dense;
        self
    }

    /// Sets whether the cells have biases; on by default.
    #[must_use]
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets whether sequences are `[batch, time, features]` (default) or `[time, batch, features]`.
    #[must_use]
    pub fn with_batch_first(mut self, batch_first: bool) -> Self {
        self.batch_first = batch_first;
        self
    }

    /// Sets how fresh parameters are drawn; Glorot, orthogonal and a forget bias of 1 by default.
    #[must_use]
    pub fn with_initialization(mut self, initialization: Initialization) -> Self {
        self.initialization = initialization;
        self
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond any memory, there is no layer, a probability is none or 1, residual skips have unequal sizes, the
    /// cell has nothing that a regularizer works on, or the architecture's own options make no sense.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least_one("d_input", self.d_input)?;
        // Each by itself first: sums of sizes beyond any memory would overflow.
        for &d_hidden in &self.layer_sizes {
            at_least_one("d_hidden", d_hidden)?;
            fits_memory("d_input", self.d_input, d_hidden)?;
            fits_memory("d_hidden", d_hidden, d_hidden)?;
            fits_memory("d_output", self.cell.d_output(d_hidden), d_hidden)?;
        }
        let shapes = self.shapes();
        for shape in &shapes {
            fits_memory("d_input", shape.d_input, shape.d_hidden)?;
        }
        let sizes: Vec<_> = shapes
            .iter()
            .map(|shape| (shape.d_input, self.layer_output(shape.d_hidden)))
            .collect();
        self.stack.validate(&sizes)?;
        shapes
            .iter()
            .try_for_each(|shape| self.cell.validate(shape))?;
        if self.regularization.is_off() {
            return Ok(());
        }
        // The cell knows what it takes. Its parameters are drawn when they are first asked for, and nobody asks.
        let cell = self.cell.init(&shapes[0], &Device::default());
        cell.check_regularization(&self.regularization)
    }

    /// A network with fresh parameters.
    ///
    /// # Panics
    ///
    /// With the message of [`validate`](RecurrentConfig::validate)'s error.
    pub fn init(&self, device: &Device) -> Recurrent<O::Cell> {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// As [`validate`](RecurrentConfig::validate).
    pub fn try_init(&self, device: &Device) -> Result<Recurrent<O::Cell>, ConfigError> {
        self.validate()?;
        let start = |cell: &O::Cell| self.learned_state.then(|| LearnedState::new(cell, device));
        let layer = |shape: &CellShape| {
            let forward = self.cell.init(shape, device);
            let backward = self.bidirectional.then(|| self.cell.init(shape, device));
            Directional {
                forward_start: start(&forward),
                backward_start: backward.as_ref().and_then(start),
                forward,
                backward,
                merge: self.merge,
                regularizer: Regularizer::new(self.regularization),
            }
        };
        Ok(Recurrent {
            stack: self
                .stack
                .try_init(self.shapes().iter().map(layer).collect())?,
            batch_first: self.batch_first,
        })
    }

    /// The first layer's cell alone, with fresh parameters, for wrapping it by hand.
    ///
    /// # Errors
    ///
    /// As [`validate`](RecurrentConfig::validate).
    pub fn try_init_cell(&self, device: &Device) -> Result<O::Cell, ConfigError> {
        self.validate()?;
        Ok(self.cell.init(&self.shapes()[0], device))
    }

    /// The first layer's cell alone, with fresh parameters, for wrapping it by hand.
    ///
    /// # Panics
    ///
    /// With the message of [`validate`](RecurrentConfig::validate)'s error.
    pub fn init_cell(&self, device: &Device) -> O::Cell {
        self.try_init_cell(device)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What the cells of each layer are made from.
    fn shapes(&self) -> Vec<CellShape> {
        let mut outputs = Vec::with_capacity(self.layer_sizes.len());
        let mut shapes = Vec::with_capacity(self.layer_sizes.len());
        for &d_hidden in &self.layer_sizes {
            shapes.push(CellShape {
                d_input: self.stack.d_input(self.d_input, &outputs),
                d_hidden,
                bias: self.bias,
                initialization: self.initialization.clone(),
            });
            outputs.push(self.layer_output(d_hidden));
        }
        shapes
    }

    fn layer_output(&self, d_hidden: usize) -> usize {
        let d_output = self.cell.d_output(d_hidden);
        if self.bidirectional {
            self.merge.d_output(d_output, d_output)
        } else {
            d_output
        }
    }
}
