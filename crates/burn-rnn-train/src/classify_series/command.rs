//! The command line of the classifier of series.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{Augmentation, SeriesSet};
use clap::Args;

use super::data::held_out_again;
use super::{ChannelDrops, SeriesArgs, SeriesParts, SeriesSettings, SeriesTask};
use crate::classes::{ClassifierArgs, Confusion, Labelled, SequenceClassifier, say_answer};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn};
use crate::standard_input::lines;
use crate::{ModelFile, TaskCard, TrainError};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The series.
    #[command(flatten)]
    pub series: SeriesArgs,
    /// How it learns.
    #[command(flatten)]
    pub classifier: ClassifierArgs,
    /// How much the series are changed in training (speed, noise, masks of channels and steps); 0 changes nothing
    #[arg(
        long,
        value_name = "STRENGTH",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub augment: f64,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("layers", "2"),
    ("hidden", "96"),
    ("dropout", "0.3"),
    ("epochs", "60"),
    ("batch-size", "16"),
    ("lr", "0.003"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A classifier of series",
    what: "It reads a series of several channels, of any length, and gives the probability of each label.",
    input: "--series",
    built_in: "readings of sensors that the program generates, whose labels differ in what goes on over time",
    usage: &["burn-rnn classify --model MODEL series.csv"],
    limits: "It knows its labels and takes every series for one of them. Series have to have the channels that \
             it learnt from, in the same units and with the same time between two steps.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.classifier.check()?;
    if !(0.0..=4.0).contains(&args.augment) {
        let expected = "a strength from 0 to 4";
        return Err(TrainError::setting("--augment", args.augment, expected));
    }
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
    let series = SeriesParts::read(&args.series, args.learn.seed)?;
    let mut columns = series.set.columns.clone();
    if series.test.is_some() {
        // Only what is parted has groups.
        columns.group = None;
    }
    let settings = SeriesSettings {
        network: args.network.config(series.set.width())?,
        pooling: args.classifier.pooling,
        dropout: args.classifier.output_dropout,
        labels: series.labels.clone(),
        features: series.features()?,
        columns,
        held_out: args.series.held_out(),
    };
    let held_out = series.held_out(&settings)?;
    let description = args.classifier.description(&settings.network.description());
    let augmentation = Augmentation::new(args.augment);
    let (batch_size, smoothing) = (args.learn.batch_size, args.classifier.smoothing);
    let task = SeriesTask::new(settings, &series, batch_size, augmentation, smoothing)?;
    let with_data = args.learn.with_data("series", &series.set);
    let with_data = with_data.with_data("test file", &series.test);
    let outcome = learn(&task, &with_data, description)?;
    let (model, settings, device) = (&outcome.model, &outcome.settings, &outcome.device);
    let tested = test(model, settings, &held_out, device)?;
    tested.confusion.draw(&outcome.folder)?;
    tested.drops.draw(&outcome.folder)?;
    let figures = tested.figures.iter();
    let figures: Vec<(&str, f64)> = figures
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    outcome.report(&figures)
}

/// What is found on the part held out.
struct Tested {
    figures: Vec<(String, f64)>,
    confusion: Confusion,
    drops: ChannelDrops,
}

/// Measures a model on the part held out.
fn test(
    model: &SequenceClassifier,
    settings: &SeriesSettings,
    held_out: &[Labelled],
    device: &Device,
) -> Result<Tested, TrainError> {
    let width = settings.features.channels.len();
    let longest = held_out.iter().map(|one| one.frames.len() / width).max();
    settings.check_memory(1, longest.unwrap_or(0))?;
    let examined = model.examine(held_out, width, device);
    let truth = held_out.iter().map(|one| one.label);
    let confusion = Confusion::new(&settings.labels, truth.zip(examined.taken_for));
    let drops = ChannelDrops::of(model, settings, held_out, device);
    let mut figures = vec![
        ("held-out accuracy".to_owned(), confusion.accuracy()),
        ("held-out macro F1".to_owned(), confusion.macro_f1()),
        ("held-out loss".to_owned(), examined.loss),
        (
            "held-out accuracy, commonest label".to_owned(),
            commonest(settings, held_out),
        ),
    ];
    for (label, f1) in settings.labels.iter().zip(confusion.f1()) {
        figures.extend(f1.map(|f1| (format!("held-out F1, {label}"), f1)));
    }
    for (channel, drop) in drops.channels.iter().zip(&drops.all) {
        figures.push((format!("accuracy lost without, {channel}"), *drop));
    }
    Ok(Tested {
        figures,
        confusion,
        drops,
    })
}

/// The accuracy of who takes all for the commonest label.
fn commonest(settings: &SeriesSettings, held_out: &[Labelled]) -> f64 {
    let mut counts = vec![0; settings.labels.len()];
    for one in held_out {
        counts[one.label] += 1;
    }
    let most = counts.into_iter().max().unwrap_or(0);
    f64::from(most) / held_out.len().max(1) as f64
}

/// The scores of a saved model, by name: on the part that its training held out of the same data, which `input` names (all of it where
/// the training had a file for that), or on generated series.
///
/// # Errors
///
/// Where the model or a file does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let seed = file.card.seed;
    let (settings, model) = load(file, device)?;
    let held_out = held_out_again(&settings, input, seed)?;
    Ok(test(&model, &settings, &held_out, device)?.figures)
}

fn load(
    file: ModelFile,
    device: &Device,
) -> Result<(SeriesSettings, SequenceClassifier), TrainError> {
    file.load(SeriesTask::NAME, device, SeriesSettings::init)
}

