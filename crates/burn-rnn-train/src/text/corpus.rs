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
        let end = held_out_from(text, seq_len)?;
        let vocabulary = Vocabulary::from_text(text);
        let all = vocabulary.pack(text)?;
        Ok(Self {
            vocabulary,
            train: all.slice(0..end),
            held_out: all.slice(end..all.len()),
        })
    }
}

/// The held-out part of a text for a model that knows a vocabulary already.
pub(super) struct HeldOut {
    /// The characters that the model knows, as if there were no others.
    pub(super) known: PackedIds,
    /// The number of the others.
    pub(super) unknown: usize,
}

impl HeldOut {
    /// That of a text, as [`Corpus::new`] splits it.
    ///
    /// # Errors
    ///
    /// Where the text is too short.
    pub(super) fn of(
        text: &str,
        vocabulary: &Vocabulary,
        seq_len: usize,
    ) -> Result<Self, DataError> {
        let held_out = text.chars().skip(held_out_from(text, seq_len)?);
        let (mut known, mut unknown) = (String::new(), 0);
        for character in held_out {
            match vocabulary.contains(character) {
                true => known.push(character),
                false => unknown += 1,
            }
        }
        Ok(Self {
            known: vocabulary.pack(&known)?,
            unknown,
        })
    }
}

/// The number of the character that the last tenth of a text begins with.
fn held_out_from(text: &str, seq_len: usize) -> Result<usize, DataError> {
    // A window reads `seq_len` characters and has to know the one after them.
    let needed = seq_len.saturating_add(1).saturating_mul(10);
    let characters = text.chars().count();
    match characters < needed {
        true => Err(DataError::TextTooShort { characters, needed }),
        false => Ok(characters * 9 / 10),
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
    fn what_a_model_does_not_know_is_counted() {
        let vocabulary = Vocabulary::from_text("ab");
        let text = format!("{}abθbaθab", "θ".repeat(72));
        let held_out = HeldOut::of(&text, &vocabulary, 7).unwrap();
        assert!(held_out.known.iter().eq([0, 1, 1, 0, 0, 1]));
        assert_eq!(held_out.unknown, 2);
        let error = HeldOut::of(&text, &vocabulary, 8).err().unwrap();
        assert!(error.to_string().contains("has 80 characters"), "{error}");
    }

    #[test]
    fn a_short_text_is_told_what_it_lacks() {
        let error = Corpus::new(&"x".repeat(59), 5).unwrap_err().to_string();
        assert!(error.contains("59") && error.contains("60"), "{error}");
    }
}
