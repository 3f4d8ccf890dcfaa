//! Settings of regularizers, and penalties: what draws no masks.

use burn::tensor::{Device, Tensor};
use burn_rnn::{
    ActivationPenalty, ConfigError, IndRnnConfig, Lengths, LstmConfig, Regularization, Resets,
    Scan, Sequences, SimpleRnnConfig, SlstmConfig,
};

use crate::compare::values;

/// What a cell does not take is refused when a network or a layer is made, with the reason.
#[test]
fn what_does_not_apply_is_refused() {
    let device = &Device::default();
    let error = SimpleRnnConfig::new(2, 3).with_recurrent_dropout(0.5);
    let error = error.try_init(device).unwrap_err();
    assert!(matches!(
        error,
        ConfigError::Regularizer {
            setting: "recurrent_dropout",
            ..
        }
    ));
    let message = error.to_string();
    assert!(
        message.contains("SimpleCell does not take recurrent_dropout = 0.5"),
        "{message}"
    );
    assert!(
        IndRnnConfig::new(2, 3)
            .with_weight_drop(0.5)
            .validate()
            .is_err()
    );
    assert!(
        SlstmConfig::new(2, 4)
            .with_zoneout(0.1, 0.5)
            .validate()
            .is_err()
    );
    assert!(
        SlstmConfig::new(2, 4)
            .with_zoneout(0.1, 0.0)
            .validate()
            .is_ok()
    );
    for value in [-0.1, 1.0, f64::NAN] {
        let error = LstmConfig::new(2, 3).with_zoneout(value, 0.0).validate();
        let message = error.unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("zoneout is {value}, expected")),
            "{message}"
        );
    }
    let cell = IndRnnConfig::new(2, 3).init_cell(device);
    let regularization = Regularization {
        weight_drop: 0.5,
        ..Regularization::default()
    };
    assert!(
        Scan::new(cell)
            .try_with_regularization(regularization)
            .is_err()
    );
}

#[test]
fn penalties_are_means_over_what_is_there() {
    let device = &Device::default().autodiff();
    let output = Tensor::<1>::from_data([1.0, 2.0, 4.0, 7.0, 3.0, f32::NAN, f32::NAN, 5.0], device);
    let output = output.reshape([2, 4, 1]).require_grad();
    let lengths = Lengths::new([4, 1]);
    let penalty = ActivationPenalty {
        alpha: 2.0,
        beta: 0.5,
    };
    let close = |given: Tensor<1>, expected: f64| {
        let given: f32 = given.into_scalar();
        assert!(
            (f64::from(given) - expected).abs() < 1e-5,
            "{given}, expected {expected}"
        );
    };
    let activation = 2.0 * (1.0 + 4.0 + 16.0 + 49.0 + 9.0) / 5.0;
    let temporal = 0.5 * (1.0 + 4.0 + 9.0) / 3.0;
    close(penalty.activation(output.clone(), &lengths), activation);
    close(penalty.temporal(output.clone(), &lengths), temporal);
    let loss = penalty.forward(output.clone(), &lengths);
    let gradient = values(&output.grad(&loss.backward()).unwrap());
    assert_eq!(gradient[5..], [0.0, 0.0, 0.0]);
    close(
        penalty.forward(output.clone(), &lengths),
        activation + temporal,
    );
    let resets = Resets::new([[false, false, true, false], [false; 4]]).unwrap();
    let sequences = Sequences::from(&lengths).with_resets(resets);
    close(penalty.temporal(output, sequences), 0.5 * (1.0 + 9.0) / 2.0);
}

#[test]
fn a_configuration_survives_json() {
    let config = LstmConfig::new(3, 6)
        .with_variational_dropout(0.1, 0.2)
        .with_recurrent_dropout(0.3)
        .with_zoneout(0.4, 0.5)
        .with_weight_drop(0.6);
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<LstmConfig>(&json).unwrap(), config);
}
