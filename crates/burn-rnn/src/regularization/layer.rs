//! A layer's regularizers.

use burn::module::{Flag, Module, Param};
use burn::tensor::{Device, Tensor};

use super::masks::draw_same;
use super::{Mode, Regularization};

/// The regularizers of a layer, and whether they are those of training. As Burn's `Dropout` they work where the device has automatic
/// differentiation and the layer is not [frozen](burn::module::Module::freeze).
#[derive(Module, Debug)]
pub struct Regularizer {
    /// How strong they are.
    #[module(skip)]
    pub settings: Regularization,
    /// Cleared by [`freeze`](burn::module::Module::freeze): the layer then behaves as in evaluation.
    pub training: Param<Flag>,
}

impl Regularizer {
    /// Regularizers of these settings.
    pub fn new(settings: Regularization) -> Self {
        Self {
            settings,
            training: Param::from_bool(true),
        }
    }

    /// Whether a run on a device is one of training.
    pub fn mode(&self, device: &Device) -> Mode {
        if self.training.is_enabled() && device.is_autodiff() {
            Mode::Training
        } else {
            Mode::Evaluation
        }
    }

    /// The input of a layer with features dropped, the same at all steps of a sequence; in evaluation as it is.
    pub(crate) fn drop_input(&self, input: Tensor<3>) -> Tensor<3> {
        let dropout = self.settings.input_dropout;
        if dropout == 0.0 || self.mode(&input.device()) == Mode::Evaluation {
            return input;
        }
        let [batch, _, features] = input.dims();
        let options = (&input.device(), input.dtype());
        let mask = draw_same([batch, features], dropout, options);
        input * mask.unsqueeze_dim::<3>(1)
    }
}
