//! What does not fit a cell or a network is refused by name, with both shapes or types; what is empty never crashes; other float types and
//! quantized weights work. For every cell there is, bare and wrapped.

use burn::module::{Module, Quantizer};
use burn::tensor::quantization::{Calibration, QuantValue};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_rnn::{
    AttentionConfig, AttentionScore, Cell, CellOptions, HeadActivation, HeadConfig, LstmConfig,
    RecurrentConfig, SlidingWindowConfig, State,
};

use crate::backends::{self, Backend};
use crate::compare::{assert_close, values};
use crate::every_cell::everything;
use crate::shapes::{assert_tells, message};
use crate::{parameters, reference_and_fused};

const UNITS: usize = 4;

fn full_gates() -> RecurrentConfig<burn_rnn::LstmOptions> {
    LstmConfig::new(3, UNITS).with_full_gate_recurrence(true)
}

#[test]
fn a_bare_cell_refuses_empty_input_and_other_states_by_name_with_both_shapes() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let device = Device::default();
        let cell = config.init_cell(&device);
        let name = cell.name();
        let x_t = |batch, features| Tensor::<2>::ones([batch, features], &device);
        let x = |batch, time, features| Tensor::<3>::ones([batch, time, features], &device);
        let zeros = |batch| cell.zero_state(batch);
        let told = |parts: &[&str], run: &dyn Fn()| {
            let told = message(run);
            assert_tells(&told, &[&[name], parts].concat());
        };
        reference_and_fused(|| {
            told(&["[0, 3]", "batch ≥ 1"], &|| {
                drop(cell.step(x_t(0, 3), zeros(1)));
            });
            told(&["[2, 5]", "d_input = 3"], &|| {
                drop(cell.step(x_t(2, 5), zeros(2)));
            });
            for dims in [[0, 5, 3], [2, 0, 3], [2, 5, 4]] {
                let shape = format!("{dims:?}");
                let [batch, time, features] = dims;
                told(&[&shape, "d_input = 3"], &|| {
                    drop(cell.scan(x(batch, time, features), zeros(2)));
                });
                told(&[&shape, "d_input = 3"], &|| {
                    drop(cell.scan_reversed(x(batch, time, features), zeros(2)));
                });
            }
            // Of every tensor that there is, and for one sequence too, which would be repeated.
            for (given, batch) in [(1, 5), (5, 1)] {
                let shapes = [given, batch].map(|batch| format!("{:?}", zeros(batch).shapes()[0]));
                let shapes = [shapes[0].as_str(), shapes[1].as_str()];
                told(&shapes, &|| drop(cell.step(x_t(batch, 3), zeros(given))));
                told(&shapes, &|| drop(cell.scan(x(batch, 2, 3), zeros(given))));
                told(&shapes, &|| {
                    drop(cell.scan_reversed(x(batch, 2, 3), zeros(given)));
                });
            }
            for place in 0..zeros(2).shapes().len() {
                let mut index = 0;
                let other = zeros(2).map(&mut |tensor| {
                    index += 1;
                    if index == place + 1 {
                        Tensor::cat(vec![tensor.clone(), tensor], 0)
                    } else {
                        tensor
                    }
                });
                told(&["expected [batch, features] = [2, "], &|| {
                    drop(cell.scan(x(2, 2, 3), other.clone()));
                });
            }
        });
    }
    everything!(UNITS, check);
    check(&full_gates());
}

#[test]
fn a_state_of_two_directions_is_refused_by_a_network_of_one() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let device = Device::default();
        let one = config.init(&device);
        let both = config.clone().with_bidirectional(true).init(&device);
        let state = || Some(both.zero_state(2));
        let forward = message(|| drop(one.forward(Tensor::ones([2, 5, 3], &device), state())));
        let step = message(|| drop(one.step(Tensor::ones([2, 3], &device), state())));
        let stream = message(|| one.stream(2).set_state(both.zero_state(2)));
        for told in [forward, step, stream] {
            let name = one.cells().next().unwrap().name();
            assert_tells(&told, &[name, "two directions", "one direction"]);
        }
    }
    everything!(UNITS, check);
}

