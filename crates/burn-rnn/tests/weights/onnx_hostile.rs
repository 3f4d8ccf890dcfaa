//! ONNX's files that cannot be trusted: errors, never a panic, and no more memory than four times the file and 16 MiB.
//!
//! `BURN_RNN_MUTATIONS` is the number of damaged files that are tried, and `BURN_RNN_SEED` where the random numbers begin.

use burn::tensor::Device;
use burn_rnn::weights::{OnnxFile, WeightsError, WeightsErrorKind};

use crate::mutations::{Mutator, count};
use crate::onnx::fixture_path;

/// Reads everything in a file, and checks what that took.
fn read(bytes: &[u8]) -> Result<(), WeightsError> {
    let device = Device::flex();
    let mut result = Ok(());
    // The file itself, as `OnnxFile::open` has it.
    let own = bytes.to_vec();
    let used = allocation_counter::measure(|| {
        let read = OnnxFile::from_bytes(own).and_then(|file| {
            let import = file.import(&device);
            for name in file.initializers()?.iter().take(20) {
                let _ = file.tensor::<3>(name, &device);
            }
            for name in file.nodes()?.iter().take(5) {
                let _ = file.node(name, &device);
            }
            import
        });
        result = read.map(drop);
    });
    let (peak, limit) = (used.bytes_max, 3 * bytes.len() as u64 + (16 << 20));
    assert!(
        peak <= limit,
        "{peak} bytes of memory beside a file of {}",
        bytes.len()
    );
    result
}

/// A message of protocol buffers.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    fn int(self, field: u64, value: i64) -> Self {
        self.number(field << 3).number(value.cast_unsigned())
    }

    fn bytes(self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut message = self.number(field << 3 | 2).number(bytes.len() as u64);
        message.0.extend_from_slice(bytes);
        message
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn tensor(name: &str, dims: &[i64], data_type: i64, raw: &[u8]) -> Message {
    let tensor = dims
        .iter()
        .fold(Message::default(), |to, &dim| to.int(1, dim));
    tensor.int(2, data_type).bytes(8, name).bytes(9, raw)
}

fn floats(name: &str, dims: &[i64]) -> Message {
    let count: i64 = dims.iter().product();
    tensor(name, dims, 1, &vec![0; 4 * count as usize])
}

fn ints(name: &str, ints: &[i64]) -> Message {
    let raw: Vec<u8> = ints.iter().flat_map(|int| int.to_le_bytes()).collect();
    tensor(name, &[ints.len() as i64], 7, &raw)
}

fn node(op: &str, inputs: &[&str], output: &str) -> Message {
    let node = inputs
        .iter()
        .fold(Message::default(), |to, input| to.bytes(1, input));
    node.bytes(2, output).bytes(4, op)
}

fn int_attribute(name: &str, value: i64) -> Message {
    Message::default().bytes(1, name).int(3, value).int(20, 2)
}

fn model(nodes: &[Message], initializers: &[Message]) -> Vec<u8> {
    let input = Message::default().bytes(1, "X");
    let graph = Message::default().bytes(11, input);
    let graph = nodes.iter().fold(graph, |to, node| to.bytes(1, node));
    let graph = initializers
        .iter()
        .fold(graph, |to, tensor| to.bytes(5, tensor));
    let operators = Message::default().int(2, 22);
    let model = Message::default()
        .int(1, 10)
        .bytes(7, graph)
        .bytes(8, operators);
    model.0
}

/// A simple network of two units whose W comes from somewhere.
fn with_w(nodes: &[Message], initializers: &[Message]) -> Vec<u8> {
    let nodes = [nodes, &[node("RNN", &["X", "W", "R"], "Y")]].concat();
    let initializers = [initializers, &[floats("R", &[1, 2, 2])]].concat();
    model(&nodes, &initializers)
}

fn malformed(error: &WeightsError) -> bool {
    matches!(error.kind(), WeightsErrorKind::Malformed { .. })
}

fn too_large(error: &WeightsError) -> bool {
    matches!(error.kind(), WeightsErrorKind::TooLarge { .. })
}

#[test]
fn a_sound_file_made_here_is_read() {
    read(&with_w(&[], &[floats("W", &[1, 2, 3])])).unwrap();
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    for name in [
        "nodes/lstm_everything.onnx",
        "graphs/tf2onnx_two_layers.onnx",
        "graphs/pytorch_unfolded.onnx",
    ] {
        let whole = std::fs::read(fixture_path(name)).unwrap();
        read(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
        for length in 0..whole.len() {
            let read = read(&whole[..length]);
            assert!(
                read.is_err(),
                "{name}, cut to {length} of {}, was read",
                whole.len()
            );
        }
    }
}

#[test]
fn what_is_no_model_is_no_model() {
    for bytes in [
        &b""[..],
        b"\x89HDF\r\n\x1a\n",
        b"PK\x03\x04",
        b"{\"a\": 1}",
        &[0xff; 100],
        &[0; 100],
    ] {
        let error = read(bytes).unwrap_err();
        assert!(malformed(&error), "{error}");
    }
    let error = read(&model(&[node("Relu", &["X"], "Y")], &[])).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Nothing { .. }),
        "{error}"
    );
    let error = OnnxFile::open(fixture_path("is not there")).unwrap_err();
    assert!(matches!(error.kind(), WeightsErrorKind::Read(_)), "{error}");
}

