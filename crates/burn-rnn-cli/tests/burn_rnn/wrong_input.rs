//! Files and options that are wrong: each gives one clear line and exit code 2, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{TEXT, burn_rnn, output, text};

/// What is typed, and what the message has to tell. The files are those of [`files`].
const WRONG: &[(&str, &[&str])] = &[
    // Text.
    ("train text --text missing.txt", &["missing.txt"]),
    ("train text --text folder", &["folder", "directory"]),
    ("train text --text empty.txt", &["empty.txt", "empty"]),
    (
        "train text --text latin1.txt",
        &["latin1.txt", "UTF-8", "3"],
    ),
    ("train text --text short.txt", &["9 ", "510"]),
    (
        "train text --bytes --text empty.txt",
        &["empty.txt", "empty"],
    ),
    (
        "eval --model text --data latin1.txt",
        &["latin1.txt", "UTF-8"],
    ),
    ("activations --model text --text greek.txt", &["Ω"]),
    ("generate --model text --prompt Ω", &["Ω"]),
    (
        "generate --model text --temperature -1",
        &["temperature", "-1"],
    ),
    ("generate --model text --out new.txt", &["--out", "text"]),
    (
        "activations --model text --text missing.txt",
        &["missing.txt"],
    ),
    // Piano rolls.
    ("train music --rolls missing.json", &["missing.json"]),
    ("train music --rolls folder", &["folder", "directory"]),
    ("train music --rolls empty.txt", &["empty.txt", "not JSON"]),
    (
        "train music --rolls broken.json",
        &["broken.json", "not JSON"],
    ),
    (
        "train music --rolls list.json",
        &["list.json", "train, valid and test"],
    ),
    (
        "train music --rolls note.json",
        &["valid, piece 1, step 2", "20", "21 to 108"],
    ),
    (
        "train music --rolls one-step.json",
        &["test, piece 2 has 1 step", "remove it"],
    ),
    #[cfg(unix)]
    (
        "train music --rolls /dev/zero",
        &["/dev/zero", "a pipe or a device"],
    ),
    #[cfg(unix)]
    ("generate --model /dev/zero", &["/dev/zero", "no file"]),
    (
        "eval --model music --data note.json",
        &["note.json", "step 2"],
    ),
    ("generate --model music --length 0", &["--length", "0"]),
    (
        "generate --model music --prompt 60,64",
        &["60,64", "21 to 108"],
    ),
    // Sounds.
    ("train classify --wav-dir missing", &["missing"]),
    (
        "train classify --wav-dir folder",
        &["folder", "no WAV files"],
    ),
    (
        "train classify --wav-dir sounds",
        &["sounds/1_a_0.wav", "RIFF"],
    ),
    (
        "train speak --wav-dir names",
        &["names/hello.wav", "LABEL_SPEAKER_TAKE"],
    ),
    // Tables.
    ("train forecast --csv missing.csv", &["missing.csv"]),
    ("train forecast --csv empty.txt", &["empty.txt"]),
    (
        "train forecast --csv word.csv --columns a,b",
        &["word.csv", "line 3", "`x`"],
    ),
    (
        "train forecast --csv ragged.csv",
        &["ragged.csv", "line 3", "2 cells"],
    ),
    (
        "train forecast --csv hole.csv",
        &["hole.csv", "line 3", "`a`", "interpolated"],
    ),
    (
        "train forecast --csv hole.csv --columns c",
        &["`c`", "`a`, `b`"],
    ),
    // Anomalies.
    (
        "train anomaly --csv hole.csv",
        &["hole.csv", "line 3", "`a`"],
    ),
    (
        "train anomaly --csv labels.csv --labels b",
        &["labels.csv", "line 3", "`b`", "`maybe`", "0 or 1"],
    ),
    (
        "train anomaly --csv labels.csv --labels c",
        &["`c`", "`a`, `b`"],
    ),
    (
        "train anomaly --csv labels.csv --columns a,b --labels b",
        &["labels.csv", "`b`", "twice"],
    ),
    (
        "train anomaly --csv few.csv",
        &["the training part", "20 rows", "49 rows at least"],
    ),
    (
        "train anomaly --csv few.csv --window 6",
        &["8 values, expected at least 20", "threshold"],
    ),
    ("train anomaly --bidirectional", &["--bidirectional"]),
    ("train anomaly --horizon 25", &["--horizon", "25", "24"]),
    (
        "train anomaly --method autoencoder --horizon 2",
        &["--horizon", "2"],
    ),
    ("train anomaly --risk 0", &["--risk", "0"]),
    ("train anomaly --columns a", &["--columns", "--csv"]),
    ("detect --model zoo/anomaly few.csv", &["few.csv", "`load`"]),
    ("detect --model music few.csv", &["music", "anomaly"]),
    // Series with labels.
    (
        "train classify-series --series missing.csv",
        &["missing.csv"],
    ),
    (
        "train classify-series --series folder",
        &["folder", "labels.csv"],
    ),
    (
        "train classify-series --series word.csv",
        &["word.csv, line 1", "`date`, `a`, `b`", "id"],
    ),
    (
        "train classify-series --series two.csv",
        &["two.csv, line 3", "`down`", "`up`"],
    ),
    (
        "train classify-series --series stamps.ts",
        &["stamps.ts: line 1", "timestamps"],
    ),
    (
        "train classify-series --series question.ts",
        &["question.ts: line 3", "dimension 1, value 2", "`x`"],
    ),
    ("train classify-series --hold-out 1", &["--hold-out", "1"]),
    (
        "classify --model zoo/sensors word.csv",
        &["word.csv", "`acc x`", "`date`, `a`, `b`"],
    ),
    // Sentences and pairs.
    (
        "train tag --conll ragged.conll",
        &["ragged.conll", "line 2", "1 column"],
    ),
    ("train tag --conll empty.txt", &["empty.txt", "no sentence"]),
    (
        "train transduce --pairs no-tab.tsv",
        &["no-tab.tsv", "line 1", "tab"],
    ),
    (
        "train transduce --pairs half.tsv",
        &["half.tsv", "line 1", "after the tab"],
    ),
    ("tag --model music hello", &["music", "tag"]),
    ("train reber --bidirectional", &["--bidirectional"]),
    ("train memory --length 0", &["length is 0"]),
    // Models.
    ("eval --model missing", &["missing", "--out"]),
    ("eval --model folder", &["model.safetensors", "--out"]),
    ("generate --model empty.txt", &["empty.txt", "safetensors"]),
    (
        "generate --model short.safetensors",
        &["short.safetensors", "safetensors"],
    ),
    (
        "generate --model altered.safetensors",
        &["altered.safetensors", "damaged"],
    ),
    (
        "generate --model header.safetensors",
        &["header.safetensors", "card or settings", "damaged"],
    ),
    (
        "activations --model music --text text.txt",
        &["music", "text"],
    ),
    ("inspect missing", &["missing"]),
    ("list missing", &["missing", "built in"]),
    // Options that come from a file.
    (
        "train text --config missing.toml",
        &["missing.toml", "TOML"],
    ),
    ("train text --config leyers.toml", &["leyers", "layers"]),
    ("train text --config broken.toml", &["broken.toml"]),
    (
        "train text --config many.toml",
        &["many.toml", "many", "layers"],
    ),
    ("train text --config table.toml", &["table.toml", "table"]),
    // Settings.
    (
        "train text --text text.txt --resume --out folder",
        &["folder", "--resume"],
    ),
    (
        "train text --text text.txt --bidirectional",
        &["--bidirectional"],
    ),
    (
        "train text --text text.txt --devices 2",
        &["--devices", "2"],
    ),
    ("train text --text text.txt --lr 0", &["--lr", "0"]),
    (
        "train text --text text.txt --device abacus",
        &["abacus", "flex"],
    ),
    ("train music --bidirectional", &["--bidirectional"]),
    ("train music --output-dropout 1", &["--output-dropout", "1"]),
    (
        "train music --variational-dropout 1",
        &["--variational-dropout", "1"],
    ),
];

