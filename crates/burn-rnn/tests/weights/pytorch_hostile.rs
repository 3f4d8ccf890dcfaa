//! PyTorch's files that cannot be trusted: errors, never a panic, and no more memory than four times the file and 16 MiB.
//!
//! `BURN_RNN_MUTATIONS` is the number of damaged files that are tried, and `BURN_RNN_SEED` where the random numbers begin; `docs/weights.md`
//! has the command for a million.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn::Activation;
use burn_rnn::weights::{PytorchFile, PytorchWriter, WeightsError, WeightsErrorKind};
use safetensors::tensor::{Dtype, TensorView};

use crate::mutations::{Mutator, count};
use crate::pytorch::fixture_path;

/// What reading any file may take: what the loader promises, and what the test itself holds.
fn memory_limit(length: usize) -> u64 {
    4 * length as u64 + (16 << 20)
}

/// Opens and reads everything in a file, and checks what that took.
fn read(path: &Path, length: usize) -> Result<(), WeightsError> {
    let device = Device::flex();
    let mut result = Ok(());
    let used = allocation_counter::measure(|| {
        let read = PytorchFile::open(path).and_then(|file| {
            let import = file.import(Activation::Tanh, &device);
            // What names nothing recurrent may still have tensors.
            for name in file.names() {
                let _ = file.tensor::<2>(name, &device);
            }
            import
        });
        result = read.map(drop);
    });
    let (peak, limit) = (used.bytes_max, memory_limit(length));
    assert!(
        peak <= limit,
        "{}: {peak} bytes of memory for a file of {length}",
        path.display()
    );
    result
}

