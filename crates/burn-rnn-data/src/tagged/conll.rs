//! Tagged sentences from columns, as the CoNLL shared tasks write them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sentences::Packing;
use super::{TaggedSentence, TaggedSentences};
use crate::DataError;
use crate::utf8_file::{plain_lines, read_utf8};

/// Which columns are read, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConllColumns {
    /// The column of the token; the first where `None`.
    pub token: Option<usize>,
    /// The column of the tag; the last where `None`.
    pub tag: Option<usize>,
}

/// Reads tagged sentences: a token a line with its columns, which tabs separate where the line has one,
/// spaces elsewhere; an empty line ends a sentence.
///
/// Lines of a document's start (`-DOCSTART-` first) are left out, so are comments, lines that begin with
/// `#` before a sentence's first token and have not the columns of the file (one that has is a token, `#Berlin`
/// for instance), and, in files of ten columns (CoNLL-U), the lines of multi-word tokens (`3-4`) and empty nodes (`3.1`).
///
/// # Errors
///
/// [`DataError::Unreadable`], [`DataError::NotUtf8`], and [`DataError::Malformed`] with the line's number
/// where a line has another number of columns than the first one, lacks a column that is asked for or has a control
/// character, where a sentence is longer than [`TaggedSentence::LONGEST`], where there is none, and where the file has 4 GiB.
pub fn read_conll(path: &Path, columns: ConllColumns) -> Result<TaggedSentences, DataError> {
    for (name, column) in [("token column", columns.token), ("tag column", columns.tag)] {
        if column == Some(0) {
            return Err(DataError::invalid(
                name,
                0,
                "at least 1: columns are counted from 1",
            ));
        }
    }
    let text = read_utf8(path)?;
    if text.len() > Packing::LARGEST {
        let reason = format!(
            "it has {} bytes, expected less than 4 GiB: split it",
            text.len()
        );
        return Err(DataError::malformed(path, reason));
    }
    parse(&text, columns).map_err(|reason| DataError::malformed(path, reason))
}

fn parse(text: &str, columns: ConllColumns) -> Result<TaggedSentences, String> {
    let mut packing = Packing::default();
    // A line that begins with `#` may be a comment: the others say how many columns there are.
    let is_plain = |line: &&str| {
        !(line.trim().is_empty() || line.starts_with('#') || line.starts_with("-DOCSTART-"))
    };
    let form = text.lines().find(is_plain);
    let form = form.map(|line| (line.contains('\t'), cells_of(line).len()));
    let mut first: Option<(usize, usize)> = None;
    for line in plain_lines(text) {
        let (number, line) = line?;
        let line = line.trim_end();
        if line.is_empty() {
            packing.end();
            continue;
        }
        let cells = cells_of(line);
        let comment = line.starts_with('#')
            && packing.open() == 0
            && form.is_none_or(|form| form != (line.contains('\t'), cells.len()));
        if comment || line.starts_with("-DOCSTART-") {
            continue;
        }
        if cells.len() == 10 && is_no_word(cells[0]) {
            continue;
        }
        let (first_line, width) = *first.get_or_insert((number, cells.len()));
        if cells.len() != width {
            return Err(format!(
                "line {number} has {}, expected {width} as in line {first_line}: give every token its \
                 columns, and put an empty line between sentences",
                match cells.len() {
                    1 => "1 column".to_owned(),
                    count => format!("{count} columns"),
                }
            ));
        }
        let cell = |name, column: usize| match cells.get(column - 1) {
            Some(cell) if !cell.is_empty() => Ok(*cell),
            Some(_) => Err(format!(
                "line {number}: column {column}, the {name}, is empty"
            )),
            None => Err(format!(
                "line {number} has {width} columns, expected the {name} in column {column}: choose \
                 another column"
            )),
        };
        if width < 2 && columns.tag.is_none() {
            return Err(format!(
                "line {number} has 1 column, expected a token and its tag"
            ));
        }
        if packing.open() == TaggedSentence::LONGEST {
            return Err(format!(
                "line {number}: the sentence has more than {} tokens: put an empty line between sentences",
                TaggedSentence::LONGEST
            ));
        }
        packing.push(
            cell("token", columns.token.unwrap_or(1))?,
            cell("tag", columns.tag.unwrap_or(width))?,
        );
    }
    packing.end();
    let sentences = packing.finish();
    match sentences.is_empty() {
        true => Err(
            "has no sentence, expected a token a line with its tag in another column".to_owned(),
        ),
        false => Ok(sentences),
    }
}

