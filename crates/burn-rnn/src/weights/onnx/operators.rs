//! The operators that exporters put between weights and the nodes that read them.

use super::budget::Budget;
use super::proto::Node;
use super::tensor::{MOST_DIMENSIONS, element};
use super::view::{Data, View};
use super::wire::malformed;
use crate::weights::array::byte_len;
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The inputs of a node, those that are left out as none.
type Inputs<'a> = Vec<Option<View<'a>>>;

/// Whether an operator makes a constant of constants here.
pub(super) fn is_folded(op: &str) -> bool {
    matches!(
        op,
        "Identity"
            | "Cast"
            | "Concat"
            | "Reshape"
            | "Slice"
            | "Squeeze"
            | "Transpose"
            | "Unsqueeze"
    )
}

/// What an operator of [`is_folded`] makes of its inputs; none where it casts between kinds of numbers, which no exporter does to weights.
///
/// # Errors
///
/// Where inputs or attributes are none of the operator's.
pub(super) fn apply<'a>(
    node: &Node<'a>,
    mut inputs: Inputs<'a>,
    budget: &Budget,
) -> Result<Option<View<'a>>, WeightsError> {
    if node.op == "Concat" {
        return concat(node, inputs, budget).map(Some);
    }
    let mut take = |index: usize| inputs.get_mut(index).and_then(Option::take);
    let data = take(0).ok_or_else(|| wrong(node, "it reads nothing"))?;
    let mut list = |index: usize, attribute: &str| match take(index) {
        Some(view) => match view.ints(budget)? {
            Some(ints) => Ok(Some(ints)),
            None => Err(wrong(node, "its axes or sizes are no integers")),
        },
        None => match node.attribute(attribute)? {
            Some(attribute) => attribute.ints().map(Some),
            None => Ok(None),
        },
    };
    match node.op {
        "Identity" => Ok(data),
        "Cast" => return cast(node, data, budget),
        "Reshape" => {
            let shape = list(1, "shape")?.ok_or_else(|| wrong(node, "it has no shape"))?;
            reshape(node, data, &shape, budget)
        }
        "Slice" => {
            let lists = [
                list(1, "starts")?,
                list(2, "ends")?,
                list(3, "axes")?,
                list(4, "steps")?,
            ];
            slice(node, data, lists)
        }
        "Squeeze" => squeeze(node, data, list(1, "axes")?),
        "Transpose" => {
            let rank = data.shape.len();
            let reversed = (0..rank).rev().map(usize::cast_signed).map(|a| a as i64);
            let order = match node.attribute("perm")? {
                Some(order) => order.ints()?,
                None => reversed.collect(),
            };
            let order = distinct_axes(node, &order, rank)?;
            if order.len() != rank {
                return Err(wrong(node, "its order has another number of axes"));
            }
            Ok(data.transpose(&order))
        }
        _ => {
            let axes = list(1, "axes")?.ok_or_else(|| wrong(node, "it has no axes"))?;
            unsqueeze(node, data, &axes)
        }
    }
    .map(Some)
}

fn cast<'a>(
    node: &Node<'_>,
    data: View<'a>,
    budget: &Budget,
) -> Result<Option<View<'a>>, WeightsError> {
    let to = match node.attribute("to")? {
        Some(attribute) => attribute.int()?,
        None => 0,
    };
    let to = element(to).filter(|to| to.is_float() == data.element.is_float());
    match to {
        None => Ok(None),
        // Every number stays what it is, and the place of the smaller one.
        Some(to) if to.holds(data.element) => Ok(Some(data)),
        Some(to) => data.convert(to, budget).map(Some),
    }
}

