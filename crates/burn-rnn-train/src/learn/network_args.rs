//! The options of the network that all trainers have.

use core::str::FromStr;

use burn_rnn::{Initialization, Regularization};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{Architecture, NetworkConfig, TrainError};

/// The most hidden units of a layer.
const MOST_UNITS: usize = 1 << 16;

/// The options of the network.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// The architecture
    #[arg(long, value_enum, default_value = "lstm")]
    pub cell: Architecture,
    /// An option of the architecture, as its configuration in burn-rnn has it, such as projection=64 or layer_norm=true of lstm,
    /// peephole=full of peephole, reset=before_product of gru, heads=4 of slstm; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub cell_option: Vec<String>,
    /// The number of layers
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub layers: usize,
    /// The number of hidden units of each layer; several, as in 128,64, are those of each, the one that reads the input first
    #[arg(long, value_name = "N", default_value = "128")]
    pub hidden: List<usize>,
    /// The probability that an output between two layers is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub dropout: f64,
    /// Every layer reads in both directions, where the task allows it
    #[arg(long)]
    pub bidirectional: bool,
    /// Each layer's input is added to its output (He et al. 2016)
    #[arg(long)]
    pub residual: bool,
    /// Each layer reads the outputs of all layers before it (Huang et al. 2017)
    #[arg(long)]
    pub dense: bool,
    /// The cells have no biases
    #[arg(long)]
    pub no_bias: bool,
    /// The state before the first step is learned
    #[arg(long)]
    pub learned_state: bool,
    /// The probability that a feature of a layer's input, and that a unit of what its recurrent products read, is dropped in
    /// training, the same at all steps (Gal & Ghahramani 2016); one number for both, or one for each
    #[arg(
        long,
        value_name = "P",
        default_value = "0",
        allow_negative_numbers = true
    )]
    pub variational_dropout: List<f64>,
    /// The probability that a unit of the candidate is dropped at a step in training (Semeniuta et al. 2016)
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub recurrent_dropout: f64,
    /// The probability that a unit of the output stays what it was in training (Krueger et al. 2017); a second number is that of
    /// the other states
    #[arg(
        long,
        value_name = "P",
        default_value = "0",
        allow_negative_numbers = true
    )]
    pub zoneout: List<f64>,
    /// The probability that a weight of the recurrent matrices is dropped for a whole batch in training (Merity et al. 2018)
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub weight_drop: f64,
    /// How fresh parameters are drawn [default: glorot, but where the task says otherwise]
    #[arg(long, value_enum, value_name = "KIND")]
    pub initialization: Option<InitializationName>,
    /// The bias of forget gates with --initialization glorot
    #[arg(
        long,
        value_name = "B",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub forget_bias: f64,
    /// The longest dependency in steps, that --initialization chrono is for, where the task does not know it
    #[arg(long, value_name = "N")]
    pub longest_dependency: Option<usize>,
}

/// Numbers with commas between them, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let numbers = text.split(',').map(|number| number.trim().parse());
        numbers.collect::<Result<_, _>>().map(Self)
    }
}

/// How fresh parameters are drawn, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InitializationName {
    /// Uniform inputs (Glorot & Bengio 2010), orthogonal recurrence, a forget bias
    Glorot,
    /// Uniform by the number of hidden units, as PyTorch
    Pytorch,
    /// As glorot, with biases for dependencies of all lengths (Tallec & Ollivier 2018)
    Chrono,
}

impl NetworkArgs {
    /// The network's settings.
    ///
    /// # Errors
    ///
    /// Where options contradict one another or a number is no probability. What the architecture does not take is told when the network
    /// is made.
    pub fn config(&self, d_input: usize) -> Result<NetworkConfig, TrainError> {
        TrainError::check_counts(&[("--layers", self.layers)])?;
        if let Some(size) = self.hidden.0.iter().find(|size| **size > MOST_UNITS) {
            let expected = format!("at most {MOST_UNITS}: more fits into no memory, or never ends");
            return Err(TrainError::setting("--hidden", size, expected));
        }
        let (layers, layer_sizes) = match (self.hidden.0.len(), self.layers) {
            (1, layers) => (layers, Vec::new()),
            (sizes, layers) if layers == 1 || layers == sizes => (sizes, self.hidden.0.clone()),
            (sizes, layers) => {
                let expected = format!("one, or one for each of the {layers} --layers");
                return Err(TrainError::setting(
                    "--hidden",
                    format!("{sizes} sizes"),
                    expected,
                ));
            }
        };
        let mut config = NetworkConfig::new(self.cell, d_input, self.hidden.0[0]);
        config.layers = layers;
        config.layer_sizes = layer_sizes;
        config.bidirectional = self.bidirectional;
        config.dropout = self.dropout;
        config.residual = self.residual;
        config.dense = self.dense;
        config.without_bias = self.no_bias;
        config.learned_state = self.learned_state;
        config.regularization = self.regularization()?;
        config.initialization = self.initialization()?;
        for option in &self.cell_option {
            let (name, value) = option.split_once('=').ok_or_else(|| {
                let expected = "NAME=VALUE, such as layer_norm=true".to_owned();
                TrainError::setting("--cell-option", option, expected)
            })?;
            // A word is a name: relu, before_product.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            config.cell.insert(name.to_owned(), value);
        }
        Ok(config)
    }

