//! What a tagger thinks of a sentence.

use std::path::{Path, PathBuf};

use burn_rnn_data::TaggedSentence;

use super::Tagger;
use crate::TrainError;
use crate::grid::{Grid, draw_grids};

/// Draws `tags.png` and `tags.svg` in `folder`: the probability of every tag for every token, the true
/// tags framed.
pub(super) fn sentence(
    folder: &Path,
    title: &str,
    tagger: &Tagger,
    sentence: &TaggedSentence,
) -> Result<[PathBuf; 2], TrainError> {
    let tags = tagger.settings.tags.tags();
    let framed = sentence
        .tags
        .iter()
        .flat_map(|truth| tags.iter().map(move |tag| tag == truth));
    let grid = Grid {
        title: title.to_owned(),
        rows: sentence.tokens.clone(),
        columns: tags.to_vec(),
        values: tagger.probabilities(&sentence.tokens),
        framed: framed.collect(),
        row_height: 24,
        ..Grid::default()
    };
    draw_grids(folder, "tags", 70, &[grid])
}
