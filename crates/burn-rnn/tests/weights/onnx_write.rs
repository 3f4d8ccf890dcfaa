//! Networks into ONNX and back: the same outputs, the same bits.
//!
//! With `BURN_RNN_WRITE_FOR_ONNX` set to a folder every model is left there with its outputs, for `tests/fixtures/check_weights_onnx.py`, which
//! holds ONNX Runtime against them.

use std::path::PathBuf;

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use burn_rnn::weights::{AnyNetwork, OnnxFile, OnnxWriter, WeightsErrorKind};
use burn_rnn::{
    Activation, Cell, Coupling, DefinedState, DirectionalState, GruConfig, Head, HeadActivation,
    HeadConfig, LstmConfig, Merge, PeepholeKind, Recurrent, RecurrentState, Reset, SimpleRnnConfig,
};
use safetensors::tensor::{Dtype, TensorView};

use crate::compare::{assert_close, values};

/// A network that ONNX has, by a name that says what it is.
fn networks(device: &Device) -> Vec<(String, AnyNetwork)> {
    let mut networks: Vec<(String, AnyNetwork)> = Vec::new();
    for layers in 1..=3 {
        for two in [false, true] {
            for bias in [false, true] {
                let name = format!("l{layers}_{two}_{bias}");
                let rnn = SimpleRnnConfig::new(3, 4)
                    .with_layers(layers)
                    .with_bidirectional(two)
                    .with_bias(bias);
                let lstm = LstmConfig::new(3, 4)
                    .with_layers(layers)
                    .with_bidirectional(two)
                    .with_bias(bias);
                let gru = GruConfig::new(3, 4)
                    .with_layers(layers)
                    .with_bidirectional(two)
                    .with_bias(bias);
                let before = gru.clone().with_reset(Reset::BeforeProduct);
                networks.push((format!("rnn_{name}"), rnn.init(device).into()));
                networks.push((format!("lstm_{name}"), lstm.init(device).into()));
                networks.push((format!("gru_{name}"), gru.init(device).into()));
                networks.push((format!("gru_before_{name}"), before.init(device).into()));
            }
        }
    }
    let lstm = || LstmConfig::new(3, 4).with_layers(2);
    let gru = || GruConfig::new(3, 4);
    let peephole = || lstm().with_peephole(PeepholeKind::Diagonal);
    let hard = Activation::HARD_SIGMOID;
    let scaled = Activation::ScaledTanh {
        alpha: 1.7,
        beta: 0.6,
    };
    let mut add = |name: &str, network: AnyNetwork| networks.push((name.into(), network));
    add(
        "both_biases",
        lstm().with_bias_hidden(true).init(device).into(),
    );
    add(
        "gru_both_biases",
        gru().with_bias_hidden(true).init(device).into(),
    );
    add(
        "time_first",
        lstm().with_batch_first(false).init(device).into(),
    );
    add(
        "peephole",
        peephole().with_bidirectional(true).init(device).into(),
    );
    add(
        "coupled",
        lstm()
            .with_coupling(Coupling::ForgetFromInput)
            .init(device)
            .into(),
    );
    add(
        "coupled_peephole",
        peephole()
            .with_coupling(Coupling::ForgetFromInput)
            .init(device)
            .into(),
    );
    add(
        "other_way",
        lstm()
            .with_coupling(Coupling::InputFromForget)
            .init(device)
            .into(),
    );
    add(
        "other_way_peephole",
        peephole()
            .with_coupling(Coupling::InputFromForget)
            .with_bidirectional(true)
            .init(device)
            .into(),
    );
    add("clip", lstm().with_clip(0.2).init(device).into());
    add("gru_clip", gru().with_clip(0.2).init(device).into());
    add(
        "rnn_clip",
        SimpleRnnConfig::new(3, 4)
            .with_clip(0.2)
            .init(device)
            .into(),
    );
    add(
        "functions",
        lstm()
            .with_gate_activation(hard)
            .with_candidate_activation(scaled)
            .with_cell_activation(Activation::Softsign)
            .with_bidirectional(true)
            .init(device)
            .into(),
    );
    add(
        "gru_functions",
        gru()
            .with_gate_activation(hard)
            .with_candidate_activation(Activation::Elu { alpha: 0.7 })
            .init(device)
            .into(),
    );
    add(
        "not_squashed",
        lstm()
            .with_input_activation(false)
            .with_output_activation(false)
            .init(device)
            .into(),
    );
    add(
        "rnn_identity",
        SimpleRnnConfig::new(3, 4)
            .with_activation(Activation::Identity)
            .init(device)
            .into(),
    );
    add("sizes", lstm().with_layer_sizes([4, 6]).init(device).into());
    for (name, merge) in [
        ("sum", Merge::Sum),
        ("average", Merge::Average),
        ("product", Merge::Product),
    ] {
        add(
            name,
            lstm()
                .with_bidirectional(true)
                .with_merge(merge)
                .init(device)
                .into(),
        );
    }
    networks
}

