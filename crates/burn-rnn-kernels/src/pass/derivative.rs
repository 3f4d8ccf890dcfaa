//! The derivative of the equations: the point-wise part of the backward pass.
//!
//! The equations run once more over vectors, with what the forward pass has kept in the place of the functions of sums, and write
//! each operation on a [tape](Tape); the tape is then read backwards.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;

use pulp::{Simd, WithSimd};

use crate::definition::{Definition, Stage, Sum};
use crate::machine::vector::{add_to, load, load_first, store, store_first};

use super::frame::{BackwardFrame, MaskAt, Span};
use super::tape::{Entries, NONE, Read, Reads, Tape, Var};

/// The backward point-wise pass of one stage.
pub(crate) struct Backward<'a, D, const STAGE: usize> {
    pub(crate) definition: &'a D,
    pub(crate) frame: BackwardFrame<'a>,
}

/// Calls a macro for all numbers below 64, the last first.
macro_rules! from_the_last {
    ($each:ident) => {
        $each!(63 62 61 60 59 58 57 56 55 54 53 52 51 50 49 48 47 46 45 44 43 42 41 40 39 38 37 36 35 34 33 32
               31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0);
    };
}

impl<D: Definition, const STAGE: usize> WithSimd for Backward<'_, D, STAGE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { definition, frame } = self;
        let Span {
            rows,
            panels,
            units,
            width,
            ..
        } = frame.stage.span;
        let (start, end) = (panels.0 * units, width.min(panels.1 * units));
        for row in 0..rows {
            // SAFETY: whoever makes a frame promises that it has these rows.
            let (inner, outer) = unsafe {
                (
                    *frame.stage.span.inner.add(row),
                    *frame.stage.span.outer.add(row),
                )
            };
            // The groups are the parts that the sequences are shared in where each thread has its own.
            let group =
                ((row + 1) * frame.memory.groups - 1) / frame.memory.all_rows * frame.memory.group;
            let mut unit = start;
            while unit < end {
                let (len, kept) = (Cell::new(0), Cell::new(0));
                let (first, second) = (empty(), empty());
                let (first_slope, second_slope, gradients) = (empty(), empty(), empty());
                let sums = reads();
                let states = reads();
                let temps = reads();
                let vectors = reads();
                let reduced = reads();
                let tape = Tape {
                    simd,
                    frame,
                    row,
                    inner,
                    outer,
                    unit,
                    n: width - unit,
                    group,
                    len: &len,
                    kept: &kept,
                    operands: [&first, &second],
                    slopes: [&first_slope, &second_slope],
                    gradients: &gradients,
                    sums: &sums,
                    states: &states,
                    temps: &temps,
                    vectors: &vectors,
                    reduced: &reduced,
                };
                definition.stage(STAGE, &&tape);
                // SAFETY: the tape has `len` entries.
                unsafe {
                    macro_rules! back {
                        ($($at:literal)*) => { $(if $at < len.get() { tape.back($at); })* };
                    }
                    from_the_last!(back);
                    macro_rules! each {
                        ($gradient:ident: $($index:literal)*) => { $(tape.$gradient($index);)* };
                    }
                    each!(gradient_of_sum: 0 1 2 3 4 5 6 7 8 9 10 11);
                    each!(gradient_of_state: 0 1 2 3 4 5 6 7);
                    each!(gradient_of_temp: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
                    each!(gradient_of_vector: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
                    each!(gradient_of_reduction: 0 1 2 3 4 5 6 7);
                }
                unit += S::F32_LANES;
            }
        }
    }
}

#[inline(always)]
fn empty<T>() -> Entries<T> {
    UnsafeCell::new(MaybeUninit::uninit())
}

#[inline(always)]
fn reads<const N: usize>() -> Reads<N> {
    [const { Cell::new(Read::NOTHING) }; N]
}

