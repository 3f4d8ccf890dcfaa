//! Pieces as files that every music program plays.

use super::Piece;

const TICKS_PER_STEP: u32 = 480;

/// A standard MIDI file (format 0, one track): each step a quarter at `quarters_per_minute`; a note
/// that goes on in the next step is held.
///
/// # Panics
///
/// Where `quarters_per_minute` is 0.
pub fn midi_file(piece: &Piece, quarters_per_minute: u32) -> Vec<u8> {
    let tempo = 60_000_000 / quarters_per_minute;
    let mut track = vec![0, 0xff, 0x51, 3];
    track.extend_from_slice(&tempo.to_be_bytes()[1..]);
    let mut sounding: Vec<u8> = Vec::new();
    let mut waited = 0;
    for notes in piece.iter().chain([&Vec::new()]) {
        let ended = sounding.iter().filter(|note| !notes.contains(note));
        let begun = notes.iter().filter(|note| !sounding.contains(note));
        let events = ended
            .map(|&note| [0x80, note, 0])
            .chain(begun.map(|&note| [0x90, note, 80]));
        for event in events {
            track.extend(variable_length(waited));
            track.extend(event);
            waited = 0;
        }
        sounding.clone_from(notes);
        waited += TICKS_PER_STEP;
    }
    track.extend([0, 0xff, 0x2f, 0]);

    let mut file = b"MThd\0\0\0\x06\0\0\0\x01".to_vec();
    file.extend((TICKS_PER_STEP as u16).to_be_bytes());
    file.extend(b"MTrk");
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    file
}

/// Seven bits a byte, the highest first; all but the last have the eighth bit set.
fn variable_length(number: u32) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7f) as u8];
    let mut rest = number >> 7;
    while rest > 0 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.reverse();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_note_begins_once_and_ends_once() {
        let piece = vec![vec![60, 64], vec![60], vec![]];
        let file = midi_file(&piece, 100);
        assert!(file.starts_with(b"MThd"));
        let events = |kind: u8, note: u8| {
            file.windows(2)
                .filter(|pair| pair[0] == kind && pair[1] == note)
                .count()
        };
        assert_eq!((events(0x90, 60), events(0x80, 60)), (1, 1));
        assert_eq!((events(0x90, 64), events(0x80, 64)), (1, 1));
        assert_eq!(variable_length(480), [0x83, 0x60]);
    }
}
