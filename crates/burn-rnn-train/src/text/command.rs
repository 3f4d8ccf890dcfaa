//! The command line of `char-rnn`, and of `burn-rnn train text` and `generate`.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{DataError, read_file, read_text};
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use super::activations::Activations;
use super::corpus::HeldOut;
use super::symbols::{bytes_as_text, text_as_bytes};
use super::task::SCORE;
use super::{
    CharModelConfig, Corpus, Generator, Sampling, TextSettings, TextTask, bits_per_character,
};
use crate::learn::{LearnArgs, NetworkArgs, Task, each_seed, learn};
use crate::{ModelFile, SavedArgs, TaskCard, TrainError, print, say, say_done};

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

/// What its model card says.
pub const CARD: TaskCard = TaskCard {
    title: "A character language model",
    what: "It reads a text character by character and gives the probability of each character to come \
           next; drawn one after another they continue a text.",
    input: "--text",
    built_in: "this project's own Rust sources as they were when it was trained (all of `crates/`, in \
               the order of the file names, put together by `examples/build.rs`), the last tenth held \
               out",
    usage: &["burn-rnn generate --model MODEL --temperature 0.6 --length 500"],
    limits: "It has learnt the look of a text, not its meaning: names, brackets and indentation come \
             out right more often than not, what the code does never. It knows no character that its \
             text lacked.",
};

/// The options of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
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
}

/// The options of `activations`.
#[derive(Clone, Debug, Args)]
pub struct ActivationArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// The text to read
    #[arg(long, value_name = "FILE")]
    pub text: PathBuf,
    /// The number of characters of it
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub length: usize,
    /// The page
    #[arg(long, value_name = "FILE", default_value = "activations.html")]
    pub out: PathBuf,
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
        None => {
            let generate = "cargo run --release --example char-rnn -- generate";
            let one = |args: &TrainArgs| train(args, built_in, generate);
            each_seed(TextTask::NAME, &cli.train, |args| &mut args.learn, one)
        }
    }
}

/// Trains a model; `built_in` is the text that is learnt where no file is named, `generate` the command
/// that writes text with the model, for a hint.
///
/// # Errors
///
/// Where a file, a text or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs, built_in: &str, generate: &str) -> Result<(), TrainError> {
    args.network.refuse_bidirectional(
        "the backward direction reads the very characters that the model is to \
         predict, so it would learn to copy and could not generate",
    )?;
    TrainError::check_counts(&[
        ("--batch-size", args.learn.batch_size),
        ("--seq-len", args.seq_len),
    ])?;
    let text = source(args.text.as_deref(), built_in, args.bytes)?;
    let corpus = Corpus::new(&text, args.seq_len)?;
    // As long as the corpus, and no longer needed.
    drop(text);
    let config = CharModelConfig {
        network: args.network.config(0)?,
        d_embedding: args.embedding,
    };
    let network = config.network.description();
    let task = TextTask::new(
        config,
        &corpus,
        args.bytes,
        args.learn.batch_size,
        args.seq_len,
        args.learn.seed,
    )?;
    let description = format!(
        "{} characters, {} different; {network}",
        corpus.train.len() + corpus.held_out.len(),
        corpus.vocabulary.len(),
    );
    let with_data = args.learn.with_data("text to learn", &corpus.train);
    let with_data = with_data.with_data("held-out text", &corpus.held_out);
    let outcome = learn(&task, &with_data, description)?;
    outcome.report(&[])?;
    if !args.learn.json {
        let best = outcome.card.scores.values().next().copied();
        say(format_args!(
            "Held-out loss: {:.4} bits/char at its best (step {}). Try:\n  {generate} --model \
             {} --length 500",
            best.unwrap_or(f64::NAN),
            outcome.card.steps,
            outcome.folder.display()
        ))?;
    }
    Ok(())
}