// SAFETY of the accesses to memory below: the pointers of a frame are valid for its rows and units, those of what a definition names
// too, since its plan has been checked against what it does.
impl<S: Simd> Tape<'_, S> {
    /// The gradient of a state after the step.
    #[inline(always)]
    unsafe fn gradient_after(&self, index: usize) -> S::f32s {
        // SAFETY: see above.
        unsafe {
            let simd = self.simd;
            let d = load(simd, self.frame.memory.after[index].at(self.row, self.unit));
            if index > 0 {
                return d;
            }
            let step = self.outer * self.frame.memory.d_output_row + self.unit;
            let d_output = load_first(simd, self.frame.memory.d_output.add(step), self.n);
            simd.add_f32s(d_output, d)
        }
    }

    #[inline(always)]
    unsafe fn mask_at(&self, mask: MaskAt) -> S::f32s {
        let span = &self.frame.stage.span;
        // SAFETY: see above.
        unsafe { mask.at(self.simd, span, self.row, self.unit, self.n) }
    }

    #[inline(always)]
    unsafe fn gradient_of_sum(&self, sum: usize) {
        let Read { at, on } = self.sums[sum].get();
        if at == NONE || !on {
            return;
        }
        let (simd, frame) = (self.simd, self.frame);
        // SAFETY: see above.
        unsafe {
            let d = self.gradient(at);
            let slot =
                self.inner * frame.stage.slots_step + frame.memory.sum_slots[sum] + self.unit;
            store_first(simd, frame.stage.slots.add(slot), self.n, d);
            let position = frame.memory.positions[sum];
            if position != NONE {
                let factor = frame.stage.factors.at(self.row, position + self.unit);
                store_first(simd, factor, self.n, d);
            }
            let bias = frame.memory.biases[sum];
            if !bias.is_null() {
                add_to(simd, bias.add(self.group + self.unit), d);
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_state(&self, state: usize) {
        let at = self.states[state].get().at;
        let before = self.frame.memory.before[state];
        let to = before.at(self.row, self.unit);
        // SAFETY: see above.
        unsafe {
            if at == NONE {
                if self.frame.stage.stores[state] {
                    store(self.simd, to, self.simd.splat_f32s(0.0));
                }
            } else if self.frame.stage.stores[state] {
                store(self.simd, to, self.gradient(at));
            } else {
                add_to(self.simd, to, self.gradient(at));
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_temp(&self, temp: usize) {
        let at = self.temps[temp].get().at;
        if at != NONE {
            let to = self.frame.memory.d_temps[temp].at(self.row, self.unit);
            // SAFETY: see above.
            unsafe { add_to(self.simd, to, self.gradient(at)) }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_vector(&self, vector: usize) {
        let Read { at, on } = self.vectors[vector].get();
        if at != NONE && on {
            // SAFETY: see above.
            unsafe {
                let to = self.frame.memory.d_vectors[vector].add(self.group + self.unit);
                add_to(self.simd, to, self.gradient(at));
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_reduction(&self, reduction: usize) {
        let at = self.reduced[reduction].get().at;
        if at != NONE {
            let to = self.frame.memory.d_reduced[reduction].at(self.row, 0);
            // Beyond the last unit there are none.
            let mut lanes = [0.0f32; 16];
            // SAFETY: see above.
            unsafe {
                store(self.simd, lanes.as_mut_ptr(), self.gradient(at));
                lanes[self.n.min(S::F32_LANES)..].fill(0.0);
                add_to(self.simd, to, load(self.simd, lanes.as_ptr()));
            }
        }
    }
}

impl<'a, S: Simd> Stage for &'a Tape<'a, S> {
    type Value = Var<'a, S>;

    #[inline(always)]
    fn sum_if(&self, on: bool, index: usize) -> Sum<Self::Value> {
        // The sum itself is not there any more, and nobody asks for it.
        let zero = self.simd.splat_f32s(0.0);
        Sum(self.read(self.sums, index, on, zero))
    }

    #[inline(always)]
    fn state(&self, index: usize) -> Self::Value {
        let step = self.inner * self.frame.stage.span.width + self.unit;
        // SAFETY: see above.
        let v = unsafe { load_first(self.simd, self.frame.memory.states[index].add(step), self.n) };
        self.read(self.states, index, true, v)
    }

    #[inline(always)]
    fn set_state_if(&self, on: bool, index: usize, value: Self::Value) {
        if !on {
            return;
        }
        // SAFETY: see above.
        unsafe { self.add(value.at, self.gradient_after(index)) }
    }

    #[inline(always)]
    fn temp(&self, index: usize) -> Self::Value {
        let from = self.inner * self.frame.memory.temp_steps[index] + self.unit;
        // SAFETY: see above.
        let v = unsafe { load_first(self.simd, self.frame.memory.temps[index].add(from), self.n) };
        self.read(self.temps, index, true, v)
    }

    #[inline(always)]
    fn set_temp(&self, index: usize, value: Self::Value) {
        // SAFETY: see above.
        unsafe {
            let simd = self.simd;
            let mut d = load(
                simd,
                self.frame.memory.d_temps[index].at(self.row, self.unit),
            );
            let reduction = self.frame.memory.d_reductions[index];
            if !reduction.is_null() {
                d = simd.add_f32s(d, simd.splat_f32s(*reduction.add(self.row)));
            }
            self.add(value.at, d);
        }
    }

    #[inline(always)]
    fn reduced(&self, index: usize) -> Self::Value {
        let from = self.inner * self.frame.memory.reductions + index;
        // SAFETY: see above.
        let total = unsafe { *self.frame.memory.reduced.add(from) };
        self.read(self.reduced, index, true, self.simd.splat_f32s(total))
    }

    #[inline(always)]
    fn vector_if(&self, on: bool, row: usize) -> Self::Value {
        let v = if on {
            // SAFETY: see above.
            unsafe { load(self.simd, self.frame.memory.vectors[row].add(self.unit)) }
        } else {
            self.simd.splat_f32s(0.0)
        };
        self.read(self.vectors, row, on, v)
    }

    #[inline(always)]
    fn mask(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        Tape::constant(self, unsafe {
            self.mask_at(self.frame.memory.masks[index])
        })
    }

    #[inline(always)]
    fn candidate(&self, value: Self::Value) -> Self::Value {
        // SAFETY: see above.
        value * Tape::constant(self, unsafe { self.mask_at(self.frame.memory.candidate) })
    }

    #[inline(always)]
    fn constant(&self, value: f32) -> Self::Value {
        Tape::constant(self, self.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn units(&self) -> Self::Value {
        Stage::constant(self, self.frame.stage.span.width as f32)
    }
}