fn concat<'a>(
    node: &Node<'a>,
    inputs: Inputs<'a>,
    budget: &Budget,
) -> Result<View<'a>, WeightsError> {
    let mut parts: Vec<View<'a>> = inputs.into_iter().flatten().collect();
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let first = parts
        .first()
        .ok_or_else(|| wrong(node, "it reads nothing"))?;
    let axis = match node.attribute("axis")? {
        Some(axis) => axis.int()?,
        None => 1,
    };
    let axis = one_axis(node, axis, first.shape.len())?;
    let mut shape = first.shape.clone();
    let mut widest = first.element;
    shape[axis] = 0;
    for part in &parts {
        let mut rest = part.shape.clone();
        if rest.len() != shape.len() {
            return Err(wrong(
                node,
                "its inputs have different numbers of dimensions",
            ));
        }
        let length = core::mem::replace(&mut rest[axis], shape[axis]);
        if rest != shape {
            return Err(wrong(
                node,
                "its inputs differ in another dimension than its axis",
            ));
        }
        shape[axis] = shape[axis]
            .checked_add(length)
            .ok_or_else(|| wrong(node, "its sizes are no numbers"))?;
        // A cast that loses nothing was left out: see there.
        if part.element.holds(widest) {
            widest = part.element;
        } else if !widest.holds(part.element) {
            return Err(wrong(node, "its inputs are of different types"));
        }
    }
    let size = byte_len(&shape, widest.size());
    let size = size.ok_or_else(|| wrong(node, "its sizes are no numbers"))?;
    budget.take(size)?;
    let outer: usize = shape[..axis].iter().product();
    let parts = parts.into_iter().map(|part| {
        let part = part.convert(widest, budget)?;
        let run = part.shape[axis..].iter().product::<usize>() * widest.size();
        Ok((part.row_major(budget)?, run))
    });
    let parts: Vec<_> = parts.collect::<Result<_, WeightsError>>()?;
    let mut bytes = Vec::with_capacity(size as usize);
    for row in 0..if size == 0 { 0 } else { outer } {
        for (part, run) in &parts {
            bytes.extend_from_slice(&part.bytes()[row * run..][..*run]);
        }
    }
    View::whole(widest, shape, Data::Own(budget.own(bytes)))
        .ok_or_else(|| wrong(node, "its inputs do not fit together"))
}

fn reshape<'a>(
    node: &Node<'_>,
    data: View<'a>,
    asked: &[i64],
    budget: &Budget,
) -> Result<View<'a>, WeightsError> {
    let misfit = || {
        WeightsError::from(WeightsErrorKind::CannotRead {
            what: format!("the Reshape `{}`", node.label()),
            reason: format!("{:?} cannot be made {asked:?}", data.shape),
        })
    };
    if asked.len() > MOST_DIMENSIONS {
        return Err(misfit());
    }
    let keeps_zeros = match node.attribute("allowzero")? {
        Some(attribute) => attribute.int()? == 1,
        None => false,
    };
    let mut shape = Vec::with_capacity(asked.len());
    let mut open = None;
    for (index, &dim) in asked.iter().enumerate() {
        shape.push(match dim {
            0 if !keeps_zeros => *data.shape.get(index).ok_or_else(misfit)?,
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            dim => usize::try_from(dim).map_err(|_| misfit())?,
        });
    }
    byte_len(&shape, data.element.size()).ok_or_else(misfit)?;
    if let Some(open) = open {
        let rest: usize = shape.iter().product();
        shape[open] = data.len().checked_div(rest).ok_or_else(misfit)?;
    }
    byte_len(&shape, data.element.size()).ok_or_else(misfit)?;
    if shape.iter().product::<usize>() != data.len() {
        return Err(misfit());
    }
    data.reshape(shape, budget)
}

