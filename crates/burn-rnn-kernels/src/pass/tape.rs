//! The derivative of the equations: the point-wise part of the backward pass.
//!
//! The equations run once more over vectors, with what the forward pass has kept in the place of the functions of sums, and write
//! each operation on a tape; the tape is then read backwards. Both lengths are known when the code is compiled, and the backward
//! reading is written out entry by entry, so that the compiler dissolves the tape: what is left are the operations of a
//! derivative written by hand. As a loop over the entries it would not, and be thirty times slower.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ops::{Add, Div, Mul, Neg, Sub};

use pulp::{Simd, WithSimd};

use crate::definition::{
    Definition, Function, MOST_ENTRIES, MOST_MASKS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS,
    MOST_TEMPS, MOST_VECTORS, Stage, Sum, Value,
};
use crate::machine::functions;
use crate::machine::vector::{add_to, fma, load, load_first, store, store_first};

use super::lane::{MaskAt, RowsAt, Span};

/// What the backward point-wise pass of one stage reads and writes.
pub(crate) struct BackwardFrame {
    pub(crate) span: Span,
    /// Whether it is the first stage that comes to the gradient of a state: it writes what others add to.
    pub(crate) stores: [bool; MOST_STATES],
    /// The first slot of the stage, by step: what was kept, to become the gradients of the sums.
    pub(crate) slots: *mut f32,
    pub(crate) slots_step: usize,
    /// The place of each sum's gradient among the slots.
    pub(crate) sum_slots: [usize; MOST_SUMS],
    /// The factors of the transposed products, and the place of each sum there.
    pub(crate) factors: RowsAt,
    pub(crate) positions: [usize; MOST_SUMS],
    /// Sums of the gradients over rows and steps: the biases'. Null where there is none.
    pub(crate) biases: [*mut f32; MOST_SUMS],
    /// The states before the step, by step.
    pub(crate) states: [*const f32; MOST_STATES],
    /// The gradients of the states after the step.
    pub(crate) after: [RowsAt; MOST_STATES],
    /// The gradients of the states before the step; absent where the equations do not read them.
    pub(crate) before: [RowsAt; MOST_STATES],
    /// The gradient of the output, by step of the caller's.
    pub(crate) d_output: *const f32,
    /// Temps and where they stand by step: from the start, a step further.
    pub(crate) temps: [*const f32; MOST_TEMPS],
    pub(crate) temp_steps: [usize; MOST_TEMPS],
    pub(crate) d_temps: [RowsAt; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) d_vectors: [*mut f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    /// The sums over the units, by step, and from one step to the next.
    pub(crate) reduced: *const f32,
    pub(crate) reductions: usize,
    /// The gradients of reductions that this stage reads, a vector a row.
    pub(crate) d_reduced: [RowsAt; MOST_REDUCTIONS],
    /// The gradients, one a row, of reductions of temps that this stage has set.
    pub(crate) d_reductions: [*const f32; MOST_TEMPS],
    /// From one group's sums to the next's, and how many groups the rows are in.
    pub(crate) group: usize,
    pub(crate) groups: usize,
    /// All rows, for the groups.
    pub(crate) all_rows: usize,
}

/// The backward point-wise pass of one stage.
pub(crate) struct Backward<'a, D, const STAGE: usize> {
    pub(crate) definition: &'a D,
    pub(crate) frame: &'a BackwardFrame,
}

/// Not an entry of the tape: a constant, or nothing.
const NONE: usize = usize::MAX;

type Entries<T> = UnsafeCell<MaybeUninit<[T; MOST_ENTRIES]>>;

/// What an operation does to the gradients of its operands.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Nothing: it was read.
    Read,
    /// Goes to both.
    Add,
    /// Goes to the first, and negative to the second.
    Sub,
    /// Goes to the first, negative.
    Neg,
    /// Goes to the first, times the first slope.
    One,
    /// Goes to both, times their slopes.
    Two,
}

