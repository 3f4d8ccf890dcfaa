//! The training loop on a task that is small enough to run it many times.
//!
//! In a process of its own: a device has one source of random numbers, and other tests draw from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::{Head, HeadConfig};
use clap::Parser;

use burn_rnn_train::learn::{LearnArgs, Learnable, Lesson, Moment, Task, each_seed, learn};
use burn_rnn_train::{
    Architecture, ModelFile, Network, NetworkConfig, NetworkState, TrainError, one_line,
};

/// The next value of a sine from the one before.
#[derive(Clone)]
struct Waves {
    batch_size: usize,
    /// Whether the state goes on from batch to batch.
    carries: bool,
    dropout: f64,
    /// The step whose loss is not a number.
    breaks_at: Option<usize>,
    /// The folder that somebody removes during an evaluation.
    removes: Option<PathBuf>,
}

const WAVES: Waves = Waves {
    batch_size: 4,
    carries: false,
    dropout: 0.0,
    breaks_at: None,
    removes: None,
};

#[derive(Module, Debug)]
struct Model {
    network: Network,
    head: Head,
    #[module(skip)]
    carries: bool,
    #[module(skip)]
    breaks_at: Option<usize>,
}

impl Learnable for Model {
    type Batch = (Tensor<3>, Tensor<3>);
    type State = NetworkState;

    fn lesson(
        &self,
        (input, target): Self::Batch,
        carried: Option<NetworkState>,
        moment: &Moment,
    ) -> Lesson<NetworkState> {
        assert!(self.carries || carried.is_none());
        let targets = input.dims()[0] * input.dims()[1];
        let (output, state) = self.network.forward(input, carried);
        let loss = MseLoss::new().forward(self.head.logits(output), target, Reduction::Mean);
        let factor = match self.breaks_at == Some(moment.step) {
            true => f32::NAN,
            false => 1.0,
        };
        Lesson {
            loss: loss * factor,
            targets,
            carried: self.carries.then_some(state),
        }
    }

    fn zero_state(&self, (input, _): &Self::Batch) -> Option<NetworkState> {
        self.carries.then(|| {
            let input = Tensor::zeros([input.dims()[0], 1, 1], &self.devices()[0]);
            self.network.forward(input, None).1
        })
    }
}

struct Stack;

impl Batcher<Vec<f32>, (Tensor<3>, Tensor<3>)> for Stack {
    fn batch(&self, items: Vec<Vec<f32>>, device: &Device) -> (Tensor<3>, Tensor<3>) {
        let shape = [items.len(), items[0].len() - 1, 1];
        let part = |from: usize| {
            let values = items
                .iter()
                .flat_map(|item| item[from..from + shape[1]].to_vec());
            Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), device)
        };
        (part(0), part(1))
    }
}

impl Task for Waves {
    const NAME: &'static str = "waves";
    type Item = Vec<f32>;
    type Model = Model;
    type Settings = usize;

    fn settings(&self) -> usize {
        1
    }

    fn init(&self, device: &Device) -> Result<Model, TrainError> {
        let config = NetworkConfig {
            layers: 2,
            dropout: self.dropout,
            ..NetworkConfig::new(Architecture::Gru, 1, 6)
        };
        Ok(Model {
            network: config.init(device)?,
            head: HeadConfig::new(6, 1).try_init(device)?,
            carries: self.carries,
            breaks_at: self.breaks_at,
        })
    }

    fn examples(&self) -> Arc<dyn Dataset<Vec<f32>>> {
        let wave = |start: usize| {
            (0..9)
                .map(|t| ((start * 9 + t) as f32 * 0.4).sin())
                .collect()
        };
        Arc::new(InMemDataset::new((0..24).map(wave).collect()))
    }

