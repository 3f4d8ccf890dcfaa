//! The equations over SIMD vectors: the point-wise part of the forward pass.

use core::cell::Cell;

use pulp::{Simd, WithSimd};

use crate::definition::{Binary, Definition, Function, Stage, Sum, Unary, Value, operators};
use crate::machine::functions;
use crate::machine::vector::{fma, load, store, store_first};

use super::frame::{ForwardFrame, MaskAt, Span};
use super::operations;

/// The point-wise pass of one stage, and whether it keeps what the backward pass needs.
pub(crate) struct Forward<'a, D, const STAGE: usize, const KEEP: bool> {
    pub(crate) definition: &'a D,
    pub(crate) frame: ForwardFrame<'a>,
}

impl<D: Definition, const STAGE: usize, const KEEP: bool> WithSimd for Forward<'_, D, STAGE, KEEP> {
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
        for panel in panels.0..panels.1 {
            let end = width.min((panel + 1) * units);
            for row in 0..rows {
                // SAFETY: whoever makes a frame promises that it has these panels and rows.
                unsafe {
                    let stage = frame.stage;
                    let row_sums = panel * stage.sums_panel + row * stage.sums_row;
                    let sums = stage.sums.add(row_sums);
                    let inner = *stage.span.inner.add(row);
                    let mut unit = panel * units;
                    while unit < end {
                        let at = LaneAt::<S, KEEP> {
                            simd,
                            frame,
                            sums: sums.add(unit - panel * units),
                            row,
                            inner,
                            unit,
                            n: width - unit,
                            kept: Cell::new(0),
                        };
                        definition.stage(STAGE, &&at);
                        unit += S::F32_LANES;
                    }
                }
            }
        }
    }
}

/// One vector of units of one row.
pub(crate) struct LaneAt<'a, S: Simd, const KEEP: bool> {
    simd: S,
    frame: ForwardFrame<'a>,
    sums: *const f32,
    row: usize,
    inner: usize,
    unit: usize,
    n: usize,
    /// The values that were kept.
    kept: Cell<usize>,
}

/// A vector of floats.
pub(crate) struct Lane<'a, S: Simd, const KEEP: bool> {
    at: &'a LaneAt<'a, S, KEEP>,
    v: S::f32s,
}

impl<S: Simd, const KEEP: bool> Clone for Lane<'_, S, KEEP> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd, const KEEP: bool> Copy for Lane<'_, S, KEEP> {}

impl<'a, S: Simd, const KEEP: bool> LaneAt<'a, S, KEEP> {
    #[inline(always)]
    fn lane(&'a self, v: S::f32s) -> Lane<'a, S, KEEP> {
        Lane { at: self, v }
    }

    #[inline(always)]
    fn zero(&self) -> S::f32s {
        self.simd.splat_f32s(0.0)
    }

    #[inline(always)]
    fn mask_at(&self, mask: MaskAt) -> S::f32s {
        let span = &self.frame.stage.span;
        // SAFETY: whoever makes a frame promises that its masks are those of its rows and units.
        unsafe { mask.at(self.simd, span, self.row, self.unit, self.n) }
    }
}

// SAFETY of the accesses below: the pointers of a frame are valid for its rows and units, those of what a definition names
// too, since its plan has been checked against what it does.
impl<'a, S: Simd, const KEEP: bool> Stage for &'a LaneAt<'a, S, KEEP> {
    type Value = Lane<'a, S, KEEP>;

    #[inline(always)]
    fn sum_if(&self, on: bool, index: usize) -> Sum<Self::Value> {
        Sum(self.lane(if on {
            // SAFETY: see above.
            unsafe { load(self.simd, self.sums.add(self.frame.memory.positions[index])) }
        } else {
            self.zero()
        }))
    }

    #[inline(always)]
    fn state(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        self.lane(unsafe {
            load(
                self.simd,
                self.frame.memory.before[index].at(self.row, self.unit),
            )
        })
    }

    #[inline(always)]
    fn set_state_if(&self, on: bool, index: usize, value: Self::Value) {
        if on {
            let to = self.frame.memory.after[index].at(self.row, self.unit);
            // SAFETY: see above.
            unsafe { store(self.simd, to, value.v) }
        }
    }

