//! Whole files, small ones: the data is made here, the program trains on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

/// A training, and what is done with its model.
#[derive(Deserialize)]
pub struct Trained {
    pub train: String,
    pub data: Option<String>,
    #[serde(default, rename = "use")]
    pub uses: Vec<String>,
}

/// All that is trained, by name.
pub static TRAINED: LazyLock<BTreeMap<String, Trained>> =
    LazyLock::new(|| toml::from_str(include_str!("tasks.toml")).expect("it is of this form"));

/// How all are trained: with a checkpoint and a best model before the last step.
pub const LEARN: &str =
    "--steps 3 --eval-every 1 --checkpoint-every 1 --hidden 4 --batch-size 4 --plain --json";

/// The checkpoint before the last.
pub const CHECKPOINT: &str = "checkpoint-000000002.brnn";

/// The folder of the data, with what the trainings left in a folder each.
pub static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = crate::folder("seeds");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("sounds")).unwrap();
    for (name, bytes) in data() {
        fs::write(folder.join(name), bytes).unwrap();
    }
    for (name, Trained { train, .. }) in &*TRAINED {
        let line = format!("train {train} {LEARN} --out {{seeds}}/{name}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_burn-rnn"));
        let ended = command.args(words(&line, &folder)).output().unwrap();
        assert!(ended.status.success(), "{name}: {ended:?}");
    }
    folder
});

/// The words of a line, with the folder in its place.
pub fn words<'a>(line: &'a str, seeds: &Path) -> impl Iterator<Item = String> + use<'a> {
    let seeds = seeds.display().to_string();
    let words = line.split_whitespace();
    words.map(move |word| word.replace("{seeds}", &seeds))
}

/// A file of each format of data, by name.
fn data() -> Vec<(String, Vec<u8>)> {
    let hour = |hour: usize| {
        let time = format!("2020-01-{:02} {:02}:00:00", 1 + hour / 24, hour % 24);
        let wave = (hour as f64 / 4.0).sin();
        let odd = u8::from(hour % 20 == 19);
        format!("{time},{wave:.4},{}.5,{odd}\n", hour % 7)
    };
    let series = "date,a,b,odd\n".to_owned() + &(0..96).map(hour).collect::<String>();
    let piece = "[[60],[62,64],[60],[],[67],[65]]";
    let rolls = r#"{"train":[PIECE,[[48,55],[50]]],"valid":[PIECE],"test":[PIECE]}"#;
    let sentences = "Anna\tB-PER\nsees\tO\nParis\tB-LOC\n\nthe\tO\nRhine\tB-LOC\n\n".repeat(10);
    let pairs: String = (0..30)
        .map(|i| format!("{i} and {i}\t{}\n", 2 * i))
        .collect();
    // Two labels of five series each, of two channels.
    let (ts, table): (Vec<_>, Vec<_>) = (0..10).map(labelled).unzip();
    let ts = "@timeStamps false\n@classLabel true up down\n@data\n".to_owned() + &ts.concat();
    let table = "id,who,step,x,y,label\n".to_owned() + &table.concat();
    let texts = [
        ("labelled.ts", ts),
        ("labelled.table", table),
        (
            "text.txt",
            "to be, or not to be: that is the question.\n".repeat(12),
        ),
        ("series.csv", series),
        ("rolls.json", rolls.replace("PIECE", piece)),
        ("names.conll", sentences),
        ("pairs.tsv", pairs),
        ("inputs.txt", "3\n12 and 12\n".to_owned()),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.into_bytes()));
    let sounds = [("high", 0.3), ("low", 0.1)]
        .into_iter()
        .flat_map(|(label, pitch)| {
            (0..4u8).map(move |take| {
                let sample = |n: u16| 8000.0 * (f32::from(n) * pitch + f32::from(take)).sin();
                let samples = (0..1000).flat_map(|n| (sample(n) as i16).to_le_bytes());
                (
                    format!("sounds/{label}_anna_{take}.wav"),
                    wav(samples.collect()),
                )
            })
        });
    texts.into_iter().chain(sounds).collect()
}

/// A series in the format of the archives, and as rows of a long table.
fn labelled(number: i32) -> (String, String) {
    let (label, way) = [("up", 1), ("down", -1)][number as usize % 2];
    let x = (0..5 + number % 3).map(|step| (way * step).to_string());
    let x: Vec<String> = x.collect();
    let y = vec!["0.5"; x.len()];
    let row =
        |(step, x): (usize, &String)| format!("{number},{},{step},{x},0.5,{label}\n", number / 2);
    let rows = x.iter().enumerate().map(row).collect();
    (format!("{}:{}:{label}\n", x.join(","), y.join(",")), rows)
}

/// A WAV file of one channel of 16 bits, 8000 samples a second.
fn wav(samples: Vec<u8>) -> Vec<u8> {
    let length = samples.len() as u32;
    let numbers = [16, 1 | 1 << 16, 8000, 16_000, 2 | 16 << 16];
    let format: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    let head = [
        b"RIFF",
        &(36 + length).to_le_bytes()[..],
        b"WAVEfmt ",
        &format,
    ];
    [
        &head.concat(),
        &b"data"[..],
        &length.to_le_bytes(),
        &samples,
    ]
    .concat()
}
