//! PyTorch: checkpoints and safetensors in, safetensors out.

mod layouts;
mod names;
mod open;
mod pickle_guard;
mod read;
mod write;
mod zip_guard;

use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Device, Tensor};

use self::layouts::Kind;
use self::open::Tensors;
use self::read::Budget;
use super::error::{WeightsError, WeightsErrorKind};
use super::import::{Import, NamedNetwork, UnmappedTensor};
use super::layout::{Orientation, read_tensor};
use super::linear::linear;
use super::network::AnyNetwork;
use crate::weights::range::in_range;
use crate::{Activation, Gru, Lstm, SimpleRnn};

pub use write::PytorchWriter;

/// What messages call it.
const FORMAT: &str = "PyTorch";

/// A file of PyTorch's weights: `.pt` and `.pth` as `torch.save` writes them (since 1.6 and before), or safetensors. The content says
/// which.
///
/// A state dict, or a dict with a `state_dict`, `model_state_dict` or `model_state` in it, whose prefix is then left out of the names; what is
/// beside it keeps its own, but for the state of an optimizer, which is none of the model's. A whole model that was saved is read as its state
/// dict. Nothing in a file is executed. Recurrent modules are found by their prefix, alone or inside a
/// larger model, with any number of layers, in one or two directions, with a projection, with biases or none, and so are the cells.
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::weights::PytorchFile;
///
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// let device = Device::default();
/// let file = PytorchFile::open("tagger.pt")?;
/// let lstm = file.lstm("encoder.rnn", &device)?;
/// let head = file.linear("fc", &device)?;
/// let scale: Tensor<1> = file.tensor("scale", &device)?;
/// # Ok(())
/// # }
/// ```
///
/// Bytes are read when a network or tensor is asked for, straight into it. The networks have PyTorch's two biases, `bias` and
/// `bias_hidden`, so that every number stays what it is, but for the sign of a GRU's update gate, which turns; `batch_first`, dropout and
/// the activation of an `nn.RNN` are not in such files.
///
/// Reading takes at most four times the memory of the file, and 16 MiB; files that would take more are refused.
pub struct PytorchFile {
    path: PathBuf,
    tensors: Tensors,
}

impl core::fmt::Debug for PytorchFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PytorchFile")
            .field("path", &self.path)
            .field("tensors", &self.tensors.tensors.len())
            .finish_non_exhaustive()
    }
}

