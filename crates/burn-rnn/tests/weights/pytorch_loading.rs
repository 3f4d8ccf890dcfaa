//! What loading takes: memory in every run, time where it is asked for.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use burn_rnn::weights::{AnyNetwork, PytorchFile, PytorchWriter};
use burn_rnn::{Activation, GruConfig, LstmConfig};

fn write(folder: &Path, network: impl Into<AnyNetwork>) -> PathBuf {
    let path = folder.join("large.safetensors");
    let writer = PytorchWriter::new().network("rnn", network).unwrap();
    writer.save(&path).unwrap();
    path
}

fn load(path: &Path, device: &Device) {
    let file = PytorchFile::open(path).unwrap();
    let import = file.import(Activation::Tanh, device).unwrap();
    assert_eq!(import.networks.len(), 1);
    black_box(import.networks);
}

/// The file is never held as a whole: the network and its largest tensor are.
#[test]
fn loading_takes_little_more_memory_than_the_file() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let lstm = LstmConfig::new(300, 300)
        .with_layers(3)
        .with_bidirectional(true);
    let gru = GruConfig::new(256, 256).with_layers(3);
    for network in [
        AnyNetwork::from(lstm.init(&device)),
        gru.init(&device).into(),
    ] {
        let path = write(folder.path(), network);
        let length = std::fs::metadata(&path).unwrap().len();
        let used = allocation_counter::measure(|| load(&path, &device));
        let times = used.bytes_max as f64 / length as f64;
        assert!(times <= 2.2, "{times:.2} times the file");
    }
}

/// ```text
/// cargo test --release --workspace --test weights loading -- --ignored --nocapture
/// ```
///
/// of 100 MB made here, or of the file that `BURN_RNN_LOAD` names.
#[test]
#[ignore = "a measurement, of a release build on a quiet machine"]
fn loading_takes_little_more_time_than_reading_and_copying() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let given = std::env::var_os("BURN_RNN_LOAD").map(PathBuf::from);
    // Rows of powers of two, at which caches are at their worst.
    let made = || {
        write(
            folder.path(),
            LstmConfig::new(1024, 1024).with_layers(3).init(&device),
        )
    };
    let path = given.unwrap_or_else(made);
    let length = std::fs::metadata(&path).unwrap().len();
    let least = median(|| {
        let bytes = std::fs::read(&path).unwrap();
        black_box(bytes.clone());
    });
    let loading = median(|| load(&path, &device));
    let used = allocation_counter::measure(|| load(&path, &device));
    let megabytes = length as f64 / 1e6;
    let (time, memory) = (
        loading.as_secs_f64() / least.as_secs_f64(),
        used.bytes_max as f64 / length as f64,
    );
    println!(
        "{megabytes:.0} MB: read and copied {least:.1?}, loaded {loading:.1?}: {time:.2} times; memory {memory:.2} times the file"
    );
    assert!(time <= 1.5 && memory <= 2.2);
}

/// The median of eleven runs, after one that nobody counts.
fn median(run: impl Fn()) -> Duration {
    run();
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..11).map(time).collect();
    times.sort();
    times[5]
}
