//! Configurations through `serde`, parameters through Burn's records and stores.

use std::collections::BTreeMap;
use std::path::Path;

use burn::config::Config;
use burn::module::Module;
use burn::store::{BurnpackStore, ModuleRecord, ModuleSnapshot, SafetensorsStore};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_rnn::{
    Activation, AttentionConfig, AttentionScore, CellOptions, CoupledLstmConfig, Coupling,
    GruConfig, HeadActivation, HeadConfig, Initialization, LstmConfig, Merge, PeepholeKind,
    PeepholeLstmConfig, RecurrentConfig, Reset, SimpleRnnConfig, SlidingWindowConfig, State,
};
use safetensors::SafeTensors;

use crate::backends;
use crate::fixture;
use crate::parameters;

/// Runs `$check` on a configuration of every architecture that differs from the default everywhere.
macro_rules! every_architecture {
    ($check:expr) => {
        $check(different(SimpleRnnConfig::new(3, 4)).with_activation(Activation::Relu));
        $check(
            different(LstmConfig::new(3, 4))
                .with_full_gate_recurrence(true)
                .with_output_activation(false),
        );
        $check(different(PeepholeLstmConfig::new(3, 4)).with_peephole(PeepholeKind::Full));
        $check(different(PeepholeLstmConfig::new(3, 4)));
        $check(different(CoupledLstmConfig::new(3, 4)).with_coupling(Coupling::ForgetFromInput));
        $check(different(GruConfig::new(3, 4)).with_reset(Reset::BeforeProduct));
        $check(different(GruConfig::new(3, 4)));
    };
}

/// The configuration with everything else than its defaults.
pub fn different<O: CellOptions>(config: RecurrentConfig<O>) -> RecurrentConfig<O> {
    config
        .with_layers(2)
        .with_bidirectional(true)
        .with_merge(Merge::Average)
        .with_dropout(0.25)
        .with_residual(true)
        .with_batch_first(false)
        .with_initialization(Initialization::PyTorch)
}

#[test]
fn configurations_survive_json_and_files() {
    fn check<O: CellOptions>(config: RecurrentConfig<O>) {
        survives_json(&config);
    }
    every_architecture!(check);

    let head = HeadConfig::new(3, 4)
        .with_activation(HeadActivation::Softmax)
        .with_bias(false);
    let json = serde_json::to_string(&head).unwrap();
    assert_eq!(serde_json::from_str::<HeadConfig>(&json).unwrap(), head);
    let window = SlidingWindowConfig::new(3, 4, 5).with_activation(Activation::Tanh);
    let attention = AttentionConfig::new(3, 4, AttentionScore::Additive).with_d_attention(7);
    let json = serde_json::to_string(&attention).unwrap();
    assert_eq!(
        serde_json::from_str::<AttentionConfig>(&json).unwrap(),
        attention
    );
    let json = serde_json::to_string(&window).unwrap();
    assert_eq!(
        serde_json::from_str::<SlidingWindowConfig>(&json).unwrap(),
        window
    );
}

#[test]
fn a_configuration_by_hand_needs_the_sizes_alone_and_tells_misspellings() {
    let config: LstmConfig = serde_json::from_str(r#"{"d_input": 3, "layer_sizes": [4]}"#).unwrap();
    assert_eq!(config, LstmConfig::new(3, 4));
    let config = r#"{"d_input": 3, "layer_sizes": [4], "bidirectoinal": true}"#;
    let error = serde_json::from_str::<LstmConfig>(config).unwrap_err();
    assert!(error.to_string().contains("bidirectoinal"), "{error}");
}

#[test]
fn parameters_survive_records_and_stores() {
    fn check<O: CellOptions>(config: RecurrentConfig<O>) {
        backends::each(|backend| check_on(&config, &backend.device));
    }
    every_architecture!(check);
}

/// Writes a configuration and reads it back.
pub fn survives_json<O: CellOptions>(config: &RecurrentConfig<O>) {
    let json = serde_json::to_string(config).unwrap();
    let read: RecurrentConfig<O> = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, config);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    config.save(&path).unwrap();
    assert_eq!(&RecurrentConfig::<O>::load(&path).unwrap(), config);
}

/// Writes the parameters of a network in every form and reads them back.
pub fn check_on<O: CellOptions>(config: &RecurrentConfig<O>, device: &Device) {
    let network = config.init(device);
    let expected = parameters::read(&network);
    let fresh = || {
        let fresh = config.init(device);
        assert_ne!(parameters::read(&fresh), expected, "fresh ones differ");
        fresh
    };
    let folder = tempfile::tempdir().unwrap();

    let path = folder.path().join("record.bpk");
    network.clone().into_record().save(&path).unwrap();
    let loaded = fresh().load_record(ModuleRecord::load(&path).unwrap());
    assert_eq!(parameters::read(&loaded), expected, "record");

    let mut store = BurnpackStore::from_file(folder.path().join("store.bpk"));
    network.save_into(&mut store).unwrap();
    let mut loaded = fresh();
    loaded.load_from(&mut store).unwrap();
    assert_eq!(parameters::read(&loaded), expected, "burnpack");

    let mut store = SafetensorsStore::from_file(folder.path().join("store.safetensors"));
    network.save_into(&mut store).unwrap();
    let mut loaded = fresh();
    loaded.load_from(&mut store).unwrap();
    assert_eq!(parameters::read(&loaded), expected, "safetensors");
}

