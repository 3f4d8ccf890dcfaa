//! What a file without a configuration does not say.

use super::find::Found;
use crate::{Activation, Merge};

/// What the caller says about what the file does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsaid {
    pub activation: Activation,
    pub recurrent_activation: Activation,
    pub merge: Merge,
    /// Whether layers that go backwards may be read.
    pub reversed_inputs: bool,
}

impl Unsaid {
    /// What was taken of a layer that the file says nothing about, as a sentence.
    pub(super) fn assumed(&self, found: &Found<'_>) -> Option<String> {
        if found.layer.is_some() {
            return None;
        }
        let Unsaid {
            activation,
            recurrent_activation,
            merge,
            ..
        } = self;
        let merge = match found.backward.is_empty() {
            true => String::new(),
            false => format!(", merging by {merge:?}"),
        };
        Some(format!(
            "the settings of `{}`, which the file does not have: {activation:?} and {recurrent_activation:?}{merge}, no go_backwards, \
             reset_after where a GRU has no bias; a model saved as .keras has those of Keras' own layers",
            found.name
        ))
    }
}
