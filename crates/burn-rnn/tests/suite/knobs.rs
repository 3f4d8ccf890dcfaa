//! Layer normalisation, projections, clips, other activations and a second bias: against PyTorch and equations written in it, and
//! what is refused.
//!
//! The fixtures come from `tests/fixtures/make_knobs.py`.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor};
use burn_rnn::{
    Activation, CellOptions, ConfigError, Coupling, GruConfig, LstmConfig, LstmState, Merge,
    PeepholeKind, RecurrentConfig, Reset, SimpleRnnConfig,
};

use crate::backends::{self, Backend};
use crate::every_cell::every_knob;
use crate::fixture::{self, Fixture};
use crate::reference_and_fused;
use crate::shapes::{assert_tells, message};
use crate::{cells, gradients};

fn activation(name: &str) -> Activation {
    match name {
        // What the fixtures have other numbers than ONNX for.
        "affine" => Activation::Affine {
            alpha: 0.5,
            beta: 0.25,
        },
        "scaled_tanh" => Activation::ScaledTanh {
            alpha: 1.5,
            beta: 0.5,
        },
        // The default parameters of a configuration file.
        "leaky_relu" | "thresholded_relu" | "hard_sigmoid" | "elu" => {
            serde_json::from_str(&format!(r#"{{"{name}": {{}}}}"#)).unwrap()
        }
        name => serde_json::from_str(&format!("\"{name}\"")).unwrap(),
    }
}

#[test]
fn knobs_agree_with_equations_in_pytorch() {
    let fixtures = fixture::all("knobs");
    backends::each(|backend| {
        let mut kinds = BTreeSet::new();
        for fixture in &fixtures {
            if fixture.setting("kind") == "equations" {
                kinds.insert(fixture.setting("cell"));
                run(fixture, backend);
            }
        }
        assert_eq!(kinds.len(), 5, "{kinds:?}");
    });
}

fn run(fixture: &Fixture, backend: &Backend) {
    let (n, d) = (fixture.number("d_input"), fixture.number("d_hidden"));
    let function = |name: &str| activation(fixture.setting(name));
    // Zero is none.
    let limit =
        |name: &str| Some(fixture.setting(name).parse().unwrap()).filter(|&l: &f32| l > 0.0);
    let bias_hidden = fixture.flag("bias");
    match fixture.setting("cell") {
        "simple" => {
            let mut config = SimpleRnnConfig::new(n, d).with_bias_hidden(bias_hidden);
            config.cell.activation = function("activation");
            config.cell.clip = limit("clip");
            cells::check(fixture, config, &["hidden"], backend);
        }
        "gru" => {
            let mut config = GruConfig::new(n, d)
                .with_bias_hidden(bias_hidden)
                .with_gate_activation(function("gate"))
                .with_candidate_activation(function("candidate"))
                .with_reset(match fixture.setting("reset") {
                    "before" => Reset::BeforeProduct,
                    _ => Reset::AfterProduct,
                });
            config.cell.clip = limit("clip");
            cells::check(fixture, config, &["hidden"], backend);
        }
        "gru_norm" => {
            let config = GruConfig::new(n, d)
                .with_layer_norm(true)
                .with_bias_hidden(bias_hidden);
            cells::check(fixture, config, &["hidden"], backend);
        }
        cell => {
            let mut config = LstmConfig::new(n, d).with_bias_hidden(bias_hidden);
            config.cell.projection = Some(fixture.number("projection")).filter(|&p| p > 0);
            if cell == "lstm_norm" {
                config.cell.layer_norm = true;
            } else {
                config.cell.gate_activation = function("gate");
                config.cell.candidate_activation = function("candidate");
                config.cell.cell_activation = function("cell_function");
                config.cell.clip = limit("clip");
                config.cell.cell_clip = limit("cell_clip");
                config.cell.peephole = match fixture.setting("peephole") {
                    "diagonal" => PeepholeKind::Diagonal,
                    "full" => PeepholeKind::Full,
                    _ => PeepholeKind::None,
                };
            }
            cells::check(fixture, config, &["hidden", "cell"], backend);
        }
    }
}

#[test]
fn gradients_are_those_of_central_differences() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        gradients::check(config.clone());
    }
    every_knob!(4, check);
}