impl PytorchFile {
    /// Opens a file and reads the names, shapes and types of its tensors.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is of no such format, is cut off or damaged, or would take too much memory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let tensors = Tensors::open(path).map_err(|error| error.in_file(path))?;
        let path = path.to_path_buf();
        Ok(Self { path, tensors })
    }

    /// The names of all tensors, in their alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor as the file has it, where there is one of this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        let tensor = self.tensors.tensors.get(name)?;
        Some(&tensor.shape)
    }

    /// The prefixes of the recurrent modules and cells in the file, without the dot; empty for one that is not inside anything.
    pub fn networks(&self) -> impl Iterator<Item = &str> {
        read::modules(&self.tensors)
            .into_iter()
            .map(|module| module.name())
    }

    /// The `nn.RNN` or `nn.RNNCell` at a prefix, with the activation that it was made with, which the file does not have: `Tanh` unless
    /// the model said `nonlinearity="relu"`.
    ///
    /// # Errors
    ///
    /// Where there is none, or tensors are missing or do not fit.
    pub fn simple_rnn(
        &self,
        prefix: &str,
        activation: Activation,
        device: &Device,
    ) -> Result<SimpleRnn, WeightsError> {
        self.one(prefix, Kind::Rnn, activation, device)?
            .into_simple_rnn()
    }

    /// The `nn.LSTM` or `nn.LSTMCell` at a prefix.
    ///
    /// # Errors
    ///
    /// Where there is none, or tensors are missing or do not fit.
    pub fn lstm(&self, prefix: &str, device: &Device) -> Result<Lstm, WeightsError> {
        self.one(prefix, Kind::Lstm, Activation::Tanh, device)?
            .into_lstm()
    }

    /// The `nn.GRU` or `nn.GRUCell` at a prefix.
    ///
    /// # Errors
    ///
    /// Where there is none, or tensors are missing or do not fit.
    pub fn gru(&self, prefix: &str, device: &Device) -> Result<Gru, WeightsError> {
        self.one(prefix, Kind::Gru, Activation::Tanh, device)?
            .into_gru()
    }

    /// All recurrent networks of the file, and what is left of it. `rnn_activation` is that of every simple network.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of them does not fit together.
    pub fn import(
        &self,
        rnn_activation: Activation,
        device: &Device,
    ) -> Result<Import, WeightsError> {
        self.import_all(rnn_activation, device)
            .map_err(|error| error.in_file(&self.path))
    }

    fn import_all(
        &self,
        rnn_activation: Activation,
        device: &Device,
    ) -> Result<Import, WeightsError> {
        let mut import = Import::default();
        let budget = Budget::of(&self.tensors);
        for module in read::modules(&self.tensors) {
            let (network, mut mapped) = module.read(rnn_activation, &budget, device)?;
            let name = module.name().to_string();
            if module.kind()? == Kind::Rnn {
                let function = match rnn_activation {
                    Activation::Tanh => "tanh, the default of nn.RNN".into(),
                    other => format!("{other:?}"),
                };
                import.assumed.push(format!(
                    "the function of `{name}`, which PyTorch's files do not have: {function}"
                ));
            }
            import.networks.push(NamedNetwork { name, network });
            import.mapped.append(&mut mapped);
        }
        if import.networks.is_empty() {
            let count = self.tensors.tensors.len();
            return Err(WeightsErrorKind::Nothing {
                reason: format!(
                    "of its {count} tensors none is called `weight_ih_l0` or `weight_ih`"
                ),
            }
            .into());
        }
        let mapped: std::collections::BTreeSet<&str> =
            (import.mapped.iter().map(|tensor| tensor.tensor.as_str())).collect();
        let left = |(name, _): &(&String, _)| !mapped.contains(name.as_str());
        let left = self.tensors.tensors.iter().filter(left);
        let unmapped = left.map(|(name, tensor)| UnmappedTensor {
            name: name.clone(),
            shape: tensor.shape.clone(),
            element: tensor.element.clone(),
        });
        import.unmapped = unmapped.collect();
        Ok(import)
    }

    /// A tensor of floats as the file has it, in the float type of the device.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, it has another number of dimensions than asked for, or is of no floats.
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        self.tensor_of(name, device)
            .map_err(|error| error.in_file(&self.path))
    }

    fn tensor_of<const D: usize>(
        &self,
        name: &str,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let array = self.tensors.array(name, "was asked for")?;
        if array.shape().len() != D {
            return Err(WeightsErrorKind::Rank {
                tensor: name.into(),
                given: array.shape().to_vec(),
                expected: D,
            }
            .into());
        }
        Ok(Tensor::from_data(
            in_range(&array, read_tensor(&array)?, device)?,
            device,
        ))
    }

    /// The `nn.Linear` at a prefix, as Burn's: its weight is the transposed one.
    ///
    /// # Errors
    ///
    /// Where there is none, or weight and bias do not fit.
    pub fn linear(&self, prefix: &str, device: &Device) -> Result<Linear, WeightsError> {
        self.linear_of(prefix, device)
            .map_err(|error| error.in_file(&self.path))
    }

    fn linear_of(&self, prefix: &str, device: &Device) -> Result<Linear, WeightsError> {
        let prefix = names::dotted(prefix);
        let weight = self
            .tensors
            .array(&format!("{prefix}weight"), "the linear layer needs")?;
        let bias = format!("{prefix}bias");
        let bias = match self.tensors.tensors.contains_key(&bias) {
            true => Some(self.tensors.array(&bias, "the linear layer needs")?),
            false => None,
        };
        linear(&weight, bias.as_ref(), Orientation::OutIn, device)
    }

    /// The `nn.Embedding` at a prefix, as Burn's.
    ///
    /// # Errors
    ///
    /// Where there is none, or its weight is no matrix.
    pub fn embedding(&self, prefix: &str, device: &Device) -> Result<Embedding, WeightsError> {
        let name = format!("{}weight", names::dotted(prefix));
        let weight: Tensor<2> = self.tensor(&name, device)?;
        Ok(Embedding {
            weight: Param::from_tensor(weight),
        })
    }

    /// The network at a prefix, of the kind that was asked for.
    fn one(
        &self,
        prefix: &str,
        asked: Kind,
        activation: Activation,
        device: &Device,
    ) -> Result<AnyNetwork, WeightsError> {
        let name = names::dotted(prefix);
        let name = name.trim_end_matches('.');
        let read = || {
            let modules = read::modules(&self.tensors);
            let Some(module) = modules.iter().find(|module| module.name() == name) else {
                let names = modules.iter().map(|module| module.name().to_string());
                return Err(WeightsError::from(WeightsErrorKind::NoNetwork {
                    name: name.into(),
                    available: names.collect(),
                }));
            };
            let kind = module.kind()?;
            if kind != asked {
                return Err(WeightsErrorKind::Kind {
                    name: name.into(),
                    given: kind.name(),
                    expected: asked.name(),
                }
                .into());
            }
            let budget = Budget::of(&self.tensors);
            Ok(module.read(activation, &budget, device)?.0)
        };
        read().map_err(|error| error.in_file(&self.path))
    }
}
