//! Networks out of a graph's recurrent nodes.

use burn::tensor::{Device, Tensor};

use super::fold::Constants;
use super::graph::Recurrent;
use super::layouts::{Gates, Kind};
use super::run::{OnnxDirection, OnnxNode};
use super::settings::Settings;
use super::starts::{INITIAL_C, INITIAL_H, SEQUENCE_LENS};
use super::view::View;
use super::wire::malformed;
use crate::weights::array::Array;
use crate::weights::build::{CellArrays, FileCell, LayerArrays, NetworkArrays, build};
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::MappedTensor;
use crate::weights::layout::read_tensor;
use crate::weights::network::AnyNetwork;
use crate::weights::range::in_range;
use crate::{
    Coupling, GruOptions, Lengths, LstmOptions, Merge, PeepholeKind, Reset, SimpleOptions,
};

/// The inputs of the operators, by their index.
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const P: usize = 7;

/// What the parameters of a cell take beside their numbers, measured.
const CELL: u64 = 6 << 10;

/// The network of nodes that follow each other, a layer each.
pub(super) fn network<'a>(
    nodes: &[&Recurrent<'a>],
    name: &str,
    constants: &Constants<'a>,
    device: &Device,
) -> Result<(AnyNetwork, Vec<MappedTensor>), WeightsError> {
    let settings = nodes.iter().map(|node| Settings::read(node));
    let settings: Vec<Settings> = settings.collect::<Result<_, _>>()?;
    let layers: Vec<_> = nodes.iter().copied().zip(&settings).collect();
    let Some((_, first)) = layers.first() else {
        return Err(malformed("a network has no nodes"));
    };
    Ok(match first.kind {
        Kind::Rnn => {
            let (network, mapped) = built(&layers, name, constants, device, simple_options)?;
            (network.into(), mapped)
        }
        Kind::Lstm => {
            let (network, mapped) = built(&layers, name, constants, device, lstm_options)?;
            (network.into(), mapped)
        }
        Kind::Gru => {
            let (network, mapped) = built(&layers, name, constants, device, gru_options)?;
            (network.into(), mapped)
        }
    })
}

/// A node with its initial states and lengths, as far as they are constants.
pub(super) fn node<'a>(
    recurrent: &Recurrent<'a>,
    constants: &Constants<'a>,
    device: &Device,
) -> Result<OnnxNode, WeightsError> {
    let settings = Settings::read(recurrent)?;
    let (network, _) = network(&[recurrent], recurrent.node.label(), constants, device)?;
    let state = |index: usize| {
        let Some(array) = initial_state(recurrent, index, constants)? else {
            return Ok(None);
        };
        if array.shape().len() != 3 {
            return Err(rank(&array, 3));
        }
        Ok::<_, WeightsError>(Some(Tensor::from_data(
            in_range(&array, read_tensor(&array)?, device)?,
            device,
        )))
    };
    let lstm = settings.kind == Kind::Lstm;
    Ok(OnnxNode {
        network,
        direction: settings.direction,
        batch_first: settings.batch_first,
        initial_h: state(INITIAL_H)?,
        initial_c: if lstm { state(INITIAL_C)? } else { None },
        sequence_lens: lengths(recurrent, constants)?,
    })
}

fn initial_state<'a>(
    recurrent: &Recurrent<'a>,
    index: usize,
    constants: &Constants<'a>,
) -> Result<Option<Array<'a>>, WeightsError> {
    let Some(name) = recurrent.node.input(index) else {
        return Ok(None);
    };
    let view = constants.find(recurrent.scope, name)?;
    view.map(|view| constants.array(name, view)).transpose()
}

fn lengths(
    recurrent: &Recurrent<'_>,
    constants: &Constants<'_>,
) -> Result<Option<Lengths>, WeightsError> {
    let Some(name) = recurrent.node.input(SEQUENCE_LENS) else {
        return Ok(None);
    };
    let Some(view) = constants.find(recurrent.scope, name)? else {
        return Ok(None);
    };
    let refused = || malformed(format!("the sequence_lens `{name}` are no lengths"));
    let lengths = view.ints(&constants.budget)?.ok_or_else(refused)?;
    let lengths: Option<Vec<usize>> = (lengths.into_iter())
        .map(|length| usize::try_from(length).ok())
        .collect();
    Ok(Some(Lengths::new(lengths.ok_or_else(refused)?)))
}

