//! Keras: files of weights and of whole models in.

mod activations;
mod archive;
mod attributes;
mod config;
mod cudnn;
mod elements;
mod errors;
mod find;
mod layouts;
mod names;
mod objects;
mod open;
mod options;
mod read;
mod settings;
mod unsaid;
mod window;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Device, Tensor};

use self::find::{Found, find};
use self::open::Opened;
use self::read::{Budget, Reader};
use self::unsaid::Unsaid;
use super::array::Array;
use super::error::{WeightsError, WeightsErrorKind};
use super::import::{Import, NamedNetwork, UnmappedTensor};
use super::layout::{Orientation, read_tensor};
use super::linear::linear;
use super::network::AnyNetwork;
use crate::weights::range::in_range;
use crate::{Activation, Gru, Lstm, Merge, SimpleRnn};

/// A file of Keras: `.keras`, `.weights.h5`, or the `.h5`/`.hdf5` of Keras 2, a whole model or weights alone. The content says which.
///
/// ```no_run
/// use burn::tensor::Device;
/// use burn_rnn::weights::KerasFile;
///
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// let device = Device::default();
/// let file = KerasFile::open("tagger.keras")?;
/// let lstm = file.lstm("bidirectional", &device)?;
/// let head = file.dense("dense", &device)?;
/// # Ok(())
/// # }
/// ```
///
/// Each `SimpleRNN`, `LSTM`, `GRU`, `CuDNNLSTM`, `CuDNNGRU`, `RNN` of their cells, and `Bidirectional` of any of these is a network of its
/// own, called as the layer is: between two layers of a model there may be anything, and what follows a layer that gives its last output
/// alone is not its next layer. [`lstm_stack`](KerasFile::lstm_stack) and its like make one network of layers that do follow each other;
/// `StackedRNNCells` of one kind are one of as many layers.
///
/// Numbers stay what they are, but for the sign of a GRU's update gate, which turns. The networks give the outputs of all steps;
/// `return_sequences=False` is the last one. Dropout is for training alone and not in files of weights.
///
/// A `.weights.h5`, and a file of Keras 2 without the model, say nothing about functions and merging: [`with_activations`] and
/// [`with_merge`] do.
///
/// Numbers are read when a network or tensor is asked for, straight into it. Reading takes at most four times the memory of the file, or
/// 16 MiB for small ones; files that would take more are refused, and so are links, compression and anything else that Keras never writes.
///
/// [`with_activations`]: KerasFile::with_activations
/// [`with_merge`]: KerasFile::with_merge
pub struct KerasFile {
    path: PathBuf,
    opened: Opened,
    unsaid: Unsaid,
}

impl core::fmt::Debug for KerasFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KerasFile")
            .field("path", &self.path)
            .field("tensors", &self.opened.objects.tensors.len())
            .finish_non_exhaustive()
    }
}

