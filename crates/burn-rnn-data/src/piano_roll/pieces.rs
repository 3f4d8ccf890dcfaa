//! Many pieces in little memory.

use std::sync::Arc;

use super::Piece;

/// Pieces, packed: a note takes a byte and a step four, so that a file's pieces are smaller than the file. Clones share one
/// memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pieces(Arc<Packed>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Packed {
    notes: Vec<u8>,
    /// The number of notes up to the end of each step.
    steps: Vec<u32>,
    /// The number of steps up to the end of each piece.
    pieces: Vec<u32>,
}

impl Pieces {
    /// The most notes, and the most steps, of all pieces together.
    pub(super) const MOST: usize = u32::MAX as usize;

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.0.pieces.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.pieces.is_empty()
    }

    /// The number of steps of a piece.
    ///
    /// # Panics
    ///
    /// Where there is no such piece.
    pub fn length(&self, index: usize) -> usize {
        let before = index.checked_sub(1).map_or(0, |last| self.0.pieces[last]);
        (self.0.pieces[index] - before) as usize
    }

    /// A piece.
    ///
    /// # Panics
    ///
    /// Where there is no such one.
    pub fn piece(&self, index: usize) -> Piece {
        let end = self.0.pieces[index] as usize;
        let notes = |step: usize| {
            let before = step.checked_sub(1).map_or(0, |last| self.0.steps[last]);
            self.0.notes[before as usize..self.0.steps[step] as usize].to_vec()
        };
        (end - self.length(index)..end).map(notes).collect()
    }

    /// The pieces in their order, each unpacked when it is its turn.
    pub fn iter(&self) -> impl Iterator<Item = Piece> + '_ {
        (0..self.len()).map(|index| self.piece(index))
    }

    fn packed(&mut self) -> &mut Packed {
        Arc::make_mut(&mut self.0)
    }

    /// A note of the step that is being packed.
    pub(super) fn push(&mut self, note: u8) {
        self.packed().notes.push(note);
    }

    /// Ends a step.
    ///
    /// # Panics
    ///
    /// Where there are more than [`MOST`](Self::MOST) notes.
    pub(super) fn end_step(&mut self) {
        let packed = self.packed();
        let notes = u32::try_from(packed.notes.len()).expect("fewer than 2^32 notes");
        packed.steps.push(notes);
    }

    /// The number of steps of the piece that is being packed.
    pub(super) fn open(&self) -> usize {
        self.0.steps.len() - self.0.pieces.last().map_or(0, |end| *end as usize)
    }

    /// Ends a piece.
    pub(super) fn end(&mut self) {
        let packed = self.packed();
        packed.pieces.push(packed.steps.len() as u32);
    }
}

impl FromIterator<Piece> for Pieces {
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        let mut packed = Self::default();
        for piece in pieces {
            for notes in piece {
                notes.into_iter().for_each(|note| packed.push(note));
                packed.end_step();
            }
            packed.end();
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back() {
        let pieces = vec![
            vec![vec![60, 64], vec![], vec![21]],
            vec![vec![], vec![]],
            vec![vec![108]],
        ];
        let packed: Pieces = pieces.iter().cloned().collect();
        assert_eq!(packed.iter().collect::<Vec<Piece>>(), pieces);
        let lengths: Vec<usize> = (0..packed.len()).map(|at| packed.length(at)).collect();
        assert_eq!(lengths, [3, 2, 1]);
        assert!(Pieces::default().is_empty());
    }
}
