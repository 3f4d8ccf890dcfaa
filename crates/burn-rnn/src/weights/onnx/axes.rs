//! What the axes of a value are, from a node's output to the next node's input.

use super::fold::Constants;
use super::operators;
use super::proto::Node;
use super::sizes::joins_last;
use crate::weights::error::WeightsError;

/// The most nodes between two recurrent ones. Exporters write at most five.
const LONGEST_PATH: usize = 16;

/// An axis of a recurrent node's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Time,
    Batch,
    /// Of so many directions.
    Direction(usize),
    Hidden(usize),
    /// The directions side by side, the forward one first, each with so many units.
    DirectionHidden(usize, usize),
}

/// A value that is the whole first output of a recurrent node, or one direction of it, with its axes moved and nothing computed.
pub(super) struct Traced<'a> {
    /// The name of that output.
    pub output: &'a str,
    pub axes: Vec<Axis>,
    /// The direction that is left where one was cut out.
    cut: Option<usize>,
    /// The names of the values on the way, that output among them.
    pub path: Vec<&'a str>,
}

/// Follows a value back to a recurrent node's first output. `axes` gives the axes of one by its name.
///
/// Gives none where there is something else in between.
pub(super) fn trace<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &'a str,
    axes: &impl Fn(&'a str) -> Option<Vec<Axis>>,
) -> Result<Option<Traced<'a>>, WeightsError> {
    follow(constants, scope, name, axes, 0)
}

fn follow<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &'a str,
    axes: &impl Fn(&'a str) -> Option<Vec<Axis>>,
    depth: usize,
) -> Result<Option<Traced<'a>>, WeightsError> {
    if depth > LONGEST_PATH {
        return Ok(None);
    }
    if let Some(axes) = axes(name) {
        return Ok(Some(Traced {
            output: name,
            axes,
            cut: None,
            path: vec![name],
        }));
    }
    let Some(node) = node_in(constants, scope, name)? else {
        return Ok(None);
    };
    let before = |index: usize| match node.input(index) {
        Some(name) => follow(constants, scope, name, axes, depth + 1),
        None => Ok(None),
    };
    if node.op == "Concat" {
        let [Some(first), Some(second)] = [before(0)?, before(1)?] else {
            return Ok(None);
        };
        return Ok(concat(&node, first, second)?.map(|traced| traced.through(name)));
    }
    let list = |index: usize, attribute: &str| -> Result<Option<Vec<i64>>, WeightsError> {
        if let Some(name) = node.input(index) {
            let view = constants.find(scope, name)?;
            return match view {
                Some(view) => view.ints(&constants.budget),
                None => Ok(None),
            };
        }
        node.attribute(attribute)?.map(|a| a.ints()).transpose()
    };
    let Some(traced) = before(0)? else {
        return Ok(None);
    };
    let moved = match node.op {
        "Identity" => Some(traced),
        // It does something in training alone, which has a third input since it is in inference models, too.
        "Dropout" if node.inputs.len() < 3 => Some(traced),
        "Transpose" => transpose(&node, traced)?,
        "Squeeze" => list(1, "axes")?.and_then(|axes| squeeze(&axes, traced)),
        "Reshape" => reshape(constants, scope, &node, traced)?,
        "Slice" => {
            let (starts, ends) = (list(1, "starts")?, list(2, "ends")?);
            let (axes, steps) = (list(3, "axes")?, list(4, "steps")?);
            let steps_are_one = steps.is_none_or(|steps| steps == [1]);
            let lists = [starts, ends, axes].map(|list| match list.as_deref() {
                Some([one]) => Some(*one),
                _ => None,
            });
            match lists {
                [Some(start), Some(end), Some(axis)] if steps_are_one => {
                    cut(start, end, axis, traced)
                }
                _ => None,
            }
        }
        _ => None,
    };
    Ok(moved.map(|traced| traced.through(name)))
}

/// The node of this scope whose first output a value is, where it is one that moves axes.
fn node_in<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &str,
) -> Result<Option<Node<'a>>, WeightsError> {
    let node = constants.node(scope, name)?;
    Ok(node.filter(|node| {
        let known = operators::is_folded(node.op) || node.op == "Dropout";
        known && node.outputs.first() == Some(&name)
    }))
}

impl<'a> Traced<'a> {
    fn through(mut self, name: &'a str) -> Self {
        self.path.push(name);
        self
    }

