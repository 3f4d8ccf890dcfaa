//! Configurations and data that make no sense, told as typed errors.

use burn::tensor::DType;
use thiserror::Error;

/// Why a configuration cannot be turned into a network.
///
/// `try_init` and `validate` return it; `init` panics with the same message.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A size that has to be at least one is zero.
    #[error("{field} is 0, expected at least 1: give {field} a positive size")]
    ZeroSize {
        /// The name of the setting.
        field: &'static str,
    },
    /// A size whose parameters no machine holds.
    #[error(
        "{field} is {size}, with {d_hidden} hidden units a matrix of more than 2^40 numbers: give a smaller size"
    )]
    TooLarge {
        /// The name of the setting.
        field: &'static str,
        /// The size given.
        size: usize,
        /// The number of hidden units that it is multiplied by.
        d_hidden: usize,
    },
    /// A dropout probability outside `[0, 1)`.
    #[error(
        "dropout is {value}, expected a probability of at least 0 and below 1: 0 switches it off"
    )]
    Dropout {
        /// The probability given.
        value: f64,
    },
    /// A probability of a regularizer outside `[0, 1)`.
    #[error(
        "{setting} is {value}, expected a probability of at least 0 and below 1: 0 switches it off"
    )]
    Probability {
        /// The name of the setting.
        setting: &'static str,
        /// The probability given.
        value: f64,
    },
    /// A regularizer that a cell cannot have.
    #[error("{cell} does not take {setting} = {value}: {reason}")]
    Regularizer {
        /// The name of the cell.
        cell: &'static str,
        /// The name of the setting.
        setting: &'static str,
        /// The value given.
        value: f64,
        /// What is in the way, and what to do.
        reason: &'static str,
    },
    /// A stack without layers.
    #[error(
        "the list of layers is empty, expected at least one layer: use with_layers(n) with n ≥ 1 or with_layer_sizes with one size a layer"
    )]
    NoLayers,
    /// Two layers that do not fit together.
    #[error(
        "layer {layer} reads {d_input} features but layer {before} gives {d_output}: both have to be equal",
        before = layer - 1
    )]
    LayerMismatch {
        /// The index of the layer that reads, counted from 0.
        layer: usize,
        /// What it reads.
        d_input: usize,
        /// What the layer before it gives.
        d_output: usize,
    },
    /// A residual skip around a layer whose output has another size than its input.
    #[error(
        "residual skip around layer {layer} needs equal sizes, but it reads {d_input} features and gives {d_output}: make the sizes equal or switch residual off"
    )]
    ResidualSizes {
        /// The index of the layer, counted from 0.
        layer: usize,
        /// What the layer reads.
        d_input: usize,
        /// What the layer gives.
        d_output: usize,
    },
    /// Residual and dense skips at once.
    #[error(
        "residual and dense skips are both on, expected one of them: a dense stack hands every output on already, switch residual off"
    )]
    Skips,
    /// Two directions that cannot be merged or do not read the same input.
    #[error(
        "the two directions differ in {what}: forward has {forward}, backward has {backward}; make them equal{hint}"
    )]
    Directions {
        /// Which size differs.
        what: &'static str,
        /// The size of the forward direction.
        forward: usize,
        /// The size of the backward direction.
        backward: usize,
        /// A way out where there is one.
        hint: &'static str,
    },
    /// Queries and keys of different sizes, whose dot product there is not.
    #[error(
        "the dot score needs equal sizes, but queries have {d_query} features and keys {d_key}: make them equal or take the general or the additive score"
    )]
    AttentionSizes {
        /// The number of features of a query.
        d_query: usize,
        /// The number of features of a key.
        d_key: usize,
    },
    /// An initialization that the architecture cannot take.
    #[error("initialization {given} does not fit: {reason}")]
    Initialization {
        /// The initialization, as configured.
        given: String,
        /// What is in the way, and what to do.
        reason: &'static str,
    },
    /// An activation whose parameters make no differentiable function.
    #[error("activation {given} does not fit: {reason}")]
    Activation {
        /// The activation, as configured.
        given: String,
        /// What is in the way, and what to do.
        reason: &'static str,
    },
    /// A clip that is no bound.
    #[error(
        "{field} is {value}, expected a positive number: leave it out where nothing is clipped"
    )]
    Clip {
        /// The name of the setting.
        field: &'static str,
        /// The bound given.
        value: f32,
    },
    /// Options of one cell that contradict each other.
    #[error("{given} makes no sense: {reason}")]
    Cell {
        /// The options given.
        given: &'static str,
        /// What is in the way, and what to do.
        reason: &'static str,
    },
}

/// Why data do not say where sequences end or begin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SequencesError {
    /// A length below zero.
    #[error("sequence {sequence} has length {length}, expected at least 0")]
    NegativeLength {
        /// The index of the sequence.
        sequence: usize,
        /// The length given.
        length: i64,
    },
    /// A mask in which a step follows padding.
    #[error(
        "sequence {sequence} of the mask is padding at step {hole} but has a step at {step}, expected padding at the end alone: true for the \
         steps that are there, false after the last one"
    )]
    Hole {
        /// The index of the sequence.
        sequence: usize,
        /// The first step that is padding.
        hole: usize,
        /// The first step after it that is none.
        step: usize,
    },
    /// Rows of unequal lengths.
    #[error(
        "row {sequence} of the resets has {steps} steps and those before it {expected}, expected the input's [batch, time]"
    )]
    UnequalRows {
        /// The index of the row.
        sequence: usize,
        /// Its steps.
        steps: usize,
        /// The steps of the first row.
        expected: usize,
    },
}

