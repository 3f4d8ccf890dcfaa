//! A recurrent network whose architecture is chosen at run time: its settings.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn_rnn::{CellOptions, Initialization, RecurrentConfig, Regularization, Sequences};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Architecture, Network, NetworkState, TrainError};

/// In which direction every layer of a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In both, the outputs side by side
    Both,
    /// From the first step to the last
    Forward,
    /// From the last step to the first
    Backward,
}

impl Direction {
    /// What [`NetworkConfig::bidirectional`] has to be.
    pub fn is_both(self) -> bool {
        self == Self::Both
    }

    /// In which direction [`Network::run`] has to run; one that reads in both takes the outputs as they stand.
    pub fn of_run(self) -> burn_rnn::Direction {
        match self {
            Self::Both | Self::Forward => burn_rnn::Direction::Forward,
            Self::Backward => burn_rnn::Direction::Backward,
        }
    }
}

/// The most layers of a network: none that is of use has more, and each costs memory before its parameters do.
const MOST_LAYERS: usize = 256;

/// The settings of a [`Network`]. What is off by default is not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The architecture.
    pub architecture: Architecture,
    /// The number of input features. Of a part of a larger model whose other settings say it, 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub d_input: usize,
    /// The number of hidden units of each layer.
    pub d_hidden: usize,
    /// The number of layers.
    pub layers: usize,
    /// The number of hidden units of each layer, the one that reads the input first, where they are not all `d_hidden`; else empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub layer_sizes: Vec<usize>,
    /// Whether every layer runs in both directions.
    #[serde(default)]
    pub bidirectional: bool,
    /// The probability that an output between two layers is dropped in training.
    pub dropout: f64,
    /// Whether each layer's input is added to its output.
    #[serde(default, skip_serializing_if = "is_default")]
    pub residual: bool,
    /// Whether each layer reads the outputs of all layers before it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dense: bool,
    /// Whether the cells have no biases.
    #[serde(default, skip_serializing_if = "is_default")]
    pub without_bias: bool,
    /// Whether the state before the first step is learned.
    #[serde(default, skip_serializing_if = "is_default")]
    pub learned_state: bool,
    /// The regularizers of every layer; none by default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub regularization: Regularization,
    /// How fresh parameters are drawn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub initialization: Initialization,
    /// What is particular to the architecture, by the names that its options have in `burn-rnn`, where it is not as by default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cell: Map<String, Value>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl NetworkConfig {
    /// One layer in one direction, without dropout or regularizers.
    pub fn new(architecture: Architecture, d_input: usize, d_hidden: usize) -> Self {
        Self {
            architecture,
            d_input,
            d_hidden,
            layers: 1,
            layer_sizes: Vec::new(),
            bidirectional: false,
            dropout: 0.0,
            residual: false,
            dense: false,
            without_bias: false,
            learned_state: false,
            regularization: Regularization::default(),
            initialization: Initialization::default(),
            cell: Map::new(),
        }
    }

    /// The layers and their hidden units, for people.
    pub(crate) fn shape(&self) -> String {
        let sizes: Vec<String> = self.layer_sizes.iter().map(usize::to_string).collect();
        match sizes.is_empty() {
            true => format!("{} × {}", self.layers, self.d_hidden),
            false => sizes.join(" + "),
        }
    }

    /// One line that says what the network is.
    pub fn description(&self) -> String {
        let options = self.cell.iter().map(|(name, value)| match value {
            Value::String(text) => format!(", {name} {text}"),
            value => format!(", {name} {value}"),
        });
        format!(
            "{} {}{}{}",
            self.shape(),
            if self.bidirectional {
                "bidirectional "
            } else {
                ""
            },
            self.architecture.name(),
            options.collect::<String>()
        )
    }

    /// Refuses a network that does not read so many features.
    pub(crate) fn check_input(&self, features: usize) -> Result<(), TrainError> {
        if self.d_input == features {
            return Ok(());
        }
        Err(TrainError::setting(
            "the network's d_input",
            self.d_input,
            format!("{features}, the features that the task has"),
        ))
    }

    /// The number of hidden units of each layer.
    ///
    /// # Errors
    ///
    /// Where there are too many layers, or not as many as sizes.
    pub(crate) fn sizes(&self) -> Result<Vec<usize>, TrainError> {
        if self.layers > MOST_LAYERS {
            let expected = format!("at most {MOST_LAYERS}");
            return Err(TrainError::setting("--layers", self.layers, expected));
        }
        match self.layer_sizes.len() {
            0 => Ok(vec![self.d_hidden; self.layers]),
            sizes if sizes == self.layers => Ok(self.layer_sizes.clone()),
            sizes => {
                let expected = format!("one for each of the {} layers", self.layers);
                Err(TrainError::setting(
                    "--hidden",
                    format!("{sizes} sizes"),
                    expected,
                ))
            }
        }
    }

    /// The library's configuration.
    ///
    /// # Errors
    ///
    /// Where there are too many layers, or the architecture has no such option; the rest is the library's to check.
    pub(crate) fn recurrent<O: CellOptions>(&self) -> Result<RecurrentConfig<O>, TrainError> {
        let options = Value::Object(self.cell.clone());
        let given = options.to_string();
        let cell = serde_json::from_value(options).map_err(|error| {
            TrainError::setting(
                "--cell-option",
                given,
                format!("options of {}: {error}", self.architecture.name()),
            )
        })?;
        let mut config = RecurrentConfig::<O>::new(self.d_input, self.d_hidden)
            .with_layer_sizes(self.sizes()?)
            .with_bidirectional(self.bidirectional)
            .with_dropout(self.dropout)
            .with_residual(self.residual)
            .with_dense(self.dense)
            .with_bias(!self.without_bias)
            .with_learned_state(self.learned_state)
            .with_initialization(self.initialization.clone());
        config.regularization = self.regularization;
        config.cell = cell;
        Ok(config)
    }
}

