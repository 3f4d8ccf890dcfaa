//! The passes against the equations over numbers of 64 bits, differentiated numerically: every form that a declaration can have, at every
//! level of instructions.

mod forms;
mod problem;
mod traps;

use crate::definition::{Definition, Regularizers, Zoneout};
use crate::machine::level::Level;

use super::gradients::Wanted;
use super::kernel::Engine;
use super::operands::Operands;
use super::scan::{OutputGradients, backward, forward};
use super::segments::{backward_in_segments, forward_in_segments};
use super::sizes::Sizes;
use super::timing::Timing;

use forms::*;
use problem::Problem;
use traps::*;

/// The difference that is allowed, beside the size of what is compared.
const TOLERANCE: f64 = 2e-4;

/// All regularizers at once; the masks of the problem are any numbers.
const DRAWN: Regularizers = Regularizers {
    variational: true,
    recurrent_dropout: true,
    zoneout: Zoneout::Drawn,
    zoneout_cell: Zoneout::Drawn,
};

/// What is left of them in evaluation.
const EXPECTED: Regularizers = Regularizers {
    variational: false,
    recurrent_dropout: false,
    zoneout: Zoneout::Expected(0.25),
    zoneout_cell: Zoneout::Off,
};

/// What is compared: values alone are quick enough for valgrind.
#[derive(Clone, Copy, PartialEq)]
enum Compared {
    Values,
    Gradients,
}

fn agree(
    definition: impl Definition,
    sizes: Sizes,
    timing: Timing,
    with_states: bool,
    compared: Compared,
) {
    let engine = &Engine::of(definition);
    engine_agrees(engine, sizes, timing, with_states, compared);
}

fn engine_agrees(
    engine: &Engine,
    sizes: Sizes,
    timing: Timing,
    with_states: bool,
    compared: Compared,
) {
    let definition = &engine.0;
    let mut problem = Problem::new(engine, sizes, timing, with_states);
    let given = problem.floats();
    let operands = given
        .iter()
        .map(|operand| operand.as_deref())
        .collect::<Operands<_>>();
    let (output, states) = problem.run(engine);
    let numerical = match compared {
        Compared::Values => Vec::new(),
        Compared::Gradients => problem.numerical(engine),
    };
    let (d_output, d_states) = problem.cotangents();
    let d = OutputGradients {
        output: &d_output,
        states: d_states.iter().map(|d| Some(&d[..])).collect(),
    };
    let wanted = Wanted {
        x: true,
        parameters: true,
    };
    let timing = &problem.timing;
    for level in Level::available() {
        let close = |what: &str, given: &[f32], expected: &[f64]| {
            assert_eq!(given.len(), expected.len(), "{definition:?}: {what}");
            for (index, (a, b)) in given.iter().zip(expected).enumerate() {
                let error = (f64::from(*a) - b).abs() / (1.0 + b.abs());
                assert!(
                    error < TOLERANCE || (f64::from(*a) == *b),
                    "{definition:?} {sizes:?} {timing:?} {level:?}: {what} {index} is {a}, expected {b}"
                );
            }
        };
        let compare = |gradients: Operands<Vec<f32>>| {
            for (index, (given, expected)) in gradients.iter().zip(&numerical).enumerate() {
                if let (Some(given), Some(expected)) = (given, expected) {
                    close(&format!("gradient of operand {index}"), given, expected);
                }
            }
        };
        let kernel = &engine.0;
        let inferred = forward(kernel, level, &sizes, &operands, timing, false);
        let kept = forward(kernel, level, &sizes, &operands, timing, true);
        let (cut, segments) = forward_in_segments(kernel, level, &sizes, &operands, timing);
        for outputs in [&inferred, &kept, &cut] {
            close("output", &outputs.output, &output);
            for (given, expected) in outputs.states.iter().zip(&states) {
                close("state", given, expected);
            }
        }
        let saved = kept.saved.expect("it was asked for");
        compare(backward(
            kernel, level, &sizes, &operands, saved, &d, wanted,
        ));
        compare(backward_in_segments(
            kernel, level, &sizes, &operands, timing, &segments, &d, wanted,
        ));
    }
}

