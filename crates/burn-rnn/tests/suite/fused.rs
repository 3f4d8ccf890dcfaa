//! The fused operators against the reference: outputs, final states and every gradient.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use burn_rnn::{
    Cell, CellOptions, CellShape, CoupledLstmConfig, GruCell, GruConfig, Initialization, LstmCell,
    LstmConfig, LstmState, PeepholeKind, PeepholeLstmConfig, SimpleCell, State, reference,
    release_memory,
};
use burn_rnn_kernels::Inputs;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::any_options::{AnyOptions, cells};
use crate::backends::{self, Backend};
use crate::compare::values;

/// The difference that is allowed, relative to the largest magnitude of a tensor.
const TOLERANCE: f32 = 1e-5;

/// One comparison: a cell, what it reads and what is asked of it.
#[derive(Clone, Debug)]
struct Case {
    cell: AnyOptions,
    batch: usize,
    time: usize,
    d_input: usize,
    d_hidden: usize,
    bias: bool,
    run: Run,
    view: View,
    transposed_weights: bool,
    initial_state: bool,
    loss: Loss,
    tracked: Tracked,
    balanced: bool,
    /// What some elements of the input are set to.
    special: Vec<f32>,
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Run {
    Scan,
    Reversed,
    Steps,
}

/// How the input lies in memory.
#[derive(Clone, Copy, Debug)]
enum View {
    Dense,
    TimeFirst,
    FeaturesFirst,
    Flipped,
    Narrow,
}

/// What the loss reads; never nothing.
#[derive(Clone, Copy, Debug)]
struct Loss {
    output: bool,
    hidden: bool,
    cell: bool,
    gates: bool,
}

/// Which parents carry a gradient.
#[derive(Clone, Debug)]
struct Tracked {
    x: bool,
    states: [bool; 3],
    /// In the order of the cell's fields.
    parameters: [bool; 12],
    /// Whether an untracked input is without autodiff at all.
    plain_x: bool,
}

/// What a case gives, by name.
pub type Results = Vec<(String, Vec<f32>)>;

impl Case {
    fn results(&self, device: &Device) -> Results {
        match &self.cell {
            AnyOptions::Simple(options) => self.results_of(options, device),
            AnyOptions::Lstm(options) => self.results_of(options, device),
            AnyOptions::Gru(options) => self.results_of(options, device),
        }
    }

