//! Which keys of an attention are filler.

use burn::tensor::{Bool, Device, Tensor};

use crate::Lengths;

/// Which keys [`Attention`](crate::Attention) does not read: made from `&Lengths` of the sequences of keys, from a mask
/// `[batch, keys]` that is true where a key is filler, wherever it stands, or from `None`.
#[derive(Clone, Debug, Default)]
pub struct AttentionPadding(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    None,
    Mask(Tensor<2, Bool>),
    Lengths(Lengths),
}

impl AttentionPadding {
    /// True where a key of `[batch, keys, d_key]` is filler.
    ///
    /// # Panics
    ///
    /// Where the padding is of another shape; the message shows both.
    pub(crate) fn mask(self, keys: [usize; 3], device: &Device) -> Option<Tensor<2, Bool>> {
        match self.0 {
            Kind::None => None,
            Kind::Mask(padding) => {
                let dims = padding.dims();
                assert!(
                    keys[..2] == dims[..],
                    "Attention: the padding has shape {dims:?}, but the keys {keys:?}, expected [batch, keys]"
                );
                Some(padding)
            }
            Kind::Lengths(lengths) => {
                lengths.check("Attention", keys);
                Some(lengths.padding(keys[1], device))
            }
        }
    }
}

impl From<Option<Tensor<2, Bool>>> for AttentionPadding {
    fn from(padding: Option<Tensor<2, Bool>>) -> Self {
        Self(padding.map_or(Kind::None, Kind::Mask))
    }
}

impl From<Tensor<2, Bool>> for AttentionPadding {
    fn from(padding: Tensor<2, Bool>) -> Self {
        Self(Kind::Mask(padding))
    }
}

impl From<&Lengths> for AttentionPadding {
    fn from(lengths: &Lengths) -> Self {
        lengths.clone().into()
    }
}

impl From<Lengths> for AttentionPadding {
    fn from(lengths: Lengths) -> Self {
        Self(Kind::Lengths(lengths))
    }
}
