//! What the settings of a recurrent layer say about its cells.

use super::activations::{Version, activation};
use super::config::Layer;
use super::errors::cannot_read;
use super::layouts::Kind;
use crate::weights::error::WeightsError;
use crate::{Activation, Merge};

/// What is said about a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellSettings {
    /// What it is.
    pub kind: Kind,
    /// The function of the candidate, and of an LSTM's cell state.
    pub activation: Activation,
    /// The function of the gates.
    pub recurrent_activation: Activation,
    /// Whether there are biases, where it is said.
    pub use_bias: Option<bool>,
    /// Whether a GRU's reset gate stands behind the product, where it is said.
    pub reset_after: Option<bool>,
}

/// What is said about a layer.
#[derive(Debug)]
pub(super) struct LayerSettings {
    /// The cells of the forward direction, one on top of the other.
    pub forward: Vec<CellSettings>,
    /// Those of the backward direction; none where there is one direction.
    pub backward: Vec<CellSettings>,
    pub merge: Merge,
    /// Whether the layer reads its input from the last step to the first, and gives its outputs in that order.
    pub go_backwards: bool,
    /// Whether sequences have the time first.
    pub time_major: bool,
}

/// Whether a layer of this class is a recurrent one of those that are read.
pub(super) fn is_recurrent(layer: Layer<'_>) -> bool {
    match layer.class {
        "Bidirectional" => layer.inner("layer").is_some_and(is_recurrent),
        "RNN" => layer.inner("cell").is_some_and(is_recurrent),
        "StackedRNNCells" => stacked(layer).is_some_and(|mut cells| cells.all(is_recurrent)),
        class => kind(class).is_some(),
    }
}

/// The settings of a recurrent layer.
///
/// # Errors
///
/// Where it has some without a counterpart here.
pub(super) fn layer_settings(
    layer: Layer<'_>,
    name: &str,
    version: Version,
) -> Result<LayerSettings, WeightsError> {
    let mut settings = LayerSettings {
        forward: Vec::new(),
        backward: Vec::new(),
        merge: Merge::default(),
        go_backwards: layer.flag("go_backwards") == Some(true),
        time_major: layer.flag("time_major") == Some(true),
    };
    if layer.class != "Bidirectional" {
        settings.forward = cells(layer, version)?;
        return Ok(settings);
    }
    settings.merge = merge(layer, name)?;
    let forward = layer.inner("layer");
    // Where it is left out, it is the forward one read backwards.
    let backward = layer.inner("backward_layer").or(forward);
    if let (Some(forward), Some(backward)) = (forward, backward) {
        if forward.flag("go_backwards") == Some(true) {
            return Err(cannot_read(
                format!("the layer `{name}`"),
                "its forward direction goes backwards: swap the two when the model is made",
            ));
        }
        settings.time_major = forward.flag("time_major") == Some(true);
        settings.forward = cells(forward, version)?;
        settings.backward = cells(backward, version)?;
    }
    Ok(settings)
}

fn merge(layer: Layer<'_>, name: &str) -> Result<Merge, WeightsError> {
    let given = layer.settings.get("merge_mode");
    match given.map(|mode| mode.as_str()) {
        None | Some(Some("concat")) => Ok(Merge::Concat),
        Some(Some("sum")) => Ok(Merge::Sum),
        Some(Some("ave")) => Ok(Merge::Average),
        Some(Some("mul")) => Ok(Merge::Product),
        Some(None) => Err(cannot_read(
            format!("the layer `{name}`"),
            "its merge_mode is None, so that it gives two outputs: save the model with `concat` and cut the output in two, which is the same",
        )),
        Some(Some(other)) => Err(cannot_read(
            format!("the layer `{name}`"),
            format!("its merge_mode is `{other}`, expected concat, sum, ave or mul"),
        )),
    }
}

/// The cells of a layer, or of a cell of several.
fn cells(layer: Layer<'_>, version: Version) -> Result<Vec<CellSettings>, WeightsError> {
    if layer.class == "RNN"
        && let Some(cell) = layer.inner("cell")
    {
        return cells(cell, version);
    }
    if let Some(stacked) = stacked(layer) {
        let mut all = Vec::new();
        for cell in stacked {
            all.append(&mut cells(cell, version)?);
        }
        return Ok(all);
    }
    let Some(kind) = kind(layer.class) else {
        return Err(cannot_read(
            format!("a layer of the class `{}`", layer.class),
            "it is none of SimpleRNN, LSTM, GRU, CuDNNLSTM, CuDNNGRU and their cells",
        ));
    };
    // cuDNN has these functions alone, and no arguments for them.
    let of = |argument, usual| match layer.class.starts_with("CuDNN") {
        true => Ok(usual),
        false => activation(layer, argument, version),
    };
    let recurrent_activation = match kind {
        Kind::Simple => Activation::Sigmoid,
        _ => of("recurrent_activation", Activation::Sigmoid)?,
    };
    Ok(vec![CellSettings {
        kind,
        activation: of("activation", Activation::Tanh)?,
        recurrent_activation,
        use_bias: layer.flag("use_bias"),
        // The first versions did not have the argument, and stood before.
        reset_after: match layer.class {
            "CuDNNGRU" => Some(true),
            _ => Some(layer.flag("reset_after") == Some(true)),
        },
    }])
}

fn stacked<'a>(layer: Layer<'a>) -> Option<impl Iterator<Item = Layer<'a>>> {
    if layer.class != "StackedRNNCells" {
        return None;
    }
    let cells = layer.settings.get("cells")?.as_array()?;
    Some(cells.iter().filter_map(Layer::of))
}

fn kind(class: &str) -> Option<Kind> {
    match class {
        "SimpleRNN" | "SimpleRNNCell" => Some(Kind::Simple),
        "LSTM" | "LSTMCell" | "CuDNNLSTM" => Some(Kind::Lstm),
        "GRU" | "GRUCell" | "CuDNNGRU" => Some(Kind::Gru),
        _ => None,
    }
}