#[test]
fn gates_may_be_left_out_and_no_others_given() {
    backends::each(|backend| {
        let device = &backend.device;
        let network = full_gates().with_layers(2).init(device);
        let x = Tensor::<3>::random([2, 3, 3], Distribution::Default, device);
        let x_t = || x.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
        let full = || network.forward(x.clone(), None).1;
        let mut cut = network.zero_state(2);
        for layer in &mut cut.layers {
            layer.forward.gates = None;
        }
        let expected = network.forward(x.clone(), None).0;
        let given = network.forward(x.clone(), Some(cut.clone())).0;
        assert_close("forward", &given, &expected, 0.0);
        let expected = network.step(x_t(), None).0;
        let given = network.step(x_t(), Some(cut.clone())).0;
        assert_close("step", &given, &expected, 0.0);
        let mut stream = network.stream(2);
        stream.step(x_t());
        stream.set_state(cut.clone());
        assert_close("stream", &stream.step(x_t()), &expected, 1e-6);

        // The second layer's is found although the first has no gates.
        let mut misfit = cut;
        misfit.layers[1].forward.cell = Tensor::zeros([2, 9], device);
        let refused = [
            message(|| drop(network.forward(x.clone(), Some(misfit.clone())))),
            message(|| drop(network.step(x_t(), Some(misfit.clone())))),
            message(|| network.stream(2).set_state(misfit.clone())),
        ];
        for told in refused {
            assert_tells(&told, &["LstmCell", "[2, 9]", "[2, 4]"]);
        }

        // Gates for a network that carries none would be lost.
        let plain = LstmConfig::new(3, UNITS).with_layers(2).init(device);
        let refused = [
            message(|| drop(plain.forward(x.clone(), Some(full())))),
            message(|| drop(plain.step(x_t(), Some(full())))),
            message(|| plain.stream(2).set_state(full())),
        ];
        for told in refused {
            assert_tells(&told, &["LstmCell", "[2, 12]", "same settings"]);
        }
    });
}

#[test]
fn sequences_beyond_the_batch_are_refused() {
    let network = full_gates().with_layers(2).init(&Device::default());
    let state = network.zero_state(2);
    let rows = |state: &burn_rnn::RecurrentState<_>| state.shapes()[0][0];
    assert_eq!(rows(&state.clone().slice_batch(1..2)), 1);
    assert_eq!(rows(&state.clone().slice_batch(0..2)), 2);
    for range in [1..9, 2..3, 3..3] {
        let told = message(|| drop(state.clone().slice_batch(range.clone())));
        assert_tells(&told, &[&format!("{range:?}"), "[2, 4]", "0..2"]);
    }
}

#[test]
fn streams_run_in_the_type_of_the_parameters() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        backends::each(|backend| {
            let device = &backend.device;
            let config = config.clone().with_layers(2);
            let network = config.init(device);
            let numbers = parameters::read(&network);
            for &dtype in backend.other_types() {
                let tolerance = if dtype == DType::F64 { 1e-5 } else { 0.08 };
                let network = parameters::write(config.init(device), &numbers, dtype);
                let mut stream = network.stream(2);
                let mut state = None;
                for step in 0..3 {
                    let x_t = Tensor::<2>::random([2, 3], Distribution::Default, device);
                    let (expected, next) = network.step(x_t.clone().cast(dtype), state);
                    assert_eq!(expected.dtype(), dtype);
                    let floats = stream.step_floats(&values(&x_t)).to_vec();
                    let what = format!("step {step} in {dtype:?} of {config:?}");
                    let given = Tensor::<1>::from_floats(floats.as_slice(), device);
                    let expected = expected.cast(DType::F32);
                    let given = given.reshape(expected.dims());
                    assert_close(&what, &given, &expected, tolerance);
                    stream.state().map(&mut |tensor| {
                        assert_eq!(tensor.dtype(), dtype, "{what}");
                        tensor
                    });
                    stream.set_state(next.clone());
                    state = Some(next);
                }
            }
        });
    }
    everything!(UNITS, check);
    check(&full_gates());
}

