//! Networks learn what only memory can solve: the adding problem (Hochreiter & Schmidhuber 1997).

#[allow(dead_code)] // The library's tests use the rest.
#[path = "../crates/burn-rnn/tests/suite/parameters.rs"]
mod parameters;

use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_rnn::{
    Cell, CellOptions, CoupledLstmConfig, GruConfig, Head, HeadConfig, LstmConfig,
    PeepholeLstmConfig, Recurrent, RecurrentConfig, SimpleRnnConfig,
};
use burn_rnn_data::{AddingBatch, AddingProblem};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 32;
const D_INPUT: usize = 2;
const D_HIDDEN: usize = 32;
const SOLVED: f32 = 0.01;
const MOST_STEPS: usize = 3000;

/// A network that answers once, after the last step.
#[derive(Module, Debug)]
struct Answer<C: Cell> {
    network: Recurrent<C>,
    head: Head,
}

impl<C: Cell> Answer<C> {
    fn forward(&self, input: Tensor<3>) -> Tensor<2> {
        let time = input.dims()[1];
        let (output, _) = self.network.forward(input, None);
        self.head
            .logits(output.narrow(1, time - 1, 1))
            .squeeze_dim(1)
    }
}

fn tensors(batch: AddingBatch, length: usize, device: &Device) -> (Tensor<3>, Tensor<2>) {
    let count = batch.targets.len();
    let inputs = TensorData::new(batch.inputs, [count, length, D_INPUT]);
    let targets = TensorData::new(batch.targets, [count, 1]);
    (
        Tensor::from_data(inputs, device),
        Tensor::from_data(targets, device),
    )
}

/// The model with parameters of PyTorch's rule from a source of its own, so that it learns alike in every run: the device's numbers are all
/// tests', which draw from them at the same time.
fn with_own_numbers<M: Module>(model: M) -> M {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let bound = 1.0 / (D_HIDDEN as f64).sqrt();
    let count = model.num_params();
    let numbers: Vec<f64> = (0..count)
        .map(|_| rng.random_range(-bound..bound))
        .collect();
    parameters::write(model, &numbers, DType::F32)
}

/// Trains on fresh sequences until sequences of another seed are solved; guessing has an error of 1/6.
fn solves<O: CellOptions>(config: RecurrentConfig<O>, length: usize) {
    let plain = Device::default();
    let device = plain.clone().autodiff();
    let network = config.init(&device);
    let head = HeadConfig::new(network.d_output(), 1).init(&device);
    let mut model = with_own_numbers(Answer { network, head });
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut training = AddingProblem::new(length, 1).unwrap();
    let unseen = AddingProblem::new(length, 2).unwrap().batch(500);
    let (unseen_inputs, unseen_targets) = tensors(unseen, length, &plain);
    let mut error = f32::INFINITY;
    for step in 1..=MOST_STEPS {
        let (inputs, targets) = tensors(training.batch(BATCH), length, &device);
        let loss = MseLoss::new().forward(model.forward(inputs), targets, Reduction::Mean);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(5e-3, model, gradients);
        if step % 100 == 0 {
            let answers = model.valid().forward(unseen_inputs.clone());
            let squares = (answers - unseen_targets.clone()).square();
            error = squares.mean().into_scalar::<f32>();
            println!("{config:?}: step {step}, error {error}");
            if error < SOLVED {
                return;
            }
        }
    }
    panic!("{config:?} at length {length}: error {error} after {MOST_STEPS} steps");
}

#[test]
fn the_simple_network_adds_over_10_steps() {
    solves(SimpleRnnConfig::new(D_INPUT, D_HIDDEN), 10);
}

#[test]
fn the_lstm_adds_over_50_steps() {
    solves(LstmConfig::new(D_INPUT, D_HIDDEN), 50);
}

#[test]
fn the_peephole_lstm_adds_over_50_steps() {
    solves(PeepholeLstmConfig::new(D_INPUT, D_HIDDEN), 50);
}

#[test]
fn the_coupled_lstm_adds_over_50_steps() {
    solves(CoupledLstmConfig::new(D_INPUT, D_HIDDEN), 50);
}

#[test]
fn the_gru_adds_over_50_steps() {
    solves(GruConfig::new(D_INPUT, D_HIDDEN), 50);
}
