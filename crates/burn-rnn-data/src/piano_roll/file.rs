//! Piano rolls from JSON.

use std::path::Path;

use serde_json::Value;

use super::{KEYS, LOWEST_NOTE, Piece};
use crate::DataError;
use crate::utf8_file::read_utf8;

/// Pieces to learn from, to choose by and to be tested on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PianoRolls {
    /// What is learnt from.
    pub train: Vec<Piece>,
    /// What chooses the best model.
    pub valid: Vec<Piece>,
    /// What is only tested on.
    pub test: Vec<Piece>,
}

/// Reads an object with the lists `train`, `valid` and `test`: each a list of pieces, a piece a list of
/// steps, a step the list of the MIDI notes, 21 to 108, that sound. It is the form in which the data
/// sets of Boulanger-Lewandowski et al. (2012) go around.
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::NotReadable`] where it is no
/// JSON; [`DataError::Malformed`], with the split, the piece and the step counted from 1, for anything else.
pub fn read_piano_rolls(path: &Path) -> Result<PianoRolls, DataError> {
    let text = read_utf8(path)?;
    let json: Value = serde_json::from_str(&text)
        .map_err(|error| DataError::not_readable(path, "JSON", error))?;
    let split =
        |name: &str| split(&json, name).map_err(|reason| DataError::malformed(path, reason));
    Ok(PianoRolls {
        train: split("train")?,
        valid: split("valid")?,
        test: split("test")?,
    })
}

fn split(json: &Value, name: &str) -> Result<Vec<Piece>, String> {
    let pieces = json.get(name).and_then(Value::as_array).ok_or_else(|| {
        format!(
            "it has no list \"{name}\": expected an object with the lists train, valid and test"
        )
    })?;
    if pieces.is_empty() {
        return Err(format!("\"{name}\" is empty, expected at least one piece"));
    }
    let piece = |(index, piece)| {
        self::piece(piece).map_err(|reason| format!("{name}, piece {}{reason}", index + 1))
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn piece(json: &Value) -> Result<Piece, String> {
    let steps = json.as_array().ok_or(": expected a list of steps")?;
    if steps.is_empty() {
        return Err(" is empty: remove it".to_owned());
    }
    let step =
        |(index, step)| notes(step).map_err(|reason| format!(", step {}: {reason}", index + 1));
    let piece: Piece = steps
        .iter()
        .enumerate()
        .map(step)
        .collect::<Result<_, _>>()?;
    match piece.len() {
        1 => Err(
            " has 1 step, expected at least 2, of which each is learnt from those before: remove it"
                .to_owned(),
        ),
        _ => Ok(piece),
    }
}

fn notes(json: &Value) -> Result<Vec<u8>, String> {
    let notes = json.as_array().ok_or("expected a list of notes")?;
    let lowest = u64::from(LOWEST_NOTE);
    let highest = lowest + KEYS as u64 - 1;
    notes
        .iter()
        .map(|note| match note.as_u64() {
            Some(number) if (lowest..=highest).contains(&number) => Ok(number as u8),
            _ => Err(format!(
                "the note {note} is not a MIDI note of a piano, {lowest} to {highest}"
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PianoRolls, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rolls.json");
        std::fs::write(&path, text).unwrap();
        read_piano_rolls(&path)
    }

    #[test]
    fn pieces_are_read() {
        let rolls =
            read(r#"{"train": [[[60, 64], []]], "valid": [[[21], [22]]], "test": [[[108], []]]}"#);
        let rolls = rolls.unwrap();
        assert_eq!(rolls.train, [vec![vec![60, 64], vec![]]]);
        assert_eq!(rolls.test, [vec![vec![108], vec![]]]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let good = r#""valid": [[[60], []]], "test": [[[60], []]]"#;
        for (text, words) in [
            ("{", &["rolls.json", "not JSON"][..]),
            ("", &["not JSON", "line 1"]),
            ("[]\n", &["no list \"train\""]),
            ("{\n\0}", &["not JSON", "line 2"]),
            ("{\"train\": [[[60], []]]}", &["valid"]),
            (&format!("{{\"train\": [], {good}}}"), &["train", "empty"]),
            (
                &format!("{{\"train\": [[[60], []], []], {good}}}"),
                &["piece 2", "empty"],
            ),
            (
                &format!("{{\"train\": [[[60], []], [[60]]], {good}}}"),
                &["train, piece 2", "1 step"],
            ),
            (
                &format!("{{\"train\": [[[60], [20]]], {good}}}"),
                &["piece 1", "step 2", "20", "21 to 108"],
            ),
            (&format!("{{\"train\": [[[60.5]]], {good}}}"), &["60.5"]),
            (
                &format!("{{\"train\": [[60]], {good}}}"),
                &["step 1", "list of notes"],
            ),
        ] {
            let error = read(text).unwrap_err();
            let cause =
                core::error::Error::source(&error).map_or(String::new(), ToString::to_string);
            let message = format!("{error} {cause}");
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
        let missing = read_piano_rolls(Path::new("/nowhere.json")).unwrap_err();
        assert!(missing.to_string().contains("/nowhere.json"), "{missing}");
    }
}
