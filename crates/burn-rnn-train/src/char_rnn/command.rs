//! The command line of `char-rnn`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn_rnn_data::{Vocabulary, read_text};
use clap::{Args, Parser, Subcommand};

use super::{
    CharModel, CharModelConfig, Checkpoint, Corpus, Evaluation, Generator, Length, Observer,
    Sampling, TrainSettings, train,
};
use crate::{Architecture, Progress, TrainError, device};

/// Trains a character language model, or writes text with a trained one.
///
/// Without arguments it learns the Rust source of this project and ends after some minutes.
#[derive(Debug, Parser)]
#[command(
    name = "char-rnn",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
pub struct Cli {
    #[command(flatten)]
    train: TrainArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Continues a prompt with a saved model
    Generate(GenerateArgs),
}

#[derive(Debug, Args)]
struct TrainArgs {
    /// The text to learn, UTF-8; this project's own Rust source if not given
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// The architecture
    #[arg(long, value_enum, default_value = "lstm")]
    cell: Architecture,
    /// The number of layers
    #[arg(long, value_name = "N", default_value_t = 2)]
    layers: usize,
    /// The number of hidden units of each layer
    #[arg(long, value_name = "N", default_value_t = 256)]
    hidden: usize,
    /// The size of a character's embedding
    #[arg(long, value_name = "N", default_value_t = 64)]
    embedding: usize,
    /// The probability that an output between two layers is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.3,
        allow_negative_numbers = true
    )]
    dropout: f64,
    /// Refused: a model that reads ahead cannot generate
    #[arg(long)]
    bidirectional: bool,
    /// The number of characters that gradients flow back through
    #[arg(long, value_name = "N", default_value_t = 50)]
    seq_len: usize,
    /// The number of places in the text that are read side by side
    #[arg(long, value_name = "N", default_value_t = 32)]
    batch_size: usize,
    /// The number of training steps, one a window of every stream [default: 2500]
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    steps: Option<usize>,
    /// The number of passes over the text, instead of --steps
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Adam's learning rate at the beginning; it falls along a half cosine
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.004,
        allow_negative_numbers = true
    )]
    lr: f64,
    /// The learning rate at the end [default: a tenth of --lr]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    final_lr: Option<f64>,
    /// The norm that all gradients together are clipped to
    #[arg(
        long,
        value_name = "NORM",
        default_value_t = 5.0,
        allow_negative_numbers = true
    )]
    clip: f64,
    /// The number of steps between two looks at the held-out text, each with a sample
    #[arg(long, value_name = "N", default_value_t = 200)]
    eval_every: usize,
    /// Where the random numbers start: the same seed gives the same model again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Where the best model goes; one that is there is kept as model.previous.safetensors
    #[arg(long, value_name = "DIR", default_value = "char-rnn-model")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// The folder that the training wrote with --out
    #[arg(long, value_name = "DIR", default_value = "char-rnn-model")]
    model: PathBuf,
    /// What the text begins with
    #[arg(long, value_name = "TEXT", default_value = "")]
    prompt: String,
    /// Below 1 more of the likely, above 1 more of the unlikely; 0 takes the likeliest always
    #[arg(long, default_value_t = 0.8, allow_negative_numbers = true)]
    temperature: f64,
    /// The number of characters to write after the prompt
    #[arg(long, value_name = "N", default_value_t = 500)]
    length: usize,
    /// Where the random numbers start: the same seed gives the same text again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

/// Runs the command line; `built_in` is the text that is learnt where no file is named.
///
/// # Errors
///
/// Where a file, a text or a setting does not fit; nothing is overwritten then.
pub fn run(cli: Cli, built_in: &str) -> Result<(), TrainError> {
    match cli.command {
        Some(Command::Generate(args)) => generate(&args),
        None => train_and_save(&cli.train, built_in),
    }
}