fn cells_of(line: &str) -> Vec<&str> {
    match line.contains('\t') {
        true => line.trim_end().split('\t').map(str::trim).collect(),
        false => line.split_whitespace().collect(),
    }
}

/// The number of a multi-word token or of an empty node in CoNLL-U.
fn is_no_word(number: &str) -> bool {
    let parts = number.split_once('-').or_else(|| number.split_once('.'));
    parts.is_some_and(|(one, other)| one.parse::<u32>().is_ok() && other.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: ConllColumns) -> Result<Vec<(String, String)>, String> {
        let sentences = parse(text, columns)?;
        let joined =
            |sentence: TaggedSentence| (sentence.tokens.join(" "), sentence.tags.join(" "));
        Ok(sentences.iter().map(joined).collect())
    }

    fn pair(tokens: &str, tags: &str) -> (String, String) {
        (tokens.to_owned(), tags.to_owned())
    }

    #[test]
    fn the_columns_of_2003_are_read() {
        let text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n# # O O\n\n\nPeter NNP B-NP B-PER";
        let default = ConllColumns::default();
        assert_eq!(
            read(text, default).unwrap(),
            [pair("EU rejects #", "B-ORG O O"), pair("Peter", "B-PER")]
        );
        let chunks = ConllColumns {
            token: None,
            tag: Some(2),
        };
        assert_eq!(read(text, chunks).unwrap()[1], pair("Peter", "NNP"));
    }

    #[test]
    fn a_token_of_a_million_letters_and_lines_of_windows_are_read() {
        let long = "x".repeat(1_000_000);
        let text = format!("{long} X\r\n\r\ny Y");
        let default = ConllColumns::default();
        let expected = [pair(&long, "X"), pair("y", "Y")];
        assert_eq!(read(&text, default).unwrap(), expected);
    }

    #[test]
    fn a_token_may_begin_with_a_sharp() {
        let text = "# a comment\n#Berlin\tB-LOC\n\nhello\tO\n\n# two words\n#1\tO\n";
        assert_eq!(
            read(text, ConllColumns::default()).unwrap(),
            [
                pair("#Berlin", "B-LOC"),
                pair("hello", "O"),
                pair("#1", "O")
            ]
        );
        let text = "# text = a b c\n#x O\nhi O\n";
        assert_eq!(
            read(text, ConllColumns::default()).unwrap(),
            [pair("#x hi", "O O")]
        );
    }

    #[test]
    fn universal_dependencies_are_read() {
        let line = |id: &str, form: &str, tag: &str| {
            format!("{id}\t{form}\t_\t{tag}\t_\t_\t_\t_\t_\t_\r\n")
        };
        let text = [
            "# text = vámonos\r\n".to_owned(),
            line("1-2", "vámonos", "_"),
            line("1", "vamos", "VERB"),
            line("2", "nos y", "PRON"),
            line("2.1", "gone", "X"),
        ];
        let columns = ConllColumns {
            token: Some(2),
            tag: Some(4),
        };
        assert_eq!(
            read(&text.concat(), columns).unwrap(),
            [pair("vamos nos y", "VERB PRON")]
        );
    }

    #[test]
    fn lines_that_do_not_fit_are_told_by_number() {
        let message = |text, columns| read(text, columns).unwrap_err();
        let default = ConllColumns::default();
        let third = ConllColumns {
            token: None,
            tag: Some(3),
        };
        assert!(
            message("a X\nb X\nc\n", default)
                .starts_with("line 3 has 1 column, expected 2 as in line 1")
        );
        assert!(message("a X\n", third).contains("the tag in column 3"));
        assert!(message("word\n", default).starts_with("line 1 has 1 column"));
        assert!(message("a\tX\n\tX\n", default).contains("line 2: column 1, the token, is empty"));
        for nothing in ["", "# nothing\n\n", "\t\t\n \n\t", "\r\n"] {
            assert!(
                message(nothing, default).starts_with("has no sentence"),
                "{nothing:?}"
            );
        }
        let endless = "a X\n".repeat(10_001);
        let endless = message(&endless, default);
        assert!(endless.starts_with("line 10001: the sentence has more than 10000"));
        let null = message("a X\nb\0 X\n", default);
        assert!(
            null.starts_with("line 2 has the control character '\\0'"),
            "{null}"
        );
        assert!(message("a X\rb X", default).starts_with("line 1 has the control character"));
        let columns = ConllColumns {
            token: Some(0),
            tag: None,
        };
        let error = read_conll(Path::new("x"), columns).unwrap_err().to_string();
        assert!(error.starts_with("token column is 0"), "{error}");
    }
}
