//! Every format of file that the library and the program read: whole ones, how they are altered, and who reads them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use burn_rnn_train::options::{with_defaults, with_run_file};
use burn_rnn_train::{ModelFile, device, model_card};
use clap::{Command, FromArgMatches, Subcommand};

use crate::mutate::{self, Structure};
use crate::seeds::{self, CHECKPOINT, LEARN, TRAININGS, words};
use crate::tasks::{self, DEFAULTS, TrainTask};

/// Reads what lies in a folder: what was read, in words.
type Read = Box<dyn Fn(&Path) -> Result<String, Box<dyn Error>> + Send + Sync>;

/// A format of files.
pub struct Format {
    pub name: String,
    /// Whole files.
    pub corpus: Vec<Vec<u8>>,
    pub structure: Structure,
    /// Where it lies in a folder of its own.
    pub file: String,
    /// What lies beside it, and where it is taken from.
    pub beside: Vec<(String, PathBuf)>,
    /// Whether it has sums over all that it means.
    pub summed: bool,
    /// How the library reads it.
    pub read: Read,
    /// How the program does, in that folder; `{seeds}` is that of the whole files.
    pub commands: Vec<String>,
}

impl Format {
    /// Lays a file of the format into a folder, which is made anew.
    pub fn place(&self, folder: &Path, bytes: &[u8]) {
        let _ = fs::remove_dir_all(folder);
        let files = self.beside.iter();
        let files = files.map(|(name, from)| (name, fs::read(from).unwrap()));
        for (name, bytes) in files.chain([(&self.file, bytes.to_vec())]) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("it has a folder")).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

/// What a training's model is measured on, if not on what its task generates, and what else is done with it.
const USES: &[(&str, Option<&str>, &[&str])] = &[
    (
        "text",
        Some("text.txt"),
        &[
            "generate --model model.safetensors --length 20",
            "activations --model model.safetensors --text {seeds}/text.txt --length 20 --out made.html",
        ],
    ),
    (
        "music",
        Some("rolls.json"),
        &["generate --model model.safetensors --length 4 --out made.mid"],
    ),
    (
        "reber",
        None,
        &["generate --model model.safetensors --length 2"],
    ),
    (
        "tag",
        Some("names.conll"),
        &["tag --model model.safetensors Anna"],
    ),
    ("memory", None, &[]),
    (
        "forecast",
        Some("series.csv"),
        &["forecast --model model.safetensors --csv {seeds}/series.csv --out made"],
    ),
    (
        "feed-forward",
        Some("series.csv"),
        &["forecast --model model.safetensors --csv {seeds}/series.csv --out made"],
    ),
    (
        "classify",
        Some("sounds"),
        &["classify --model model.safetensors {seeds}/sounds/low_anna_0.wav"],
    ),
    (
        "speak",
        Some("sounds"),
        &["generate --model model.safetensors --prompt low_anna --out made.wav"],
    ),
    (
        "transduce",
        Some("pairs.tsv"),
        &[
            "transduce --model model.safetensors 3",
            "transduce --model model.safetensors 3 --attention-map made.png",
        ],
    ),
];

/// Data: the file, how it is altered, the trainings that take it, and what else reads it.
const DATA: &[(&str, Structure, &[&str], &[&str])] = &[
    (
        "text.txt",
        mutate::lines,
        &["text"],
        &[
            "activations --model {seeds}/text --text text.txt --out made.html",
            "tag --model {seeds}/tag --file text.txt",
            "transduce --model {seeds}/transduce < text.txt",
        ],
    ),
    ("rolls.json", mutate::json, &["music"], &[]),
    (
        "names.conll",
        mutate::lines,
        &["tag"],
        &["tag --model {seeds}/tag --file names.conll"],
    ),
    (
        "series.csv",
        mutate::columns,
        &["forecast", "feed-forward"],
        &["forecast --model {seeds}/forecast --csv series.csv --out made"],
    ),
    ("pairs.tsv", mutate::lines, &["transduce"], &[]),
    (
        "sounds/low_anna_0.wav",
        mutate::wav_header,
        &["classify", "speak"],
        &["classify --model {seeds}/classify sounds/low_anna_0.wav"],
    ),
];

/// All of them.
pub fn all() -> Vec<Format> {
    let mut all: Vec<Format> = USES
        .iter()
        .map(|(name, data, commands)| model(name, *data, commands))
        .collect();
    all.extend(
        TRAININGS
            .iter()
            .map(|(name, training)| run_file(name, training)),
    );
    // One with a state that it carries from batch to batch, and one without.
    all.extend(["text", "reber"].map(checkpoint));
    all.extend(
        DATA.iter().map(|(file, structure, trainings, commands)| {
            data(file, *structure, trainings, commands)
        }),
    );
    #[cfg(feature = "weights")]
    all.extend(foreign::all());
    all
}

fn seed(name: &str) -> Vec<u8> {
    fs::read(seeds::folder().join(name)).unwrap()
}

fn training(name: &str) -> &'static str {
    let all = TRAININGS.iter();
    let mut those = all.filter(|(known, _)| *known == name);
    those.next().expect("it is trained").1
}

