//! Which keys of an attention are filler.

use burn::tensor::{Bool, Device, Tensor};

use crate::Lengths;

/// Which keys [`Attention`](crate::Attention) does not read: made from `&Lengths` of the sequences of keys, from a mask
/// `[batch, keys]` that is true where a key is filler, wherever it stands, or from `None`.
#[derive(Clone, Debug, Default)]
pub struct AttentionPadding {
    mask: Option<Tensor<2, Bool>>,
    lengths: Option<Lengths>,
}

impl AttentionPadding {
    /// True where a key of `[batch, keys, d_key]` is filler.
    ///
    /// # Panics
    ///
    /// Where the padding is of another shape; the message shows both.
    pub(crate) fn mask(self, keys: [usize; 3], device: &Device) -> Option<Tensor<2, Bool>> {
        if let Some(lengths) = self.lengths {
            lengths.check("Attention", keys);
            return Some(lengths.padding(keys[1], device));
        }
        if let Some(mask) = &self.mask {
            let dims = mask.dims();
            assert!(
                keys[..2] == dims[..],
                "Attention: the padding has shape {dims:?}, but the keys {keys:?}, expected [batch, keys]"
            );
        }
        self.mask
    }
}

impl From<Option<Tensor<2, Bool>>> for AttentionPadding {
    fn from(padding: Option<Tensor<2, Bool>>) -> Self {
        Self {
            mask: padding,
            lengths: None,
        }
    }
}

impl From<Tensor<2, Bool>> for AttentionPadding {
    fn from(padding: Tensor<2, Bool>) -> Self {
        Some(padding).into()
    }
}

impl From<&Lengths> for AttentionPadding {
    fn from(lengths: &Lengths) -> Self {
        lengths.clone().into()
    }
}

impl From<Lengths> for AttentionPadding {
    fn from(lengths: Lengths) -> Self {
        Self {
            mask: None,
            lengths: Some(lengths),
        }
    }
}