/// Tells what the series of each file are, or those of standard input without one: a table without ids is one series.
///
/// # Errors
///
/// Where the model or one of the files does not fit; nothing is printed then.
pub fn classify(
    file: ModelFile,
    files: &[PathBuf],
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    let (settings, model) = load(file, device)?;
    let mut all = Vec::new();
    for path in files {
        all.extend(SeriesSet::read(path, &settings.columns, false)?.series);
    }
    if files.is_empty() {
        let (path, text) = (Path::new("standard input"), lines()?.join("\n"));
        all = SeriesSet::parse(path, &text, &settings.columns, false)?.series;
    }
    let width = settings.features.channels.len();
    let frames: Vec<Vec<f32>> = all
        .iter()
        .map(|one| settings.features.frames(one))
        .collect();
    let rows: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
    let longest = rows.iter().map(|row| row.len() / width).max();
    settings.check_memory(1, longest.unwrap_or(0))?;
    let probabilities = model.probabilities(&rows, width, device);
    for (series, probabilities) in all.iter().zip(&probabilities) {
        say_answer(
            json,
            "series",
            &series.name,
            &settings.labels,
            probabilities,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::alone;
    use crate::one_line;
    use crate::options::typed;

    fn run(folder: &Path, more: &[&str]) -> Result<(), TrainError> {
        let _alone = alone();
        let out = folder.join("out");
        let words = ["--plain", "--hidden", "8", "--out", out.to_str().unwrap()];
        train(&typed(&[&words[..], more].concat(), DEFAULTS))
    }

    /// Of the channels x tells whether a series goes up, y is the same in all; the series have 5 to 8 steps.
    fn table(folder: &Path) -> String {
        let mut text = "id,subject,label,x,y\n".to_owned();
        for series in 0..40 {
            let (label, way) = [("up", 1), ("down", -1)][series % 2];
            for step in 0..5 + series as i32 % 4 {
                let noise = (series as i32 * 7 + step * 5) % 3;
                text += &format!(
                    "{series},{},{label},{},{noise}\n",
                    series / 4,
                    2 * way * step + noise
                );
            }
        }
        let path = folder.join("table.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_saved_model_has_the_figures_of_its_training_and_knows_which_channel_tells() {
        let folder = tempfile::tempdir().unwrap();
        let path = table(folder.path());
        let channels = "x,y";
        let words = [
            "--series",
            &path,
            "--channels",
            channels,
            "--group",
            "subject",
            "--epochs",
            "30",
        ];
        run(folder.path(), &words).unwrap();
        let open = || ModelFile::open(&folder.path().join("out")).unwrap();
        let device = Device::default();
        let scores = evaluate(open(), Some(Path::new(&path)), &device).unwrap();
        let reported = open().card.scores;
        for (name, value) in &scores {
            assert!((reported[name] - value).abs() < 1e-6, "{name}: {value}");
        }
        assert_eq!(reported["held-out accuracy"], 1.0);
        assert_eq!(reported["held-out accuracy, commonest label"], 0.5);
        assert!(reported["accuracy lost without, x"] > 0.2, "{reported:?}");
        assert!(reported["accuracy lost without, y"] < 0.1, "{reported:?}");
        for picture in ["confusion.png", "channels.png"] {
            assert!(
                folder.path().join("out").join(picture).exists(),
                "{picture}"
            );
        }

        let one = folder.path().join("one.csv");
        std::fs::write(&one, "y,x\n0,0\n,2\n1,4\n").unwrap();
        let files = [one, PathBuf::from(&path)];
        classify(open(), &files, true, &device).unwrap();
        let other = folder.path().join("other.csv");
        std::fs::write(&other, "y,z\n0,0\n").unwrap();
        let error = classify(open(), &[other], false, &device).unwrap_err();
        assert!(one_line(&error).contains("no column `x`"), "{error}");
    }

    #[test]
    fn a_file_of_its_own_is_held_out_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = table(folder.path());
        run(
            folder.path(),
            &["--series", &path, "--test", &path, "--epochs", "1"],
        )
        .unwrap();
        let file = ModelFile::open(&folder.path().join("out")).unwrap();
        let reported = file.card.scores.clone();
        let scores = evaluate(file, Some(Path::new(&path)), &Device::default()).unwrap();
        assert_eq!(scores[0].1, reported["held-out accuracy"]);
        // A label that nobody has learnt.
        let test = folder.path().join("test.csv");
        std::fs::write(&test, "id,subject,label,x,y\n1,1,left,2,3\n").unwrap();
        let other = tempfile::tempdir().unwrap();
        let words = ["--series", &path, "--test", test.to_str().unwrap()];
        let message = one_line(&run(other.path(), &words).unwrap_err());
        assert!(message.contains("`left`"), "{message}");
        assert!(!other.path().join("out").exists());
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = table(folder.path());
        let many = folder.path().join("many.csv");
        let rows: String = (0..9).map(|id| format!("{id},{id},1\n")).collect();
        std::fs::write(&many, format!("id,label,x\n{rows}")).unwrap();
        for more in [
            &["--output-dropout", "1"][..],
            &["--smoothing", "-0.1"],
            &["--augment", "9"],
            &["--hold-out", "0"],
            &["--hold-out", "0.95"],
            &["--valid", "0"],
            &["--series", "/nowhere"],
            &["--series", many.to_str().unwrap()],
            &["--series", &path, "--channels", "x,x"],
            &["--series", &path, "--channels", "label"],
            &["--series", &path, "--group", "nobody"],
            &["--series", &path, "--group", "label"],
        ] {
            run(folder.path(), more).expect_err(&more.join(" "));
            assert!(!folder.path().join("out").exists(), "{more:?}");
        }
    }
}
