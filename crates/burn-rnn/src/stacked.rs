//! Layers on top of each other.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::dropout_probability;
use crate::{ConfigError, Direction, Layer, Sequences, State, Streaming};

/// A multi-layer network: layer `l` reads the outputs of layer `l − 1`.
///
/// Dropout works on the outputs of every layer but the last, in training only. A residual skip adds
/// a layer's input to its output; with dense skips a layer reads the outputs of all layers before it. Made by [`StackedConfig`].
#[derive(Module, Debug)]
pub struct Stacked<L: Module> {
    /// The layers, the one that reads the input first.
    pub layers: Vec<L>,
    /// The dropout between layers.
    pub dropout: Dropout,
    /// Whether layers whose input and output have the same size are skipped around.
    #[module(skip)]
    pub residual: bool,
    /// Whether each layer reads the outputs of all layers before it.
    #[module(skip)]
    pub dense: bool,
}

/// The configuration of [`Stacked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StackedConfig {
    /// The probability that an output between two layers is dropped; 0 by default. A single layer
    /// has nothing between layers.
    pub dropout: f64,
    /// Adds to each layer's output its input (He et al. 2016); off by default. The first layer is
    /// skipped around only where its sizes match, all others have to match.
    pub residual: bool,
    /// Each layer reads the input and the outputs of all layers before it, side by side in this order (Huang et al. 2017, "Densely connected
    /// convolutional networks"; Ding et al. 2018 for recurrent ones); off by default. The output is that of the last layer.
    pub dense: bool,
}

impl Default for StackedConfig {
    fn default() -> Self {
        Self {
            dropout: 0.0,
            residual: false,
            dense: false,
        }
    }
}

impl StackedConfig {
    /// No dropout, no residual skips.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the probability that an output between two layers is dropped; 0 by default.
    #[must_use]
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Switches residual skips; off by default.
    #[must_use]
    pub fn with_residual(mut self, residual: bool) -> Self {
        self.residual = residual;
        self
    }

    /// Switches dense skips; off by default.
    #[must_use]
    pub fn with_dense(mut self, dense: bool) -> Self {
        self.dense = dense;
        self
    }

    /// The number of features that the layer after some with these outputs reads.
    pub(crate) fn d_input(&self, d_input: usize, outputs: &[usize]) -> usize {
        match outputs.last() {
            Some(_) if self.dense => d_input + outputs.iter().sum::<usize>(),
            Some(&last) => last,
            None => d_input,
        }
    }

    /// Stacks the layers.
    ///
    /// # Panics
    ///
    /// With the message of [`try_init`](StackedConfig::try_init)'s error.
    pub fn init<L: Layer>(&self, layers: Vec<L>) -> Stacked<L> {
        self.try_init(layers)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Stacks the layers.
    ///
    /// # Errors
    ///
    /// Where there are none, one does not read what the one before gives, the dropout is not a
    /// probability below 1, or a residual skip has unequal sizes.
    pub fn try_init<L: Layer>(&self, layers: Vec<L>) -> Result<Stacked<L>, ConfigError> {
        let sizes: Vec<_> = layers
            .iter()
            .map(|layer| (layer.d_input(), layer.d_output()))
            .collect();
        self.validate(&sizes)?;
        Ok(Stacked {
            layers,
            dropout: DropoutConfig::new(self.dropout).init(),
            residual: self.residual,
            dense: self.dense,
        })
    }

    /// Checks the settings against the `(d_input, d_output)` of each layer.
    ///
    /// # Errors
    ///
    /// As [`try_init`](StackedConfig::try_init).
    pub fn validate(&self, sizes: &[(usize, usize)]) -> Result<(), ConfigError> {
        dropout_probability(self.dropout)?;
        if sizes.is_empty() {
            return Err(ConfigError::NoLayers);
        }
        if self.dense && self.residual {
            return Err(ConfigError::Skips);
        }
        let outputs: Vec<usize> = sizes.iter().map(|&(_, d_output)| d_output).collect();
        for (layer, &(d_input, _)) in sizes.iter().enumerate().skip(1) {
            let d_output = self.d_input(sizes[0].0, &outputs[..layer]);
            if d_input != d_output {
                return Err(ConfigError::LayerMismatch {
                    layer,
                    d_input,
                    d_output,
                });
            }
        }
        if self.residual {
            // A first layer that changes the size is usual; where it is the only one, nothing is
            // left to skip around.
            let may_differ = usize::from(sizes.len() > 1);
            for (layer, &(d_input, d_output)) in sizes.iter().enumerate().skip(may_differ) {
                if d_input != d_output {
                    return Err(ConfigError::ResidualSizes {
                        layer,
                        d_input,
                        d_output,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The state of a [`Stacked`] network.
#[derive(Clone, Debug)]
pub struct StackedState<S> {
    /// The state of each layer, the one that reads the input first.
    pub layers: Vec<S>,
}

impl<S: State> State for StackedState<S> {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            layers: self.layers.into_iter().map(|state| state.map(f)).collect(),
        }
    }
}

impl<L: Layer> Stacked<L> {
    /// Runs the layers one after another; `run` runs one.
    fn through<const D: usize>(
        &self,
        input: Tensor<D>,
        state: Option<StackedState<L::State>>,
        run: impl Fn(&L, Tensor<D>, Option<L::State>) -> (Tensor<D>, L::State),
    ) -> (Tensor<D>, StackedState<L::State>) {
        let given = match state {
            Some(state) => {
                assert!(
                    state.layers.len() == self.layers.len(),
                    "Stacked: the state has {} layers, expected {}",
                    state.layers.len(),
                    self.layers.len()
                );
                state.layers.into_iter().map(Some).collect()
            }
            None => vec![None; self.layers.len()],
        };
        let mut x = input;
        // The input and the outputs so far, for dense skips.
        let mut all = Vec::new();
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, (layer, state)) in self.layers.iter().zip(given).enumerate() {
            if index > 0 {
                x = self.dropout.forward(x);
            }
            if self.dense && self.layers.len() > 1 {
                all.push(x);
                x = Tensor::cat(all.clone(), D - 1);
            }
            let skip = (self.residual && layer.d_input() == layer.d_output()).then(|| x.clone());
            let (output, state) = run(layer, x, state);
            x = match skip {
                Some(skip) => output + skip,
                None => output,
            };
            layers.push(state);
        }
        (x, StackedState { layers })
    }
}

impl<L: Layer> Layer for Stacked<L> {
    type State = StackedState<L::State>;

    fn d_input(&self) -> usize {
        self.layers.first().map_or(0, Layer::d_input)
    }

    fn d_output(&self) -> usize {
        self.layers.last().map_or(0, Layer::d_output)
    }

    fn zero_state(&self, batch: usize) -> Self::State {
        StackedState {
            layers: self
                .layers
                .iter()
                .map(|layer| layer.zero_state(batch))
                .collect(),
        }
    }

    fn run(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, Self::State) {
        // A skip takes the input past its layer. Between layers padding is zero, and dropout keeps it so.
        let input = if self.residual || self.dense {
            sequences.check("Stacked", input.dims());
            sequences.zero_padding(input)
        } else {
            input
        };
        self.through(input, state, |layer, input, state| {
            layer.run(input, state, sequences, direction)
        })
    }
}

impl<L: Streaming> Streaming for Stacked<L> {
    fn step(&self, x_t: Tensor<2>, state: Option<Self::State>) -> (Tensor<2>, Self::State) {
        self.through(x_t, state, L::step)
    }
}
