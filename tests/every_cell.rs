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
pub(crate) use {every_cell, everything};
