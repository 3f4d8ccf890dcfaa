//! The constants of a graph: initializers, and what operators make of them before anything is run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::budget::Budget;
use super::external::Folder;
use super::graph::{Graph, Producer};
use super::operators;
use super::proto::Node;
use super::tensor::FileTensor;
use super::view::{Data, Element, View};
use super::wire::malformed;
use crate::weights::array::Array;
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The most nodes between an initializer and what reads it. A cycle is longer than anything.
const LONGEST_CHAIN: usize = 64;

/// The work of a step at least, so that a graph of nothing ends, too.
const STEP: u64 = 256;

/// A value that was given for an input of the graph.
pub(super) struct Given {
    pub name: String,
    pub element: Element,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// Reads constants of a graph.
pub(super) struct Constants<'a> {
    pub graph: &'a Graph<'a>,
    pub given: &'a [Given],
    pub folder: Folder<'a>,
    pub budget: Budget,
    /// The initializers and `Constant`s that were read, with the index of their graph.
    pub used: RefCell<BTreeSet<(usize, &'a str)>>,
    /// Whether what is read counts as used.
    pub tracks: Cell<bool>,
}

impl<'a> Constants<'a> {
    /// The constant of a name; none where it is none, but something that is computed from what comes from outside.
    ///
    /// # Errors
    ///
    /// Where there is no such value, its numbers cannot be read, or the nodes before it make no sense.
    pub(super) fn find(&self, scope: usize, name: &str) -> Result<Option<View<'a>>, WeightsError> {
        self.find_at(scope, name, 0)
    }

