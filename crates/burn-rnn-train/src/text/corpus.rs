//! The text that a model learns from.

use burn_rnn_data::{DataError, PackedIds, Vocabulary};

/// A text as numbers, the last tenth held out.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The characters of the whole text.
    pub vocabulary: Vocabulary,
    /// The first nine tenths.
    pub train: PackedIds,
    /// The last tenth, which the model does not learn from.
    pub held_out: PackedIds,
}

impl Corpus {
    /// Splits a text of which training and held-out part have to give a window of `seq_len`
    /// characters each.
    ///
    /// # Errors
    ///
    /// Where the text is too short for that.
    pub fn new(text: &str, seq_len: usize) -> Result<Self, DataError> {
        // A window reads `seq_len` characters and has to know the one after them.
        let needed = 10 * (seq_len + 1);
        let characters = text.chars().count();
        if characters < needed {
            return Err(DataError::TextTooShort { characters, needed });
        }
        Self::with_vocabulary(text, Vocabulary::from_text(text))
    }

    /// The same split of a text for a model that knows these characters.
    ///
    /// # Errors
    ///
    /// Where the text has others.
    pub fn with_vocabulary(text: &str, vocabulary: Vocabulary) -> Result<Self, DataError> {
        let all = vocabulary.pack(text)?;
        let end = all.len() * 9 / 10;
        Ok(Self {
            vocabulary,
            train: all.slice(0..end),
            held_out: all.slice(end..all.len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tenth_is_held_out() {
        let corpus = Corpus::new(&"abcdefghij".repeat(6), 5).unwrap();
        assert_eq!(corpus.vocabulary.len(), 10);
        assert_eq!(corpus.train.len(), 54);
        assert!(corpus.held_out.iter().eq(4..10));
    }

    #[test]
    fn a_short_text_is_told_what_it_lacks() {
        let error = Corpus::new(&"x".repeat(59), 5).unwrap_err().to_string();
        assert!(error.contains("59") && error.contains("60"), "{error}");
    }
}
