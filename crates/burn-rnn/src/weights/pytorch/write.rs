//! Networks into a safetensors file that PyTorch loads.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use burn::nn::Linear;
use burn::tensor::{DType, Tensor, TensorData};
use safetensors::tensor::{Dtype, View};

use super::FORMAT;
use super::layouts::Kind;
use super::names::{Naming, dotted};
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::layout::to_little_endian;
use crate::weights::network::AnyNetwork;
use crate::weights::parts::{CellParts, NetworkParts, OptionsRef, cannot_hold, data};
use crate::weights::whole_file::write_whole;
use crate::{Activation, GruOptions, LstmOptions, Merge, Reset, SimpleOptions};

/// Writes networks and tensors as a state dict in safetensors, which `load_state_dict(strict=True)` accepts.
///
/// ```no_run
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// # let device = burn::tensor::Device::default();
/// use burn_rnn::LstmConfig;
/// use burn_rnn::weights::PytorchWriter;
///
/// let lstm = LstmConfig::new(8, 32).with_layers(2).with_bidirectional(true).init(&device);
/// PytorchWriter::new().network("rnn", lstm)?.save("tagger.safetensors")?;
/// # Ok(())
/// # }
/// ```
///
/// ```python
/// model.load_state_dict(safetensors.torch.load_file("tagger.safetensors"), strict=True)  # with model.rnn = nn.LSTM(8, 32, 2, bidirectional=True)
/// ```
///
/// A network with one bias is written with a second one of zeros, since PyTorch has two. What PyTorch has no module for is refused, with
/// the reason.
#[derive(Debug, Default)]
pub struct PytorchWriter {
    tensors: BTreeMap<String, TensorData>,
}

impl PytorchWriter {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A network as the `nn.RNN`, `nn.LSTM` or `nn.GRU` at a prefix; an empty one for a module that is not inside anything.
    ///
    /// # Errors
    ///
    /// Where PyTorch has no such module, or the name is taken.
    pub fn network(
        self,
        prefix: &str,
        network: impl Into<AnyNetwork>,
    ) -> Result<Self, WeightsError> {
        self.add(prefix, &network.into(), Naming::Module)
    }

    /// A network of one layer in one direction as the `nn.RNNCell`, `nn.LSTMCell` or `nn.GRUCell` at a prefix.
    ///
    /// # Errors
    ///
    /// Where it has more layers or directions or a projection, PyTorch has no such cell, or the name is taken.
    pub fn cell(self, prefix: &str, network: impl Into<AnyNetwork>) -> Result<Self, WeightsError> {
        self.add(prefix, &network.into(), Naming::Cell)
    }

    /// A linear layer as the `nn.Linear` at a prefix.
    ///
    /// # Errors
    ///
    /// Where the name is taken.
    pub fn linear(mut self, prefix: &str, linear: &Linear) -> Result<Self, WeightsError> {
        let prefix = dotted(prefix);
        let weight = Kind::Rnn.layout().write_plain(&data(&linear.weight));
        self.insert(format!("{prefix}weight"), weight)?;
        if let Some(bias) = &linear.bias {
            self.insert(format!("{prefix}bias"), data(bias))?;
        }
        Ok(self)
    }

    /// A tensor as it is.
    ///
    /// # Errors
    ///
    /// Where the name is taken.
    pub fn tensor<const D: usize>(
        mut self,
        name: &str,
        tensor: Tensor<D>,
    ) -> Result<Self, WeightsError> {
        self.insert(name.into(), tensor.into_data())?;
        Ok(self)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; a file that was there stays then.
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), WeightsError> {
        let path = path.as_ref();
        let views = self.tensors.iter();
        let views = views.map(|(name, data)| Ok((name.as_str(), Written::new(name, data)?)));
        let views: Vec<_> = views.collect::<Result<_, WeightsError>>()?;
        // As `safetensors.torch` writes it; transformers asks for it.
        let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
        let bytes = safetensors::serialize(views, Some(metadata));
        // A header of more than 100 MB is the one thing that can be wrong.
        let written = match bytes {
            Ok(bytes) => write_whole(path, &bytes),
            Err(error) => Err(WeightsErrorKind::Write(io::Error::other(error)).into()),
        };
        written.map_err(|error| error.in_file(path))
    }

