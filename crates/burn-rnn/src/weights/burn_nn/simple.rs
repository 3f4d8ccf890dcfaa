//! `burn::nn::Rnn` and `burn::nn::BiRnn`.

use burn::nn;

use super::activation::{ours, theirs};
use super::gates::{Gate, fuse, split};
use super::{Layer, WeightsError, WeightsErrorKind, cannot_read, conversions};
use crate::weights::build::FileCell;
use crate::weights::check::checked;
use crate::weights::parts::{CellParts, OptionsRef};
use crate::{SimpleCell, SimpleOptions, SimpleRnn};

conversions!(
    SimpleRnn, Rnn, BiRnn, one_layer, two_layer, one_module, two_module
);

fn one_layer(module: &nn::Rnn) -> Result<Layer<SimpleCell>, WeightsError> {
    if module.reverse {
        return Err(cannot_read(
            "Rnn",
            "it runs from the last step to the first, and a network's first direction is forwards: turn `reverse` off and the input around",
        ));
    }
    Ok(Layer {
        forward: cell(module)?,
        backward: None,
        batch_first: module.batch_first,
    })
}

fn two_layer(module: &nn::BiRnn) -> Result<Layer<SimpleCell>, WeightsError> {
    Ok(Layer {
        forward: cell(&module.forward)?,
        backward: Some(cell(&module.reverse)?),
        batch_first: module.batch_first,
    })
}

fn cell(module: &nn::Rnn) -> Result<SimpleCell, WeightsError> {
    if let Some(clip) = module.clip {
        return Err(cannot_read(
            "Rnn",
            format!(
                "it bounds the hidden state to {clip}, and a simple network here bounds what its activation reads"
            ),
        ));
    }
    let parameters = fuse("Rnn", &[Gate::new("gate", &module.gate)])?;
    let activation = ours(&module.hidden_activation);
    let options = SimpleOptions {
        activation: activation.map_err(|reason| cannot_read("Rnn", reason))?,
        bias_hidden: parameters.bias.is_some(),
        ..SimpleOptions::default()
    };
    checked(&options, &parameters).map_err(|source| WeightsErrorKind::Config {
        network: "burn::nn::Rnn".into(),
        source,
    })?;
    Ok(options.cell(parameters))
}

fn one_module(cell: &CellParts<'_>, batch_first: bool) -> Result<nn::Rnn, String> {
    let OptionsRef::Simple(options) = cell.options else {
        return Err("it is no simple network".into());
    };
    if let Some(clip) = options.clip {
        return Err(format!(
            "it bounds what its activation reads to {clip}, and burn-nn's Rnn bounds the hidden state"
        ));
    }
    Ok(nn::Rnn {
        gate: split(cell, 0, false),
        d_hidden: cell.d_hidden,
        batch_first,
        reverse: false,
        clip: None,
        hidden_activation: theirs(options.activation)?,
    })
}

fn two_module(
    forward: &CellParts<'_>,
    backward: &CellParts<'_>,
    batch_first: bool,
) -> Result<nn::BiRnn, String> {
    Ok(nn::BiRnn {
        forward: one_module(forward, true)?,
        reverse: one_module(backward, true)?,
        d_hidden: forward.d_hidden,
        batch_first,
    })
}
