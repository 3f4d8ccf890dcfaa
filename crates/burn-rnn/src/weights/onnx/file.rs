//! A model's file: networks, nodes and constants by name.

use std::cell::Cell;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::FORMAT;
use super::budget::{ALLOWANCE, Budget};
use super::chain::chains;
use super::external::Folder;
use super::fold::{Constants, Given};
use super::graph::{Graph, Recurrent};
use super::import::import;
use super::layouts::Kind;
use super::proto::Node;
use super::read;
use super::run::{OnnxDirection, OnnxNode};
use super::settings::Settings;
use super::view::Element;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::Import;
use crate::weights::layout::{read_tensor, to_little_endian};
use crate::weights::network::AnyNetwork;
use crate::weights::range::in_range;
use crate::weights::whole_file::open_whole;
use crate::{Gru, Lstm, SimpleRnn};

/// A model of ONNX: a `.onnx` file. The [guide](crate::guides::onnx) says what is read and what is not.
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::weights::OnnxFile;
///
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// let device = Device::default();
/// let file = OnnxFile::open("tagger.onnx")?;
/// let names = file.networks()?; // "/encoder/LSTM", for instance
/// let lstm = file.lstm(&names[0], &device)?;
/// let weight: Tensor<2> = file.tensor("fc.weight", &device)?;
/// # Ok(())
/// # }
/// ```
///
/// `RNN`, `LSTM` and `GRU` nodes are found by name, that of their first output where they have none, in the graph and in those within it
/// (the branches of an `If`). Nodes that follow each other are the layers of one network under the first one's name.
///
/// A network has the batch first where its node has (`layout` 1), else the time first. It has ONNX's two biases, `bias` and `bias_hidden`,
/// so that every number stays what it is, but for the sign of a GRU's update gate, which turns. Initial states and lengths are no weights:
/// they are given when a network is run, or belong to an [`OnnxNode`].
///
/// The file lies in memory; what is made of it takes at most three times as much, or 16 MiB for small ones.
pub struct OnnxFile {
    path: PathBuf,
    bytes: Vec<u8>,
    given: Vec<Given>,
}