#[test]
fn cycles_end() {
    let axes = ints("axes", &[0]);
    for nodes in [
        vec![node("Identity", &["W"], "W")],
        vec![node("Identity", &["V"], "W"), node("Identity", &["W"], "V")],
        vec![
            node("Unsqueeze", &["V", "axes"], "W"),
            node("Squeeze", &["W", "axes"], "V"),
        ],
        vec![
            node("Concat", &["V", "V"], "W"),
            node("Concat", &["W", "W"], "V"),
        ],
    ] {
        let error = read(&with_w(&nodes, core::slice::from_ref(&axes))).unwrap_err();
        assert!(malformed(&error) || too_large(&error), "{error}");
    }
    // Recurrent nodes that read each other.
    let layer =
        |x: &str, y: &str| node("RNN", &[x, "W", "R"], y).bytes(5, int_attribute("hidden_size", 2));
    let squeeze = |y: &str, x: &str| node("Squeeze", &[y, "one"], x);
    let nodes = [
        layer("x0", "y0"),
        squeeze("y0", "x1"),
        layer("x1", "y1"),
        squeeze("y1", "x0"),
    ];
    let initializers = [
        floats("W", &[1, 2, 2]),
        floats("R", &[1, 2, 2]),
        ints("one", &[1]),
    ];
    let error = read(&model(&nodes, &initializers)).unwrap_err();
    assert!(
        malformed(&error) && error.to_string().contains("circle"),
        "{error}"
    );
}

#[test]
fn chains_and_graphs_that_are_too_deep_are_refused() {
    let chain = |length: usize| {
        let nodes = (0..length).map(|index| {
            let (input, output) = (format!("v{index}"), format!("v{}", index + 1));
            node("Identity", &[&input], &output)
        });
        let nodes: Vec<_> = nodes
            .chain([node("Identity", &[&format!("v{length}")], "W")])
            .collect();
        with_w(&nodes, &[floats("v0", &[1, 2, 3])])
    };
    read(&chain(10)).unwrap();
    for length in [100, 100_000] {
        let error = read(&chain(length)).unwrap_err();
        assert!(malformed(&error) || too_large(&error), "{error}");
    }
    let mut graph = Message::default().bytes(2, "innermost");
    for _ in 0..10_000 {
        let attribute = Message::default().bytes(1, "body").bytes(6, &graph);
        graph = Message::default().bytes(1, node("Loop", &[], "y").bytes(5, attribute));
    }
    let operators = Message::default().int(2, 22);
    let bytes = Message::default().bytes(7, graph).bytes(8, operators);
    let error = read(&bytes.0).unwrap_err();
    assert!(
        malformed(&error) && error.to_string().contains("deep"),
        "{error}"
    );
}

