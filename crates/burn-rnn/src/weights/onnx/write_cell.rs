//! A layer as the attributes and parameters of a node.

use burn::tensor::TensorData;

use super::activations::{Lists, complement_by_sign};
use super::encode::{
    FloatType, float_attribute, floats_attribute, int_attribute, text_attribute, texts_attribute,
};
use super::layouts::{Gates, Kind};
use super::wire::Message;
use crate::weights::layout::to_little_endian;
use crate::weights::parts::{CellParts, LayerParts, OptionsRef, data};
use crate::{Activation, Coupling, GruOptions, LstmOptions, Reset, SimpleOptions};

/// What a node says of a cell beside its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CellSettings {
    pub kind: Kind,
    pub gates: Gates,
    /// The functions in ONNX's order.
    activations: Vec<Activation>,
    clip: Option<f32>,
    input_forget: bool,
    linear_before_reset: bool,
}

impl CellSettings {
    /// The settings of a cell, or why ONNX has no such one.
    pub(super) fn of(cell: &CellParts<'_>) -> Result<Self, String> {
        match cell.options {
            OptionsRef::Simple(options) => {
                let SimpleOptions {
                    activation,
                    clip,
                    bias_hidden: _,
                } = options;
                Ok(Self {
                    kind: Kind::Rnn,
                    gates: Gates::All,
                    activations: vec![*activation],
                    clip: *clip,
                    input_forget: false,
                    linear_before_reset: false,
                })
            }
            OptionsRef::Lstm(options) => Self::of_lstm(options),
            OptionsRef::Gru(options) => {
                let GruOptions {
                    reset,
                    gate_activation,
                    candidate_activation,
                    clip,
                    bias_hidden: _,
                    layer_norm: _, // Nothing with it is taken apart.
                } = options;
                if !complement_by_sign(*gate_activation) {
                    return Err(format!(
                        "its gates are {gate_activation:?}, and ONNX's update gate is the complement of this one, which needs 1 − f(a) = f(−a), as Sigmoid has it"
                    ));
                }
                Ok(Self {
                    kind: Kind::Gru,
                    gates: Gates::All,
                    activations: vec![*gate_activation, *candidate_activation],
                    clip: *clip,
                    input_forget: false,
                    linear_before_reset: *reset == Reset::AfterProduct,
                })
            }
        }
    }

    fn of_lstm(options: &LstmOptions) -> Result<Self, String> {
        if options.projection.is_some() {
            return Err("it has a projection, and ONNX's LSTM has none".into());
        }
        if let Some(clip) = options.cell_clip {
            return Err(format!(
                "it has a cell_clip of {clip}, and ONNX clips what the functions of the gates read alone"
            ));
        }
        if [options.input_gate, options.forget_gate, options.output_gate].contains(&false) {
            return Err("a gate is switched off, and ONNX's LSTM has all of them".into());
        }
        let gates = match options.coupling {
            Coupling::None => Gates::All,
            Coupling::ForgetFromInput => Gates::ForgetFromInput,
            Coupling::InputFromForget if complement_by_sign(options.gate_activation) => {
                Gates::InputFromForget
            }
            Coupling::InputFromForget => {
                return Err(format!(
                    "its input gate follows from the forget gate, which ONNX couples the other way round; that is the same where 1 − f(a) = f(−a), as for Sigmoid, and not for {:?}",
                    options.gate_activation
                ));
            }
        };
        let if_on = |on, activation| if on { activation } else { Activation::Identity };
        Ok(Self {
            kind: Kind::Lstm,
            gates,
            activations: vec![
                options.gate_activation,
                if_on(options.input_activation, options.candidate_activation),
                if_on(options.output_activation, options.cell_activation),
            ],
            clip: options.clip,
            input_forget: gates != Gates::All,
            linear_before_reset: false,
        })
    }
}

/// The settings of a layer's one or two cells, or why ONNX has no such layer.
pub(super) fn layer_settings(layer: &LayerParts<'_>) -> Result<Vec<CellSettings>, String> {
    let forward = CellSettings::of(&layer.forward)?;
    let Some(cell) = &layer.backward else {
        return Ok(vec![forward]);
    };
    let backward = CellSettings::of(cell)?;
    let sizes = |cell: &CellParts<'_>| (cell.d_input, cell.d_hidden);
    let shared = |settings: &CellSettings| {
        let (clip, gates) = (settings.clip, settings.input_forget);
        (clip, gates, settings.linear_before_reset)
    };
    if sizes(&layer.forward) != sizes(cell) {
        return Err(format!(
            "its directions have (features, units) {:?} and {:?}, and ONNX's have the same",
            sizes(&layer.forward),
            sizes(cell)
        ));
    }
    if shared(&forward) != shared(&backward) {
        return Err(
            "its directions differ in clip, coupling or reset, and ONNX's have the same".into(),
        );
    }
    Ok(vec![forward, backward])
}

