//! The network that has to remember.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{Head, HeadConfig, Initialization};
use burn_rnn_data::MemoryProblem;
use serde::{Deserialize, Serialize};

use crate::{Network, NetworkConfig, TrainError};

/// A recurrent network, and a head that gives a value or one logit a class.
#[derive(Module, Debug)]
pub struct MemoryModel {
    /// The recurrent network.
    pub network: Network,
    /// From the hidden state to the answer.
    pub head: Head,
}

/// All that is needed beside the weights to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemorySettings {
    /// The problem.
    pub problem: MemoryProblem,
    /// The recurrent network.
    pub network: NetworkConfig,
    /// How its parameters are drawn.
    pub initialization: Initialization,
}

impl MemorySettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the problem makes no sense or the network does not fit it, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<MemoryModel, TrainError> {
        self.problem.validate()?;
        self.network.check_input(self.problem.features())?;
        let network = NetworkConfig {
            initialization: self.initialization.clone(),
            ..self.network.clone()
        }
        .init(device)?;
        let answers = self.problem.classes().unwrap_or(1);
        Ok(MemoryModel {
            head: HeadConfig::new(network.d_output(), answers).try_init(device)?,
            network,
        })
    }
}

impl MemoryModel {
    /// From sequences `[batch, time, features]` to what the head says at the last `answers` steps,
    /// `[batch, answers, classes]`, or `[batch, answers, 1]` where the answer is a value.
    pub fn forward(&self, inputs: Tensor<3>, answers: usize) -> Tensor<3> {
        let time = inputs.dims()[1];
        let (hidden, _) = self.network.forward(inputs, None);
        self.head.logits(hidden.narrow(1, time - answers, answers))
    }
}
