//! The one place where a file's arrays become a network.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use super::array::Array;
use super::check::{Sizes, check};
use super::error::{WeightsError, WeightsErrorKind};
use super::import::MappedTensor;
use super::layout::{Layout, read_tensor};
use super::range::in_range;
use crate::directional::Directional;
use crate::{
    CellOptions, GruCell, GruOptions, LstmCell, LstmOptions, Merge, Peephole, PeepholeKind,
    Recurrent, Reset, SimpleCell, SimpleOptions, StackedConfig,
};

/// The parameters of a network as a file has them. `O` is the kind: [`SimpleOptions`], [`LstmOptions`] or [`GruOptions`].
pub(crate) struct NetworkArrays<'a, O> {
    /// The name, for messages and the mapping.
    pub name: String,
    /// The layers, the one that reads the input first.
    pub layers: Vec<LayerArrays<'a, O>>,
    /// How the outputs of two directions become one.
    pub merge: Merge,
    /// Whether sequences have the batch first.
    pub batch_first: bool,
}

/// The parameters of a layer.
pub(crate) struct LayerArrays<'a, O> {
    /// The cell that reads from the first step to the last.
    pub forward: CellArrays<'a, O>,
    /// The cell that reads from the last step to the first.
    pub backward: Option<CellArrays<'a, O>>,
}

/// The parameters of a cell, laid out as the format has them.
pub(crate) struct CellArrays<'a, O> {
    /// What is where.
    pub layout: Layout,
    /// The cell's settings. What they say about parameters has to be what the arrays say.
    pub options: O,
    /// From the input, [`Layout::matrix_shape`].
    pub w_input: Array<'a>,
    /// From the hidden state, [`Layout::matrix_shape`].
    pub w_hidden: Array<'a>,
    /// The biases, `[blocks · d_hidden]`.
    pub bias: Option<Array<'a>>,
    /// The biases on the hidden side, `[blocks · d_hidden]`; for a GRU without the option `bias_hidden` the one inside the reset product,
    /// `[d_hidden]`.
    pub bias_hidden: Option<Array<'a>>,
    /// The projection, of [`Layout::shape`] from `d_hidden` to `d_output`.
    pub w_project: Option<Array<'a>>,
    /// Diagonal peepholes, `[3 · d_hidden]`.
    pub peephole: Option<Array<'a>>,
}

/// The parameters of a cell as they are here.
pub(crate) struct CellParameters {
    pub w_input: Param<Tensor<2>>,
    pub w_hidden: Param<Tensor<2>>,
    pub bias: Option<Param<Tensor<1>>>,
    pub bias_hidden: Option<Param<Tensor<1>>>,
    pub w_project: Option<Param<Tensor<2>>>,
    pub peephole: Option<Param<Tensor<2>>>,
}

/// What a kind of cell does with its parameters.
pub(crate) trait FileCell: CellOptions {
    /// Whether the options ask for second biases of all gates.
    fn bias_hidden(&self) -> bool;

    /// The cell.
    fn cell(self, parameters: CellParameters) -> Self::Cell;

    /// The width of the projection that the options ask for.
    fn projection(&self) -> Option<usize> {
        None
    }

    /// Whether the options ask for a bias inside the reset product alone.
    fn bias_in_reset(&self) -> bool {
        false
    }

    /// The rows of the diagonal peepholes that the options ask for.
    fn peepholes(&self) -> Option<usize> {
        None
    }
}

impl FileCell for SimpleOptions {
    fn bias_hidden(&self) -> bool {
        self.bias_hidden
    }

    fn cell(self, parameters: CellParameters) -> SimpleCell {
        SimpleCell {
            w_input: parameters.w_input,
            w_hidden: parameters.w_hidden,
            bias: parameters.bias,
            bias_hidden: parameters.bias_hidden,
            options: self,
        }
    }
}

impl FileCell for LstmOptions {
    fn bias_hidden(&self) -> bool {
        self.bias_hidden
    }

    fn projection(&self) -> Option<usize> {
        self.projection
    }

    fn peepholes(&self) -> Option<usize> {
        (self.peephole == PeepholeKind::Diagonal).then(|| self.sigmoid_gates().len())
    }

    fn cell(self, parameters: CellParameters) -> LstmCell {
        LstmCell {
            w_input: parameters.w_input,
            w_hidden: parameters.w_hidden,
            bias: parameters.bias,
            bias_hidden: parameters.bias_hidden,
            w_project: parameters.w_project,
            peephole: parameters.peephole.map(|diagonal| Peephole {
                diagonal: Some(diagonal),
                full: None,
            }),
            w_gates: None,
            norm: None,
            options: self,
        }
    }
}

