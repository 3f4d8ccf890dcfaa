//! Streams kept and gone on from, through a format for people and a binary one.

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use burn_rnn::{
    Cell, CellOptions, GruConfig, LstmConfig, RecurrentConfig, State, Stream, StreamError,
    StreamSnapshot, UgrnnConfig,
};
use serde_json::{Value, json};

use crate::compare::assert_close;
use crate::every_cell::everything;
use crate::{backends, parameters, reference_and_fused};

fn through_json(snapshot: &StreamSnapshot) -> StreamSnapshot {
    serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).unwrap()
}

fn through_cbor(snapshot: &StreamSnapshot) -> StreamSnapshot {
    let mut file = Vec::new();
    ciborium::into_writer(snapshot, &mut file).unwrap();
    ciborium::from_reader(file.as_slice()).unwrap()
}

fn bytes<C: Cell>(stream: &Stream<C>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    stream.state().map(&mut |tensor| {
        all.push(tensor.clone().into_data().as_bytes().to_vec());
        tensor
    });
    all
}

fn goes_on<O: CellOptions>(config: &RecurrentConfig<O>, device: &Device, dtype: DType) {
    let network = config.init(device);
    let numbers = parameters::read(&network);
    let network = parameters::write(network, &numbers, dtype);
    let x_t = || {
        let x = Tensor::<2>::random([2, network.d_input()], Distribution::Default, device);
        x.cast(dtype)
    };
    let mut stream = network.stream(2);
    stream.step(x_t());
    stream.step(x_t());
    let snapshot = stream.snapshot();
    let next = x_t();
    let expected = stream.step(next.clone()).into_data();
    for snapshot in [through_json(&snapshot), through_cbor(&snapshot), snapshot] {
        let mut again = network.stream(2);
        again.step(x_t());
        again.restore(&snapshot).unwrap();
        assert_eq!(again.snapshot(), snapshot, "{config:?} in {dtype:?}");
        let given = again.step(next.clone()).into_data();
        assert_eq!(given, expected, "{config:?} in {dtype:?}");
        assert_eq!(bytes(&again), bytes(&stream), "{config:?} in {dtype:?}");
    }
}

#[test]
fn a_stream_goes_on_from_its_snapshot_to_the_last_bit() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        // A GPU may sum in another order from run to run.
        backends::each(|backend| {
            for dtype in backend.types() {
                if backend.is_fused {
                    goes_on(&config.clone().with_layers(2), &backend.device, dtype);
                }
            }
        });
    }
    everything!(4, check);
    check(&LstmConfig::new(3, 4).with_full_gate_recurrence(true));
    burn_rnn::reference(|| check(&GruConfig::new(3, 4)));
}

#[test]
fn every_float_comes_back_as_it_was() {
    backends::each(|backend| {
        let device = &backend.device;
        for dtype in backend.types() {
            let network = GruConfig::new(1, 8).init(device);
            let numbers = parameters::read(&network);
            let network = parameters::write(network, &numbers, dtype);
            let mut stream = network.stream(1);
            let floats = [
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                -0.0,
                0.1,
                1e-310,
                1e-40,
                6e-8,
            ];
            let mut state = network.zero_state(1);
            let data = TensorData::new(floats.to_vec(), [1, 8]).convert_dtype(dtype);
            state.layers[0].forward.hidden = Tensor::from_data(data.clone(), (device, dtype));
            stream.set_state(state);
            let snapshot = stream.snapshot();
            for kept in [through_json(&snapshot), through_cbor(&snapshot)] {
                assert_eq!(kept, snapshot);
                let mut again = network.stream(1);
                again.restore(&kept).unwrap();
                // Bits, because what is no number does not equal itself.
                assert_eq!(bytes(&again), [data.as_bytes()], "{dtype:?}");
            }
        }
    });
}