    fn regularization(&self) -> Result<Regularization, TrainError> {
        let (input_dropout, hidden_dropout) = match self.variational_dropout.0[..] {
            [both] => (both, both),
            [input, hidden] => (input, hidden),
            _ => {
                return Err(too_many(
                    "--variational-dropout",
                    &self.variational_dropout.0,
                ));
            }
        };
        let (zoneout, zoneout_cell) = match self.zoneout.0[..] {
            [output] => (output, 0.0),
            [output, cell] => (output, cell),
            _ => return Err(too_many("--zoneout", &self.zoneout.0)),
        };
        TrainError::check_probabilities(&[
            ("--dropout", self.dropout),
            ("--variational-dropout", input_dropout),
            ("--variational-dropout", hidden_dropout),
            ("--recurrent-dropout", self.recurrent_dropout),
            ("--zoneout", zoneout),
            ("--zoneout", zoneout_cell),
            ("--weight-drop", self.weight_drop),
        ])?;
        Ok(Regularization {
            input_dropout,
            hidden_dropout,
            recurrent_dropout: self.recurrent_dropout,
            zoneout,
            zoneout_cell,
            weight_drop: self.weight_drop,
        })
    }

    fn initialization(&self) -> Result<Initialization, TrainError> {
        match (self.initialization, self.longest_dependency) {
            (None | Some(InitializationName::Glorot), _) => Ok(Initialization::GlorotOrthogonal {
                forget_bias: self.forget_bias,
            }),
            (Some(InitializationName::Pytorch), _) => Ok(Initialization::PyTorch),
            (Some(InitializationName::Chrono), Some(t_max)) => Ok(Initialization::Chrono { t_max }),
            (Some(InitializationName::Chrono), None) => Err(TrainError::setting(
                "--longest-dependency",
                "not given",
                "a number of steps, which --initialization chrono is for",
            )),
        }
    }

    /// Refuses `--bidirectional`, for a task that it makes no sense for; `because` says why.
    pub(crate) fn refuse_bidirectional(&self, because: &str) -> Result<(), TrainError> {
        match self.bidirectional {
            false => Ok(()),
            true => Err(TrainError::setting(
                "--bidirectional",
                "on",
                format!("off: {because}"),
            )),
        }
    }
}

fn too_many(name: &'static str, given: &[f64]) -> TrainError {
    TrainError::setting(name, format!("{} numbers", given.len()), "one or two")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::typed;

    #[test]
    fn every_option_is_said_on_the_command_line() {
        let words = "--cell gru --cell-option clip=3.5 --cell-option reset=before_product --hidden 8,4 --dropout 0.1 --bidirectional \
                     --residual --no-bias --learned-state --variational-dropout 0.2,0.3 --recurrent-dropout 0.4 \
                     --zoneout 0.5,0.6 --weight-drop 0.7 --initialization pytorch";
        let words: Vec<&str> = words.split_whitespace().collect();
        let config = typed::<NetworkArgs>(&words, &[]).config(3).unwrap();
        let expected = r#"{"architecture":"gru","d_input":3,"d_hidden":8,"layers":2,"layer_sizes":[8,4],"bidirectional":true,"dropout":0.1,"residual":true,"without_bias":true,"learned_state":true,"regularization":{"input_dropout":0.2,"hidden_dropout":0.3,"recurrent_dropout":0.4,"zoneout":0.5,"zoneout_cell":0.6,"weight_drop":0.7},"initialization":"py_torch","cell":{"clip":3.5,"reset":"before_product"}}"#;
        assert_eq!(serde_json::to_string(&config).unwrap(), expected);
    }

    #[test]
    fn defaults_are_the_plain_network() {
        let config = typed::<NetworkArgs>(&[], &[]).config(3).unwrap();
        assert_eq!(config, NetworkConfig::new(Architecture::Lstm, 3, 128));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for words in [
            "--hidden 8,4 --layers 3",
            "--variational-dropout 1",
            "--variational-dropout 0.1,0.1,0.1",
            "--zoneout 0,-1",
            "--weight-drop NaN",
            "--cell-option projection",
            "--initialization chrono",
        ] {
            let words: Vec<&str> = words.split_whitespace().collect();
            let error = typed::<NetworkArgs>(&words, &[]).config(3).unwrap_err();
            assert!(error.to_string().contains(words[0]) || words[0] == "--initialization");
        }
    }
}