#[test]
fn another_float_type_is_refused_by_name_with_both_and_the_cast() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let device = Device::default();
        let network = config.init(&device);
        let double = parameters::write(
            config.init(&device),
            &parameters::read(&network),
            DType::F64,
        );
        let name = network.cells().next().unwrap().name();
        for (network, own, other) in [
            (&network, DType::F32, DType::F64),
            (&double, DType::F64, DType::F32),
        ] {
            let cell = network.cells().next().unwrap();
            let x = |dtype| Tensor::<3>::ones([2, 5, 3], (&device, dtype));
            let x_t = |dtype| Tensor::<2>::ones([2, 3], (&device, dtype));
            let state = || network.zero_state(2).map(&mut |tensor| tensor.cast(other));
            let cell_state = || cell.zero_state(2).map(&mut |tensor| tensor.cast(other));
            let own_state = || cell.zero_state(2);
            let told = [
                message(|| drop(network.forward(x(other), None))),
                message(|| drop(network.forward(x(own), Some(state())))),
                message(|| drop(network.forward(x(other), Some(state())))),
                message(|| drop(network.step(x_t(other), None))),
                message(|| drop(network.step(x_t(own), Some(state())))),
                message(|| drop(cell.scan(x(other), own_state()))),
                message(|| drop(cell.scan(x(own), cell_state()))),
                message(|| drop(cell.step(x_t(other), cell_state()))),
                message(|| drop(cell.scan_reversed(x(other), cell_state()))),
                message(|| drop(network.stream(2).step(x_t(other)))),
                message(|| network.stream(2).set_state(state())),
            ];
            for (place, told) in told.iter().enumerate() {
                let by = if place < 9 { name } else { "Stream" };
                let (own, other) = (format!("are of {own:?}"), format!("is of {other:?}"));
                assert_tells(told, &[by, &own, &other, "Tensor::cast"]);
            }
        }
    }
    everything!(UNITS, check);

    let device = Device::default();
    let double = Tensor::<3>::ones([2, 5, 3], (&device, DType::F64));
    let head = HeadConfig::new(3, 2).init(&device);
    let attention = AttentionConfig::new(3, 3, AttentionScore::General).init(&device);
    let window = SlidingWindowConfig::new(2, 3, 1).init(&device);
    let float = || double.clone().cast(DType::F32);
    for (name, told) in [
        ("Head", message(|| drop(head.forward(double.clone())))),
        (
            "Attention",
            message(|| drop(attention.memory(double.clone(), None))),
        ),
        (
            "Attention",
            message(|| drop(attention.forward(double.clone(), float(), None))),
        ),
        (
            "SlidingWindow",
            message(|| drop(window.forward(double.clone()))),
        ),
    ] {
        assert_tells(&told, &[name, "F64", "F32", "Tensor::cast"]);
    }
}

fn quantized<M: Module>(module: M, device: &Device) -> M {
    let scheme = device.settings().quantization.scheme;
    let scheme = scheme.with_value(QuantValue::Q8S);
    module.quantize_weights(&mut Quantizer::new(Calibration::MinMax, scheme))
}

/// Runs `test` on every backend of the CPU. Burn's GPU backends (burn-cubecl 0.22) panic where they quantize, or reshape, a tensor whose
/// last axis is not of whole groups of four: FastGRNN's scalars, the vector of additive attention.
fn quantizing(test: impl Fn(&Backend)) {
    backends::each(|backend| {
        if backend.name != "wgpu" {
            test(backend);
        }
    });
}

