//! A head on plain floats behind a stream, against the head on tensors.

use burn::module::{Module, Quantizer};
use burn::tensor::quantization::{Calibration, QuantValue};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_rnn::{GruConfig, Head, HeadActivation, HeadConfig};

use crate::backends;
use crate::compare::values;
use crate::parameters;
use crate::shapes::{assert_tells, message};

const ACTIVATIONS: [HeadActivation; 4] = [
    HeadActivation::Identity,
    HeadActivation::Softmax,
    HeadActivation::Sigmoid,
    HeadActivation::Tanh,
];

/// What sums of numbers of about one may differ by where they are added in another order: a sum that is nearly zero has no digits of
/// its own.
const TOLERANCE: f32 = 1e-5;

fn assert_same(what: &str, given: &Tensor<2>, expected: &Tensor<2>) {
    assert_eq!(given.dims(), expected.dims(), "{what}");
    for (given, expected) in values(given).into_iter().zip(values(expected)) {
        let error = (given - expected).abs();
        assert!(error <= TOLERANCE, "{what}: {given}, expected {expected}");
    }
}

fn agrees(head: &Head, batch: usize, device: &Device) {
    let [d_hidden, d_output] = head.linear.weight.dims();
    let mut floats = head.floats(batch);
    for _ in 0..3 {
        let hidden = Tensor::<2>::random([batch, d_hidden], Distribution::Normal(0.0, 2.0), device);
        let numbers = values(&hidden);
        let given =
            |numbers: &[f32]| Tensor::<1>::from_floats(numbers, device).reshape([batch, d_output]);
        let y = given(floats.forward(&numbers));
        let o = given(floats.logits(&numbers));
        let what = format!("{head:?}, batch {batch}");
        assert_same(&what, &y, &head.forward(hidden.clone()));
        assert_same(&what, &o, &head.logits(hidden));
    }
}

#[test]
fn floats_are_what_the_head_gives() {
    backends::each(|backend| {
        let device = &backend.device;
        for activation in ACTIVATIONS {
            for (d_hidden, d_output) in [(1, 1), (5, 3), (40, 100), (256, 1)] {
                for (batch, bias) in [(1, true), (1, false), (3, true), (64, false)] {
                    let config = HeadConfig::new(d_hidden, d_output)
                        .with_bias(bias)
                        .with_activation(activation);
                    agrees(&config.init(device), batch, device);
                }
            }
        }
    });
}

#[test]
fn they_stand_behind_a_stream() {
    backends::each(|backend| {
        let device = &backend.device;
        let gru = GruConfig::new(2, 9).with_layers(2).init(device);
        let head = HeadConfig::new(9, 4).with_activation(HeadActivation::Softmax);
        let head = head.init(device);
        let (mut stream, mut other) = (gru.stream(3), gru.stream(3));
        let mut floats = head.floats(3);
        for _ in 0..4 {
            let x_t = Tensor::<2>::random([3, 2], Distribution::Default, device);
            let y = floats.forward(stream.step_floats(&values(&x_t)));
            let y = Tensor::<1>::from_floats(y, device).reshape([3, 4]);
            assert_same("y", &y, &head.forward(other.step(x_t)));
        }
    });
}

#[test]
fn quantized_weights_are_read_as_floats() {
    // Burn's GPU backends (burn-cubecl 0.22) do not take every shape.
    let device = &Device::default();
    let head = HeadConfig::new(8, 4).init(device);
    let scheme = device
        .settings()
        .quantization
        .scheme
        .with_value(QuantValue::Q8S);
    let small = head.quantize_weights(&mut Quantizer::new(Calibration::MinMax, scheme));
    agrees(&small, 2, device);
}

#[test]
fn rows_are_apart_and_extremes_stay_numbers() {
    let device = &Device::default();
    for activation in ACTIVATIONS {
        let head = HeadConfig::new(2, 3)
            .with_activation(activation)
            .init(device);
        let mut floats = head.floats(3);
        let given = floats
            .forward(&[f32::NAN, 1.0, 0.5, 0.5, 1e30, -1e30])
            .to_vec();
        assert!(
            given[..3].iter().all(|y| y.is_nan()),
            "{activation:?}: {given:?}"
        );
        assert!(
            given[3..].iter().all(|y| y.is_finite()),
            "{activation:?}: {given:?}"
        );
        let alone = head.floats(1).forward(&[0.5, 0.5]).to_vec();
        for (given, alone) in given[3..6].iter().zip(alone) {
            assert!((given - alone).abs() < 1e-6, "{activation:?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let device = &Device::default();
    let head = HeadConfig::new(3, 2).init(device);
    let told = message(|| drop(head.floats(2).forward(&[0.0; 5]).to_vec()));
    assert_tells(&told, &["Head", "5 floats", "batch · d_hidden = 2 · 3"]);
    let told = message(|| drop(head.floats(0)));
    assert_tells(&told, &["Head", "no sequences"]);
    let numbers = parameters::read(&head);
    let double = parameters::write(head, &numbers, DType::F64);
    let told = message(|| drop(double.floats(1)));
    assert_tells(&told, &["Head", "F64", "F32", "forward"]);
}
