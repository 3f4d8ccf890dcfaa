//! The sizes of a run, and the shapes that follow from them.

use arrayvec::ArrayVec;

use crate::definition::{ParameterKind, Plan, Width};

/// The sizes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The number of sequences.
    pub batch: usize,
    /// The number of time steps.
    pub time: usize,
    /// The number of features of a step's input.
    pub d_input: usize,
    /// The number of hidden units.
    pub d_hidden: usize,
    /// The number of units of a projection; `d_hidden` without.
    pub d_output: usize,
}

impl Sizes {
    pub(crate) fn width(&self, width: Width) -> usize {
        width.units(self.d_hidden, self.d_output)
    }

    /// The floats of a row of a tensor of states.
    pub(crate) fn state_row(&self, plan: &Plan, tensor: usize) -> usize {
        let state = &plan.declaration.states[tensor];
        state.vectors_there() * self.width(state.width)
    }

    /// The shape of a parameter; no elements where nothing of it is there.
    pub(crate) fn parameter(&self, plan: &Plan, index: usize) -> ArrayVec<usize, 3> {
        let d_hidden = self.d_hidden;
        let mut shape = ArrayVec::new();
        match &plan.declaration.parameters[index].kind {
            ParameterKind::Matrix { .. } => match plan.matrices[index] {
                None => shape.extend([0, 0]),
                Some(matrix) => {
                    let rows = matrix.row_blocks * self.width(matrix.source_width);
                    let columns = matrix.blocks * self.width(matrix.width);
                    shape.extend(matrix.heads);
                    let heads = matrix.heads.unwrap_or(1);
                    shape.extend([rows / heads, columns / heads]);
                }
            },
            ParameterKind::Vectors { flat: true, .. } => shape.push(d_hidden),
            ParameterKind::Vectors { there, .. } => {
                shape.extend([there.iter().filter(|&&there| there).count(), d_hidden]);
            }
            ParameterKind::Scalars { count } => shape.push(*count),
        }
        shape
    }
}
