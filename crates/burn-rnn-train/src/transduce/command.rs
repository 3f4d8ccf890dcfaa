//! The command line of the training.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{PairKind, Pairs, Symbols, generate_pairs, read_pairs};
use clap::{Args, ValueEnum};

use super::{
    AttentionName, Beam, Decay, Forcing, TransduceSettings, TransduceSource, TransduceTask,
    Transducer, plot,
};
use crate::learn::{LearnArgs, NetworkArgs, Outcome, learn};
use crate::{Direction, ModelFile, NetworkConfig, TaskCard, TrainError};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// What is learnt, from generated pairs
    #[arg(long, value_enum, default_value = "dates")]
    pub task: TransduceName,
    /// Pairs to learn instead, UTF-8: one a line, input and output with a tab between them
    #[arg(long, value_name = "FILE")]
    pub pairs: Option<PathBuf>,
    /// The number of generated pairs to learn from; a tenth each for choosing and testing
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub examples: usize,
    /// How the decoder reads from the encoder
    #[arg(long, value_enum, default_value = "general")]
    pub attention: AttentionName,
    /// The direction in which the encoder's layers read
    #[arg(
        long,
        value_enum,
        default_value = "both",
        conflicts_with = "bidirectional"
    )]
    pub direction: Direction,
    /// The size of a symbol's embedding
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub embedding: usize,
    /// The probability that the decoder reads the wanted symbol in training and not its own, at the end
    /// of the training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub teacher_forcing: f64,
    /// How that probability goes on
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        default_value = "inverse-sigmoid"
    )]
    pub forcing_decay: Decay,
    /// The number of answers that the search follows side by side; 1 is greedy search
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub beam: usize,
    /// Answers are compared by their log-probability over their length to this power
    #[arg(
        long,
        value_name = "POWER",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub length_power: f64,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// What can be learnt from generated pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransduceName {
    /// Dates as people write them to ISO 8601
    Dates,
    /// English number words to figures
    Numbers,
    /// Figures to English number words
    Words,
}

impl TransduceName {
    fn kind(self) -> PairKind {
        match self {
            Self::Dates => PairKind::Dates,
            Self::Numbers => PairKind::Numbers,
            Self::Words => PairKind::Words,
        }
    }
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("hidden", "64"),
    ("epochs", "10"),
    ("batch-size", "64"),
    ("lr", "0.004"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "An encoder-decoder that turns strings into others",
    what: "It reads a string symbol by symbol and writes another, looking back at what it read by \
           attention; of the generated tasks, dates as people write them become ISO 8601.",
    input: "--pairs",
    built_in: "pairs that the program generates (`--task`): dates, number words or figures; a tenth \
               of as many again chooses the model, another tenth tests it",
    usage: &["burn-rnn transduce --model MODEL EXAMPLE"],
    limits: "It knows the symbols and the forms that it learnt from, and refuses a symbol that it \
             does not know; where a string is of another form it answers all the same.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    validate(args)?;
    let source = match args.pairs {
        Some(_) => TransduceSource::File,
        None => TransduceSource::Generated {
            kind: args.task.kind(),
            examples: args.examples,
        },
    };
    let pairs = pairs(source, args.pairs.as_deref(), args.learn.seed)?;
    let longest = pairs.iter().map(|pair| pair.output.chars().count()).max();
    let settings = TransduceSettings {
        source,
        inputs: Symbols::from_texts(pairs.iter().map(|pair| pair.input.as_str())),
        outputs: Symbols::from_texts(pairs.iter().map(|pair| pair.output.as_str())),
        d_embedding: args.embedding,
        network: NetworkConfig {
            bidirectional: false, // The direction says it.
            ..args.network.config(0)?
        },
        direction: direction(args),
        attention: args.attention,
        forcing: Forcing {
            decay: args.forcing_decay,
            last: args.teacher_forcing,
        },
        beam: Beam {
            width: args.beam,
            length_power: args.length_power,
        },
        // An answer may be longer than any that was seen, but has to end.
        limit: 2 * longest.unwrap_or(0) + 1,
        example: TransduceSettings::example(&pairs),
    };
    let description = settings.description();
    let task = TransduceTask::new(settings, &pairs, args.learn.batch_size)?;
    let with_data = args
        .learn
        .with_parts(&pairs.train, &pairs.valid, &pairs.test);
    let outcome = learn(&task, &with_data, description)?;
    finish(&outcome, &pairs)
}

/// `--bidirectional` is the default, said once more.
fn direction(args: &TrainArgs) -> Direction {
    match args.network.bidirectional {
        true => Direction::Both,
        false => args.direction,
    }
}

fn validate(args: &TrainArgs) -> Result<(), TrainError> {
    let refuse =
        |name, given: String, expected: &str| Err(TrainError::setting(name, given, expected));
    if args.attention == AttentionName::Dot && direction(args) == Direction::Both {
        return refuse(
            "--attention",
            "dot with an encoder that reads in both directions".to_owned(),
            "general or additive, or --direction forward: two directions beside each other are twice as \
             wide as the decoder, and there is no dot product of unequal sizes",
        );
    }
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])
}

