//! `burn-rnn convert`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{burn_rnn, json, output};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("crates/burn-rnn/tests/fixtures/weights")
        .join(name)
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
    let input = fixture("pytorch/legacy_protocol_2.pt");
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
    assert!(table.contains("written     lstm.safetensors"), "{table}");
    // The same bytes as PyTorch's own file, but for the header.
    let written = fs::read(folder.path().join("lstm.safetensors")).unwrap();
    let whole = fs::read(fixture("pytorch/lstm.safetensors")).unwrap();
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
    let input = fixture("pytorch/state_dict.pt");
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

/// Keras to ONNX, to PyTorch, to ONNX: the same networks, and the same file.
#[test]
fn every_format_becomes_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let keras = fixture("keras/few.keras");
    let keras = keras.to_str().unwrap();
    let error = refused(folder, &["convert", keras, "a.onnx"]);
    assert!(error.contains("4 tensors of it would be left"), "{error}");
    let error = refused(folder, &["convert", keras, "a.keras"]);
    assert!(error.contains("its ending says no format"), "{error}");

    let table = output(folder, &["convert", keras, "a.onnx", "--partial"]);
    assert!(table.contains("format      Keras"), "{table}");
    let [encoder, decoder] = ["encoder", "decoder"];
    let networks = |file: &str| {
        let found = json(folder, &["convert", file, "--json"]);
        let networks = found["networks"].as_array().unwrap().clone();
        let kinds = networks.into_iter().map(|network| {
            let kind = network["network"].as_str().unwrap().to_owned();
            (network["name"].as_str().unwrap().to_owned(), kind)
        });
        let format = found["format"].as_str().unwrap().to_owned();
        (format, kinds.collect::<Vec<_>>())
    };
    let (format, found) = networks("a.onnx");
    assert_eq!(format, "ONNX");
    // The sum of Keras' two directions is an operator of its own in ONNX.
    let gru = "a GRU, 3 features in and 4 out, 1 layer, both directions";
    let lstm = "an LSTM, 2 features in and 3 out, 1 layer, one direction";
    let expected = [(encoder, gru), (decoder, lstm)];
    assert_eq!(
        found,
        expected.map(|(name, kind)| (name.to_owned(), kind.to_owned()))
    );

    // Its gates have a function that PyTorch's have not.
    let error = {
        let arguments = ["convert", "a.onnx", "b.safetensors"];
        let assert = burn_rnn(folder, &arguments).assert().failure().code(2);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    assert!(!folder.join("b.safetensors").exists(), "{error}");
    assert!(
        error.contains("the network `encoder` cannot go to PyTorch: it has other activations"),
        "{error}"
    );

    let lstm = fixture("pytorch/lstm.safetensors");
    output(folder, &["convert", lstm.to_str().unwrap(), "c.onnx"]);
    output(folder, &["convert", "c.onnx", "d.safetensors"]);
    output(folder, &["convert", "d.safetensors", "e.onnx"]);
    output(folder, &["convert", "e.onnx", "f.safetensors"]);
    let [d, f] = ["d.safetensors", "f.safetensors"].map(|name| folder.join(name));
    assert_eq!(fs::read(d).unwrap(), fs::read(f).unwrap());
}

#[test]
fn what_the_file_does_not_say_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("keras/few.weights.h5");
    let table = output(folder.path(), &["convert", input.to_str().unwrap()]);
    let said = "assumed     the settings of `";
    assert!(table.contains(said), "{table}");
    let found = fixture("keras/few.keras");
    let found = json(
        folder.path(),
        &["convert", found.to_str().unwrap(), "--json"],
    );
    assert_eq!(found["assumed"].as_array().unwrap().len(), 0);
    let input = fixture("pytorch/all.pt");
    let arguments = ["convert", input.to_str().unwrap(), "--json"];
    let found = json(folder.path(), &arguments);
    let assumed = found["assumed"].as_array().unwrap();
    let first = assumed[0].as_str().unwrap();
    assert!(first.contains("tanh, the default of nn.RNN"), "{first}");
}

#[test]
fn what_cannot_be_converted_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let lstm = fixture("pytorch/lstm.safetensors");
    let lstm = lstm.to_str().unwrap();
    let broken = fixture("pytorch/hostile/zip_integers");
    let text = fixture("pytorch/hostile/text");
    for (arguments, reason) in [
        (
            vec!["convert", "absent.pt", "out.safetensors"],
            "cannot be read",
        ),
        (
            vec!["convert", lstm, "out.docx"],
            "its ending says no format that is written, expected .safetensors (PyTorch), .onnx (ONNX)",
        ),
        (
            vec!["convert", lstm, "out.pt"],
            "its ending says no format that is written",
        ),
        (
            vec!["convert", lstm, lstm],
            "it is the input: give the output another name",
        ),
        (
            vec!["convert", "/dev/zero", "out.onnx"],
            "it is a pipe or a device, and no file",
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

#[test]
fn an_activation_is_not_passed_over_where_the_file_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("onnx/graphs");
    let onnx = fs::read_dir(&input)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "onnx"))
        .expect("an ONNX file among the fixtures");
    let message = refused(
        folder.path(),
        &[
            "convert",
            onnx.to_str().unwrap(),
            "--rnn-activation",
            "relu",
        ],
    );
    assert!(
        message.contains("has the activations of its networks: leave --rnn-activation out"),
        "{message}"
    );
}