    /// The constant of a name.
    ///
    /// # Errors
    ///
    /// As [`find`](Constants::find), and where it is none. `needed_by` is for the message.
    pub(super) fn get(
        &self,
        scope: usize,
        name: &str,
        needed_by: &str,
    ) -> Result<View<'a>, WeightsError> {
        self.find(scope, name)?.ok_or_else(|| {
            WeightsErrorKind::CannotRead {
                what: format!("`{name}`, which {needed_by}"),
                reason: "it is no constant: it comes from outside or is computed by other operators than Identity, Cast, Concat, Reshape, Slice, Squeeze, Transpose and Unsqueeze; run the model through onnxsim, or give an input's value with `with_input`".into(),
            }
            .into()
        })
    }

    /// The standard operator's node of this very graph that gives a value; none where something else does.
    ///
    /// # Errors
    ///
    /// Where the node cannot be read.
    pub(super) fn node(&self, scope: usize, name: &str) -> Result<Option<Node<'a>>, WeightsError> {
        let Some((found, Producer::Node(body))) = self.graph.find(scope, name) else {
            return Ok(None);
        };
        self.budget.work(64 + body.len() as u64)?;
        let node = Node::read(body)?;
        Ok((found == scope && node.standard).then_some(node))
    }

    fn find_at(
        &self,
        scope: usize,
        name: &str,
        depth: usize,
    ) -> Result<Option<View<'a>>, WeightsError> {
        self.budget.work(STEP)?;
        if depth > LONGEST_CHAIN {
            return Err(malformed(format!(
                "more than {LONGEST_CHAIN} nodes follow each other before `{name}`, or they form a cycle"
            )));
        }
        if let Some(given) = self.given.iter().find(|given| given.name == name) {
            let view = View::whole(given.element, given.shape.clone(), Data::File(&given.bytes));
            return Ok(view);
        }
        match self.graph.find(scope, name) {
            None => Err(WeightsErrorKind::Missing {
                tensor: name.into(),
                needed_by: "a node reads".into(),
                available: self.similar(name),
            }
            .into()),
            Some((_, Producer::Input)) => Ok(None),
            Some((scope, Producer::Initializer(body))) => {
                let tensor = FileTensor::read(body)?;
                self.budget.work(tensor.work())?;
                self.uses(scope, tensor.name);
                let view = tensor.view(name, &self.folder, &self.budget)?;
                Ok(Some(view))
            }
            Some((scope, Producer::Node(body))) => {
                self.budget.work(body.len() as u64)?;
                let node = Node::read(body)?;
                self.compute(scope, &node, depth)
            }
        }
    }

    /// What a node makes of constants; none where it is no operator that is folded, or reads something else.
    fn compute(
        &self,
        scope: usize,
        node: &Node<'a>,
        depth: usize,
    ) -> Result<Option<View<'a>>, WeightsError> {
        if !node.standard {
            return Ok(None);
        }
        if node.op == "Constant" {
            let constant = self.constant(node)?;
            if constant.is_some() {
                self.uses(scope, node.outputs.first().copied().unwrap_or_default());
            }
            return Ok(constant);
        }
        if !operators::is_folded(node.op) {
            return Ok(None);
        }
        let mut inputs = Vec::new();
        for name in &node.inputs {
            if name.is_empty() {
                inputs.push(None);
                continue;
            }
            match self.find_at(scope, name, depth + 1)? {
                Some(view) => inputs.push(Some(view)),
                None => return Ok(None),
            }
        }
        operators::apply(node, inputs, &self.budget)
    }

    /// Whether an input has a value that was given for it.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    /// Whether a `TensorProto` is of zeros alone.
    pub(super) fn is_zero(&self, body: &'a [u8], name: &str) -> Result<bool, WeightsError> {
        let view = FileTensor::read(body)?.view(name, &self.folder, &self.budget)?;
        view.is_zero(&self.budget)
    }

    /// Notes that a value of a graph was read.
    fn uses(&self, scope: usize, name: &'a str) {
        if self.tracks.get() {
            self.used.borrow_mut().insert((scope, name));
        }
    }

    /// The value of a `Constant` node, in any of its forms but strings and sparse tensors.
    fn constant(&self, node: &Node<'a>) -> Result<Option<View<'a>>, WeightsError> {
        for attribute in node.attributes() {
            let attribute = attribute?;
            let own = |element, shape, bytes: Vec<u8>| {
                self.budget.take(bytes.len() as u64)?;
                Ok(View::whole(
                    element,
                    shape,
                    Data::Own(self.budget.own(bytes)),
                ))
            };
            let floats = |floats: &[f32]| floats.iter().flat_map(|x| x.to_le_bytes()).collect();
            let ints = |ints: &[i64]| ints.iter().flat_map(|x| x.to_le_bytes()).collect();
            return match attribute.name {
                "value" => {
                    let tensor = FileTensor::read(attribute.tensor()?)?;
                    let view = tensor.view(node.label(), &self.folder, &self.budget)?;
                    Ok(Some(view))
                }
                "value_float" => own(Element::F32, vec![], floats(&[attribute.float()?])),
                "value_int" => own(Element::I64, vec![], ints(&[attribute.int()?])),
                "value_floats" => {
                    let values = attribute.floats()?;
                    own(Element::F32, vec![values.len()], floats(&values))
                }
                "value_ints" => {
                    let values = attribute.ints()?;
                    own(Element::I64, vec![values.len()], ints(&values))
                }
                _ => continue,
            };
        }
        Ok(None)
    }

    /// A constant of floats as an array.
    pub(super) fn array(
        &self,
        name: impl Into<String>,
        view: View<'a>,
    ) -> Result<Array<'a>, WeightsError> {
        let (shape, element) = (view.shape.clone(), view.element.element_type());
        let name = name.into();
        if !view.element.is_float() {
            let given = element;
            return Err(WeightsErrorKind::Element {
                tensor: name,
                given,
            }
            .into());
        }
        // The parameter that it becomes, in the 32 bits of most devices.
        self.budget.take((view.len() as u64).saturating_mul(4))?;
        Array::new(name, shape, element, view.into_bytes(&self.budget)?)
    }

    /// The names of initializers that may have been meant.
    fn similar(&self, name: &str) -> Vec<String> {
        let ending = |name: &str| name.rsplit(['.', '/', '_']).next().map(str::to_string);
        let wanted = ending(name);
        let names = self.graph.initializers().map(|(_, name, _)| name);
        let similar = names.filter(|name| ending(name) == wanted);
        similar.take(8).map(str::to_string).collect()
    }
}
