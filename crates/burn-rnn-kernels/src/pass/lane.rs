//! The equations over SIMD vectors: the point-wise part of the forward pass.

use core::cell::Cell;
use core::ops::{Add, Div, Mul, Neg, Sub};

use pulp::{Simd, WithSimd};

use crate::definition::{
    Definition, Function, MOST_MASKS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS,
    MOST_VECTORS, Stage, Sum, Value,
};
use crate::machine::functions;
use crate::machine::vector::{fma, load, load_first, store, store_first};

/// The rows and units of a point-wise pass, in either direction.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// The sequences that are running.
    pub(crate) rows: usize,
    /// The first and the end of the panels.
    pub(crate) panels: (usize, usize),
    /// The units of a panel.
    pub(crate) units: usize,
    /// All units.
    pub(crate) width: usize,
    /// The step of each row in what is kept.
    pub(crate) inner: *const usize,
    /// The step of each row in the caller's tensors.
    pub(crate) outer: *const usize,
    /// Each row's sequence in the caller's tensors.
    pub(crate) sequences: *const usize,
}

/// A mask and how it is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaskAt {
    /// Null where it is not given.
    pub(crate) start: *const f32,
    pub(crate) by_step: bool,
}

impl MaskAt {
    pub(crate) const ABSENT: Self = Self {
        start: core::ptr::null(),
        by_step: false,
    };

    /// The mask at some units of a row; ones where it is not given.
    ///
    /// # Safety
    ///
    /// The mask must be readable for the row's sequence or step, `n` floats or a vector's from `unit` on.
    #[inline(always)]
    pub(crate) unsafe fn at<S: Simd>(
        &self,
        simd: S,
        span: &Span,
        row: usize,
        unit: usize,
        n: usize,
    ) -> S::f32s {
        if self.start.is_null() {
            return simd.splat_f32s(1.0);
        }
        // SAFETY: as promised by the caller.
        unsafe {
            let index = if self.by_step {
                *span.outer.add(row)
            } else {
                *span.sequences.add(row)
            };
            load_first(simd, self.start.add(index * span.width + unit), n)
        }
    }
}

/// Memory of one vector of each row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowsAt {
    pub(crate) start: *mut f32,
    /// From one row to the next.
    pub(crate) stride: usize,
}

impl RowsAt {
    pub(crate) const ABSENT: Self = Self {
        start: core::ptr::null_mut(),
        stride: 0,
    };

    #[inline(always)]
    pub(crate) fn at(&self, row: usize, unit: usize) -> *mut f32 {
        self.start.wrapping_add(row * self.stride + unit)
    }
}

