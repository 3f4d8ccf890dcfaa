//! The equations of the GRU, with the reset after the product and before it.

use super::pre_activation::Activate;
use crate::definition::{Declaration, Definition, Product, Stage, Value};

/// Sums; with the reset after the product the recurrent side of the candidate is one of its own.
const RESET: usize = 0;
const UPDATE: usize = 1;
const NEW: usize = 2;
const NEW_RECURRENT: usize = 3;

/// The equations with the reset after the product, and the functions of gates and candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ResetAfter<G, N>(pub(super) G, pub(super) N);

impl<G: Activate, N: Activate> Definition for ResetAfter<G, N> {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([RESET, UPDATE, NEW_RECURRENT]);
        Declaration::new()
            .state()
            .input(0)
            .input(0)
            .input(0)
            .sum(0)
            .matrix("w_hidden", [product])
            .vector("bias_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let reset = self.0.of(at.sum(RESET));
        let update = self.0.of(at.sum(UPDATE));
        let product = (at.sum(NEW_RECURRENT) + at.vector(0)).value();
        let new = at.candidate(self.1.of(at.sum(NEW) + reset * product));
        at.set_state(0, mix(update, at.state(0), new));
    }
}

/// The equations with the reset before the product, and the functions of gates and candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ResetBefore<G, N>(pub(super) G, pub(super) N);

impl<G: Activate, N: Activate> Definition for ResetBefore<G, N> {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        // Temp 0 is r ⊙ h, temp 1 is z.
        let products = [
            Product::of_state(0).into_sums([RESET, UPDATE]),
            Product::of_temp(0).into_sums([NEW]).masked_like(0),
        ];
        Declaration::stages(Self::STAGES)
            .state()
            .input(0)
            .input(0)
            .input(1)
            .temp(0)
            .temp(0)
            .matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            at.set_temp(0, self.0.of(at.sum(RESET)) * at.state(0));
            at.set_temp(1, self.0.of(at.sum(UPDATE)));
        } else {
            let new = at.candidate(self.1.of(at.sum(NEW)));
            at.set_state(0, mix(at.temp(1), at.state(0), new));
        }
    }
}

/// `(1 − z) h + z n`.
#[inline(always)]
pub(super) fn mix<V: Value>(update: V, hidden: V, new: V) -> V {
    update.one_minus().mul_add(hidden, update * new)
}
