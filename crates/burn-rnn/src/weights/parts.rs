//! The one place where a network is taken apart into what files hold.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};

use super::error::{WeightsError, WeightsErrorKind};
use super::network::AnyNetwork;
use crate::directional::Directional;
use crate::{
    Cell, DefinedCell, GruCell, GruOptions, LstmCell, LstmOptions, Merge, Recurrent, SimpleCell,
    SimpleOptions,
};

/// A network taken apart: what a file can hold of it.
pub(crate) struct NetworkParts<'a> {
    /// The layers, the one that reads the input first.
    pub layers: Vec<LayerParts<'a>>,
    /// Whether sequences have the batch first.
    pub batch_first: bool,
}

/// A layer taken apart.
pub(crate) struct LayerParts<'a> {
    /// The cell that reads from the first step to the last.
    pub forward: CellParts<'a>,
    /// The cell that reads from the last step to the first.
    pub backward: Option<CellParts<'a>>,
    /// How the outputs of two directions become one.
    pub merge: Merge,
}

/// A cell taken apart. The numbers stay where they are until [`data`] reads them.
pub(crate) struct CellParts<'a> {
    /// The settings.
    pub options: OptionsRef<'a>,
    /// The number of features that a step reads.
    pub d_input: usize,
    /// The number of hidden units.
    pub d_hidden: usize,
    /// The number of features that recur: `d_hidden`, or those of the projection.
    pub d_output: usize,
    /// From the input, `[d_input, gates · d_hidden]`.
    pub w_input: &'a Param<Tensor<2>>,
    /// From the hidden state, `[d_output, gates · d_hidden]`.
    pub w_hidden: &'a Param<Tensor<2>>,
    /// The biases, `[gates · d_hidden]`.
    pub bias: Option<&'a Param<Tensor<1>>>,
    /// The biases on the hidden side, `[gates · d_hidden]`; for a GRU without the option `bias_hidden` the one inside the reset product,
    /// `[d_hidden]`.
    pub bias_hidden: Option<&'a Param<Tensor<1>>>,
    /// The projection, `[d_hidden, d_output]`.
    pub w_project: Option<&'a Param<Tensor<2>>>,
    /// Diagonal peepholes, one row a sigmoid gate that is there, in the order input, forget, output.
    pub peephole: Option<&'a Param<Tensor<2>>>,
}

/// The settings of a cell of some kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OptionsRef<'a> {
    Simple(&'a SimpleOptions),
    Lstm(&'a LstmOptions),
    Gru(&'a GruOptions),
}

impl AnyNetwork {
    /// What a file can hold of the network.
    ///
    /// # Errors
    ///
    /// Where it has what no format holds: skips, a learned state, zoneout, layer normalisation, full peepholes, full gate recurrence.
    /// `name` and `format` are for the message.
    pub(crate) fn parts(
        &self,
        name: &str,
        format: &'static str,
    ) -> Result<NetworkParts<'_>, WeightsError> {
        let parts = match self {
            Self::SimpleRnn(network) => parts(network),
            Self::Lstm(network) => parts(network),
            Self::Gru(network) => parts(network),
        };
        parts.map_err(|reason| cannot_hold(name, format, reason))
    }
}

/// The error that a format cannot hold a network.
pub(crate) fn cannot_hold(
    name: &str,
    format: &'static str,
    reason: impl Into<String>,
) -> WeightsError {
    WeightsErrorKind::CannotHold {
        network: name.into(),
        format,
        reason: reason.into(),
    }
    .into()
}

/// The numbers of a parameter.
pub(crate) fn data<const D: usize>(parameter: &Param<Tensor<D>>) -> TensorData {
    let value = parameter.val();
    if value.dtype().is_float() {
        return value.into_data();
    }
    value.dequantize().into_data()
}

/// A cell that can be taken apart.
trait TakeApart: Cell {
    /// The parts, or what no format holds.
    fn take_apart(&self) -> Result<CellParts<'_>, &'static str>;
}

fn parts<C: TakeApart>(network: &Recurrent<C>) -> Result<NetworkParts<'_>, &'static str> {
    let Recurrent { stack, batch_first } = network;
    if stack.residual && stack.layers.len() > 1 {
        return Err("it has residual skips, which are a graph's and no weights");
    }
    if stack.dense && stack.layers.len() > 1 {
        return Err("its layers read the outputs of all before them, which no format has");
    }
    let layers = stack.layers.iter().map(layer_parts);
    Ok(NetworkParts {
        layers: layers.collect::<Result<_, _>>()?,
        batch_first: *batch_first,
    })
}

fn layer_parts<C: TakeApart>(layer: &Directional<C>) -> Result<LayerParts<'_>, &'static str> {
    if layer.forward_start.is_some() || layer.backward_start.is_some() {
        return Err("it starts from a learned state, which files of weights do not have");
    }
    let settings = &layer.regularizer.settings;
    if settings.zoneout > 0.0 || settings.zoneout_cell > 0.0 {
        return Err(
            "it has zoneout, which works outside training, too: train without, or set both to 0",
        );
    }
    let backward = layer.backward.as_ref().map(TakeApart::take_apart);
    Ok(LayerParts {
        forward: layer.forward.take_apart()?,
        backward: backward.transpose()?,
        merge: layer.merge,
    })
}

const NORM: &str = "it has layer normalisation";

impl TakeApart for SimpleCell {
    fn take_apart(&self) -> Result<CellParts<'_>, &'static str> {
        let d_hidden = DefinedCell::d_hidden(self);
        Ok(CellParts {
            options: OptionsRef::Simple(&self.options),
            d_input: DefinedCell::d_input(self),
            d_hidden,
            d_output: d_hidden,
            w_input: &self.w_input,
            w_hidden: &self.w_hidden,
            bias: self.bias.as_ref(),
            bias_hidden: self.bias_hidden.as_ref(),
            w_project: None,
            peephole: None,
        })
    }
}

impl TakeApart for LstmCell {
    fn take_apart(&self) -> Result<CellParts<'_>, &'static str> {
        if self.norm.is_some() {
            return Err(NORM);
        }
        if self.w_gates.is_some() {
            return Err("it has full gate recurrence");
        }
        let peephole = self.peephole.as_ref();
        if peephole.is_some_and(|peephole| peephole.full.is_some()) {
            return Err("it has full peepholes; diagonal ones are the only ones that files hold");
        }
        Ok(CellParts {
            options: OptionsRef::Lstm(&self.options),
            d_input: DefinedCell::d_input(self),
            d_hidden: DefinedCell::d_hidden(self),
            d_output: DefinedCell::d_output(self),
            w_input: &self.w_input,
            w_hidden: &self.w_hidden,
            bias: self.bias.as_ref(),
            bias_hidden: self.bias_hidden.as_ref(),
            w_project: self.w_project.as_ref(),
            peephole: peephole.and_then(|peephole| peephole.diagonal.as_ref()),
        })
    }
}

impl TakeApart for GruCell {
    fn take_apart(&self) -> Result<CellParts<'_>, &'static str> {
        if self.norm.is_some() {
            return Err(NORM);
        }
        let d_hidden = DefinedCell::d_hidden(self);
        Ok(CellParts {
            options: OptionsRef::Gru(&self.options),
            d_input: DefinedCell::d_input(self),
            d_hidden,
            d_output: d_hidden,
            w_input: &self.w_input,
            w_hidden: &self.w_hidden,
            bias: self.bias.as_ref(),
            bias_hidden: self.bias_hidden.as_ref(),
            w_project: None,
            peephole: None,
        })
    }
}