fn simple_options(settings: &Settings, direction: usize, bias: bool, _: bool) -> SimpleOptions {
    SimpleOptions {
        activation: settings.activations[direction][0],
        clip: settings.clip,
        bias_hidden: bias,
    }
}

fn lstm_options(settings: &Settings, direction: usize, bias: bool, peephole: bool) -> LstmOptions {
    let functions = &settings.activations[direction];
    LstmOptions {
        coupling: match settings.input_forget {
            true => Coupling::ForgetFromInput,
            false => Coupling::None,
        },
        peephole: match peephole {
            true => PeepholeKind::Diagonal,
            false => PeepholeKind::None,
        },
        gate_activation: functions[0],
        candidate_activation: functions[1],
        cell_activation: functions[2],
        clip: settings.clip,
        bias_hidden: bias,
        ..LstmOptions::default()
    }
}

fn gru_options(settings: &Settings, direction: usize, bias: bool, _: bool) -> GruOptions {
    let functions = &settings.activations[direction];
    GruOptions {
        reset: match settings.linear_before_reset {
            true => Reset::AfterProduct,
            false => Reset::BeforeProduct,
        },
        gate_activation: functions[0],
        candidate_activation: functions[1],
        clip: settings.clip,
        bias_hidden: bias,
        ..GruOptions::default()
    }
}

/// Builds the network with the options that `options` gives for a direction of a node, with or without biases and peepholes.
fn built<'a, O: FileCell>(
    layers: &[(&Recurrent<'a>, &Settings)],
    name: &str,
    constants: &Constants<'a>,
    device: &Device,
    options: impl Fn(&Settings, usize, bool, bool) -> O,
) -> Result<(crate::Recurrent<O::Cell>, Vec<MappedTensor>), WeightsError> {
    // Names stand once in the file, and here with every parameter.
    let named = CELL.saturating_add(16 * name.len() as u64);
    let cells: usize = layers.iter().map(|(_, s)| s.direction.count()).sum();
    (constants.budget).take(named.saturating_mul(cells as u64))?;
    let mut arrays = Vec::with_capacity(layers.len());
    for (recurrent, settings) in layers {
        let parameters = Parameters::read(recurrent, settings, constants)?;
        let cell = |direction: usize| {
            let (bias, peephole) = (parameters.b.is_some(), parameters.p.is_some());
            let options = options(settings, direction, bias, peephole);
            parameters.cell(direction, settings, options, constants)
        };
        arrays.push(LayerArrays {
            forward: cell(0)?,
            backward: match settings.direction {
                OnnxDirection::Bidirectional => Some(cell(1)?),
                OnnxDirection::Forward | OnnxDirection::Reverse => None,
            },
        });
    }
    let network = NetworkArrays {
        name: name.to_string(),
        layers: arrays,
        merge: Merge::Concat,
        batch_first: layers
            .first()
            .is_some_and(|(_, settings)| settings.batch_first),
    };
    build(network, device)
}

/// A parameter of a node with its name.
type Named<'a> = (&'a str, View<'a>);

/// The parameters of a node, of all directions.
struct Parameters<'a> {
    w: Named<'a>,
    r: Named<'a>,
    b: Option<Named<'a>>,
    p: Option<Named<'a>>,
}