/// Small files that would become large.
#[test]
fn what_would_become_large_is_refused() {
    // Doubled 50 times: 2⁵⁰ × 24 bytes, or nothing at all 2⁵⁰ times.
    for first in [floats("v0", &[1, 2, 3]), floats("v0", &[0, 2, 3])] {
        let nodes = (0..50).map(|index| {
            let (input, output) = (format!("v{index}"), format!("v{}", index + 1));
            node("Concat", &[&input, &input], &output).bytes(5, int_attribute("axis", 0))
        });
        let nodes: Vec<_> = nodes.chain([node("Identity", &["v50"], "W")]).collect();
        let error = read(&with_w(&nodes, &[first])).unwrap_err();
        assert!(too_large(&error), "{error}");
    }
    // One tensor in a hundred networks.
    let nodes: Vec<_> = (0..100)
        .map(|index| node("RNN", &["X", "W", "R"], &format!("y{index}")))
        .collect();
    let initializers = [floats("W", &[1, 64, 1024]), floats("R", &[1, 64, 64])];
    let error = read(&model(&nodes, &initializers)).unwrap_err();
    assert!(too_large(&error), "{error}");
    // A million nodes of nothing, names of nothing, dimensions, inputs.
    let empty = Message::default().bytes(1, "");
    for piece in [
        Message::default().bytes(1, ""),
        Message::default().bytes(5, ""),
        Message::default().bytes(12, ""),
        Message::default().bytes(1, Message::default().bytes(2, "a")),
    ] {
        let graph = Message(piece.0.repeat(1_000_000));
        let operators = Message::default().int(2, 22);
        let bytes = Message::default().bytes(7, graph).bytes(8, operators);
        assert!(read(&bytes.0).is_err());
    }
    let many = Message(empty.0.repeat(1_000_000))
        .bytes(2, "W")
        .bytes(4, "Concat");
    assert!(too_large(&read(&with_w(&[many], &[])).unwrap_err()));
    let mut dims = Message::default();
    for _ in 0..100_000 {
        dims = dims.int(1, 1);
    }
    let dims = dims.int(2, 1).bytes(8, "W").bytes(9, [0; 4]);
    assert!(malformed(&read(&with_w(&[], &[dims])).unwrap_err()));
    let perm = (0..100_000).fold(Message::default().bytes(1, "perm"), |to, _| to.int(8, 1));
    let turned = node("Transpose", &["v"], "W").bytes(5, perm);
    assert!(too_large(
        &read(&with_w(&[turned], &[floats("v", &[1, 2, 3])])).unwrap_err()
    ));
}

/// Numbers in a tensor that do not say the same as its shape.
#[test]
fn shapes_are_checked_before_anything_is_taken() {
    for (dims, raw) in [
        (&[1, 2, 3][..], 23),
        (&[1, 2, 3], 25),
        (&[1, 2, i64::MAX], 24),
        (&[1 << 40, 1 << 40, 3], 24),
        (&[0, i64::MAX, i64::MAX], 0),
        (&[1, 2, -3], 24),
        (&[], 24),
    ] {
        let error = read(&with_w(&[], &[tensor("W", dims, 1, &vec![0; raw])])).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                WeightsErrorKind::Bytes { .. }
                    | WeightsErrorKind::TooLarge { .. }
                    | WeightsErrorKind::Malformed { .. }
            ),
            "{dims:?}: {error}"
        );
    }
    for data_type in [0, 2, 3, 6, 7, 8, 9, 12, 14, 17, 99, -1] {
        let size = if data_type == 7 { 8 } else { 4 };
        let w = tensor("W", &[1, 2, 3], data_type, &vec![0; 6 * size]);
        let error = read(&with_w(&[], &[w])).unwrap_err();
        assert!(
            matches!(error.kind(), WeightsErrorKind::Element { tensor, .. } if tensor == "W"),
            "{data_type}: {error}"
        );
    }
    // Nothing of nothing makes no network.
    for dims in [&[1, 2, 0], &[1, 0, 3], &[0, 2, 3]] {
        read(&with_w(&[], &[floats("W", dims)])).unwrap_err();
    }
    let nodes = [node("RNN", &["X", "W", "R"], "Y")];
    read(&model(
        &nodes,
        &[floats("W", &[1, 0, 3]), floats("R", &[1, 0, 0])],
    ))
    .unwrap_err();
}

