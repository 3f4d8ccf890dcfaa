//! The LSTM and its ablations.

use pulp::Simd;

use crate::point_wise::{BackwardAt, ForwardAt, PointWise, sigmoid_slope, tanh_slope};
use crate::spec::{GateSource, LstmSpec, Peephole};
use crate::vector::{fma, gate, gate_tanh, load, load_first, sigmoid, store, tanh};

/// Keeps the gates that have parameters, in the order input, forget, candidate, output.
///
/// The specification is looked at for every vector: the branches go the same way every time, and one
/// body for all ablations is worth more than the moment that they take.
///
/// With `CARRIES_GATES` they are carried to the next step, which full gate recurrence reads them in.
#[derive(Clone, Copy)]
pub(crate) struct Lstm<const CARRIES_GATES: bool>(pub(crate) LstmSpec);

/// The blocks of the gates in the fused parameters and their places among the sigmoid gates; those of gates that have
/// no parameters mean nothing.
struct Blocks {
    input: usize,
    forget: usize,
    candidate: usize,
    output: usize,
    forget_place: usize,
    output_place: usize,
}

impl<const CARRIES_GATES: bool> Lstm<CARRIES_GATES> {
    /// Whether it has an input and a forget gate of its own and squashes the candidate: where nothing is kept, the gates
    /// need no values then but quotients with others, and divisions are slow.
    #[inline(always)]
    fn is_whole(&self) -> bool {
        let own = GateSource::Own;
        self.0.input == own && self.0.forget == own && self.0.input_activation
    }

    #[inline(always)]
    fn blocks(&self) -> Blocks {
        let forget = usize::from(self.0.input == GateSource::Own);
        let candidate = forget + usize::from(self.0.forget == GateSource::Own);
        Blocks {
            input: 0,
            forget,
            candidate,
            output: candidate + 1,
            forget_place: forget,
            output_place: candidate,
        }
    }

    /// The input and the forget gate from those that have parameters; what is given for the others
    /// means nothing.
    #[inline(always)]
    fn couple<S: Simd>(&self, simd: S, input: S::f32s, forget: S::f32s) -> (S::f32s, S::f32s) {
        let one = simd.splat_f32s(1.0);
        match (self.0.input, self.0.forget) {
            (GateSource::Complement, _) => (simd.sub_f32s(one, forget), forget),
            (_, GateSource::Complement) => (input, simd.sub_f32s(one, input)),
            (input_from, forget_from) => (
                if input_from == GateSource::Own {
                    input
                } else {
                    one
                },
                if forget_from == GateSource::Own {
                    forget
                } else {
                    one
                },
            ),
        }
    }