/// The text of a file, or the built-in one.
fn source(path: Option<&Path>, built_in: &str, bytes: bool) -> Result<String, DataError> {
    let Some(path) = path else {
        return Ok(match bytes {
            true => bytes_as_text(built_in.as_bytes()),
            false => built_in.to_owned(),
        });
    };
    if !bytes {
        return read_text(path);
    }
    let read = read_file(path).map_err(|source| DataError::Unreadable {
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

/// The held-out figures of a saved model, by name: of the last tenth of the text `input`, or of the
/// built-in one. A character that the model does not know counts as one drawn from all that there are.
///
/// # Errors
///
/// Where the model or the text does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
    built_in: &str,
) -> Result<Vec<(String, f64)>, TrainError> {
    let (settings, model) = file.load(TextTask::NAME, device, TextSettings::init)?;
    let text = source(input, built_in, settings.bytes)?;
    let held_out = HeldOut::of(&text, &settings.vocabulary, settings.seq_len)?;
    drop(text);
    let (known, unknown) = (held_out.known.len() as f64, held_out.unknown as f64);
    if held_out.known.len() <= settings.seq_len {
        return Err(TrainError::setting(
            "the number of held-out characters that the model knows",
            held_out.known.len(),
            format!("at least {}", settings.seq_len + 1),
        ));
    }
    let bits = bits_per_character(&model, &settings.held_out(held_out.known)?);
    if unknown == 0.0 {
        return Ok(vec![(SCORE.to_owned(), bits)]);
    }
    let (name, all) = match settings.bytes {
        true => ("bytes", 256.0),
        // Unicode's, without those that are halves of others.
        false => ("characters", f64::from(0x11_0000 - 0x800)),
    };
    let each = f64::log2(all);
    let bits = (bits * known + each * unknown) / (known + unknown);
    Ok(vec![
        (SCORE.to_owned(), bits),
        (format!("unknown {name}, {each:.1} bits each"), unknown),
    ])
}

/// Writes text with a saved model to standard output.
///
/// # Errors
///
/// Where the model, the prompt or a setting does not fit.
pub fn generate(args: &GenerateArgs) -> Result<(), TrainError> {
    let sampling = Sampling {
        temperature: args.temperature,
        seed: args.seed,
    };
    let (file, device) = args.saved.open()?;
    let json = args.saved.json;
    write_text(file, &args.prompt, args.length, sampling, json, &device)
}

/// Writes the prompt and `length` characters more to standard output, one by one as they come or, for `json`, as one
/// object with prompt and text.
///
/// # Errors
///
/// Where the model, the prompt or a setting does not fit.
pub fn write_text(
    file: ModelFile,
    prompt: &str,
    length: usize,
    sampling: Sampling,
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    sampling.validate()?;
    let (settings, model) = file.load(TextTask::NAME, device, TextSettings::init)?;
    let bytes_of = |text: &str| match settings.bytes {
        true => text_as_bytes(text),
        false => text.as_bytes().to_vec(),
    };
    let known = match settings.bytes {
        true => bytes_as_text(prompt.as_bytes()),
        false => prompt.to_owned(),
    };
    let generator = Generator::new(&model, &settings.vocabulary, &known, sampling)?;
    let characters = generator.take(length);
    if json {
        let text = bytes_of(&characters.collect::<String>());
        let text = String::from_utf8_lossy(&text);
        return say(json!({ "prompt": prompt, "text": text }));
    }
    print(prompt.as_bytes())?;
    for character in characters {
        print(&bytes_of(character.encode_utf8(&mut [0; 4])))?;
    }
    print(b"\n")
}

/// Writes the page of the activations.
///
/// # Errors
///
/// Where the model or the text does not fit, or the page cannot be written.
pub fn activations(args: &ActivationArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[("--length", args.length)])?;
    let (file, device) = args.saved.open()?;
    let (settings, model) = file.load(TextTask::NAME, &device, TextSettings::init)?;
    let text = source(Some(&args.text), "", settings.bytes)?;
    let text: Vec<char> = text.chars().take(args.length).collect();
    let ids = settings
        .vocabulary
        .encode(&text.iter().collect::<String>())?;
    let title = format!("{}: hidden units", args.text.display());
    Activations::read(&model, text, &ids).write(&args.out, &title)?;
    say_done(
        args.saved.json,
        json!({ "page": args.out.to_string_lossy(), "characters": ids.len() }),
        format_args!("Page: {}", args.out.display()),
    )
}