#[test]
fn operators_that_make_no_sense_are_errors() {
    let v = || floats("v", &[2, 3]);
    let list = |name: &str, values: &[i64]| ints(name, values);
    let max = i64::MAX;
    let min = i64::MIN;
    let cases: Vec<(Message, Vec<Message>)> = vec![
        (node("Squeeze", &["v", "a"], "W"), vec![list("a", &[0])]),
        (node("Squeeze", &["v", "a"], "W"), vec![list("a", &[max])]),
        (node("Squeeze", &["v", "a"], "W"), vec![list("a", &[min])]),
        (
            node("Unsqueeze", &["v", "a"], "W"),
            vec![list("a", &[0, 0])],
        ),
        (
            node("Unsqueeze", &["v", "a"], "W"),
            vec![list("a", &[0; 100])],
        ),
        (node("Unsqueeze", &["v", "v"], "W"), vec![]),
        (node("Unsqueeze", &["v"], "W"), vec![]),
        (
            node("Reshape", &["v", "a"], "W"),
            vec![list("a", &[1, -1, -1])],
        ),
        (
            node("Reshape", &["v", "a"], "W"),
            vec![list("a", &[1, 2, 4])],
        ),
        (
            node("Reshape", &["v", "a"], "W"),
            vec![list("a", &[max, max, -1])],
        ),
        (
            node("Reshape", &["v", "a"], "W"),
            vec![list("a", &[0, 0, 0])],
        ),
        (node("Reshape", &["v", "a"], "W"), vec![list("a", &[min])]),
        (
            node("Reshape", &["v", "a"], "W"),
            vec![list("a", &[1; 1000])],
        ),
        (
            node("Slice", &["v", "a", "b"], "W"),
            vec![list("a", &[0]), list("b", &[1, 1])],
        ),
        (
            node("Slice", &["v", "a", "b"], "W"),
            vec![list("a", &[min, max]), list("b", &[max, min])],
        ),
        (
            node("Slice", &["v", "a", "a", "a", "z"], "W"),
            vec![list("a", &[0]), list("z", &[0])],
        ),
        (
            node("Slice", &["v", "a", "a", "a", "z"], "W"),
            vec![list("a", &[1]), list("z", &[min])],
        ),
        (node("Slice", &["v"], "W"), vec![]),
        (node("Concat", &["v", "a"], "W"), vec![list("a", &[0])]),
        (
            node("Concat", &["v", "v"], "W").bytes(5, int_attribute("axis", min)),
            vec![],
        ),
        (node("Concat", &[], "W"), vec![]),
        (
            node("Cast", &["v"], "W").bytes(5, int_attribute("to", 7)),
            vec![],
        ),
        (node("Cast", &["v"], "W"), vec![]),
        (node("Transpose", &[], "W"), vec![]),
        (node("Constant", &[], "W"), vec![]),
        (
            node("Constant", &[], "W").bytes(5, int_attribute("value", 1)),
            vec![],
        ),
        (
            node("Constant", &[], "W").bytes(5, int_attribute("value_int", 1)),
            vec![],
        ),
        (node("Relu", &["v"], "W"), vec![]),
        (node("Identity", &["nobody"], "W"), vec![]),
    ];
    for (index, (made, mut initializers)) in cases.into_iter().enumerate() {
        initializers.push(v());
        let error = read(&with_w(&[made], &initializers));
        assert!(error.is_err(), "case {index} was read");
    }
}