/// What commit c54596b wrote (`fixtures/make_earlier.rs`): names, shapes, outputs and states of today are those of then.
#[test]
fn records_of_earlier_versions_load_as_they_are() {
    earlier("simple", SimpleRnnConfig::new(3, 4));
    earlier("lstm", LstmConfig::new(3, 4));
    earlier("lstm-full_gate_recurrence", LstmConfig::new(3, 4));
    earlier("peephole", PeepholeLstmConfig::new(3, 4));
    earlier("peephole-full", PeepholeLstmConfig::new(3, 4));
    earlier("coupled", CoupledLstmConfig::new(3, 4));
    earlier("coupled-forget_from_input", CoupledLstmConfig::new(3, 4));
    earlier("gru", GruConfig::new(3, 4));
    earlier("gru-reset_before", GruConfig::new(3, 4));
}

/// The configuration comes from the file; the one given says which architecture it is.
fn earlier<O: CellOptions>(name: &str, _: RecurrentConfig<O>) {
    let folder = fixture::folder("earlier");
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let case: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path("json")).unwrap()).unwrap();
    let config: RecurrentConfig<O> = serde_json::from_value(case["config"].clone()).unwrap();
    let floats = |value: &serde_json::Value| -> Vec<f32> {
        let floats = value.as_array().unwrap().iter();
        floats.map(|float| float.as_f64().unwrap() as f32).collect()
    };
    let input: Vec<f32> = (0..2 * 5 * 3).map(|index| (index as f32).sin()).collect();
    backends::each(|backend| {
        let device = &backend.device;
        let record = ModuleRecord::load(path("bpk")).unwrap();
        let of_record = config.init(device).load_record(record);
        let mut of_store = config.init(device);
        let mut store = SafetensorsStore::from_file(path("safetensors"));
        of_store.load_from(&mut store).unwrap();
        assert_eq!(
            parameters::read(&of_record),
            parameters::read(&of_store),
            "{name}"
        );

        let input = TensorData::new(input.clone(), [2, 5, 3]);
        let input = Tensor::<3>::from_data(input, (device, DType::F32));
        let (output, state) = of_record.forward(input, None);
        let output: Vec<f32> = output.into_data().iter().collect();
        assert_close(&output, &floats(&case["output"]), name);
        let mut expected = case["states"].as_array().unwrap().iter();
        state.map(&mut |tensor| {
            let state: Vec<f32> = tensor.clone().into_data().iter().collect();
            assert_close(&state, &floats(expected.next().unwrap()), name);
            tensor
        });
        assert!(expected.next().is_none(), "{name}: a state is missing");
    });

    // What is written today has the same names and shapes.
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("today.safetensors");
    let network = config.init(&Device::default());
    let mut store = SafetensorsStore::from_file(&written);
    network.save_into(&mut store).unwrap();
    assert_eq!(names(&written), names(&path("safetensors")), "{name}");
}

/// The tensors of a file, with their shapes.
fn names(path: &Path) -> BTreeMap<String, Vec<usize>> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter();
    tensors
        .map(|(name, view)| (name.to_owned(), view.shape().to_vec()))
        .collect()
}

fn assert_close(actual: &[f32], expected: &[f32], name: &str) {
    assert_eq!(actual.len(), expected.len(), "{name}");
    for (actual, expected) in actual.iter().zip(expected) {
        assert!(
            (actual - expected).abs() <= 1e-5,
            "{name}: {actual} was {expected}"
        );
    }
}

#[test]
fn names_in_a_weight_file_are_short_and_stable() {
    let device = Device::default();
    let network = PeepholeLstmConfig::new(3, 4)
        .with_layers(2)
        .with_bidirectional(true)
        .init(&device);
    let mut names: Vec<String> = network
        .collect(None, None, false)
        .iter()
        .map(|t| t.name.clone())
        .collect();
    names.sort();
    assert_eq!(names.len(), 16);
    assert_eq!(names[0], "stack.layers.0.backward.bias");
    assert_eq!(names[1], "stack.layers.0.backward.peephole.diagonal");
    assert_eq!(names[15], "stack.layers.1.forward.w_input");
}

#[test]
fn heads_and_windows_survive_too() {
    let device = Device::default();
    let head = HeadConfig::new(3, 4).init(&device);
    let record = head.clone().into_record();
    let loaded = HeadConfig::new(3, 4).init(&device).load_record(record);
    assert_eq!(parameters::read(&loaded), parameters::read(&head));

    let window = SlidingWindowConfig::new(3, 2, 1).init(&device);
    let record = window.clone().into_record();
    let loaded = SlidingWindowConfig::new(3, 2, 1)
        .init(&device)
        .load_record(record);
    assert_eq!(parameters::read(&loaded), parameters::read(&window));
}

#[test]
fn a_network_of_doubles_keeps_its_type() {
    let device = Device::default();
    if !device.supports_dtype(DType::F64) {
        println!("skipped: the default device has no f64");
        return;
    }
    let network = GruConfig::new(3, 4).init(&device);
    let values = parameters::read(&network);
    let network = parameters::write(network, &values, DType::F64);
    let input = Tensor::<3>::ones([2, 5, 3], (&device, DType::F64));
    let (output, state) = network.forward(input, None);
    assert_eq!(output.dtype(), DType::F64);
    assert_eq!(state.layers[0].forward.hidden.dtype(), DType::F64);
}