    /// The pre-activation of the gate at a `place` among the sigmoid gates; it sees `cell`.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    unsafe fn pre_activation<S: Simd>(
        &self,
        simd: S,
        at: &ForwardAt,
        block: usize,
        place: usize,
        cell: S::f32s,
    ) -> S::f32s {
        // SAFETY: as promised by the caller.
        unsafe {
            let a = at.product(simd, block);
            if self.0.peephole == Peephole::Diagonal {
                fma(simd, at.extra(simd, place), cell, a)
            } else {
                a
            }
        }
    }

    /// The value of the gate at a `place` among the sigmoid gates; it sees `cell`.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    unsafe fn gate<S: Simd>(
        &self,
        simd: S,
        at: &ForwardAt,
        block: usize,
        place: usize,
        cell: S::f32s,
    ) -> S::f32s {
        // SAFETY: as promised by the caller.
        unsafe {
            let value = sigmoid(simd, self.pre_activation(simd, at, block, place, cell));
            at.keep(simd, block, value);
            if CARRIES_GATES {
                at.carry(simd, place, value);
            }
            value
        }
    }

    /// The gates that do not see `C_t`, and `C_t` in the place of `C_{t-1}`.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    pub(crate) unsafe fn update<S: Simd>(&self, simd: S, at: &ForwardAt) {
        let blocks = self.blocks();
        // SAFETY: as promised by the caller.
        unsafe {
            let before = load(simd, at.cell);
            if !CARRIES_GATES && !at.keeps() && self.is_whole() {
                let input = self.pre_activation(simd, at, blocks.input, 0, before);
                let (block, place) = (blocks.forget, blocks.forget_place);
                let forget = self.pre_activation(simd, at, block, place, before);
                let written = gate_tanh(simd, input, at.product(simd, blocks.candidate));
                let cell = simd.add_f32s(gate(simd, forget, before), written);
                return store(simd, at.cell, cell);
            }
            let (mut input, mut forget) = (before, before);
            if self.0.input == GateSource::Own {
                input = self.gate(simd, at, blocks.input, 0, before);
            }
            if self.0.forget == GateSource::Own {
                forget = self.gate(simd, at, blocks.forget, blocks.forget_place, before);
            }
            let (input, forget) = self.couple(simd, input, forget);
            let mut candidate = at.product(simd, blocks.candidate);
            if self.0.input_activation {
                candidate = tanh(simd, candidate);
            }
            at.keep(simd, blocks.candidate, candidate);
            let cell = fma(simd, forget, before, simd.mul_f32s(input, candidate));
            store(simd, at.cell, cell);
        }
    }

    /// The output gate, and `h_t` from `C_t`.
    ///
    /// # Safety
    ///
    /// As for [`update`](Lstm::update), which comes before.
    #[inline(always)]
    pub(crate) unsafe fn show<S: Simd>(&self, simd: S, at: &ForwardAt) {
        let blocks = self.blocks();
        // SAFETY: as promised by the caller.
        unsafe {
            let cell = load(simd, at.cell);
            if !CARRIES_GATES && !at.keeps() && self.0.output && self.0.output_activation {
                let (block, place) = (blocks.output, blocks.output_place);
                let output = self.pre_activation(simd, at, block, place, cell);
                return store(simd, at.next, gate_tanh(simd, output, cell));
            }
            let shown = if self.0.output_activation {
                tanh(simd, cell)
            } else {
                cell
            };
            let hidden = if self.0.output {
                let output = self.gate(simd, at, blocks.output, blocks.output_place, cell);
                simd.mul_f32s(output, shown)
            } else {
                shown
            };
            store(simd, at.next, hidden);
        }
    }

    /// The gradient of the output gate's pre-activation, and what [`show`](Lstm::show) gives to that of `C_t`.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    pub(crate) unsafe fn show_backward<S: Simd>(&self, simd: S, at: &BackwardAt) {
        let blocks = self.blocks();
        // SAFETY: as promised by the caller.
        unsafe {
            let cell = load_first(simd, at.cell, at.n);
            let dh = at.d_hidden(simd);
            let mut d_cell = load(simd, at.d_cell);
            let shown = if self.0.output_activation {
                tanh(simd, cell)
            } else {
                cell
            };
            let mut d_shown = dh;
            if self.0.output {
                let output = at.kept(simd, blocks.output);
                d_shown = simd.mul_f32s(dh, output);
                let (block, place) = (blocks.output, blocks.output_place);
                let d_output = simd.mul_f32s(dh, shown);
                d_cell = self.gate_backward(simd, at, block, place, output, d_output, cell, d_cell);
            }
            if self.0.output_activation {
                d_shown = simd.mul_f32s(d_shown, tanh_slope(simd, shown));
            }
            store(simd, at.d_cell, simd.add_f32s(d_cell, d_shown));
        }
    }

    /// The gradients of what [`update`](Lstm::update) read, from the whole gradient of `C_t`.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    pub(crate) unsafe fn update_backward<S: Simd>(&self, simd: S, at: &BackwardAt) {
        let blocks = self.blocks();
        // SAFETY: as promised by the caller.
        unsafe {
            let before = load_first(simd, at.cell_before, at.n);
            let (mut input, mut forget) = (before, before);
            if self.0.input == GateSource::Own {
                input = at.kept(simd, blocks.input);
            }
            if self.0.forget == GateSource::Own {
                forget = at.kept(simd, blocks.forget);
            }
            let (input, forget) = self.couple(simd, input, forget);
            let candidate = at.kept(simd, blocks.candidate);
            let d_cell = load(simd, at.d_cell);

            let mut d_candidate = simd.mul_f32s(d_cell, input);
            if self.0.input_activation {
                d_candidate = simd.mul_f32s(d_candidate, tanh_slope(simd, candidate));
            }
            at.put(simd, blocks.candidate, d_candidate);
            at.put_recurrent(simd, blocks.candidate, d_candidate);

            // What one more of a gate with parameters does to C_t.
            let mut by_input = candidate;
            let mut by_forget = before;
            if self.0.forget == GateSource::Complement {
                by_input = simd.sub_f32s(candidate, before);
            }
            if self.0.input == GateSource::Complement {
                by_forget = simd.sub_f32s(before, candidate);
            }
            let mut d_before = simd.mul_f32s(d_cell, forget);
            if self.0.input == GateSource::Own {
                let d = simd.mul_f32s(d_cell, by_input);
                d_before =
                    self.gate_backward(simd, at, blocks.input, 0, input, d, before, d_before);
            }
            if self.0.forget == GateSource::Own {
                let (block, place) = (blocks.forget, blocks.forget_place);
                let d = simd.mul_f32s(d_cell, by_forget);
                d_before = self.gate_backward(simd, at, block, place, forget, d, before, d_before);
            }
            store(simd, at.d_cell, d_before);
        }
    }

    /// The gradient of a gate's pre-activation from what this step gives to that of its value; what it sees is `cell`,
    /// whose gradient gets its share.
    ///
    /// # Safety
    ///
    /// The fields of `at` must be valid.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // A gate is many things.
    unsafe fn gate_backward<S: Simd>(
        &self,
        simd: S,
        at: &BackwardAt,
        block: usize,
        place: usize,
        value: S::f32s,
        mut d_value: S::f32s,
        cell: S::f32s,
        d_cell: S::f32s,
    ) -> S::f32s {
        // SAFETY: as promised by the caller.
        unsafe {
            if CARRIES_GATES {
                d_value = simd.add_f32s(d_value, at.d_gate(simd, place));
            }
            let d = simd.mul_f32s(d_value, sigmoid_slope(simd, value));
            at.put(simd, block, d);
            at.put_recurrent(simd, block, d);
            if self.0.peephole != Peephole::Diagonal {
                return d_cell;
            }
            at.add_extra(simd, place, simd.mul_f32s(d, cell));
            fma(simd, d, at.extra(simd, place), d_cell)
        }
    }
}

impl<const CARRIES_GATES: bool> PointWise for Lstm<CARRIES_GATES> {
    const HAS_CELL: bool = true;
    const SPLIT_LAST: bool = false;

    fn gates(&self) -> usize {
        self.0.sigmoid_gates() + 1
    }

    fn slots(&self) -> usize {
        self.gates()
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, at: ForwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            self.update(simd, &at);
            self.show(simd, &at);
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, at: BackwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            self.show_backward(simd, &at);
            self.update_backward(simd, &at);
        }
    }
}
