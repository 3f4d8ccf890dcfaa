//! A tape of the operations of a stage, read backwards for its derivative.
//!
//! Both lengths are known when the code is compiled, and the backward reading is written out entry by entry, so that the compiler
//! dissolves the tape: what is left are the operations of a derivative written by hand. As a loop over the entries it would not,
//! and be thirty times slower.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;

use pulp::Simd;

use crate::definition::{
    Binary, Function, MOST_ENTRIES, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS,
    MOST_VECTORS, Unary, Value, operators,
};
use crate::machine::vector::{fma, load_first};

use super::frame::BackwardFrame;
use super::operations;

/// Not an entry of the tape: a constant, or nothing.
pub(crate) const NONE: usize = usize::MAX;

pub(crate) type Entries<T> = UnsafeCell<MaybeUninit<[T; MOST_ENTRIES]>>;

/// What was read: its entry, and whether a gradient goes to it.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    pub(crate) at: usize,
    pub(crate) on: bool,
}

impl Read {
    pub(crate) const NOTHING: Self = Self {
        at: NONE,
        on: false,
    };
}

pub(crate) type Reads<const N: usize> = [Cell<Read>; N];

/// The tape of one vector of units. Each part is a local variable of its own: the compiler then sees the indices before the arrays.
pub(crate) struct Tape<'a, S: Simd> {
    pub(crate) simd: S,
    pub(crate) frame: BackwardFrame<'a>,
    pub(crate) row: usize,
    pub(crate) inner: usize,
    pub(crate) outer: usize,
    pub(crate) unit: usize,
    /// The units from this vector on.
    pub(crate) n: usize,
    /// Where the sums of the row's group are.
    pub(crate) group: usize,
    pub(crate) len: &'a Cell<usize>,
    pub(crate) kept: &'a Cell<usize>,
    pub(crate) operands: [&'a Entries<usize>; 2],
    pub(crate) slopes: [&'a Entries<S::f32s>; 2],
    pub(crate) gradients: &'a Entries<S::f32s>,
    pub(crate) sums: &'a Reads<MOST_SUMS>,
    pub(crate) states: &'a Reads<MOST_STATES>,
    pub(crate) temps: &'a Reads<MOST_TEMPS>,
    pub(crate) vectors: &'a Reads<MOST_VECTORS>,
    pub(crate) reduced: &'a Reads<MOST_REDUCTIONS>,
}

/// A vector of floats and its entry.
pub(crate) struct Var<'a, S: Simd> {
    tape: &'a Tape<'a, S>,
    v: S::f32s,
    pub(crate) at: usize,
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

impl<'a, S: Simd> Tape<'a, S> {
    /// An entry, with what it was made of and its slopes there.
    #[inline(always)]
    fn push(&'a self, v: S::f32s, operands: [(usize, S::f32s); 2]) -> Var<'a, S> {
        let at = self.len.get();
        // The compiler knows both: of a definition that does what it did when its plan was made, nothing is left of this.
        assert!(
            at < MOST_ENTRIES,
            "the stage has more operations than were recorded"
        );
        self.len.set(at + 1);
        // SAFETY: see above.
        unsafe {
            put(self.operands[0], at, operands[0].0);
            put(self.operands[1], at, operands[1].0);
            put(self.slopes[0], at, operands[0].1);
            put(self.slopes[1], at, operands[1].1);
            // Minus zero, which the compiler may leave away where something is added to it.
            put(self.gradients, at, self.simd.splat_f32s(-0.0));
        }
        Var { tape: self, v, at }
    }

    /// What is read from memory: one entry, however often it is read.
    #[inline(always)]
    pub(crate) fn read<const N: usize>(
        &'a self,
        reads: &Reads<N>,
        index: usize,
        on: bool,
        v: S::f32s,
    ) -> Var<'a, S> {
        let known = reads[index].get();
        if known.at != NONE && known.on == on {
            let at = known.at;
            return Var { tape: self, v, at };
        }
        let zero = self.simd.splat_f32s(0.0);
        let var = self.push(v, [(NONE, zero); 2]);
        // What is off has no gradient, and leaves that of the same where it is on.
        if known.at == NONE || on {
            reads[index].set(Read { at: var.at, on });
        }
        var
    }

    #[inline(always)]
    pub(crate) fn constant(&'a self, v: S::f32s) -> Var<'a, S> {
        let at = NONE;
        Var { tape: self, v, at }
    }

    /// The gradient of an entry.
    ///
    /// # Safety
    ///
    /// The entry must have been pushed.
    #[inline(always)]
    pub(crate) unsafe fn gradient(&self, at: usize) -> S::f32s {
        // SAFETY: as promised.
        unsafe { get(self.gradients, at) }
    }

    /// Adds to the gradient of an entry.
    #[inline(always)]
    pub(crate) fn add(&self, at: usize, d: S::f32s) {
        if at != NONE {
            // SAFETY: see above.
            unsafe {
                let sum = self.simd.add_f32s(d, get(self.gradients, at));
                put(self.gradients, at, sum);
            }
        }
    }

    /// Takes the gradient of an entry to its operands.
    ///
    /// # Safety
    ///
    /// The entry must have been pushed.
    #[inline(always)]
    pub(crate) unsafe fn back(&self, at: usize) {
        // SAFETY: as promised.
        unsafe {
            self.back_to(at, self.operands[0], self.slopes[0]);
            self.back_to(at, self.operands[1], self.slopes[1]);
        }
    }

    #[inline(always)]
    unsafe fn back_to(&self, at: usize, operands: &Entries<usize>, slopes: &Entries<S::f32s>) {
        // SAFETY: as the caller promises, and an operand has been pushed before.
        unsafe {
            let operand = get(operands, at);
            if operand != NONE {
                let (d, sum) = (self.gradient(at), self.gradient(operand));
                let sum = fma(self.simd, d, get(slopes, at), sum);
                put(self.gradients, operand, sum);
            }
        }
    }
}

impl<S: Simd> Var<'_, S> {
    /// An operation on this value alone.
    #[inline(always)]
    fn one(self, v: S::f32s, slope: S::f32s) -> Self {
        self.two(v, slope, self.number(0.0), slope)
    }

    /// An operation on two values.
    #[inline(always)]
    fn two(self, v: S::f32s, slope: S::f32s, other: Self, other_slope: S::f32s) -> Self {
        if self.at == NONE && other.at == NONE {
            return self.tape.constant(v);
        }
        self.tape
            .push(v, [(self.at, slope), (other.at, other_slope)])
    }
}

impl<S: Simd> Value for Var<'_, S> {
    #[inline(always)]
    fn apply(self, function: Function) -> Self {
        let simd = self.tape.simd;
        let v = operations::apply(simd, function, self.v);
        self.one(v, operations::slope(simd, function, v))
    }

    #[inline(always)]
    fn unary(self, operation: Unary) -> Self {
        let simd = self.tape.simd;
        let v = operations::unary(simd, operation, self.v);
        self.one(v, operations::unary_slope(simd, operation, self.v, v))
    }

    #[inline(always)]
    fn binary(self, operation: Binary, other: Self) -> Self {
        let simd = self.tape.simd;
        let v = operations::binary(simd, operation, self.v, other.v);
        let (slope, other_slope) = operations::binary_slopes(simd, operation, self.v, other.v, v);
        self.two(v, slope, other, other_slope)
    }

    #[inline(always)]
    fn number(self, value: f32) -> Self {
        self.tape.constant(self.tape.simd.splat_f32s(value))
    }

    #[inline(always)]
    fn choose(self, on: bool, other: Self) -> Self {
        let number = |on: bool| self.number(f32::from(u8::from(on))).v;
        let v = if on { self.v } else { other.v };
        self.two(v, number(on), other, number(!on))
    }

    #[inline(always)]
    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        if !on {
            return self.one(self.number(otherwise).v, self.number(0.0).v);
        }
        let tape = self.tape;
        let slot = tape.kept.get();
        tape.kept.set(slot + 1);
        let frame = tape.frame.stage;
        let from = tape.inner * frame.slots_step + slot * frame.span.width + tape.unit;
        // SAFETY: the slots have as many values a step as the plan has counted that are kept.
        let v = unsafe { load_first(tape.simd, frame.slots.add(from), tape.n) };
        self.one(v, operations::slope(tape.simd, function, v))
    }
}

operators!(['a, S: Simd] Var<'a, S>);
