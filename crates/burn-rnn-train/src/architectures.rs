//! The list of the cells that a network can be made of, and all that follows from it.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{
    Cell, CfnCell, CfnOptions, CoRnnCell, CoRnnOptions, CoupledLstmOptions, Direction,
    DirectionalState, FastGrnnCell, FastGrnnOptions, GruCell, GruOptions, IndRnnCell,
    IndRnnOptions, JanetCell, JanetOptions, Layer, LemCell, LemOptions, LstmCell, LstmOptions,
    MguCell, MguOptions, MinimalRnnCell, MinimalRnnOptions, NbrcCell, NbrcOptions,
    PeepholeLstmOptions, RanCell, RanOptions, Recurrent, RecurrentState, Sequences, SimpleCell,
    SimpleOptions, SlstmCell, SlstmOptions, StackedState, State, Stream, UgrnnCell, UgrnnOptions,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{NetworkConfig, TrainError};

/// Makes the enums of a list of cells, each with its architectures: what the command line shows, the architecture's name there and in
/// model files, and its options. The name of a cell stands in the names of a model's parameters.
macro_rules! networks {
    ($($network:ident($cell:ident) {
        $($(#[$doc:meta])* $architecture:ident($name:literal, $options:ident),)+
    })+) => {
        /// The architectures that a trainer offers, each in its usual form; [`NetworkConfig::cell`] has their other forms.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
        pub enum Architecture {
            $($(
                $(#[$doc])*
                #[serde(rename = $name)]
                #[value(name = $name)]
                $architecture,
            )+)+
        }

        impl Architecture {
            /// The name that the command line, model files and reports use.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$architecture => $name,)+)+
                }
            }
        }

        impl NetworkConfig {
            /// A network with fresh parameters.
            ///
            /// # Errors
            ///
            /// Where a size is zero or beyond sense, a probability is none, or the architecture does not take an option.
            pub fn init(&self, device: &Device) -> Result<Network, TrainError> {
                Ok(match self.architecture {
                    $($(Architecture::$architecture => {
                        Network::$network(self.recurrent::<$options>()?.try_init(device)?)
                    })+)+
                })
            }
        }

        /// A recurrent network of any [`Architecture`]; made by [`NetworkConfig`].
        #[derive(Module, Debug)]
        pub enum Network {
            $(
                #[doc = concat!("Of [`", stringify!($cell), "`](burn_rnn::", stringify!($cell), ")s.")]
                $network(Recurrent<$cell>),
            )+
        }

        /// The state of a [`Network`].
        #[derive(Clone, Debug)]
        pub enum NetworkState {
            $(
                #[doc = concat!("Of [`", stringify!($cell), "`](burn_rnn::", stringify!($cell), ")s.")]
                $network(RecurrentState<<$cell as Cell>::State>),
            )+
        }

        impl State for NetworkState {
            fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
                match self {
                    $(Self::$network(state) => Self::$network(state.map(f)),)+
                }
            }
        }

        impl NetworkState {
            /// The state for a network of the same kind that reads forward alone: the mean of both directions, layer by layer.
            #[must_use]
            pub fn one_direction(self) -> Self {
                match self {
                    $(Self::$network(state) => Self::$network(mean_of_directions(state)),)+
                }
            }
        }

        impl Network {
            /// The number of features that the network reads.
            pub fn d_input(&self) -> usize {
                match self {
                    $(Self::$network(network) => network.d_input(),)+
                }
            }

            /// The number of features that the network gives.
            pub fn d_output(&self) -> usize {
                match self {
                    $(Self::$network(network) => network.d_output(),)+
                }
            }

            /// The state before the first step: zeros, or what is learned.
            pub fn zero_state(&self, batch: usize) -> NetworkState {
                match self {
                    $(Self::$network(network) => NetworkState::$network(network.zero_state(batch)),)+
                }
            }

            /// Runs over sequences of unequal lengths in a direction, as [`Layer::run`].
            ///
            /// # Panics
            ///
            /// As [`Layer::run`], and where the state is that of another kind of network.
            pub fn run(
                &self,
                input: Tensor<3>,
                state: Option<NetworkState>,
                sequences: &Sequences,
                direction: Direction,
            ) -> (Tensor<3>, NetworkState) {
                match self {
                    $(Self::$network(network) => {
                        let state = state.map(|state| match state {
                            NetworkState::$network(state) => state,
                            _ => panic!(
                                "a state of another kind of network given to one of {}s",
                                stringify!($cell)
                            ),
                        });
                        let (output, state) = network.stack.run(input, state, sequences, direction);
                        (output, NetworkState::$network(state))
                    })+
                }
            }

            /// A stream of so many sequences side by side, from zeros.
            ///
            /// # Panics
            ///
            /// As [`Recurrent::stream`].
            pub fn stream(&self, batch: usize) -> NetworkStream {
                match self {
                    $(Self::$network(network) => NetworkStream::$network(network.stream(batch)),)+
                }
            }
        }

        /// A [`Network`] that runs step by step for a long time; made by [`Network::stream`].
        #[derive(Clone, Debug)]
        pub enum NetworkStream {
            $(
                #[doc = concat!("Of [`", stringify!($cell), "`](burn_rnn::", stringify!($cell), ")s.")]
                $network(Stream<$cell>),
            )+
        }

        impl NetworkStream {
            /// One step, row by row: `batch · d_input` to `batch · d_output`.
            ///
            /// # Panics
            ///
            /// As [`Stream::step_floats`].
            pub fn step_floats(&mut self, x_t: &[f32]) -> &[f32] {
                match self {
                    $(Self::$network(stream) => stream.step_floats(x_t),)+
                }
            }
        }
    };
}