#[test]
fn a_session_is_kept_alone_and_comes_back_in_another_row_and_on_another_backend() {
    let kept = backends::all().into_iter().next().expect("a backend");
    let config = LstmConfig::new(2, 5).with_layers(2);
    let network = config.init(&kept.device);
    let numbers = parameters::read(&network);
    let mut stream = network.stream(3);
    stream.step_floats(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    let snapshot = through_json(&stream.snapshot_row(1).unwrap());
    backends::each(|backend| {
        let device = &backend.device;
        let network = parameters::write(config.init(device), &numbers, DType::F32);
        let mut stream = network.stream(2);
        let mut alone = network.stream(1);
        alone.step_floats(&[0.3, 0.4]);
        stream.restore_row(1, &snapshot).unwrap();
        let x_t = Tensor::<2>::ones([2, 2], device);
        let given = stream.step(x_t.clone()).narrow(0, 1, 1);
        let expected = alone.step(x_t.narrow(0, 0, 1));
        assert_close("the session", &given, &expected, 1e-5);
    });
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_changed() {
    backends::each(|backend| {
        let device = &backend.device;
        reference_and_fused(|| {
            let network = GruConfig::new(1, 4).with_layers(2).init(device);
            let mut stream = network.stream(2);
            stream.step_floats(&[0.1, 0.2]);
            let good = serde_json::to_value(stream.snapshot()).unwrap();
            let before = bytes(&stream);
            let mut refused = |snapshot: &StreamSnapshot| {
                let error = stream.restore(snapshot).expect_err("no error");
                assert_eq!(bytes(&stream), before, "{error}");
                error
            };

            let other = UgrnnConfig::new(1, 4).with_layers(2).init(device);
            let error = refused(&other.stream(2).snapshot());
            let (given, expected) = ("UgrnnCell".to_owned(), "GruCell");
            assert_eq!(error, StreamError::Cell { given, expected });
            let other = GruConfig::new(1, 4).init(device);
            let error = refused(&other.stream(2).snapshot());
            assert_eq!(
                error,
                StreamError::Layers {
                    given: 1,
                    expected: 2
                }
            );
            let error = refused(&network.stream(3).snapshot());
            let (cell, layer, given, expected) = ("GruCell", 0, [3, 4], [2, 4]);
            assert_eq!(
                error,
                StreamError::Shape {
                    cell,
                    layer,
                    given,
                    expected
                }
            );
            let other = GruConfig::new(1, 5).with_layers(2).init(device);
            let error = refused(&other.stream(2).snapshot());
            assert!(
                matches!(error, StreamError::Shape { given: [2, 5], .. }),
                "{error}"
            );

            // What is wrong stands in the last layer: the first one must not be taken either.
            let mut changed = |change: &dyn Fn(&mut Value)| {
                let mut value = good.clone();
                change(&mut value);
                refused(&serde_json::from_value(value).unwrap())
            };
            let error = changed(&|value| value["float"] = json!("F64"));
            let (given, expected) = (DType::F64, DType::F32);
            assert_eq!(error, StreamError::FloatType { given, expected });
            let error = changed(&|value| value["layers"][1] = json!([]));
            assert!(
                matches!(error, StreamError::Tensors { layer: 1, .. }),
                "{error}"
            );
            let error = changed(&|value| value["layers"][1][0]["bits"] = json!("00ff"));
            let (layer, given, expected) = (1, 2, 32);
            assert_eq!(
                error,
                StreamError::Damaged {
                    layer,
                    given,
                    expected
                }
            );
            assert!(
                error.to_string().contains("2 bytes, expected 32"),
                "{error}"
            );
            let huge = json!([u64::MAX, u64::MAX]);
            let error = changed(&|value| value["layers"][1][0]["shape"] = huge.clone());
            assert!(
                matches!(error, StreamError::Shape { layer: 1, .. }),
                "{error}"
            );

            // A changed bit anywhere in what fits.
            let bits = good["layers"][1][0]["bits"].as_str().unwrap();
            for place in [0, bits.len() / 2, bits.len() - 1] {
                let mut bits = bits.to_owned();
                let digit = u8::from_str_radix(&bits[place..=place], 16).unwrap() ^ 1;
                bits.replace_range(place..=place, &format!("{digit:x}"));
                let error = changed(&|value| value["layers"][1][0]["bits"] = json!(bits.clone()));
                assert!(matches!(error, StreamError::Checksum { .. }), "{error}");
                assert!(error.to_string().contains("is damaged"), "{error}");
            }
            let error = changed(&|value| value["checksum"] = json!(7));
            assert!(
                matches!(error, StreamError::Checksum { expected: 7, .. }),
                "{error}"
            );

            let one = network.stream(1).snapshot();
            let error = stream.restore_row(2, &one).expect_err("no error");
            assert_eq!(error, StreamError::Row { row: 2, batch: 2 });
            let all = stream.snapshot();
            let error = stream.restore_row(0, &all).expect_err("no error");
            assert!(
                matches!(error, StreamError::Shape { given: [2, 4], .. }),
                "{error}"
            );
            let error = stream.snapshot_row(2).expect_err("no error");
            assert_eq!(error, StreamError::Row { row: 2, batch: 2 });
            assert_eq!(bytes(&stream), before);
        });
    });
}

#[test]
fn files_that_are_no_snapshots_are_refused_as_they_are_read() {
    let network = GruConfig::new(1, 4).init(&Device::default());
    let good = serde_json::to_value(network.stream(1).snapshot()).unwrap();
    for (pointer, wrong) in [
        ("/layers/0/0/bits", json!("0")),
        ("/layers/0/0/bits", json!("0g")),
        ("/layers/0/0/bits", json!("é")),
        ("/layers/0/0/bits", json!([0, 1])),
        ("/layers/0/0/shape", json!([1])),
        ("/layers/0/0/shape", json!([-1, 4])),
        ("/float", json!("F128")),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = wrong.clone();
        let read = serde_json::from_value::<StreamSnapshot>(value);
        assert!(read.is_err(), "{pointer} {wrong}");
    }
    let mut value = good.clone();
    value["more"] = json!(1);
    assert!(serde_json::from_value::<StreamSnapshot>(value).is_err());
    assert!(serde_json::from_value::<StreamSnapshot>(good).is_ok());
}

#[test]
fn a_snapshot_of_a_stream_that_left_its_gates_out_has_them() {
    backends::each(|backend| {
        reference_and_fused(|| {
            let config = LstmConfig::new(1, 3).with_full_gate_recurrence(true);
            let network = config.init(&backend.device);
            let mut stream = network.stream(1);
            let mut cut = network.zero_state(1);
            cut.layers[0].forward.gates = None;
            stream.set_state(cut);
            let snapshot = through_json(&stream.snapshot());
            network.stream(1).restore(&snapshot).unwrap();
        });
    });
}
