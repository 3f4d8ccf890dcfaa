//! Every recurrent module and cell of PyTorch: the same outputs and states, and the same bits when it is written again.
//!
//! The fixtures come from `tests/fixtures/make_weights_pytorch.py`.

use std::path::PathBuf;

use burn::tensor::{Device, Distribution, Tensor};
use burn_rnn::weights::{AnyNetwork, PytorchFile, PytorchWriter};
use burn_rnn::{
    Activation, Cell, CellOptions, DirectionalState, GruConfig, HiddenState, Initialization,
    LstmConfig, LstmState, Recurrent, RecurrentConfig, RecurrentState, Sequences, SimpleRnnConfig,
};

use crate::compare::{assert_close, values};
use crate::fixture::{self, Fixture};
use crate::pytorch::fixture_path;

/// A cell's state out of PyTorch's tensors.
trait FromTensors: Sized {
    fn from_tensors(tensors: &[Tensor<2>]) -> Self;
    fn tensors(self) -> Vec<Tensor<2>>;
}

impl FromTensors for HiddenState {
    fn from_tensors(tensors: &[Tensor<2>]) -> Self {
        Self::new(tensors[0].clone())
    }
    fn tensors(self) -> Vec<Tensor<2>> {
        vec![self.hidden]
    }
}

impl FromTensors for LstmState {
    fn from_tensors(tensors: &[Tensor<2>]) -> Self {
        Self::new(tensors[0].clone(), tensors[1].clone())
    }
    fn tensors(self) -> Vec<Tensor<2>> {
        vec![self.hidden, self.cell]
    }
}

/// Runs a network from the states `[layers · directions, batch, features]` and gives outputs and final states in the same form.
fn run<C: Cell<State: FromTensors>>(
    network: &Recurrent<C>,
    input: Tensor<3>,
    initial: &[Tensor<3>],
) -> (Tensor<3>, Vec<Tensor<3>>) {
    let mut row = 0;
    let mut next = || {
        let of = |tensor: &Tensor<3>| tensor.clone().narrow(0, row, 1).squeeze_dim(0);
        let tensors: Vec<Tensor<2>> = initial.iter().map(of).collect();
        row += 1;
        C::State::from_tensors(&tensors)
    };
    let layers = network.stack.layers.iter().map(|layer| {
        let forward = next();
        let backward = layer.backward.is_some().then(&mut next);
        DirectionalState { forward, backward }
    });
    let state = RecurrentState {
        layers: layers.collect(),
    };
    let (output, state) = network.forward(input, Some(state));
    let cells = state.layers.into_iter();
    let cells = cells.flat_map(|layer| core::iter::once(layer.forward).chain(layer.backward));
    let cells: Vec<Vec<Tensor<2>>> = cells.map(FromTensors::tensors).collect();
    let stacked = |part: usize| {
        let rows = cells.iter().map(|tensors| tensors[part].clone());
        Tensor::stack(rows.collect(), 0)
    };
    (output, (0..initial.len()).map(stacked).collect())
}

