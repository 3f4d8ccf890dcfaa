//! Rows of a stream that come and go, against each session stepped alone.

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use burn_rnn::{
    CellOptions, GruConfig, LstmConfig, RecurrentConfig, RecurrentState, State, Stream, StreamError,
};

use crate::backends;
use crate::compare::{assert_close, values};
use crate::every_cell::everything;
use crate::{drawn, parameters, reference_and_fused};

/// The bytes of all tensors of a state.
fn bytes<S: State>(state: S) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    state.map(&mut |tensor| {
        all.push(tensor.clone().into_data().as_bytes().to_vec());
        tensor
    });
    all
}

/// What happens before a step to the rows of a stream of three.
enum Event {
    /// A new session begins in the rows.
    Reset(&'static [usize]),
    /// The session of a row goes away; the row is a new session's.
    Take(usize),
    /// The session that has been away longest comes back in the row of another, which ends.
    Put(usize),
}

const EVENTS: [&[Event]; 7] = [
    &[],
    &[Event::Take(1)],
    &[Event::Reset(&[2])],
    &[Event::Take(0), Event::Take(2), Event::Put(0)],
    &[Event::Put(1)],
    &[Event::Reset(&[0, 2, 0]), Event::Put(2)],
    &[Event::Reset(&[])],
];

fn come_and_go<O: CellOptions>(config: &RecurrentConfig<O>, device: &Device, dtype: DType) {
    let network = drawn::parameters(config.init(device), 9, 0.6);
    let numbers = parameters::read(&network);
    let network = parameters::write(network, &numbers, dtype);
    let tolerance = match dtype {
        DType::F64 | DType::F32 => 5e-5,
        // Layer normalisation brings rounding errors to full size.
        DType::F16 => 0.04,
        _ => 0.3,
    };
    let mut stream = network.stream(3);
    // The state of each row's session were it alone, and of those that are away both.
    let mut alone = vec![None; 3];
    let mut away = std::collections::VecDeque::new();
    for (step, events) in EVENTS.iter().enumerate() {
        for event in *events {
            match *event {
                Event::Reset(rows) => {
                    stream.reset_rows(rows).unwrap();
                    rows.iter().for_each(|&row| alone[row] = None);
                }
                Event::Take(row) => away.push_back((stream.take(row).unwrap(), alone[row].take())),
                Event::Put(row) => {
                    let (state, expected) = away.pop_front().unwrap();
                    stream.put(row, state).unwrap();
                    alone[row] = expected;
                }
            }
        }
        let x = drawn::tensor([3, network.d_input()], step as u64, device).cast(dtype);
        let given = stream.step(x.clone());
        for (row, alone) in alone.iter_mut().enumerate() {
            let x_t = x.clone().narrow(0, row, 1);
            let (expected, next) = network.step(x_t, alone.take());
            let given = given.clone().narrow(0, row, 1);
            let what = format!("step {step}, row {row} of {config:?} in {dtype:?}");
            assert_close(&what, &given, &expected, tolerance);
            *alone = Some(next);
        }
    }
}

#[test]
fn sessions_that_come_and_go_give_what_each_gives_alone() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        backends::each(|backend| {
            for dtype in backend.types() {
                come_and_go(config, &backend.device, dtype);
            }
            come_and_go(&config.clone().with_layers(2), &backend.device, DType::F32);
        });
    }
    everything!(4, check);
    check(&LstmConfig::new(3, 4).with_full_gate_recurrence(true));
    check(&GruConfig::new(5, 5).with_layers(2).with_residual(true));
}

#[test]
fn the_other_rows_stay_as_they_are() {
    backends::each(|backend| {
        let device = &backend.device;
        reference_and_fused(|| {
            let network = LstmConfig::new(2, 5).with_layers(2).init(device);
            let mut stream = network.stream(4);
            stream.step_floats(&[0.5; 8]);
            let before = stream.state();
            let rows = |state: &RecurrentState<_>, rows| bytes(state.clone().slice_batch(rows));
            let new = bytes(network.zero_state(1));

            let taken = stream.take(1).unwrap();
            assert_eq!(bytes(taken.clone()), rows(&before, 1..2));
            stream.reset_rows(&[1, 2]).unwrap();
            let after = stream.state();
            for row in [0, 3] {
                assert_eq!(rows(&after, row..row + 1), rows(&before, row..row + 1));
            }
            for row in [1, 2] {
                assert_eq!(rows(&after, row..row + 1), new);
            }
            stream.put(2, taken).unwrap();
            let after = stream.state();
            assert_eq!(rows(&after, 2..3), rows(&before, 1..2));
            assert_eq!(rows(&after, 0..1), rows(&before, 0..1));
            assert_eq!(rows(&after, 1..2), new);
            stream.reset();
            assert_eq!(bytes(stream.state()), bytes(network.zero_state(4)));
        });
    });
}

#[test]
fn what_is_no_number_stays_in_its_row_and_a_reset_ends_it() {
    backends::each(|backend| {
        let device = &backend.device;
        reference_and_fused(|| {
            let network = GruConfig::new(1, 6).with_layers(2).init(device);
            let (mut stream, mut other) = (network.stream(3), network.stream(3));
            let given = stream.step_floats(&[0.1, f32::NAN, 0.3]).to_vec();
            let expected = other.step_floats(&[0.1, 0.2, 0.3]).to_vec();
            assert_eq!(
                (&given[..6], &given[12..]),
                (&expected[..6], &expected[12..])
            );
            assert!(given[6..12].iter().all(|y| y.is_nan()));
            stream.reset_rows(&[1]).unwrap();
            other.reset_rows(&[1]).unwrap();
            let x = [0.4, 0.5, 0.6];
            assert_eq!(stream.step_floats(&x), other.step_floats(&x));
        });
    });
}