fn model(name: &str, data: Option<&'static str>, commands: &[&str]) -> Format {
    let eval = "eval --model model.safetensors --json";
    let eval = match data {
        Some(data) => format!("{eval} --data {{seeds}}/{data}"),
        None => eval.to_owned(),
    };
    let common = [
        "inspect model.safetensors",
        "inspect model.safetensors --json",
        "inspect model.safetensors --card",
        "list . --json",
    ];
    let common = common.iter().chain(commands).map(|line| (*line).to_owned());
    Format {
        name: format!("model-{name}"),
        corpus: vec![seed(&format!("{name}/model.safetensors"))],
        structure: mutate::model,
        file: "model.safetensors".to_owned(),
        beside: Vec::new(),
        summed: true,
        read: Box::new(move |folder| {
            let data = data.map(|data| seeds::folder().join(data));
            evaluate(&folder.join("model.safetensors"), data.as_deref())
        }),
        commands: common.chain([eval]).collect(),
    }
}

/// The card of a model, the sum of its weights, and its scores.
fn evaluate(model: &Path, data: Option<&Path>) -> Result<String, Box<dyn Error>> {
    let file = ModelFile::open(model)?;
    let what = format!("{:?} {}", file.card, file.checksum());
    let _ = model_card(tasks::card(&file)?, &file, "model");
    let scores = tasks::evaluate(file, data, &device(None)?)?;
    Ok(format!("{what} {scores:?}"))
}

fn run_file(name: &str, training: &str) -> Format {
    let task = training
        .split(' ')
        .next()
        .expect("it begins with the task")
        .to_owned();
    let command = format!(
        "train {task} --config run.toml --out made --plain --json --steps 1 --eval-every 1"
    );
    Format {
        name: format!("run-{name}"),
        corpus: vec![seed(&format!("{name}/run.toml"))],
        structure: mutate::run_file,
        file: "run.toml".to_owned(),
        beside: Vec::new(),
        summed: false,
        read: Box::new(move |folder| {
            let words = ["burn-rnn", "train", &task, "--config"].map(Into::into);
            let words = words.into_iter().chain([folder.join("run.toml").into()]);
            let program = Command::new("burn-rnn").subcommand(train());
            let words = with_run_file(words.collect(), &program)?;
            let matches = program.try_get_matches_from(words)?;
            let (_, matches) = matches.subcommand().expect("it was typed");
            Ok(format!("{:?}", TrainTask::from_arg_matches(matches)?))
        }),
        commands: vec![command],
    }
}

/// The command `train`, as the program has it.
fn train() -> Command {
    let train = TrainTask::augment_subcommands(Command::new("train"));
    DEFAULTS.iter().fold(train, |train, (task, defaults)| {
        train.mut_subcommand(task, |command| with_defaults(command, defaults))
    })
}

fn checkpoint(name: &str) -> Format {
    let resume = format!("{} {LEARN} --json --resume --out", training(name));
    let command = format!("train {resume} out");
    Format {
        name: format!("checkpoint-{name}"),
        corpus: vec![seed(&format!("{name}/{CHECKPOINT}"))],
        structure: mutate::checkpoint,
        file: format!("out/{CHECKPOINT}"),
        beside: vec![(
            "out/model.safetensors".to_owned(),
            seeds::folder().join(name).join("model.safetensors"),
        )],
        summed: true,
        read: Box::new(move |folder| {
            let mut words = words(&format!("train {resume}"), seeds::folder());
            words.push(folder.join("out").display().to_string());
            let matches = train().try_get_matches_from(words)?;
            TrainTask::from_arg_matches(&matches)?.train()?;
            Ok("resumed".to_owned())
        }),
        commands: vec![command],
    }
}

