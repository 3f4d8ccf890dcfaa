//! Whole names among the tags of a sentence.

/// A stretch of tokens that is one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The kind: what follows `B-` or `I-`.
    pub kind: String,
    /// The first token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
}

/// Whether all tags are `O`, `B-…` or `I-…`, and not all of them `O`.
pub fn is_iob<T: AsRef<str>>(tags: &[T]) -> bool {
    let named = |tag: &T| parts(tag.as_ref()).is_some();
    tags.iter().all(|tag| tag.as_ref() == "O" || named(tag)) && tags.iter().any(named)
}

/// The spans that IOB tags tell: one begins at `B-`, and at `I-` where the tag before is `O` or of
/// another kind, as the CoNLL shared tasks count them (Tjong Kim Sang & De Meulder 2003).
pub fn iob_spans<T: AsRef<str>>(tags: &[T]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, tag) in tags.iter().enumerate() {
        let Some((begins, kind)) = parts(tag.as_ref()) else {
            continue;
        };
        match spans.last_mut() {
            Some(span) if !begins && span.end == at && span.kind == kind => span.end = at + 1,
            _ => spans.push(Span {
                kind: kind.to_owned(),
                start: at,
                end: at + 1,
            }),
        }
    }
    spans
}

/// Whether it begins a span, and the kind.
fn parts(tag: &str) -> Option<(bool, &str)> {
    match tag.strip_prefix("B-") {
        Some(kind) => Some((true, kind)),
        None => Some((false, tag.strip_prefix("I-")?)),
    }
}

/// How many spans are found, there, and both with the same kind, start and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanScore {
    /// Found by the model.
    pub found: usize,
    /// There in truth.
    pub there: usize,
    /// Both.
    pub right: usize,
}

impl SpanScore {
    /// Counts a sentence.
    pub fn add<T: AsRef<str>, U: AsRef<str>>(&mut self, given: &[T], expected: &[U]) {
        let (given, expected) = (iob_spans(given), iob_spans(expected));
        self.right += given.iter().filter(|span| expected.contains(span)).count();
        self.found += given.len();
        self.there += expected.len();
    }

    /// The F1 score, the harmonic mean of precision and recall, `2·right / (found + there)`; 1 where
    /// there is nothing to find and nothing is found.
    pub fn f1(self) -> f64 {
        match self.found + self.there {
            0 => 1.0,
            sum => 2.0 * self.right as f64 / sum as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_end_where_the_kind_changes_or_another_begins() {
        let spans = |tags: &str| -> Vec<(String, usize, usize)> {
            let tags: Vec<&str> = tags.split(' ').collect();
            let spans = iob_spans(&tags).into_iter();
            spans
                .map(|span| (span.kind, span.start, span.end))
                .collect()
        };
        let span = |kind: &str, start, end| (kind.to_owned(), start, end);
        assert_eq!(
            spans("B-A I-A B-A I-B O I-A I-A"),
            [
                span("A", 0, 2),
                span("A", 2, 3),
                span("B", 3, 4),
                span("A", 5, 7)
            ]
        );
        assert_eq!(spans("O I-A O I-A"), [span("A", 1, 2), span("A", 3, 4)]);
        assert!(is_iob(&["O", "B-A"]) && !is_iob(&["O"]) && !is_iob(&["B-A", "NOUN"]));
    }

    #[test]
    fn f1_counts_whole_spans() {
        let mut score = SpanScore::default();
        assert_eq!(score.f1(), 1.0);
        score.add(&["B-A", "I-A", "O", "B-B"], &["B-A", "O", "O", "B-B"]);
        assert_eq!((score.found, score.there, score.right), (2, 2, 1));
        assert_eq!(score.f1(), 0.5);
    }
}
