//! Configurations that make no sense: a typed error from `try_init`, a panic with the same message
//! from `init`.

use std::panic::catch_unwind;

use burn::tensor::Device;
use burn_rnn::{
    Activation, Bidirectional, CellOptions, ConfigError, CoupledLstmConfig, Coupling, GruConfig,
    HeadConfig, Initialization, LstmConfig, Merge, PeepholeKind, PeepholeLstmConfig,
    RecurrentConfig, Scan, SimpleRnnConfig, SlidingWindowConfig, StackedConfig,
};

/// The error of `try_init`, after checking that `init` panics with its message.
fn refused<O: CellOptions + std::panic::RefUnwindSafe>(config: RecurrentConfig<O>) -> ConfigError {
    let error = config.try_init(&Device::default()).expect_err("no error");
    assert_eq!(config.validate(), Err(error.clone()));
    let panic = catch_unwind(|| drop(config.init(&Device::default()))).expect_err("no panic");
    assert_eq!(panic.downcast_ref::<String>(), Some(&error.to_string()));
    error
}

#[test]
fn sizes_and_layers() {
    assert_eq!(
        refused(LstmConfig::new(0, 8)),
        ConfigError::ZeroSize { field: "d_input" }
    );
    assert_eq!(
        refused(GruConfig::new(8, 0)),
        ConfigError::ZeroSize { field: "d_hidden" }
    );
    assert_eq!(
        refused(SimpleRnnConfig::new(8, 8).with_layer_sizes([8, 0, 8])),
        ConfigError::ZeroSize { field: "d_hidden" }
    );
    assert_eq!(
        refused(LstmConfig::new(8, 8).with_layers(0)),
        ConfigError::NoLayers
    );
    assert_eq!(
        refused(LstmConfig::new(8, 8).with_layer_sizes([])),
        ConfigError::NoLayers
    );
    let size = 1 << 62;
    for config in [LstmConfig::new(3, size), LstmConfig::new(size, 3)] {
        for learned in [false, true] {
            let error = refused(config.clone().with_learned_state(learned));
            assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");
        }
    }
}

#[test]
fn dropout() {
    for value in [-0.1, 1.0, 1.5] {
        let error = refused(LstmConfig::new(8, 8).with_layers(2).with_dropout(value));
        assert_eq!(error, ConfigError::Dropout { value });
    }
    // Not through `refused`: a NaN is never equal to itself.
    let nan = LstmConfig::new(8, 8).with_dropout(f64::NAN).validate();
    assert!(matches!(nan, Err(ConfigError::Dropout { .. })), "{nan:?}");
}

#[test]
fn residual() {
    let error = refused(
        GruConfig::new(4, 8)
            .with_layer_sizes([8, 8, 9])
            .with_residual(true),
    );
    let expected = ConfigError::ResidualSizes {
        layer: 2,
        d_input: 8,
        d_output: 9,
    };
    assert_eq!(error, expected);
    // Nothing is left to skip around.
    let error = refused(GruConfig::new(4, 8).with_residual(true));
    assert_eq!(
        error,
        ConfigError::ResidualSizes {
            layer: 0,
            d_input: 4,
            d_output: 8
        }
    );
    // A first layer of another size is usual.
    assert!(
        GruConfig::new(4, 8)
            .with_layers(3)
            .with_residual(true)
            .validate()
            .is_ok()
    );
    // Concatenated directions keep their size from layer to layer.
    let both = GruConfig::new(4, 8).with_layers(3).with_bidirectional(true);
    assert!(both.with_residual(true).validate().is_ok());
}

#[test]
fn stacks_and_directions_by_hand() {
    let device = Device::default();
    let scan = |d_input, d_hidden| Scan::new(GruConfig::new(d_input, d_hidden).init_cell(&device));
    let error = StackedConfig::new()
        .try_init(vec![scan(4, 8), scan(7, 8)])
        .unwrap_err();
    assert_eq!(
        error,
        ConfigError::LayerMismatch {
            layer: 1,
            d_input: 7,
            d_output: 8
        }
    );
    assert!(error.to_string().contains("layer 1 reads 7"), "{error}");
    assert!(error.to_string().contains("layer 0 gives 8"), "{error}");

    let error = Bidirectional::try_new(scan(4, 8), scan(5, 8), Merge::Concat).unwrap_err();
    assert!(error.to_string().contains("input features"), "{error}");
    let error = Bidirectional::try_new(scan(4, 8), scan(4, 9), Merge::Sum).unwrap_err();
    assert!(error.to_string().contains("merge by concat"), "{error}");
    assert!(Bidirectional::try_new(scan(4, 8), scan(4, 9), Merge::Concat).is_ok());
}