    fn add(
        mut self,
        prefix: &str,
        network: &AnyNetwork,
        naming: Naming,
    ) -> Result<Self, WeightsError> {
        let prefix = dotted(prefix);
        let name = prefix.trim_end_matches('.');
        let parts = network.parts(name, FORMAT)?;
        let kind = check(&parts, naming).map_err(|reason| cannot_hold(name, FORMAT, reason))?;
        for (index, layer) in parts.layers.iter().enumerate() {
            let cells = [Some(&layer.forward), layer.backward.as_ref()];
            for (cell, backward) in cells.into_iter().zip([false, true]) {
                let Some(cell) = cell else { continue };
                for (parameter, data) in cell_tensors(cell, kind) {
                    self.insert(naming.name(&prefix, parameter, index, backward), data)?;
                }
            }
        }
        Ok(self)
    }

    fn insert(&mut self, name: String, data: TensorData) -> Result<(), WeightsError> {
        if self.tensors.contains_key(&name) {
            return Err(WeightsErrorKind::Taken { tensor: name }.into());
        }
        self.tensors.insert(name, data);
        Ok(())
    }
}

/// A tensor as safetensors takes it.
struct Written<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Cow<'a, [u8]>,
}

impl<'a> Written<'a> {
    fn new(name: &str, data: &'a TensorData) -> Result<Self, WeightsError> {
        let (dtype, size) = match data.dtype() {
            DType::F64 => (Dtype::F64, 8),
            DType::F32 | DType::Flex32 => (Dtype::F32, 4),
            DType::F16 => (Dtype::F16, 2),
            DType::BF16 => (Dtype::BF16, 2),
            given => {
                return Err(WeightsErrorKind::CannotHoldType {
                    tensor: name.into(),
                    given,
                    format: FORMAT,
                }
                .into());
            }
        };
        Ok(Self {
            dtype,
            shape: data.shape().as_slice(),
            bytes: to_little_endian(data.as_bytes(), size),
        })
    }
}

impl View for Written<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The tensors of a cell by PyTorch's names.
fn cell_tensors(cell: &CellParts<'_>, kind: Kind) -> Vec<(&'static str, TensorData)> {
    let layout = kind.layout();
    let d_hidden = cell.d_hidden;
    let mut tensors = vec![
        (
            "weight_ih",
            layout.write_matrix(&data(cell.w_input), d_hidden),
        ),
        (
            "weight_hh",
            layout.write_matrix(&data(cell.w_hidden), d_hidden),
        ),
    ];
    if let Some(bias) = cell.bias {
        let bias = data(bias);
        let hidden = match cell.bias_hidden.map(data) {
            Some(hidden) if hidden.shape() == bias.shape() => layout.write_bias(&hidden, d_hidden),
            hidden => one_block(&bias, hidden),
        };
        tensors.push(("bias_ih", layout.write_bias(&bias, d_hidden)));
        tensors.push(("bias_hh", hidden));
    }
    if let Some(w_project) = cell.w_project {
        tensors.push(("weight_hr", layout.write_plain(&data(w_project))));
    }
    tensors
}

/// A second bias of zeros, but for the last block where there is one: that of a GRU inside its reset product.
fn one_block(bias: &TensorData, last: Option<TensorData>) -> TensorData {
    let mut bytes = vec![0; bias.bytes().len()];
    if let Some(last) = last {
        let start = bytes.len() - last.bytes().len();
        bytes[start..].copy_from_slice(last.as_bytes());
    }
    TensorData::from_bytes_vec(bytes, bias.shape().clone(), bias.dtype())
}

