//! What a tagger has to beat.

use std::collections::BTreeMap;

use super::TaggedSentences;

/// Gives each token the tag that it had most often, and a new token the most frequent tag of all.
#[derive(Clone, Debug)]
pub struct TagBaseline {
    sentences: TaggedSentences,
    /// For each token in ascending order a place where it has its usual tag.
    usual: Vec<u32>,
    other: String,
}

impl TagBaseline {
    /// Counts the tags of the sentences; the first in the alphabet wins a draw.
    pub fn fit(sentences: &TaggedSentences) -> Self {
        let mut all = BTreeMap::<&str, usize>::new();
        for (_, tag) in sentences.tokens() {
            *all.entry(tag).or_default() += 1;
        }
        let most = all.iter().rev().max_by_key(|(_, count)| **count);
        let other = most.map_or(String::new(), |(tag, _)| (*tag).to_owned());
        let at = |place: &u32| sentences.at(*place as usize);
        let mut places: Vec<u32> = sentences.all_places().map(|place| place as u32).collect();
        places.sort_unstable_by(|a, b| at(a).cmp(&at(b)));
        let alike = places.chunk_by(|a, b| at(a).0 == at(b).0);
        let usual = alike.filter_map(|places| {
            let tags = places.chunk_by(|a, b| at(a).1 == at(b).1);
            tags.rev()
                .max_by_key(|places| places.len())
                .map(|places| places[0])
        });
        Self {
            usual: usual.collect(),
            sentences: sentences.clone(),
            other,
        }
    }

    /// The tags of a sentence.
    pub fn tags(&self, tokens: &[String]) -> Vec<String> {
        let at = |place: &u32| self.sentences.at(*place as usize);
        let tag = |token: &String| {
            let found = self.usual.binary_search_by(|place| at(place).0.cmp(token));
            found.map_or(self.other.clone(), |index| {
                at(&self.usual[index]).1.to_owned()
            })
        };
        tokens.iter().map(tag).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaggedSentence;

    #[test]
    fn the_most_frequent_tag_wins() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let sentence = TaggedSentence {
            tokens: words("can can can can you you"),
            tags: words("V V N V Q P"),
        };
        let baseline = TagBaseline::fit(&[sentence].into_iter().collect());
        assert_eq!(baseline.tags(&words("you can nots")), ["P", "V", "V"]);
    }
}
