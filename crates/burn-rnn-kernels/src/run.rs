//! From a cell's specification to the code that runs it.

use std::sync::Arc;

use crate::backward::{self};
use crate::forward::{self};
use crate::gate_recurrence::GateRecurrence;
use crate::gru::Gru;
use crate::gru_reset_before::GruResetBefore;
use crate::level::Level;
use crate::lstm::Lstm;
use crate::lstm_full_peephole::LstmFullPeephole;
use crate::one_product::OneProduct;
use crate::ready::{Ready, ready};
use crate::simple::Simple;
use crate::spec::{
    CellSpec, Gradients, Operands, OutputGradients, Outputs, Peephole, Saved, Sizes, Wanted,
};

/// Calls a function with the cell of a specification: its type decides the code.
macro_rules! with_cell {
    ($spec:expr, $cell:ident => $call:expr) => {
        match *$spec {
            CellSpec::Simple(activation) => {
                let $cell = OneProduct(Simple(activation));
                $call
            }
            CellSpec::Lstm(lstm) if lstm.gate_recurrence => match lstm.peephole {
                Peephole::Full => {
                    let cell = LstmFullPeephole(Lstm::<true>(lstm));
                    let $cell = GateRecurrence { cell, lstm };
                    $call
                }
                Peephole::None | Peephole::Diagonal => {
                    let cell = OneProduct(Lstm::<true>(lstm));
                    let $cell = GateRecurrence { cell, lstm };
                    $call
                }
            },
            CellSpec::Lstm(lstm) if lstm.peephole == Peephole::Full => {
                let $cell = LstmFullPeephole(Lstm::<false>(lstm));
                $call
            }
            CellSpec::Lstm(lstm) => {
                let $cell = OneProduct(Lstm::<false>(lstm));
                $call
            }
            CellSpec::Gru(gru) if gru.reset_after => {
                let $cell = OneProduct(Gru);
                $call
            }
            CellSpec::Gru(_) => {
                let $cell = GruResetBefore;
                $call
            }
        }
    };
}

/// Runs a cell over a batch of sequences, in time or, with `reverse`, against it: the last step is then the first one, and
/// outputs stand at the step of their input. `keep` keeps what [`backward`] needs; the outputs of an LSTM that keeps
/// nothing differ from those by rounding, because it divides less often.
///
/// # Panics
///
/// Where an operand has not the length that [`Operands`] says.
pub fn forward(
    level: Level,
    spec: &CellSpec,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
    keep: bool,
) -> Outputs {
    operands.check(spec, sizes);
    with_cell!(spec, cell => forward::run(level, cell, sizes, operands, reverse, keep))
}

/// A cell that is ready for one step after another, its parameters packed.
pub(crate) fn prepare(
    level: Level,
    spec: &CellSpec,
    sizes: &Sizes,
    operands: &Operands<'_>,
) -> Arc<dyn Ready> {
    operands.check(spec, sizes);
    with_cell!(spec, cell => ready(level, cell, sizes, operands))
}

/// The gradients of a run of [`forward`], of which `operands`, `sizes` and `reverse` are the same.
///
/// # Panics
///
/// Where an operand or a gradient has not the length that it should, or `saved` is of another run.
#[allow(clippy::too_many_arguments)] // What a run reads, keeps and gives.
pub fn backward(
    level: Level,
    spec: &CellSpec,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
    saved: Saved,
    d: OutputGradients<'_>,
    wanted: Wanted,
) -> Gradients {
    operands.check(spec, sizes);
    saved.check(spec, sizes);
    d.check(spec, sizes);
    with_cell!(spec, cell => backward::run(level, cell, sizes, operands, reverse, saved, d, wanted))
}
