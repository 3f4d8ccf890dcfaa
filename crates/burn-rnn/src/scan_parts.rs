//! A cell that is no definition over sequences with lengths and resets: in parts through which the same sequences go on.

use core::cmp::Reverse;

use burn::tensor::{Bool, Int, Tensor, TensorData};
use burn_rnn_kernels::time_parts;

use crate::{Cell, CellState, Direction, Resets, Sequences, State};

/// A scan made of scans over parts: of a cell that knows neither lengths nor resets, or of one whose parts begin with another state than its
/// own. `scan` runs the cell over a part in the direction, `initial` is the state that parts begin with, of so many sequences.
///
/// Time is cut wherever a sequence ends or begins anew. Through each part the cell runs over those sequences alone that have
/// steps there, so it never sees padding: there is nothing of it that would have to be kept out of outputs, states and
/// gradients, and no work is done for it.
pub(crate) fn scan_parts<C: Cell>(
    cell: &C,
    input: Tensor<3>,
    state: C::State,
    sequences: &Sequences,
    direction: Direction,
    scan: impl Fn(Tensor<3>, C::State) -> (Tensor<3>, C::State),
    initial: impl Fn(usize) -> C::State,
) -> (Tensor<3>, C::State) {
    let [batch, time, _] = input.dims();
    let device = input.device();
    let lengths = match sequences.lengths() {
        Some(lengths) => lengths.as_slice().to_vec(),
        None => vec![time; batch],
    };
    // The longest first: those that go on are the first rows of every part.
    let mut order: Vec<usize> = (0..batch).collect();
    order.sort_by_key(|&row| Reverse(lengths[row]));
    let rows = |rows: Vec<usize>| {
        let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
        Tensor::<1, Int>::from_data(TensorData::new(rows, [batch]), &device)
    };
    let mut place = vec![0; batch];
    for (sorted, &row) in order.iter().enumerate() {
        place[row] = sorted;
    }
    let (sort, unsort) = (rows(order.clone()), rows(place));

    let starts = starts(&lengths, sequences.resets(), time);
    let ends = starts.iter().skip(1).chain([&time]);
    let of_parts = starts.iter().zip(ends).map(|(start, end)| end - start);
    let parts = time_parts(input.select(0, sort.clone()), of_parts.collect());
    let mut state = state.map(&mut |tensor| tensor.select(0, sort.clone()));
    let mut outputs = Vec::with_capacity(parts.len());
    // What is behind the longest sequence is padding of all.
    let steps = parts.into_iter().zip(&starts);
    let mut steps: Vec<_> = steps
        .filter(|(_, start)| **start < lengths[order[0]])
        .collect();
    if direction == Direction::Backward {
        steps.reverse();
    }
    for (part, &start) in steps {
        let active = order
            .iter()
            .take_while(|&&row| lengths[row] > start)
            .count();
        let begins = |row: &usize| sequences.resets().is_some_and(|r| r.is_at(*row, start));
        let begins: Vec<bool> = order[..active].iter().map(begins).collect();
        let here = state.clone().slice_batch(0..active);
        let part = part.narrow(0, 0, active);
        let (output, after) = match direction {
            Direction::Forward => scan(part, begin_anew(here, &initial, &begins)),
            Direction::Backward => {
                let (output, after) = scan(part, here);
                (output, begin_anew(after, &initial, &begins))
            }
        };
        state = if active == batch {
            after
        } else {
            let ended = state.slice_batch(active..batch);
            join(after, ended, |after, ended| {
                Tensor::cat(vec![after, ended], 0)
            })
        };
        outputs.push(with_rows(output, batch));
    }
    if direction == Direction::Backward {
        outputs.reverse();
    }
    let there: usize = outputs
        .iter()
        .map(|output: &Tensor<3>| output.dims()[1])
        .sum();
    if there < time {
        let hidden = state.hidden();
        let shape = [batch, time - there, cell.d_hidden()];
        outputs.push(Tensor::zeros(shape, (&device, hidden.dtype())));
    }
    let output = Tensor::cat(outputs, 1).select(0, unsort.clone());
    (
        output,
        state.map(&mut |tensor| tensor.select(0, unsort.clone())),
    )
}

/// The steps at which a part starts, in order: the first one, and those where a sequence has ended or begins anew.
fn starts(lengths: &[usize], resets: Option<&Resets>, time: usize) -> Vec<usize> {
    let mut starts = vec![0];
    for (row, &length) in lengths.iter().enumerate() {
        starts.push(length);
        if let Some(resets) = resets {
            starts.extend((0..length).filter(|&step| resets.is_at(row, step)));
        }
    }
    starts.sort_unstable();
    starts.dedup();
    starts.retain(|&start| start < time);
    starts
}

/// The initial state for the sequences that begin anew, the given one for all others.
pub(crate) fn begin_anew<S: State>(state: S, initial: impl Fn(usize) -> S, begins: &[bool]) -> S {
    if !begins.contains(&true) {
        return state;
    }
    let batch = begins.len();
    let initial = initial(batch);
    join(state, initial, |state, initial| {
        let begins = TensorData::new(begins.to_vec(), [batch, 1]);
        let begins = Tensor::<2, Bool>::from_data(begins, &state.device());
        let begins = begins.expand(state.dims());
        state.mask_where(begins, initial)
    })
}

/// Joins two states tensor by tensor.
///
/// # Panics
///
/// Where one has more tensors than the other.
pub(crate) fn join<S: State>(one: S, other: S, f: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> S {
    let mut tensors = Vec::new();
    other.map(&mut |tensor| {
        tensors.push(tensor.clone());
        tensor
    });
    let numbers = (one.shapes().len(), tensors.len());
    assert!(
        numbers.0 == numbers.1,
        "a state has {} tensors and another one of the same cell {}: with lengths or resets, expected as many before a step as after it",
        numbers.0,
        numbers.1
    );
    let mut tensors = tensors.into_iter();
    one.map(&mut |tensor| match tensors.next() {
        Some(other) => f(tensor, other),
        None => tensor,
    })
}

/// Zeros for the outputs of the sequences that have ended.
fn with_rows(output: Tensor<3>, batch: usize) -> Tensor<3> {
    let [active, time, features] = output.dims();
    if active == batch {
        return output;
    }
    let options = (&output.device(), output.dtype());
    let ended = Tensor::zeros([batch - active, time, features], options);
    Tensor::cat(vec![output, ended], 0)
}
