//! Piano rolls from JSON.

use core::fmt;
use std::path::Path;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{KEYS, LOWEST_NOTE, Pieces};
use crate::DataError;
use crate::utf8_file::read_utf8;

/// Pieces to learn from, to choose by and to be tested on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PianoRolls {
    /// What is learnt from.
    pub train: Pieces,
    /// What chooses the best model.
    pub valid: Pieces,
    /// What is only tested on.
    pub test: Pieces,
}

/// Reads an object with the lists `train`, `valid` and `test`: each a list of pieces, a piece a list of
/// steps, a step the list of the MIDI notes, 21 to 108, that sound. It is the form in which the data
/// sets of Boulanger-Lewandowski et al. (2012) go around.
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::NotReadable`] where it is no
/// JSON; [`DataError::Malformed`], with the split, the piece and the step counted from 1, for anything else, 4 GiB of it
/// among that.
pub fn read_piano_rolls(path: &Path) -> Result<PianoRolls, DataError> {
    let text = read_utf8(path)?;
    if text.len() > Pieces::MOST {
        let reason = format!(
            "it has {} bytes, expected less than 4 GiB: split it",
            text.len()
        );
        return Err(DataError::malformed(path, reason));
    }
    let mut reading = Reading::default();
    let mut json = serde_json::Deserializer::from_str(&text);
    let read = (&mut reading).deserialize(&mut json);
    match read.and_then(|()| json.end()) {
        Ok(()) => {}
        Err(error) if error.is_data() => {
            let reason = match reading.part {
                Some(_) => {
                    let told = error.to_string();
                    // The place among the pieces says more than that in the text.
                    let told = told
                        .rsplit_once(" at line ")
                        .map_or(&*told, |parts| parts.0);
                    let between = if told.starts_with(' ') { "" } else { ": " };
                    format!("{}{between}{told}", reading.place())
                }
                None => missing(NAMES[0]),
            };
            return Err(DataError::malformed(path, reason));
        }
        Err(error) => return Err(DataError::not_readable(path, "JSON", error)),
    }
    let mut parts = reading.parts.into_iter().zip(NAMES);
    let mut next = || {
        let (part, name) = parts.next().unwrap_or_default();
        let reason = match part {
            Some(pieces) if !pieces.is_empty() => return Ok(pieces),
            Some(_) => format!("\"{name}\" is empty, expected at least one piece"),
            None => missing(name),
        };
        Err(DataError::malformed(path, reason))
    };
    Ok(PianoRolls {
        train: next()?,
        valid: next()?,
        test: next()?,
    })
}

const NAMES: [&str; 3] = ["train", "valid", "test"];

fn missing(name: &str) -> String {
    format!("it has no list \"{name}\": expected an object with the lists train, valid and test")
}

/// What was read so far, and so where an error is: the whole file as a tree of JSON would be many times as large.
#[derive(Default)]
struct Reading {
    parts: [Option<Pieces>; 3],
    /// Which part is being read.
    part: Option<usize>,
    depth: Depth,
}

/// How deep in a part the reader is.
#[derive(Clone, Copy, Default, PartialEq)]
enum Depth {
    #[default]
    Part,
    Piece,
    Step,
}

impl Reading {
    fn pieces(&mut self) -> &mut Pieces {
        self.parts[self.part.unwrap_or_default()].get_or_insert_default()
    }

    /// Where in the file the reader is.
    fn place(&mut self) -> String {
        let name = NAMES[self.part.unwrap_or_default()];
        let depth = self.depth;
        let pieces = self.pieces();
        let (piece, step) = (pieces.len() + 1, pieces.open() + 1);
        match depth {
            Depth::Part => name.to_owned(),
            Depth::Piece => format!("{name}, piece {piece}"),
            Depth::Step => format!("{name}, piece {piece}, step {step}"),
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reading {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match (self.part, self.depth) {
            (None, _) => from.deserialize_map(self),
            _ => from.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for &mut Reading {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.part, self.depth) {
            (None, _) => "an object with the lists train, valid and test",
            (_, Depth::Part) => "a list of pieces",
            (_, Depth::Piece) => "a list of steps",
            (_, Depth::Step) => "a list of notes",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let Some(part) = NAMES.iter().position(|known| *known == name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let before = self.parts[part].replace(Pieces::default());
            self.part = Some(part);
            if before.is_some() {
                return Err(A::Error::custom("it comes twice"));
            }
            map.next_value_seed(&mut *self)?;
            self.part = None;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        match self.depth {
            Depth::Part => {
                self.depth = Depth::Piece;
                while list.next_element_seed(&mut *self)?.is_some() {
                    self.pieces().end();
                }
                self.depth = Depth::Part;
            }
            Depth::Piece => {
                self.depth = Depth::Step;
                while list.next_element_seed(&mut *self)?.is_some() {
                    self.pieces().end_step();
                }
                self.depth = Depth::Piece;
                match self.pieces().open() {
                    0 => return Err(A::Error::custom(" is empty: remove it")),
                    1 => return Err(A::Error::custom(ONE_STEP)),
                    _ => {}
                }
            }
            Depth::Step => {
                while let Some(note) = list.next_element::<serde_json::Value>()? {
                    let key = note.as_u64().and_then(|note| u8::try_from(note).ok());
                    let key = key.filter(|key| (LOWEST_NOTE..=HIGHEST_NOTE).contains(key));
                    let wrong = || A::Error::custom(not_a_note(&note));
                    self.pieces().push(key.ok_or_else(wrong)?);
                }
            }
        }
        Ok(())
    }
}

const HIGHEST_NOTE: u8 = LOWEST_NOTE + KEYS as u8 - 1;

const ONE_STEP: &str =
    " has 1 step, expected at least 2, of which each is learnt from those before: remove it";

fn not_a_note(note: &serde_json::Value) -> String {
    format!("the note {note} is not a MIDI note of a piano, {LOWEST_NOTE} to {HIGHEST_NOTE}")
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
        assert_eq!(rolls.train.piece(0), [vec![60, 64], vec![]]);
        assert_eq!(rolls.test.piece(0), [vec![108], vec![]]);
        assert_eq!((rolls.train.len(), rolls.valid.length(0)), (1, 2));
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
