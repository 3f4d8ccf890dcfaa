//! All networks of a graph, and what is left of it.

use std::collections::BTreeSet;

use burn::tensor::Device;

use super::chain::chains;
use super::fold::Constants;
use super::graph::Recurrent;
use super::proto::Node;
use super::read;
use super::run::OnnxDirection;
use super::settings::Settings;
use super::starts::{SEQUENCE_LENS, other_starts};
use super::tensor::FileTensor;
use crate::weights::array::ElementType;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::{Import, NamedNetwork, UnmappedTensor, unused_name};

/// What an entry of a list takes beside its name.
const ENTRY: u64 = 128;

/// The networks of a graph, which constant came where, and everything that a network does not have: constants that nobody read, the
/// parameters of nodes that run against time alone, states that are neither zeros nor given from outside, and lengths.
pub(super) fn import(constants: &Constants<'_>, device: &Device) -> Result<Import, WeightsError> {
    let mut import = Import::default();
    let mut left = Left {
        constants,
        named: BTreeSet::new(),
        tensors: Vec::new(),
    };
    let nodes = &constants.graph.recurrent;
    for chain in chains(constants)? {
        let chain: Vec<&Recurrent<'_>> = chain.iter().map(|&index| &nodes[index]).collect();
        if Settings::read(chain[0])?.direction == OnnxDirection::Reverse {
            for name in chain[0].node.inputs.iter().skip(1) {
                left.add(chain[0].scope, name)?;
            }
            continue;
        }
        // In both branches of an `If`, for instance, two have one name.
        let is_taken = |name: &str| import.networks.iter().any(|network| network.name == name);
        let name = unused_name(chain[0].node.label(), is_taken);
        let (network, mut mapped) = read::network(&chain, &name, constants, device)?;
        import.networks.push(NamedNetwork { name, network });
        import.mapped.append(&mut mapped);
        for recurrent in chain {
            left.beside(recurrent)?;
        }
    }
    if import.networks.is_empty() {
        let reason = match nodes.len() {
            0 => "none of its nodes is an RNN, LSTM or GRU; what a function of the model has in it is seen after onnx.inliner, and PyTorch's newer \
                exporter takes some cells apart: export with dynamo=False"
                .into(),
            count => format!(
                "its {count} recurrent nodes run against time alone: take them as nodes, with `node`"
            ),
        };
        return Err(WeightsErrorKind::Nothing { reason }.into());
    }
    left.unread()?;
    import.unmapped = left.tensors;
    Ok(import)
}

/// What is left, as it is found.
struct Left<'c, 'a> {
    constants: &'c Constants<'a>,
    /// The values that are listed, with the index of their graph.
    named: BTreeSet<(usize, &'a str)>,
    tensors: Vec<UnmappedTensor>,
}

impl<'a> Left<'_, 'a> {
    /// Adds what a network does not have of a node.
    fn beside(&mut self, recurrent: &Recurrent<'a>) -> Result<(), WeightsError> {
        let constants = self.constants;
        if let Some(lengths) = recurrent.node.input(SEQUENCE_LENS) {
            self.add(recurrent.scope, lengths)?;
        }
        constants.tracks.set(false);
        let others = other_starts(recurrent, constants)?;
        constants.tracks.set(true);
        if others.is_empty() {
            // Zeros are what a network starts from: they are used.
            other_starts(recurrent, constants)?;
        }
        for name in others {
            self.add(recurrent.scope, name)?;
        }
        Ok(())
    }

    /// Adds a value by its name, whatever it is.
    fn add(&mut self, scope: usize, name: &'a str) -> Result<(), WeightsError> {
        if name.is_empty() {
            return Ok(());
        }
        let constants = self.constants;
        let found = constants.graph.find(scope, name);
        constants.tracks.set(false);
        let view = constants.find(scope, name).ok().flatten();
        constants.tracks.set(true);
        let (shape, element) = match view {
            Some(view) => (view.shape.clone(), view.element.element_type()),
            None => (
                Vec::new(),
                ElementType::Other("given or computed as it runs".into()),
            ),
        };
        self.push(found.map_or(scope, |found| found.0), name, shape, element)
    }

    fn push(
        &mut self,
        scope: usize,
        name: &'a str,
        shape: Vec<usize>,
        element: ElementType,
    ) -> Result<(), WeightsError> {
        if !self.named.insert((scope, name)) {
            return Ok(());
        }
        self.constants.budget.take(ENTRY + name.len() as u64)?;
        let name = name.into();
        self.tensors.push(UnmappedTensor {
            name,
            shape,
            element,
        });
        Ok(())
    }

    /// Adds the constants that nobody has read, but for lists of integers and the numbers that operators have as constants.
    fn unread(&mut self) -> Result<(), WeightsError> {
        let constants = self.constants;
        let used = constants.used.borrow();
        for (scope, name, tensor) in constants.graph.initializers() {
            let tensor = FileTensor::read(tensor)?;
            if used.contains(&(scope, name)) || tensor.is_list_of_ints() {
                continue;
            }
            let element = tensor.element_type();
            self.push(scope, name, tensor.shape, element)?;
        }
        for (scope, name, node) in constants.graph.outputs() {
            if used.contains(&(scope, name)) {
                continue;
            }
            let node = Node::read(node)?;
            if !node.standard || node.op != "Constant" {
                continue;
            }
            let Some(value) = node.attribute("value")? else {
                continue;
            };
            let tensor = FileTensor::read(value.tensor()?)?;
            if tensor.shape.is_empty() || tensor.is_list_of_ints() {
                continue;
            }
            let element = tensor.element_type();
            self.push(scope, name, tensor.shape, element)?;
        }
        Ok(())
    }
}