#[test]
fn attributes_that_make_no_sense_are_errors() {
    let text =
        |name: &str, value: &str| Message::default().bytes(1, name).bytes(4, value).int(20, 3);
    let texts = |values: &[&str]| {
        let start = Message::default().bytes(1, "activations");
        values
            .iter()
            .fold(start, |to, value| to.bytes(9, value))
            .int(20, 8)
    };
    let float = |name: &str, value: f32| {
        let mut message = Message::default().bytes(1, name).number(2 << 3 | 5);
        message.0.extend(value.to_le_bytes());
        message.int(20, 1)
    };
    let cases = [
        text("direction", "sideways"),
        text("clip", "2"),
        text("layout", "1"),
        int_attribute("layout", 2),
        int_attribute("hidden_size", -1),
        int_attribute("hidden_size", i64::MAX),
        int_attribute("hidden_size", 3),
        int_attribute("input_forget", 1),
        int_attribute("own", 1),
        float("clip", 0.0),
        float("clip", -1.0),
        float("clip", f32::NAN),
        float("clip", f32::INFINITY),
        texts(&["Tanh", "Tanh"]),
        texts(&["Gelu"]),
        texts(&["ScaledTanh"]),
    ];
    for attribute in cases {
        let nodes = [node("RNN", &["X", "W", "R"], "Y").bytes(5, &attribute)];
        let initializers = [floats("W", &[1, 2, 3]), floats("R", &[1, 2, 2])];
        let read = read(&model(&nodes, &initializers));
        assert!(
            read.is_err(),
            "{:?} was read",
            String::from_utf8_lossy(&attribute.0)
        );
    }
}

/// ONNX's update gate is the complement of this library's, which the sign of the parameters gives for some functions alone.
#[test]
fn gates_of_a_gru_that_have_no_counterpart_are_refused() {
    let gru = |names: &[&str], betas: &[f32]| {
        let start = Message::default().bytes(1, "activations");
        let names = names
            .iter()
            .fold(start, |to, name| to.bytes(9, name))
            .int(20, 8);
        let packed: Vec<u8> = betas.iter().flat_map(|beta| beta.to_le_bytes()).collect();
        let betas = Message::default()
            .bytes(1, "activation_beta")
            .bytes(7, packed)
            .int(20, 6);
        let node = node("GRU", &["X", "W", "R"], "Y")
            .bytes(5, names)
            .bytes(5, betas);
        model(&[node], &[floats("W", &[1, 6, 3]), floats("R", &[1, 6, 2])])
    };
    read(&gru(&["Sigmoid", "Relu"], &[])).unwrap();
    read(&gru(&["HardSigmoid", "Tanh"], &[0.5])).unwrap();
    for (names, betas) in [
        (["HardSigmoid", "Tanh"], &[0.4][..]),
        (["Tanh", "Tanh"], &[]),
    ] {
        let error = read(&gru(&names, betas)).unwrap_err();
        assert!(
            matches!(error.kind(), WeightsErrorKind::CannotRead { .. })
                && error.to_string().contains("update gate"),
            "{error}"
        );
    }
}

#[test]
fn names_are_there_once() {
    let w = || floats("W", &[1, 2, 3]);
    for (nodes, initializers) in [
        (vec![], vec![w(), w()]),
        (vec![node("Identity", &["X"], "W")], vec![w()]),
        (
            vec![node("Identity", &["V"], "W"), node("Identity", &["V"], "W")],
            vec![floats("V", &[1, 2, 3])],
        ),
    ] {
        let error = read(&with_w(&nodes, &initializers)).unwrap_err();
        assert!(
            error.to_string().contains("two values are called `W`"),
            "{error}"
        );
    }
    let error = read(&with_w(&[], &[])).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Missing { tensor, .. } if tensor == "W"),
        "{error}"
    );
    let nodes = [node("RNN", &["X", "W"], "Y")];
    assert!(malformed(&read(&model(&nodes, &[w()])).unwrap_err()));
    let nodes = [node("RNN", &["X", "", "R"], "Y")];
    assert!(malformed(
        &read(&model(&nodes, &[w(), floats("R", &[1, 2, 2])])).unwrap_err()
    ));
}

#[test]
fn damaged_files_never_panic() {
    let mut corpus = Vec::new();
    for folder in ["nodes", "graphs", "suite"] {
        for entry in std::fs::read_dir(fixture_path(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "onnx") {
                corpus.push(std::fs::read(path).unwrap());
            }
        }
    }
    corpus.sort();
    assert!(corpus.len() > 100);
    let mut mutator = Mutator::new("onnx", corpus);
    let (mut good, total) = (0, count());
    for _ in 0..total {
        good += usize::from(read(&mutator.damaged()).is_ok());
    }
    println!("{good} of {total} damaged files were read, the others are errors");
}
