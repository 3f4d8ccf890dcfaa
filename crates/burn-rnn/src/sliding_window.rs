//! The feed-forward network over a sliding window: the baseline that recurrent networks must beat.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::at_least_one;
use crate::project::project;
use crate::{Activation, ConfigError, Lengths};

/// A feed-forward network that sees the last `window` steps and has no memory beyond them:
///
/// ```text
/// y_t = V f(… f(U [x_{t-window+1}, …, x_t] + b) …) + c
/// ```
#[derive(Module, Debug)]
pub struct SlidingWindow {
    /// The layers; `f` stands between them.
    pub layers: Vec<Linear>,
    /// The number of steps that an output sees.
    pub window: usize,
    /// The function `f`.
    #[module(skip)]
    pub activation: Activation,
}

/// The configuration of [`SlidingWindow`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlidingWindowConfig {
    /// The number of steps that an output sees.
    pub window: usize,
    /// The number of features of a step.
    pub d_input: usize,
    /// The number of outputs.
    pub d_output: usize,
    /// The sizes of the hidden layers; one of 64 by default. Empty makes the network linear.
    #[serde(default = "one_hidden_layer")]
    pub hidden_sizes: Vec<usize>,
    /// The function `f`; relu by default.
    #[serde(default = "relu")]
    pub activation: Activation,
}

fn one_hidden_layer() -> Vec<usize> {
    vec![64]
}

fn relu() -> Activation {
    Activation::Relu
}

impl Config for SlidingWindowConfig {}

impl SlidingWindowConfig {
    /// A network with one hidden layer of 64 relu units.
    pub fn new(window: usize, d_input: usize, d_output: usize) -> Self {
        Self {
            window,
            d_input,
            d_output,
            hidden_sizes: one_hidden_layer(),
            activation: relu(),
        }
    }

    /// Sets the sizes of the hidden layers; one of 64 by default. Empty makes the network linear.
    #[must_use]
    pub fn with_hidden_sizes(mut self, hidden_sizes: impl Into<Vec<usize>>) -> Self {
        self.hidden_sizes = hidden_sizes.into();
        self
    }

    /// Sets the function `f`; relu by default.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// A network with fresh parameters.
    ///
    /// # Panics
    ///
    /// With the message of [`try_init`](SlidingWindowConfig::try_init)'s error.
    pub fn init(&self, device: &Device) -> SlidingWindow {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the window or a size is zero, or the function has a parameter that makes no sense.
    pub fn try_init(&self, device: &Device) -> Result<SlidingWindow, ConfigError> {
        at_least_one("window", self.window)?;
        at_least_one("d_input", self.d_input)?;
        at_least_one("d_output", self.d_output)?;
        self.activation.validate()?;
        let mut sizes = vec![self.window * self.d_input];
        for &size in &self.hidden_sizes {
            at_least_one("hidden_sizes", size)?;
            sizes.push(size);
        }
        sizes.push(self.d_output);
        Ok(SlidingWindow {
            layers: sizes
                .windows(2)
                .map(|pair| LinearConfig::new(pair[0], pair[1]).init(device))
                .collect(),
            window: self.window,
            activation: self.activation,
        })
    }
}

impl SlidingWindow {
    /// One output for every whole window: `[batch, time, d_input]` to
    /// `[batch, time − window + 1, d_output]`; the last output is that of the last step. Of no sequences there are no outputs.
    ///
    /// # Panics
    ///
    /// Where the sequence is shorter than the window, has other features or is not of the weights' type; the message shows both.
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        let dims = input.dims();
        let [batch, time, features] = dims;
        let d_input = self.layers[0].weight.lazy_shape()[0] / self.window;
        assert!(
            time >= self.window && features == d_input,
            "SlidingWindow: the input has shape {dims:?}, expected [batch, time ≥ {}, d_input = {d_input}]",
            self.window
        );
        let steps = time - self.window + 1;
        if batch == 0 {
            let d_output = self.layers[self.layers.len() - 1].weight.lazy_shape()[1];
            return Tensor::zeros([0, steps, d_output], (&input.device(), input.dtype()));
        }
        let delayed = (0..self.window)
            .map(|delay| input.clone().narrow(1, delay, steps))
            .collect();
        let mut x: Tensor<3> = Tensor::cat(delayed, 2);
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                x = self.activation.forward(x);
            }
            x = project("SlidingWindow", "the input", layer, x);
        }
        x
    }

    /// [`forward`](SlidingWindow::forward) over sequences of unequal lengths: one output for every window that lies whole within
    /// its sequence, from the first on, and zeros after them. A sequence that is shorter than the window has none. Padding reaches
    /// neither outputs nor gradients, even where it is no number.
    ///
    /// The outputs have the lengths [`output_lengths`](SlidingWindow::output_lengths). Lengths are `&Lengths`, or an `Option` of
    /// them; `None` is no padding.
    ///
    /// # Panics
    ///
    /// As [`forward`](SlidingWindow::forward), and where the lengths do not fit; the message shows both.
    pub fn forward_with<'a>(
        &self,
        input: Tensor<3>,
        lengths: impl Into<Option<&'a Lengths>>,
    ) -> Tensor<3> {
        let Some(lengths) = lengths.into() else {
            return self.forward(input);
        };
        lengths.check("SlidingWindow", input.dims());
        let output = self.forward(lengths.zero_padding(input));
        self.output_lengths(lengths).zero_padding(output)
    }

    /// The numbers of windows that sequences of these lengths have: `length − window + 1`, at least 0.
    pub fn output_lengths(&self, lengths: &Lengths) -> Lengths {
        let windows = lengths.iter();
        Lengths::new(windows.map(|length| (length + 1).saturating_sub(self.window)))
    }
}