    fn results_of<O: CellOptions<Cell: WholeState>>(&self, options: &O, plain: &Device) -> Results {
        let device = if self.balanced {
            plain.clone().autodiff().gradient_checkpointing()
        } else {
            plain.clone().autodiff()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let shape = CellShape {
            d_input: self.d_input,
            d_hidden: self.d_hidden,
            bias: self.bias,
            initialization: Initialization::default(),
        };
        let mut parameters = Draw {
            rng: &mut rng,
            limit: 1.0 / (self.d_hidden as f32).sqrt(),
            transposed: self.transposed_weights,
            tracked: self.tracked.parameters.to_vec(),
            leaves: Vec::new(),
        };
        let cell = options.init(&shape, &device).map(&mut parameters);
        let mut leaves = parameters.leaves;

        let x = self.input(&mut rng, plain, &device, &mut leaves);
        let state = self.initial_state(&cell, &mut rng, &device, &mut leaves);
        let (output, state) = match self.run {
            Run::Scan => cell.scan(x, state),
            Run::Reversed => cell.scan_reversed(x, state),
            Run::Steps => burn_rnn::scan_steps(x, state, |x_t, state| cell.step(x_t, state)),
        };

        let mut results = vec![("output".to_string(), values(&output))];
        let by_output = draw(&mut rng, output.dims(), 1.0, &device);
        let mut parts = Vec::new();
        if self.loss.output {
            parts.push((output * by_output).sum());
        }
        let read = [self.loss.hidden, self.loss.cell, self.loss.gates];
        for (index, tensor) in tensors(state).into_iter().enumerate() {
            results.push((format!("state {index}"), values(&tensor)));
            let weights = draw(&mut rng, tensor.dims(), 1.0, &device);
            if read[index] {
                parts.push((tensor * weights).sum());
            }
        }
        let Some(loss) = parts.into_iter().reduce(|sum, part| sum + part) else {
            return results; // A cell of whose absent state the gradient is asked for.
        };
        let gradients = loss.is_tracked().then(|| loss.backward());
        let of_leaves = leaves.iter().map(|leaf| leaf(gradients.as_ref()));
        results.extend(
            of_leaves
                .enumerate()
                .map(|(index, d)| (format!("gradient {index}"), d)),
        );
        results
    }

    /// `[batch, time, d_input]`, maybe as a view of something else.
    fn input(
        &self,
        rng: &mut ChaCha8Rng,
        plain: &Device,
        device: &Device,
        leaves: &mut Vec<Leaf>,
    ) -> Tensor<3> {
        let [b, t, i] = [self.batch, self.time, self.d_input];
        let shape = match self.view {
            View::Dense | View::Flipped => [b, t, i],
            View::TimeFirst => [t, b, i],
            View::FeaturesFirst => [b, i, t],
            View::Narrow => [b + 1, t + 2, i + 3],
        };
        let mut data: Vec<f32> = (0..shape.iter().product())
            .map(|_| rng.random_range(-1.0..1.0))
            .collect();
        for special in &self.special {
            let at = rng.random_range(0..data.len());
            data[at] = *special;
        }
        let untracked = self.tracked.plain_x && !self.tracked.x;
        let device = if untracked { plain } else { device };
        let x = Tensor::<3>::from_data(TensorData::new(data, shape), device);
        let x = if self.tracked.x { track(x, leaves) } else { x };
        match self.view {
            View::Dense => x,
            View::TimeFirst => x.swap_dims(0, 1),
            View::FeaturesFirst => x.swap_dims(1, 2),
            View::Flipped => x.flip([1, 2]),
            View::Narrow => x.narrow(0, 1, b).narrow(1, 1, t).narrow(2, 2, i),
        }
    }

    fn initial_state<C: WholeState>(
        &self,
        cell: &C,
        rng: &mut ChaCha8Rng,
        device: &Device,
        leaves: &mut Vec<Leaf>,
    ) -> C::State {
        let zeros = cell.zero_state(self.batch);
        if !self.initial_state {
            return zeros;
        }
        let mut index = 0;
        cell.whole_state(zeros).map(&mut |state| {
            let [batch, features] = state.dims();
            // A view: states are often cut out of something larger.
            let wide = draw(rng, [features, batch + 1], 1.0, device);
            let wide = if self.tracked.states[index] {
                track(wide, leaves)
            } else {
                wide
            };
            index += 1;
            wide.transpose().narrow(0, 1, batch)
        })
    }
}

/// A cell whose states may hold more than [`Cell::zero_state`] gives.
trait WholeState: Cell {
    /// The state with every tensor that the cell carries.
    fn whole_state(&self, state: Self::State) -> Self::State {
        state
    }
}

impl WholeState for SimpleCell {}
impl WholeState for GruCell {}

impl WholeState for LstmCell {
    fn whole_state(&self, state: LstmState) -> LstmState {
        let gates = self.w_gates.as_ref().map(|w_gates| {
            let [batch, _] = state.cell.dims();
            Tensor::zeros([batch, w_gates.dims()[0]], &w_gates.device())
        });
        LstmState { gates, ..state }
    }
}

pub fn draw<const D: usize>(
    rng: &mut ChaCha8Rng,
    shape: [usize; D],
    limit: f32,
    device: &Device,
) -> Tensor<D> {
    let data: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-limit..limit))
        .collect();
    Tensor::from_data(TensorData::new(data, shape), (device, DType::F32))
}

fn track<const D: usize>(tensor: Tensor<D>, leaves: &mut Vec<Leaf>) -> Tensor<D> {
    let tensor = tensor.require_grad();
    leaves.push(leaf(tensor.clone()));
    tensor
}

fn tensors<S: State>(state: S) -> Vec<Tensor<2>> {
    let mut tensors = Vec::new();
    state.map(&mut |tensor| {
        tensors.push(tensor.clone());
        tensor
    });
    tensors
}

/// The gradient of one tensor; zeros where no path leads to it: the reference cuts those off, the fused
/// operators do not.
type Leaf = Box<dyn Fn(Option<&Gradients>) -> Vec<f32>>;

fn leaf<const D: usize>(tensor: Tensor<D>) -> Leaf {
    Box::new(
        move |gradients| match gradients.and_then(|gradients| tensor.grad(gradients)) {
            Some(gradient) => {
                assert_eq!(gradient.dims(), tensor.dims());
                values(&gradient)
            }
            None => vec![0.0; tensor.dims().iter().product()],
        },
    )
}

/// Sets parameters to random values, some with and some without a gradient.
struct Draw<'a> {
    rng: &'a mut ChaCha8Rng,
    limit: f32,
    transposed: bool,
    tracked: Vec<bool>,
    leaves: Vec<Leaf>,
}

