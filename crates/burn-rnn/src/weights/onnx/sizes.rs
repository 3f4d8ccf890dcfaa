//! What a `Reshape` makes of the sizes of a value.

use super::fold::Constants;
use super::proto::Node;
use crate::weights::error::WeightsError;

/// Whether a `Reshape` makes `[a, b, d, h]` to `[a, b, d · h]`, with `width = d · h`, whatever `a` and `b` are.
pub(super) fn joins_last<'a>(
    constants: &Constants<'a>,
    scope: usize,
    node: &Node<'a>,
    width: usize,
) -> Result<bool, WeightsError> {
    let asked = match node.input(1) {
        None => match node.attribute("shape")? {
            Some(shape) => shape.ints()?,
            None => return Ok(false),
        },
        Some(shape) => match constants.find(scope, shape)? {
            None => return is_made_of_its_own(constants, scope, node, shape),
            Some(view) => match view.ints(&constants.budget)? {
                Some(shape) => shape,
                None => return Ok(false),
            },
        },
    };
    let keeps_zeros = match node.attribute("allowzero")? {
        Some(attribute) => attribute.int()? == 1,
        None => false,
    };
    let width = width as i64;
    // A zero keeps the size, whatever it is; then one open size is what is left.
    let zeros = match *asked.as_slice() {
        [0, 0, last] => last == -1 || last == width,
        [0, -1, last] | [-1, 0, last] => last == width,
        _ => false,
    };
    if zeros {
        return Ok(!keeps_zeros);
    }
    let known = node.input(0).map(|data| constants.graph.sizes(scope, data));
    Ok(match (asked.as_slice(), known.transpose()?.flatten()) {
        (&[first, second, _], Some(sizes)) => {
            sizes.len() == 4 && sizes[..2] == [Some(first), Some(second)]
        }
        _ => false,
    })
}

/// Whether a shape is put together of the first two sizes of the very value that is reshaped, and a third, which is then what is left.
fn is_made_of_its_own<'a>(
    constants: &Constants<'a>,
    scope: usize,
    reshape: &Node<'a>,
    shape: &str,
) -> Result<bool, WeightsError> {
    let (Some(data), Some(concat)) = (reshape.input(0), node(constants, scope, shape, "Concat")?)
    else {
        return Ok(false);
    };
    let [first, second, _] = *concat.inputs.as_slice() else {
        return Ok(false);
    };
    Ok(is_size(constants, scope, first, data, 0)? && is_size(constants, scope, second, data, 1)?)
}

/// Whether a value is the size of `data`'s axis: what `Slice`, or `Gather` and `Unsqueeze`, take of its `Shape`.
fn is_size<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &str,
    data: &str,
    axis: i64,
) -> Result<bool, WeightsError> {
    let is = |index: Option<&str>, expected: i64| -> Result<bool, WeightsError> {
        let Some(name) = index else { return Ok(false) };
        let view = constants.find(scope, name)?;
        let ints = view.map(|view| view.ints(&constants.budget)).transpose()?;
        Ok(ints.flatten() == Some(vec![expected]))
    };
    let is_shape = |name: Option<&str>| -> Result<bool, WeightsError> {
        let shape = match name {
            Some(name) => node(constants, scope, name, "Shape")?,
            None => None,
        };
        let Some(shape) = shape else { return Ok(false) };
        let start = match shape.attribute("start")? {
            Some(start) => start.int()?,
            None => 0,
        };
        Ok(start == 0 && shape.input(0) == Some(data))
    };
    if let Some(slice) = node(constants, scope, name, "Slice")? {
        return Ok(is_shape(slice.input(0))?
            && is(slice.input(1), axis)?
            && is(slice.input(2), axis + 1)?);
    }
    let Some(unsqueeze) = node(constants, scope, name, "Unsqueeze")? else {
        return Ok(false);
    };
    let gather = match unsqueeze.input(0) {
        Some(name) => node(constants, scope, name, "Gather")?,
        None => None,
    };
    match gather {
        Some(gather) => Ok(is_shape(gather.input(0))? && is(gather.input(1), axis)?),
        None => Ok(false),
    }
}

/// The node of an operator that gives a value, where it is one of this graph.
fn node<'a>(
    constants: &Constants<'a>,
    scope: usize,
    name: &str,
    op: &str,
) -> Result<Option<Node<'a>>, WeightsError> {
    Ok((constants.node(scope, name)?).filter(|node| node.op == op))
}
