//! What a model thinks while it reads a string.

use std::path::{Path, PathBuf};

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::{REBER_SYMBOLS, ReberWalk};

use super::{ReberModel, one_hot};
use crate::TrainError;
use crate::floats::floats;
use crate::grid::{Grid, draw_grids};

/// The units that are shown.
const UNITS: usize = 24;

/// Draws `reber.png` and `reber.svg` in `folder`: after each symbol of `string` the probability of each
/// symbol to come next, those that may come framed, and below what the hidden units of the last layer do.
pub(super) fn reading(
    folder: &Path,
    model: &ReberModel,
    string: &str,
    device: &Device,
) -> Result<[PathBuf; 2], TrainError> {
    let read = &string[..string.len() - 1];
    let steps = read.len();
    let symbols = REBER_SYMBOLS.len();
    let input = Tensor::<3>::from_data(TensorData::new(one_hot(read), [1, steps, symbols]), device);
    let (hidden, _) = model.network.forward(input, None);
    let units = hidden.dims()[2];
    let likely = softmax(model.head.logits(hidden.clone()), 2);
    let columns: Vec<String> = read.chars().map(String::from).collect();
    let legal: Vec<Vec<char>> = (1..=steps)
        .map(|end| ReberWalk::after(&read[..end]).map_or(Vec::new(), ReberWalk::legal))
        .collect();
    let framed = REBER_SYMBOLS
        .iter()
        .flat_map(|symbol| legal.iter().map(move |legal| legal.contains(symbol)));
    let probabilities = Grid {
        title: format!(
            "Probability of the next symbol after each symbol of {string}; framed: legal"
        ),
        rows: REBER_SYMBOLS
            .map(|symbol| format!("next {symbol}"))
            .to_vec(),
        columns: columns.clone(),
        values: by_row(likely),
        framed: framed.collect(),
        row_height: 26,
        ..Grid::default()
    };
    let shown = units.min(UNITS);
    let activations = Grid {
        title: format!("Hidden units 1 to {shown} of {units}: orange above zero, blue below"),
        rows: Vec::new(),
        columns,
        values: by_row(hidden.narrow(2, 0, shown)),
        row_height: 12,
        ..Grid::default()
    };
    draw_grids(folder, "reber", 40, &[probabilities, activations])
}

/// `[1, steps, rows]` as rows of steps.
fn by_row(values: Tensor<3>) -> Vec<f32> {
    floats(values.swap_dims(1, 2))
}
