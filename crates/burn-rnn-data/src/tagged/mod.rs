//! Sentences whose tokens have tags: names, parts of speech.
//!
//! [`read_conll`] reads them from columns, [`generate_tagged`] makes some, [`tokenize`] takes plain sentences apart;
//! [`TokenVocabulary`] and
//! [`TagVocabulary`] number tokens and tags; [`iob_spans`] and [`SpanScore`] count whole names;
//! [`TagBaseline`] is what a tagger has to beat. [`bucketed`](crate::bucketed) and [`pad`](crate::pad) batch
//! sentences of unequal lengths.

mod baseline;
mod conll;
mod generated;
mod sentences;
mod span;
mod tokenize;
mod vocabulary;

pub use baseline::TagBaseline;
pub use conll::{ConllColumns, read_conll};
pub use generated::generate_tagged;
pub use sentences::TaggedSentences;
pub use span::{Span, SpanScore, iob_spans, is_iob};
pub use tokenize::tokenize;
pub use vocabulary::{SHAPES, TagVocabulary, TokenVocabulary, shape, suffix};

/// A sentence: as many tags as tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaggedSentence {
    /// The tokens.
    pub tokens: Vec<String>,
    /// The tag of each token.
    pub tags: Vec<String>,
}

impl TaggedSentence {
    /// The most tokens of a sentence that networks read: they hold what they make of all of them at once.
    pub const LONGEST: usize = 10_000;
}