type Of = fn(f32) -> f32;

#[test]
fn activations_are_their_functions() {
    let device = Device::default();
    let a = [-3.0_f32, -1.0, -0.2, 0.0, 0.3, 1.0, 4.0];
    let tanh = Activation::ScaledTanh {
        alpha: 1.5,
        beta: 0.5,
    };
    let cases: [(Activation, Of); 12] = [
        (Activation::Tanh, f32::tanh),
        (Activation::Relu, |a| a.max(0.0)),
        (Activation::Sigmoid, |a| 1.0 / (1.0 + (-a).exp())),
        (Activation::Identity, |a| a),
        (Activation::Softplus, |a| a.exp().ln_1p()),
        (Activation::Softsign, |a| a / (1.0 + a.abs())),
        (Activation::AFFINE, |a| a),
        (
            Activation::LEAKY_RELU,
            |a| if a > 0.0 { a } else { 0.01 * a },
        ),
        (
            Activation::THRESHOLDED_RELU,
            |a| if a > 1.0 { a } else { 0.0 },
        ),
        (tanh, |a| 1.5 * (0.5 * a).tanh()),
        (Activation::HARD_SIGMOID, |a| {
            (0.2 * a + 0.5).clamp(0.0, 1.0)
        }),
        (Activation::ELU, |a| if a > 0.0 { a } else { a.exp_m1() }),
    ];
    for (activation, expected) in cases {
        let given = activation.forward(Tensor::<1>::from_floats(a, &device));
        let given = crate::compare::values(&given);
        for (given, a) in given.into_iter().zip(a) {
            let difference = (given - expected(a)).abs();
            assert!(difference < 1e-6, "{activation:?} of {a} is {given}");
        }
    }
}

#[test]
fn a_projection_is_what_the_next_layer_reads() {
    reference_and_fused(|| {
        let device = Device::default();
        let config = LstmConfig::new(3, 8)
            .with_projection(5)
            .with_layers(3)
            .with_bidirectional(true);
        for (merge, d_output) in [(Merge::Concat, 10), (Merge::Sum, 5)] {
            let lstm = config.clone().with_merge(merge).init(&device);
            assert_eq!(lstm.d_output(), d_output);
            let (output, state) = lstm.forward(Tensor::ones([2, 4, 3], &device), None);
            assert_eq!(output.dims(), [2, 4, d_output]);
            let state = state.layers[2].backward.as_ref().unwrap();
            assert_eq!((state.hidden.dims(), state.cell.dims()), ([2, 5], [2, 8]));
        }
        // A residual skip compares with the projection.
        let skipped = LstmConfig::new(5, 8).with_projection(5).with_residual(true);
        assert!(skipped.validate().is_ok());
        let wide = LstmConfig::new(8, 8).with_projection(5).with_residual(true);
        let error = ConfigError::ResidualSizes {
            layer: 0,
            d_input: 8,
            d_output: 5,
        };
        assert_eq!(wide.validate(), Err(error));
        // A state of the wrong width is what is refused, not a matrix.
        let cell = LstmConfig::new(3, 8).with_projection(5).init_cell(&device);
        let zeros = |width| Tensor::zeros([2, width], &device);
        for (hidden, cell_width) in [(8, 8), (5, 5), (4, 8)] {
            let state = LstmState::new(zeros(hidden), zeros(cell_width));
            let told = message(|| {
                drop(burn_rnn::Cell::scan(
                    &cell,
                    Tensor::ones([2, 4, 3], &device),
                    state.clone(),
                ));
            });
            assert_tells(
                &told,
                &["LstmCell", "the state", "expected [batch, features]"],
            );
        }
    });
}

