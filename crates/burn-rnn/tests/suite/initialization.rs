//! Fresh parameters follow their rules.

use burn::tensor::{Device, Tensor};
use burn_rnn::{CoupledLstmConfig, GruConfig, GruGate, Initialization, LstmConfig, LstmGate};

use crate::backends;
use crate::compare::values;

fn bias(parameters: burn_rnn::GateParameters) -> Vec<f32> {
    values(&parameters.bias.unwrap())
}

/// How far the matrix times its transpose is from the identity.
fn distance_from_orthogonal(w: Tensor<2>) -> f32 {
    let [rows, _] = w.dims();
    let identity = Tensor::eye(rows, &w.device());
    (w.clone().matmul(w.transpose()) - identity)
        .abs()
        .max()
        .into_scalar::<f32>()
}

#[test]
fn the_default_is_glorot_orthogonal_with_a_forget_bias_of_one() {
    backends::each(|backend| {
        let cell = LstmConfig::new(5, 16).init_cell(&backend.device);
        let bound = (6.0_f32 / (5.0 + 16.0)).sqrt();
        for gate in [
            LstmGate::Input,
            LstmGate::Forget,
            LstmGate::Candidate,
            LstmGate::Output,
        ] {
            let parameters = cell.gate(gate).unwrap();
            let largest = values(&parameters.w_input)
                .iter()
                .fold(0.0_f32, |m, x| m.max(x.abs()));
            assert!(
                largest <= bound && largest > 0.8 * bound,
                "{gate:?}: {largest}, bound {bound}"
            );
            let distance = distance_from_orthogonal(parameters.w_hidden);
            assert!(distance < 1e-4, "{gate:?}: {distance}");
            let expected = if gate == LstmGate::Forget { 1.0 } else { 0.0 };
            assert_eq!(
                values(&parameters.bias.unwrap()),
                vec![expected; 16],
                "{gate:?}"
            );
        }
    });
}

#[test]
fn pytorch_draws_everything_from_one_interval() {
    backends::each(|backend| {
        let cell = GruConfig::new(5, 16)
            .with_initialization(Initialization::PyTorch)
            .init_cell(&backend.device);
        let mut all = values(&cell.w_input.val());
        all.extend(values(&cell.w_hidden.val()));
        all.extend(values(&cell.bias.unwrap().val()));
        all.extend(values(&cell.bias_hidden.unwrap().val()));
        let largest = all.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!(largest <= 0.25 && largest > 0.24, "{largest}");
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        assert!(mean.abs() < 0.03, "{mean}");
    });
}

#[test]
fn chrono_spreads_time_scales_and_couples_input_to_forget() {
    backends::each(|backend| {
        let chrono = || Initialization::Chrono { t_max: 100 };
        let cell = LstmConfig::new(5, 400)
            .with_initialization(chrono())
            .init_cell(&backend.device);
        let keep = bias(cell.gate(LstmGate::Forget).unwrap());
        let write = bias(cell.gate(LstmGate::Input).unwrap());
        assert!(keep.iter().all(|u| (0.0..=99.0_f32.ln()).contains(u)));
        // log U(1, 99) has mean (99 ln 99 − 98) / 98 ≈ 3.64.
        let mean = keep.iter().sum::<f32>() / 400.0;
        // Its spread is 0.9, that of the mean of 400 so 0.045: no run comes near seven times that.
        assert!((mean - 3.64).abs() < 0.3, "{mean}");
        assert!(keep.iter().zip(&write).all(|(keep, write)| *keep == -write));
        assert_eq!(bias(cell.gate(LstmGate::Output).unwrap()), vec![0.0; 400]);

        let cell = GruConfig::new(5, 40)
            .with_initialization(chrono())
            .init_cell(&backend.device);
        assert!(
            bias(cell.gate(GruGate::Update))
                .iter()
                .all(|u| *u <= 0.0 && *u >= -99.0_f32.ln())
        );
        assert_eq!(bias(cell.gate(GruGate::Reset)), vec![0.0; 40]);
    });
}

#[test]
fn coupled_gates_have_three_gates_parameters() {
    let cell = CoupledLstmConfig::new(5, 16).init_cell(&Device::default());
    assert_eq!(cell.w_input.dims(), [5, 48]);
    assert_eq!(cell.w_hidden.dims(), [16, 48]);
    assert!(cell.gate(LstmGate::Input).is_none());
    assert_eq!(bias(cell.gate(LstmGate::Forget).unwrap()), vec![1.0; 16]);
}

#[test]
fn gates_are_cut_out_in_their_order() {
    let device = Device::default();
    let cell = GruConfig::new(2, 3).init_cell(&device);
    let fused = cell.w_input.val();
    for (index, gate) in [GruGate::Reset, GruGate::Update, GruGate::New]
        .into_iter()
        .enumerate()
    {
        let expected = fused.clone().narrow(1, 3 * index, 3);
        assert_eq!(values(&cell.gate(gate).w_input), values(&expected));
    }
}
