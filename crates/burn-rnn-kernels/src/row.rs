//! The product of one row with a matrix where it stands: what a step of a stream is made of.

use pulp::Simd;

use crate::vector::{fma, load, load_first, store};

/// `out += a · matrix` for one row `a` and the units of one thread in all gates.
///
/// The matrix is read once and never again soon, so what counts is that it comes in the order in which
/// it lies: a few of its rows at a time from their beginning to their end, with the sums in the nearest
/// cache. The sums grow in the same order as in a [`Tile`](crate::tile::Tile), so the numbers are the same.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The rows of the matrix.
    pub(crate) depth: usize,
    pub(crate) a: *const f32,
    /// The first gate's first column.
    pub(crate) matrix: *const f32,
    pub(crate) row_stride: usize,
    pub(crate) gates: usize,
    /// The columns of a gate.
    pub(crate) d_hidden: usize,
    /// The first and the end of the vectors of a gate that are computed.
    pub(crate) vectors: (usize, usize),
    /// The sums of the first gate's first vector.
    pub(crate) out: *mut f32,
    /// From one vector of a gate to the next in `out`.
    pub(crate) out_vector: usize,
    /// From one gate to the next in `out`.
    pub(crate) out_gate: usize,
}

impl Row {
    /// The product.
    ///
    /// # Safety
    ///
    /// `a` and the matrix must be readable, `out` readable and writable for whole vectors.
    #[inline(always)]
    pub(crate) unsafe fn multiply<S: Simd>(self, simd: S) {
        let blocks = self.depth / AT_ONCE;
        // SAFETY: these are the rows from 0 to `depth`, each once.
        unsafe {
            for block in 0..blocks {
                self.rows::<AT_ONCE, S>(simd, block * AT_ONCE);
            }
            for k in blocks * AT_ONCE..self.depth {
                self.rows::<1, S>(simd, k);
            }
        }
    }

    /// The share of the rows from `first` on.
    #[inline(always)]
    unsafe fn rows<const N: usize, S: Simd>(self, simd: S, first: usize) {
        let lanes = S::F32_LANES;
        let full = self.vectors.1.min(self.d_hidden / lanes);
        // SAFETY: as `multiply`'s caller promises; only the last vector of a gate may reach beyond its columns, and of
        // it only those are read.
        unsafe {
            let a: [S::f32s; N] = core::array::from_fn(
                #[inline(always)]
                |k| simd.splat_f32s(*self.a.add(first + k)),
            );
            let matrix = self.matrix.add(first * self.row_stride);
            for gate in 0..self.gates {
                let matrix = matrix.add(gate * self.d_hidden);
                let out = self.out.add(gate * self.out_gate);
                for vector in self.vectors.0..full {
                    let out = out.add(vector * self.out_vector);
                    let mut sum = load(simd, out);
                    for (k, a) in a.iter().enumerate() {
                        let weights = load(simd, matrix.add(k * self.row_stride + vector * lanes));
                        sum = fma(simd, *a, weights, sum);
                    }
                    store(simd, out, sum);
                }
                for vector in full.max(self.vectors.0)..self.vectors.1 {
                    let n = self.d_hidden - vector * lanes;
                    let out = out.add(vector * self.out_vector);
                    let mut sum = load(simd, out);
                    for (k, a) in a.iter().enumerate() {
                        let weights = matrix.add(k * self.row_stride + vector * lanes);
                        sum = fma(simd, *a, load_first(simd, weights, n), sum);
                    }
                    store(simd, out, sum);
                }
            }
        }
    }
}

/// The rows that are read side by side.
const AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use crate::level::Level;
    use crate::run::forward;
    use crate::spec::{
        Activation, CellSpec, GateSource, GruSpec, LstmSpec, Operands, Owners, Peephole, Sizes,
    };

    /// A step alone goes through this file, on several threads where the weights are large, and the first step of a
    /// long sequence through tiles of packed weights.
    #[test]
    fn one_step_alone_gives_the_numbers_of_the_first_of_many() {
        let lstm = LstmSpec {
            input: GateSource::Own,
            forget: GateSource::Own,
            output: true,
            input_activation: true,
            output_activation: true,
            peephole: Peephole::Diagonal,
            gate_recurrence: false,
        };
        let cells = [
            CellSpec::Simple(Activation::Tanh),
            CellSpec::Lstm(lstm),
            CellSpec::Lstm(LstmSpec {
                peephole: Peephole::Full,
                ..lstm
            }),
            CellSpec::Lstm(LstmSpec {
                input: GateSource::Complement,
                output: false,
                ..lstm
            }),
            CellSpec::Lstm(LstmSpec {
                gate_recurrence: true,
                ..lstm
            }),
            CellSpec::Lstm(LstmSpec {
                input: GateSource::Complement,
                peephole: Peephole::Full,
                gate_recurrence: true,
                ..lstm
            }),
            CellSpec::Gru(GruSpec { reset_after: true }),
            CellSpec::Gru(GruSpec { reset_after: false }),
        ];
        for level in Level::available() {
            for spec in cells {
                for (d_input, d_hidden) in [(1, 1), (9, 15), (8, 16), (23, 70), (67, 520)] {
                    agree(level, spec, d_input, d_hidden);
                }
            }
        }
    }

    fn agree(level: Level, spec: CellSpec, d_input: usize, d_hidden: usize) {
        const TIME: usize = 30;
        let mut rng = StdRng::seed_from_u64(d_hidden as u64);
        let mut draw =
            |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-0.5..0.5)).collect() };
        let columns = spec.gates() * d_hidden;
        let (x, hidden) = (draw(TIME * d_input), draw(d_hidden));
        let cell = spec.has_cell_state().then(|| draw(d_hidden));
        let (w_input, w_hidden) = (draw(d_input * columns), draw(d_hidden * columns));
        let bias = draw(columns);
        let extra = spec.extra_shape(d_hidden).iter().product::<usize>();
        let extra = (extra > 0).then(|| draw(extra));
        let carried = spec.carried_gates() * d_hidden;
        let gates = (carried > 0).then(|| draw(carried));
        let w_gates = (carried > 0).then(|| draw(carried * carried));
        let run = |time: usize| {
            let sizes = Sizes {
                batch: 1,
                time,
                d_input,
                d_hidden,
            };
            let operands = Operands {
                x: &x[..time * d_input],
                hidden: &hidden,
                cell: cell.as_deref(),
                gates: gates.as_deref(),
                w_input: &w_input,
                w_hidden: &w_hidden,
                bias: Some(&bias),
                extra: extra.as_deref(),
                w_gates: w_gates.as_deref(),
                owners: Owners::default(),
            };
            forward(level, &spec, &sizes, &operands, false, false).output
        };
        let many = run(TIME);
        assert_eq!(
            run(1),
            many[..d_hidden],
            "{spec:?}, {level:?}, {d_input} × {d_hidden}"
        );
    }
}