impl<'a> Parameters<'a> {
    /// Reads them, and checks what a cell on its own does not show: the directions, the number of units, the blocks of the biases.
    fn read(
        recurrent: &Recurrent<'a>,
        settings: &Settings,
        constants: &Constants<'a>,
    ) -> Result<Self, WeightsError> {
        let node = &recurrent.node;
        let needed_by = format!("the {} `{}` reads", node.op, node.label());
        let get = |name: &'a str| {
            let view = constants.get(recurrent.scope, name, &needed_by)?;
            Ok::<_, WeightsError>((name, view))
        };
        let required = |index: usize, letter: &str| {
            let name = node
                .input(index)
                .ok_or_else(|| malformed(format!("`{}` has no input {letter}", node.label())))?;
            get(name)
        };
        let optional = |index: usize| node.input(index).map(get).transpose();
        let (w, r) = (required(W, "W")?, required(R, "R")?);
        let b = optional(B)?;
        let p = match settings.kind {
            Kind::Lstm => optional(P)?,
            _ => None,
        };
        let directions = settings.direction.count();
        let blocks = settings.kind.blocks();
        let &[_, _, units] = r.1.shape.as_slice() else {
            return Err(wrong_rank(&r, 3));
        };
        let (units, from) = match settings.hidden_size {
            Some(size) => (size, "hidden_size"),
            None => (units, "R"),
        };
        let rows = units.saturating_mul(blocks);
        let reason = format!(
            "`{}` has {directions} directions and {units} units, as its {from} says",
            node.label()
        );
        let &[_, _, features] = w.1.shape.as_slice() else {
            return Err(wrong_rank(&w, 3));
        };
        check(&w, vec![directions, rows, features], &reason)?;
        check(&r, vec![directions, rows, units], &reason)?;
        if let Some(b) = &b {
            check(b, vec![directions, rows.saturating_mul(2)], &reason)?;
        }
        if let Some(p) = &p {
            check(p, vec![directions, units.saturating_mul(3)], &reason)?;
        }
        Ok(Self { w, r, b, p })
    }

    /// The arrays of a direction.
    fn cell<O>(
        &self,
        direction: usize,
        settings: &Settings,
        options: O,
        constants: &Constants<'a>,
    ) -> Result<CellArrays<'a, O>, WeightsError> {
        let directions = settings.direction.count();
        let part = |(name, view): &Named<'a>| {
            let name = match directions {
                1 => (*name).to_string(),
                _ => format!("{name}[{direction}]"),
            };
            (name, view.clone().part(direction))
        };
        let array = |named: &Named<'a>| {
            let (name, view) = part(named);
            constants.array(name, view)
        };
        // The biases of the input's side come first, then those of the hidden side.
        let bias = |side: usize| {
            let half = |named: &Named<'a>| {
                let (name, view) = part(named);
                let width = view.shape[0] / 2;
                let (start, range) = (side * width, ["first half", "second half"][side]);
                let view = view.slice(0, start, width, 1);
                constants.array(format!("{name}, {range}"), view)
            };
            self.b.as_ref().map(half).transpose()
        };
        let gates = match settings.input_forget {
            true => Gates::ForgetFromInput,
            false => Gates::All,
        };
        Ok(CellArrays {
            layout: settings.kind.layout(gates),
            options,
            w_input: array(&self.w)?,
            w_hidden: array(&self.r)?,
            bias: bias(0)?,
            bias_hidden: bias(1)?,
            w_project: None,
            peephole: self.p.as_ref().map(array).transpose()?,
        })
    }
}

fn check((name, view): &Named<'_>, expected: Vec<usize>, reason: &str) -> Result<(), WeightsError> {
    if view.shape.len() != expected.len() {
        return Err(wrong_rank(&(name, view.clone()), expected.len()));
    }
    if view.shape == expected {
        return Ok(());
    }
    Err(WeightsErrorKind::Shape {
        tensor: (*name).into(),
        given: view.shape.clone(),
        expected,
        reason: reason.into(),
    }
    .into())
}

fn wrong_rank((name, view): &Named<'_>, expected: usize) -> WeightsError {
    WeightsErrorKind::Rank {
        tensor: (*name).into(),
        given: view.shape.clone(),
        expected,
    }
    .into()
}

/// The error that an array has another number of dimensions.
pub(super) fn rank(array: &Array<'_>, expected: usize) -> WeightsError {
    WeightsErrorKind::Rank {
        tensor: array.name().into(),
        given: array.shape().to_vec(),
        expected,
    }
    .into()
}
