//! Every cell's gradients against central differences.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData, activation::sigmoid};
use burn_rnn::{
    Activation, Cell, CellOptions, CoupledLstmConfig, GruConfig, Layer, LstmConfig, PeepholeKind,
    PeepholeLstmConfig, RecurrentConfig, Reset, Scan, SimpleRnnConfig, State,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backends::{self, Backend};
use crate::parameters;

const D_INPUT: usize = 3;
const D_HIDDEN: usize = 4;
const BATCH: usize = 2;
const TIME: usize = 3;

#[test]
fn simple() {
    for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Identity] {
        check(SimpleRnnConfig::new(D_INPUT, D_HIDDEN).with_activation(activation));
    }
}

#[test]
fn lstm() {
    check(LstmConfig::new(D_INPUT, D_HIDDEN));
    check(LstmConfig::new(D_INPUT, D_HIDDEN).with_bias(false));
    check(
        LstmConfig::new(D_INPUT, D_HIDDEN)
            .with_peephole(PeepholeKind::Diagonal)
            .with_full_gate_recurrence(true),
    );
}

#[test]
fn peephole() {
    for kind in [PeepholeKind::Diagonal, PeepholeKind::Full] {
        check(PeepholeLstmConfig::new(D_INPUT, D_HIDDEN).with_peephole(kind));
    }
}

#[test]
fn coupled() {
    check(CoupledLstmConfig::new(D_INPUT, D_HIDDEN));
}

#[test]
fn gru() {
    for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
        check(GruConfig::new(D_INPUT, D_HIDDEN).with_reset(reset));
    }
}

pub fn check<O: CellOptions>(config: RecurrentConfig<O>) {
    backends::each(|backend| check_on(&config, backend));
}

/// A cell, an input and a loss of both; `point` is every parameter followed by every input.
struct Problem<C> {
    cell: C,
    state: Vec<f64>,
    weights: Vec<f64>,
    parameters: usize,
    dtype: DType,
    device: Device,
}

impl<C: Cell> Problem<C> {
    fn graph(&self, point: &[f64]) -> (C, Tensor<3>, Tensor<1>) {
        let (parameters, input) = point.split_at(self.parameters);
        let cell = parameters::write(self.cell.clone(), parameters, self.dtype);
        let input = self.tensor(input, [BATCH, TIME, D_INPUT]).require_grad();
        let loss = self.loss(cell.clone(), input.clone());
        (cell, input, loss)
    }

    fn value(&self, point: &[f64]) -> f64 {
        self.graph(point).2.into_scalar::<f64>()
    }

    fn gradient(&self, point: &[f64]) -> Vec<f64> {
        let (cell, input, loss) = self.graph(point);
        let gradients = loss.backward();
        let mut gradient = parameters::gradients(&cell, &gradients);
        let input = input.grad(&gradients).unwrap().into_data_as::<f64>();
        gradient.extend(input.try_into_vec::<f64>().unwrap());
        gradient
    }

    /// Reads every output and the whole final state, so that every path carries a gradient.
    fn loss(&self, cell: C, input: Tensor<3>) -> Tensor<1> {
        let mut given = self.state.iter().copied();
        let initial = cell.zero_state(BATCH).map(&mut |zeros| {
            let floats: Vec<f64> = given.by_ref().take(zeros.shape().num_elements()).collect();
            self.tensor(&floats, zeros.dims())
        });
        let (output, state) = Scan::new(cell).forward(input, Some(initial));
        let weights = self.tensor(&self.weights, output.dims());
        let mut loss = (output * weights).sum();
        let mut finals = Vec::new();
        state.map(&mut |tensor| {
            finals.push(tensor.clone());
            tensor
        });
        for state in finals {
            loss = loss + state.square().sum();
        }
        loss
    }

    fn tensor<const D: usize>(&self, values: &[f64], shape: [usize; D]) -> Tensor<D> {
        let data = TensorData::new(values.to_vec(), shape).convert_dtype(self.dtype);
        Tensor::from_data(data, (&self.device, self.dtype))
    }
}

/// Every derivative in f64 where the backend's activations are exact to f64; elsewhere in f32, where
/// central differences are good for three digits, along a few random directions.
fn check_on<O: CellOptions>(config: &RecurrentConfig<O>, backend: &Backend) {
    let device = backend.device.clone().autodiff();
    let exact = activations_are_exact_in_f64(&backend.device);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut draw =
        |count: usize| -> Vec<f64> { (0..count).map(|_| rng.random_range(-0.8..0.8)).collect() };
    let cell = config.init_cell(&device);
    let parameters = cell.num_params();
    let outputs = BATCH * TIME * cell.d_hidden();
    let states = cell.zero_state(BATCH).shapes();
    let states = states.iter().map(|shape| shape.iter().product::<usize>());
    let problem = Problem {
        cell,
        state: draw(states.sum()),
        weights: draw(outputs),
        parameters,
        dtype: if exact { DType::F64 } else { DType::F32 },
        device,
    };
    let point = draw(parameters + BATCH * TIME * D_INPUT);
    let gradient = problem.gradient(&point);
    assert_eq!(gradient.len(), point.len());

    let directions: Vec<Vec<f64>> = if exact {
        (0..point.len()).map(|at| unit(point.len(), at)).collect()
    } else {
        println!("{}: its f64 is not exact, checked in f32", backend.name);
        (0..3).map(|_| draw(point.len())).collect()
    };
    // In f32 a longer way crosses the corners of clips and hard functions, a shorter one drowns in rounding.
    let (epsilon, tolerance) = if exact { (1e-6, 1e-7) } else { (2e-3, 1e-2) };
    for (index, direction) in directions.iter().enumerate() {
        let moved = |by: f64| -> Vec<f64> {
            let steps = point.iter().zip(direction);
            steps.map(|(at, towards)| at + by * towards).collect()
        };
        let difference = problem.value(&moved(epsilon)) - problem.value(&moved(-epsilon));
        let numeric = difference / (2.0 * epsilon);
        let products = gradient.iter().zip(direction).map(|(g, d)| g * d);
        let analytic: f64 = products.sum();
        let error = (analytic - numeric).abs() / (1.0 + numeric.abs());
        assert!(
            error < tolerance,
            "{config:?} on {}, direction {index}: {analytic}, central difference {numeric}",
            backend.name
        );
    }
}

fn unit(length: usize, at: usize) -> Vec<f64> {
    let mut direction = vec![0.0; length];
    direction[at] = 1.0;
    direction
}

/// Some backends take doubles but compute sigmoid or tanh in single precision, which drowns
/// differences of 1e-6.
fn activations_are_exact_in_f64(device: &Device) -> bool {
    if !device.supports_dtype(DType::F64) {
        return false;
    }
    let x = 0.3_f64;
    let at = Tensor::<1>::from_data(TensorData::new(vec![x], [1]), (device, DType::F64));
    let exact =
        |actual: Tensor<1>, expected: f64| (actual.into_scalar::<f64>() - expected).abs() < 1e-14;
    exact(sigmoid(at.clone()), 1.0 / (1.0 + (-x).exp())) && exact(at.tanh(), x.tanh())
}
