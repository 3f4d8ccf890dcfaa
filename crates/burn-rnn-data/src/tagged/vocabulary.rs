//! Tokens and tags as numbers.

use serde::{Deserialize, Serialize};

use super::TaggedSentences;
use crate::DataError;

/// Tokens numbered from 1 in ascending order; 0 stands for every other token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct TokenVocabulary(Vec<String>);

impl TokenVocabulary {
    /// The number of a token that the vocabulary lacks.
    pub const UNKNOWN: u32 = 0;

    /// The tokens that come at least `least` times.
    pub fn new<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>, least: usize) -> Self {
        // Sorted as places in one text: a map of so many strings would be ten times as large as they are.
        let (mut text, mut places) = (String::new(), Vec::new());
        for token in tokens {
            let token = token.as_ref();
            places.push((text.len(), token.len() as u32));
            text.push_str(token);
        }
        let token = |&(start, length): &(usize, u32)| &text[start..start + length as usize];
        places.sort_unstable_by(|a, b| token(a).cmp(token(b)));
        let alike = places.chunk_by(|a, b| token(a) == token(b));
        let often = alike.filter(|places| places.len() >= least);
        Self(often.map(|places| token(&places[0]).to_owned()).collect())
    }

    /// How many numbers there are, that of unknown tokens included.
    pub fn size(&self) -> usize {
        self.0.len() + 1
    }

    /// The number of a token.
    pub fn number(&self, token: &str) -> u32 {
        let found = self.0.binary_search_by(|known| known.as_str().cmp(token));
        found.map_or(Self::UNKNOWN, |index| index as u32 + 1)
    }
}

/// The tags that there are, numbered from 0 in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct TagVocabulary(Vec<String>);

impl TagVocabulary {
    /// The tags of the sentences.
    pub fn new(sentences: &TaggedSentences) -> Self {
        Self(sentences.tags())
    }

    /// The tags; the position of each is its number.
    pub fn tags(&self) -> &[String] {
        &self.0
    }

    /// The numbers of a sentence's tags.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] with the tag that the vocabulary lacks.
    pub fn encode(&self, tags: &[String]) -> Result<Vec<u32>, DataError> {
        let number = |tag: &String| match self.0.binary_search(tag) {
            Ok(index) => Ok(index as u32),
            Err(_) => Err(DataError::invalid(
                "a tag of the held-out sentences",
                format!("`{tag}`"),
                format!(
                    "one of those that the training sentences have: {}",
                    self.0.join(", ")
                ),
            )),
        };
        tags.iter().map(number).collect()
    }
}

/// Ascending names, which numbers that a model was trained with depend on.
fn ascending(what: &'static str, names: Vec<String>) -> Result<Vec<String>, DataError> {
    match names.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(names),
        Some(pair) => Err(DataError::invalid(
            what,
            format!("a list with `{}` before `{}`", pair[0], pair[1]),
            "distinct names in ascending order",
        )),
    }
}

impl TryFrom<Vec<String>> for TokenVocabulary {
    type Error = DataError;

    fn try_from(names: Vec<String>) -> Result<Self, DataError> {
        ascending("the list of tokens", names).map(Self)
    }
}

impl From<TokenVocabulary> for Vec<String> {
    fn from(vocabulary: TokenVocabulary) -> Self {
        vocabulary.0
    }
}

impl TryFrom<Vec<String>> for TagVocabulary {
    type Error = DataError;

    fn try_from(names: Vec<String>) -> Result<Self, DataError> {
        ascending("the list of tags", names).map(Self)
    }
}

impl From<TagVocabulary> for Vec<String> {
    fn from(vocabulary: TagVocabulary) -> Self {
        vocabulary.0
    }
}

/// The last three characters of a token in lower case: what an unknown word still tells.
pub fn suffix(token: &str) -> String {
    let lower: Vec<char> = token.to_lowercase().chars().collect();
    lower[lower.len().saturating_sub(3)..].iter().collect()
}

/// How many values [`shape`] gives.
pub const SHAPES: usize = 4;

/// What a token looks like, 1 for yes and 0 for no: begins with a capital; has no lower-case letter but
/// a capital; has a digit; has no letter and no digit.
pub fn shape(token: &str) -> [f32; SHAPES] {
    let any = |is: fn(char) -> bool| token.chars().any(is);
    let begins = token.chars().next().is_some_and(char::is_uppercase);
    [
        begins,
        any(char::is_uppercase) && !any(char::is_lowercase),
        any(char::is_numeric),
        !any(char::is_alphanumeric),
    ]
    .map(|is| f32::from(u8::from(is)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaggedSentence;

    #[test]
    fn rare_tokens_are_unknown() {
        let vocabulary = TokenVocabulary::new(["b", "a", "b", "c", "c"], 2);
        assert_eq!(vocabulary.size(), 3);
        assert_eq!(
            ["a", "b", "c", "d"].map(|token| vocabulary.number(token)),
            [0, 1, 2, 0]
        );
    }

    #[test]
    fn tags_come_back_and_unknown_ones_are_told() {
        let sentence = TaggedSentence {
            tokens: vec!["x".to_owned(); 3],
            tags: ["O", "B-A", "O"].map(str::to_owned).to_vec(),
        };
        let vocabulary = TagVocabulary::new(&[sentence.clone()].into_iter().collect());
        assert_eq!(vocabulary.encode(&sentence.tags).unwrap(), [1, 0, 1]);
        let message = vocabulary
            .encode(&["X".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`X`") && message.contains("B-A, O"),
            "{message}"
        );

        let json = serde_json::to_string(&vocabulary).unwrap();
        assert_eq!(
            serde_json::from_str::<TagVocabulary>(&json).unwrap(),
            vocabulary
        );
        assert!(serde_json::from_str::<TagVocabulary>(r#"["O","B-A"]"#).is_err());
        assert!(serde_json::from_str::<TokenVocabulary>(r#"["a","a"]"#).is_err());
    }

    #[test]
    fn a_token_tells_its_shape_and_ending() {
        assert_eq!(shape("Lincoln"), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(shape("U2"), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(shape(","), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!([suffix("Walking"), suffix("é")], ["ing", "é"]);
    }
}