fn train_and_save(args: &TrainArgs, built_in: &str) -> Result<(), TrainError> {
    if args.bidirectional {
        return Err(TrainError::Setting {
            name: "--bidirectional",
            given: "on".to_owned(),
            expected: "off: the backward direction reads the very characters that the model is to \
                       predict, so it would learn to copy and could not generate"
                .to_owned(),
        });
    }
    let device = device(args.device.as_deref())?;
    let (text, source) = match &args.text {
        Some(path) => (read_text(path)?, path.display().to_string()),
        None => (built_in.to_owned(), "this project's Rust source".to_owned()),
    };
    let corpus = Corpus::new(&text, args.seq_len)?;
    let config = CharModelConfig {
        architecture: args.cell,
        layers: args.layers,
        d_hidden: args.hidden,
        d_embedding: args.embedding,
        dropout: args.dropout,
    };
    let settings = TrainSettings {
        length: match args.epochs {
            Some(epochs) => Length::Epochs(epochs),
            None => Length::Steps(args.steps.unwrap_or(2500)),
        },
        batch_size: args.batch_size,
        seq_len: args.seq_len,
        lr: args.lr,
        final_lr: args.final_lr.unwrap_or(args.lr / 10.0),
        clip: args.clip,
        eval_every: args.eval_every,
    };
    device.seed(args.seed);

    println!(
        "Learning {source}: {} characters, {} different; {} layers of {} {} units on {device:?}.",
        corpus.train.len() + corpus.held_out.len(),
        corpus.vocabulary.len(),
        args.layers,
        args.hidden,
        args.cell.name(),
    );
    let mut report = Report {
        out: &args.out,
        config: &config,
        vocabulary: &corpus.vocabulary,
        seed: args.seed,
        started: Instant::now(),
        progress: Progress::new(0),
        held_out: None,
        best: None,
        last: None,
    };
    train(&config, &corpus, &settings, &device, &mut report)?;
    report.finish();
    Ok(())
}

/// Shows a training run and saves the best model of it.
struct Report<'a> {
    out: &'a Path,
    config: &'a CharModelConfig,
    vocabulary: &'a Vocabulary,
    seed: u64,
    started: Instant,
    progress: Progress,
    held_out: Option<f64>,
    best: Option<Evaluation>,
    last: Option<Evaluation>,
}

/// The characters of a sample while the model learns.
const SAMPLE: usize = 160;

impl Observer for Report<'_> {
    fn start(&mut self, steps: usize) {
        self.progress = Progress::new(steps);
        self.progress.at(0, "");
    }

    fn steps(&mut self, made: usize, train: f64) {
        let held_out = match self.held_out {
            Some(held_out) => format!(", held out {held_out:.3}"),
            None => String::new(),
        };
        let message = format!("train {train:.3}{held_out} bits/char");
        self.progress.at(made, message);
    }

    fn evaluation(&mut self, evaluation: Evaluation, model: &CharModel) -> Result<(), TrainError> {
        let Evaluation {
            step,
            train,
            held_out,
        } = evaluation;
        let best = self.best.is_none_or(|best| held_out < best.held_out);
        self.progress.say(format_args!(
            "step {step:5}  train {train:.3}  held out {held_out:.3} bits/char  {:.0} s{}",
            self.started.elapsed().as_secs_f64(),
            if best { "  (best: saved)" } else { "" },
        ));
        if best {
            if self.best.is_none() {
                Checkpoint::keep_previous(self.out)?;
            }
            Checkpoint::save(self.out, self.config, self.vocabulary, model)?;
            self.best = Some(evaluation);
        }
        let model = model.valid();
        let sampling = Sampling {
            temperature: 0.6,
            seed: self.seed,
        };
        let sample: String = Generator::new(&model, self.vocabulary, "", sampling)?
            .take(SAMPLE)
            .collect();
        for line in sample.trim().lines() {
            self.progress.say(format_args!("    | {line}"));
        }
        self.held_out = Some(held_out);
        self.last = Some(evaluation);
        Ok(())
    }
}

impl Report<'_> {
    fn finish(self) {
        self.progress.finish();
        let (Some(best), Some(last)) = (self.best, self.last) else {
            return;
        };
        println!(
            "Held-out loss: {:.4} bits/char at the end, {:.4} at its best (step {}); {:.0} s.",
            last.held_out,
            best.held_out,
            best.step,
            self.started.elapsed().as_secs_f64(),
        );
        let path = Checkpoint::path(self.out);
        println!("The best model is {}. Try:", path.display());
        println!(
            "  cargo run --release --example char-rnn -- generate --model {} --length 500",
            self.out.display()
        );
    }
}

fn generate(args: &GenerateArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let sampling = Sampling {
        temperature: args.temperature,
        seed: args.seed,
    };
    let Checkpoint {
        model, vocabulary, ..
    } = Checkpoint::load(&args.model, &device)?;
    let generator = Generator::new(&model, &vocabulary, &args.prompt, sampling)?;
    let mut out = std::io::stdout().lock();
    let mut write = |text: &str| out.write_all(text.as_bytes()).and_then(|()| out.flush());
    // A reader that has seen enough (`| head`) is no error.
    if write(&args.prompt).is_err() {
        return Ok(());
    }
    for character in generator.take(args.length) {
        if write(character.encode_utf8(&mut [0; 4])).is_err() {
            return Ok(());
        }
    }
    let _ = write("\n");
    Ok(())
}
