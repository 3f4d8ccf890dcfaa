//! `burn-rnn generate`: something new from a saved model, whatever its task.

use std::path::{Path, PathBuf};

use burn_rnn_train::music::command::{self as music, ComposeOptions};
use burn_rnn_train::reber::command as reber;
use burn_rnn_train::speak::command as speak;
use burn_rnn_train::text::{Sampling, command as text};
use burn_rnn_train::{ModelFile, TrainError, device};
use clap::Args;

/// The options of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// A model file, or the folder that a training wrote with --out
    #[arg(long, value_name = "PATH")]
    pub model: PathBuf,
    /// What it begins with: characters of a text; the notes of music's first step, as MIDI numbers; the
    /// label to say
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prompt: String,
    /// Below 1 more of the likely, above 1 more of the unlikely; 0 takes the likeliest always
    #[arg(long, default_value_t = 0.8, allow_negative_numbers = true)]
    pub temperature: f64,
    /// How much: characters of text [default: 500], quarter notes of music [default: 64], strings of a
    /// grammar [default: 10]
    #[arg(long, value_name = "N")]
    pub length: Option<usize>,
    /// Where the random numbers start: the same seed gives the same again
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The file to write: MIDI for music [default: piece.mid], WAV for a label [default: spoken.wav], with a
    /// picture beside it; text and strings go to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

/// Generates with the model; its file says what it is for.
pub fn generate(args: &GenerateArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let sampling = Sampling {
        temperature: args.temperature,
        seed: args.seed,
    };
    let file = ModelFile::open(&args.model)?;
    match file.card.task.as_str() {
        "text" => {
            args.refuse(&file, "--out", args.out.is_some())?;
            let length = args.length.unwrap_or(500);
            text::write_text(file, &args.prompt, length, sampling, &device)
        }
        "music" => {
            let options = ComposeOptions {
                prompt: &args.prompt,
                steps: args.length.unwrap_or(64),
                sampling,
                out: args.out.as_deref().unwrap_or(Path::new("piece.mid")),
            };
            music::compose_file(file, &options, &device)
        }
        "speak" => {
            args.refuse(&file, "--length", args.length.is_some())?;
            let out = args.out.as_deref().unwrap_or(Path::new("spoken.wav"));
            speak::generate_file(file, &args.prompt, out, args.seed, &device)
        }
        "reber" => {
            args.refuse(&file, "--prompt", !args.prompt.is_empty())?;
            args.refuse(&file, "--out", args.out.is_some())?;
            let count = args.length.unwrap_or(10);
            let strings =
                reber::generate_strings(file, count, args.temperature, args.seed, &device)?;
            println!("{}", strings.join("\n"));
            Ok(())
        }
        other => Err(file.refuse(format!(
            "a model for the task {other}, which generates nothing: expected one for text, music, speak or \
             reber"
        ))),
    }
}

impl GenerateArgs {
    /// Refuses an option that the model's task does not have.
    fn refuse(&self, file: &ModelFile, option: &str, given: bool) -> Result<(), TrainError> {
        match given {
            false => Ok(()),
            true => Err(file.refuse(format!(
                "a model for {}, which takes no {option}: leave it out",
                file.card.task
            ))),
        }
    }
}