impl ModuleMapper for Draw<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        let device = value.device();
        let mut shape = value.dims();
        let tensor = if self.transposed && D == 2 {
            shape.reverse();
            draw(self.rng, shape, self.limit, &device).swap_dims(0, 1)
        } else {
            draw(self.rng, shape, self.limit, &device)
        };
        let tensor = if self.tracked.remove(0) {
            track(tensor, &mut self.leaves)
        } else {
            tensor
        };
        Param::initialized(ParamId::new(), tensor)
    }
}

/// How much larger rounding errors are than those of a plain cell: layer normalisation divides by the deviation of a few units.
pub fn rounding(config: &str) -> f32 {
    if config.contains("layer_norm: true") {
        20.0
    } else {
        1.0
    }
}

/// Panics where two results differ by more than a tolerance, relative to the largest finite magnitude, or where they
/// are not finite in different places. An output must also be infinite or no number as the other one is. A
/// gradient need not: the sigmoid of a large negative number is zero in one and 1e-38 in the other, and the
/// product of its slope with an infinite input is no number in one and infinite in the other.
/// Panics where results of the same names differ.
pub fn assert_same(
    about: &dyn core::fmt::Debug,
    fused: &Results,
    reference: &Results,
    tolerance: f32,
) {
    assert_eq!(fused.len(), reference.len(), "{about:?}");
    let tolerance = tolerance * rounding(&format!("{about:?}"));
    for ((name, actual), (_, expected)) in fused.iter().zip(reference) {
        assert_eq!(actual.len(), expected.len(), "{name}: {about:?}");
        let finite = expected.iter().filter(|value| value.is_finite());
        // At least a tenth: the slope of a saturated gate, 1 − y², has the absolute error of a one.
        let largest = finite.fold(0.1_f32, |max, value| max.max(value.abs()));
        for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
            let same = if e.is_finite() {
                (a - e).abs() <= tolerance * largest
            } else {
                a == e
                    || (a.is_nan() && e.is_nan())
                    || (name.starts_with("gradient") && !a.is_finite())
            };
            assert!(
                same,
                "{name}, element {index}: {a}, expected {e} with {largest} the largest: {about:?}"
            );
        }
    }
}

fn losses() -> impl Strategy<Value = Loss> {
    prop::sample::select(vec![
        [true, false, false, false],
        [false, true, false, false],
        [true, true, true, true],
        [false, true, true, true],
        [false, false, true, false],
        [false, false, false, true],
        [true, false, true, false],
        [true, false, false, true],
    ])
    .prop_map(|[output, hidden, cell, gates]| Loss {
        output,
        hidden,
        cell,
        gates,
    })
}

fn tracked() -> impl Strategy<Value = Tracked> {
    let some = (
        any::<bool>(),
        any::<[bool; 3]>(),
        any::<[bool; 12]>(),
        any::<bool>(),
    );
    let some = some.prop_map(|(x, states, parameters, plain_x)| Tracked {
        x,
        states,
        parameters,
        plain_x,
    });
    let same = |on: bool| Tracked {
        x: on,
        states: [on; 3],
        parameters: [on; 12],
        plain_x: false,
    };
    prop_oneof![2 => Just(same(true)), 3 => some, 1 => Just(same(false))]
}

fn cases() -> impl Strategy<Value = Case> {
    let view = prop::sample::select(vec![
        View::Dense,
        View::TimeFirst,
        View::FeaturesFirst,
        View::Flipped,
        View::Narrow,
    ]);
    let run = prop::sample::select(vec![Run::Scan, Run::Reversed, Run::Steps]);
    let sizes = (1..19usize, 1..13usize, 1..37usize, 1..70usize);
    (
        cells(),
        sizes,
        (any::<bool>(), run, view, any::<bool>(), any::<bool>()),
        (losses(), tracked(), any::<bool>(), any::<u64>()),
    )
        .prop_map(|(cell, sizes, how, what)| {
            let (batch, time, d_input, d_hidden) = sizes;
            let (bias, run, view, transposed_weights, initial_state) = how;
            // A second bias is refused without the first.
            let bias = bias || cell.has_two_biases();
            // The variance of few units may be nearly nothing, and rounding all there is of them.
            let d_hidden = d_hidden + if cell.is_normalized() { 16 } else { 0 };
            let (loss, tracked, balanced, seed) = what;
            Case {
                cell,
                batch,
                time,
                d_input,
                d_hidden,
                bias,
                run,
                view,
                transposed_weights,
                initial_state,
                loss,
                tracked,
                balanced,
                special: Vec::new(),
                seed,
            }
        })
}

/// The same cases in every run, so that a failure stays one; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1997);
    }
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config
}