fn input(network: &AnyNetwork, device: &Device) -> Tensor<3> {
    let [batch, time] = [2, 5];
    let first = batch_first(network);
    let shape = if first {
        [batch, time, 3]
    } else {
        [time, batch, 3]
    };
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

fn batch_first(network: &AnyNetwork) -> bool {
    match network {
        AnyNetwork::SimpleRnn(network) => network.batch_first,
        AnyNetwork::Lstm(network) => network.batch_first,
        AnyNetwork::Gru(network) => network.batch_first,
    }
}

fn write(name: &str, network: &AnyNetwork, head: Option<&Head>) -> Vec<u8> {
    let writer = OnnxWriter::new();
    let writer = match head {
        Some(head) => writer.network_with_head("net", network.clone(), head),
        None => writer.network("net", network.clone()),
    };
    let bytes = writer.and_then(OnnxWriter::to_bytes);
    bytes.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Biases that are added to each other, as one list of bits: what one network has as one, another has as two.
fn bits(network: &AnyNetwork) -> Vec<(String, Vec<u32>)> {
    fn of<C: Cell>(
        network: &Recurrent<C>,
        mut f: impl FnMut(&C) -> Vec<(&'static str, Option<TensorData>)>,
    ) -> Vec<(String, Vec<u32>)> {
        let cells = network.cells().enumerate();
        let parameters = cells.flat_map(|(index, cell)| {
            let parameters = f(cell).into_iter();
            parameters
                .filter_map(move |(name, data)| Some((format!("{index}.{name}"), data?)))
                .collect::<Vec<_>>()
        });
        let bits = parameters.map(|(name, data)| {
            let numbers: Vec<f32> = data.try_into_vec().unwrap();
            (name, numbers.into_iter().map(f32::to_bits).collect())
        });
        bits.collect()
    }
    match network {
        AnyNetwork::SimpleRnn(network) => of(network, |cell| {
            vec![
                ("w_input", Some(cell.w_input.val().into_data())),
                ("w_hidden", Some(cell.w_hidden.val().into_data())),
                ("bias", cell.bias.as_ref().map(|b| b.val().into_data())),
                (
                    "bias_hidden",
                    cell.bias_hidden.as_ref().map(|b| b.val().into_data()),
                ),
            ]
        }),
        AnyNetwork::Lstm(network) => of(network, |cell| {
            let peephole = cell.peephole.as_ref().and_then(|p| p.diagonal.as_ref());
            vec![
                ("w_input", Some(cell.w_input.val().into_data())),
                ("w_hidden", Some(cell.w_hidden.val().into_data())),
                ("bias", cell.bias.as_ref().map(|b| b.val().into_data())),
                (
                    "bias_hidden",
                    cell.bias_hidden.as_ref().map(|b| b.val().into_data()),
                ),
                ("peephole", peephole.map(|p| p.val().into_data())),
            ]
        }),
        AnyNetwork::Gru(network) => of(network, |cell| {
            vec![
                ("w_input", Some(cell.w_input.val().into_data())),
                ("w_hidden", Some(cell.w_hidden.val().into_data())),
                ("bias", cell.bias.as_ref().map(|b| b.val().into_data())),
                (
                    "bias_hidden",
                    cell.bias_hidden.as_ref().map(|b| b.val().into_data()),
                ),
            ]
        }),
    }
}

#[test]
fn ours_to_onnx_and_back() {
    let device = Device::flex();
    for (name, network) in networks(&device) {
        let bytes = write(&name, &network, None);
        let file = OnnxFile::from_bytes(bytes.clone()).unwrap();
        let import = file
            .import(&device)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(import.unmapped.is_empty(), "{name}: {:?}", import.unmapped);
        // What another merge adds up is no input of a layer of ours.
        if ["sum", "average", "product"].contains(&name.as_str()) {
            assert_eq!(import.networks.len(), 2, "{name}");
            continue;
        }
        let [again] = import.networks.as_slice() else {
            panic!("{name}: {} networks", import.networks.len());
        };
        let x = input(&network, &device);
        let expected = network.forward(x.clone(), burn_rnn::Sequences::default());
        let swap = |x: Tensor<3>| match batch_first(&network) {
            true => x.swap_dims(0, 1),
            false => x,
        };
        let output = swap(
            again
                .network
                .forward(swap(x), burn_rnn::Sequences::default()),
        );
        assert_close(&name, &output, &expected, 1e-5);

        // The input gate's parameters are the forget gate's with the sign turned: other bits, of the same network.
        if name.starts_with("other_way") {
            continue;
        }
        let (ours, theirs) = (bits(&network), bits(&again.network));
        for (parameter, bits) in &ours {
            let found = theirs.iter().find(|(other, _)| other == parameter).unwrap();
            // The one inside a GRU's reset is the last block of three there.
            let last = &found.1[found.1.len() - bits.len()..];
            assert_eq!(last, bits, "{name}: {parameter}");
        }
        for (parameter, bits) in &theirs {
            let ours = ours.iter().find(|(other, _)| other == parameter);
            let new = &bits[..bits.len() - ours.map_or(0, |ours| ours.1.len())];
            assert!(
                new.iter().all(|bits| bits << 1 == 0),
                "{name}: {parameter} is not zero"
            );
        }
        // And written again it is the same file, but for where the batch is.
        let once_more = write(&name, &again.network, None);
        let twice = OnnxFile::from_bytes(once_more)
            .unwrap()
            .import(&device)
            .unwrap();
        assert_eq!(self::bits(&twice.networks[0].network), theirs, "{name}");
    }
}

/// Runs a network from random states; gives them, the output and the final states, in the order of the cells.
fn run<C: Cell<State: DefinedState>>(
    network: &Recurrent<C>,
    x: Tensor<3>,
) -> (Tensor<3>, Vec<[Vec<Tensor<3>>; 2]>) {
    let device = x.device();
    let mut draw = |tensor: Tensor<2>| tensor.random_like(Distribution::Normal(0.0, 0.5));
    let zeros = network.zero_state(2);
    let state = RecurrentState {
        layers: zeros
            .layers
            .into_iter()
            .map(|layer| DirectionalState {
                forward: burn_rnn::State::map(layer.forward, &mut draw),
                backward: layer.backward.map(|s| burn_rnn::State::map(s, &mut draw)),
            })
            .collect(),
    };
    let _ = device;
    let stacked = |state: &RecurrentState<C::State>| -> Vec<Vec<Tensor<3>>> {
        let layers = state.layers.iter().map(|layer| {
            let cells = core::iter::once(&layer.forward).chain(&layer.backward);
            let cells: Vec<Vec<_>> = cells.map(|s| s.clone().into_tensors()).collect();
            let parts = 0..cells[0].iter().flatten().count();
            parts
                .map(|part| {
                    Tensor::stack(cells.iter().map(|c| c[part].clone().unwrap()).collect(), 0)
                })
                .collect()
        });
        layers.collect()
    };
    let initial = stacked(&state);
    let (output, last) = network.forward(x, Some(state));
    let states = initial.into_iter().zip(stacked(&last));
    (output, states.map(|(a, b)| [a, b]).collect())
}

/// What ONNX Runtime is held against, where the folder is given.
#[test]
fn models_for_onnx_runtime() {
    let Some(folder) = std::env::var_os("BURN_RNN_WRITE_FOR_ONNX").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let device = Device::flex();
    let heads = [
        HeadActivation::Identity,
        HeadActivation::Softmax,
        HeadActivation::Sigmoid,
        HeadActivation::Tanh,
    ];
    for (index, (name, network)) in networks(&device).into_iter().enumerate() {
        let head = (index % 2 == 1).then(|| {
            HeadConfig::new(network.d_output(), 3)
                .with_bias(index % 3 != 0)
                .with_activation(heads[index / 2 % 4])
                .init(&device)
        });
        let x = input(&network, &device);
        let zeros = network.forward(x.clone(), burn_rnn::Sequences::default());
        let (output, states) = match &network {
            AnyNetwork::SimpleRnn(network) => run(network, x.clone()),
            AnyNetwork::Lstm(network) => run(network, x.clone()),
            AnyNetwork::Gru(network) => run(network, x.clone()),
        };
        let headed = |output: Tensor<3>| match &head {
            Some(head) => head.forward(output),
            None => output,
        };
        let mut tensors = vec![
            ("net.input".to_string(), x),
            ("from_zeros".into(), headed(zeros)),
            ("net.output".into(), headed(output)),
        ];
        for (layer, states) in states.into_iter().enumerate() {
            for (when, parts) in ["initial", "final"].iter().zip(states) {
                for (letter, part) in ["h", "c"].iter().zip(parts) {
                    tensors.push((format!("net.{when}_{letter}_l{layer}"), part));
                }
            }
        }
        std::fs::write(
            folder.join(format!("{name}.onnx")),
            write(&name, &network, head.as_ref()),
        )
        .unwrap();
        let data = tensors.into_iter().map(|(name, tensor)| {
            let shape = tensor.dims().to_vec();
            let bytes: Vec<u8> = values(&tensor)
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect();
            (name, shape, bytes)
        });
        let data: Vec<_> = data.collect();
        let views = data.iter().map(|(name, shape, bytes)| {
            (
                name,
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let bytes = safetensors::serialize(views, None).unwrap();
        std::fs::write(folder.join(format!("{name}.safetensors")), bytes).unwrap();
    }
}

#[test]
fn what_onnx_has_no_operator_for_is_refused_with_the_reason() {
    let device = Device::flex();
    let lstm = || LstmConfig::new(4, 4);
    let cases: [(AnyNetwork, &str); 10] = [
        (
            GruConfig::new(4, 4)
                .with_gate_activation(Activation::Softsign)
                .init(&device)
                .into(),
            "update gate",
        ),
        (lstm().with_projection(2).init(&device).into(), "projection"),
        (lstm().with_cell_clip(1.0).init(&device).into(), "cell_clip"),
        (
            lstm().with_output_gate(false).init(&device).into(),
            "switched off",
        ),
        (
            lstm()
                .with_peephole(PeepholeKind::Full)
                .init(&device)
                .into(),
            "full peepholes",
        ),
        (
            lstm().with_layer_norm(true).init(&device).into(),
            "layer normalisation",
        ),
        (
            lstm().with_full_gate_recurrence(true).init(&device).into(),
            "gate recurrence",
        ),
        (
            lstm()
                .with_layers(2)
                .with_residual(true)
                .init(&device)
                .into(),
            "residual",
        ),
        (
            lstm().with_learned_state(true).init(&device).into(),
            "learned state",
        ),
        (
            lstm()
                .with_coupling(Coupling::InputFromForget)
                .with_gate_activation(Activation::Softsign)
                .init(&device)
                .into(),
            "the other way round",
        ),
    ];
    for (network, reason) in cases {
        let error = OnnxWriter::new().network("net", network).unwrap_err();
        let held = matches!(error.kind(), WeightsErrorKind::CannotHold { network, .. } if network == "net");
        assert!(
            held && error.to_string().contains(reason),
            "{reason}: {error}"
        );
    }
    let head = HeadConfig::new(5, 2).init(&device);
    let error = OnnxWriter::new()
        .network_with_head("net", lstm().init(&device), &head)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("reads 5 features, and it gives 4"),
        "{error}"
    );
    let error = OnnxWriter::new().to_bytes().unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Nothing { .. }),
        "{error}"
    );
    let writer = OnnxWriter::new()
        .network("net", lstm().init(&device))
        .unwrap();
    let error = writer.network("net", lstm().init(&device)).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Taken { .. }),
        "{error}"
    );
}

#[test]
fn two_networks_and_a_head_in_one_file() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.onnx");
    let lstm = LstmConfig::new(3, 4).init(&device);
    let head = HeadConfig::new(4, 2).init(&device);
    OnnxWriter::new()
        .network("", GruConfig::new(2, 3).init(&device))
        .and_then(|writer| writer.network_with_head("tagger", lstm.clone(), &head))
        .and_then(|writer| writer.save(&path))
        .unwrap();
    let file = OnnxFile::open(&path).unwrap();
    assert_eq!(file.networks().unwrap(), ["GRU", "tagger"]);
    let weight: Tensor<2> = file.tensor("tagger.head.weight", &device).unwrap();
    assert_close("head", &weight, &head.linear.weight.val(), 0.0);
    let again = file.lstm("tagger", &device).unwrap();
    let x = Tensor::ones([2, 5, 3], &device);
    let (expected, _) = lstm.forward(x.clone(), None);
    let (output, _) = again.forward(x.swap_dims(0, 1), None);
    assert_close("output", &output.swap_dims(0, 1), &expected, 1e-6);

    let taken = folder.path().join("taken.onnx");
    std::fs::create_dir_all(taken.join("inside")).unwrap();
    let writer = OnnxWriter::new().network("net", lstm).unwrap();
    let error = writer.save(&taken).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Write(_)),
        "{error}"
    );
    assert_eq!(error.path(), Some(taken.as_path()));
}
