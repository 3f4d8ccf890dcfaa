//! Keras' files that cannot be trusted: errors, never a panic, and no more memory than four times the file and 16 MiB.
//!
//! `BURN_RNN_MUTATIONS` is the number of damaged files that are tried, and `BURN_RNN_SEED` where the random numbers begin.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn::weights::{KerasFile, WeightsError, WeightsErrorKind};

use crate::keras::fixture_path;
use crate::mutations::{Mutator, count};

/// Opens and reads everything in a file, and checks what that took.
fn read(path: &Path, length: usize) -> Result<(), WeightsError> {
    let device = Device::flex();
    let mut result = Ok(());
    let used = allocation_counter::measure(|| {
        let read = KerasFile::open(path).and_then(|file| {
            let import = file.import(&device);
            for name in file.names() {
                let _ = file.tensor::<2>(name, &device);
            }
            import
        });
        result = read.map(drop);
    });
    let (peak, limit) = (used.bytes_max, 4 * length as u64 + (16 << 20));
    assert!(
        peak <= limit,
        "{}: {peak} bytes of memory for a file of {length}",
        path.display()
    );
    result
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

#[test]
fn every_hostile_file_is_an_error() {
    let files = files_in(&fixture_path("hostile"));
    assert!(files.len() > 50, "the files are committed");
    let mut wrong = String::new();
    for path in files {
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        match read(&path, length) {
            Ok(()) => writeln!(wrong, "{} was read", path.display()).unwrap(),
            Err(error) => assert_eq!(error.path(), Some(path.as_path())),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_kind_of_an_error_says_what_is_wrong() {
    let kind = |name: &str| {
        let path = fixture_path("hostile").join(name);
        let device = Device::flex();
        let read = KerasFile::open(path).and_then(|file| file.import(&device));
        read.unwrap_err()
    };
    let error = kind("integers.h5");
    assert!(
        matches!(error.kind(), WeightsErrorKind::Element { .. }),
        "{error}"
    );
    let error = kind("never_written.h5");
    assert!(
        matches!(error.kind(), WeightsErrorKind::TooLarge { .. }),
        "{error}"
    );
    let error = kind("bias_too_long.h5");
    assert!(
        matches!(error.kind(), WeightsErrorKind::Shape { given, expected, .. }
            if given[..] == [9] && expected[..] == [8]),
        "{error}"
    );
    let error = kind("compressed.h5");
    assert!(error.to_string().contains("h5repack"), "{error}");
    let error = kind("compressed_archive.keras");
    assert!(error.to_string().contains("zip -0"), "{error}");
    for name in [
        "link_in_a_circle.h5",
        "header_in_a_circle.h5",
        "soft_link.h5",
    ] {
        let error = kind(name);
        assert!(
            matches!(error.kind(), WeightsErrorKind::Malformed { .. }),
            "{error}"
        );
    }
    let error = kind("nothing_recurrent.h5");
    assert!(
        matches!(error.kind(), WeightsErrorKind::Nothing { .. }),
        "{error}"
    );
}

/// The places at which structures begin, and between them.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let marks: [&[u8]; 7] = [
        b"TREE",
        b"SNOD",
        b"HEAP",
        b"GCOL",
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
    ];
    let begins = |at: &usize| marks.iter().any(|mark| bytes[*at..].starts_with(mark));
    let structures = (0..bytes.len()).filter(begins);
    let around = structures.flat_map(|at| [at, at + 1, at + 4, at + 9, at + 24]);
    let mut cuts: Vec<usize> = around.chain((0..bytes.len()).step_by(61)).collect();
    cuts.push(bytes.len() - 1);
    cuts.retain(|cut| *cut < bytes.len());
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["few.keras", "few.weights.h5", "few.h5", "cudnn.h5"] {
        let whole = std::fs::read(fixture_path(name)).unwrap();
        let path = folder.path().join(name);
        for cut in cuts(&whole) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(
                read(&path, cut).is_err(),
                "{name} cut to {cut} bytes was read"
            );
        }
        std::fs::write(&path, &whole).unwrap();
        read(&path, whole.len()).unwrap();
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    let small = |path: &PathBuf| std::fs::metadata(path).unwrap().len() < 70_000;
    let whole = files_in(&fixture_path(""));
    let hostile = files_in(&fixture_path("hostile"));
    let corpus = whole.iter().chain(&hostile).filter(|path| small(path));
    let corpus: Vec<Vec<u8>> = corpus.map(|path| std::fs::read(path).unwrap()).collect();
    let mut mutator = Mutator::new("keras", corpus);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.keras");
    let mut whole = 0;
    for index in 0..count() {
        let bytes = mutator.damaged();
        std::fs::write(&path, &bytes).unwrap();
        let read = std::panic::catch_unwind(|| read(&path, bytes.len()));
        let Ok(read) = read else {
            let kept = std::env::temp_dir().join(format!("burn-rnn-keras-{index}"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!("input {index}, kept as {}", kept.display());
        };
        whole += usize::from(read.is_ok());
    }
    // Numbers of weights may be any; a mutator that damages everything tries too little.
    assert!(whole > 0 || count() < 100);
}
