//! What a tagger has to beat.

use std::collections::{BTreeMap, HashMap};

use super::TaggedSentence;

/// Gives each token the tag that it had most often, and a new token the most frequent tag of all.
#[derive(Clone, Debug)]
pub struct TagBaseline {
    tags: HashMap<String, String>,
    other: String,
}

impl TagBaseline {
    /// Counts the tags of the sentences; the first in the alphabet wins a draw.
    pub fn fit(sentences: &[TaggedSentence]) -> Self {
        let mut counts = BTreeMap::<&str, BTreeMap<&str, usize>>::new();
        let mut all = BTreeMap::<&str, usize>::new();
        for sentence in sentences {
            for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
                *counts.entry(token).or_default().entry(tag).or_default() += 1;
                *all.entry(tag).or_default() += 1;
            }
        }
        let tags = counts.iter();
        Self {
            tags: tags
                .map(|(token, tags)| ((*token).to_owned(), most(tags)))
                .collect(),
            other: most(&all),
        }
    }

    /// The tags of a sentence.
    pub fn tags(&self, tokens: &[String]) -> Vec<String> {
        let tag = |token| self.tags.get(token).unwrap_or(&self.other).clone();
        tokens.iter().map(tag).collect()
    }
}

fn most(counts: &BTreeMap<&str, usize>) -> String {
    let most = counts.iter().rev().max_by_key(|(_, count)| **count);
    most.map_or(String::new(), |(tag, _)| (*tag).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_tag_wins() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let sentence = TaggedSentence {
            tokens: words("can can can can you you"),
            tags: words("V V N V Q P"),
        };
        let baseline = TagBaseline::fit(&[sentence]);
        assert_eq!(baseline.tags(&words("you can nots")), ["P", "V", "V"]);
    }
}
