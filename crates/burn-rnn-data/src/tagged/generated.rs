//! Tagged sentences by a small grammar, to learn from where there is no file.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{TaggedSentence, TaggedSentences};

const FIRST: [&str; 10] = [
    "Chelsea", "Florence", "Georgia", "Houston", "Jordan", "Lincoln", "Madison", "Morgan",
    "Sydney", "Victoria",
];
const SECOND: [&str; 8] = [
    "Banks", "Brook", "Ford", "Hill", "Marsh", "Parks", "Stone", "Woods",
];

/// What is named, with the words that tell before a name and those that tell after it.
const KINDS: [(&str, [&str; 4], [&str; 4]); 3] = [
    (
        "PER",
        [
            "we greeted",
            "she wrote to",
            "nobody believed",
            "the nurse called",
        ],
        [
            "slept until noon",
            "laughed at us",
            "wore a hat",
            "married a farmer",
        ],
    ),
    (
        "LOC",
        [
            "we drove through",
            "it rains in",
            "the road leads to",
            "trains stop at",
        ],
        [
            "lies by the river",
            "floods in spring",
            "has two bridges",
            "borders on the sea",
        ],
    ),
    (
        "ORG",
        [
            "she works for",
            "investors trust",
            "he left his job with",
            "the bank lent money to",
        ],
        [
            "reported a loss",
            "hired forty people",
            "merged last week",
            "sold its shares",
        ],
    ),
];
const BEFORE: [&str; 4] = ["", "", "good old", "the very famous"];
const ASIDES: [&str; 4] = ["", "", ", as everybody knows ,", ", they say ,"];
const JOINS: [&str; 3] = ["and", "because", "while"];

/// `count` sentences in which names of one or two words are tagged as persons, places and firms:
/// `B-PER`, `I-PER`, `B-LOC`, … and `O` for the rest.
///
/// The names are the same for all three. Which of them is meant, the words **before** it tell where the
/// name ends its clause (`trains stop at good old Lincoln Hill`), and the words **after** it where it begins
/// the clause, an aside of up to five words between (`Lincoln Hill , as everybody knows , hired forty
/// people`). All tags follow from the sentence; who reads it in one direction alone has to guess every
/// second name. The same seed gives the same sentences.
pub fn generate_tagged(count: usize, seed: u64) -> TaggedSentences {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| sentence(&mut rng)).collect()
}

fn sentence(rng: &mut ChaCha8Rng) -> TaggedSentence {
    let mut sentence = TaggedSentence {
        tokens: Vec::new(),
        tags: Vec::new(),
    };
    for clause in 0..rng.random_range(1..4) {
        if clause > 0 {
            sentence.words(some(&JOINS, rng));
        }
        sentence.clause(rng);
    }
    sentence.words(".");
    sentence
}

fn some<T: Copy>(choices: &[T], rng: &mut ChaCha8Rng) -> T {
    *choices.choose(rng).expect("there is one to choose")
}

impl TaggedSentence {
    fn clause(&mut self, rng: &mut ChaCha8Rng) {
        let (kind, before, after) = some(&KINDS, rng);
        if rng.random() {
            self.words(some(&before, rng));
            self.words(some(&BEFORE, rng));
            self.name(kind, rng);
        } else {
            self.words(some(&BEFORE, rng));
            self.name(kind, rng);
            self.words(some(&ASIDES, rng));
            self.words(some(&after, rng));
        }
    }

    fn name(&mut self, kind: &str, rng: &mut ChaCha8Rng) {
        self.push(some(&FIRST, rng), format!("B-{kind}"));
        if rng.random() {
            self.push(some(&SECOND, rng), format!("I-{kind}"));
        }
    }

    fn words(&mut self, words: &str) {
        for word in words.split_whitespace() {
            self.push(word, "O".to_owned());
        }
    }

    fn push(&mut self, token: &str, tag: String) {
        self.tokens.push(token.to_owned());
        self.tags.push(tag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{iob_spans, is_iob};

    #[test]
    fn names_tell_nothing_and_both_sides_are_needed() {
        let sentences = generate_tagged(3000, 2);
        assert_eq!(sentences, generate_tagged(3000, 2));
        assert_ne!(sentences, generate_tagged(3000, 3));
        assert!(sentences.iter().all(|sentence| is_iob(&sentence.tags)));

        // A name and the word before it, at the start of a sentence: every kind is as likely.
        let first = |kind: &str| {
            let begins = sentences.iter().filter(|sentence| sentence.tags[0] == kind);
            begins.count() as f64
        };
        let counts = ["B-PER", "B-LOC", "B-ORG"].map(first);
        assert!(
            counts
                .iter()
                .all(|count| (count / counts[0] - 1.0).abs() < 0.3),
            "{counts:?}"
        );

        let spans = sentences
            .iter()
            .flat_map(|sentence| iob_spans(&sentence.tags));
        let lengths: Vec<usize> = spans.map(|span| span.end - span.start).collect();
        assert!(lengths.contains(&1) && lengths.iter().all(|length| *length <= 2));
    }
}