impl core::fmt::Debug for OnnxFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OnnxFile")
            .field("path", &self.path)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl OnnxFile {
    /// Opens a model and reads its graph.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is no ONNX model, is cut off or damaged, or would take too much memory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let read = || -> Result<Vec<u8>, WeightsErrorKind> {
            let mut file = open_whole(path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)
                .map_err(WeightsErrorKind::Read)?;
            Ok(bytes)
        };
        let bytes = read().map_err(|kind| WeightsError::from(kind).in_file(path))?;
        Self::new(path.to_path_buf(), bytes)
    }

    /// A model that lies in memory. It cannot have data in other files.
    ///
    /// # Errors
    ///
    /// As [`open`](OnnxFile::open).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        Self::new(PathBuf::new(), bytes)
    }

    fn new(path: PathBuf, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let given = Vec::new();
        let file = Self { path, bytes, given };
        file.with_graph(|_| Ok(()))?;
        Ok(file)
    }

    /// Gives an input of the graph a value, as if it were a constant of the file: parameters that come from outside, as in ONNX's own
    /// node tests. Floats and integers of 32 and 64 bits.
    ///
    /// # Errors
    ///
    /// Where the graph has no such input, or the numbers are of another type.
    pub fn with_input(mut self, name: &str, data: TensorData) -> Result<Self, WeightsError> {
        self.with_graph(|constants| {
            if constants.graph.has_input(name) {
                return Ok(());
            }
            let inputs = constants.graph.inputs().iter();
            Err(WeightsErrorKind::Missing {
                tensor: name.into(),
                needed_by: "was given a value as an input of the graph".into(),
                available: inputs.take(8).map(|name| (*name).into()).collect(),
            }
            .into())
        })?;
        let element = match data.dtype() {
            DType::F64 => Element::F64,
            DType::F32 | DType::Flex32 => Element::F32,
            DType::F16 => Element::F16,
            DType::BF16 => Element::BF16,
            DType::I64 => Element::I64,
            DType::I32 => Element::I32,
            given => {
                return Err(WeightsErrorKind::CannotHoldType {
                    tensor: name.into(),
                    given,
                    format: FORMAT,
                }
                .into());
            }
        };
        self.given.retain(|given| given.name != name);
        self.given.push(Given {
            name: name.into(),
            element,
            shape: data.shape().to_vec(),
            bytes: to_little_endian(data.as_bytes(), element.size()).into_owned(),
        });
        Ok(self)
    }

    /// The names of the recurrent networks, each that of its first node, in the order of the file.
    ///
    /// # Errors
    ///
    /// Where nodes are damaged.
    pub fn networks(&self) -> Result<Vec<String>, WeightsError> {
        self.with_graph(|constants| {
            let chains = chains(constants)?.into_iter();
            let name = |chain: Vec<usize>| constants.graph.recurrent[chain[0]].node.label().into();
            Ok(chains.map(name).collect())
        })
    }

    /// The names of all recurrent nodes, in the order of the file.
    ///
    /// # Errors
    ///
    /// Never: the graph was read when the file was opened.
    pub fn nodes(&self) -> Result<Vec<String>, WeightsError> {
        self.with_graph(|constants| {
            let nodes = constants.graph.recurrent.iter();
            Ok(nodes
                .map(|recurrent| recurrent.node.label().into())
                .collect())
        })
    }

    /// The names of all initializers, the graph's and those of the graphs within it, each in their alphabetical order.
    ///
    /// # Errors
    ///
    /// Never: the graph was read when the file was opened.
    pub fn initializers(&self) -> Result<Vec<String>, WeightsError> {
        self.with_graph(|constants| {
            let names = constants
                .graph
                .initializers()
                .map(|(_, name, _)| name.into());
            Ok(names.collect())
        })
    }

    /// The simple network whose first node has a name.
    ///
    /// # Errors
    ///
    /// Where there is none, it runs against time alone, or tensors are missing or do not fit.
    pub fn simple_rnn(&self, name: &str, device: &Device) -> Result<SimpleRnn, WeightsError> {
        self.one(name, Kind::Rnn, device)?.into_simple_rnn()
    }

    /// The LSTM whose first node has a name.
    ///
    /// # Errors
    ///
    /// Where there is none, it runs against time alone, or tensors are missing or do not fit.
    pub fn lstm(&self, name: &str, device: &Device) -> Result<Lstm, WeightsError> {
        self.one(name, Kind::Lstm, device)?.into_lstm()
    }

    /// The GRU whose first node has a name.
    ///
    /// # Errors
    ///
    /// Where there is none, it runs against time alone, or tensors are missing or do not fit.
    pub fn gru(&self, name: &str, device: &Device) -> Result<Gru, WeightsError> {
        self.one(name, Kind::Gru, device)?.into_gru()
    }

    /// The node of a name, to be run as ONNX says, in whatever direction.
    ///
    /// # Errors
    ///
    /// Where there is none, or tensors are missing or do not fit.
    pub fn node(&self, name: &str, device: &Device) -> Result<OnnxNode, WeightsError> {
        self.with_graph(|constants| {
            let nodes = constants.graph.recurrent.iter();
            let mut found = nodes.filter(|recurrent| recurrent.node.label() == name);
            match found.next() {
                Some(recurrent) => read::node(recurrent, constants, device),
                None => Err(no_network(name, constants.graph.recurrent.iter())),
            }
        })
    }

    /// A constant of floats, an initializer or what is made of them, in the float type of the device.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, it has another number of dimensions than asked for, is of no floats, or no constant.
    pub fn tensor<const D: usize>(
        &self,
        name: &str,
        device: &Device,
    ) -> Result<Tensor<D>, WeightsError> {
        self.with_graph(|constants| {
            let view = constants.get(0, name, "was asked for")?;
            let array = constants.array(name, view)?;
            if array.shape().len() != D {
                return Err(read::rank(&array, D));
            }
            Ok(Tensor::from_data(
                in_range(&array, read_tensor(&array)?, device)?,
                device,
            ))
        })
    }

    /// All recurrent networks of the file, and what is left of it. Nodes that run against time alone are no networks on their own: their
    /// tensors are among those that are left, and so are lengths and initial states that are neither zeros nor given from outside, constants
    /// or not. Lists of integers, axes and sizes, are the graph's and not named. A name that two nodes have gets a number.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of them does not fit together.
    pub fn import(&self, device: &Device) -> Result<Import, WeightsError> {
        self.with_graph(|constants| import(constants, device))
    }

    /// The network of a name, of the kind that was asked for.
    fn one(&self, name: &str, asked: Kind, device: &Device) -> Result<AnyNetwork, WeightsError> {
        self.with_graph(|constants| {
            let nodes = &constants.graph.recurrent;
            let chains = chains(constants)?;
            let named = |chain: &&Vec<usize>| nodes[chain[0]].node.label() == name;
            let Some(chain) = chains.iter().find(named) else {
                let heads = chains.iter().map(|chain| &nodes[chain[0]]);
                return Err(no_network(name, heads));
            };
            let chain: Vec<&Recurrent<'_>> = chain.iter().map(|&index| &nodes[index]).collect();
            let settings = Settings::read(chain[0])?;
            if settings.kind != asked {
                return Err(WeightsErrorKind::Kind {
                    name: name.into(),
                    given: settings.kind.name(),
                    expected: asked.name(),
                }
                .into());
            }
            if settings.direction == OnnxDirection::Reverse {
                return Err(WeightsErrorKind::CannotRead {
                    what: format!("`{name}`"),
                    reason: "it runs against time alone, and a network runs with it: take it as a node, with `node`".into(),
                }
                .into());
            }
            Ok(read::network(&chain, name, constants, device)?.0)
        })
    }

    /// Calls `f` with the graph and its constants.
    fn with_graph<T>(
        &self,
        f: impl FnOnce(&Constants<'_>) -> Result<T, WeightsError>,
    ) -> Result<T, WeightsError> {
        let read = || {
            let graph = Graph::read(&self.bytes, ALLOWANCE)?;
            let given: usize = self.given.iter().map(|given| given.bytes.len()).sum();
            let parent = self.path.parent().map(|folder| match folder.as_os_str() {
                here if here.is_empty() => Path::new("."),
                _ => folder,
            });
            f(&Constants {
                graph: &graph,
                given: &self.given,
                folder: Folder::new(parent),
                budget: Budget::of((self.bytes.len() + given) as u64, graph.taken()),
                used: Default::default(),
                tracks: Cell::new(true),
            })
        };
        read().map_err(|error| match self.path.as_os_str().is_empty() {
            true => error,
            false => error.in_file(&self.path),
        })
    }
}

fn no_network<'a, 'b: 'a>(
    name: &str,
    nodes: impl Iterator<Item = &'a Recurrent<'b>>,
) -> WeightsError {
    let label = |node: &Node<'_>| node.label().to_string();
    let names = nodes.map(|recurrent| label(&recurrent.node));
    WeightsErrorKind::NoNetwork {
        name: name.into(),
        available: names.take(8).collect(),
    }
    .into()
}
