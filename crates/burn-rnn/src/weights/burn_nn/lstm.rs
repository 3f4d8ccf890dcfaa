//! `burn::nn::Lstm` and `burn::nn::BiLstm`.

use burn::nn;

use super::activation::{ours, theirs};
use super::gates::{Gate, fuse, split};
use super::{Layer, WeightsError, WeightsErrorKind, cannot_read, conversions};
use crate::weights::build::FileCell;
use crate::weights::check::checked;
use crate::weights::parts::{CellParts, OptionsRef};
use crate::{Coupling, Lstm, LstmCell, LstmGate, LstmOptions, PeepholeKind};

conversions!(
    Lstm, Lstm, BiLstm, one_layer, two_layer, one_module, two_module
);

fn one_layer(module: &nn::Lstm) -> Result<Layer<LstmCell>, WeightsError> {
    if module.reverse {
        return Err(cannot_read(
            "Lstm",
            "it runs from the last step to the first, and a network's first direction is forwards: turn `reverse` off and the input around",
        ));
    }
    Ok(Layer {
        forward: cell(module)?,
        backward: None,
        batch_first: module.batch_first,
    })
}

fn two_layer(module: &nn::BiLstm) -> Result<Layer<LstmCell>, WeightsError> {
    Ok(Layer {
        forward: cell(&module.forward)?,
        backward: Some(cell(&module.reverse)?),
        batch_first: module.batch_first,
    })
}

fn cell(module: &nn::Lstm) -> Result<LstmCell, WeightsError> {
    let mut gates = vec![Gate::new("input_gate", &module.input_gate)];
    match (&module.forget_gate, module.input_forget) {
        (Some(forget), false) => gates.push(Gate::new("forget_gate", forget)),
        // Coupled, the gate that some old records still have is not used.
        (_, true) => {}
        (None, false) => {
            return Err(cannot_read(
                "Lstm",
                "it has neither a forget gate nor `input_forget`",
            ));
        }
    }
    gates.push(Gate::new("cell_gate", &module.cell_gate));
    gates.push(Gate::new("output_gate", &module.output_gate));
    let parameters = fuse("Lstm", &gates)?;
    let activation = |given| ours(given).map_err(|reason| cannot_read("Lstm", reason));
    let options = LstmOptions {
        coupling: match module.input_forget {
            true => Coupling::ForgetFromInput,
            false => Coupling::None,
        },
        gate_activation: activation(&module.gate_activation)?,
        candidate_activation: activation(&module.cell_activation)?,
        cell_activation: activation(&module.hidden_activation)?,
        cell_clip: module.clip.map(|clip| clip as f32),
        bias_hidden: parameters.bias.is_some(),
        ..LstmOptions::default()
    };
    checked(&options, &parameters).map_err(|source| WeightsErrorKind::Config {
        network: "burn::nn::Lstm".into(),
        source,
    })?;
    Ok(options.cell(parameters))
}

fn one_module(cell: &CellParts<'_>, batch_first: bool) -> Result<nn::Lstm, String> {
    let OptionsRef::Lstm(options) = cell.options else {
        return Err("it is no LSTM".into());
    };
    // What is left has to be what the module has, too.
    let known = LstmOptions {
        coupling: options.coupling,
        gate_activation: options.gate_activation,
        candidate_activation: options.candidate_activation,
        cell_activation: options.cell_activation,
        cell_clip: options.cell_clip,
        bias_hidden: options.bias_hidden,
        ..LstmOptions::default()
    };
    if *options != known || options.coupling == Coupling::InputFromForget {
        let what = [
            (options.projection.is_some(), "a projection"),
            (options.peephole != PeepholeKind::None, "peepholes"),
            (
                options.clip.is_some(),
                "a clip of what the activations read",
            ),
            (
                options.coupling == Coupling::InputFromForget,
                "an input gate that follows from the forget gate",
            ),
        ];
        let what = what.iter().find(|(has, _)| *has);
        let what = what.map_or("gates or activations switched off", |(_, what)| what);
        return Err(format!("it has {what}, and burn-nn's Lstm has none"));
    }
    let gates = options.gates();
    let gate = |gate: LstmGate| {
        let index = gates.iter().position(|other| *other == gate)?;
        Some(split(cell, index, false))
    };
    let own = |which| gate(which).ok_or("one of its gates has no parameters");
    Ok(nn::Lstm {
        input_gate: own(LstmGate::Input)?,
        forget_gate: gate(LstmGate::Forget),
        output_gate: own(LstmGate::Output)?,
        cell_gate: own(LstmGate::Candidate)?,
        d_hidden: cell.d_hidden,
        batch_first,
        reverse: false,
        clip: options.cell_clip.map(f64::from),
        input_forget: options.coupling == Coupling::ForgetFromInput,
        gate_activation: theirs(options.gate_activation)?,
        cell_activation: theirs(options.candidate_activation)?,
        hidden_activation: theirs(options.cell_activation)?,
    })
}

fn two_module(
    forward: &CellParts<'_>,
    backward: &CellParts<'_>,
    batch_first: bool,
) -> Result<nn::BiLstm, String> {
    Ok(nn::BiLstm {
        // The directions' own setting is not looked at; Burn's configuration makes it so.
        forward: one_module(forward, true)?,
        reverse: one_module(backward, true)?,
        d_hidden: forward.d_hidden,
        batch_first,
    })
}
