//! What reading a file gives.

use super::array::ElementType;
use super::network::AnyNetwork;

/// What was read from a file: the networks, which tensor came where, and what was left.
#[derive(Debug, Default)]
pub struct Import {
    /// The networks, in the file's order where it has one, else in that of their names.
    pub networks: Vec<NamedNetwork>,
    /// Every tensor that became a parameter, or a part of one.
    pub mapped: Vec<MappedTensor>,
    /// Every tensor that became nothing.
    pub unmapped: Vec<UnmappedTensor>,
    /// What the file does not say, and was taken as the caller said or else as the format's default: a sentence for each network that
    /// something was taken of.
    pub assumed: Vec<String>,
}

/// A network with its name in a file.
#[derive(Debug)]
pub struct NamedNetwork {
    /// The prefix of its tensors' names, or the name of the layer or node; empty where it has none.
    pub name: String,
    /// The network.
    pub network: AnyNetwork,
}

/// A tensor of a file that became a parameter, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedTensor {
    /// Its name in the file.
    pub tensor: String,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// The type of its elements in the file.
    pub element: ElementType,
    /// The name of the network.
    pub network: String,
    /// The parameter's path in the network's record, for instance `stack.layers.0.forward.w_input`.
    pub parameter: String,
    /// The parameter's shape.
    pub parameter_shape: Vec<usize>,
}

/// A tensor of a file that is no parameter of a recurrent network.
#[derive(Clone, Debug, PartialEq)]
pub struct UnmappedTensor {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub element: ElementType,
}

/// A name, with a number behind it where it is taken.
pub(crate) fn unused_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u64| format!("{name}_{number}"));
    let mut names = core::iter::once(name.to_string()).chain(numbered);
    let unused = names.find(|name| !is_taken(name));
    unused.expect("there are more numbers than names")
}