networks! {
    Simple(SimpleCell) {
        /// Elman's network with tanh
        Simple("simple", SimpleOptions),
    }
    Lstm(LstmCell) {
        /// The LSTM
        Lstm("lstm", LstmOptions),
        /// The LSTM with diagonal peepholes
        Peephole("peephole", PeepholeLstmOptions),
        /// The LSTM with coupled input and forget gates
        Coupled("coupled", CoupledLstmOptions),
    }
    Gru(GruCell) {
        /// The GRU, reset after the product
        Gru("gru", GruOptions),
    }
    IndRnn(IndRnnCell) {
        /// Units that see their own past alone (Li et al. 2018)
        IndRnn("indrnn", IndRnnOptions),
    }
    Ugrnn(UgrnnCell) {
        /// One update gate (Collins et al. 2017)
        Ugrnn("ugrnn", UgrnnOptions),
    }
    Janet(JanetCell) {
        /// The LSTM with a forget gate alone (van der Westhuizen & Lasenby 2018)
        Janet("janet", JanetOptions),
    }
    Mgu(MguCell) {
        /// The minimal gated unit (Zhou et al. 2016)
        Mgu("mgu", MguOptions),
    }
    Ran(RanCell) {
        /// The recurrent additive network (Lee et al. 2017)
        Ran("ran", RanOptions),
    }
    Cfn(CfnCell) {
        /// The chaos-free network (Laurent & von Brecht 2017)
        Cfn("cfn", CfnOptions),
    }
    MinimalRnn(MinimalRnnCell) {
        /// An embedding and one update gate (Chen 2017)
        MinimalRnn("minimal-rnn", MinimalRnnOptions),
    }
    CoRnn(CoRnnCell) {
        /// Coupled oscillators (Rusch & Mishra 2021)
        CoRnn("cornn", CoRnnOptions),
    }
    Lem(LemCell) {
        /// Long expressive memory (Rusch et al. 2022)
        Lem("lem", LemOptions),
    }
    FastGrnn(FastGrnnCell) {
        /// One matrix for gate and candidate (Kusupati et al. 2018)
        FastGrnn("fastgrnn", FastGrnnOptions),
    }
    Nbrc(NbrcCell) {
        /// The neuromodulated bistable cell (Vecoven et al. 2021)
        Nbrc("nbrc", NbrcOptions),
    }
    Slstm(SlstmCell) {
        /// The LSTM with exponential gates and heads (Beck et al. 2024)
        Slstm("slstm", SlstmOptions),
    }
}

fn mean_of_directions<S: State>(
    state: StackedState<DirectionalState<S>>,
) -> StackedState<DirectionalState<S>> {
    let layers = state.layers.into_iter().map(|layer| DirectionalState {
        forward: match layer.backward {
            Some(backward) => mean(layer.forward, backward),
            None => layer.forward,
        },
        backward: None,
    });
    StackedState {
        layers: layers.collect(),
    }
}

fn mean<S: State>(one: S, other: S) -> S {
    let mut others = Vec::new();
    other.map(&mut |tensor| {
        others.push(tensor.clone());
        tensor
    });
    let mut others = others.into_iter();
    one.map(&mut |tensor| {
        let other = others.next().expect("both are of one kind of cell");
        (tensor + other) * 0.5
    })
}