fn hostile() -> Vec<PathBuf> {
    let folder = fixture_path("hostile");
    let files = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

#[test]
fn every_hostile_file_is_an_error() {
    let files = hostile();
    assert!(files.len() > 60, "the files are committed");
    let mut wrong = String::new();
    for path in files {
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        match read(&path, length) {
            Ok(()) => writeln!(wrong, "{} was read", path.display()).unwrap(),
            Err(error) => {
                assert_eq!(error.path(), Some(path.as_path()));
                println!("{error}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // What would have been executed writes this.
    assert!(!Path::new("hacked").exists());
}

#[test]
fn the_kind_of_an_error_says_what_is_wrong() {
    let kind = |name: &str| {
        let path = fixture_path("hostile").join(name);
        let file = PytorchFile::open(&path);
        file.and_then(|file| file.import(Activation::Tanh, &Device::flex()))
            .unwrap_err()
    };
    for name in ["zip_integers", "safetensors_integers"] {
        let error = kind(name);
        assert!(
            matches!(error.kind(), WeightsErrorKind::Element { tensor, .. } if tensor == "weight_ih_l0"),
            "{error}"
        );
    }
    for name in ["zip_expanded", "zip_one_storage_80_times"] {
        let error = kind(name);
        assert!(
            matches!(error.kind(), WeightsErrorKind::TooLarge { .. }),
            "{error}"
        );
    }
    for name in [
        "zip_doubled_by_dup",
        "zip_deep",
        "zip_deflated",
        "legacy_bomb",
        "safetensors_data_cut",
        "text",
    ] {
        let error = kind(name);
        assert!(
            matches!(error.kind(), WeightsErrorKind::Malformed { .. }),
            "{error}"
        );
    }
    let error = PytorchFile::open(fixture_path("is not there")).unwrap_err();
    assert!(matches!(error.kind(), WeightsErrorKind::Read(_)), "{error}");
    let error = PytorchFile::open(fixture_path("")).unwrap_err();
    assert!(matches!(error.kind(), WeightsErrorKind::Read(_)), "{error}");
}

/// A folder with one file that is written again and again.
struct Scratch {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        Self {
            path,
            _folder: folder,
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<(), WeightsError> {
        std::fs::write(&self.path, bytes).unwrap();
        read(&self.path, bytes.len())
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    let scratch = Scratch::new();
    for name in [
        "gru_float16.pt",
        "gru_bfloat16.safetensors",
        "legacy_protocol_2.pt",
        "legacy_protocol_4.pt",
        "views.pt",
    ] {
        let whole = std::fs::read(fixture_path(name)).unwrap();
        scratch
            .read(&whole)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for length in 0..whole.len() {
            let read = scratch.read(&whole[..length]);
            assert!(
                read.is_err(),
                "{name}, cut to {length} of {} bytes, was read",
                whole.len()
            );
        }
    }
}

/// Small files that would become large: each of them takes a hundred times its size where nobody looks.
#[test]
fn what_would_become_large_is_refused() {
    let scratch = Scratch::new();
    let legacy = std::fs::read(fixture_path("legacy_protocol_2.pt")).unwrap();
    let (header, _) = legacy.split_at(third_stop(&legacy));
    let objects = |object: &[u8], end: &[u8], count: usize| {
        [header, b"\x80\x02(", &object.repeat(count), end].concat()
    };
    for (object, end) in [
        (b"N".as_slice(), b"l.".as_slice()),
        (b"]", b"l."),
        (b"K\x01", b"t."),
        (b"}\x94", b"l."),
        (b"U\x01aN", b"d."),
        (b"U\x01aU\x01a", b"d."),
        (b"cos\nsystem\n", b"l."),
    ] {
        // Below the limit and at it the promise has to hold as well.
        for count in [1_000, 10_000, 20_000, 40_000, 80_000, 160_000] {
            scratch.read(&objects(object, end, count)).unwrap_err();
        }
        let error = scratch.read(&objects(object, end, 1_000_000)).unwrap_err();
        assert!(error.to_string().contains("of memory"), "{error}");
    }
    let numbers = [
        br#"{"a":{"dtype":"F32","shape":["#.as_slice(),
        &b"1,".repeat(1_000_000),
        br#"1],"data_offsets":[0,4]}}"#,
    ]
    .concat();
    let file = [&(numbers.len() as u64).to_le_bytes()[..], &numbers, &[0; 4]].concat();
    let error = scratch.read(&file).unwrap_err();
    assert!(error.to_string().contains("header is longer"), "{error}");
}

/// Where the third pickle of a legacy file ends: what was saved comes after it.
fn third_stop(legacy: &[u8]) -> usize {
    let stops = legacy.iter().enumerate().filter(|(_, byte)| **byte == b'.');
    stops.map(|(at, _)| at + 1).nth(2).unwrap()
}

/// Names as long as a file system never has them, and strange ones, are names.
#[test]
fn names_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.safetensors");
    let long = "x".repeat(100_000);
    let gru = || burn_rnn::GruConfig::new(2, 3).init(&Device::flex());
    let names = ["../../etc", "..", "a\nb", "weight_ih_l0", &long, "ünïcode"];
    let mut writer = PytorchWriter::new();
    for name in names {
        writer = writer.network(name, gru()).unwrap();
    }
    writer.save(&path).unwrap();
    let file = PytorchFile::open(&path).unwrap();
    for name in names {
        file.gru(name, &Device::flex())
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Files of all types of elements, which only floats are read from.
#[test]
fn only_floats_are_weights() {
    let scratch = Scratch::new();
    for (dtype, size, good) in [
        (Dtype::F64, 8, true),
        (Dtype::F32, 4, true),
        (Dtype::F16, 2, true),
        (Dtype::BF16, 2, true),
        (Dtype::I64, 8, false),
        (Dtype::I32, 4, false),
        (Dtype::U16, 2, false),
        (Dtype::U8, 1, false),
        (Dtype::BOOL, 1, false),
        (Dtype::F8_E4M3, 1, false),
    ] {
        let data = vec![0; 16 * size];
        let view = |rows: usize, columns: usize| {
            TensorView::new(dtype, vec![rows, columns], &data[..rows * columns * size]).unwrap()
        };
        let tensors = [("weight_ih_l0", view(4, 3)), ("weight_hh_l0", view(4, 4))];
        let bytes = safetensors::serialize(tensors, None).unwrap();
        assert_eq!(scratch.read(&bytes).is_ok(), good, "{dtype:?}");
    }
}

#[test]
fn damaged_files_never_panic() {
    let whole = [
        "gru_float16.pt",
        "legacy_protocol_2.pt",
        "legacy_protocol_4.pt",
        "protocol_4.pt",
        "lstm.safetensors",
        "views.pt",
        "whole_module.pt",
    ];
    let whole = whole.iter().map(|name| fixture_path(name));
    let corpus: Vec<Vec<u8>> = whole
        .chain(hostile())
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let scratch = Scratch::new();
    let mut mutator = Mutator::new("pytorch", corpus);
    let mut read = 0;
    for _ in 0..count() {
        let bytes = mutator.damaged();
        read += usize::from(scratch.read(&bytes).is_ok());
    }
    // Most changes of a weight make another weight: the loader is reached, and not turned away at the door alone.
    assert!(read > 0);
}

/// A weight of 64 bits beyond the range of the device's 32 would be infinite there.
#[test]
fn a_number_beyond_the_float_type_of_the_device_is_refused() {
    let scratch = Scratch::new();
    let mut numbers = [0.5f64; 9];
    let write = |numbers: &[f64; 9], dtype| {
        let bytes: Vec<u8> = match dtype {
            Dtype::F64 => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            _ => numbers
                .iter()
                .flat_map(|x| (*x as f32).to_le_bytes())
                .collect(),
        };
        let size = bytes.len() / 9;
        let view = |from: usize, shape: &[usize]| {
            let count: usize = shape.iter().product();
            let bytes = &bytes[from * size..(from + count) * size];
            TensorView::new(dtype, shape.to_vec(), bytes).unwrap()
        };
        let tensors = [
            ("weight_ih_l0", view(0, &[1, 3])),
            ("weight_hh_l0", view(3, &[1, 1])),
            ("bias_ih_l0", view(4, &[1])),
            ("bias_hh_l0", view(5, &[1])),
        ];
        scratch.read(&safetensors::serialize(tensors, None).unwrap())
    };
    write(&numbers, Dtype::F64).unwrap();
    // What is infinite or smaller than anything in the file stays so.
    numbers[0] = f64::INFINITY;
    numbers[1] = 1e-300;
    write(&numbers, Dtype::F64).unwrap();
    for (place, tensor) in [(2, "weight_ih_l0"), (3, "weight_hh_l0"), (4, "bias_ih_l0")] {
        let mut numbers = numbers;
        numbers[place] = -1e39;
        let error = write(&numbers, Dtype::F64).unwrap_err();
        assert!(
            error.to_string().contains(&format!(
                "tensor `{tensor}` holds -1e39, which is beyond F32"
            )),
            "{error}"
        );
        // Infinite in the file already.
        write(&numbers, Dtype::F32).unwrap();
    }
}
