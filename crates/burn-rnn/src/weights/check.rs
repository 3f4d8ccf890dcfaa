//! Whether the arrays of a file fit each other and the options, before a number is read.

use super::array::Array;
use super::build::{CellArrays, CellParameters, FileCell, NetworkArrays};
use super::error::{WeightsError, WeightsErrorKind};
use super::layout::PEEPHOLE_ROWS;
use crate::error::at_least_one;
use crate::{CellOptions, CellShape, ConfigError, Initialization, Merge};

/// Refuses options that make no cell of these parameters, which fit each other.
pub(crate) fn checked(
    options: &impl CellOptions,
    parameters: &CellParameters,
) -> Result<(), ConfigError> {
    let [d_input, _] = parameters.w_input.dims();
    let [d_hidden, _] = parameters.w_hidden.dims();
    at_least_one("d_input", d_input)?;
    at_least_one("d_hidden", d_hidden)?;
    options.validate(&CellShape {
        d_input,
        d_hidden,
        bias: parameters.bias.is_some(),
        initialization: Initialization::default(),
    })
}

/// The sizes of a cell.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    pub d_input: usize,
    pub d_hidden: usize,
    pub d_output: usize,
}

/// Checks everything that can be checked without reading the numbers, and gives the sizes of each layer's two cells.
pub(super) fn check<O: FileCell>(
    network: &NetworkArrays<'_, O>,
) -> Result<Vec<[Sizes; 2]>, WeightsError> {
    let mut reads: Option<(usize, String)> = None;
    let mut sizes = Vec::with_capacity(network.layers.len());
    for layer in &network.layers {
        let forward = check_cell(&layer.forward, reads.as_ref(), &network.name)?;
        let mut d_output = forward.d_output;
        let mut backward = Sizes::default();
        if let Some(cell) = &layer.backward {
            let why = format!("the forward direction's `{}`", layer.forward.w_input.name());
            let reads = (forward.d_input, why);
            backward = check_cell(cell, Some(&reads), &network.name)?;
            if network.merge != Merge::Concat && backward.d_output != forward.d_output {
                let (d_input, d_hidden) = (backward.d_input, forward.d_hidden);
                let rows = forward.d_output;
                return Err(WeightsErrorKind::Shape {
                    tensor: cell.w_hidden.name().into(),
                    given: cell.w_hidden.shape().to_vec(),
                    expected: cell.layout.matrix_shape(rows, d_hidden),
                    reason: format!(
                        "both directions, which read {d_input} features, have to give as many where they are not concatenated"
                    ),
                }
                .into());
            }
            d_output = network.merge.d_output(d_output, backward.d_output);
        }
        let why = format!("the {d_output} outputs of the layer before");
        reads = Some((d_output, why));
        sizes.push([forward, backward]);
    }
    Ok(sizes)
}

/// Checks a cell's arrays against each other, its options, and what it has to read.
fn check_cell<O: FileCell>(
    cell: &CellArrays<'_, O>,
    reads: Option<&(usize, String)>,
    network: &str,
) -> Result<Sizes, WeightsError> {
    let layout = &cell.layout;
    let matrix = |array: &Array<'_>| {
        layout.sizes_of(array.shape()).ok_or_else(|| {
            WeightsError::from(WeightsErrorKind::Rank {
                tensor: array.name().into(),
                given: array.shape().to_vec(),
                expected: 2,
            })
        })
    };
    let (d_input, _) = matrix(&cell.w_input)?;
    let (recurs, _) = matrix(&cell.w_hidden)?;
    // A projection says both sizes; without one as many features recur as there are units.
    let (from, [d_hidden, d_output]) = match &cell.w_project {
        Some(w_project) => {
            let (d_hidden, d_output) = matrix(w_project)?;
            (format!("`{}`", w_project.name()), [d_hidden, d_output])
        }
        None => (
            format!("`{}` and its {} gates", cell.w_hidden.name(), layout.blocks),
            [recurs; 2],
        ),
    };
    let gates = layout.blocks.saturating_mul(d_hidden);
    let (reads, why) = match reads {
        Some((d_input, why)) => (*d_input, why.as_str()),
        None => (d_input, from.as_str()),
    };
    expect(
        &cell.w_hidden,
        layout.matrix_shape(d_output, d_hidden),
        &from,
    )?;
    expect(&cell.w_input, layout.matrix_shape(reads, d_hidden), why)?;
    if let Some(bias) = &cell.bias {
        expect(bias, vec![gates], &from)?;
    }
    if let Some(bias_hidden) = &cell.bias_hidden {
        let in_reset = cell.options.bias_in_reset();
        let width = if in_reset { d_hidden } else { gates };
        expect(bias_hidden, vec![width], &from)?;
    }
    if let Some(w_project) = &cell.w_project {
        expect(w_project, layout.shape(d_hidden, d_output), &from)?;
    }
    if let Some(peephole) = &cell.peephole {
        let rows = PEEPHOLE_ROWS.saturating_mul(d_hidden);
        expect(peephole, vec![rows], &from)?;
    }
    check_options(cell, [d_input, d_hidden, d_output], network)?;
    Ok(Sizes {
        d_input,
        d_hidden,
        d_output,
    })
}

/// Checks that the options are ones, and that they say what the arrays say.
fn check_options<O: FileCell>(
    cell: &CellArrays<'_, O>,
    [d_input, d_hidden, d_output]: [usize; 3],
    network: &str,
) -> Result<(), WeightsError> {
    let config = |source| WeightsErrorKind::Config {
        network: network.into(),
        source,
    };
    for (field, size) in [
        ("d_input", d_input),
        ("d_hidden", d_hidden),
        ("d_output", d_output),
    ] {
        at_least_one(field, size).map_err(config)?;
    }
    let bias = cell.bias.is_some();
    let shape = CellShape {
        d_input,
        d_hidden,
        bias,
        initialization: Initialization::default(),
    };
    cell.options.validate(&shape).map_err(config)?;
    let options = &cell.options;
    debug_assert_eq!(
        options.peepholes().unwrap_or(0),
        cell.peephole
            .as_ref()
            .map_or(0, |_| cell.layout.peepholes.len())
    );
    let second = options.bias_hidden() || (bias && options.bias_in_reset());
    let projection = (cell.w_project).is_some().then_some(d_output);
    let differs = if second != cell.bias_hidden.is_some() {
        "biases on the hidden side"
    } else if options.projection() != projection {
        "a projection"
    } else if options.peepholes().is_some() != cell.peephole.is_some() {
        "diagonal peepholes"
    } else {
        return Ok(());
    };
    Err(WeightsErrorKind::CannotRead {
        what: format!("the cell of `{}`", cell.w_input.name()),
        reason: format!("the settings and the tensors do not say the same about {differs}"),
    }
    .into())
}

fn expect(array: &Array<'_>, expected: Vec<usize>, from: &str) -> Result<(), WeightsError> {
    if array.shape() == expected {
        return Ok(());
    }
    Err(WeightsErrorKind::Shape {
        tensor: array.name().into(),
        given: array.shape().to_vec(),
        expected,
        reason: format!("it has to fit {from}"),
    }
    .into())
}
