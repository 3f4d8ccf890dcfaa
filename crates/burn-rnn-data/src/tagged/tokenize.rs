//! Sentences as people write them, as tokens.

/// What stands before a word and is a token of its own.
const OPENING: &str = "([{\"'“‘«„¿¡";
/// What stands after a word and is a token of its own.
const CLOSING: &str = ".,;:!?…)]}\"'”’»";

/// The tokens of a sentence by the convention of CoNLL's shared tasks: what spaces part, with the punctuation before and
/// after a word apart from it (`yesterday.` is `yesterday` and `.`). A word stays whole that is `known` (`Mr.`) or has a
/// full stop within (`U.S.`); a known ending that begins with an apostrophe (`'s`) is apart.
pub fn tokenize(sentence: &str, known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in sentence.split_whitespace() {
        let mut word = word;
        let mut behind = Vec::new();
        let open = |word: &str| word.chars().nth(1).is_some() && !known(word);
        while let Some(rest) = word
            .strip_prefix(|c| OPENING.contains(c))
            .filter(|_| open(word))
        {
            tokens.push(word[..word.len() - rest.len()].to_owned());
            word = rest;
        }
        while let Some(rest) = word
            .strip_suffix(|c| CLOSING.contains(c))
            .filter(|_| open(word))
        {
            let is_last_dot = word.ends_with('.') && rest.ends_with(char::is_alphanumeric);
            if is_last_dot && rest.contains('.') {
                break;
            }
            behind.push(word[rest.len()..].to_owned());
            word = rest;
        }
        let ending = word.rfind(['\'', '’']).filter(|place| *place > 0);
        match ending.filter(|place| !known(word) && known(&word[*place..])) {
            Some(place) => tokens.extend([word[..place].to_owned(), word[place..].to_owned()]),
            None => tokens.push(word.to_owned()),
        }
        tokens.extend(behind.into_iter().rev());
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(sentence: &str) -> String {
        tokenize(sentence, |word| ["Mr.", "'s", "'80s"].contains(&word)).join(" ")
    }

    #[test]
    fn punctuation_is_apart_and_known_words_stay_whole() {
        for (sentence, expected) in [
            ("It rained yesterday.", "It rained yesterday ."),
            (
                "Reading and Bath were in London .",
                "Reading and Bath were in London .",
            ),
            ("“Really?!” (he asked)", "“ Really ? ! ” ( he asked )"),
            (
                "Mr. Jones's U.S. visa, etc.",
                "Mr. Jones 's U.S. visa , etc .",
            ),
            ("the '80s don't end", "the '80s don't end"),
            ("3,000.5 at 10:30; e-mail", "3,000.5 at 10:30 ; e-mail"),
            ("wait...", "wait . . ."),
            ("'", "'"),
            ("...", ". . ."),
            ("Où ça ?", "Où ça ?"),
            (" \t", ""),
        ] {
            assert_eq!(tokens(sentence), expected);
        }
    }

    #[test]
    fn a_million_characters_take_no_time() {
        let count = |sentence: &str| tokenize(sentence, |_| false).len();
        assert_eq!(count(&"!".repeat(1_000_000)), 1_000_000);
        assert_eq!(count(&"(a.".repeat(300_000)), 2);
        let long = ["a".repeat(500_000), ".".repeat(500_000)].concat();
        assert_eq!(count(&long), 500_001);
    }
}