impl Network {
    /// Runs over a batch of sequences, as [`Recurrent::forward`](burn_rnn::Recurrent::forward).
    ///
    /// # Panics
    ///
    /// As [`run`](Network::run).
    pub fn forward(
        &self,
        input: Tensor<3>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, NetworkState) {
        let direction = burn_rnn::Direction::Forward;
        self.run(input, state, &Sequences::default(), direction)
    }

    /// The number of its parameters. None of them is drawn for that.
    pub fn parameters(&self) -> usize {
        struct Count(usize);
        impl ModuleVisitor for Count {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0 += param.lazy_shape().num_elements();
            }
        }
        let mut count = Count(0);
        self.visit(&mut count);
        count.0
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use burn_rnn::State;

    use super::*;
    use crate::drawn::drawn;

    fn config(architecture: Architecture) -> NetworkConfig {
        NetworkConfig {
            layers: 2,
            ..NetworkConfig::new(architecture, 3, 4)
        }
    }

    #[test]
    fn every_architecture_runs_carries_its_state_and_streams() {
        let device = Device::default();
        for architecture in Architecture::value_variants() {
            let network = drawn(config(*architecture).init(&device).unwrap(), 1.0);
            let name = architecture.name();
            let input = Tensor::ones([1, 5, 3], &device);
            let (output, state) = network.forward(input.clone(), None);
            assert_eq!(output.dims(), [1, 5, network.d_output()], "{name}");
            let (next, _) = network.forward(input, Some(state.detach()));
            let difference = (next - output.clone()).abs().sum().into_scalar::<f32>();
            assert!(difference > 0.0, "{name}: the state is not used");

            let mut stream = network.stream(1);
            let mut last = Vec::new();
            for _ in 0..5 {
                last = stream.step_floats(&[1.0; 3]).to_vec();
            }
            let expected: Vec<f32> = output.narrow(1, 4, 1).into_data().iter().collect();
            for (value, expected) in last.iter().zip(&expected) {
                assert!((value - expected).abs() < 1e-5, "{name}");
            }
        }
    }

