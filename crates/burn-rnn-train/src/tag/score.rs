//! How good tags are.

use burn_rnn_data::{SpanScore, TagVocabulary, TaggedSentences, is_iob};

/// The figures of tags beside the true ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TagScore {
    /// The share of tokens with the right tag.
    pub accuracy: f64,
    /// The F1 score of whole spans, where the true tags are IOB.
    pub f1: Option<f64>,
}

/// Compares tags, a list a sentence, with those of the sentences.
pub fn score_tags(
    given: impl IntoIterator<Item = Vec<String>>,
    sentences: &TaggedSentences,
) -> TagScore {
    let mut spans = SpanScore::default();
    let (mut right, mut count) = (0, 0);
    for (given, sentence) in given.into_iter().zip(sentences.iter()) {
        spans.add(&given, &sentence.tags);
        right += given
            .iter()
            .zip(&sentence.tags)
            .filter(|(a, b)| a == b)
            .count();
        count += sentence.tags.len();
    }
    TagScore {
        accuracy: right as f64 / count.max(1) as f64,
        f1: is_iob(TagVocabulary::new(sentences).tags()).then(|| spans.f1()),
    }
}

#[cfg(test)]
mod tests {
    use burn_rnn_data::TaggedSentence;

    use super::*;

    #[test]
    fn f1_is_that_of_iob_tags_alone() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let sentence = |tags: &str| -> TaggedSentences {
            let (tokens, tags) = (words(tags), words(tags));
            [TaggedSentence { tokens, tags }].into_iter().collect()
        };
        let score = score_tags([words("B-A O")], &sentence("B-A I-A"));
        assert_eq!((score.accuracy, score.f1), (0.5, Some(0.0)));
        let score = score_tags([words("N V V")], &sentence("N V N"));
        assert_eq!(score.f1, None);
    }
}
