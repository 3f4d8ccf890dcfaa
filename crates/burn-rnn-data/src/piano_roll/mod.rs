//! Polyphonic music as the notes that sound at each time step.

mod chorales;
mod file;
mod midi;
mod pieces;

pub use chorales::generate_chorales;
pub use file::{PianoRolls, read_piano_rolls};
pub use midi::midi_file;
pub use pieces::Pieces;

/// The keys of a piano.
pub const KEYS: usize = 88;

/// The MIDI number of the lowest key.
pub const LOWEST_NOTE: u8 = 21;

/// A piece: the MIDI notes, 21 to 108, that sound at each step.
pub type Piece = Vec<Vec<u8>>;

/// A piece as `[steps, 88]` in row-major order, 1 where a key sounds and 0 elsewhere; the notes
/// `transposed` semitones higher. A note that leaves the piano is put an octave back.
pub fn keys_of(piece: &[Vec<u8>], transposed: i8) -> Vec<f32> {
    let mut keys = vec![0.0; piece.len() * KEYS];
    for (step, notes) in piece.iter().enumerate() {
        for &note in notes {
            let key = i32::from(note) - i32::from(LOWEST_NOTE) + i32::from(transposed);
            let key = match key {
                low if low < 0 => low + 12,
                high if high >= KEYS as i32 => high - 12,
                inside => inside,
            };
            keys[step * KEYS + key as usize] = 1.0;
        }
    }
    keys
}

/// The notes of one step from its 88 keys: those above one half.
pub fn notes_of(keys: &[f32]) -> Vec<u8> {
    let sounding = keys.iter().enumerate().filter(|(_, value)| **value > 0.5);
    sounding.map(|(key, _)| LOWEST_NOTE + key as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_from_keys() {
        let piece = vec![vec![21, 60, 108], vec![], vec![64]];
        let keys = keys_of(&piece, 0);
        let back: Piece = keys.chunks(KEYS).map(notes_of).collect();
        assert_eq!(back, piece);
        let higher = keys_of(&piece, 5);
        assert_eq!(notes_of(&higher[..KEYS]), [26, 65, 101]);
    }
}
