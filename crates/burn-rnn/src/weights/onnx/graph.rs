//! A model's graph: which node or tensor a name stands for.

use super::proto::{Node, name_of};
use super::tensor::MOST_DIMENSIONS;
use super::wire::{Fields, malformed};
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// How deep graphs may lie in each other: an `If` within a `Loop` and so on.
const DEEPEST: usize = 16;

/// What an entry of the graph takes in memory, with room for vectors that grow.
const ENTRY: u64 = 160;

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Producer<'a> {
    /// A `TensorProto`.
    Initializer(&'a [u8]),
    /// A `NodeProto`.
    Node(&'a [u8]),
    /// Whoever runs the graph.
    Input,
}

/// A graph, and those within its nodes.
pub(super) struct Graph<'a> {
    scopes: Vec<Scope<'a>>,
    /// All nodes with the index of their scope.
    nodes: Vec<(usize, &'a [u8])>,
    /// The recurrent nodes, in the order of the file.
    pub recurrent: Vec<Recurrent<'a>>,
    limit: u64,
    taken: u64,
}

/// A recurrent node.
pub(super) struct Recurrent<'a> {
    pub scope: usize,
    pub node: Node<'a>,
}

/// The names of one graph.
struct Scope<'a> {
    parent: Option<usize>,
    values: Vec<(&'a str, Producer<'a>)>,
    /// What is said of the types and sizes of values: `ValueInfoProto` by name.
    infos: Vec<(&'a str, &'a [u8])>,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
}

impl<'a> Graph<'a> {
    /// The graph of a `ModelProto`.
    ///
    /// # Errors
    ///
    /// Where it is no ONNX model, a name stands for two things, or graphs lie too deep in each other.
    pub(super) fn read(model: &'a [u8], allowance: u64) -> Result<Self, WeightsError> {
        let mut graph = None;
        let mut operators = false;
        for field in Fields::new(model) {
            match field? {
                (7, value) => {
                    let body = value.bytes("graph")?;
                    if graph.replace(body).is_some() {
                        return Err(malformed("it has two graphs"));
                    }
                }
                (8, _) => operators = true,
                _ => {}
            }
        }
        let body = graph.ok_or_else(|| malformed("it has no graph: it is no ONNX model"))?;
        if !operators {
            return Err(malformed(
                "it names no version of the operators, which comes after the graph: it is cut off, or of 2017",
            ));
        }
        let mut graph = Self {
            scopes: Vec::new(),
            nodes: Vec::new(),
            recurrent: Vec::new(),
            // Twice the file beside the file itself leave room for what is made of it.
            limit: (model.len() as u64)
                .saturating_mul(2)
                .saturating_add(allowance),
            taken: 0,
        };
        graph.add(body, None, 0)?;
        Ok(graph)
    }

    fn add(
        &mut self,
        body: &'a [u8],
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), WeightsError> {
        if depth == DEEPEST {
            return Err(malformed(format!(
                "graphs lie in each other more than {DEEPEST} deep"
            )));
        }
        let index = self.scopes.len();
        self.scopes.push(Scope {
            parent,
            values: Vec::new(),
            infos: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        });
        for field in Fields::new(body) {
            match field? {
                (1, value) => self.add_node(value.bytes("node")?, index, depth)?,
                (5, value) => {
                    let tensor = value.bytes("initializer")?;
                    let name = name_of(tensor, 8)?;
                    self.add_value(index, name, Producer::Initializer(tensor))?;
                }
                (11, value) => {
                    let name = name_of(value.bytes("input")?, 1)?;
                    self.add_value(index, name, Producer::Input)?;
                    self.scopes[index].inputs.push(name);
                }
                (12, value) => {
                    let name = name_of(value.bytes("output")?, 1)?;
                    self.check_memory()?;
                    self.scopes[index].outputs.push(name);
                }
                (13, value) => {
                    let info = value.bytes("value_info")?;
                    let name = name_of(info, 1)?;
                    self.check_memory()?;
                    self.scopes[index].infos.push((name, info));
                }
                _ => {}
            }
        }
        self.scopes[index].sort()
    }

