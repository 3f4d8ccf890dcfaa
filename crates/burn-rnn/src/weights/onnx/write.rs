//! Networks into a model that any runtime of ONNX runs.

use std::path::Path;

use burn::module::Param;
use burn::tensor::Tensor;

use super::FORMAT;
use super::encode::{FloatType, GraphMessage};
use super::layouts::Kind;
use super::wire::Message;
use super::write_graph::Writing;
use crate::Head;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::network::AnyNetwork;
use crate::weights::parts::{cannot_hold, data};
use crate::weights::whole_file::write_whole;

/// The most bytes of a message of protocol buffers, which a model without external data is.
const LARGEST: u64 = i32::MAX as u64;

/// Writes networks as a model of ONNX: one `RNN`, `LSTM` or `GRU` node a layer, with a dynamic batch and time.
///
/// ```no_run
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// # let device = burn::tensor::Device::default();
/// use burn_rnn::weights::OnnxWriter;
/// use burn_rnn::{HeadConfig, LstmConfig};
///
/// let lstm = LstmConfig::new(8, 32).with_layers(2).init(&device);
/// let head = HeadConfig::new(32, 5).init(&device);
/// OnnxWriter::new().network_with_head("tagger", lstm, &head)?.save("tagger.onnx")?;
/// # Ok(())
/// # }
/// ```
///
/// ```python
/// session = onnxruntime.InferenceSession("tagger.onnx")
/// [output] = session.run(["tagger.output"], {"tagger.input": x})  # [batch, time, features], as the network has it
/// ```
///
/// | name | what | shape |
/// |---|---|---|
/// | `tagger.input` | the sequences | `[batch, time, features]`, or with the time first where the network has it |
/// | `tagger.initial_h_l0`, `tagger.initial_c_l0` | the initial state of a layer; may be left out, which is zeros | `[directions, batch, hidden]` |
/// | `tagger.output` | the outputs, behind the head where there is one | as the input |
/// | `tagger.final_h_l0`, `tagger.final_c_l0` | the final state of a layer | `[directions, batch, hidden]` |
///
/// What works in training alone, dropout and other regularizers, is left out. What ONNX has no operator for is refused, with the reason.
#[derive(Default)]
pub struct OnnxWriter {
    graph: GraphMessage,
    names: Vec<String>,
}

impl core::fmt::Debug for OnnxWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OnnxWriter")
            .field("networks", &self.names)
            .finish_non_exhaustive()
    }
}

impl OnnxWriter {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A network by a name, which its inputs and outputs begin with, with a dot; without one where the name is empty. It is the name of the
    /// first layer's node, too, by which [`OnnxFile`](crate::weights::OnnxFile) finds the network again: of one without, `RNN`, `LSTM` or `GRU`.
    ///
    /// # Errors
    ///
    /// Where ONNX has no such network, or the name is taken.
    pub fn network(self, name: &str, network: impl Into<AnyNetwork>) -> Result<Self, WeightsError> {
        self.add(name, &network.into(), None)
    }

    /// A network with a head behind it.
    ///
    /// # Errors
    ///
    /// Where ONNX has no such network, the head does not read what the network gives, or the name is taken.
    pub fn network_with_head(
        self,
        name: &str,
        network: impl Into<AnyNetwork>,
        head: &Head,
    ) -> Result<Self, WeightsError> {
        self.add(name, &network.into(), Some(head))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Where there is no network in it, it is larger than ONNX allows, or it cannot be written; a file that was there stays then.
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), WeightsError> {
        let path = path.as_ref();
        let write = || {
            let model = self.model()?;
            write_whole(path, model.as_bytes())
        };
        write().map_err(|error| error.in_file(path))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// Where there is no network in it, or it is larger than ONNX allows.
    pub fn to_bytes(self) -> Result<Vec<u8>, WeightsError> {
        Ok(self.model()?.as_bytes().to_vec())
    }

    fn model(&self) -> Result<Message, WeightsError> {
        if self.names.is_empty() {
            return Err(WeightsErrorKind::Nothing {
                reason: "no network was given to be written".into(),
            }
            .into());
        }
        let model = self.graph.model();
        let given = model.as_bytes().len() as u64;
        if given > LARGEST {
            return Err(WeightsErrorKind::TooLarge {
                what: "the model".into(),
                given,
                limit: LARGEST,
            }
            .into());
        }
        Ok(model)
    }

    fn add(
        mut self,
        name: &str,
        network: &AnyNetwork,
        head: Option<&Head>,
    ) -> Result<Self, WeightsError> {
        let label = match (name, network) {
            ("", AnyNetwork::SimpleRnn(_)) => Kind::Rnn.op(),
            ("", AnyNetwork::Lstm(_)) => Kind::Lstm.op(),
            ("", AnyNetwork::Gru(_)) => Kind::Gru.op(),
            (name, _) => name,
        };
        if self.names.iter().any(|taken| taken == label) {
            let tensor = label.into();
            return Err(WeightsErrorKind::Taken { tensor }.into());
        }
        let parts = network.parts(name, FORMAT)?;
        let refuse = |reason: String| cannot_hold(name, FORMAT, reason);
        let Some(first) = parts.layers.first() else {
            return Err(refuse("it has no layers".into()));
        };
        if let Some(head) = head {
            let reads = head.linear.weight.lazy_shape()[0];
            let gives = network.d_output();
            if reads != gives {
                return Err(refuse(format!(
                    "its head reads {reads} features, and it gives {gives}"
                )));
            }
        }
        let prefix = match name {
            "" => String::new(),
            name => format!("{name}."),
        };
        let ty = float_type(&format!("{prefix}w_input"), first.forward.w_input)?;
        let mut writing = Writing {
            graph: &mut self.graph,
            prefix,
            label: label.into(),
            ty,
            batch_first: parts.batch_first,
        };
        writing.network(&parts, head).map_err(refuse)?;
        self.names.push(label.into());
        Ok(self)
    }
}

fn float_type<const D: usize>(
    name: &str,
    parameter: &Param<Tensor<D>>,
) -> Result<FloatType, WeightsError> {
    FloatType::of(name, data(parameter).dtype())
}
