//! Tensors by the names that users know: the layer's and the variable's, `dense/kernel`.

use super::attributes::{list, text};
use super::config::layers;
use super::find::joined;
use super::open::{Naming, Opened};

/// The path of a tensor: one that is a path already, or the one of a layer and a variable, where there is exactly one.
pub(super) fn resolve(opened: &Opened, name: &str) -> Option<String> {
    let in_weights = joined("model_weights", name);
    if let Some(path) = [name, &in_weights]
        .into_iter()
        .find(|path| opened.stored(path).is_some())
    {
        return Some(path.to_string());
    }
    let (layer, variable) = name.rsplit_once('/')?;
    let mut paths = match opened.naming {
        Naming::Named => named(opened, layer, variable),
        Naming::Numbered => numbered(opened, layer, variable),
    };
    paths.retain(|path| opened.stored(path).is_some());
    paths.sort_unstable();
    paths.dedup();
    match paths.len() {
        1 => paths.pop(),
        _ => None,
    }
}

fn named(opened: &Opened, layer: &str, variable: &str) -> Vec<String> {
    let groups = ["", "model_weights"].map(|top| joined(top, layer));
    let weights = groups.iter().flat_map(|group| {
        let attributes = opened.objects.attributes.get(group);
        let weights = attributes.and_then(|attributes| list(attributes, "weight_names"));
        let weights = weights.unwrap_or_default().into_iter();
        weights.map(move |weight| (group, weight))
    });
    weights
        .filter(|(_, weight)| {
            let last = weight.rsplit('/').next().unwrap_or_default();
            last.split(':').next() == Some(variable)
        })
        .map(|(group, weight)| joined(group, weight))
        .collect()
}

fn numbered(opened: &Opened, layer: &str, variable: &str) -> Vec<String> {
    // The layer's own variables in Keras' order, or those of a recurrent layer's cell.
    let (own, cell) = match variable {
        "kernel" => (Some(0), Some(0)),
        "embeddings" | "gamma" => (Some(0), None),
        "beta" => (Some(1), None),
        "recurrent_kernel" => (None, Some(1)),
        "bias" => (Some(1), Some(2)),
        _ => (None, None),
    };
    let attributes = opened.objects.attributes.iter();
    let written = attributes
        .filter(|(_, attributes)| text(attributes, "name") == Some(layer))
        .filter_map(|(path, _)| path.strip_suffix("/vars").map(String::from));
    let placed = opened.model.as_ref().map(layers).unwrap_or_default();
    let placed = (placed.into_iter())
        .filter(|placed| placed.name == layer)
        .map(|placed| placed.path);
    let places = written.chain(placed).flat_map(|path| {
        let own = own.map(|index| format!("{path}/vars/{index}"));
        let cell = cell.map(|index| format!("{path}/cell/vars/{index}"));
        own.into_iter().chain(cell)
    });
    places.collect()
}