    fn axis(&self, axis: i64) -> Option<usize> {
        let rank = self.axes.len() as i64;
        let axis = if axis < 0 { axis + rank } else { axis };
        let axis = usize::try_from(axis).ok()?;
        (axis < self.axes.len()).then_some(axis)
    }
}

fn transpose<'a>(
    node: &Node<'a>,
    mut traced: Traced<'a>,
) -> Result<Option<Traced<'a>>, WeightsError> {
    let Some(order) = node.attribute("perm")? else {
        traced.axes.reverse();
        return Ok(Some(traced));
    };
    let order = order.ints()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    let rank = traced.axes.len() as i64;
    if !sorted.into_iter().eq(0..rank) {
        return Ok(None);
    }
    let axes = order.into_iter().map(|axis| traced.axes[axis as usize]);
    traced.axes = axes.collect();
    Ok(Some(traced))
}

/// Takes away the axis of one direction.
fn squeeze<'a>(axes: &[i64], mut traced: Traced<'a>) -> Option<Traced<'a>> {
    let [axis] = axes else { return None };
    let axis = traced.axis(*axis)?;
    if traced.axes[axis] != Axis::Direction(1) {
        return None;
    }
    traced.axes.remove(axis);
    Some(traced)
}

/// Puts the directions side by side: `[a, b, directions, hidden]` to `[a, b, directions · hidden]`.
fn reshape<'a>(
    constants: &Constants<'a>,
    scope: usize,
    node: &Node<'a>,
    mut traced: Traced<'a>,
) -> Result<Option<Traced<'a>>, WeightsError> {
    let &[
        first,
        second,
        Axis::Direction(directions),
        Axis::Hidden(hidden),
    ] = traced.axes.as_slice()
    else {
        return Ok(None);
    };
    let Some(width) = directions.checked_mul(hidden) else {
        return Ok(None);
    };
    let last = match directions {
        1 => Axis::Hidden(hidden),
        _ => Axis::DirectionHidden(directions, hidden),
    };
    let joins = joins_last(constants, scope, node, width)?;
    Ok(joins.then(|| {
        traced.axes = vec![first, second, last];
        traced
    }))
}

/// Cuts one of two directions out.
fn cut<'a>(start: i64, end: i64, axis: i64, mut traced: Traced<'a>) -> Option<Traced<'a>> {
    let axis = traced.axis(axis)?;
    if traced.axes[axis] != Axis::Direction(2) {
        return None;
    }
    let from_end = |place: i64| {
        if place < 0 {
            place.saturating_add(2)
        } else {
            place
        }
    };
    let direction = match (from_end(start).max(0), from_end(end).min(2)) {
        (0, 1) => 0,
        (1, 2) => 1,
        _ => return None,
    };
    traced.axes[axis] = Axis::Direction(1);
    traced.cut = Some(direction);
    Some(traced)
}

/// Both directions of one output side by side again.
fn concat<'a>(
    node: &Node<'a>,
    mut first: Traced<'a>,
    second: Traced<'a>,
) -> Result<Option<Traced<'a>>, WeightsError> {
    let axis = match node.attribute("axis")? {
        Some(axis) => axis.int()?,
        None => return Ok(None),
    };
    let Some(axis) = first.axis(axis) else {
        return Ok(None);
    };
    let Axis::Hidden(hidden) = first.axes[axis] else {
        return Ok(None);
    };
    let both = node.inputs.len() == 2
        && first.output == second.output
        && first.axes == second.axes
        && (first.cut, second.cut) == (Some(0), Some(1));
    if !both {
        return Ok(None);
    }
    first.axes[axis] = Axis::DirectionHidden(2, hidden);
    first.cut = None;
    // The output is used twice, once for each.
    first.path.extend(second.path);
    Ok(Some(first))
}

impl Traced<'_> {
    /// Whether the axes are those of a node's sequences, all directions side by side.
    pub(super) fn is_sequence(&self, batch_first: bool) -> bool {
        let &[first, second, last] = self.axes.as_slice() else {
            return false;
        };
        let order = match batch_first {
            true => [Axis::Batch, Axis::Time],
            false => [Axis::Time, Axis::Batch],
        };
        self.cut.is_none()
            && [first, second] == order
            && matches!(last, Axis::Hidden(_) | Axis::DirectionHidden(..))
    }
}