#[test]
fn a_gate_is_cut_out_of_a_cell_that_projects() {
    let lstm = LstmConfig::new(3, 8).with_projection(5);
    let cell = lstm.with_bias_hidden(true).init_cell(&Device::default());
    let gate = cell.gate(burn_rnn::LstmGate::Forget).unwrap();
    assert_eq!(gate.w_input.dims(), [3, 8]);
    assert_eq!(gate.w_hidden.dims(), [5, 8]);
    assert_eq!(gate.bias.unwrap().dims(), [8]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    fn refused<O: CellOptions>(config: RecurrentConfig<O>, parts: &[&str]) {
        let error = config.validate().expect_err("no error").to_string();
        assert_tells(&error, parts);
    }
    let lstm = || LstmConfig::new(3, 8);
    let gru = || GruConfig::new(3, 8);
    refused(lstm().with_projection(0), &["projection is 0"]);
    for clip in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        refused(lstm().with_clip(clip), &["clip is ", "positive"]);
        refused(lstm().with_cell_clip(clip), &["cell_clip is ", "positive"]);
        refused(gru().with_clip(clip), &["clip is ", "positive"]);
        refused(SimpleRnnConfig::new(3, 8).with_clip(clip), &["clip is "]);
    }
    let alpha = -0.1;
    for activation in [
        Activation::LeakyRelu { alpha },
        Activation::Elu { alpha },
        Activation::ThresholdedRelu { alpha },
        Activation::ScaledTanh {
            alpha: 0.0,
            beta: 1.0,
        },
        Activation::Affine {
            alpha: f32::NAN,
            beta: 1.0,
        },
    ] {
        let parts = ["activation ", "does not fit", "alpha"];
        refused(lstm().with_gate_activation(activation), &parts);
        refused(lstm().with_cell_activation(activation), &parts);
        refused(gru().with_candidate_activation(activation), &parts);
        refused(
            SimpleRnnConfig::new(3, 8).with_activation(activation),
            &parts,
        );
        refused(
            burn_rnn::IndRnnConfig::new(3, 8).with_activation(activation),
            &parts,
        );
    }
    let off = lstm().with_input_activation(false);
    let set = off.with_candidate_activation(Activation::Relu);
    refused(set, &["switched off", "switch it on"]);
    let parts = ["bias on the hidden side", "switch the bias on"];
    refused(lstm().with_bias(false).with_bias_hidden(true), &parts);
    refused(gru().with_bias(false).with_bias_hidden(true), &parts);
    let parts = ["with_layer_norm(true) with", "leave out one"];
    let norm = || lstm().with_layer_norm(true);
    refused(norm().with_peephole(PeepholeKind::Diagonal), &parts);
    refused(norm().with_coupling(Coupling::ForgetFromInput), &parts);
    refused(norm().with_cell_clip(1.0), &parts);
    refused(
        norm().with_gate_activation(Activation::HARD_SIGMOID),
        &parts,
    );
    let norm = || gru().with_layer_norm(true);
    refused(norm().with_reset(Reset::BeforeProduct), &parts);
    refused(norm().with_clip(1.0), &parts);
}

/// Normalisation at large means: a variance as a difference of squares would be lost.
#[test]
fn layer_normalisation_stands_large_means() {
    backends::each(|backend| {
        let device = &backend.device;
        let mut cell = LstmConfig::new(3, 16)
            .with_layer_norm(true)
            .init_cell(device);
        // All units of the input's side get 1000 and a little.
        let x = Tensor::<3>::ones([2, 4, 3], device);
        let run = |cell: &burn_rnn::LstmCell| {
            let zeros = burn_rnn::Cell::zero_state(cell, 2);
            burn_rnn::Cell::scan(cell, x.clone(), zeros).0
        };
        let expected = run(&cell);
        let shifted = cell.w_input.val() + 1000.0 / 3.0;
        cell.w_input = burn::module::Param::from_tensor(shifted);
        crate::compare::assert_close("shifted", &run(&cell), &expected, 2e-3);
    });
}
