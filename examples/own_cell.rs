//! A cell of one's own: its equations once, and it is trained, saved, loaded and streamed by the engine of the built-in ones.
//!
//! The cell forgets and writes by one gate: `f = σ(W_f x + U h)`, `h' = (1 − f) h + f tanh(W_g x)`. It learns to say what it read
//! two steps ago: `cargo run --release --example own_cell`.

use burn::module::{Module, Param};
use burn::nn::Initializer::Orthogonal;
use burn::optim::{AdamConfig, GradientsParams};
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Distribution, Tensor};
use burn_rnn::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use burn_rnn::{DefinedCell, Head, HeadConfig, HiddenState, Layer, Parameters, Scan, Streaming};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations;

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        // Sum 0 is the gate's, sum 1 the candidate's, which has no recurrent side.
        let recurrent = Product::of_state(0).into_sums([0]);
        let cell = Declaration::new().state().input_without_bias(0);
        cell.input_without_bias(0).matrix("w_hidden", [recurrent])
    }

    #[inline(always)] // Without, it is compiled without the machine's vector instructions.
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let gate = at.sum(0).sigmoid();
        let candidate = at.candidate(at.sum(1).tanh()); // Marked: what recurrent dropout drops.
        at.set_state(0, gate.one_minus() * at.state(0) + gate * candidate);
    }
}

#[derive(Module, Debug)]
struct OwnCell {
    w_input: Param<Tensor<2>>,
    w_hidden: Param<Tensor<2>>,
}

impl DefinedCell for OwnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }
    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }
    fn engine(&self) -> Engine {
        Engine::of(Equations)
    }
    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional::<1>(None); // There is no bias.
        to.add(&self.w_hidden);
    }
}

#[derive(Module, Debug)]
struct Model {
    layer: Scan<OwnCell>,
    head: Head,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default().autodiff();
    device.seed(7);
    let layer = Scan::new(OwnCell {
        w_input: Orthogonal { gain: 3.0 }.init([1, 2 * 32], &device),
        w_hidden: Orthogonal { gain: 1.0 }.init([32, 32], &device),
    });
    let head = HeadConfig::new(32, 1).init(&device);
    let (mut model, mut optimizer) = (Model { layer, head }, AdamConfig::new().init());
    for step in 0..=1000 {
        let x = Tensor::random([32, 20, 1], Distribution::Normal(0.0, 1.0), &device);
        let (output, _) = model.layer.forward(x.clone(), None);
        let answer = model.head.forward(output.narrow(1, 2, 18));
        let loss = (answer - x.narrow(1, 0, 18)).square().mean();
        if step % 200 == 0 {
            println!("step {step}: loss {}", loss.clone().into_scalar::<f32>());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(5e-3, model, gradients);
    }

    // Saved, loaded, and run step by step on live data.
    let path = std::env::temp_dir().join("own_cell.safetensors");
    let mut store = SafetensorsStore::from_file(&path).overwrite(true);
    model.save_into(&mut store)?;
    model.load_from(&mut store)?;
    let mut state = None;
    for value in [-1.3, 0.4, 0.9, -0.2, 0.1, 0.6] {
        let x = Tensor::from_floats([[value]], &device);
        let (output, next) = model.layer.step(x, state);
        let answer = model.head.forward(output.unsqueeze_dim::<3>(1));
        let answer: f32 = answer.into_scalar();
        println!("read {value:4}; two steps ago it was {answer:+.2}");
        state = Some(next);
    }
    Ok(())
}