    #[inline(always)]
    fn temp(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        self.lane(unsafe {
            load(
                self.simd,
                self.frame.memory.temps[index].at(self.row, self.unit),
            )
        })
    }

    #[inline(always)]
    fn set_temp(&self, index: usize, value: Self::Value) {
        // SAFETY: see above.
        unsafe {
            let to = self.frame.memory.temps[index].at(self.row, self.unit);
            store(self.simd, to, value.v);
            let saved = self.frame.memory.saved_temps[index];
            if KEEP && !saved.is_null() {
                let to = saved.add(self.inner * self.frame.stage.span.width + self.unit);
                store_first(self.simd, to, self.n, value.v);
            }
        }
    }

    #[inline(always)]
    fn reduced(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        let sum = unsafe { *self.frame.memory.reduced[index].add(self.row) };
        self.lane(self.simd.splat_f32s(sum))
    }

    #[inline(always)]
    fn vector_if(&self, on: bool, row: usize) -> Self::Value {
        self.lane(if on {
            // SAFETY: see above.
            unsafe { load(self.simd, self.frame.memory.vectors[row].add(self.unit)) }
        } else {
            self.zero()
        })
    }

    #[inline(always)]
    fn mask(&self, index: usize) -> Self::Value {
        self.lane(self.mask_at(self.frame.memory.masks[index]))
    }

    #[inline(always)]
    fn candidate(&self, value: Self::Value) -> Self::Value {
        let mask = self.frame.memory.candidate;
        if mask.start.is_null() {
            return value;
        }
        value * self.lane(self.mask_at(mask))
    }

    #[inline(always)]
    fn constant(&self, value: f32) -> Self::Value {
        self.lane(self.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn units(&self) -> Self::Value {
        self.constant(self.frame.stage.span.width as f32)
    }
}

impl<S: Simd, const KEEP: bool> Lane<'_, S, KEEP> {
    #[inline(always)]
    fn with(self, v: S::f32s) -> Self {
        Self { at: self.at, v }
    }
}

impl<S: Simd, const KEEP: bool> Value for Lane<'_, S, KEEP> {
    #[inline(always)]
    fn apply(self, function: Function) -> Self {
        self.with(operations::apply(self.at.simd, function, self.v))
    }

    #[inline(always)]
    fn unary(self, operation: Unary) -> Self {
        self.with(operations::unary(self.at.simd, operation, self.v))
    }

    #[inline(always)]
    fn binary(self, operation: Binary, other: Self) -> Self {
        self.with(operations::binary(self.at.simd, operation, self.v, other.v))
    }

    #[inline(always)]
    fn number(self, value: f32) -> Self {
        self.with(self.at.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn choose(self, on: bool, other: Self) -> Self {
        if on { self } else { other }
    }

    #[inline(always)]
    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        if !on {
            return self.number(otherwise);
        }
        let value = self.apply(function);
        if KEEP {
            let at = self.at;
            let slot = at.kept.get();
            at.kept.set(slot + 1);
            let offset =
                at.inner * at.frame.stage.slots_step + slot * at.frame.stage.span.width + at.unit;
            // SAFETY: a pass that keeps has as many slots as its plan has counted.
            unsafe { store_first(at.simd, at.frame.stage.slots.add(offset), at.n, value.v) }
        }
        value
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        self.with(fma(self.at.simd, self.v, factor.v, summand.v))
    }

    #[inline(always)]
    fn gate(self, value: Self) -> Self {
        if KEEP {
            return self.kept(Function::Sigmoid, true, 1.0) * value;
        }
        self.with(functions::gate(self.at.simd, self.v, value.v))
    }

    #[inline(always)]
    fn gate_tanh(self, x: Self, sum: bool) -> Self {
        if KEEP {
            let gate = self.kept(Function::Sigmoid, true, 1.0);
            return gate
                * if sum {
                    x.kept(Function::Tanh, true, 1.0)
                } else {
                    x.tanh()
                };
        }
        self.with(functions::gate_tanh(self.at.simd, self.v, x.v))
    }
}

operators!(['a, S: Simd, const KEEP: bool] Lane<'a, S, KEEP>);