/// The tape. Each part is a local variable of its own: the compiler then sees the indices before the arrays.
struct Tape<'a, S: Simd> {
    simd: S,
    frame: &'a BackwardFrame,
    row: usize,
    inner: usize,
    outer: usize,
    unit: usize,
    n: usize,
    group: usize,
    len: &'a Cell<usize>,
    kept: &'a Cell<usize>,
    rules: &'a Entries<Rule>,
    first: &'a Entries<usize>,
    second: &'a Entries<usize>,
    first_slope: &'a Entries<S::f32s>,
    second_slope: &'a Entries<S::f32s>,
    gradients: &'a Entries<S::f32s>,
    /// The entries of what was read.
    sums: &'a UnsafeCell<[usize; MOST_SUMS]>,
    states: &'a UnsafeCell<[usize; MOST_STATES]>,
    temps: &'a UnsafeCell<[usize; MOST_TEMPS]>,
    vectors: &'a UnsafeCell<[usize; MOST_VECTORS]>,
    reduced: &'a UnsafeCell<[usize; MOST_REDUCTIONS]>,
    /// Whether sums and vectors are there, of those that were read.
    sums_on: &'a UnsafeCell<[bool; MOST_SUMS]>,
    vectors_on: &'a UnsafeCell<[bool; MOST_VECTORS]>,
}

impl<S: Simd> Clone for Tape<'_, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd> Copy for Tape<'_, S> {}

/// A vector of floats and its entry.
struct Var<'a, S: Simd> {
    tape: &'a Tape<'a, S>,
    v: S::f32s,
    at: usize,
}

impl<S: Simd> Clone for Var<'_, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd> Copy for Var<'_, S> {}

// SAFETY of the accesses to entries below: a tape and its parts are used by one thread, no reference to a part outlives a line, and
// entries are read only where they were written, at less than `len`; a plan has counted that these are not more than there is room for.
// SAFETY of the accesses to memory: the pointers of a frame are valid for its rows and units, those of what a definition names too,
// since its plan has been checked against what it does.
impl<'a, S: Simd> Tape<'a, S> {
    #[inline(always)]
    unsafe fn put<T>(entries: &Entries<T>, at: usize, value: T) {
        // SAFETY: see above.
        unsafe { entries.get().cast::<T>().add(at).write(value) }
    }

    #[inline(always)]
    unsafe fn get<T: Copy>(entries: &Entries<T>, at: usize) -> T {
        // SAFETY: see above.
        unsafe { entries.get().cast::<T>().add(at).read() }
    }

