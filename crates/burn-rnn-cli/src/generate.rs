//! `burn-rnn generate`: something new from a saved model, whatever its task.

use std::path::{Path, PathBuf};

use burn_rnn_train::music::command::{self as music, ComposeOptions};
use burn_rnn_train::reber::command as reber;
use burn_rnn_train::speak;
use burn_rnn_train::text::{Sampling, command as text};
use burn_rnn_train::{ModelFile, SavedArgs, TrainError, say};
use clap::Args;

/// The options of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
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
}

/// Generates with the model; its file says what it is for.
pub fn generate(args: &GenerateArgs) -> Result<(), TrainError> {
    let sampling = Sampling {
        temperature: args.temperature,
        seed: args.seed,
    };
    let (file, device) = args.saved.open()?;
    let json = args.saved.json;
    match file.card.task.as_str() {
        "text" => {
            args.refuse(&file, "--out", args.out.is_some())?;
            let length = args.length.unwrap_or(500);
            text::write_text(file, &args.prompt, length, sampling, json, &device)
        }
        "music" => {
            let options = ComposeOptions {
                prompt: &args.prompt,
                steps: args.length.unwrap_or(64),
                sampling,
                out: args.out.as_deref().unwrap_or(Path::new("piece.mid")),
            };
            music::compose_file(file, &options, json, &device)
        }
        "speak" => {
            args.refuse(&file, "--length", args.length.is_some())?;
            let out = args.out.as_deref().unwrap_or(Path::new("spoken.wav"));
            speak::generate_file(file, &args.prompt, out, args.seed, json, &device)
        }
        "reber" => {
            args.refuse(&file, "--prompt", !args.prompt.is_empty())?;
            args.refuse(&file, "--out", args.out.is_some())?;
            let count = args.length.unwrap_or(10);
            let strings =
                reber::generate_strings(file, count, args.temperature, args.seed, &device)?;
            match json {
                true => say(serde_json::json!({ "strings": strings })),
                false => say(strings.join("\n")),
            }
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
