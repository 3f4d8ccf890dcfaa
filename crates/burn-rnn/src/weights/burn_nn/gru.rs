//! `burn::nn::Gru` and `burn::nn::BiGru`.

use burn::nn;

use super::activation::{ours, theirs};
use super::gates::{Gate, fuse, split};
use super::{Layer, WeightsError, WeightsErrorKind, cannot_read, conversions};
use crate::weights::build::FileCell;
use crate::weights::check::checked;
use crate::weights::parts::{CellParts, OptionsRef};
use crate::{Activation, Gru, GruCell, GruGate, GruOptions, Reset};

conversions!(
    Gru, Gru, BiGru, one_layer, two_layer, one_module, two_module
);

fn one_layer(module: &nn::Gru) -> Result<Layer<GruCell>, WeightsError> {
    Ok(Layer {
        forward: cell(module)?,
        backward: None,
        batch_first: true,
    })
}

fn two_layer(module: &nn::BiGru) -> Result<Layer<GruCell>, WeightsError> {
    Ok(Layer {
        forward: cell(&module.forward)?,
        backward: Some(cell(&module.reverse)?),
        batch_first: module.batch_first,
    })
}

/// Whether `1 − f(a) = f(−a)`, so that a gate and its complement differ in sign alone.
fn has_complement(activation: Activation) -> bool {
    match activation {
        Activation::Sigmoid => true,
        Activation::HardSigmoid { beta, .. } => beta == 0.5,
        _ => false,
    }
}

fn cell(module: &nn::Gru) -> Result<GruCell, WeightsError> {
    if let Some(clip) = module.clip {
        return Err(cannot_read(
            "Gru",
            format!(
                "it bounds the hidden state to {clip}, and a GRU here bounds what its activations read"
            ),
        ));
    }
    let activation = |given| ours(given).map_err(|reason| cannot_read("Gru", reason));
    let gate_activation = activation(&module.gate_activation)?;
    if !has_complement(gate_activation) {
        return Err(cannot_read(
            "Gru",
            format!(
                "its update gate keeps the state and this library's overwrites it, and with the activation {gate_activation:?} one does not follow from the other"
            ),
        ));
    }
    let update = Gate {
        complement: true,
        ..Gate::new("update_gate", &module.update_gate)
    };
    let gates = [
        Gate::new("reset_gate", &module.reset_gate),
        update,
        Gate::new("new_gate", &module.new_gate),
    ];
    let parameters = fuse("Gru", &gates)?;
    let options = GruOptions {
        reset: match module.reset_after {
            true => Reset::AfterProduct,
            false => Reset::BeforeProduct,
        },
        gate_activation,
        candidate_activation: activation(&module.hidden_activation)?,
        bias_hidden: parameters.bias.is_some(),
        ..GruOptions::default()
    };
    checked(&options, &parameters).map_err(|source| WeightsErrorKind::Config {
        network: "burn::nn::Gru".into(),
        source,
    })?;
    Ok(options.cell(parameters))
}

fn one_module(cell: &CellParts<'_>, batch_first: bool) -> Result<nn::Gru, String> {
    let OptionsRef::Gru(options) = cell.options else {
        return Err("it is no GRU".into());
    };
    if !batch_first {
        return Err("it has the time first, and burn-nn's Gru has the batch first: set `batch_first` and turn the input around".into());
    }
    if let Some(clip) = options.clip {
        return Err(format!(
            "it bounds what its activations read to {clip}, and burn-nn's Gru bounds the hidden state"
        ));
    }
    if !has_complement(options.gate_activation) {
        return Err(format!(
            "its update gate overwrites the state and burn-nn's keeps it, and with the activation {:?} one does not follow from the other",
            options.gate_activation
        ));
    }
    let gate = |gate: GruGate| split(cell, gate as usize, gate == GruGate::Update);
    Ok(nn::Gru {
        update_gate: gate(GruGate::Update),
        reset_gate: gate(GruGate::Reset),
        new_gate: gate(GruGate::New),
        d_hidden: cell.d_hidden,
        reset_after: options.reset == Reset::AfterProduct,
        gate_activation: theirs(options.gate_activation)?,
        hidden_activation: theirs(options.candidate_activation)?,
        clip: None,
    })
}

fn two_module(
    forward: &CellParts<'_>,
    backward: &CellParts<'_>,
    batch_first: bool,
) -> Result<nn::BiGru, String> {
    Ok(nn::BiGru {
        forward: one_module(forward, true)?,
        reverse: one_module(backward, true)?,
        d_hidden: forward.d_hidden,
        batch_first,
    })
}