/// Why a [`Stream`](crate::Stream) cannot do with its rows what is asked for, or cannot go on from a state or a snapshot.
///
/// Nothing has been changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A row that the stream has not.
    #[error(
        "Stream: there is no row {row}, expected one of 0..{batch}: make the stream for more sequences, or free a row"
    )]
    Row {
        /// The row asked for.
        row: usize,
        /// The number of rows.
        batch: usize,
    },
    /// A state or a snapshot of another kind of cell.
    #[error(
        "Stream: the snapshot is of a network of {given}, expected one of {expected}: restore it into the network that it was taken of"
    )]
    Cell {
        /// The cell of the snapshot.
        given: String,
        /// The cell of the stream.
        expected: &'static str,
    },
    /// More or fewer layers.
    #[error(
        "Stream: the state has {given} layers, expected {expected}: give the state of a network with the same settings"
    )]
    Layers {
        /// The layers of the state.
        given: usize,
        /// The layers of the network.
        expected: usize,
    },
    /// A state of two directions.
    #[error(
        "{cell}: the state has two directions, but the layer runs in one direction: give the state of a network with the same settings"
    )]
    Directions {
        /// The cell of the stream.
        cell: &'static str,
    },
    /// A tensor of another shape.
    #[error(
        "{cell}: the state of layer {layer} has a tensor of shape {given:?}, expected [batch, features] = {expected:?}: give a state of as many \
         sequences and units as zero_state({}) has",
        expected[0]
    )]
    Shape {
        /// The cell of the stream.
        cell: &'static str,
        /// The layer, counted from 0.
        layer: usize,
        /// The shape given.
        given: [usize; 2],
        /// The shape `[batch, features]` that it has to have.
        expected: [usize; 2],
    },
    /// More tensors than the cell carries, or in a snapshot fewer.
    #[error(
        "{cell}: the state of layer {layer} has tensors of shapes {given:?}, expected {expected:?}: give the state of a network with the same \
         settings"
    )]
    Tensors {
        /// The cell of the stream.
        cell: &'static str,
        /// The layer, counted from 0.
        layer: usize,
        /// The shapes given.
        given: Vec<[usize; 2]>,
        /// The shapes that the cell carries.
        expected: Vec<[usize; 2]>,
    },
    /// Floats of another type.
    #[error(
        "Stream: the state is of {given:?}, but the parameters are of {expected:?}: cast its tensors with Tensor::cast(DType::{expected:?})"
    )]
    FloatType {
        /// The type of the state.
        given: DType,
        /// The type of the parameters.
        expected: DType,
    },
    /// A snapshot with more or less in it than its shapes say: not one that a stream has made, or no longer whole.
    #[error(
        "Stream: a tensor of layer {layer} of the snapshot has {given} bytes, expected {expected}: the snapshot is damaged, take another one"
    )]
    Damaged {
        /// The layer, counted from 0.
        layer: usize,
        /// The bytes that are there.
        given: usize,
        /// The bytes that there should be.
        expected: usize,
    },
    /// A snapshot that was changed since a stream made it.
    #[error(
        "Stream: the content of the snapshot has the checksum {given:08x}, expected {expected:08x}: the snapshot is damaged, take another one"
    )]
    Checksum {
        /// The CRC-32 of what is there.
        given: u32,
        /// The CRC-32 that was written.
        expected: u32,
    },
}

/// A positive size, or the error that names the setting.
pub(crate) fn at_least_one(field: &'static str, size: usize) -> Result<(), ConfigError> {
    if size == 0 {
        return Err(ConfigError::ZeroSize { field });
    }
    Ok(())
}

/// A size whose matrix is one that a machine can hold, so that nothing overflows later; or the error that names the setting.
pub(crate) fn fits_memory(
    field: &'static str,
    size: usize,
    d_hidden: usize,
) -> Result<(), ConfigError> {
    match size.checked_mul(d_hidden) {
        Some(numbers) if numbers <= 1 << 40 => Ok(()),
        _ => Err(ConfigError::TooLarge {
            field,
            size,
            d_hidden,
        }),
    }
}

/// A probability in `[0, 1)`, or the error that names the setting.
pub(crate) fn probability(setting: &'static str, value: f64) -> Result<(), ConfigError> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Probability { setting, value })
}

/// A probability in `[0, 1)`, or the error.
pub(crate) fn dropout_probability(value: f64) -> Result<(), ConfigError> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Dropout { value })
}

/// Refuses biases of the hidden side where there are none of the input's.
pub(crate) fn check_bias_hidden(bias_hidden: bool, bias: bool) -> Result<(), ConfigError> {
    if bias_hidden && !bias {
        return Err(ConfigError::Cell {
            given: "a bias on the hidden side without biases",
            reason: "switch the bias on, or the one of the hidden side off",
        });
    }
    Ok(())
}