    #[inline(always)]
    fn push(
        &'a self,
        v: S::f32s,
        rule: Rule,
        (first, first_slope): (usize, S::f32s),
        (second, second_slope): (usize, S::f32s),
    ) -> Var<'a, S> {
        let at = self.len.get();
        self.len.set(at + 1);
        // SAFETY: see above.
        unsafe {
            Self::put(self.rules, at, rule);
            Self::put(self.first, at, first);
            Self::put(self.second, at, second);
            Self::put(self.first_slope, at, first_slope);
            Self::put(self.second_slope, at, second_slope);
            // Minus zero, which the compiler may leave away where something is added to it.
            Self::put(self.gradients, at, self.simd.splat_f32s(-0.0));
        }
        Var { tape: self, v, at }
    }

    #[inline(always)]
    fn read(&'a self, v: S::f32s) -> Var<'a, S> {
        let zero = self.simd.splat_f32s(0.0);
        self.push(v, Rule::Read, (NONE, zero), (NONE, zero))
    }

    #[inline(always)]
    fn known(&'a self, v: S::f32s) -> Var<'a, S> {
        let at = NONE;
        Var { tape: self, v, at }
    }

    /// Adds to the gradient of an entry.
    #[inline(always)]
    unsafe fn add(&self, at: usize, d: S::f32s) {
        if at != NONE {
            // SAFETY: see above.
            unsafe {
                let sum = self.simd.add_f32s(d, Self::get(self.gradients, at));
                Self::put(self.gradients, at, sum);
            }
        }
    }

    /// Adds a product to the gradient of an entry.
    #[inline(always)]
    unsafe fn add_product(&self, at: usize, d: S::f32s, slope: S::f32s) {
        if at != NONE {
            // SAFETY: see above.
            unsafe {
                let sum = fma(self.simd, d, slope, Self::get(self.gradients, at));
                Self::put(self.gradients, at, sum);
            }
        }
    }

    /// Takes the gradient of an entry to its operands.
    #[inline(always)]
    unsafe fn back(&self, at: usize) {
        // SAFETY: see above.
        unsafe {
            let d = Self::get(self.gradients, at);
            let (first, second) = (Self::get(self.first, at), Self::get(self.second, at));
            match Self::get(self.rules, at) {
                Rule::Read => {}
                Rule::Add => {
                    self.add(first, d);
                    self.add(second, d);
                }
                Rule::Sub => {
                    self.add(first, d);
                    self.add(second, self.simd.neg_f32s(d));
                }
                Rule::Neg => self.add(first, self.simd.neg_f32s(d)),
                Rule::One => self.add_product(first, d, Self::get(self.first_slope, at)),
                Rule::Two => {
                    self.add_product(first, d, Self::get(self.first_slope, at));
                    self.add_product(second, d, Self::get(self.second_slope, at));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_sum(&self, sum: usize) {
        // SAFETY: see above.
        unsafe {
            let at = (*self.sums.get())[sum];
            if at == NONE || !(*self.sums_on.get())[sum] {
                return;
            }
            let (simd, frame) = (self.simd, self.frame);
            let d = Self::get(self.gradients, at);
            let slot = self.inner * frame.slots_step + frame.sum_slots[sum] + self.unit;
            store_first(simd, frame.slots.add(slot), self.n, d);
            let position = frame.positions[sum];
            if position != NONE {
                let factor = frame.factors.at(self.row, position + self.unit);
                store_first(simd, factor, self.n, d);
            }
            let bias = frame.biases[sum];
            if !bias.is_null() {
                add_to(simd, bias.add(self.group + self.unit), d);
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_state(&self, state: usize) {
        // SAFETY: see above.
        unsafe {
            let at = (*self.states.get())[state];
            let before = self.frame.before[state];
            if at == NONE {
                if self.frame.stores[state] && !before.start.is_null() {
                    let zero = self.simd.splat_f32s(0.0);
                    store(self.simd, before.at(self.row, self.unit), zero);
                }
                return;
            }
            let d = Self::get(self.gradients, at);
            let to = before.at(self.row, self.unit);
            if self.frame.stores[state] {
                store(self.simd, to, d);
            } else {
                add_to(self.simd, to, d);
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_temp(&self, temp: usize) {
        // SAFETY: see above.
        unsafe {
            let at = (*self.temps.get())[temp];
            if at != NONE {
                let to = self.frame.d_temps[temp].at(self.row, self.unit);
                add_to(self.simd, to, Self::get(self.gradients, at));
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_vector(&self, vector: usize) {
        // SAFETY: see above.
        unsafe {
            let at = (*self.vectors.get())[vector];
            if at != NONE && (*self.vectors_on.get())[vector] {
                let to = self.frame.d_vectors[vector].add(self.group + self.unit);
                add_to(self.simd, to, Self::get(self.gradients, at));
            }
        }
    }

    #[inline(always)]
    unsafe fn gradient_of_reduction(&self, reduction: usize) {
        // SAFETY: see above.
        unsafe {
            let at = (*self.reduced.get())[reduction];
            if at != NONE {
                let to = self.frame.d_reduced[reduction].at(self.row, 0);
                // Beyond the last unit there are none.
                let d = Self::get(self.gradients, at);
                let mut lanes = [0.0f32; 16];
                store(self.simd, lanes.as_mut_ptr(), d);
                lanes[self.n.min(S::F32_LANES)..].fill(0.0);
                add_to(self.simd, to, load(self.simd, lanes.as_ptr()));
            }
        }
    }
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
        } = frame.span;
        let (start, end) = (panels.0 * units, width.min(panels.1 * units));
        for row in 0..rows {
            // SAFETY: whoever makes a frame promises that it has these rows.
            let (inner, outer) =
                unsafe { (*frame.span.inner.add(row), *frame.span.outer.add(row)) };
            // The groups are the parts that the sequences are shared in where each thread has its own.
            let group = ((row + 1) * frame.groups - 1) / frame.all_rows * frame.group;
            let mut unit = start;
            while unit < end {
                let len = Cell::new(0);
                let kept = Cell::new(0);
                let (rules, first, second) = (empty(), empty(), empty());
                let (first_slope, second_slope, gradients) = (empty(), empty(), empty());
                let sums = UnsafeCell::new([NONE; MOST_SUMS]);
                let states = UnsafeCell::new([NONE; MOST_STATES]);
                let temps = UnsafeCell::new([NONE; MOST_TEMPS]);
                let vectors = UnsafeCell::new([NONE; MOST_VECTORS]);
                let reduced = UnsafeCell::new([NONE; MOST_REDUCTIONS]);
                let sums_on = UnsafeCell::new([false; MOST_SUMS]);
                let vectors_on = UnsafeCell::new([false; MOST_VECTORS]);
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
                    rules: &rules,
                    first: &first,
                    second: &second,
                    first_slope: &first_slope,
                    second_slope: &second_slope,
                    gradients: &gradients,
                    sums: &sums,
                    states: &states,
                    temps: &temps,
                    vectors: &vectors,
                    reduced: &reduced,
                    sums_on: &sums_on,
                    vectors_on: &vectors_on,
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
                    each!(gradient_of_temp: 0 1 2 3 4 5 6 7 8 9 10 11);
                    each!(gradient_of_vector: 0 1 2 3 4 5 6 7 8 9 10 11);
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

impl<'a, S: Simd> Stage for &'a Tape<'a, S> {
    type Value = Var<'a, S>;

    #[inline(always)]
    fn sum_if(&self, on: bool, index: usize) -> Sum<Self::Value> {
        // SAFETY: see above.
        unsafe {
            let mut at = (*self.sums.get())[index];
            // The sum itself is not there any more, and nobody asks for it.
            let zero = self.simd.splat_f32s(0.0);
            if at == NONE {
                at = self.read(zero).at;
                (*self.sums.get())[index] = at;
                (*self.sums_on.get())[index] = on;
            }
            Sum(Var {
                tape: self,
                v: zero,
                at,
            })
        }
    }

    #[inline(always)]
    fn state(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        unsafe {
            let step = self.inner * self.frame.span.width + self.unit;
            let v = load_first(self.simd, self.frame.states[index].add(step), self.n);
            let at = (*self.states.get())[index];
            if at != NONE {
                return Var { tape: self, v, at };
            }
            let var = self.read(v);
            (*self.states.get())[index] = var.at;
            var
        }
    }

    #[inline(always)]
    fn set_state_if(&self, on: bool, index: usize, value: Self::Value) {
        if !on {
            return;
        }
        // SAFETY: see above.
        unsafe {
            let simd = self.simd;
            let mut d = load(simd, self.frame.after[index].at(self.row, self.unit));
            if index == 0 {
                let step = self.outer * self.frame.span.width + self.unit;
                let d_output = load_first(simd, self.frame.d_output.add(step), self.n);
                d = simd.add_f32s(d_output, d);
            }
            self.add(value.at, d);
        }
    }

    #[inline(always)]
    fn temp(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        unsafe {
            let from =
                self.frame.temps[index].add(self.inner * self.frame.temp_steps[index] + self.unit);
            let v = load_first(self.simd, from, self.n);
            let at = (*self.temps.get())[index];
            if at != NONE {
                return Var { tape: self, v, at };
            }
            let var = self.read(v);
            (*self.temps.get())[index] = var.at;
            var
        }
    }

    #[inline(always)]
    fn set_temp(&self, index: usize, value: Self::Value) {
        // SAFETY: see above.
        unsafe {
            let simd = self.simd;
            let mut d = load(simd, self.frame.d_temps[index].at(self.row, self.unit));
            let reduction = self.frame.d_reductions[index];
            if !reduction.is_null() {
                d = simd.add_f32s(d, simd.splat_f32s(*reduction.add(self.row)));
            }
            self.add(value.at, d);
        }
    }

    #[inline(always)]
    fn reduced(&self, index: usize) -> Self::Value {
        // SAFETY: see above.
        unsafe {
            let from = self.inner * self.frame.reductions + index;
            let v = self.simd.splat_f32s(*self.frame.reduced.add(from));
            let at = (*self.reduced.get())[index];
            if at != NONE {
                return Var { tape: self, v, at };
            }
            let var = self.read(v);
            (*self.reduced.get())[index] = var.at;
            var
        }
    }

    #[inline(always)]
    fn vector_if(&self, on: bool, row: usize) -> Self::Value {
        // SAFETY: see above.
        unsafe {
            let v = if on {
                load(self.simd, self.frame.vectors[row].add(self.unit))
            } else {
                self.simd.splat_f32s(0.0)
            };
            let at = (*self.vectors.get())[row];
            if at != NONE {
                return Var { tape: self, v, at };
            }
            let var = self.read(v);
            (*self.vectors.get())[row] = var.at;
            (*self.vectors_on.get())[row] = on;
            var
        }
    }

    #[inline(always)]
    fn mask(&self, index: usize) -> Self::Value {
        let mask = self.frame.masks[index];
        // SAFETY: see above.
        self.known(unsafe { mask.at(self.simd, &self.frame.span, self.row, self.unit, self.n) })
    }

    #[inline(always)]
    fn constant(&self, value: f32) -> Self::Value {
        self.known(self.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn units(&self) -> Self::Value {
        self.constant(self.frame.span.width as f32)
    }
}

impl<S: Simd> Var<'_, S> {
    #[inline(always)]
    fn zero(self) -> S::f32s {
        self.tape.simd.splat_f32s(0.0)
    }

    /// An operation on this value alone.
    #[inline(always)]
    fn one(self, v: S::f32s, slope: S::f32s) -> Self {
        if self.at == NONE {
            return self.tape.known(v);
        }
        let none = (NONE, self.zero());
        self.tape.push(v, Rule::One, (self.at, slope), none)
    }

    /// An operation on two values.
    #[inline(always)]
    fn two(
        self,
        v: S::f32s,
        rule: Rule,
        slope: S::f32s,
        other: Self,
        other_slope: S::f32s,
    ) -> Self {
        if self.at == NONE && other.at == NONE {
            return self.tape.known(v);
        }
        let (first, second) = ((self.at, slope), (other.at, other_slope));
        self.tape.push(v, rule, first, second)
    }

    /// One of the two, element by element: this one where `mask` is not set.
    #[inline(always)]
    fn select(self, other: Self, mask: S::m32s) -> Self {
        let simd = self.tape.simd;
        let (zero, one) = (self.zero(), simd.splat_f32s(1.0));
        let v = simd.select_f32s(mask, other.v, self.v);
        let slope = simd.select_f32s(mask, zero, one);
        let other_slope = simd.select_f32s(mask, one, zero);
        self.two(v, Rule::Two, slope, other, other_slope)
    }
}

impl<S: Simd> Value for Var<'_, S> {
    #[inline(always)]
    fn apply(self, function: Function) -> Self {
        let simd = self.tape.simd;
        let v = functions::apply(simd, function, self.v);
        self.one(v, functions::slope(simd, function, v))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        let simd = self.tape.simd;
        let slope = simd.div_f32s(simd.splat_f32s(1.0), self.v);
        self.one(functions::ln(simd, self.v), slope)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        let simd = self.tape.simd;
        let v = simd.sqrt_f32s(self.v);
        self.one(v, simd.div_f32s(simd.splat_f32s(0.5), v))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        let simd = self.tape.simd;
        let (zero, one) = (self.zero(), simd.splat_f32s(1.0));
        let slope = simd.select_f32s(
            simd.less_than_f32s(self.v, zero),
            simd.splat_f32s(-1.0),
            one,
        );
        let slope = simd.select_f32s(simd.equal_f32s(self.v, zero), zero, slope);
        self.one(simd.abs_f32s(self.v), slope)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        let simd = self.tape.simd;
        self.select(other, simd.less_than_or_equal_f32s(self.v, other.v))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        let simd = self.tape.simd;
        self.select(other, simd.less_than_or_equal_f32s(other.v, self.v))
    }

    #[inline(always)]
    fn choose(self, on: bool, other: Self) -> Self {
        let (zero, one) = (self.zero(), self.tape.simd.splat_f32s(1.0));
        let (slope, other_slope) = if on { (one, zero) } else { (zero, one) };
        let v = if on { self.v } else { other.v };
        self.two(v, Rule::Two, slope, other, other_slope)
    }

    #[inline(always)]
    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        let tape = self.tape;
        let simd = tape.simd;
        let (v, slope) = if on {
            let slot = tape.kept.get();
            tape.kept.set(slot + 1);
            let frame = tape.frame;
            let from = tape.inner * frame.slots_step + slot * frame.span.width + tape.unit;
            // SAFETY: see above.
            let v = unsafe { load_first(simd, frame.slots.add(from), tape.n) };
            (v, functions::slope(simd, function, v))
        } else {
            (simd.splat_f32s(otherwise), self.zero())
        };
        self.one(v, slope)
    }
}

impl<S: Simd> Add for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let v = self.tape.simd.add_f32s(self.v, other.v);
        self.two(v, Rule::Add, self.zero(), other, self.zero())
    }
}

impl<S: Simd> Sub for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let v = self.tape.simd.sub_f32s(self.v, other.v);
        self.two(v, Rule::Sub, self.zero(), other, self.zero())
    }
}

impl<S: Simd> Mul for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let v = self.tape.simd.mul_f32s(self.v, other.v);
        self.two(v, Rule::Two, other.v, other, self.v)
    }
}

impl<S: Simd> Div for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let simd = self.tape.simd;
        let v = simd.div_f32s(self.v, other.v);
        let slope = simd.div_f32s(simd.splat_f32s(1.0), other.v);
        let other_slope = simd.neg_f32s(simd.mul_f32s(v, slope));
        self.two(v, Rule::Two, slope, other, other_slope)
    }
}

impl<S: Simd> Neg for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        let v = self.tape.simd.neg_f32s(self.v);
        if self.at == NONE {
            return self.tape.known(v);
        }
        let none = (NONE, self.zero());
        self.tape.push(v, Rule::Neg, (self.at, self.zero()), none)
    }
}

impl<S: Simd> Add<f32> for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, constant: f32) -> Self {
        self + self.tape.known(self.tape.simd.splat_f32s(constant))
    }
}

impl<S: Simd> Sub<f32> for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, constant: f32) -> Self {
        self - self.tape.known(self.tape.simd.splat_f32s(constant))
    }
}

impl<S: Simd> Mul<f32> for Var<'_, S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, constant: f32) -> Self {
        self * self.tape.known(self.tape.simd.splat_f32s(constant))
    }
}
