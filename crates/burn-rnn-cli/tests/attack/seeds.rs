//! Whole files, small ones: the data is made here, the program trains on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use burn_rnn_data::{Sound, wav_file};

/// What is trained, by name; `{seeds}` is the folder of the data.
pub const TRAININGS: &[(&str, &str)] = &[
    (
        "text",
        "text --text {seeds}/text.txt --embedding 4 --seq-len 8 --layers 1",
    ),
    ("music", "music --rolls {seeds}/rolls.json"),
    ("reber", "reber --strings 30"),
    (
        "tag",
        "tag --conll {seeds}/names.conll --embedding 4 --min-count 1",
    ),
    ("memory", "memory --length 5"),
    (
        "forecast",
        "forecast --csv {seeds}/series.csv --horizon 2 --window 6 --time-features cyclic",
    ),
    (
        "feed-forward",
        "forecast --csv {seeds}/series.csv --horizon 2 --window 6 --model feed-forward --segment 3",
    ),
    (
        "classify",
        "classify --wav-dir {seeds}/sounds --bands 8 --layers 1 --hold-out-takes 1 --valid-takes 1",
    ),
    (
        "speak",
        "speak --wav-dir {seeds}/sounds --bands 8 --layers 1 --embedding 4 --hold-out-takes 1 --valid-takes 1",
    ),
    (
        "transduce",
        "transduce --pairs {seeds}/pairs.tsv --embedding 4",
    ),
];

/// How all are trained: with a checkpoint and a best model before the last step.
pub const LEARN: &str =
    "--steps 3 --eval-every 1 --checkpoint-every 1 --hidden 4 --batch-size 4 --plain";

/// The checkpoint before the last.
pub const CHECKPOINT: &str = "checkpoint-000000002.brnn";

/// The folder with the data, and with what the trainings left in a folder each.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = crate::folder("seeds");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("sounds")).unwrap();
        for (name, bytes) in data() {
            fs::write(folder.join(name), bytes).unwrap();
        }
        for (name, training) in TRAININGS {
            let mut command = Command::new(env!("CARGO_BIN_EXE_burn-rnn"));
            command.arg("train").args(words(training, &folder));
            command.args(words(LEARN, &folder));
            let ended = command.arg("--out").arg(folder.join(name)).output();
            let ended = ended.unwrap();
            assert!(ended.status.success(), "{name}: {ended:?}");
        }
        folder
    })
}

/// A line as words, with the folder in its place.
pub fn words(line: &str, seeds: &Path) -> Vec<String> {
    let seeds = seeds.to_str().expect("the folder's name is UTF-8");
    let words = line.split_whitespace();
    words.map(|word| word.replace("{seeds}", seeds)).collect()
}

/// A file of each format of data, by name.
fn data() -> Vec<(String, Vec<u8>)> {
    let text = "to be, or not to be: that is the question.\n".repeat(12);
    let hour = |hour: usize| {
        let (day, wave) = (1 + hour / 24, (hour as f64 / 4.0).sin());
        let time = format!("2020-01-{day:02} {:02}:00:00", hour % 24);
        format!("{time},{wave:.4},{}.5\n", hour % 7)
    };
    let series = "date,a,b\n".to_owned() + &(0..96).map(hour).collect::<String>();
    let piece = "[[60],[62,64],[60],[],[67],[65]]";
    let rolls =
        format!(r#"{{"train":[{piece},[[48,55],[50],[52]]],"valid":[{piece}],"test":[{piece}]}}"#);
    let sentences =
        "Anna\tB-PER\nsees\tO\nParis\tB-LOC\n\nthe\tO\nriver\tO\nRhine\tB-LOC\n\n".repeat(10);
    let pairs: String = (0..30)
        .map(|i| format!("{i} and {i}\t{}\n", 2 * i))
        .collect();
    let mut files = vec![
        ("text.txt".to_owned(), text.into_bytes()),
        ("series.csv".to_owned(), series.into_bytes()),
        ("rolls.json".to_owned(), rolls.into_bytes()),
        ("names.conll".to_owned(), sentences.into_bytes()),
        ("pairs.tsv".to_owned(), pairs.into_bytes()),
    ];
    for (label, pitch) in [("high", 0.3), ("low", 0.1)] {
        for take in 0..4 {
            let sample = |n: u16| 0.3 * (f32::from(n) * pitch + take as f32).sin();
            let samples = (0..1000).map(sample).collect();
            let sound = Sound {
                samples,
                rate: 8000,
            };
            files.push((format!("sounds/{label}_anna_{take}.wav"), wav_file(&sound)));
        }
    }
    files
}
