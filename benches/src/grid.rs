//! Which shapes are timed.

use crate::case::{Case, Cell, Mode, Shape};

const BATCHES: [usize; 5] = [1, 16, 32, 64, 128];
const HIDDENS: [usize; 5] = [64, 128, 256, 512, 1024];
const TIMES: [usize; 2] = [50, 200];
const INPUT: usize = 64;
/// A language model's sizes (Zaremba et al. 2014, "medium"), beside the grid.
const LANGUAGE_MODEL: Shape = Shape::new(20, 35, 650, 650);

/// What stands for the grid in a few minutes.
const QUICK: [Shape; 6] = [
    Shape::new(32, 100, 128, 256),
    LANGUAGE_MODEL,
    Shape::new(64, 50, 32, 64),
    Shape::new(1, 200, 64, 128),
    Shape::new(16, 50, 64, 128),
    Shape::new(128, 50, 64, 512),
];
const QUICK_VARIANTS: [Shape; 2] = [QUICK[0], QUICK[4]];

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
            let shapes = self.shapes(mode);
            for &cell in cells {
                let shapes = shapes.iter().filter(|shape| self.takes(cell, mode, shape));
                cases.extend(shapes.map(|&shape| Case { cell, mode, shape }));
            }
        }
        cases
    }

    /// Quick sessions go over fewer shapes with what is no everyday architecture.
    fn takes(&self, cell: Cell, mode: Mode, shape: &Shape) -> bool {
        let everyday = matches!(cell, Cell::Rnn | Cell::Lstm | Cell::Gru);
        !self.quick
            || everyday
            || match mode {
                Mode::Train | Mode::Infer => QUICK_VARIANTS.contains(shape),
                Mode::Step => true,
                Mode::Memory => false,
            }
    }

    fn shapes(&self, mode: Mode) -> Vec<Shape> {
        let given = if self.quick { &QUICK[..] } else { &self.shapes };
        let mut shapes = match (mode, self.quick) {
            (Mode::Step, true) => vec![Shape::new(1, 1, 64, 128), Shape::new(1, 1, 64, 512)],
            (Mode::Memory, true) => QUICK[..1].to_vec(),
            _ if !given.is_empty() => given.to_vec(),
            _ => self.grid(mode),
        };
        if mode == Mode::Step {
            for shape in &mut shapes {
                (shape.batch, shape.time) = (1, 1);
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
        let axes = [&self.batches, &self.hiddens, &self.times, &self.inputs];
        if axes.iter().all(|axis| axis.is_empty()) {
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
