//! Which nodes are the layers of one network.

use std::collections::HashMap;

use super::axes::{Axis, trace};
use super::fold::Constants;
use super::graph::Recurrent;
use super::run::OnnxDirection;
use super::settings::Settings;
use super::starts::{SEQUENCE_LENS, other_starts};
use super::wire::malformed;
use crate::weights::error::WeightsError;

const X: usize = 0;

/// The nodes of each network by their index among the recurrent ones, the one that reads the input first; networks in the order of their
/// first nodes.
///
/// A node is the layer behind another of the same kind where it reads the whole first output of that one, all directions side by side,
/// with nothing in between but moved axes, nobody else reads that output, both have the same lengths, and it starts from zeros or from what is
/// given from outside. Everything else is a network of its own.
///
/// # Errors
///
/// Where nodes are damaged. What is only unknown is no error, but no layer either.
pub(super) fn chains(constants: &Constants<'_>) -> Result<Vec<Vec<usize>>, WeightsError> {
    let nodes = &constants.graph.recurrent;
    // What cannot be read is told when it is asked for.
    let settings: Vec<Option<Settings>> =
        nodes.iter().map(|node| Settings::read(node).ok()).collect();
    let mut by_output: HashMap<(usize, &str), usize> = HashMap::new();
    for (index, recurrent) in nodes.iter().enumerate() {
        if let Some(name) = recurrent.node.outputs.first() {
            by_output.insert((recurrent.scope, name), index);
        }
    }
    let mut links = Vec::new();
    for (index, recurrent) in nodes.iter().enumerate() {
        let Some(name) = recurrent.node.input(X) else {
            continue;
        };
        let axes = |name: &str| {
            let index = *by_output.get(&(recurrent.scope, name))?;
            let settings = settings[index].as_ref()?;
            axes_of(settings, &nodes[index], constants)
        };
        let Some(traced) = trace(constants, recurrent.scope, name, &axes)? else {
            continue;
        };
        let Some(&before) = by_output.get(&(recurrent.scope, traced.output)) else {
            continue;
        };
        let (Some(here), Some(there)) = (&settings[index], &settings[before]) else {
            continue;
        };
        let lengths =
            |recurrent: &Recurrent<'_>| recurrent.node.input(SEQUENCE_LENS).map(String::from);
        let one_way = |settings: &Settings| settings.direction != OnnxDirection::Reverse;
        if traced.is_sequence(here.batch_first)
            && here.kind == there.kind
            && one_way(here)
            && one_way(there)
            && lengths(recurrent) == lengths(&nodes[before])
            // What another node has come to is no start of a layer, as of a decoder behind its encoder.
            && other_starts(recurrent, constants)?.is_empty()
        {
            links.push((before, index, traced.path));
        }
    }
    let mut next = only_users(constants, links)?;
    let mut is_next = vec![false; nodes.len()];
    next.values().for_each(|&index| is_next[index] = true);
    let heads = (0..nodes.len()).filter(|&index| !is_next[index]);
    let chain = |head| {
        let mut chain = vec![head];
        let mut last = head;
        while let Some(index) = next.remove(&last) {
            chain.push(index);
            last = index;
        }
        chain
    };
    let chains: Vec<Vec<usize>> = heads.map(chain).collect();
    if chains.iter().map(Vec::len).sum::<usize>() < nodes.len() {
        return Err(malformed("recurrent nodes read each other in a circle"));
    }
    Ok(chains)
}

/// The axes of a node's first output.
fn axes_of(
    settings: &Settings,
    recurrent: &Recurrent<'_>,
    constants: &Constants<'_>,
) -> Option<Vec<Axis>> {
    let hidden = match settings.hidden_size {
        Some(size) => size,
        None => {
            let r = constants.find(recurrent.scope, recurrent.node.input(2)?);
            *r.ok()??.shape.get(2)?
        }
    };
    let (directions, hidden) = (
        Axis::Direction(settings.direction.count()),
        Axis::Hidden(hidden),
    );
    Some(match settings.batch_first {
        true => vec![Axis::Batch, Axis::Time, directions, hidden],
        false => vec![Axis::Time, directions, Axis::Batch, hidden],
    })
}

/// Of links from a node to the next, with the names of the values between, those where nobody else reads a value.
fn only_users(
    constants: &Constants<'_>,
    links: Vec<(usize, usize, Vec<&str>)>,
) -> Result<HashMap<usize, usize>, WeightsError> {
    let nodes = &constants.graph.recurrent;
    // How often each value is used on its way to the next node: once, but twice where both directions are cut out of it.
    let mut left: HashMap<&str, usize> = HashMap::new();
    for (_, _, path) in &links {
        for name in path {
            *left.entry(name).or_default() += 1;
        }
    }
    let mut shared: HashMap<&str, bool> = HashMap::new();
    constants.graph.each_use(|_, name| {
        if let Some(left) = left.get_mut(name) {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => {
                    shared.insert(name, true);
                }
            }
        }
    })?;
    let mut next = HashMap::new();
    let mut twice = Vec::new();
    for (before, index, path) in &links {
        let alone = !path.iter().any(|name| shared.contains_key(name));
        let in_one_graph = nodes[*before].scope == nodes[*index].scope;
        if alone && in_one_graph && next.insert(*before, *index).is_some() {
            twice.push(*before);
        }
    }
    // Two nodes that read the same output are two networks behind it.
    twice.iter().for_each(|before| {
        next.remove(before);
    });
    Ok(next)
}