    fn batcher(&self) -> Arc<dyn Batcher<Vec<f32>, (Tensor<3>, Tensor<3>)>> {
        Arc::new(Stack)
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        burn_rnn_data::shuffled(24, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["held-out loss"]
    }

    fn evaluate(&self, model: &Model, device: &Device) -> Result<Vec<f64>, TrainError> {
        if let Some(folder) = &self.removes {
            std::fs::remove_dir_all(folder).unwrap();
        }
        let item = (0..20).map(|t| (0.1 + t as f32 * 0.4).sin()).collect();
        let lesson = model.lesson(
            Stack.batch(vec![item], device),
            None,
            &Moment {
                step: usize::MAX,
                steps: 0,
                seed: 0,
            },
        );
        Ok(vec![lesson.loss.into_scalar::<f64>()])
    }
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct Cli {
    #[command(flatten)]
    learn: LearnArgs,
}

fn args(folder: &Path, more: &[&str]) -> LearnArgs {
    let out = folder.to_str().unwrap();
    let words = ["test", "--plain", "--lr", "0.01", "--out", out];
    Cli::parse_from(words.iter().chain(more)).learn
}

fn run(task: &Waves, folder: &Path, more: &[&str]) -> Result<Vec<f64>, TrainError> {
    let _alone = alone();
    let outcome = learn(task, &args(folder, more), "tiny".to_owned())?;
    Ok(outcome
        .curve
        .iter()
        .flat_map(|point| [point.train, point.scores[0]])
        .collect())
}

/// Flex draws random numbers for all threads from one source.
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn weights(folder: &Path) -> String {
    ModelFile::open(folder).unwrap().checksum().to_owned()
}

fn checkpoints(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|ending| ending == "brnn"))
        .collect();
    found.sort();
    found
}

#[test]
fn it_learns_and_leaves_model_and_picture() {
    let folder = tempfile::tempdir().unwrap();
    let curve = run(&WAVES, folder.path(), &["--epochs", "40"]).unwrap();
    assert!(curve.last().unwrap() < &(curve[1] * 0.2), "{curve:?}");
    assert!(folder.path().join("loss.png").exists() && folder.path().join("loss.svg").exists());
}

/// With dropout, a carried state, a plateau, accumulation and several workers.
#[test]
fn a_broken_off_training_goes_on_to_the_same_weights() {
    for (carries, more) in [
        (true, &["--schedule", "plateau", "--accumulate", "2"][..]),
        (false, &["--workers", "3", "--clip-value", "0.5"][..]),
    ] {
        let task = Waves {
            carries,
            dropout: 0.3,
            ..WAVES
        };
        let folder = tempfile::tempdir().unwrap();
        let more: Vec<&str> = ["--epochs", "6", "--checkpoint-every", "4"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let unbroken = run(&task, folder.path(), &more).unwrap();
        let expected = weights(folder.path());

        // What the disk has after a kill between the last two checkpoints.
        let kept = checkpoints(folder.path());
        assert_eq!(kept.len(), 2, "the last two are kept");
        std::fs::remove_file(&kept[1]).unwrap();
        std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        let mut more = more;
        more.push("--resume");
        let gone_on = run(&task, folder.path(), &more).unwrap();
        assert_eq!(gone_on, unbroken);
        assert_eq!(weights(folder.path()), expected);
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_and_the_one_before_offered() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--epochs", "2", "--resume"];
    run(&WAVES, folder.path(), &more[..2]).unwrap();
    let message = |more: &[&str]| one_line(&run(&WAVES, folder.path(), more).unwrap_err());
    assert!(
        message(&["--epochs", "3", "--resume"])
            .contains("other options or data: steps 12 then, steps 18 now")
    );

    let newest = checkpoints(folder.path()).pop().unwrap();
    let whole = std::fs::read(&newest).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    for bytes in [&altered[..], &whole[..whole.len() / 2], &whole[..20], b"x"] {
        std::fs::write(&newest, bytes).unwrap();
        let message = message(&more);
        assert!(
            message.contains("the one before, of step 6, is sound"),
            "{message}"
        );
        assert!(message.contains(newest.to_str().unwrap()), "{message}");
    }
    std::fs::remove_file(&newest).unwrap();
    run(&WAVES, folder.path(), &more).unwrap();
}

#[test]
fn two_devices_learn_as_one_with_twice_the_batch_and_so_does_accumulation() {
    let losses = |batch_size, more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let task = Waves {
            batch_size,
            ..WAVES
        };
        run(&task, folder.path(), more).unwrap()
    };
    let one = losses(8, &["--epochs", "4"]);
    for more in [
        ["--epochs", "4", "--devices", "2"],
        ["--epochs", "4", "--accumulate", "2"],
    ] {
        for (actual, expected) in losses(4, &more).iter().zip(&one) {
            assert!(
                (actual / expected - 1.0).abs() < 1e-4,
                "{actual}, expected {expected}"
            );
        }
    }
}

#[test]
fn a_loss_that_is_no_number_keeps_the_weights_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let task = Waves {
        breaks_at: Some(7),
        ..WAVES
    };
    let error = run(&task, folder.path(), &["--epochs", "2"]).unwrap_err();
    assert!(
        error.to_string().starts_with("step 8: the loss is NaN"),
        "{error}"
    );
    assert!(ModelFile::open(&folder.path().join("last-good.safetensors")).is_ok());
    assert!(
        ModelFile::open(folder.path()).is_ok(),
        "the best model stays"
    );
}