    #[test]
    fn settings_come_back_and_those_from_before_are_read() {
        let earlier = r#"{"architecture":"lstm","d_input":7,"d_hidden":32,"layers":1,"bidirectional":false,"dropout":0.0}"#;
        let read: NetworkConfig = serde_json::from_str(earlier).unwrap();
        assert_eq!(read, NetworkConfig::new(Architecture::Lstm, 7, 32));
        assert_eq!(serde_json::to_string(&read).unwrap(), earlier);

        let mut more = config(Architecture::MinimalRnn);
        more.layer_sizes = vec![5, 4];
        more.residual = true;
        more.regularization.zoneout = 0.1;
        more.initialization = Initialization::PyTorch;
        let json = serde_json::to_string(&more).unwrap();
        assert_eq!(serde_json::from_str::<NetworkConfig>(&json).unwrap(), more);
        let unknown = earlier.replace("\"layers\"", "\"layer\":1,\"layers\"");
        assert!(serde_json::from_str::<NetworkConfig>(&unknown).is_err());
    }

    #[test]
    fn options_of_a_cell_and_all_others_reach_the_library() {
        let device = Device::default();
        let mut projected = config(Architecture::Lstm);
        projected.cell.insert("projection".to_owned(), 2.into());
        projected.bidirectional = true;
        assert_eq!(projected.init(&device).unwrap().d_output(), 4);
        assert_eq!(
            projected.description(),
            "2 × 4 bidirectional lstm, projection 2"
        );

        let parameters = |change: &dyn Fn(&mut NetworkConfig)| {
            let mut config = config(Architecture::Gru);
            change(&mut config);
            config.init(&device).unwrap().parameters()
        };
        let plain = 3 * 4 * (3 + 4 + 1) + 4 + 3 * 4 * (4 + 4 + 1) + 4;
        assert_eq!(parameters(&|_| ()), plain);
        assert_eq!(parameters(&|config| config.learned_state = true), plain + 8);
        assert_eq!(
            parameters(&|config| config.without_bias = true),
            plain - 2 * 16
        );
        let dense = parameters(&|config| config.dense = true);
        assert_eq!(dense, plain + 3 * 3 * 4);
        let sizes = parameters(&|config| config.layer_sizes = vec![5, 4]);
        assert_eq!(sizes, 3 * 5 * (3 + 5 + 1) + 5 + 3 * 4 * (5 + 4 + 1) + 4);
    }

    #[test]
    fn what_a_cell_does_not_take_is_refused() {
        let device = Device::default();
        let refused = |architecture, change: &dyn Fn(&mut NetworkConfig)| {
            let mut config = config(architecture);
            change(&mut config);
            let message = config.init(&device).unwrap_err().to_string();
            assert!(!message.contains('\n'), "{message}");
            message
        };
        let weight_drop = refused(Architecture::IndRnn, &|config| {
            config.regularization.weight_drop = 0.1;
        });
        assert!(weight_drop.contains("weight_drop"), "{weight_drop}");
        let projection = refused(Architecture::Gru, &|config| {
            config.cell.insert("projection".to_owned(), 2.into());
        });
        assert!(
            projection.contains("projection") && projection.contains("layer_norm"),
            "{projection}"
        );
        for layers in [0, MOST_LAYERS + 1, 1_000_000_000] {
            refused(Architecture::Lstm, &|config| config.layers = layers);
        }
        for dropout in [1.0, -0.1, f64::NAN] {
            refused(Architecture::Lstm, &|config| config.dropout = dropout);
        }
        refused(Architecture::Lstm, &|config| config.layer_sizes = vec![4]);
        refused(Architecture::Simple, &|config| {
            config.initialization = Initialization::Chrono { t_max: 9 };
        });
        refused(Architecture::Lstm, &|config| config.d_hidden = usize::MAX);
        refused(Architecture::Lstm, &|config| {
            config.cell.insert("projection".to_owned(), u64::MAX.into());
        });
    }
}