impl FileCell for GruOptions {
    fn bias_hidden(&self) -> bool {
        self.bias_hidden
    }

    fn bias_in_reset(&self) -> bool {
        !self.bias_hidden && self.reset == Reset::AfterProduct
    }

    fn cell(self, parameters: CellParameters) -> GruCell {
        GruCell {
            w_input: parameters.w_input,
            w_hidden: parameters.w_hidden,
            bias: parameters.bias,
            bias_hidden: parameters.bias_hidden,
            norm: None,
            options: self,
        }
    }
}

/// A network out of a file's arrays, its parameters in the device's float type, and which tensor came where.
///
/// Every shape is checked against every other, and the options against them, before anything is read or built.
///
/// # Errors
///
/// Where something does not fit; where bytes that are read later cannot be read.
pub(crate) fn build<O: FileCell>(
    network: NetworkArrays<'_, O>,
    device: &Device,
) -> Result<(Recurrent<O::Cell>, Vec<MappedTensor>), WeightsError> {
    let sizes = check(&network)?;
    let mut notes = Notes {
        network: network.name,
        path: String::new(),
        mapped: Vec::new(),
    };
    let mut layers = Vec::with_capacity(network.layers.len());
    for (index, (layer, [forward, backward])) in network.layers.into_iter().zip(sizes).enumerate() {
        notes.path = format!("stack.layers.{index}.forward");
        let forward = build_cell(layer.forward, forward, device, &mut notes)?;
        notes.path = format!("stack.layers.{index}.backward");
        let backward = (layer.backward)
            .map(|cell| build_cell(cell, backward, device, &mut notes))
            .transpose()?;
        layers.push(Directional::new(forward, backward, network.merge));
    }
    let stack =
        StackedConfig::new()
            .try_init(layers)
            .map_err(|source| WeightsErrorKind::Config {
                network: notes.network,
                source,
            })?;
    let batch_first = network.batch_first;
    Ok((Recurrent { stack, batch_first }, notes.mapped))
}

/// What became what, while a cell is built.
struct Notes {
    network: String,
    path: String,
    mapped: Vec<MappedTensor>,
}

impl Notes {
    /// A parameter out of what was read for it. The array is dropped: where it has bytes of its own, they are not held longer.
    fn parameter<const D: usize>(
        &mut self,
        name: &str,
        array: Array<'_>,
        device: &Device,
        read: impl FnOnce(&Array<'_>) -> Result<TensorData, WeightsError>,
    ) -> Result<Param<Tensor<D>>, WeightsError> {
        let data = in_range(&array, read(&array)?, device)?;
        self.mapped.push(MappedTensor {
            tensor: array.name().into(),
            shape: array.shape().to_vec(),
            element: array.element().clone(),
            network: self.network.clone(),
            parameter: format!("{}.{name}", self.path),
            parameter_shape: data.shape().to_vec(),
        });
        Ok(Param::from_data(data, device))
    }
}

fn build_cell<O: FileCell>(
    cell: CellArrays<'_, O>,
    sizes: Sizes,
    device: &Device,
    notes: &mut Notes,
) -> Result<O::Cell, WeightsError> {
    let Sizes {
        d_input,
        d_hidden,
        d_output,
    } = sizes;
    let layout = cell.layout;
    let in_reset = cell.options.bias_in_reset();
    let bias = |array: &Array<'_>| layout.read_bias(array, d_hidden);
    let parameters = CellParameters {
        w_input: notes.parameter("w_input", cell.w_input, device, |array| {
            layout.read_matrix(array, d_input, d_hidden)
        })?,
        w_hidden: notes.parameter("w_hidden", cell.w_hidden, device, |array| {
            layout.read_matrix(array, d_output, d_hidden)
        })?,
        bias: (cell.bias)
            .map(|array| notes.parameter("bias", array, device, bias))
            .transpose()?,
        bias_hidden: (cell.bias_hidden)
            .map(|array| {
                notes.parameter("bias_hidden", array, device, |array| match in_reset {
                    true => read_tensor(array),
                    false => bias(array),
                })
            })
            .transpose()?,
        w_project: (cell.w_project)
            .map(|array| {
                notes.parameter("w_project", array, device, |array| {
                    layout.read_plain(array, d_hidden, d_output)
                })
            })
            .transpose()?,
        peephole: (cell.peephole)
            .map(|array| {
                notes.parameter("peephole.diagonal", array, device, |array| {
                    layout.read_peepholes(array, d_hidden)
                })
            })
            .transpose()?,
    };
    Ok(cell.options.cell(parameters))
}