#[test]
fn patience_ends_it_and_an_earlier_training_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    // A rate at which nothing gets better.
    let more = [
        "--lr",
        "1e-12",
        "--epochs",
        "50",
        "--patience",
        "2",
        "--final-lr",
        "1e-12",
    ];
    let curve = run(&WAVES, folder.path(), &more).unwrap();
    assert!(curve.len() < 100, "{}", curve.len());
    let before = weights(folder.path());
    run(&WAVES, folder.path(), &["--epochs", "1"]).unwrap();
    assert_eq!(weights(&folder.path().join("previous")), before);
}

#[test]
fn settings_without_sense_are_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for more in [
        &["--epochs", "0"][..],
        &["--lr", "-1"],
        &["--clip", "-1"],
        &["--accumulate", "0"],
        &["--devices", "0"],
        &["--resume"],
    ] {
        run(&WAVES, &out, more).unwrap_err();
        assert!(!out.exists(), "{more:?}");
    }
    let carries = Waves {
        carries: true,
        ..WAVES
    };
    let error = run(&carries, &out, &["--devices", "2"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("--devices is 2"), "{error}");
}

#[test]
fn huge_numbers_are_refused_or_harmless() {
    let huge = usize::MAX.to_string();
    for name in ["--devices", "--workers"] {
        let folder = tempfile::tempdir().unwrap();
        let error = run(&WAVES, folder.path(), &[name, &huge]).unwrap_err();
        let expected = format!("{name} is {huge}, expected at most ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    let few = ["--steps", "3"];
    // Of a rate at which nothing gets better.
    let ends = ["--lr", "1e-12", "--final-lr", "1e-12", "--patience", "1"];
    for (name, more) in [
        ("--accumulate", &few[..]),
        ("--checkpoint-every", &few),
        ("--eval-every", &few),
        ("--patience", &few),
        ("--seed", &few),
        ("--epochs", &ends),
        ("--steps", &ends),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let more = [more, &[name, &huge]].concat();
        let curve = run(&WAVES, folder.path(), &more).unwrap();
        assert!(!curve.is_empty(), "{name}");
    }
    let task = Waves {
        batch_size: usize::MAX,
        ..WAVES
    };
    let folder = tempfile::tempdir().unwrap();
    run(&task, folder.path(), &few).unwrap();
}

#[test]
fn a_folder_that_goes_away_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let task = Waves {
        removes: Some(out.clone()),
        ..WAVES
    };
    let error = one_line(&run(&task, &out, &["--epochs", "2"]).unwrap_err());
    assert!(
        error.contains(out.to_str().unwrap()) && error.contains("was removed while"),
        "{error}"
    );
    assert!(!out.exists(), "it is not made again");
}

#[test]
fn several_seeds_go_through_one_function() {
    let folder = tempfile::tempdir().unwrap();
    let train = |more: &[&str]| {
        let one = |args: &LearnArgs| {
            let _alone = alone();
            let outcome = learn(&WAVES, args, "tiny".to_owned())?;
            outcome.report(&[("test", args.seed as f64)])
        };
        each_seed(Waves::NAME, &args(folder.path(), more), |args| args, one)
    };
    let three = ["--steps", "6", "--seed", "5", "--seeds", "3"];
    train(&three).unwrap();
    let weights = |seed: u64| weights(&folder.path().join(format!("seed-{seed}")));
    let before = [5, 6, 7].map(weights);
    assert!(before[0] != before[1] && before[1] != before[2]);
    // The last was not begun.
    std::fs::remove_dir_all(folder.path().join("seed-7")).unwrap();
    train(&[&three[..], &["--resume"]].concat()).unwrap();
    assert_eq!([5, 6, 7].map(weights), before);

    let message = |more: &[&str]| train(more).unwrap_err().to_string();
    assert!(message(&["--seeds", "0"]).contains("--seeds is 0, expected at least 1"));
    let huge = u64::MAX.to_string();
    assert!(
        message(&["--seeds", &huge, "--seed", "2"]).contains("--seeds is 18446744073709551615")
    );
    let direct = run(&WAVES, folder.path(), &["--seeds", "2"]).unwrap_err();
    assert!(direct.to_string().contains("--seeds is 2"), "{direct}");
}