/// Every form at these sizes, in both directions, with padding and with parts.
fn all(sizes: Sizes, compared: Compared) {
    let Sizes { batch, time, .. } = sizes;
    let lengths: Vec<usize> = (0..batch).map(|b| (b * 3 + 1) % (time + 1)).collect();
    let resets: Vec<bool> = (0..batch * time).map(|step| step * 7 % 5 == 0).collect();
    for reverse in [false, true] {
        for (lengths, resets) in [
            (None, None),
            (Some(lengths.clone()), None),
            (None, Some(resets.clone())),
            (Some(lengths.clone()), Some(resets.clone())),
        ] {
            let timing = Timing {
                reverse,
                lengths,
                resets,
            };
            let run = |with_states| {
                let timing = || timing.clone();
                agree(Simple, sizes, timing(), with_states, compared);
                agree(Lstm, sizes, timing(), with_states, compared);
                agree(Gru, sizes, timing(), with_states, compared);
                agree(Mgu, sizes, timing(), with_states, compared);
                agree(Scaled, sizes, timing(), with_states, compared);
                agree(Normalized, sizes, timing(), with_states, compared);
                agree(Projected, sizes, timing(), with_states, compared);
                agree(Masked, sizes, timing(), with_states, compared);
                agree(
                    Chosen { on: reverse },
                    sizes,
                    timing(),
                    with_states,
                    compared,
                );
                agree(Every, sizes, timing(), with_states, compared);
                agree(SetThenRead, sizes, timing(), with_states, compared);
                agree(
                    ReadTwice { first: reverse },
                    sizes,
                    timing(),
                    with_states,
                    compared,
                );
                agree(ReducedInTwo, sizes, timing(), with_states, compared);
                for on in [false, true] {
                    agree(MayProject { on }, sizes, timing(), with_states, compared);
                }
                agree(OutputOfState, sizes, timing(), with_states, compared);
                for with in [DRAWN, EXPECTED] {
                    for engine in [
                        Engine::of(Simple),
                        Engine::of(Lstm),
                        Engine::of(Gru),
                        Engine::of(Mgu),
                        Engine::of(Projected),
                        Engine::of(SetThenRead),
                    ] {
                        let engine = engine.regularized(with);
                        engine_agrees(&engine, sizes, timing(), with_states, compared);
                    }
                }
                if sizes.d_hidden.is_multiple_of(3) {
                    agree(Exponential { heads: 3 }, sizes, timing(), false, compared);
                }
            };
            run(true);
        }
    }
}

fn at_small_sizes(compared: Compared) {
    for (batch, time, d_input, d_hidden) in [(1, 1, 1, 1), (2, 3, 3, 6), (5, 4, 2, 9)] {
        let sizes = Sizes {
            batch,
            time,
            d_input,
            d_hidden,
            d_output: d_hidden.div_ceil(2),
        };
        all(sizes, compared);
    }
}

#[test]
fn passes_agree_with_the_equations() {
    at_small_sizes(Compared::Gradients);
}

/// What runs under valgrind.
#[test]
fn values_agree_with_the_equations() {
    at_small_sizes(Compared::Values);
}

/// Without states that are given, and wider than a vector.
#[test]
fn passes_agree_with_the_equations_from_initial_states() {
    let sizes = Sizes {
        batch: 2,
        time: 2,
        d_input: 2,
        d_hidden: 18,
        d_output: 5,
    };
    agree(Lstm, sizes, Timing::default(), false, Compared::Gradients);
    agree(
        Projected,
        sizes,
        Timing::default(),
        false,
        Compared::Gradients,
    );
    agree(
        Exponential { heads: 2 },
        sizes,
        Timing::default(),
        false,
        Compared::Gradients,
    );
    agree(
        Exponential { heads: 9 },
        sizes,
        Timing::default(),
        false,
        Compared::Gradients,
    );
}

#[test]
fn what_is_declared_is_compared_with_what_is_done() {
    for (wrong, expected) in [
        (Wrong::NeverSet, "state 1 is set 0 times"),
        (Wrong::NeverRead, "sum 1 is declared and never read"),
        (Wrong::Unknown, "names sum 2, but 2 are declared"),
        (Wrong::OutputNotThere, "no vector of the tensor of states 0"),
        (
            Wrong::OutputOfTwo,
            "the first tensor of states is the output",
        ),
        (Wrong::ReducedTwice, "temp 0 is reduced twice"),
        (
            Wrong::UnknownSource,
            "a product of w is of temp 3, but 0 are",
        ),
        (Wrong::HeadsOfRows, "a product of w has heads"),
        (Wrong::TooLong, "operations and reads, at most 64"),
    ] {
        let panic = std::panic::catch_unwind(|| Engine::of(wrong)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(message.contains(expected), "{message}");
    }
}