fn read(file: &PytorchFile, name: &str, device: &Device) -> AnyNetwork {
    let read = if name.contains("lstm") {
        file.lstm(name, device).map(AnyNetwork::from)
    } else if name.contains("gru") {
        file.gru(name, device).map(AnyNetwork::from)
    } else if name.contains("relu") {
        file.simple_rnn(name, Activation::Relu, device)
            .map(AnyNetwork::from)
    } else {
        file.simple_rnn(name, Activation::Tanh, device)
            .map(AnyNetwork::from)
    };
    read.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn check(answers: &Fixture, name: &str, network: &AnyNetwork, device: &Device) {
    let tensor = |part: &str| answers.tensor::<3>(&format!("{name}.{part}"), device);
    let letters: &[&str] = match network {
        AnyNetwork::Lstm(_) => &["h", "c"],
        _ => &["h"],
    };
    let initial: Vec<_> = letters.iter().map(|c| tensor(&format!("{c}_0"))).collect();
    let input = answers.tensor::<3>("input", device);
    let (output, last) = match network {
        AnyNetwork::SimpleRnn(network) => run(network, input, &initial),
        AnyNetwork::Lstm(network) => run(network, input, &initial),
        AnyNetwork::Gru(network) => run(network, input, &initial),
    };
    assert_close(name, &output, &tensor("output"), 1e-5);
    for (c, state) in letters.iter().zip(&last) {
        let expected = tensor(&format!("{c}_n"));
        assert_close(&format!("{name} {c}_n"), state, &expected, 1e-5);
    }
}

#[test]
fn every_module_gives_pytorchs_outputs_and_goes_back_bit_by_bit() {
    let device = Device::flex();
    let answers = fixture::all("weights/pytorch/answers").remove(0);
    let path = fixture_path("all.pt");
    let file = PytorchFile::open(&path).unwrap();
    let names: Vec<String> = file.networks().map(str::to_string).collect();
    // Five kinds of modules × three depths × two directions × bias or none; four kinds of cells × bias or none.
    assert_eq!(names.len(), 5 * 3 * 2 * 2 + 4 * 2);

    let mut writer = PytorchWriter::new();
    for name in &names {
        let network = read(&file, name, &device);
        let layers = if name.contains("_l2") {
            2
        } else if name.contains("_l3") {
            3
        } else {
            1
        };
        assert_eq!(network.layers(), layers, "{name}");
        assert_eq!(network.is_bidirectional(), name.contains("_two_"), "{name}");
        check(&answers, name, &network, &device);
        writer = match name.starts_with("cell_") {
            true => writer.cell(name, network).unwrap(),
            false => writer.network(name, network).unwrap(),
        };
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.safetensors");
    writer.save(&path).unwrap();
    let again = PytorchFile::open(&path).unwrap();
    assert_eq!(
        again.names().collect::<Vec<_>>(),
        file.names().collect::<Vec<_>>()
    );
    let bits = |file: &PytorchFile, name: &str| -> Vec<u32> {
        let numbers = match file.shape(name).unwrap().len() {
            1 => values::<1>(&file.tensor(name, &device).unwrap()),
            _ => values::<2>(&file.tensor(name, &device).unwrap()),
        };
        numbers.iter().map(|x| x.to_bits()).collect()
    };
    for name in file.names() {
        assert_eq!(again.shape(name), file.shape(name), "{name}");
        assert_eq!(bits(&again, name), bits(&file, name), "{name}");
    }
}

/// Every module and cell made here, for `tests/fixtures/check_weights_pytorch.py`, which says where to write: the weights, and what each
/// network gives. Without it they are written and read again.
#[test]
fn networks_for_pytorch_are_written() {
    let device = Device::flex();
    let input = Tensor::random([2, 5, 3], Distribution::Uniform(-1.0, 1.0), &device);
    let mut writer = PytorchWriter::new();
    let mut answers = PytorchWriter::new().tensor("input", input.clone()).unwrap();
    let file = PytorchFile::open(fixture_path("all.pt")).unwrap();
    // The names say what to make. Half of the networks have one bias, whose second PyTorch gets as zeros.
    for (index, name) in file.networks().enumerate() {
        let network = made(name, index % 2 == 0, &device);
        let output = network.forward(input.clone(), Sequences::default());
        answers = answers.tensor(name, output).unwrap();
        writer = match name.starts_with("cell_") {
            true => writer.cell(name, network).unwrap(),
            false => writer.network(name, network).unwrap(),
        };
    }
    let own = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("BURN_RNN_WRITE_FOR_PYTORCH").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| own.path().to_path_buf());
    writer.save(folder.join("made.safetensors")).unwrap();
    answers.save(folder.join("answers.safetensors")).unwrap();
    let read_again = PytorchFile::open(folder.join("made.safetensors")).unwrap();
    for name in file.names() {
        assert_eq!(read_again.shape(name), file.shape(name), "{name}");
    }
}

/// A network of the sizes and kind that a name says, with numbers everywhere, biases too.
fn made(name: &str, two_biases: bool, device: &Device) -> AnyNetwork {
    fn init<O: CellOptions>(
        config: RecurrentConfig<O>,
        name: &str,
        device: &Device,
    ) -> Recurrent<O::Cell> {
        let layers = ["_l1", "_l2", "_l3"]
            .iter()
            .position(|layers| name.contains(layers));
        config
            .with_layers(layers.unwrap_or(0) + 1)
            .with_bidirectional(name.contains("_two_"))
            .with_bias(!name.ends_with("nobias"))
            .with_initialization(Initialization::PyTorch)
            .init(device)
    }
    let two_biases = two_biases && !name.ends_with("nobias");
    if name.contains("lstm") {
        let lstm = LstmConfig::new(3, 4).with_bias_hidden(two_biases);
        let lstm = if name.contains("proj") {
            lstm.with_projection(2)
        } else {
            lstm
        };
        return init(lstm, name, device).into();
    }
    if name.contains("gru") {
        return init(
            GruConfig::new(3, 4).with_bias_hidden(two_biases),
            name,
            device,
        )
        .into();
    }
    let activation = if name.contains("relu") {
        Activation::Relu
    } else {
        Activation::Tanh
    };
    let simple = SimpleRnnConfig::new(3, 4).with_activation(activation);
    init(simple.with_bias_hidden(two_biases), name, device).into()
}