/// What the point-wise pass of one stage reads and writes. Scratch memory has whole vectors, what is kept has the units alone.
pub(crate) struct ForwardFrame {
    pub(crate) span: Span,
    /// The pre-activations of the first panel and row.
    pub(crate) sums: *const f32,
    pub(crate) sums_panel: usize,
    pub(crate) sums_row: usize,
    /// The place of each sum in a row.
    pub(crate) positions: [usize; MOST_SUMS],
    pub(crate) before: [RowsAt; MOST_STATES],
    pub(crate) after: [RowsAt; MOST_STATES],
    pub(crate) temps: [RowsAt; MOST_TEMPS],
    /// Where temps are kept, by step; null where they are not, or elsewhere.
    pub(crate) saved_temps: [*mut f32; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    /// The sums over the units, by row.
    pub(crate) reduced: [*const f32; MOST_REDUCTIONS],
    /// The first slot of the stage, by step.
    pub(crate) slots: *mut f32,
    /// From one step to the next in the slots.
    pub(crate) slots_step: usize,
}

/// The point-wise pass of one stage, and whether it keeps what the backward pass needs.
pub(crate) struct Forward<'a, D, const STAGE: usize, const KEEP: bool> {
    pub(crate) definition: &'a D,
    pub(crate) frame: &'a ForwardFrame,
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
        } = frame.span;
        for panel in panels.0..panels.1 {
            let end = width.min((panel + 1) * units);
            for row in 0..rows {
                // SAFETY: whoever makes a frame promises that it has these panels and rows.
                unsafe {
                    let sums = frame
                        .sums
                        .add(panel * frame.sums_panel + row * frame.sums_row);
                    let inner = *frame.span.inner.add(row);
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
    frame: &'a ForwardFrame,
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
}

// SAFETY of the accesses below: the pointers of a frame are valid for its rows and units, those of what a definition names
// too, since its plan has been checked against what it does.
impl<'a, S: Simd, const KEEP: bool> Stage for &'a LaneAt<'a, S, KEEP> {
    type Value = Lane<'a, S, KEEP>;

    #[inline(always)]
    fn sum_if(&self, on: bool, index: usize) -> Sum<Self::Value> {
        Sum(self.lane(if on {
            // SAFETY: see above.
            unsafe { load(self.simd, self.sums.add(self.frame.positions[index])) }
        } else {
            self.zero()
        }))
    }

    #[inline(always)]
    fn state(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        self.lane(unsafe { load(self.simd, self.frame.before[index].at(self.row, self.unit)) })
    }

    #[inline(always)]
    fn set_state_if(&self, on: bool, index: usize, value: Self::Value) {
        if on {
            let to = self.frame.after[index].at(self.row, self.unit);
            // SAFETY: see above.
            unsafe { store(self.simd, to, value.v) }
        }
    }

    #[inline(always)]
    fn temp(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        self.lane(unsafe { load(self.simd, self.frame.temps[index].at(self.row, self.unit)) })
    }

    #[inline(always)]
    fn set_temp(&self, index: usize, value: Self::Value) {
        // SAFETY: see above.
        unsafe {
            let to = self.frame.temps[index].at(self.row, self.unit);
            store(self.simd, to, value.v);
            let saved = self.frame.saved_temps[index];
            if KEEP && !saved.is_null() {
                let to = saved.add(self.inner * self.frame.span.width + self.unit);
                store_first(self.simd, to, self.n, value.v);
            }
        }
    }

    #[inline(always)]
    fn reduced(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        let sum = unsafe { *self.frame.reduced[index].add(self.row) };
        self.lane(self.simd.splat_f32s(sum))
    }

    #[inline(always)]
    fn vector_if(&self, on: bool, row: usize) -> Self::Value {
        self.lane(if on {
            // SAFETY: see above.
            unsafe { load(self.simd, self.frame.vectors[row].add(self.unit)) }
        } else {
            self.zero()
        })
    }

    #[inline(always)]
    fn mask(&self, index: usize) -> Self::Value {
        let mask = self.frame.masks[index];
        // SAFETY: see above.
        self.lane(unsafe { mask.at(self.simd, &self.frame.span, self.row, self.unit, self.n) })
    }

    #[inline(always)]
    fn constant(&self, value: f32) -> Self::Value {
        self.lane(self.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn units(&self) -> Self::Value {
        self.constant(self.frame.span.width as f32)
    }
}

impl<S: Simd, const KEEP: bool> Lane<'_, S, KEEP> {
    #[inline(always)]
    fn with(self, v: S::f32s) -> Self {
        Self { at: self.at, v }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> S::f32s {
        self.at.simd.splat_f32s(value)
    }
}

impl<S: Simd, const KEEP: bool> Value for Lane<'_, S, KEEP> {
    #[inline(always)]
    fn apply(self, function: Function) -> Self {
        self.with(functions::apply(self.at.simd, function, self.v))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.with(functions::ln(self.at.simd, self.v))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.with(self.at.simd.sqrt_f32s(self.v))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.with(self.at.simd.abs_f32s(self.v))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        let simd = self.at.simd;
        let other_is = simd.less_than_or_equal_f32s(self.v, other.v);
        self.with(simd.select_f32s(other_is, other.v, self.v))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        let simd = self.at.simd;
        let other_is = simd.less_than_or_equal_f32s(other.v, self.v);
        self.with(simd.select_f32s(other_is, other.v, self.v))
    }

    #[inline(always)]
    fn choose(self, on: bool, other: Self) -> Self {
        if on { self } else { other }
    }

    #[inline(always)]
    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        if !on {
            return self.with(self.splat(otherwise));
        }
        let value = self.apply(function);
        if KEEP {
            let at = self.at;
            let slot = at.kept.get();
            at.kept.set(slot + 1);
            let offset = at.inner * at.frame.slots_step + slot * at.frame.span.width + at.unit;
            // SAFETY: a pass that keeps has as many slots as its plan has counted.
            unsafe { store_first(at.simd, at.frame.slots.add(offset), at.n, value.v) }
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

macro_rules! operator {
    ($($trait:ident $method:ident $simd:ident),*) => {$(
        impl<S: Simd, const KEEP: bool> $trait for Lane<'_, S, KEEP> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.with(self.at.simd.$simd(self.v, other.v))
            }
        }
    )*};
}

macro_rules! with_constant {
    ($($trait:ident $method:ident $simd:ident),*) => {$(
        impl<S: Simd, const KEEP: bool> $trait<f32> for Lane<'_, S, KEEP> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, constant: f32) -> Self {
                self.with(self.at.simd.$simd(self.v, self.splat(constant)))
            }
        }
    )*};
}

operator!(Add add add_f32s, Sub sub sub_f32s, Mul mul mul_f32s, Div div div_f32s);
with_constant!(Add add add_f32s, Sub sub sub_f32s, Mul mul mul_f32s);

impl<S: Simd, const KEEP: bool> Neg for Lane<'_, S, KEEP> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.with(self.at.simd.neg_f32s(self.v))
    }
}
