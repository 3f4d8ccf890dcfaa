//! The models of the zoo: each loads, does what it is for, and scores what its file says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{burn_rnn, json, output};

/// The folder of the package that has the models as files in its folder `zoo`.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../burn-rnn-train")
}

/// The models as the program lists them, from a folder that has none.
fn models() -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let list = json(folder.path(), &["list", "--json"]);
    list.as_array().unwrap().clone()
}

#[test]
fn every_model_has_its_card() {
    assert!(models().len() >= 2);
    for model in models() {
        let path = model["model"].as_str().unwrap();
        let card = output(&package(), &["inspect", path, "--card"]);
        let written = fs::read_to_string(package().join(path).join("README.md")).unwrap();
        assert_eq!(written, card, "{path}: run zoo/make.sh");
    }
}

/// The same figures again, where they come from data that the program generates.
#[test]
fn the_scores_are_those_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    for model in models() {
        // The built-in text is the project's source, which goes on after the model was trained.
        if model["card"]["task"] == "text" {
            continue;
        }
        let path = model["model"].as_str().unwrap();
        let again = json(folder.path(), &["eval", "--model", path, "--json"]);
        let mut compared = 0;
        for (name, score) in again["scores"].as_object().unwrap() {
            // A program that came later than the model may tell more.
            let Some(stored) = model["card"]["scores"][name].as_f64() else {
                continue;
            };
            let score = score.as_f64().unwrap();
            assert!(
                (score - stored).abs() <= 0.01 * stored.abs().max(0.1),
                "{path}: {name} is {score}, its file says {stored}"
            );
            compared += 1;
        }
        assert!(compared > 0, "{path}");
    }
}

#[test]
fn text_goes_on_from_a_prompt() {
    let words = "generate --model zoo/text --temperature 0.5 --length 300 --prompt";
    let words: Vec<&str> = words.split(' ').chain(["pub fn "]).collect();
    let folder = tempfile::tempdir().unwrap();
    let written = output(folder.path(), &words);
    assert!(
        written.starts_with("pub fn ") && written.contains('('),
        "{written}"
    );
    // A file that it learnt from, whose characters will stay.
    let words = "eval --model zoo/text --data ../burn-rnn/src/config.rs --json";
    let score = json(&package(), &words.split(' ').collect::<Vec<_>>());
    let bits = &score["scores"]["held-out bits per character"];
    assert!(bits.as_f64().unwrap() < 2.5, "{bits}");
}

/// It has no name for what its text lacked, so that a code for all of Unicode is what such a character costs.
#[test]
fn characters_that_a_model_never_learnt_cost_bits() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("text.txt"), text.repeat(120)).unwrap();
    let eval = || {
        let words = "eval --model zoo/text --data text.txt --json";
        let figures = json(folder.path(), &words.split(' ').collect::<Vec<_>>());
        figures["scores"].clone()
    };
    write("let x = y;");
    let known = eval();
    write("let x = y;\u{1f980}\u{1f980}");
    let both = eval();
    assert_eq!(known.as_object().unwrap().len(), 1);
    assert_eq!(both["unknown characters, 20.1 bits each"], 24.0);
    let bits = |scores: &serde_json::Value| scores["held-out bits per character"].as_f64().unwrap();
    let expected = (bits(&known) * 120.0 + 1_112_064f64.log2() * 24.0) / 144.0;
    assert!(
        (bits(&both) - expected).abs() < 1e-9,
        "{both} beside {known}"
    );
}

#[test]
fn music_is_composed() {
    let folder = tempfile::tempdir().unwrap();
    let words = "generate --length 32 --model zoo/music";
    output(folder.path(), &words.split(' ').collect::<Vec<_>>());
    let piece = fs::read(folder.path().join("piece.mid")).unwrap();
    assert!(piece.starts_with(b"MThd"));
}

#[test]
fn sentences_are_tagged_as_people_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = burn_rnn(folder.path(), &["tag", "--model", "zoo/tagger"]);
    let sentences = "The nurse called Lincoln Hill, yesterday.\n\nIt rains in \"Georgia\".\n";
    let assert = command.write_stdin(sentences).assert().success();
    let tagged = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let tokens = tagged.lines().map(|line| line.split(' ').next().unwrap());
    let expected = "The nurse called Lincoln Hill , yesterday .  It rains in \" Georgia \" .";
    assert!(tokens.eq(expected.split(' ')), "{tagged}");
    let tags = |token: &str| {
        let line = tagged.lines().find(|line| line.starts_with(token));
        line.unwrap().split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(
        ["Lincoln", "Hill", "yesterday", "."].map(tags),
        ["B-PER", "I-PER", "O", "O"]
    );
}

#[test]
fn a_string_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = burn_rnn(folder.path(), &["transduce", "--model", "zoo/dates"]);
    let assert = command.write_stdin("1".repeat(1_000_000)).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        message.contains("at most 10000 characters, and it has 1000000") && message.len() < 200,
        "{message}"
    );
}

/// Folders that lead back into themselves end, and names need not be UTF-8.
#[cfg(unix)]
#[test]
fn links_and_names_of_any_bytes_are_taken() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    fs::create_dir(&models).unwrap();
    let reber = "../burn-rnn-train/zoo/reber/model.safetensors";
    let reber = Path::new(env!("CARGO_MANIFEST_DIR")).join(reber);
    fs::copy(reber, models.join("model.safetensors")).unwrap();
    for link in ["a", "b"] {
        std::os::unix::fs::symlink("../models", models.join(link)).unwrap();
    }
    let listed = json(folder.path(), &["list", ".", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);

    let name = std::ffi::OsStr::from_bytes(b"y\xff.mid");
    let mut command = burn_rnn(folder.path(), &["generate", "--model", "zoo/music"]);
    command.args(["--length", "4", "--out"]).arg(name);
    command.assert().success();
    assert!(folder.path().join(name).exists());
}