#[test]
fn clones_go_on_by_themselves() {
    backends::each(|backend| {
        let network = GruConfig::new(1, 6).init(&backend.device);
        let mut stream = network.stream(2);
        stream.step_floats(&[0.1, 0.2]);
        let before = bytes(stream.state());
        let mut copy = stream.clone();
        copy.reset_rows(&[0]).unwrap();
        let away = copy.take(1).unwrap();
        copy.put(0, away).unwrap();
        copy.step_floats(&[0.3, 0.4]);
        assert_eq!(bytes(stream.state()), before);
    });
}

#[test]
fn gates_that_are_not_put_in_are_zeros() {
    backends::each(|backend| {
        let device = &backend.device;
        reference_and_fused(|| {
            let config = LstmConfig::new(3, 4).with_full_gate_recurrence(true);
            let network = config.with_layers(2).init(device);
            let x = Tensor::<2>::ones([2, 3], device);
            let mut stream = network.stream(2);
            stream.step(x.clone());
            let mut cut = stream.take(1).unwrap();
            for layer in &mut cut.layers {
                layer.forward.gates = None;
            }
            let (expected, _) = network.step(x.clone().narrow(0, 0, 1), Some(cut.clone()));
            stream.put(0, cut).unwrap();
            let given = stream.step(x).narrow(0, 0, 1);
            assert_close("gates", &given, &expected, 1e-5);
        });
    });
}

/// The error of a change that is refused, after checking that it has changed nothing.
fn refused<C: burn_rnn::Cell>(
    stream: &mut Stream<C>,
    change: impl FnOnce(&mut Stream<C>) -> Result<(), StreamError>,
) -> StreamError {
    let before = bytes(stream.state());
    let error = change(stream).expect_err("no error");
    assert_eq!(bytes(stream.state()), before, "{error}");
    error
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_changed() {
    backends::each(|backend| {
        let device = &backend.device;
        reference_and_fused(|| {
            let config = LstmConfig::new(3, 4);
            let network = config.clone().with_layers(2).init(device);
            let mut stream = network.stream(3);
            let x: Vec<f32> = (0..9).map(|x| x as f32).collect();
            stream.step(Tensor::from_data(TensorData::new(x, [3, 3]), device));
            let stream = &mut stream;

            let missing = StreamError::Row { row: 3, batch: 3 };
            let error = refused(stream, |stream| stream.reset_rows(&[0, 3]));
            assert_eq!(error, missing);
            assert!(error.to_string().contains("no row 3, expected one of 0..3"));
            assert_eq!(refused(stream, |stream| stream.take(3).map(drop)), missing);
            let put = |row, state: RecurrentState<_>| {
                move |stream: &mut Stream<_>| stream.put(row, state)
            };
            assert_eq!(refused(stream, put(3, network.zero_state(1))), missing);

            let error = refused(stream, put(0, network.zero_state(2)));
            let (cell, given, expected) = ("LstmCell", [2, 4], [1, 4]);
            let layer = 0;
            assert_eq!(
                error,
                StreamError::Shape {
                    cell,
                    layer,
                    given,
                    expected
                }
            );
            let mut state = network.zero_state(1);
            state.layers[1].forward.cell = Tensor::zeros([1, 5], device);
            let error = refused(stream, put(0, state));
            let (layer, given) = (1, [1, 5]);
            assert_eq!(
                error,
                StreamError::Shape {
                    cell,
                    layer,
                    given,
                    expected
                }
            );
            let told = error.to_string();
            assert!(told.contains("LstmCell: the state of layer 1"), "{told}");

            let error = refused(stream, put(0, config.init(device).zero_state(1)));
            assert_eq!(
                error,
                StreamError::Layers {
                    given: 1,
                    expected: 2
                }
            );
            let full = config
                .clone()
                .with_layers(2)
                .with_full_gate_recurrence(true);
            let error = refused(stream, put(0, full.init(device).zero_state(1)));
            let told = error.to_string();
            assert!(
                matches!(error, StreamError::Tensors { layer: 0, .. }),
                "{told}"
            );
            assert!(
                told.contains("[1, 12]") && told.contains("same settings"),
                "{told}"
            );
            let both = config.clone().with_layers(2).with_bidirectional(true);
            let error = refused(stream, put(0, both.init(device).zero_state(1)));
            assert_eq!(error, StreamError::Directions { cell });
            for &other in backend.other_types() {
                let state = network.zero_state(1).map(&mut |tensor| tensor.cast(other));
                let error = refused(stream, put(0, state));
                let (given, expected) = (other, DType::F32);
                assert_eq!(error, StreamError::FloatType { given, expected });
            }
        });
    });
}

#[test]
fn values_of_floats_and_of_tensors_are_the_same() {
    backends::each(|backend| {
        let device = &backend.device;
        let network = GruConfig::new(2, 7).init(device);
        let (mut floats, mut tensors) = (network.stream(3), network.stream(3));
        for row in 0..3 {
            let x = Tensor::<2>::random([3, 2], Distribution::Default, device);
            let given = floats.step_floats(&values(&x)).to_vec();
            assert_eq!(given, values(&tensors.step(x)));
            let state = floats.take(row).unwrap();
            tensors.put(row, state).unwrap();
            floats.put(row, tensors.take(row).unwrap()).unwrap();
            let state = floats.state().slice_batch(row..row + 1);
            tensors.put(row, state).unwrap();
        }
    });
}