fn slice<'a>(
    node: &Node<'_>,
    mut data: View<'a>,
    [starts, ends, axes, steps]: [Option<Vec<i64>>; 4],
) -> Result<View<'a>, WeightsError> {
    let (Some(starts), Some(ends)) = (starts, ends) else {
        return Err(wrong(node, "it has no starts or no ends"));
    };
    let count = starts.len();
    let axes = axes.unwrap_or_else(|| (0..count).map(|axis| axis as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; count]);
    if [ends.len(), axes.len(), steps.len()] != [count; 3] {
        return Err(wrong(node, "its lists are of different lengths"));
    }
    let axes = distinct_axes(node, &axes, data.shape.len())?;
    for (index, axis) in axes.into_iter().enumerate() {
        // Far beyond both ends everything is the same.
        let limit = i64::from(i32::MAX) * 4;
        let length = (data.shape[axis] as i64).min(limit);
        let step = steps[index].clamp(-limit, limit);
        if step == 0 {
            return Err(wrong(node, "a step is zero"));
        }
        let from_end = |place: i64| {
            let place = place.clamp(-limit * 2, limit * 2);
            if place < 0 { place + length } else { place }
        };
        let (start, end) = (from_end(starts[index]), from_end(ends[index]));
        let (start, count) = if length == 0 {
            (0, 0)
        } else if step > 0 {
            let (start, end) = (start.clamp(0, length), end.clamp(0, length));
            (start, (end - start + step - 1).max(0) / step)
        } else {
            let (start, end) = (start.clamp(0, length - 1), end.clamp(-1, length - 1));
            (start, (start - end - step - 1).max(0) / -step)
        };
        // Where nothing is left, no place is looked at.
        let start = usize::try_from(start).unwrap_or(0);
        data = data.slice(axis, start, count as usize, step as isize);
    }
    Ok(data)
}

fn squeeze<'a>(
    node: &Node<'_>,
    mut data: View<'a>,
    axes: Option<Vec<i64>>,
) -> Result<View<'a>, WeightsError> {
    let ones = |data: &View<'_>| {
        let axes = 0..data.shape.len();
        axes.filter(|&axis| data.shape[axis] == 1).collect()
    };
    let mut axes: Vec<usize> = match axes {
        Some(axes) => distinct_axes(node, &axes, data.shape.len())?,
        None => ones(&data),
    };
    axes.sort_unstable();
    for axis in axes.into_iter().rev() {
        if data.shape[axis] != 1 {
            return Err(wrong(node, "it takes an axis away that is longer than one"));
        }
        data = data.without_axis(axis);
    }
    Ok(data)
}

fn unsqueeze<'a>(
    node: &Node<'_>,
    mut data: View<'a>,
    axes: &[i64],
) -> Result<View<'a>, WeightsError> {
    let rank = data.shape.len() + axes.len();
    if rank > MOST_DIMENSIONS {
        return Err(wrong(node, "it makes more dimensions than weights have"));
    }
    let mut axes = distinct_axes(node, axes, rank)?;
    axes.sort_unstable();
    for axis in axes {
        data = data.with_axis(axis);
    }
    Ok(data)
}

/// An axis that may be counted from the end.
fn one_axis(node: &Node<'_>, axis: i64, rank: usize) -> Result<usize, WeightsError> {
    let from_end = if axis < 0 { rank as i64 } else { 0 };
    let axis = axis.checked_add(from_end);
    let axis = axis.and_then(|axis| usize::try_from(axis).ok());
    axis.filter(|&axis| axis < rank)
        .ok_or_else(|| wrong(node, "an axis is none of its input's"))
}

/// Axes, none of them twice.
fn distinct_axes(node: &Node<'_>, axes: &[i64], rank: usize) -> Result<Vec<usize>, WeightsError> {
    if axes.len() > rank {
        return Err(wrong(node, "it has more axes than its input"));
    }
    let axes: Vec<usize> = (axes.iter())
        .map(|&axis| one_axis(node, axis, rank))
        .collect::<Result<_, _>>()?;
    let twice = |(index, axis): (usize, &usize)| axes[..index].contains(axis);
    if axes.iter().enumerate().any(twice) {
        return Err(wrong(node, "it has an axis twice"));
    }
    Ok(axes)
}

fn wrong(node: &Node<'_>, reason: &str) -> WeightsError {
    malformed(format!("the {} `{}`: {reason}", node.op, node.label()))
}