    fn add_node(&mut self, body: &'a [u8], scope: usize, depth: usize) -> Result<(), WeightsError> {
        let node = Node::read(body)?;
        self.check_memory()?;
        // The names of a recurrent node are kept.
        let names = node.inputs.len() + node.outputs.len();
        self.taken = self.taken.saturating_add(16 * names as u64);
        self.nodes.push((scope, body));
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            self.add_value(scope, name, Producer::Node(body))?;
        }
        for attribute in node.attributes() {
            for graph in attribute?.graphs() {
                self.check_memory()?;
                self.add(graph?, Some(scope), depth + 1)?;
            }
        }
        if node.standard && matches!(node.op, "RNN" | "LSTM" | "GRU") {
            self.check_memory()?;
            self.recurrent.push(Recurrent { scope, node });
        }
        Ok(())
    }

    fn add_value(
        &mut self,
        scope: usize,
        name: &'a str,
        producer: Producer<'a>,
    ) -> Result<(), WeightsError> {
        self.check_memory()?;
        self.scopes[scope].values.push((name, producer));
        Ok(())
    }

    /// Refuses a file of many tiny entries, which would be many times as large in memory.
    fn check_memory(&mut self) -> Result<(), WeightsError> {
        self.taken = self.taken.saturating_add(ENTRY);
        if self.taken <= self.limit {
            return Ok(());
        }
        Err(WeightsErrorKind::TooLarge {
            what: "a graph of so many nodes and names".into(),
            given: self.taken,
            limit: self.limit,
        }
        .into())
    }

    /// The memory that the graph takes, or less.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What a name stands for in a scope or those around it, and in which.
    pub(super) fn find(&self, scope: usize, name: &str) -> Option<(usize, Producer<'a>)> {
        let mut here = Some(scope);
        while let Some(index) = here {
            let scope = &self.scopes[index];
            if let Some(producer) = scope.find(name) {
                return Some((index, producer));
            }
            here = scope.parent;
        }
        None
    }

    /// Whether the whole graph has an input of that name.
    pub(super) fn has_input(&self, name: &str) -> bool {
        self.scopes[0].inputs.contains(&name)
    }

    /// The inputs of the whole graph.
    pub(super) fn inputs(&self) -> &[&'a str] {
        &self.scopes[0].inputs
    }

    /// The sizes of a value of a graph as far as the file says them; none where it says nothing.
    pub(super) fn sizes(
        &self,
        scope: usize,
        name: &str,
    ) -> Result<Option<Vec<Option<i64>>>, WeightsError> {
        let infos = &self.scopes[scope].infos;
        match infos.binary_search_by(|info| info.0.cmp(name)) {
            Ok(index) => sizes_of(infos[index].1),
            Err(_) => Ok(None),
        }
    }

    /// All initializers: the index of their graph, name and `TensorProto`, by graph in the order of the names.
    pub(super) fn initializers(&self) -> impl Iterator<Item = (usize, &'a str, &'a [u8])> {
        self.values().filter_map(|(scope, name, producer)| {
            let Producer::Initializer(tensor) = producer else {
                return None;
            };
            Some((scope, name, tensor))
        })
    }

    /// All nodes that give a value: the index of their graph, the name and the `NodeProto`.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (usize, &'a str, &'a [u8])> {
        self.values().filter_map(|(scope, name, producer)| {
            let Producer::Node(node) = producer else {
                return None;
            };
            Some((scope, name, node))
        })
    }

    fn values(&self) -> impl Iterator<Item = (usize, &'a str, Producer<'a>)> {
        let scopes = self.scopes.iter().enumerate();
        scopes.flat_map(|(scope, names)| {
            let values = names.values.iter();
            values.map(move |&(name, producer)| (scope, name, producer))
        })
    }

    /// Calls `f` with every use of a value's numbers, within a node or as the output of a graph: the scope and the name.
    pub(super) fn each_use(&self, mut f: impl FnMut(usize, &'a str)) -> Result<(), WeightsError> {
        for (scope, body) in &self.nodes {
            let node = Node::read(body)?;
            // These look at sizes alone.
            if node.standard && matches!(node.op, "Shape" | "Size") {
                continue;
            }
            node.inputs.into_iter().for_each(|name| f(*scope, name));
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            scope.outputs.iter().for_each(|name| f(index, name));
        }
        Ok(())
    }
}

impl<'a> Scope<'a> {
    /// Sorts the values by name, so that they are found.
    fn sort(&mut self) -> Result<(), WeightsError> {
        self.values.sort_unstable();
        self.infos.sort_unstable();
        // Before IR version 4 every initializer was an input, too; after, one that is says that it can be overridden.
        self.values.dedup_by(|next, previous| {
            next.0 == previous.0
                && matches!(previous.1, Producer::Initializer(_))
                && next.1 == Producer::Input
        });
        let twice = self.values.windows(2).find(|pair| pair[0].0 == pair[1].0);
        match twice {
            Some(pair) => Err(malformed(format!("two values are called `{}`", pair[0].0))),
            None => Ok(()),
        }
    }

    fn find(&self, name: &str) -> Option<Producer<'a>> {
        let index = self.values.binary_search_by(|value| value.0.cmp(name));
        index.ok().map(|index| self.values[index].1)
    }
}

/// The sizes that a `ValueInfoProto` says, none for one that is open.
fn sizes_of(info: &[u8]) -> Result<Option<Vec<Option<i64>>>, WeightsError> {
    // The type, of a tensor, its shape.
    let mut message = info;
    for (number, field) in [(2, "type"), (1, "tensor_type"), (2, "shape")] {
        let mut inner = None;
        for next in Fields::new(message) {
            match next? {
                (found, value) if found == number => inner = Some(value.bytes(field)?),
                _ => {}
            }
        }
        match inner {
            Some(inner) => message = inner,
            None => return Ok(None),
        }
    }
    let mut sizes = Vec::new();
    for next in Fields::new(message) {
        let (1, dim) = next? else { continue };
        if sizes.len() == MOST_DIMENSIONS {
            return Ok(None);
        }
        let mut size = None;
        for next in Fields::new(dim.bytes("dim")?) {
            if let (1, value) = next? {
                size = Some(value.int("dim_value")?);
            }
        }
        sizes.push(size);
    }
    Ok(Some(sizes))
}