fn each_cpu(test: impl Fn(&Backend)) {
    for backend in backends::all() {
        if backend.is_fused {
            test(&backend);
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn outputs_and_gradients_are_those_of_the_reference(case in cases()) {
        each_cpu(|backend| {
            let fused = case.results(&backend.device);
            let expected = reference(|| case.results(&backend.device));
            assert_same(&(backend.name, &case), &fused, &expected, TOLERANCE);
        });
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn values_at_the_ends_behave_as_in_the_reference(
        case in cases(),
        special in prop::collection::vec(
            prop::sample::select(vec![
                f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e4, -1e4, 0.0, -0.0, 1e-40, -1e-45,
            ]),
            1..4,
        ),
    ) {
        // With a path to every parent: zero times NaN is NaN, and the reference does not multiply where there is no path.
        let loss = Loss { output: true, ..case.loss };
        let case = Case { special, loss, ..case };
        each_cpu(|backend| {
            let fused = case.results(&backend.device);
            let expected = reference(|| case.results(&backend.device));
            // A pre-activation of 1e4 is itself uncertain by 1e-3.
            assert_same(&(backend.name, &case), &fused, &expected, 1e-2);
        });
    }

    #[test]
    fn the_same_numbers_come_out_again(case in cases()) {
        let bits = |results: Results| -> Vec<Vec<u32>> {
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect();
            results.into_iter().map(|(_, values)| bits(values)).collect()
        };
        each_cpu(|backend| {
            let first = bits(case.results(&backend.device));
            assert!(bits(case.results(&backend.device)) == first, "{}: {case:?}", backend.name);
        });
    }
}

#[test]
fn a_batch_gives_what_its_parts_give() {
    each_cpu(|backend| {
        let device = &backend.device;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        // Enough work for several threads.
        let x = draw(&mut rng, [17, 40, 31], 1.0, device);
        let lstm = LstmConfig::new(31, 67).init_cell(device);
        let (whole, state) = lstm.scan(x.clone(), lstm.zero_state(17));
        for range in [0..1, 1..9, 9..17] {
            let part = x.clone().narrow(0, range.start, range.len());
            let (output, last) = lstm.scan(part, lstm.zero_state(range.len()));
            let expected = whole.clone().narrow(0, range.start, range.len());
            crate::compare::assert_close("output", &output, &expected, 1e-6);
            let expected = state.clone().slice_batch(range);
            crate::compare::assert_close("hidden", &last.hidden, &expected.hidden, 1e-6);
            crate::compare::assert_close("cell", &last.cell, &expected.cell, 1e-6);
        }
    });
}

#[test]
fn full_gate_recurrence_starts_from_zeros_where_no_gates_are_given() {
    each_cpu(|backend| {
        let device = &backend.device;
        let config = LstmConfig::new(3, 4).with_full_gate_recurrence(true);
        let cell = config.init_cell(device);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let x = draw(&mut rng, [2, 3], 1.0, device);
        let mut given = cell.zero_state(2);
        given.hidden = given.hidden + 0.5;
        let absent = LstmState {
            gates: None,
            ..given.clone()
        };
        let run = |state: LstmState| {
            let gates = cell.step(x.clone(), state).gates;
            values(&gates.expect("it carries them"))
        };
        assert_eq!(run(given.clone()), run(absent));
        let others = LstmState {
            gates: given.gates.clone().map(|gates| gates + 1.0),
            ..given.clone()
        };
        assert_ne!(run(given.clone()), run(others));
        // Gates of other shapes are refused, on both paths.
        let misfit = LstmState {
            gates: Some(given.cell.clone()),
            ..given
        };
        let refused = || catch_unwind(AssertUnwindSafe(|| run(misfit.clone()))).is_err();
        assert!(refused());
        assert!(reference(refused));
    });
}

#[test]
fn the_fused_passes_run_where_they_can() {
    backends::each(|backend| {
        let covered = |device: &Device, dtype| {
            let tensor = |shape| Tensor::<2>::ones(shape, (device, dtype));
            let mut inputs = Inputs::new(tensor([2, 3]));
            inputs.push(Some(tensor([2, 4])));
            inputs.is_fused()
        };
        let cpu = backend.name != "wgpu";
        let autodiff = backend.device.clone().autodiff();
        for device in [&backend.device, &autodiff] {
            assert_eq!(covered(device, DType::F32), cpu, "{}", backend.name);
            assert!(!reference(|| covered(device, DType::F32)));
            if device.supports_dtype(DType::F64) {
                assert!(!covered(device, DType::F64));
            }
        }
    });
}

#[test]
fn peepholes_of_both_kinds_at_once() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let x = Tensor::<3>::ones([2, 3, 4], device).require_grad();
        let config = PeepholeLstmConfig::new(4, 5);
        let mut cell = config.clone().init_cell(device);
        let full = config.with_peephole(PeepholeKind::Full).init_cell(device);
        // Of both kinds at once.
        cell.peephole.as_mut().unwrap().full = full.peephole.unwrap().full;
        let (output, state) = cell.scan(x, cell.zero_state(2));
        (output.sum() + state.cell.sum()).backward();
    });
}

