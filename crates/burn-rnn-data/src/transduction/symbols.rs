//! The characters of one side of the pairs, and the symbols that are none.

use serde::{Deserialize, Serialize};

use crate::{DataError, Vocabulary};

/// The symbols of a sequence: filler, begin, end, and from 3 on the characters of a [`Vocabulary`].
/// Serialized as the vocabulary is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbols {
    vocabulary: Vocabulary,
}

impl Symbols {
    /// What stands behind the end of a shorter sequence.
    pub const PAD: u32 = 0;
    /// What stands before the first character.
    pub const BEGIN: u32 = 1;
    /// What stands after the last character.
    pub const END: u32 = 2;
    const CHARACTERS: u32 = 3;
    /// The most characters of a text that networks read: they hold what they make of all of them at once.
    pub const LONGEST: usize = 10_000;

    /// The characters that occur in `texts`.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let all: String = texts.into_iter().collect();
        Self {
            vocabulary: Vocabulary::from_text(&all),
        }
    }

    /// How many symbols there are, those that are no characters included.
    pub fn len(&self) -> usize {
        self.vocabulary.len() + Self::CHARACTERS as usize
    }

    /// Never: three symbols are always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The symbols of a text, with [`END`](Self::END) behind them.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownCharacter`] with the first character that has none.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DataError> {
        let characters = self.vocabulary.encode(text)?.into_iter();
        let characters = characters.map(|id| id + Self::CHARACTERS);
        Ok(characters.chain([Self::END]).collect())
    }

    /// The text up to the first symbol that is no character.
    pub fn decode(&self, symbols: &[u32]) -> String {
        let characters = symbols
            .iter()
            .map_while(|symbol| symbol.checked_sub(Self::CHARACTERS));
        let ids: Vec<u32> = characters.collect();
        self.vocabulary.decode(&ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_and_the_other_symbols_are_none_of_it() {
        let symbols = Symbols::from_texts(["ab", "cä"]);
        assert_eq!(symbols.len(), 7);
        let encoded = symbols.encode("äba").unwrap();
        assert_eq!(encoded, [6, 4, 3, Symbols::END]);
        let more = [&encoded[..], &[3, Symbols::PAD]].concat();
        assert_eq!(symbols.decode(&more), "äba");
        let error = symbols.encode("abX").unwrap_err().to_string();
        assert!(error.contains("'X' at position 2"), "{error}");
    }
}