fn data(
    file: &'static str,
    structure: Structure,
    trainings: &'static [&'static str],
    commands: &[&str],
) -> Format {
    let mut all: Vec<String> = commands.iter().map(|line| (*line).to_owned()).collect();
    // Sounds are given as a folder.
    let given = file.split('/').next().expect("it has a name");
    for name in trainings {
        let here = training(name).replace("{seeds}/", "");
        all.push(format!("train {here} {LEARN} --json --out made"));
        all.push(format!(
            "eval --model {{seeds}}/{name} --data {given} --json"
        ));
    }
    let beside = match given == file {
        true => Vec::new(),
        false => fs::read_dir(seeds::folder().join(given))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    format!("{given}/{}", entry.file_name().display()),
                    entry.path(),
                )
            })
            .collect(),
    };
    Format {
        name: file
            .rsplit('.')
            .next()
            .expect("it has an ending")
            .to_owned(),
        corpus: vec![seed(file)],
        structure,
        file: file.to_owned(),
        beside,
        summed: false,
        read: Box::new(move |folder| {
            let each = trainings.iter();
            each.map(|name| evaluate(&seeds::folder().join(name), Some(&folder.join(given))))
                .collect()
        }),
        commands: all,
    }
}

/// Files of other libraries.
#[cfg(feature = "weights")]
mod foreign {
    use burn::tensor::Device;
    use burn_rnn::Activation;
    use burn_rnn::weights::{Import, KerasFile, OnnxFile, PytorchFile, WeightsError};

    use super::*;

    type Open = fn(&Path) -> Result<Import, WeightsError>;

    fn pytorch(path: &Path) -> Result<Import, WeightsError> {
        PytorchFile::open(path)?.import(Activation::Tanh, &Device::default())
    }

    fn keras(path: &Path) -> Result<Import, WeightsError> {
        KerasFile::open(path)?.import(&Device::default())
    }

    fn onnx(path: &Path) -> Result<Import, WeightsError> {
        OnnxFile::open(path)?.import(&Device::default())
    }

    fn no_structure(_: &mut rand_chacha::ChaCha8Rng, _: &[u8]) -> Option<(Vec<u8>, bool)> {
        None
    }

    /// By the ending of the name: the files among the library's fixtures.
    const FILES: &[(&str, Structure, Open, &[&str])] = &[
        (
            "pt",
            no_structure,
            pytorch,
            &[
                "views.pt",
                "gru_float16.pt",
                "legacy_protocol_2.pt",
                "whole_module.pt",
            ],
        ),
        (
            "safetensors",
            mutate::foreign,
            pytorch,
            &["lstm.safetensors", "gru_bfloat16.safetensors"],
        ),
        ("keras", no_structure, keras, &["few.keras"]),
        (
            "h5",
            no_structure,
            keras,
            &["keras_2.h5", "few_float16.weights.h5", "cudnn.h5"],
        ),
        (
            "onnx",
            no_structure,
            onnx,
            &[
                "torch_gru_l1_one.onnx",
                "torch_lstm_l2_one.onnx",
                "encoder_decoder.onnx",
                "float16_raw.onnx",
            ],
        ),
    ];

    pub(super) fn all() -> Vec<Format> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("it is in a folder");
        let places = [
            crates.join("burn-rnn/tests/fixtures"),
            crates.join("../tests/fixtures"),
        ];
        let fixtures = places
            .iter()
            .find(|place| place.exists())
            .expect("a clone has them");
        let folder = |ending: &str| match ending {
            "keras" | "h5" => "weights/keras",
            "onnx" => "weights/onnx/graphs",
            _ => "weights/pytorch",
        };
        let format = |(ending, structure, open, files): &(&str, Structure, Open, &[&str])| {
            let folder = fixtures.join(folder(ending));
            let file = format!("given.{ending}");
            let open = *open;
            let path = file.clone();
            Format {
                name: (*ending).to_owned(),
                corpus: files
                    .iter()
                    .map(|name| fs::read(folder.join(name)).unwrap())
                    .collect(),
                structure: *structure,
                beside: Vec::new(),
                summed: false,
                read: Box::new(move |folder| {
                    let import = open(&folder.join(&path))?;
                    Ok(format!("{} networks", import.networks.len()))
                }),
                commands: [
                    "--json",
                    "made.safetensors --partial",
                    "made.onnx --partial",
                ]
                .map(|rest| format!("convert {file} {rest}"))
                .into(),
                file,
            }
        };
        FILES.iter().map(format).collect()
    }
}
