//! The list of all architectures and cells.

/// Calls a function with a configuration of each cell, of 3 inputs and so many units.
macro_rules! every_cell {
    ($d:expr, $check:expr) => {
        $check(&burn_rnn::IndRnnConfig::new(3, $d));
        $check(&burn_rnn::UgrnnConfig::new(3, $d));
        $check(&burn_rnn::JanetConfig::new(3, $d));
        $check(&burn_rnn::MguConfig::new(3, $d));
        $check(&burn_rnn::RanConfig::new(3, $d));
        $check(&burn_rnn::CfnConfig::new(3, $d));
        $check(&burn_rnn::MinimalRnnConfig::new(3, $d));
        $check(&burn_rnn::CoRnnConfig::new(3, $d));
        $check(&burn_rnn::LemConfig::new(3, $d));
        $check(&burn_rnn::FastGrnnConfig::new(3, $d));
        $check(&burn_rnn::NbrcConfig::new(3, $d));
        $check(&burn_rnn::SlstmConfig::new(3, $d).with_heads(if $d % 2 == 0 { 2 } else { 1 }));
        $crate::every_cell::every_knob!($d, $check);
    };
}

/// Calls a function with a configuration of each knob, of 3 inputs and so many units.
macro_rules! every_knob {
    ($d:expr, $check:expr) => {
        let chosen = || {
            burn_rnn::LstmConfig::new(3, $d)
                .with_gate_activation(burn_rnn::Activation::HARD_SIGMOID)
                .with_candidate_activation(burn_rnn::Activation::Softsign)
                .with_cell_activation(burn_rnn::Activation::ELU)
        };
        let projected = || burn_rnn::LstmConfig::new(3, $d).with_projection(usize::div_ceil($d, 2));
        $check(&chosen());
        $check(&chosen().with_clip(0.7).with_cell_clip(0.5));
        $check(&projected());
        $check(
            &projected()
                .with_peephole(burn_rnn::PeepholeKind::Diagonal)
                .with_cell_clip(0.5),
        );
        $check(&projected().with_layer_norm(true).with_bias_hidden(true));
        $check(&burn_rnn::LstmConfig::new(3, $d).with_bias_hidden(true));
        $check(&burn_rnn::LstmConfig::new(3, $d).with_layer_norm(true));
        $check(&burn_rnn::GruConfig::new(3, $d).with_layer_norm(true));
        for reset in [
            burn_rnn::Reset::AfterProduct,
            burn_rnn::Reset::BeforeProduct,
        ] {
            let gru = burn_rnn::GruConfig::new(3, $d).with_reset(reset);
            $check(&gru.clone().with_bias_hidden(true));
            $check(
                &gru.with_gate_activation(burn_rnn::Activation::Softplus)
                    .with_candidate_activation(burn_rnn::Activation::Sigmoid)
                    .with_clip(0.7),
            );
        }
        $check(
            &burn_rnn::SimpleRnnConfig::new(3, $d)
                .with_activation(burn_rnn::Activation::Softplus)
                .with_clip(0.7)
                .with_bias_hidden(true),
        );
    };
}

/// Calls a function with a configuration of each architecture and each cell.
macro_rules! everything {
    ($d:expr, $check:expr) => {
        $check(&burn_rnn::SimpleRnnConfig::new(3, $d));
        $check(&burn_rnn::LstmConfig::new(3, $d));
        $check(&burn_rnn::PeepholeLstmConfig::new(3, $d));
        $check(
            &burn_rnn::PeepholeLstmConfig::new(3, $d).with_peephole(burn_rnn::PeepholeKind::Full),
        );
        $check(&burn_rnn::CoupledLstmConfig::new(3, $d));
        $check(&burn_rnn::GruConfig::new(3, $d));
        $check(&burn_rnn::GruConfig::new(3, $d).with_reset(burn_rnn::Reset::BeforeProduct));
        $crate::every_cell::every_cell!($d, $check);
    };
}
pub(crate) use {every_cell, every_knob, everything};