impl KerasFile {
    /// Opens a file and reads the names, shapes and types of its tensors, and the settings of its model.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is of no such format, is cut off or damaged, or would take too much memory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let opened = Opened::open(path).map_err(|error| error.in_file(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            opened,
            unsaid: Unsaid {
                activation: Activation::Tanh,
                recurrent_activation: Activation::Sigmoid,
                merge: Merge::Concat,
                reversed_inputs: false,
            },
        })
    }

    /// Says which functions layers have that the file says nothing about: Keras' `activation` and `recurrent_activation`. Tanh and sigmoid
    /// unless said; before TensorFlow 2 the default of Keras was [`HARD_SIGMOID`](Activation::HARD_SIGMOID).
    #[must_use]
    pub fn with_activations(
        mut self,
        activation: Activation,
        recurrent_activation: Activation,
    ) -> Self {
        self.unsaid.activation = activation;
        self.unsaid.recurrent_activation = recurrent_activation;
        self
    }

    /// Says how the outputs of two directions become one where the file says nothing about it; side by side unless said.
    #[must_use]
    pub fn with_merge(mut self, merge: Merge) -> Self {
        self.unsaid.merge = merge;
        self
    }

    /// Says that the caller reverses the input of layers with `go_backwards=True`, which are refused otherwise: `input.flip([1])` for
    /// sequences with the batch first. The outputs then come in the order in which Keras gives them, that of the last step first.
    #[must_use]
    pub fn with_reversed_inputs(mut self) -> Self {
        self.unsaid.reversed_inputs = true;
        self
    }

    /// The paths of all tensors in the file, in their alphabetical order, without the state of an optimizer.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.opened.tensors().map(|(name, _)| name)
    }

    /// The shape of a tensor as the file has it, where there is one of this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        let path = names::resolve(&self.opened, name)?;
        Some(&self.opened.stored(&path)?.shape)
    }

    /// The names of the recurrent layers: in the order of the model where the file has it. Where two have one name it is their path.
    pub fn networks(&self) -> impl Iterator<Item = String> {
        find(&self.opened).into_iter().map(|found| found.name)
    }

    /// The simple network of a layer, by its name or its path.
    ///
    /// # Errors
    ///
    /// Where there is none, its settings have no counterpart here, or tensors are missing or do not fit.
    pub fn simple_rnn(&self, layer: &str, device: &Device) -> Result<SimpleRnn, WeightsError> {
        self.simple_rnn_stack(&[layer], device)
    }

    /// The LSTM of a layer, by its name or its path.
    ///
    /// # Errors
    ///
    /// Where there is none, its settings have no counterpart here, or tensors are missing or do not fit.
    pub fn lstm(&self, layer: &str, device: &Device) -> Result<Lstm, WeightsError> {
        self.lstm_stack(&[layer], device)
    }

    /// The GRU of a layer, by its name or its path.
    ///
    /// # Errors
    ///
    /// Where there is none, its settings have no counterpart here, or tensors are missing or do not fit.
    pub fn gru(&self, layer: &str, device: &Device) -> Result<Gru, WeightsError> {
        self.gru_stack(&[layer], device)
    }

    /// One simple network of layers that follow each other directly, the one that reads the input first.
    ///
    /// # Errors
    ///
    /// As [`simple_rnn`](KerasFile::simple_rnn), and where the layers do not fit onto each other.
    pub fn simple_rnn_stack(
        &self,
        layers: &[&str],
        device: &Device,
    ) -> Result<SimpleRnn, WeightsError> {
        self.stack(layers, device, AnyNetwork::into_simple_rnn)
    }

    /// One LSTM of layers that follow each other directly, the one that reads the input first.
    ///
    /// # Errors
    ///
    /// As [`lstm`](KerasFile::lstm), and where the layers do not fit onto each other.
    pub fn lstm_stack(&self, layers: &[&str], device: &Device) -> Result<Lstm, WeightsError> {
        self.stack(layers, device, AnyNetwork::into_lstm)
    }

    /// One GRU of layers that follow each other directly, the one that reads the input first.
    ///
    /// # Errors
    ///
    /// As [`gru`](KerasFile::gru), and where the layers do not fit onto each other.
    pub fn gru_stack(&self, layers: &[&str], device: &Device) -> Result<Gru, WeightsError> {
        self.stack(layers, device, AnyNetwork::into_gru)
    }

    fn stack<N>(
        &self,
        layers: &[&str],
        device: &Device,
        into: impl FnOnce(AnyNetwork) -> Result<N, WeightsError>,
    ) -> Result<N, WeightsError> {
        let all = find(&self.opened);
        let read = || {
            let found = layers.iter().map(|name| named(&all, name));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            let (network, _) = self.reader().read(&found, device)?;
            into(network)
        };
        read().map_err(|error| error.in_file(&self.path))
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            opened: &self.opened,
            unsaid: &self.unsaid,
            budget: Budget::of(&self.opened),
        }
    }

    /// All recurrent layers of the file, a network each, and what is left of it.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of them has settings without a counterpart here or does not fit together.
    pub fn import(&self, device: &Device) -> Result<Import, WeightsError> {
        self.import_all(device)
            .map_err(|error| error.in_file(&self.path))
    }

    fn import_all(&self, device: &Device) -> Result<Import, WeightsError> {
        let mut import = Import::default();
        let reader = self.reader();
        for found in find(&self.opened) {
            let (network, mut mapped) = reader.read(&[&found], device)?;
            import.assumed.extend(self.unsaid.assumed(&found));
            let name = found.name;
            import.networks.push(NamedNetwork { name, network });
            import.mapped.append(&mut mapped);
        }
        if import.networks.is_empty() {
            let count = self.opened.tensors().count();
            return Err(WeightsErrorKind::Nothing {
                reason: format!(
                    "none of its {count} tensors is the recurrent kernel of a SimpleRNN, LSTM or GRU"
                ),
            }
            .into());
        }
        // Halves of a bias are called `bias[0]` and `bias[1]`.
        let whole = |tensor: &str| tensor.split('[').next().map(String::from);
        let mapped: BTreeSet<String> = (import.mapped.iter())
            .filter_map(|tensor| whole(&tensor.tensor))
            .collect();
        let left = self
            .opened
            .tensors()
            .filter(|(path, _)| !mapped.contains(*path));
        let unmapped = left.map(|(path, stored)| UnmappedTensor {
            name: path.into(),
            shape: stored.shape.clone(),
            element: stored.element.clone(),
        });
        import.unmapped = unmapped.collect();
        Ok(import)
    }

    /// A tensor of floats as the file has it, in the float type of the device: by its path, or by the names of its layer and variable, for
    /// instance `dense/kernel`, `embedding/embeddings`, `normalization/gamma`.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, it has another number of dimensions than asked for, or is of no floats.
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        let read = || {
            let array = self.array(name, "was asked for", D)?;
            Ok(Tensor::from_data(
                in_range(&array, read_tensor(&array)?, device)?,
                device,
            ))
        };
        read().map_err(|error: WeightsError| error.in_file(&self.path))
    }

    /// The `Dense` layer of a name, as Burn's: `[d_input, d_output]` in both. Its activation is not part of it.
    ///
    /// # Errors
    ///
    /// Where there is none, or kernel and bias do not fit.
    pub fn dense(&self, layer: &str, device: &Device) -> Result<Linear, WeightsError> {
        let read = || {
            let kernel = self.array(&format!("{layer}/kernel"), "the dense layer needs", 2)?;
            let bias = format!("{layer}/bias");
            let bias = match names::resolve(&self.opened, &bias) {
                Some(path) => Some(self.array(&path, "the dense layer needs", 1)?),
                None => None,
            };
            linear(&kernel, bias.as_ref(), Orientation::InOut, device)
        };
        read().map_err(|error: WeightsError| error.in_file(&self.path))
    }

    /// The `Embedding` layer of a name, as Burn's: `[entries, features]` in both.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn embedding(&self, layer: &str, device: &Device) -> Result<Embedding, WeightsError> {
        let name = format!("{layer}/embeddings");
        let read = || {
            let weight = self.array(&name, "the embedding needs", 2)?;
            Ok(Embedding {
                weight: Param::from_data(in_range(&weight, read_tensor(&weight)?, device)?, device),
            })
        };
        read().map_err(|error: WeightsError| error.in_file(&self.path))
    }

    fn array(&self, name: &str, needed_by: &str, rank: usize) -> Result<Array<'_>, WeightsError> {
        let path = names::resolve(&self.opened, name);
        let array = (self.opened).array(path.as_deref().unwrap_or(name), needed_by)?;
        if array.shape().len() != rank {
            return Err(WeightsErrorKind::Rank {
                tensor: name.into(),
                given: array.shape().to_vec(),
                expected: rank,
            }
            .into());
        }
        Ok(array)
    }
}

/// The layer of a name or a path.
fn named<'a, 'b>(all: &'b [Found<'a>], name: &str) -> Result<&'b Found<'a>, WeightsError> {
    let found = all
        .iter()
        .find(|found| found.name == name)
        .or_else(|| all.iter().find(|found| found.path == name));
    found.ok_or_else(|| {
        WeightsErrorKind::NoNetwork {
            name: name.into(),
            available: all
                .iter()
                .take(16)
                .map(|found| found.name.clone())
                .collect(),
        }
        .into()
    })
}
