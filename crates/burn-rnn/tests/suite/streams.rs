//! Streams against the steps of the network that they are made of.

use burn::tensor::{Device, Tensor};
use burn_rnn::{
    CellOptions, CoupledLstmConfig, GruConfig, LstmConfig, PeepholeKind, PeepholeLstmConfig,
    RecurrentConfig, Reset, SimpleRnnConfig, State,
};

use crate::compare::{assert_close, values};
use crate::shapes::{assert_tells, message};
use crate::{backends, drawn};

/// The numbers are the same where one engine runs both; a GPU sums in another order from run to run.
const TOLERANCE: f32 = 1e-6;

fn sequence(batch: usize, d_input: usize, device: &Device) -> Vec<Tensor<2>> {
    let draw = |step| drawn::tensor([batch, d_input], step, device);
    (0..9).map(draw).collect()
}

/// Compares a stream with the steps of its network.
pub fn agrees<O: CellOptions>(config: &RecurrentConfig<O>, batch: usize, device: &Device) {
    let network = config.init(device);
    let (mut stream, mut floats) = (network.stream(batch), network.stream(batch));
    let mut copy = None;
    let mut state = None;
    for (index, x_t) in sequence(batch, network.d_input(), device)
        .into_iter()
        .enumerate()
    {
        let (expected, next) = network.step(x_t.clone(), state);
        let what = format!("step {index} of {config:?}");
        assert_close(&what, &stream.step(x_t.clone()), &expected, TOLERANCE);
        let output = floats.step_floats(&values(&x_t)).to_vec();
        assert_eq!(output, values(&stream_output(&stream)), "{what}");
        if index == 4 {
            copy = Some((stream.clone(), x_t, next.clone()));
        }
        state = Some(next);
    }

    let shown = |state: &burn_rnn::RecurrentState<_>| {
        let mut tensors = Vec::new();
        State::map(Clone::clone(state), &mut |tensor| {
            tensors.push(tensor.clone());
            tensor
        });
        tensors
    };
    for (given, expected) in shown(&stream.state()).iter().zip(shown(&state.unwrap())) {
        assert_close("the state", given, &expected, TOLERANCE);
    }

    // A copy has gone on from where it was made, and a state can be put in its place.
    let (mut copy, x_t, then) = copy.unwrap();
    let (expected, _) = network.step(x_t.clone(), Some(then.clone()));
    assert_close("the copy", &copy.step(x_t.clone()), &expected, TOLERANCE);
    stream.set_state(then);
    assert_close("set", &stream.step(x_t.clone()), &expected, TOLERANCE);
    stream.reset();
    let (expected, _) = network.step(x_t.clone(), None);
    assert_close("reset", &stream.step(x_t), &expected, TOLERANCE);
}

/// What the stream's last layer gave.
fn stream_output<C: burn_rnn::Cell>(stream: &burn_rnn::Stream<C>) -> Tensor<2> {
    use burn_rnn::CellState;
    let state = stream.state();
    state.layers.last().expect("a layer").forward.hidden()
}

#[test]
fn every_cell_gives_what_its_steps_give() {
    backends::each(|backend| {
        let device = &backend.device;
        for batch in [1, 3] {
            agrees(&SimpleRnnConfig::new(3, 10), batch, device);
            agrees(&LstmConfig::new(3, 10), batch, device);
            agrees(&PeepholeLstmConfig::new(3, 10), batch, device);
            let full = PeepholeLstmConfig::new(3, 10).with_peephole(PeepholeKind::Full);
            agrees(&full, batch, device);
            agrees(&CoupledLstmConfig::new(3, 10), batch, device);
            agrees(&LstmConfig::new(3, 10).with_bias(false), batch, device);
            for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
                agrees(&GruConfig::new(3, 10).with_reset(reset), batch, device);
            }
            let recurrent = LstmConfig::new(3, 10).with_full_gate_recurrence(true);
            agrees(&recurrent, batch, device);
            agrees(&LstmConfig::new(3, 10).with_layers(3), batch, device);
        }
        // Units shared among threads.
        agrees(&LstmConfig::new(40, 300), 1, device);
    });
}

#[test]
fn layers_are_skipped_around_as_in_a_step() {
    backends::each(|backend| {
        let device = &backend.device;
        let config = GruConfig::new(6, 6).with_layers(2).with_residual(true);
        let network = config.init(device);
        let mut stream = network.stream(2);
        let mut state = None;
        for x_t in sequence(2, 6, device) {
            let (expected, next) = network.step(x_t.clone(), state);
            assert_close("skips", &stream.step(x_t.clone()), &expected, TOLERANCE);
            state = Some(next);
        }
    });
}

#[test]
fn a_stream_keeps_its_parameters_drops_nothing_and_records_no_graph() {
    backends::each(|backend| {
        let device = backend.device.clone().autodiff();
        let config = LstmConfig::new(2, 5).with_layers(2).with_dropout(0.9);
        let mut network = config.init(&device);
        let mut stream = network.stream(1);
        let x_t = Tensor::<2>::ones([1, 2], &device);
        let before = stream.clone().step(x_t.clone());
        for cell in network.cells_mut() {
            cell.w_input = cell.w_input.clone().map(|w| w * 0.0);
        }
        let after = stream.step(x_t);
        assert_close("dropped or changed", &after, &before, 0.0);
        assert!(!after.is_require_grad());
    });
}

#[test]
#[should_panic(expected = "has shape [2, 4], expected [batch = 2, d_input = 3]")]
fn an_input_of_another_size_is_refused_with_both_shapes() {
    let network = GruConfig::new(3, 4).init(&Device::default());
    network
        .stream(2)
        .step(Tensor::zeros([2, 4], &Device::default()));
}

#[test]
#[should_panic(expected = "has 5 floats, expected batch · d_input = 2 · 3")]
fn floats_of_another_number_are_refused_with_both_numbers() {
    let network = GruConfig::new(3, 4).init(&Device::default());
    network.stream(2).step_floats(&[0.0; 5]);
}

#[test]
#[should_panic(expected = "shape [2, 4], expected [batch, features] = [3, 4]")]
fn a_state_of_another_batch_is_refused_with_both_shapes() {
    let network = GruConfig::new(3, 4).init(&Device::default());
    network.stream(3).set_state(network.zero_state(2));
}

#[test]
fn two_directions_are_no_stream_and_why() {
    let device = Device::default();
    let network = GruConfig::new(3, 4).with_bidirectional(true).init(&device);
    let x_t = || Tensor::<2>::ones([1, 3], &device);
    for told in [
        message(|| drop(network.stream(1))),
        message(|| drop(network.step(x_t(), None))),
    ] {
        let parts = ["cannot be run step by step", "with_bidirectional(false)"];
        assert_tells(&told, &parts);
    }
    let told = message(|| drop(network.stream(1)));
    assert_tells(&told, &["begins at the end of the sequence", "forward"]);
}
