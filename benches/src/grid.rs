//! Which shapes are timed.

use crate::case::{Case, Cell, Mode, Shape};

const BATCHES: [usize; 5] = [1, 16, 32, 64, 128];
const HIDDENS: [usize; 5] = [64, 128, 256, 512, 1024];
const TIMES: [usize; 2] = [50, 200];
const INPUT: usize = 64;
/// A language model's sizes (Zaremba et al. 2014, "medium"), beside the grid.
const LANGUAGE_MODEL: Shape = Shape::new(20, 35, 650, 650);

/// What stands for the grid where an architecture is not of every day.
const FEW: [Shape; 2] = [Shape::new(32, 100, 128, 256), Shape::new(16, 50, 64, 128)];
/// A server's sessions: a few hundred units, and as many sessions as a moment brings together.
const SESSIONS: [Shape; 1] = [Shape::new(64, 1, 128, 256)];
/// What stands for the grid in a few minutes.
const QUICK: [Shape; 6] = [
    FEW[0],
    LANGUAGE_MODEL,
    Shape::new(64, 50, 32, 64),
    Shape::new(1, 200, 64, 128),
    FEW[1],
    Shape::new(128, 50, 64, 512),
];

/// What the user asked for, axis by axis; what is empty has its default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A small representative subset.
    pub quick: bool,
    /// These shapes alone.
    pub shapes: Vec<Shape>,
    /// Batch sizes.
    pub batches: Vec<usize>,
    /// Hidden sizes.
    pub hiddens: Vec<usize>,
    /// Numbers of time steps.
    pub times: Vec<usize>,
    /// Input sizes.
    pub inputs: Vec<usize>,
}

impl Selection {
    /// The cases of some cells in some modes, in the order of the tables.
    pub fn cases(&self, modes: &[Mode], cells: &[Cell]) -> Vec<Case> {
        let mut cases = Vec::new();
        for &mode in modes {
            for &cell in cells {
                let shapes = self.shapes(mode, cell).into_iter();
                let shapes = shapes.filter(|shape| self.takes(cell, mode, shape));
                cases.extend(shapes.map(|shape| Case { cell, mode, shape }));
            }
        }
        cases
    }

    /// Quick sessions go over fewer shapes with what is no everyday architecture.
    fn takes(&self, cell: Cell, mode: Mode, shape: &Shape) -> bool {
        !self.quick
            || cell.is_everyday()
            || match mode {
                Mode::Train | Mode::TrainLengths | Mode::Infer => FEW.contains(shape),
                Mode::Step | Mode::Sessions => true,
                Mode::Memory => false,
            }
    }

    fn shapes(&self, mode: Mode, cell: Cell) -> Vec<Shape> {
        let given = if self.quick { &QUICK[..] } else { &self.shapes };
        let mut shapes = match (mode, self.quick) {
            (Mode::Step, true) => vec![Shape::new(1, 1, 64, 128), Shape::new(1, 1, 64, 512)],
            (Mode::Sessions, true) => SESSIONS.to_vec(),
            (Mode::Memory | Mode::TrainLengths, true) => QUICK[..1].to_vec(),
            _ if !given.is_empty() => given.to_vec(),
            (Mode::Sessions, false) if !self.has_axis() => SESSIONS.to_vec(),
            // A dozen architectures over the whole grid would take days.
            _ if (cell.is_new() || mode == Mode::TrainLengths) && !self.has_axis() => FEW.to_vec(),
            _ => self.grid(mode),
        };
        for shape in &mut shapes {
            match mode {
                Mode::Step => (shape.batch, shape.time) = (1, 1),
                Mode::Sessions => shape.time = 1,
                _ => {}
            }
        }
        let mut distinct: Vec<Shape> = Vec::new();
        for shape in shapes {
            if !distinct.contains(&shape) {
                distinct.push(shape);
            }
        }
        distinct
    }

    /// Whether an axis of the grid was asked for.
    fn has_axis(&self) -> bool {
        let axes = [&self.batches, &self.hiddens, &self.times, &self.inputs];
        axes.iter().any(|axis| !axis.is_empty())
    }

    fn grid(&self, mode: Mode) -> Vec<Shape> {
        let memory = mode == Mode::Memory;
        let or = |given: &[usize], default: &[usize]| {
            let values = if given.is_empty() { default } else { given };
            values.to_vec()
        };
        // A process for every figure: a corner of the grid unless more is asked for.
        let batches = or(&self.batches, if memory { &[32] } else { &BATCHES });
        let hiddens = or(&self.hiddens, if memory { &[128, 512] } else { &HIDDENS });
        let times = or(&self.times, &TIMES);
        let mut shapes = Vec::new();
        for &hidden in &hiddens {
            let both = [INPUT, hidden];
            let inputs = or(&self.inputs, if memory { &both[..1] } else { &both });
            for &batch in &batches {
                for &time in &times {
                    for &input in &inputs {
                        shapes.push(Shape::new(batch, time, input, hidden));
                    }
                }
            }
        }
        if !self.has_axis() {
            shapes.push(LANGUAGE_MODEL);
        }
        shapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_all_combinations_once() {
        let cases = Selection::default().cases(&[Mode::Train, Mode::Step], &[Cell::Lstm]);
        let count = |mode| cases.iter().filter(|case| case.mode == mode).count();
        // Hidden 64 has one input size, the others two; the language model is beside the grid.
        assert_eq!(count(Mode::Train), 5 * 2 * (1 + 4 * 2) + 1);
        assert_eq!(count(Mode::Step), 1 + 4 * 2 + 1);
    }

    #[test]
    fn a_new_cell_has_two_shapes_unless_others_are_asked_for() {
        let shapes = |selection: &Selection| {
            let cases = selection.cases(&[Mode::Train], &[Cell::Janet]);
            let shapes = cases.iter().map(|case| case.shape);
            shapes.collect::<Vec<Shape>>()
        };
        let mut selection = Selection::default();
        assert_eq!(shapes(&selection), FEW);
        selection.quick = true;
        assert_eq!(shapes(&selection), FEW);
        let shape = Shape::new(2, 3, 4, 5);
        let selection = Selection {
            shapes: vec![shape],
            ..Selection::default()
        };
        assert_eq!(shapes(&selection), [shape]);
        let selection = Selection {
            batches: vec![8],
            ..Selection::default()
        };
        assert_eq!(shapes(&selection).len(), TIMES.len() * (1 + 4 * 2));
    }

    #[test]
    fn sessions_have_a_shape_of_their_own_and_no_time() {
        let modes = [Mode::Sessions];
        let cases = Selection::default().cases(&modes, &[Cell::Lstm, Cell::Janet]);
        let shapes: Vec<Shape> = cases.iter().map(|case| case.shape).collect();
        assert_eq!(shapes, [SESSIONS[0]; 2]);
        let selection = Selection {
            shapes: vec![Shape::new(8, 50, 3, 4), Shape::new(8, 9, 3, 4)],
            ..Selection::default()
        };
        let cases = selection.cases(&modes, &[Cell::Gru]);
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].shape, Shape::new(8, 1, 3, 4));
    }

    #[test]
    fn an_axis_replaces_its_default_alone() {
        let selection = Selection {
            batches: vec![3],
            inputs: vec![7],
            ..Selection::default()
        };
        let cases = selection.cases(&[Mode::Infer], &[Cell::Gru]);
        assert_eq!(cases.len(), HIDDENS.len() * TIMES.len());
        assert!(
            cases
                .iter()
                .all(|case| (case.shape.batch, case.shape.input) == (3, 7))
        );
    }
}
