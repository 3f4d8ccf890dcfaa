//! What a recurrent node starts from.

use super::fold::Constants;
use super::graph::{Producer, Recurrent};
use super::layouts::Kind;
use super::proto::Node;
use crate::weights::error::WeightsError;

/// The inputs of the operators that say how a sequence begins and ends, by their index.
pub(super) const SEQUENCE_LENS: usize = 4;
pub(super) const INITIAL_H: usize = 5;
pub(super) const INITIAL_C: usize = 6;

/// The most nodes between a value and a state made of it.
const LONGEST_CHAIN: usize = 64;

/// What a state before the first step is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Zeros, as where there is none.
    Zeros,
    /// What whoever runs the model gives.
    Given,
    /// Anything else: other constants, and what another node has come to.
    Other,
}

/// The names of a node's initial states that are neither zeros nor given from outside: a network here does not start from them by itself.
pub(super) fn other_starts<'a>(
    recurrent: &Recurrent<'a>,
    constants: &Constants<'a>,
) -> Result<Vec<&'a str>, WeightsError> {
    let indices = match Kind::of(recurrent.node.op) {
        Some(Kind::Lstm) => &[INITIAL_H, INITIAL_C][..],
        _ => &[INITIAL_H],
    };
    let mut others = Vec::new();
    for &index in indices {
        if let Some(name) = recurrent.node.input(index)
            && start(constants, recurrent.scope, name, 0)? == Start::Other
        {
            others.push(name);
        }
    }
    Ok(others)
}

fn start<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &'a str,
    depth: usize,
) -> Result<Start, WeightsError> {
    constants.budget.work(64)?;
    if depth > LONGEST_CHAIN {
        return Ok(Start::Other);
    }
    match constants.graph.find(scope, name) {
        Some((_, Producer::Input)) if !constants.is_given(name) => Ok(Start::Given),
        Some((scope, Producer::Node(body))) => {
            constants.budget.work(body.len() as u64)?;
            let node = Node::read(body)?;
            if node.op == "Constant" || !node.standard {
                return constant(constants, scope, name);
            }
            made(constants, scope, &node, depth)
        }
        _ => constant(constants, scope, name),
    }
}

/// What operators make that move and repeat numbers.
fn made<'a>(
    constants: &Constants<'a>,
    scope: usize,
    node: &Node<'a>,
    depth: usize,
) -> Result<Start, WeightsError> {
    let of = |name: &'a str| start(constants, scope, name, depth + 1);
    match node.op {
        "Cast" | "CastLike" | "Expand" | "Gather" | "Identity" | "Reshape" | "Slice" | "Split"
        | "Squeeze" | "Tile" | "Transpose" | "Unsqueeze" => match node.input(0) {
            Some(name) => of(name),
            None => Ok(Start::Other),
        },
        "Concat" => {
            let mut all = Start::Zeros;
            for name in &node.inputs {
                all = match (all, of(name)?) {
                    (Start::Other, _) | (_, Start::Other) => return Ok(Start::Other),
                    (Start::Zeros, Start::Zeros) => Start::Zeros,
                    _ => Start::Given,
                };
            }
            Ok(all)
        }
        "ConstantOfShape" => match node.attribute("value")? {
            Some(value) => {
                let zero = constants.is_zero(value.tensor()?, node.label())?;
                Ok(if zero { Start::Zeros } else { Start::Other })
            }
            None => Ok(Start::Zeros),
        },
        _ => Ok(Start::Other),
    }
}

fn constant<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &str,
) -> Result<Start, WeightsError> {
    let zeros = match constants.find(scope, name) {
        Ok(Some(view)) => view.is_zero(&constants.budget)?,
        // Of another type, or of nothing: not a state that anybody starts from.
        Ok(None) | Err(_) => false,
    };
    Ok(if zeros { Start::Zeros } else { Start::Other })
}
