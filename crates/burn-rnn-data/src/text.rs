//! Text as characters and their numbers.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::utf8_file::read_utf8;
use crate::{DataError, PackedIds};

/// Reads a UTF-8 text file, as it is but for a byte order mark, which is dropped.
///
/// # Errors
///
/// [`DataError::Unreadable`], [`DataError::NotUtf8`] with the position of the first bad byte, and
/// [`DataError::EmptyText`].
pub fn read_text(path: &Path) -> Result<String, DataError> {
    let text = read_utf8(path)?;
    if text.is_empty() {
        return Err(DataError::EmptyText {
            path: path.to_path_buf(),
        });
    }
    Ok(text)
}

/// The distinct characters of a text, numbered from 0 in the order of their code points.
///
/// The numbering depends on the set of characters only. Serialized as one string of the characters
/// in that order; any other order is refused on reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vocabulary {
    /// Sorted, without repetition.
    chars: Vec<char>,
}

impl TryFrom<String> for Vocabulary {
    type Error = DataError;

    /// Takes the characters in ascending order.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where they are not in ascending order or one is repeated:
    /// sorting them would change the numbers a model was trained with.
    fn try_from(text: String) -> Result<Self, DataError> {
        let chars: Vec<char> = text.chars().collect();
        match chars.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(DataError::invalid(
                "vocabulary",
                format!("a string with {:?} before {:?}", pair[0], pair[1]),
                "distinct characters in ascending order",
            )),
            None => Ok(Self { chars }),
        }
    }
}

impl From<Vocabulary> for String {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.chars.into_iter().collect()
    }
}

impl Vocabulary {
    /// The characters that occur in `text`; none for an empty text.
    pub fn from_text(text: &str) -> Self {
        // A mark for every character that there is takes less than the characters of a long text.
        let mut seen = vec![false; char::MAX as usize + 1];
        for character in text.chars() {
            seen[character as usize] = true;
        }
        let chars = ('\0'..=char::MAX).filter(|character| seen[*character as usize]);
        Self {
            chars: chars.collect(),
        }
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether there is no character.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The characters; the position of each is its number.
    pub fn chars(&self) -> &[char] {
        &self.chars
    }

    /// Whether the character has a number.
    pub fn contains(&self, character: char) -> bool {
        self.chars.binary_search(&character).is_ok()
    }

    /// The number of every character of `text`, each below [`len`](Self::len).
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownCharacter`] with the first one that has no number.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, DataError> {
        self.ids(text).collect()
    }

    /// The same numbers for a long text, in as little memory as they need.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn pack(&self, text: &str) -> Result<PackedIds, DataError> {
        let largest = self.len().saturating_sub(1) as u32;
        PackedIds::new(text.chars().count(), largest, self.ids(text))
    }

    fn ids(&self, text: &str) -> impl Iterator<Item = Result<u32, DataError>> {
        let id = |(position, character)| match self.chars.binary_search(&character) {
            Ok(id) => Ok(id as u32),
            Err(_) => Err(DataError::UnknownCharacter {
                character,
                position,
            }),
        };
        text.chars().enumerate().map(id)
    }

    /// The text that the numbers stand for, the inverse of [`encode`](Self::encode).
    ///
    /// # Panics
    ///
    /// For a number that is not below [`len`](Self::len): a model with as many outputs as the
    /// vocabulary has characters gives none.
    pub fn decode(&self, ids: &[u32]) -> String {
        ids.iter()
            .map(|&id| match self.chars.get(id as usize) {
                Some(character) => *character,
                None => panic!(
                    "there is no character {id}: the vocabulary has {} characters",
                    self.len()
                ),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_are_sorted_and_distinct() {
        let vocabulary = Vocabulary::from_text("hello\nö");
        assert_eq!(vocabulary.chars(), ['\n', 'e', 'h', 'l', 'o', 'ö']);
        assert_eq!(vocabulary.len(), 6);
        assert!(vocabulary.contains('ö') && !vocabulary.contains('a'));
        assert_eq!(vocabulary, Vocabulary::from_text("ö\nolleh"));
        assert!(Vocabulary::from_text("").is_empty());
    }

    #[test]
    fn encoding_numbers_the_characters() {
        let vocabulary = Vocabulary::from_text("abc");
        assert_eq!(vocabulary.encode("cab").unwrap(), [2, 0, 1]);
        assert_eq!(vocabulary.decode(&[2, 0, 1]), "cab");
    }

    #[test]
    fn an_unknown_character_is_located_in_characters() {
        let error = Vocabulary::from_text("aö").encode("ööx").unwrap_err();
        assert!(
            matches!(
                error,
                DataError::UnknownCharacter {
                    character: 'x',
                    position: 2
                }
            ),
            "{error}"
        );
    }

    #[test]
    #[should_panic(expected = "there is no character 3: the vocabulary has 3 characters")]
    fn an_unknown_number_panics() {
        Vocabulary::from_text("abc").decode(&[0, 3]);
    }

    #[test]
    fn a_vocabulary_survives_a_file_and_a_shuffled_one_is_refused() {
        let vocabulary = Vocabulary::from_text("b\"a\n");
        let json = serde_json::to_string(&vocabulary).unwrap();
        assert_eq!(json, r#""\n\"ab""#);
        assert_eq!(
            serde_json::from_str::<Vocabulary>(&json).unwrap(),
            vocabulary
        );
        for broken in ["\"ba\"", "\"aa\""] {
            let error = serde_json::from_str::<Vocabulary>(broken).unwrap_err();
            assert!(error.to_string().contains("ascending order"), "{error}");
        }
    }

    #[test]
    fn an_empty_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.txt");
        for empty in ["", "\u{feff}"] {
            std::fs::write(&path, empty).unwrap();
            let error = read_text(&path).unwrap_err();
            assert!(matches!(error, DataError::EmptyText { .. }), "{error}");
        }
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "\n");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text: String) {
            let vocabulary = Vocabulary::from_text(&text);
            let ids = vocabulary.encode(&text).unwrap();
            prop_assert_eq!(ids.len(), text.chars().count());
            let packed = vocabulary.pack(&text).unwrap();
            prop_assert!(packed.iter().eq(ids.iter().copied()));
            prop_assert!(ids.iter().all(|&id| (id as usize) < vocabulary.len()));
            prop_assert_eq!(vocabulary.decode(&ids), text);
        }
    }
}
