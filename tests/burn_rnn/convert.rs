//! `burn-rnn convert`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{burn_rnn, json, output};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/fixtures/weights/pytorch").join(name)
}

/// The message of a command that fails as it should, with nothing written.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let assert = burn_rnn(folder, arguments).assert().failure().code(2);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{arguments:?}");
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_checkpoint_becomes_safetensors_with_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("legacy_protocol_2.pt");
    let table = output(
        folder.path(),
        &["convert", input.to_str().unwrap(), "lstm.safetensors"],
    );
    assert!(table.contains("format      PyTorch"), "{table}");
    assert!(
        table.contains("(whole file): an LSTM, 3 features in and 8 out, 2 layers, both directions"),
        "{table}"
    );
    let line = table
        .lines()
        .find(|line| line.starts_with("weight_ih_l1_reverse "));
    let cells: Vec<&str> = line
        .unwrap()
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(
        cells,
        [
            "weight_ih_l1_reverse",
            "16 × 8",
            "F32",
            "stack.layers.1.backward.w_input",
            "8 × 16"
        ]
    );
    assert!(table.contains("nothing is left"), "{table}");
    // The same bytes as PyTorch's own file, but for the header.
    let written = fs::read(folder.path().join("lstm.safetensors")).unwrap();
    let whole = fs::read(fixture("lstm.safetensors")).unwrap();
    let tensors = |bytes: &[u8]| {
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    let sorted = |bytes: &[u8]| {
        let mut words: Vec<[u8; 4]> = tensors(bytes)
            .chunks(4)
            .map(|word| word.try_into().unwrap())
            .collect();
        words.sort();
        words
    };
    assert_eq!(sorted(&written), sorted(&whole));
}

#[test]
fn a_part_is_only_converted_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("state_dict.pt");
    let input = input.to_str().unwrap();
    let error = refused(folder.path(), &["convert", input, "rnn.safetensors"]);
    assert!(
        error.contains(
            "3 tensors of it would be left behind, and nothing was written: give --partial"
        ),
        "{error}"
    );
    let table = output(
        folder.path(),
        &["convert", input, "rnn.safetensors", "--partial"],
    );
    assert!(table.contains("emb.weight"), "{table}");
    let converted = json(folder.path(), &["convert", "rnn.safetensors", "--json"]);
    assert_eq!(converted["networks"][0]["name"], "rnn");
    assert_eq!(converted["mapped"].as_array().unwrap().len(), 16);
    assert_eq!(converted["left"].as_array().unwrap().len(), 0);
}

#[test]
fn what_cannot_be_converted_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let lstm = fixture("lstm.safetensors");
    let lstm = lstm.to_str().unwrap();
    let broken = fixture("hostile/zip_integers");
    let text = fixture("hostile/text");
    for (arguments, reason) in [
        (
            vec!["convert", "absent.pt", "out.safetensors"],
            "cannot be read",
        ),
        (
            vec!["convert", lstm, "out.docx"],
            "its ending says no format that is written, expected .safetensors (PyTorch)",
        ),
        (
            vec!["convert", lstm, "no/such/folder/out.safetensors"],
            "cannot be written",
        ),
        (
            vec!["convert", broken.to_str().unwrap(), "out.safetensors"],
            "tensor `weight_ih_l0` holds I32, expected floats",
        ),
        (
            vec!["convert", text.to_str().unwrap(), "out.safetensors"],
            "neither its content nor its ending says what it is",
        ),
    ] {
        let error = refused(folder.path(), &arguments);
        assert!(
            error.contains(reason) && error.lines().count() == 1,
            "{arguments:?}: {error}"
        );
    }
}
