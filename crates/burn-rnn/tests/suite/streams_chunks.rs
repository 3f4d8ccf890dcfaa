//! One long `forward`, chunks of it with the state carried, steps, and streams: the same numbers, for every cell and stack, in every
//! float type.

use burn::tensor::{DType, Tensor};
use burn_rnn::{Cell, CellOptions, LstmConfig, Recurrent, RecurrentConfig, RecurrentState, State};

use crate::backends::{self, Backend};
use crate::every_cell::everything;
use crate::{drawn, parameters};

const BATCH: usize = 2;
const CHUNKS: [usize; 4] = [3, 1, 4, 1];

/// What sums in another order may change, relative to the largest number.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-12,
        DType::F32 => 5e-5,
        // Layer normalisation brings rounding errors to full size.
        DType::F16 => 0.04,
        _ => 0.3,
    }
}

fn close<const D: usize>(what: &str, given: &Tensor<D>, expected: &Tensor<D>, tolerance: f64) {
    assert_eq!(given.dims(), expected.dims(), "{what}");
    assert_eq!(given.dtype(), expected.dtype(), "{what}");
    let [given, expected] = [given, expected].map(|tensor| {
        let data = tensor.clone().into_data();
        data.iter::<f64>().collect::<Vec<f64>>()
    });
    let largest = expected.iter().fold(1e-3_f64, |max, x| max.max(x.abs()));
    for (given, expected) in given.iter().zip(&expected) {
        let error = (given - expected).abs() / largest;
        assert!(
            error <= tolerance,
            "{what}: {given}, expected {expected}: {error:e}"
        );
    }
}

fn tensors<S: State>(state: S) -> Vec<Tensor<2>> {
    let mut tensors = Vec::new();
    state.map(&mut |tensor| {
        tensors.push(tensor.clone());
        tensor
    });
    tensors
}

fn close_states<S: State>(what: &str, given: S, expected: S, tolerance: f64) {
    let (given, expected) = (tensors(given), tensors(expected));
    assert_eq!(given.len(), expected.len(), "{what}");
    for (given, expected) in given.iter().zip(&expected) {
        close(what, given, expected, tolerance);
    }
}

struct Case<C: Cell> {
    network: Recurrent<C>,
    x: Tensor<3>,
    expected: Tensor<3>,
    last: RecurrentState<C::State>,
    tolerance: f64,
    what: String,
}

impl<C: Cell> Case<C> {
    fn new<O: CellOptions<Cell = C>>(
        config: &RecurrentConfig<O>,
        backend: &Backend,
        dtype: DType,
    ) -> Self {
        let device = &backend.device;
        let network = drawn::parameters(config.init(device), 19, 0.6);
        let numbers = parameters::read(&network);
        let network = parameters::write(network, &numbers, dtype);
        let shape = [BATCH, CHUNKS.iter().sum(), network.d_input()];
        let x = drawn::tensor(shape, 20, device).cast(dtype);
        let (expected, last) = network.forward(x.clone(), None);
        Self {
            network,
            x,
            expected,
            last,
            tolerance: tolerance(dtype),
            what: format!("{config:?} in {dtype:?} on {}", backend.name),
        }
    }

    fn step(&self, step: usize) -> Tensor<2> {
        self.x.clone().narrow(1, step, 1).squeeze_dim(1)
    }

    fn close(&self, how: &str, outputs: Vec<Tensor<3>>, last: RecurrentState<C::State>) {
        let what = format!("{how} of {}", self.what);
        close(
            &what,
            &Tensor::cat(outputs, 1),
            &self.expected,
            self.tolerance,
        );
        close_states(&what, last, self.last.clone(), self.tolerance);
    }

    fn check(&self) {
        let time = self.x.dims()[1];
        let mut state = None;
        let mut outputs = Vec::new();
        let mut start = 0;
        let mut first = None;
        for length in CHUNKS {
            let chunk = self.x.clone().narrow(1, start, length);
            let (output, next) = self.network.forward(chunk, state);
            outputs.push(output);
            first.get_or_insert_with(|| next.clone());
            state = Some(next);
            start += length;
        }
        let read = outputs[..1].to_vec();
        self.close("chunks", outputs, state.unwrap());

        let mut state = None;
        let mut outputs = Vec::new();
        for step in 0..time {
            let (output, next) = self.network.step(self.step(step), state);
            outputs.push(output.unsqueeze_dim(1));
            state = Some(next);
        }
        self.close("steps", outputs, state.unwrap());

        let mut stream = self.network.stream(BATCH);
        let outputs = (0..time).map(|step| stream.step(self.step(step)).unsqueeze_dim(1));
        let outputs = outputs.collect();
        self.close("a stream", outputs, stream.state());

        // A chunk is read at once, and a stream goes on on plain floats.
        let mut outputs = read;
        stream.set_state(first.unwrap());
        for step in CHUNKS[0]..time {
            let x_t = self.step(step).cast(DType::F32).into_data();
            let output = stream.step_floats(x_t.as_slice().unwrap());
            let output = Tensor::<1>::from_floats(output, &self.x.device());
            let output = output.reshape([BATCH, 1, self.network.d_output()]);
            outputs.push(output.cast(self.x.dtype()));
        }
        let what = format!("a chunk and a stream of floats of {}", self.what);
        let tolerance = self.tolerance.max(1e-6);
        close(&what, &Tensor::cat(outputs, 1), &self.expected, tolerance);
        close_states(&what, stream.state(), self.last.clone(), self.tolerance);
    }
}

fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
    backends::each(|backend| {
        for dtype in backend.types() {
            let stack = config.clone().with_layers(2);
            let residual = stack.clone().with_residual(true);
            for config in [config, &stack, &residual] {
                Case::new(config, backend, dtype).check();
            }
        }
    });
}

#[test]
fn chunks_steps_and_streams_give_what_one_long_forward_gives() {
    // As many units as inputs, so that all layers can be skipped around.
    everything!(3, check);
    check(&LstmConfig::new(3, 3).with_full_gate_recurrence(true));
    let sizes = LstmConfig::new(5, 8).with_layer_sizes([8, 3, 20]);
    backends::each(|backend| {
        for dtype in backend.types() {
            Case::new(&sizes, backend, dtype).check();
        }
    });
}

#[test]
fn the_reference_does_too() {
    burn_rnn::reference(|| {
        check(&LstmConfig::new(3, 3));
        check(&burn_rnn::SlstmConfig::new(3, 3).with_heads(1));
    });
}