/// What PyTorch calls the network, or why it has none like it.
fn check(parts: &NetworkParts<'_>, naming: Naming) -> Result<Kind, String> {
    let first = parts.layers.first().ok_or("it has no layers")?;
    let kind = check_options(first.forward.options)?;
    if naming == Naming::Cell {
        if parts.layers.len() > 1 || first.backward.is_some() {
            return Err("a cell is one layer in one direction; write it as a network".into());
        }
        if first.forward.w_project.is_some() {
            return Err("nn.LSTMCell has no projection; write it as a network".into());
        }
    }
    let sizes = |cell: &CellParts<'_>| (cell.d_hidden, cell.d_output, cell.bias.is_some());
    for (index, layer) in parts.layers.iter().enumerate() {
        if layer.backward.is_some() != first.backward.is_some() {
            return Err(format!(
                "layer {index} runs in other directions than layer 0, and PyTorch's layers are all alike"
            ));
        }
        if layer.backward.is_some() && layer.merge != Merge::Concat {
            return Err(format!(
                "its directions are merged by {:?}, and PyTorch concatenates",
                layer.merge
            ));
        }
        for cell in core::iter::once(&layer.forward).chain(&layer.backward) {
            check_options(cell.options)?;
            if let (OptionsRef::Simple(one), OptionsRef::Simple(other)) =
                (first.forward.options, cell.options)
                && one.activation != other.activation
            {
                return Err("its layers have different activations, and nn.RNN has one".into());
            }
            if sizes(cell) != sizes(&first.forward) {
                return Err(format!(
                    "layer {index} has (units, outputs, biases) {:?} and layer 0 {:?}, and PyTorch's layers are all alike",
                    sizes(cell),
                    sizes(&first.forward)
                ));
            }
        }
    }
    Ok(kind)
}

fn check_options(options: OptionsRef<'_>) -> Result<Kind, String> {
    match options {
        OptionsRef::Simple(options) => {
            let SimpleOptions {
                activation,
                clip,
                bias_hidden: _,
            } = options;
            if !matches!(activation, Activation::Tanh | Activation::Relu) {
                return Err(format!(
                    "its activation is {activation:?}, and nn.RNN has Tanh and Relu"
                ));
            }
            no_clip("clip", *clip)?;
            Ok(Kind::Rnn)
        }
        OptionsRef::Lstm(options) => {
            no_clip("clip", options.clip)?;
            no_clip("cell_clip", options.cell_clip)?;
            // What is left has to be the plain LSTM.
            let plain = LstmOptions {
                projection: options.projection,
                bias_hidden: options.bias_hidden,
                ..LstmOptions::default()
            };
            if *options == plain {
                return Ok(Kind::Lstm);
            }
            let differences = [
                ("peepholes", options.peephole != plain.peephole),
                ("coupled gates", options.coupling != plain.coupling),
                (
                    "gates or activations switched off",
                    [options.input_gate, options.forget_gate, options.output_gate].contains(&false)
                        || [options.input_activation, options.output_activation].contains(&false),
                ),
            ];
            let named = differences.iter().find(|(_, differs)| *differs);
            let what = named.map_or("other activations", |(what, _)| what);
            Err(format!("it has {what}, and nn.LSTM has none"))
        }
        OptionsRef::Gru(options) => {
            no_clip("clip", options.clip)?;
            if options.reset == Reset::BeforeProduct {
                return Err(
                    "its reset gate stands before the product, and nn.GRU's after it".into(),
                );
            }
            let plain = GruOptions {
                bias_hidden: options.bias_hidden,
                ..GruOptions::default()
            };
            if *options == plain {
                return Ok(Kind::Gru);
            }
            Err("it has other activations, and nn.GRU has none".into())
        }
    }
}

fn no_clip(what: &str, clip: Option<f32>) -> Result<(), String> {
    match clip {
        Some(clip) => Err(format!(
            "it has a {what} of {clip}, and PyTorch clips nothing"
        )),
        None => Ok(()),
    }
}
