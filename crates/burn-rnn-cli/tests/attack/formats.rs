//! Every format of file that the library and the program read: whole ones, how they are altered, and who reads them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::seeds::{CHECKPOINT, FOLDER, LEARN, TRAINED, Trained};

/// A format of files.
pub struct Format {
    pub name: String,
    /// Whole files.
    pub corpus: Vec<Vec<u8>>,
    /// Where it lies in a folder of its own.
    pub file: String,
    /// What lies beside it, and where it is taken from.
    pub beside: Vec<(String, PathBuf)>,
    pub kind: Kind,
    /// How the program reads it in that folder; `{seeds}` is the folder of the whole files.
    pub commands: Vec<String>,
}

/// How the library reads a file.
pub enum Kind {
    /// A model, measured on this data, or on what its task generates.
    Model(Option<String>),
    /// The options of a training of this task.
    Run(String),
    /// What a training goes on from.
    Checkpoint,
    /// Data that the models of these trainings are measured on.
    Data(&'static str, &'static [&'static str]),
    /// Weights of another library.
    Weights,
}

impl Format {
    /// Lays a file of the format into a folder, which is made anew.
    pub fn place(&self, folder: &Path, bytes: &[u8]) {
        let _ = fs::remove_dir_all(folder);
        let file = folder.join(&self.file);
        fs::create_dir_all(file.parent().expect("it has a folder")).unwrap();
        for (name, from) in &self.beside {
            fs::copy(from, folder.join(name)).unwrap();
        }
        fs::write(file, bytes).unwrap();
    }

    /// Whether its files have sums over all that they mean.
    pub fn is_summed(&self) -> bool {
        matches!(self.kind, Kind::Model(_) | Kind::Checkpoint)
    }
}

/// All of them.
pub fn all() -> Vec<Format> {
    let trained = TRAINED.iter();
    let of_each = |(name, trained): (&String, &Trained)| {
        [
            model(name, trained),
            run_file(name, trained),
            checkpoint(name, trained),
        ]
    };
    let mut all: Vec<Format> = trained.flat_map(of_each).collect();
    all.extend([
        data(
            "text.txt",
            &["text"],
            &[
                "activations --model {seeds}/text --text text.txt --out made.html",
                "tag --model {seeds}/tag --file text.txt",
            ],
        ),
        data(
            "inputs.txt",
            &[],
            &["transduce --model {seeds}/transduce < inputs.txt"],
        ),
        data("rolls.json", &["music"], &[]),
        data("names.conll", &["tag"], &[]),
        data(
            "series.csv",
            &["forecast", "feed-forward", "anomaly", "autoencoder"],
            &[
                "forecast --model {seeds}/forecast --csv series.csv --out made",
                "detect --model {seeds}/anomaly series.csv --out made",
            ],
        ),
        data("pairs.tsv", &["transduce"], &[]),
        data(
            "labelled.ts",
            &["classify-series"],
            &["classify --model {seeds}/classify-series < labelled.ts"],
        ),
        data(
            "labelled.table",
            &["classify-table"],
            &["classify --model {seeds}/classify-table labelled.table"],
        ),
        data(
            "sounds/low_anna_0.wav",
            &["classify", "speak"],
            &["classify --model {seeds}/classify sounds/low_anna_0.wav"],
        ),
    ]);
    #[cfg(feature = "weights")]
    all.extend([
        weights(
            "pt",
            &[
                "pytorch/views.pt",
                "pytorch/legacy_protocol_2.pt",
                "pytorch/whole_module.pt",
            ],
        ),
        weights(
            "safetensors",
            &[
                "pytorch/lstm.safetensors",
                "pytorch/gru_bfloat16.safetensors",
            ],
        ),
        weights("keras", &["keras/tagger.keras"]),
        weights(
            "h5",
            &[
                "keras/tagger.h5",
                "keras/few_float16.weights.h5",
                "keras/cudnn.h5",
            ],
        ),
        weights(
            "onnx",
            &[
                "onnx/graphs/torch_gru_l1_one.onnx",
                "onnx/graphs/encoder_decoder.onnx",
            ],
        ),
    ]);
    all
}

fn model(name: &str, trained: &Trained) -> Format {
    let data = trained.data.as_ref();
    let data_option = data.map(|data| format!(" --data {{seeds}}/{data}"));
    let eval = format!(
        "eval --model model.safetensors --json{}",
        data_option.unwrap_or_default()
    );
    let common = [
        "inspect model.safetensors",
        "inspect model.safetensors --json",
        "inspect model.safetensors --card",
        "list . --json",
        &eval,
    ];
    let commands = common
        .map(str::to_owned)
        .into_iter()
        .chain(trained.uses.iter().cloned());
    Format {
        name: format!("model-{name}"),
        corpus: vec![seed(&format!("{name}/model.safetensors"))],
        file: "model.safetensors".to_owned(),
        beside: Vec::new(),
        kind: Kind::Model(trained.data.clone()),
        commands: commands.collect(),
    }
}

fn run_file(name: &str, trained: &Trained) -> Format {
    let task = trained
        .train
        .split(' ')
        .next()
        .expect("it begins with the task");
    let command = format!(
        "train {task} --config run.toml --out made --plain --json --seeds 1 --steps 1 --eval-every 1"
    );
    Format {
        name: format!("run-{name}"),
        corpus: vec![seed(&format!("{name}/run.toml"))],
        file: "run.toml".to_owned(),
        beside: Vec::new(),
        kind: Kind::Run(task.to_owned()),
        commands: vec![command],
    }
}

fn checkpoint(name: &str, trained: &Trained) -> Format {
    let best = FOLDER.join(name).join("model.safetensors");
    Format {
        name: format!("checkpoint-{name}"),
        corpus: vec![seed(&format!("{name}/{CHECKPOINT}"))],
        file: format!("out/{CHECKPOINT}"),
        beside: vec![("out/model.safetensors".to_owned(), best)],
        kind: Kind::Checkpoint,
        commands: vec![format!(
            "train {} {LEARN} --resume --out out",
            trained.train
        )],
    }
}

fn data(file: &'static str, trainings: &'static [&'static str], more: &[&str]) -> Format {
    // Sounds are given as a folder.
    let given = file.split('/').next().expect("it has a name");
    let mut commands: Vec<String> = more.iter().map(|line| (*line).to_owned()).collect();
    for name in trainings {
        let here = TRAINED[*name].train.replace("{seeds}/", "");
        commands.push(format!("train {here} {LEARN} --out made"));
        commands.push(format!(
            "eval --model {{seeds}}/{name} --data {given} --json"
        ));
    }
    let others = fs::read_dir(FOLDER.join(given)).into_iter().flatten();
    let others = others.map(|entry| entry.unwrap().path());
    let beside = others.map(|path| {
        let name = path.strip_prefix(&*FOLDER).expect("it is within");
        (name.display().to_string(), path)
    });
    Format {
        name: file
            .rsplit('.')
            .next()
            .expect("it has an ending")
            .to_owned(),
        corpus: vec![seed(file)],
        file: file.to_owned(),
        beside: beside.collect(),
        kind: Kind::Data(given, trainings),
        commands,
    }
}

/// Files of other libraries, from the library's fixtures.
#[cfg(feature = "weights")]
fn weights(ending: &str, files: &[&str]) -> Format {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../burn-rnn/tests/fixtures/weights");
    let file = format!("given.{ending}");
    let targets = [
        "--json",
        "made.safetensors --partial",
        "made.onnx --partial",
    ];
    Format {
        name: file.clone(),
        corpus: files
            .iter()
            .map(|name| fs::read(fixtures.join(name)).unwrap())
            .collect(),
        beside: Vec::new(),
        kind: Kind::Weights,
        commands: targets
            .map(|target| format!("convert {file} {target}"))
            .into(),
        file,
    }
}

fn seed(name: &str) -> Vec<u8> {
    fs::read(FOLDER.join(name)).unwrap()
}