/// The figures of the test part, the report, and the picture of one of its attention maps.
fn finish(outcome: &Outcome<TransduceTask>, pairs: &Pairs) -> Result<(), TrainError> {
    let transducer = Transducer {
        settings: &outcome.settings,
        model: &outcome.model,
        device: &outcome.device,
    };
    let figures = figures(transducer, pairs)?;
    if let Some(pair) = pairs.test.iter().max_by_key(|pair| pair.input.len()) {
        let answer = transducer
            .answers(&[&pair.input], outcome.settings.beam)?
            .remove(0);
        if let Some(weights) = transducer.attention(&pair.input, &answer, crate::grid::MOST)? {
            let output = transducer.text(&answer);
            plot::attention_map(&outcome.folder, "attention", &pair.input, &output, &weights)?;
        }
    }
    let named = figures.iter().map(|(name, value)| (name.as_str(), *value));
    outcome.report(&named.collect::<Vec<_>>())
}

/// The figures of the test part: by greedy search, and by the settings' beam search where its beam is
/// wider than 1.
fn figures(transducer: Transducer<'_>, pairs: &Pairs) -> Result<Vec<(String, f64)>, TrainError> {
    let beam = transducer.settings.beam;
    let of = |beam: Beam, suffix: &str| -> Result<Vec<(String, f64)>, TrainError> {
        let (exact, errors) = transducer.figures(&pairs.test, beam)?;
        Ok(vec![
            (format!("test exact match{suffix}"), exact),
            (format!("test character error rate{suffix}"), errors),
        ])
    };
    let mut figures = of(Beam { width: 1, ..beam }, "")?;
    if beam.width > 1 {
        figures.extend(of(beam, &format!(", beam {}", beam.width))?);
    }
    Ok(figures)
}

fn pairs(source: TransduceSource, file: Option<&Path>, seed: u64) -> Result<Pairs, TrainError> {
    source.validate()?;
    match (file, source) {
        (Some(file), _) => Ok(read_pairs(file, seed)?),
        (None, TransduceSource::Generated { kind, examples }) => {
            Ok(generate_pairs(kind, examples, seed)?)
        }
        (None, TransduceSource::File) => Err(TrainError::setting(
            "--data",
            "missing",
            "the file of pairs: the model was trained on one",
        )),
    }
}

/// The figures of a saved model on the test part of the file `input`, or of the generated pairs that it
/// was trained on.
///
/// # Errors
///
/// Where the model or the file does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let seed = file.card.seed;
    let (settings, model) = TransduceSettings::load(file, device)?;
    let pairs = pairs(settings.source, input, seed)?;
    let transducer = Transducer {
        settings: &settings,
        model: &model,
        device,
    };
    figures(transducer, &pairs)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;
    use crate::learn::alone;
    use crate::options::with_defaults;

    #[derive(Debug, Parser)]
    struct Trainer {
        #[command(flatten)]
        train: TrainArgs,
    }

    const SMALL: [&str; 13] = [
        "trainer",
        "--plain",
        "--device=flex",
        "--hidden=8",
        "--embedding=6",
        "--examples=60",
        "--batch-size=16",
        "--epochs=2",
        "--attention=additive",
        "--teacher-forcing=0.2",
        "--beam=3",
        "--direction=backward",
        "--cell=lstm",
    ];

    fn args(words: &[&str]) -> TrainArgs {
        let command = with_defaults(Trainer::command(), DEFAULTS);
        let matches = command.args_override_self(true).get_matches_from(words);
        Trainer::from_arg_matches(&matches).unwrap().train
    }

    #[test]
    fn a_saved_model_has_the_figures_of_its_training() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let out = format!("--out={}", folder.path().display());
        train(&args(&[&SMALL[..], &[&out]].concat())).unwrap();
        let file = ModelFile::open(folder.path()).unwrap();
        let scores = file.card.scores.clone();
        // The card suggests an input that was not learnt.
        let seed = file.card.seed;
        let pairs = generate_pairs(PairKind::Dates, 60, seed).unwrap();
        let usage = format!("--model out \"{}\"\n", pairs.test[0].input);
        let card = crate::model_card(&CARD, &file, "out");
        assert!(card.contains(&usage), "{card}");
        let figures = evaluate(file, None, &Device::flex()).unwrap();
        assert_eq!(figures.len(), 4);
        for (name, value) in &figures {
            let difference = (scores[name] - value).abs();
            assert!(difference < 1e-12, "{name}: {difference}");
        }
        for picture in ["attention.png", "attention.svg", "loss.png"] {
            assert!(folder.path().join(picture).is_file(), "{picture}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pairs.tsv");
        std::fs::write(&file, "a\tb\nno tab\n").unwrap();
        let pairs = format!("--pairs={}", file.display());
        let out = folder.path().join("out");
        let written = format!("--out={}", out.display());
        for (words, expected) in [
            (
                &["--attention=dot", "--direction=both"][..],
                "--attention is dot",
            ),
            (&["--teacher-forcing=1.5"], "--teacher-forcing is 1.5"),
            (&["--beam=0"], "--beam is 0"),
            (&["--length-power=-1"], "--length-power is -1"),
            (&["--embedding=0"], "--embedding is 0"),
            (&["--layers=0"], "--layers is 0"),
            (&["--examples=0"], "examples is 0"),
            (&[pairs.as_str()], "line 2: 0 tabs"),
        ] {
            let words = [&SMALL[..], words, &[&written]].concat();
            let message = train(&args(&words)).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(!out.exists(), "{expected}");
        }
    }
}
