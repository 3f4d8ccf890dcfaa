//! The command line of `char-rnn`, and of `burn-rnn train text` and `generate`.

use std::io::Write;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{DataError, read_text};
use clap::{Args, Parser, Subcommand};

use super::activations::Activations;
use super::symbols::{bytes_as_text, text_as_bytes};
use super::{CharModel, CharModelConfig, Corpus, Generator, Sampling, TextSettings, TextTask};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn};
use crate::{ModelFile, TrainError, device};

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
    /// The options of a training.
    #[command(flatten)]
    pub train: TrainArgs,
    /// What else it can do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What `char-rnn` does with a trained model.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Continues a prompt with a saved model
    Generate(GenerateArgs),
    /// Writes an HTML page that colours a text by a hidden unit's activation
    Activations(ActivationArgs),
}

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The text to learn, UTF-8; this project's own Rust source if not given
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Read bytes in place of characters, of a file of any kind
    #[arg(long)]
    pub bytes: bool,
    /// The size of a character's embedding
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub embedding: usize,
    /// The number of characters that gradients flow back through
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub seq_len: usize,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("layers", "2"),
    ("hidden", "256"),
    ("dropout", "0.3"),
    ("steps", "2500"),
    ("eval-every", "200"),
    ("lr", "0.004"),
    ("final-lr", "0.0004"),
];

/// The options of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// The folder that the training wrote with --out, or a model file
    #[arg(long, value_name = "PATH", default_value = "char-rnn-model")]
    pub model: PathBuf,
    /// What the text begins with
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prompt: String,
    /// Below 1 more of the likely, above 1 more of the unlikely; 0 takes the likeliest always
    #[arg(long, default_value_t = 0.8, allow_negative_numbers = true)]
    pub temperature: f64,
    /// The number of characters to write after the prompt
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub length: usize,
    /// Where the random numbers start: the same seed gives the same text again
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

/// The options of `activations`.
#[derive(Clone, Debug, Args)]
pub struct ActivationArgs {
    /// The folder that the training wrote with --out, or a model file
    #[arg(long, value_name = "PATH", default_value = "char-rnn-model")]
    pub model: PathBuf,
    /// The text to read
    #[arg(long, value_name = "FILE")]
    pub text: PathBuf,
    /// The number of characters of it
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub length: usize,
    /// The page
    #[arg(long, value_name = "FILE", default_value = "activations.html")]
    pub out: PathBuf,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

/// Runs the command line; `built_in` is the text that is learnt where no file is named.
///
/// # Errors
///
/// Where a file, a text or a setting does not fit; nothing is overwritten then.
pub fn run(cli: Cli, built_in: &str) -> Result<(), TrainError> {
    match cli.command {
        Some(Command::Generate(args)) => generate(&args),
        Some(Command::Activations(args)) => activations(&args),
        None => train(&cli.train, built_in),
    }
}

/// Trains a model; `built_in` is the text that is learnt where no file is named.
///
/// # Errors
///
/// Where a file, a text or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs, built_in: &str) -> Result<(), TrainError> {
    if args.network.bidirectional {
        return Err(TrainError::Setting {
            name: "--bidirectional",
            given: "on".to_owned(),
            expected: "off: the backward direction reads the very characters that the model is to \
                       predict, so it would learn to copy and could not generate"
                .to_owned(),
        });
    }
    TrainError::check_counts(&[
        ("--batch-size", args.learn.batch_size),
        ("--seq-len", args.seq_len),
    ])?;
    let text = match &args.text {
        Some(path) => source(path, args.bytes)?,
        None if args.bytes => bytes_as_text(built_in.as_bytes()),
        None => built_in.to_owned(),
    };
    let corpus = Corpus::new(&text, args.seq_len)?;
    let network = &args.network;
    let config = CharModelConfig {
        architecture: network.cell,
        layers: network.layers,
        d_hidden: network.hidden,
        d_embedding: args.embedding,
        dropout: network.dropout,
    };
    let task = TextTask::new(
        config,
        &corpus,
        args.bytes,
        args.learn.batch_size,
        args.seq_len,
        args.learn.seed,
    )?;
    let description = format!(
        "{} characters, {} different; {} × {} {}",
        corpus.train.len() + corpus.held_out.len(),
        corpus.vocabulary.len(),
        network.layers,
        network.hidden,
        network.cell.name(),
    );
    let outcome = learn(&task, &args.learn, description)?;
    outcome.report(&[])?;
    if !args.learn.json {
        let best = outcome.card.scores.values().next().copied();
        println!(
            "Held-out loss: {:.4} bits/char at its best (step {}). Try:\n  cargo run --release \
             --example char-rnn -- generate --model {} --length 500",
            best.unwrap_or(f64::NAN),
            outcome.card.steps,
            outcome.folder.display()
        );
    }
    Ok(())
}

fn source(path: &Path, bytes: bool) -> Result<String, DataError> {
    if !bytes {
        return read_text(path);
    }
    let read = std::fs::read(path).map_err(|source| DataError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    match read.is_empty() {
        true => Err(DataError::EmptyText {
            path: path.to_owned(),
        }),
        false => Ok(bytes_as_text(&read)),
    }
}

/// A saved model and what is needed to use it.
///
/// # Errors
///
/// Where there is none, or its file is damaged or something else.
pub fn load(path: &Path, device: &Device) -> Result<(TextSettings, CharModel), TrainError> {
    ModelFile::open(path)?.load(TextTask::NAME, device, TextSettings::init)
}

/// Writes text with a saved model to standard output.
///
/// # Errors
///
/// Where the model, the prompt or a setting does not fit.
pub fn generate(args: &GenerateArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let sampling = Sampling {
        temperature: args.temperature,
        seed: args.seed,
    };
    sampling.validate()?;
    let (settings, model) = load(&args.model, &device)?;
    let prompt = match settings.bytes {
        true => bytes_as_text(args.prompt.as_bytes()),
        false => args.prompt.clone(),
    };
    let generator = Generator::new(&model, &settings.vocabulary, &prompt, sampling)?;
    let mut out = std::io::stdout().lock();
    let mut write = |text: &str| {
        let written = match settings.bytes {
            true => out.write_all(&text_as_bytes(text)),
            false => out.write_all(text.as_bytes()),
        };
        written.and_then(|()| out.flush())
    };
    // A reader that has seen enough (`| head`) is no error.
    if write(&prompt).is_err() {
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

/// Writes the page of the activations.
///
/// # Errors
///
/// Where the model or the text does not fit, or the page cannot be written.
pub fn activations(args: &ActivationArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[("--length", args.length)])?;
    let device = device(args.device.as_deref())?;
    let (settings, model) = load(&args.model, &device)?;
    let text = source(&args.text, settings.bytes)?;
    let text: Vec<char> = text.chars().take(args.length).collect();
    let ids = settings
        .vocabulary
        .encode(&text.iter().collect::<String>())?;
    let title = format!("{}: hidden units", args.text.display());
    Activations::read(&model, text, &ids).write(&args.out, &title)?;
    println!("Page: {}", args.out.display());
    Ok(())
}
