//! The command line of the music model.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{
    KEYS, LOWEST_NOTE, PianoRolls, Pieces, generate_chorales, midi_file, read_piano_rolls,
};
use clap::Args;
use serde_json::json;

use super::task::VALIDATION;
use super::{MusicModel, MusicSettings, MusicTask, compose, matched_hidden, plot};
use crate::learn::{LearnArgs, NetworkArgs, Outcome, Task, learn};
use crate::new_file::{name_beside, write_whole};
use crate::text::Sampling;
use crate::{ModelFile, TaskCard, TrainError, say_done};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Piano rolls, JSON with the lists train, valid and test of pieces as lists of MIDI notes a step;
    /// generated four-part pieces if not given
    #[arg(long, value_name = "FILE")]
    pub rolls: Option<PathBuf>,
    /// The probability that a hidden unit is dropped before the output in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub output_dropout: f64,
    /// In training, batches are moved up or down by at most this number of semitones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub transpose: u8,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks; 0 hidden units stand for as many as make about
/// 20 000 parameters ([`matched_hidden`]).
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("hidden", "0"),
    ("epochs", "100"),
    ("patience", "30"),
    ("batch-size", "1"),
    ("lr", "0.004"),
    ("weight-decay", "0.1"),
];

/// The name of the score on the test part.
const TEST: &str = "test NLL per step";

/// What its model card says.
pub const CARD: TaskCard = TaskCard {
    title: "A polyphonic music model",
    what: "It reads the notes of every step (a quarter note) and gives the probability of each of the \
           88 keys of a piano at the next one; drawn step by step they make a piece. NLL is the \
           negative log-likelihood of a step in nats, summed over the keys.",
    input: "--rolls",
    built_in: "four-part pieces that the program generates by rules of harmony: 200 to learn from, 50 to \
               choose the model by, 50 to test it on",
    usage: &[
        "burn-rnn generate --model MODEL --length 64 --out piece.mid",
        "burn-rnn generate --model MODEL --prompt \"48 55 64 72\" --temperature 0.5 --out piece.mid",
    ],
    limits: "It knows keys and steps, no rhythm within a quarter note, no dynamics and no instruments. \
             The keys of a step are drawn independently of one another, so that a chord now and then \
             has a note too many or too few.",
};

/// The pieces that are generated where no file is named.
const GENERATED: usize = 200;

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.network.refuse_bidirectional(
        "the backward direction reads the very notes that the model is to predict",
    )?;
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
    let rolls = rolls(args.rolls.as_deref())?;
    let mut network = args.network.config(KEYS)?;
    if network.d_hidden == 0 && network.layer_sizes.is_empty() {
        network.d_hidden = matched_hidden(&network);
    }
    let description = network.description();
    let settings = MusicSettings {
        network,
        dropout: args.output_dropout,
    };
    let task = MusicTask::new(settings, &rolls, args.learn.batch_size, args.transpose);
    let with_data = args
        .learn
        .with_parts(&rolls.train, &rolls.valid, &rolls.test);
    finish(&learn(&task, &with_data, description)?, &rolls)
}

/// The figure of the test part, the report, and a piece with its picture.
fn finish(outcome: &Outcome<MusicTask>, rolls: &PianoRolls) -> Result<(), TrainError> {
    let test = MusicTask::surprise(&outcome.model, &rolls.test, &outcome.device);
    let sampling = Sampling {
        temperature: 0.8,
        seed: 1,
    };
    let piece = compose(&outcome.model, &[], 64, sampling)?;
    plot::piano_roll(&outcome.folder, "piece", "What the model composes", &piece)?;
    write_whole(&outcome.folder.join("piece.mid"), &midi_file(&piece, 90))?;
    outcome.report(&[(TEST, test)])
}

fn rolls(path: Option<&Path>) -> Result<PianoRolls, TrainError> {
    Ok(match path {
        Some(path) => read_piano_rolls(path)?,
        // The same pieces whatever the seed of the training.
        None => generate_chorales(GENERATED, 1),
    })
}

/// The scores of a saved model on the test part, by name: of the file `input`, or of the generated
/// pieces.
///
/// # Errors
///
/// Where the model or the file does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let rolls = rolls(input)?;
    let (_, model) = load(file, device)?;
    let score = |pieces: &Pieces| MusicTask::surprise(&model, pieces, device);
    Ok(vec![
        (TEST.to_owned(), score(&rolls.test)),
        (VALIDATION.to_owned(), score(&rolls.valid)),
    ])
}

fn load(file: ModelFile, device: &Device) -> Result<(MusicSettings, MusicModel), TrainError> {
    file.load(MusicTask::NAME, device, MusicSettings::init)
}

/// The options of `generate` for a music model.
#[derive(Clone, Debug)]
pub struct ComposeOptions<'a> {
    /// The first step, MIDI notes with spaces between; empty for a first step that is drawn too.
    pub prompt: &'a str,
    /// The number of steps, quarter notes.
    pub steps: usize,
    /// How the notes are drawn.
    pub sampling: Sampling,
    /// The MIDI file to write, the picture beside it.
    pub out: &'a Path,
}

/// The MIDI notes of a text, with spaces between.
fn notes(text: &str) -> Result<Vec<u8>, TrainError> {
    let last = LOWEST_NOTE + KEYS as u8 - 1;
    let note = |word: &str| match word.parse() {
        Ok(note) if (LOWEST_NOTE..=last).contains(&note) => Ok(note),
        _ => Err(TrainError::setting(
            "a note of --prompt",
            word,
            format!("MIDI notes of a piano, {LOWEST_NOTE} to {last}, with spaces between"),
        )),
    };
    text.split_whitespace().map(note).collect()
}

/// Composes a piece with a saved model: a MIDI file, and its picture beside it. A line says what was written, or for
/// `json` an object with `steps`, `notes`, `midi` and `picture`.
///
/// # Errors
///
/// Where the model or a setting does not fit, or a file cannot be written.
pub fn compose_file(
    file: ModelFile,
    options: &ComposeOptions<'_>,
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    TrainError::check_counts(&[("--length", options.steps)])?;
    let (_, model) = load(file, device)?;
    let first = notes(options.prompt)?;
    let piece = compose(&model, &first, options.steps, options.sampling)?;
    write_whole(options.out, &midi_file(&piece, 90))?;
    let folder = options.out.parent().unwrap_or(Path::new(""));
    let name = name_beside(options.out, &["png", "svg"], "piece");
    let [picture, _] = plot::piano_roll(folder, &name, "What the model composes", &piece)?;
    let notes: usize = piece.iter().map(Vec::len).sum();
    say_done(
        json,
        json!({ "steps": piece.len(), "notes": notes, "midi": options.out.to_string_lossy(), "picture": picture.to_string_lossy() }),
        format_args!(
            "{} steps, {notes} notes: {}, {}",
            piece.len(),
            options.out.display(),
            picture.display()
        ),
    )
}