/// The attributes of a layer's node.
pub(super) fn attributes(settings: &[CellSettings], d_hidden: usize) -> Vec<Message> {
    let Some(first) = settings.first() else {
        return Vec::new();
    };
    let mut attributes = vec![
        int_attribute("hidden_size", d_hidden as i64),
        text_attribute(
            "direction",
            if settings.len() == 2 {
                "bidirectional"
            } else {
                "forward"
            },
        ),
    ];
    let usual = first.kind.activations();
    if settings.iter().any(|cell| cell.activations != usual) {
        let all = settings.iter().flat_map(|cell| &cell.activations);
        let all: Vec<Activation> = all.copied().collect();
        let lists = Lists::write(&all);
        attributes.push(texts_attribute("activations", &lists.names));
        for (name, list) in [
            ("activation_alpha", &lists.alphas),
            ("activation_beta", &lists.betas),
        ] {
            if !list.is_empty() {
                attributes.push(floats_attribute(name, list));
            }
        }
    }
    if let Some(clip) = first.clip {
        attributes.push(float_attribute("clip", clip));
    }
    for (name, on) in [
        ("input_forget", first.input_forget),
        ("linear_before_reset", first.linear_before_reset),
    ] {
        if on {
            attributes.push(int_attribute(name, 1));
        }
    }
    attributes
}

/// A constant of a node: its letter in ONNX, its shape and its bytes.
type Constant = (&'static str, Vec<usize>, Vec<u8>);

/// The parameters of a layer's node, those of the directions one after another: the name of the input, the shape, the bytes.
pub(super) fn parameters(
    cells: &[(&CellParts<'_>, &CellSettings)],
    ty: FloatType,
) -> Result<Vec<Constant>, String> {
    let Some((first, settings)) = cells.first() else {
        return Ok(Vec::new());
    };
    let directions = cells.len();
    let rows = settings.kind.blocks() * first.d_hidden;
    let all = |write: &dyn Fn(&CellParts<'_>, &CellSettings) -> Vec<u8>| {
        let cells = cells.iter().map(|(cell, settings)| write(cell, settings));
        cells.collect::<Vec<_>>().concat()
    };
    let bytes = |data: &TensorData| to_little_endian(data.as_bytes(), ty.size()).into_owned();
    let w = all(&|cell, settings| {
        let layout = settings.kind.layout(settings.gates);
        bytes(&layout.write_matrix(&data(cell.w_input), cell.d_hidden))
    });
    let r = all(&|cell, settings| {
        let layout = settings.kind.layout(settings.gates);
        bytes(&layout.write_matrix(&data(cell.w_hidden), cell.d_hidden))
    });
    let mut parameters = vec![
        ("W", vec![directions, rows, first.d_input], w),
        ("R", vec![directions, rows, first.d_hidden], r),
    ];
    if cells.iter().any(|(cell, _)| cell.bias.is_some()) {
        let b = all(&|cell, settings| biases(cell, settings, rows, ty));
        parameters.push(("B", vec![directions, 2 * rows], b));
    }
    if cells.iter().any(|(cell, _)| cell.peephole.is_some()) {
        let p = all(&|cell, settings| peepholes(cell, settings, ty));
        parameters.push(("P", vec![directions, 3 * first.d_hidden], p));
    }
    for (name, shape, bytes) in &parameters {
        let expected = shape.iter().product::<usize>() * ty.size();
        if bytes.len() != expected {
            return Err(format!(
                "its parameters {name} are of different float types; cast them to one"
            ));
        }
    }
    Ok(parameters)
}

/// The biases of the input's side, then those of the hidden side; zeros where the cell has none.
fn biases(cell: &CellParts<'_>, settings: &CellSettings, rows: usize, ty: FloatType) -> Vec<u8> {
    let layout = settings.kind.layout(settings.gates);
    let zeros = || vec![0; rows * ty.size()];
    let written = |data: &TensorData| {
        let written = layout.write_bias(data, cell.d_hidden);
        to_little_endian(written.as_bytes(), ty.size()).into_owned()
    };
    let mut both = cell.bias.map_or_else(zeros, |bias| written(&data(bias)));
    let hidden = cell.bias_hidden.map(data);
    both.extend(match hidden {
        None => zeros(),
        // The one inside a GRU's reset product, which is the last block.
        Some(inside) if settings.kind == Kind::Gru && inside.num_elements() == cell.d_hidden => {
            let inside = to_little_endian(inside.as_bytes(), ty.size()).into_owned();
            let mut bytes = zeros();
            bytes.truncate((rows * ty.size()).saturating_sub(inside.len()));
            bytes.extend(inside);
            bytes
        }
        Some(hidden) => written(&hidden),
    });
    both
}

/// Diagonal peepholes; zeros where the cell has none.
fn peepholes(cell: &CellParts<'_>, settings: &CellSettings, ty: FloatType) -> Vec<u8> {
    let Some(peephole) = cell.peephole else {
        return vec![0; 3 * cell.d_hidden * ty.size()];
    };
    let layout = settings.kind.layout(settings.gates);
    let written = layout.write_peepholes(&data(peephole), cell.d_hidden);
    let mut bytes = to_little_endian(written.as_bytes(), ty.size()).into_owned();
    if settings.gates == Gates::InputFromForget {
        // ONNX's input gate is this forget gate's complement: the signs turn, which are the highest bits.
        let row = bytes.iter_mut().take(cell.d_hidden * ty.size());
        row.skip(ty.size() - 1)
            .step_by(ty.size())
            .for_each(|byte| *byte ^= 0x80);
    }
    bytes
}
