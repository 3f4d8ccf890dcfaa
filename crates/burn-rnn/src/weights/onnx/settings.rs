//! The attributes of a recurrent node.

use super::activations::Lists;
use super::graph::Recurrent;
use super::layouts::Kind;
use super::run::OnnxDirection;
use super::wire::malformed;
use crate::Activation;
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// What the attributes of a node say, those that are left out with their defaults.
pub(super) struct Settings {
    pub kind: Kind,
    pub direction: OnnxDirection,
    /// Whether sequences and states have the batch first: `layout` 1.
    pub batch_first: bool,
    pub hidden_size: Option<usize>,
    pub clip: Option<f32>,
    /// The functions of each direction, in ONNX's order.
    pub activations: Vec<Vec<Activation>>,
    /// `f = 1 − i`.
    pub input_forget: bool,
    /// Whether a GRU's reset gate stands after the product.
    pub linear_before_reset: bool,
}

impl Settings {
    pub(super) fn read(recurrent: &Recurrent<'_>) -> Result<Self, WeightsError> {
        let node = &recurrent.node;
        let label = node.label();
        let kind = Kind::of(node.op).ok_or_else(|| refused(label, node.op, "operator"))?;
        let mut settings = Self {
            kind,
            direction: OnnxDirection::Forward,
            batch_first: false,
            hidden_size: None,
            clip: None,
            activations: Vec::new(),
            input_forget: false,
            linear_before_reset: false,
        };
        let mut lists = Lists {
            names: Vec::new(),
            alphas: Vec::new(),
            betas: Vec::new(),
        };
        for attribute in node.attributes() {
            let attribute = attribute?;
            match (attribute.name, kind) {
                ("activations", _) => lists.names = attribute.texts()?,
                ("activation_alpha", _) => lists.alphas = attribute.floats()?,
                ("activation_beta", _) => lists.betas = attribute.floats()?,
                ("clip", _) => settings.clip = Some(attribute.float()?),
                ("direction", _) => settings.direction = direction(label, attribute.text()?)?,
                ("hidden_size", _) => {
                    let size = attribute.int()?;
                    let size = usize::try_from(size)
                        .map_err(|_| malformed(format!("`{label}` has a hidden_size of {size}")))?;
                    settings.hidden_size = Some(size);
                }
                ("layout", _) => {
                    settings.batch_first = flag(label, "layout", attribute.int()?)?;
                }
                ("input_forget", Kind::Lstm) => {
                    settings.input_forget = flag(label, "input_forget", attribute.int()?)?;
                }
                ("linear_before_reset", Kind::Gru) => {
                    settings.linear_before_reset =
                        flag(label, "linear_before_reset", attribute.int()?)?;
                }
                // Before operator set 7 it said whether the first output is used, which the output's name says, too.
                ("output_sequence", _) => {}
                (other, _) => return Err(refused(label, other, "attribute")),
            }
        }
        let directions = settings.direction.count();
        let each = kind.activations().len();
        if lists.names.is_empty() {
            settings.activations = vec![kind.activations().to_vec(); directions];
            return Ok(settings);
        }
        let functions = lists.read(label)?;
        if functions.len() != each * directions {
            return Err(malformed(format!(
                "`{label}` has {} activations, expected {each} for each of {directions} directions",
                functions.len()
            )));
        }
        settings.activations = functions.chunks(each).map(<[_]>::to_vec).collect();
        Ok(settings)
    }
}

fn direction(label: &str, direction: &str) -> Result<OnnxDirection, WeightsError> {
    match direction {
        "forward" => Ok(OnnxDirection::Forward),
        "reverse" => Ok(OnnxDirection::Reverse),
        "bidirectional" => Ok(OnnxDirection::Bidirectional),
        other => Err(refused(label, other, "direction")),
    }
}

fn flag(label: &str, name: &str, value: i64) -> Result<bool, WeightsError> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(malformed(format!(
            "`{label}` has a {name} of {other}, expected 0 or 1"
        ))),
    }
}

fn refused(label: &str, given: &str, what: &str) -> WeightsError {
    WeightsErrorKind::CannotRead {
        what: format!("`{label}`"),
        reason: format!("its {what} `{given}` is none of ONNX's"),
    }
    .into()
}
