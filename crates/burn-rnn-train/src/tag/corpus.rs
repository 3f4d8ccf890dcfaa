//! The sentences of a training.

use std::path::Path;

use burn_rnn_data::{ConllColumns, TaggedSentences, generate_tagged, read_conll};

use crate::TrainError;

/// Sentences to learn from, to choose the best model by, and for the figures.
pub(super) struct Corpus {
    pub(super) train: TaggedSentences,
    pub(super) valid: TaggedSentences,
    pub(super) test: TaggedSentences,
}

/// Where they are.
pub(super) struct CorpusFiles<'a> {
    /// Generated ones where `None`.
    pub(super) train: Option<&'a Path>,
    /// The end of the others where `None`.
    pub(super) valid: Option<&'a Path>,
    /// The end of the others where `None`.
    pub(super) test: Option<&'a Path>,
}

impl Corpus {
    /// The sentences that are generated where no file is named.
    pub(super) const GENERATED: usize = 3000;

    /// Without files of their own, the last tenth of the sentences is for the figures, and the tenth before
    /// it chooses the best model.
    pub(super) fn read(
        files: CorpusFiles<'_>,
        columns: ConllColumns,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let mut train = match files.train {
            Some(path) => read_conll(path, columns)?,
            None => generate_tagged(Self::GENERATED, seed),
        };
        let given = train.len();
        let mut part = |path: Option<&Path>| match path {
            Some(path) => read_conll(path, columns),
            None => {
                let rest = train.len() - given / 10;
                let end = train.part(rest..train.len());
                train = train.part(0..rest);
                Ok(end)
            }
        };
        let test = part(files.test)?;
        let valid = part(files.valid)?;
        if valid.is_empty() || test.is_empty() {
            return Err(TrainError::setting(
                "the number of sentences",
                given,
                "at least 10, of which a tenth chooses the best model and a tenth gives the \
                           figures; or name files for these by --valid and --test",
            ));
        }
        Ok(Self { train, valid, test })
    }
}
