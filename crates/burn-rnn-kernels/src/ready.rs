//! A cell with its parameters packed once for many steps.

use std::sync::Arc;

use pulp::{Simd, WithSimd};

use crate::forward::{Pass, Prepared, Results};
use crate::level::Level;
use crate::spec::{Operands, Sizes};
use crate::step::Cell;

/// A cell of any kind that is ready to run.
pub(crate) trait Ready: Send + Sync {
    /// One step of all sequences: from the input and the states to the states after it.
    fn step(&self, sizes: &Sizes, x: &[f32], from: &States, to: &mut States);
}

/// The states of all sequences, `[batch, d_hidden]` each; no cell states where the cell carries none.
#[derive(Clone, Debug)]
pub(crate) struct States {
    pub(crate) hidden: Vec<f32>,
    pub(crate) cell: Option<Vec<f32>>,
    /// The carried gates, of a cell that carries some.
    pub(crate) gates: Option<Vec<f32>>,
}

/// Packs the parameters of a cell.
pub(crate) fn ready<C: Cell + 'static>(
    level: Level,
    cell: C,
    sizes: &Sizes,
    operands: &Operands<'_>,
) -> Arc<dyn Ready> {
    let prepared = level.run(Prepare {
        cell,
        sizes,
        operands,
    });
    Arc::new(ReadyCell {
        level,
        prepared: prepared.into_owned(),
    })
}

struct Prepare<'a, C> {
    cell: C,
    sizes: &'a Sizes,
    operands: &'a Operands<'a>,
}

impl<'a, C: Cell> WithSimd for Prepare<'a, C> {
    type Output = Prepared<'a, C>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Prepared<'a, C> {
        // As many steps as there may be.
        Prepared::new(simd, self.cell, self.sizes, self.operands, usize::MAX)
    }
}

struct ReadyCell<C> {
    level: Level,
    prepared: Prepared<'static, C>,
}

impl<C: Cell> Ready for ReadyCell<C> {
    fn step(&self, sizes: &Sizes, x: &[f32], from: &States, to: &mut States) {
        self.level.run(Step {
            pass: Pass {
                prepared: &self.prepared,
                sizes,
                x,
                hidden: &from.hidden,
                cell: from.cell.as_deref(),
                carried_gates: from.gates.as_deref(),
                reverse: false,
            },
            to,
        });
    }
}

struct Step<'a, C> {
    pass: Pass<'a, C>,
    to: &'a mut States,
}

impl<C: Cell> WithSimd for Step<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let results = Results {
            output: &mut self.to.hidden,
            cell: self.to.cell.as_deref_mut().unwrap_or_default(),
            carried_gates: self.to.gates.as_deref_mut().unwrap_or_default(),
            gates: &mut [],
            cells: &mut [],
            hidden: &mut [],
        };
        self.pass.run(simd, results);
    }
}