#[test]
fn contradicting_gates() {
    let coupled = LstmConfig::new(4, 8).with_coupling(Coupling::InputFromForget);
    let error = refused(coupled.with_forget_gate(false));
    assert!(error.to_string().contains("coupling needs both"), "{error}");

    let no_gates = LstmConfig::new(4, 8)
        .with_input_gate(false)
        .with_forget_gate(false)
        .with_output_gate(false);
    assert!(no_gates.validate().is_ok());
    let error = refused(no_gates.clone().with_peephole(PeepholeKind::Diagonal));
    assert!(error.to_string().contains("peepholes"), "{error}");
    let error = refused(no_gates.with_full_gate_recurrence(true));
    assert!(
        error.to_string().contains("full gate recurrence"),
        "{error}"
    );

    let error = refused(PeepholeLstmConfig::new(4, 8).with_peephole(PeepholeKind::None));
    assert!(error.to_string().contains("LstmConfig"), "{error}");
    let error = refused(CoupledLstmConfig::new(4, 8).with_coupling(Coupling::None));
    assert!(error.to_string().contains("LstmConfig"), "{error}");
}

#[test]
fn initialization() {
    let chrono = |t_max| Initialization::Chrono { t_max };
    let error = refused(LstmConfig::new(4, 8).with_initialization(chrono(2)));
    assert!(error.to_string().contains("at least 3"), "{error}");
    let error = refused(
        GruConfig::new(4, 8)
            .with_bias(false)
            .with_initialization(chrono(99)),
    );
    assert!(error.to_string().contains("bias"), "{error}");
    let error = refused(SimpleRnnConfig::new(4, 8).with_initialization(chrono(99)));
    assert!(error.to_string().contains("no gate"), "{error}");
    let forget_bias = f64::INFINITY;
    let infinite = Initialization::GlorotOrthogonal { forget_bias };
    refused(LstmConfig::new(4, 8).with_initialization(infinite));
}

#[test]
fn heads_and_windows() {
    let device = Device::default();
    let error = HeadConfig::new(0, 2).try_init(&device).unwrap_err();
    assert_eq!(error, ConfigError::ZeroSize { field: "d_hidden" });
    let error = HeadConfig::new(2, 0).try_init(&device).unwrap_err();
    assert_eq!(error, ConfigError::ZeroSize { field: "d_output" });
    let error = SlidingWindowConfig::new(0, 1, 1)
        .try_init(&device)
        .unwrap_err();
    assert_eq!(error, ConfigError::ZeroSize { field: "window" });
    let hidden = SlidingWindowConfig::new(3, 1, 1).with_hidden_sizes([4, 0]);
    let error = hidden.try_init(&device).unwrap_err();
    assert_eq!(
        error,
        ConfigError::ZeroSize {
            field: "hidden_sizes"
        }
    );
    let alpha = f32::NAN;
    let relu = SlidingWindowConfig::new(3, 1, 1).with_activation(Activation::LeakyRelu { alpha });
    let error = relu.try_init(&device).unwrap_err();
    assert!(matches!(error, ConfigError::Activation { .. }), "{error}");
}

#[test]
fn a_function_with_a_parameter_that_it_does_not_have() {
    let read = serde_json::from_str::<Activation>;
    assert_eq!(
        read(r#"{"hard_sigmoid": {"alpha": 0.25}}"#).unwrap(),
        Activation::HardSigmoid {
            alpha: 0.25,
            beta: 0.5
        }
    );
    let error = read(r#"{"hard_sigmoid": {"alpa": 0.25}}"#).unwrap_err();
    assert!(error.to_string().contains("alpa"), "{error}");
}
