//! A task of one's own, with a cell of one's own, trained by the loop of `burn-rnn train`: checkpoints, `--resume`, schedules, a dashboard.
//! Random numbers come in long streams that are cut into windows of 10; the model says which number it read 4 steps ago. At the first
//! four steps of a window that was in the window before: the state has to be carried over, or the loss stays above 0.13.
//! `cargo run --release --example own_task`, and `… own_task -- --resume` after Ctrl-C.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::module::{Module, Param};
use burn::nn::Initializer::Orthogonal;
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::{Cell, Head, HeadConfig, HiddenState, Layer, Scan};
use burn_rnn_train::learn::{LearnArgs, Learnable, Lesson, Moment, Task, each_seed, learn};
use burn_rnn_train::{TrainError, exit_code, options};
use clap::Parser;
use rand::{RngExt, SeedableRng, rngs::StdRng};

const STREAMS: usize = 16;
const WINDOW: usize = 10;
const DELAY: usize = 4;
const UNITS: usize = 32;

/// The cell: `h' = tanh(x W + h U)`. `own_cell.rs` has one by its equations, which is faster.
#[derive(Module, Debug)]
struct OwnCell {
    w: Param<Tensor<2>>,
    u: Param<Tensor<2>>,
}

impl Cell for OwnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w.dims()[0]
    }
    fn d_hidden(&self) -> usize {
        self.u.dims()[0]
    }
    fn zero_state(&self, batch: usize) -> HiddenState {
        HiddenState::zeros(batch, self.d_hidden(), &self.u.device())
    }
    fn step(&self, x: Tensor<2>, state: HiddenState) -> HiddenState {
        let sum = x.matmul(self.w.val()) + state.hidden.matmul(self.u.val());
        HiddenState::new(sum.tanh())
    }
}

#[derive(Module, Debug)]
struct Model {
    layer: Scan<OwnCell>,
    head: Head,
}

impl Model {
    /// The loss of a window, and the state after it.
    fn loss(&self, window: Tensor<3>, state: Option<HiddenState>) -> (Tensor<1>, HiddenState) {
        let target = window.clone().narrow(1, 0, WINDOW);
        let (output, state) = self.layer.forward(window.narrow(1, DELAY, WINDOW), state);
        ((self.head.forward(output) - target).square().mean(), state)
    }
}

/// What the loop asks of a model: the loss of a batch, and what goes on to the next.
impl Learnable for Model {
    type Batch = Tensor<3>;
    type State = HiddenState;

    fn lesson(&self, x: Tensor<3>, state: Option<HiddenState>, _: &Moment) -> Lesson<HiddenState> {
        let (loss, state) = self.loss(x, state);
        Lesson {
            loss,
            targets: STREAMS * WINDOW,
            carried: Some(state),
        }
    }
    fn zero_state(&self, window: &Tensor<3>) -> Option<HiddenState> {
        Some(self.layer.cell.zero_state(window.dims()[0]))
    }
}

/// What the loop asks of a task: examples, a model for them, and how good it is.
#[derive(Clone)]
struct Recall;

/// An example is a window by its number: all streams, each with the few numbers before it.
impl Batcher<usize, Tensor<3>> for Recall {
    fn batch(&self, windows: Vec<usize>, device: &Device) -> Tensor<3> {
        let length = DELAY + WINDOW;
        let number = |place: usize| {
            let (stream, time) = (place / length, windows[0] * WINDOW + place % length);
            StdRng::seed_from_u64((stream << 32 | time) as u64).random_range(-1.0..1.0)
        };
        let numbers: Vec<f32> = (0..STREAMS * length).map(number).collect();
        Tensor::from_data(TensorData::new(numbers, [STREAMS, length, 1]), device)
    }
}

impl Task for Recall {
    const NAME: &'static str = "recall";
    type Item = usize;
    type Model = Model;
    type Settings = ();

    fn settings(&self) {}
    fn init(&self, device: &Device) -> Result<Model, TrainError> {
        let matrix = |rows| Orthogonal { gain: 1.0 }.init([rows, UNITS], device);
        let (w, u) = (matrix(1), matrix(UNITS));
        let layer = Scan::new(OwnCell { w, u });
        let head = HeadConfig::new(UNITS, 1).try_init(device)?;
        Ok(Model { layer, head })
    }
    fn examples(&self) -> Arc<dyn Dataset<usize>> {
        Arc::new(InMemDataset::new((0..200).collect()))
    }
    fn batcher(&self) -> Arc<dyn Batcher<usize, Tensor<3>>> {
        Arc::new(Recall)
    }
    fn pass(&self, _seed: u64) -> Vec<Vec<usize>> {
        (0..200).map(|window| vec![window]).collect() // In their order: the state goes on.
    }
    fn score_names(&self) -> &'static [&'static str] {
        &["held-out loss"]
    }
    fn evaluate(&self, model: &Model, device: &Device) -> Result<Vec<f64>, TrainError> {
        let (mut sum, mut state) = (0.0, None);
        for window in 1000..1050 {
            let (loss, next) = model.loss(self.batch(vec![window], device), state);
            sum += loss.into_scalar::<f64>();
            state = Some(next);
        }
        Ok(vec![sum / 50.0])
    }
}

/// The options of `burn-rnn train`.
#[derive(Parser)]
#[command(name = "own_task", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    learn: LearnArgs,
}

fn main() -> std::process::ExitCode {
    exit_code(|| {
        let cli = options::parse::<Cli>(&[("lr", "0.005")])?;
        let one = |args: &_| learn(&Recall, args, format!("{UNITS} own cells"))?.report(&[]);
        each_seed(Recall::NAME, &cli.learn, |learn| learn, one)
    })
}
