//! Pairs from a file.

use std::collections::HashMap;
use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Pair, Pairs, Symbols};
use crate::DataError;
use crate::utf8_file::{plain_lines, read_utf8};

/// Reads pairs from a UTF-8 file with one a line, input and output with a tab between them. A tenth of the
/// inputs each, at least one, is for choosing and testing; which, the seed says. Lines with the same
/// input stay together.
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::Malformed`], with the
/// line counted from 1, for a line without a tab or with several, for a control character, for a side that is empty
/// or longer than [`Symbols::LONGEST`], and where there are fewer than three different inputs.
pub fn read_pairs(path: &Path, seed: u64) -> Result<Pairs, DataError> {
    let text = read_utf8(path)?;
    let malformed = |reason: String| DataError::malformed(path, reason);
    let mut groups: Vec<Vec<Pair>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in plain_lines(&text) {
        let (number, line) = line.map_err(malformed)?;
        let pair = pair(line).map_err(|reason| malformed(format!("line {number}: {reason}")))?;
        let next = groups.len();
        let place = *places.entry(pair.input.clone()).or_insert(next);
        match place == next {
            true => groups.push(vec![pair]),
            false => groups[place].push(pair),
        }
    }
    if groups.len() < 3 {
        return Err(malformed(format!(
            "it has {} different inputs, expected at least 3: one to learn from, one to choose the best \
             model by, one to test on",
            groups.len()
        )));
    }
    groups.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let few = (groups.len() / 10).max(1);
    let test = groups.split_off(groups.len() - few).concat();
    let valid = groups.split_off(groups.len() - few).concat();
    Ok(Pairs {
        train: groups.concat(),
        valid,
        test,
    })
}

fn pair(line: &str) -> Result<Pair, String> {
    let sides: Vec<&str> = line.split('\t').collect();
    match sides[..] {
        ["", _] => Err("nothing before the tab, expected the input".to_owned()),
        [_, ""] => Err("nothing after the tab, expected the output".to_owned()),
        [input, output] => {
            for (name, side) in [("input", input), ("output", output)] {
                let length = side.chars().count();
                if length > Symbols::LONGEST {
                    return Err(format!(
                        "the {name} has {length} characters, expected at most {}",
                        Symbols::LONGEST
                    ));
                }
            }
            Ok(Pair {
                input: input.to_owned(),
                output: output.to_owned(),
            })
        }
        _ => Err(format!(
            "{} tabs, expected one, between input and output",
            sides.len() - 1
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Pairs, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.tsv");
        std::fs::write(&path, bytes).unwrap();
        read_pairs(&path, 1)
    }

    #[test]
    fn every_line_is_in_one_part_and_equal_inputs_are_together() {
        let lines = |n: usize| format!("input {}\toutput {n}\r\n", n % 30);
        let text: String = (0..60).map(lines).collect();
        let pairs = read(text.as_bytes()).unwrap();
        let lengths = [pairs.train.len(), pairs.valid.len(), pairs.test.len()];
        assert_eq!(lengths, [48, 6, 6]);
        for pair in &pairs.test {
            let elsewhere = pairs.train.iter().chain(&pairs.valid);
            let same = elsewhere.filter(|other| other.input == pair.input).count();
            assert_eq!(same, 0, "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_pair_is_refused_with_its_line() {
        let long = format!("a\t{}\n", "b".repeat(1_000_000));
        for (bytes, expected) in [
            (&b"a\tb\nno tab\n"[..], "line 2: 0 tabs"),
            (b"a\tb\n\n", "line 2: 0 tabs"),
            (b"a\tb\tc\n", "line 1: 2 tabs"),
            (b"a\t\n", "line 1: nothing after"),
            (b"\tb\n", "line 1: nothing before"),
            (b"a\tb\nc\td\n", "2 different inputs"),
            (b"", "0 different inputs"),
            (b"a\xff\tb\n", "not UTF-8"),
            (b"\xef\xbb\xbf\tb\n", "line 1: nothing before"),
            (b"\t\n", "line 1: nothing before"),
            (b"one line", "line 1: 0 tabs"),
            (b"a\tb\n\0\tc\n", "line 2 has the control character '\\0'"),
            (b"a\tb\rc\td\n", "line 1 has the control character '\\r'"),
            (long.as_bytes(), "line 1: the output has 1000000 characters"),
        ] {
            let message = read(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert_eq!(message.lines().count(), 1);
        }
    }
}
