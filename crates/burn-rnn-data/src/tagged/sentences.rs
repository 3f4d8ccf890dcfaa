//! Many tagged sentences in little memory.

use core::ops::Range;
use std::collections::HashMap;
use std::sync::Arc;

use core::hash::{Hash, Hasher};

use super::TaggedSentence;

/// Tagged sentences, packed: a token takes its letters and nine bytes, so that a file's sentences are about as long as the
/// file. Clones and [parts](Self::part) share one memory.
#[derive(Clone, Debug)]
pub struct TaggedSentences {
    all: Arc<Packed>,
    range: Range<usize>,
}

/// What is shared.
#[derive(Debug, Default)]
struct Packed {
    /// All tokens, one after another.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    /// The number of each token's tag.
    tags: Vec<u32>,
    /// The tags by their numbers.
    names: Vec<Arc<str>>,
    /// The number of tokens up to the end of each sentence.
    sentences: Vec<u32>,
}

impl Hash for TaggedSentences {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for index in 0..self.len() {
            let TaggedSentence { tokens, tags } = self.sentence(index);
            (tokens, tags).hash(state);
        }
    }
}

/// Packs sentences, token by token.
#[derive(Default)]
pub(super) struct Packing {
    packed: Packed,
    numbers: HashMap<Arc<str>, u32>,
}

impl Packing {
    /// The most bytes of all tokens together.
    pub(super) const LARGEST: usize = u32::MAX as usize;

    /// A token of the sentence that is being packed.
    ///
    /// # Panics
    ///
    /// Where all tokens together have more than [`LARGEST`](Self::LARGEST) bytes.
    pub(super) fn push(&mut self, token: &str, tag: &str) {
        let packed = &mut self.packed;
        packed.text.push_str(token);
        let end = u32::try_from(packed.text.len()).expect("tokens of less than 4 GiB");
        packed.ends.push(end);
        let number = self.numbers.get(tag).copied().unwrap_or_else(|| {
            let name: Arc<str> = tag.into();
            let number = packed.names.len() as u32;
            packed.names.push(name.clone());
            self.numbers.insert(name, number);
            number
        });
        packed.tags.push(number);
    }

    /// The number of tokens of the sentence that is being packed.
    pub(super) fn open(&self) -> usize {
        self.packed.ends.len() - self.packed.sentences.last().map_or(0, |end| *end as usize)
    }

    /// Ends a sentence; one without tokens is none.
    pub(super) fn end(&mut self) {
        if self.open() > 0 {
            let end = self.packed.ends.len() as u32;
            self.packed.sentences.push(end);
        }
    }

    pub(super) fn finish(self) -> TaggedSentences {
        TaggedSentences {
            range: 0..self.packed.sentences.len(),
            all: Arc::new(self.packed),
        }
    }
}

impl Packed {
    fn token(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[place] as usize]
    }

    /// The places of a sentence's tokens.
    fn places(&self, sentence: usize) -> Range<usize> {
        let end = |sentence: usize| self.sentences[sentence] as usize;
        sentence.checked_sub(1).map_or(0, end)..end(sentence)
    }

    fn name(&self, place: usize) -> &str {
        &self.names[self.tags[place] as usize]
    }
}

impl TaggedSentences {
    /// How many sentences there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The sentences from `range.start` to before `range.end`.
    ///
    /// # Panics
    ///
    /// Where the range goes beyond the end.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "there are no sentences {range:?} among {}",
            self.len()
        );
        let start = self.range.start;
        Self {
            all: self.all.clone(),
            range: start + range.start..start + range.end,
        }
    }

    /// The number of tokens of a sentence.
    ///
    /// # Panics
    ///
    /// Where there is no such sentence.
    pub fn length(&self, index: usize) -> usize {
        self.all.places(self.range.start + index).len()
    }

    /// A sentence.
    ///
    /// # Panics
    ///
    /// Where there is no such one.
    pub fn sentence(&self, index: usize) -> TaggedSentence {
        assert!(index < self.len(), "there is no sentence {index}");
        let places = self.all.places(self.range.start + index);
        let tokens = places.clone().map(|place| self.all.token(place).to_owned());
        TaggedSentence {
            tokens: tokens.collect(),
            tags: places
                .map(|place| self.all.name(place).to_owned())
                .collect(),
        }
    }

    /// The sentences in their order, each unpacked when it is its turn.
    pub fn iter(&self) -> impl Iterator<Item = TaggedSentence> + '_ {
        (0..self.len()).map(|index| self.sentence(index))
    }

    /// All tokens with their tags.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, &str)> {
        let places = self.all_places();
        places.map(|place| (self.all.token(place), self.all.name(place)))
    }

    /// All places of tokens.
    pub(super) fn all_places(&self) -> Range<usize> {
        match self.is_empty() {
            true => 0..0,
            false => {
                let first = self.all.places(self.range.start).start;
                first..self.all.places(self.range.end - 1).end
            }
        }
    }

    /// The token and its tag at a place.
    pub(super) fn at(&self, place: usize) -> (&str, &str) {
        (self.all.token(place), self.all.name(place))
    }

    /// The tags that there are, in ascending order.
    pub(super) fn tags(&self) -> Vec<String> {
        let mut there = vec![false; self.all.names.len()];
        for &tag in &self.all.tags[self.all_places()] {
            there[tag as usize] = true;
        }
        let names = self.all.names.iter().zip(there);
        let names = names.filter(|(_, there)| *there);
        let mut names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names
    }
}

impl PartialEq for TaggedSentences {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl FromIterator<TaggedSentence> for TaggedSentences {
    /// # Panics
    ///
    /// Where all tokens together have more than 4 GiB.
    fn from_iter<I: IntoIterator<Item = TaggedSentence>>(sentences: I) -> Self {
        let mut packing = Packing::default();
        for sentence in sentences {
            for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
                packing.push(token, tag);
            }
            packing.end();
        }
        packing.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate_tagged;

    #[test]
    fn sentences_come_back_and_parts_are_parts() {
        let sentences = generate_tagged(40, 5);
        let unpacked: Vec<TaggedSentence> = sentences.iter().collect();
        assert_eq!(
            unpacked.iter().cloned().collect::<TaggedSentences>(),
            sentences
        );
        let part = sentences.part(10..30).part(5..7);
        assert_eq!(part.iter().collect::<Vec<_>>(), unpacked[15..17]);
        assert_eq!(part.length(1), unpacked[16].tokens.len());
        let tokens: Vec<&String> = unpacked[15..17].iter().flat_map(|s| &s.tokens).collect();
        assert!(part.tokens().map(|(token, _)| token).eq(tokens));
        let mut tags: Vec<String> = unpacked[15..17]
            .iter()
            .flat_map(|s| s.tags.clone())
            .collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(part.tags(), tags);
        assert!(sentences.part(3..3).tokens().next().is_none());
    }
}