#[test]
fn a_window_can_go_on_from_the_state_of_the_last_one_with_its_gradient() {
    each_cpu(|backend| {
        let device = &backend.device.clone().autodiff();
        let cell = CoupledLstmConfig::new(3, 4).init_cell(device);
        let gru = GruConfig::new(4, 4).init_cell(device);
        let gradients = || {
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let x = draw(&mut rng, [2, 6, 3], 1.0, device).require_grad();
            let window = |index: usize| x.clone().narrow(1, 3 * index, 3);
            let (first, state) = cell.scan(window(0), cell.zero_state(2));
            let (second, state) = cell.scan(window(1), state);
            let (output, _) = gru.scan(second, gru.zero_state(2));
            let loss = output.sum() + (first * 0.5).sum() + state.cell.square().sum();
            let gradients = loss.backward();
            let of = |param: &Param<Tensor<2>>| values(&param.grad(&gradients).unwrap());
            vec![
                ("x".to_string(), values(&x.grad(&gradients).unwrap())),
                ("LSTM".to_string(), of(&cell.w_hidden)),
                ("GRU".to_string(), of(&gru.w_hidden)),
            ]
        };
        assert_same(
            &backend.name,
            &gradients(),
            &reference(gradients),
            TOLERANCE,
        );
    });
}

#[test]
fn a_window_can_go_on_from_the_gates_of_the_last_one_with_their_gradient() {
    each_cpu(|backend| {
        let device = &backend.device.clone().autodiff();
        let config = LstmConfig::new(3, 4).with_full_gate_recurrence(true);
        let cell = config.init_cell(device);
        let results = || {
            let mut rng = ChaCha8Rng::seed_from_u64(11);
            let x = draw(&mut rng, [2, 7, 3], 1.0, device).require_grad();
            let (_, state) = cell.scan(x.clone().narrow(1, 0, 3), cell.zero_state(2));
            let (_, state) = cell.scan(x.clone().narrow(1, 3, 3), state);
            let state = cell.step(x.clone().narrow(1, 6, 1).squeeze_dim(1), state);
            let gates = state.gates.expect("it carries them");
            let gradients = gates.clone().square().sum().backward();
            let of = |param: &Param<Tensor<2>>| values(&param.grad(&gradients).unwrap());
            vec![
                ("gates".to_string(), values(&gates)),
                (
                    "gradient of x".to_string(),
                    values(&x.grad(&gradients).unwrap()),
                ),
                ("gradient of w_hidden".to_string(), of(&cell.w_hidden)),
                (
                    "gradient of w_gates".to_string(),
                    of(cell.w_gates.as_ref().unwrap()),
                ),
            ]
        };
        assert_same(&backend.name, &results(), &reference(results), TOLERANCE);
    });
}

/// Inference keeps prepared parameters from run to run: those of a model that goes on learning must be those of now.
#[test]
fn inference_sees_weights_that_change_between_its_runs() {
    each_cpu(|backend| {
        let device = &backend.device;
        let config = PeepholeLstmConfig::new(5, 19).with_peephole(PeepholeKind::Full);
        let mut network = config.init(device);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x = draw(&mut rng, [2, 40, 5], 1.0, device);
        for round in 0..4 {
            let outputs = || {
                let (sequence, _) = network.forward(x.clone(), None);
                // Short runs use what is kept, too.
                let (short, _) = network.forward(x.clone().narrow(1, 0, 2), None);
                let (step, _) = network.step(x.clone().narrow(1, 0, 1).squeeze_dim(1), None);
                vec![
                    ("sequence".to_string(), values(&sequence)),
                    ("short sequence".to_string(), values(&short)),
                    ("step".to_string(), values(&step)),
                ]
            };
            let expected = reference(outputs);
            for again in 0..3 {
                let about = format!("{}, round {round}.{again}", backend.name);
                assert_same(&about, &outputs(), &expected, TOLERANCE);
                if round == 2 {
                    release_memory();
                }
            }
            network = network.map(&mut Scaled);
        }
    });
}

/// Changes parameters in place, as an optimizer does: nobody else has their memory.
struct Scaled;

impl ModuleMapper for Scaled {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        Param::from_mapped_value(id, tensor.mul_scalar(0.9), mapper)
    }
}