#[test]
fn quantized_weights_compute_what_the_floats_do_within_their_error() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        // Layer normalisation brings errors that would be as small as the state to the size of one.
        let normalized = format!("{config:?}").contains("layer_norm: true");
        let tolerance = if normalized { 0.5 } else { 0.1 };
        quantizing(|backend| {
            let device = &backend.device;
            let x = Tensor::<3>::random([2, 5, 3], Distribution::Default, device);
            let x_t = || x.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
            let close = |what: &str, given: Tensor<3>, expected: Tensor<3>| {
                let what = format!("{what} of {config:?}");
                assert_close(&what, &given, &expected, tolerance);
            };
            for both in [false, true] {
                let config = config.clone().with_layers(2).with_bidirectional(both);
                let network = config.init(device);
                let (expected, state) = network.forward(x.clone(), None);
                let small = quantized(network.clone(), device);
                close("forward", small.forward(x.clone(), None).0, expected);
                let given = small.forward(x.clone(), Some(state.clone())).0;
                close(
                    "with a state",
                    given,
                    network.forward(x.clone(), Some(state.clone())).0,
                );
                if !both {
                    let expected = network.step(x_t(), Some(state.clone())).0;
                    let given = small.step(x_t(), Some(state.clone())).0;
                    close("step", given.unsqueeze(), expected.clone().unsqueeze());
                    let mut stream = small.stream(2);
                    stream.set_state(state);
                    let given = stream.clone().step(x_t());
                    close("stream", given.unsqueeze(), expected.clone().unsqueeze());
                    let given = stream.step_floats(&values(&x_t())).to_vec();
                    let given = Tensor::<1>::from_floats(given.as_slice(), device);
                    let given = given.reshape(expected.dims());
                    close("floats", given.unsqueeze(), expected.unsqueeze());
                }
            }
        });
    }
    everything!(8, check);

    quantizing(|backend| {
        let device = &backend.device;
        let x = Tensor::<3>::random([2, 5, 8], Distribution::Default, device);
        let head = HeadConfig::new(8, 4).init(device);
        let expected = head.forward(x.clone());
        let given = quantized(head, device).forward(x.clone());
        assert_close("head", &given, &expected, 0.1);
        let window = SlidingWindowConfig::new(2, 8, 4).init(device);
        let expected = window.forward(x.clone());
        let given = quantized(window, device).forward(x.clone());
        assert_close("window", &given, &expected, 0.1);
        for score in [
            AttentionScore::Dot,
            AttentionScore::General,
            AttentionScore::Additive,
        ] {
            let attention = AttentionConfig::new(8, 8, score).init(device);
            let (expected, _) = attention.forward(x.clone(), x.clone(), None);
            let (given, _) = quantized(attention, device).forward(x.clone(), x.clone(), None);
            assert_close("attention", &given, &expected, 0.1);
        }
    });
}

#[test]
fn nothing_gives_nothing() {
    backends::each(|backend| {
        let device = &backend.device;
        let zeros = |shape: [usize; 3]| Tensor::<3>::zeros(shape, device);
        for activation in [
            HeadActivation::Identity,
            HeadActivation::Softmax,
            HeadActivation::Sigmoid,
            HeadActivation::Tanh,
        ] {
            let head = HeadConfig::new(4, 2)
                .with_activation(activation)
                .init(device);
            assert_eq!(head.forward(zeros([0, 4, 4])).dims(), [0, 4, 2]);
            assert_eq!(head.forward(zeros([3, 0, 4])).dims(), [3, 0, 2]);
            assert_eq!(
                head.logits(Tensor::<2>::zeros([0, 4], device)).dims(),
                [0, 2]
            );
            let told = message(|| drop(head.forward(zeros([0, 4, 5]))));
            assert_tells(&told, &["Head", "[0, 4, 5]", "4 features"]);
        }
        let window = SlidingWindowConfig::new(2, 4, 3).init(device);
        assert_eq!(window.forward(zeros([0, 5, 4])).dims(), [0, 4, 3]);
        for score in [
            AttentionScore::Dot,
            AttentionScore::General,
            AttentionScore::Additive,
        ] {
            let attention = AttentionConfig::new(4, 4, score).init(device);
            for [batch, queries] in [[0, 2], [2, 0], [0, 0]] {
                let keys = zeros([batch, 5, 4]);
                let (contexts, weights) = attention.forward(zeros([batch, queries, 4]), keys, None);
                assert_eq!(contexts.dims(), [batch, queries, 4]);
                assert_eq!(weights.dims(), [batch, queries, 5]);
            }
            let told =
                message(|| drop(attention.forward(zeros([2, 3, 4]), zeros([2, 0, 4]), None)));
            assert_tells(&told, &["Attention", "[2, 0, 4]", "keys ≥ 1"]);
            let told =
                message(|| drop(attention.forward(zeros([2, 3, 4]), zeros([1, 5, 4]), None)));
            assert_tells(&told, &["Attention", "[2, 3, 4]", "[1, 5, 4]"]);
            let told =
                message(|| drop(attention.forward(zeros([2, 3, 5]), zeros([2, 5, 4]), None)));
            assert_tells(&told, &["Attention", "[2, 3, 5]", "d_query = 4"]);
        }
    });
}