/// Makes the files.
fn files(folder: &Path) {
    fs::create_dir(folder.join("folder")).unwrap();
    text(folder);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("empty.txt", b"");
    write("latin1.txt", b"caf\xe9 ");
    write("short.txt", b"too short");
    write(
        "greek.txt",
        "to be ".repeat(100).replace("be", "Ω").as_bytes(),
    );
    write("broken.json", b"{\"train\": [[[60], [62]],");
    write("list.json", b"[[[60]]]");
    let note = r#"{"train": [[[60], []]], "valid": [[[60], [20]]], "test": [[[60], []]]}"#;
    write("note.json", note.as_bytes());
    let one = r#"{"train": [[[60], []]], "valid": [[[60], []]], "test": [[[60], []], [[60]]]}"#;
    write("one-step.json", one.as_bytes());
    for name in ["sounds/1_a_0.wav", "names/hello.wav"] {
        fs::create_dir(folder.join(name).parent().unwrap()).unwrap();
        write(name, b"no sound");
    }
    write("word.csv", b"date,a,b\n2020-01-01,1,2\n2020-01-02,x,3\n");
    write("ragged.csv", b"date,a,b\n2020-01-01,1,2\n2020-01-02,3\n");
    write("hole.csv", b"date,a,b\n2020-01-01,1,2\n2020-01-02,,3\n");
    write("labels.csv", b"a,b\n1,0\n2,maybe\n");
    let few: String = (0..40).map(|row| format!("{}\n", row % 7)).collect();
    write("few.csv", format!("level\n{few}").as_bytes());
    write("two.csv", b"id,label,x\n1,up,2\n1,down,3\n");
    write(
        "stamps.ts",
        b"@timeStamps true\n@classLabel true a b\n@data\n(0,1):a\n",
    );
    write("question.ts", b"@classLabel true a b\n@data\n1,x,3:a\n");
    write("ragged.conll", b"The DT\nbroken\n\n");
    write("no-tab.tsv", b"no tab here\n");
    write("half.tsv", b"a\t\n");
    write("leyers.toml", b"leyers = 2\n");
    write("broken.toml", b"layers = \n= 2\n");
    write("many.toml", b"layers = \"many\"\n");
    write("table.toml", b"[layers]\nfirst = 2\n");

    output(
        folder,
        &[&TEXT[..], &["--steps", "2", "--out", "text"]].concat(),
    );
    let music = "train music --hidden 4 --epochs 1 --out music";
    output(folder, &music.split(' ').collect::<Vec<_>>());
    let model = fs::read(folder.join("text/model.safetensors")).unwrap();
    write("short.safetensors", &model[..model.len() / 2]);
    // One more step than it was trained.
    let card = br#"\"steps\":2"#;
    let place = model.windows(card.len()).position(|part| part == card);
    let mut header = model.clone();
    header[place.unwrap() + card.len() - 1] = b'3';
    write("header.safetensors", &header);
    let mut altered = model;
    *altered.last_mut().unwrap() ^= 1;
    write("altered.safetensors", &altered);
}

fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(listing(&path)),
            false => files.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    files.sort();
    files
}

#[test]
fn wrong_input_is_told_in_a_line_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    let before = listing(folder);
    for (typed, words) in WRONG {
        let arguments: Vec<&str> = typed.split(' ').collect();
        let assert = burn_rnn(folder, &arguments).assert();
        let output = assert.get_output();
        let message = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{typed}: {message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{typed}: {message}");
        for word in *words {
            assert!(
                message.contains(word),
                "{typed}: {message:?} lacks {word:?}"
            );
        }
        assert_eq!(listing(folder), before, "{typed}: files changed");
    }
}
