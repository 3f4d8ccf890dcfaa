//! The command line of a saved model.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{TransduceSettings, Transducer, plot};
use crate::standard_input::lines;
use crate::{SavedArgs, TrainError, say_done};

/// The options of `transduce`.
#[derive(Clone, Debug, Args)]
pub struct TransduceArgs {
    /// What is to be turned into something else, 10 000 characters at most; the lines of standard input if not given
    pub inputs: Vec<String>,
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// The number of answers that the search follows side by side; 1 is greedy search [default: the
    /// training's]
    #[arg(long, value_name = "N")]
    pub beam: Option<usize>,
    /// Answers are compared by their log-probability over their length to this power [default: the
    /// training's]
    #[arg(long, value_name = "POWER", allow_negative_numbers = true)]
    pub length_power: Option<f64>,
    /// Draws what was read for each character of the answer to the one input; a picture of the other
    /// format, PNG or SVG, goes beside
    #[arg(long, value_name = "FILE")]
    pub attention_map: Option<PathBuf>,
}

/// Turns strings into others with a saved model, a line each on standard output; with `--json` an object a line,
/// `input`, `output` and `log_probability`.
///
/// # Errors
///
/// Where the model, an input or a setting does not fit, before anything is written; where a picture
/// cannot be written.
pub fn transduce(args: &TransduceArgs) -> Result<(), TrainError> {
    let (file, device) = args.saved.open()?;
    let (settings, model) = TransduceSettings::load(file, &device)?;
    let mut beam = settings.beam;
    beam.width = args.beam.unwrap_or(beam.width);
    beam.length_power = args.length_power.unwrap_or(beam.length_power);
    beam.validate()?;
    let inputs = match args.inputs.is_empty() {
        true => lines()?,
        false => args.inputs.clone(),
    };
    if inputs.is_empty() {
        return Err(TrainError::setting("the input", "empty", "a string a line"));
    }
    let picture = args.attention_map.as_deref();
    let picture = picture.map(|path| place(path, inputs.len())).transpose()?;
    let transducer = Transducer {
        settings: &settings,
        model: &model,
        device: &device,
    };
    let texts: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let answers = transducer.answers(&texts, beam)?;
    if let Some((folder, name)) = picture {
        let Some(weights) = transducer.attention(texts[0], &answers[0], crate::grid::MOST)? else {
            return Err(TrainError::setting(
                "--model",
                args.saved.model.display(),
                "a model with attention, for --attention-map",
            ));
        };
        let output = transducer.text(&answers[0]);
        plot::attention_map(folder, name, texts[0], &output, &weights)?;
    }
    for (input, answer) in inputs.iter().zip(&answers) {
        let output = transducer.text(answer);
        say_done(
            args.saved.json,
            serde_json::json!({
                "input": input,
                "output": output,
                "log_probability": answer.log_probability,
            }),
            format_args!("{output}"),
        )?;
    }
    Ok(())
}

/// The folder and the name of the pictures.
fn place(path: &Path, inputs: usize) -> Result<(&Path, &str), TrainError> {
    let refuse =
        |given: String, expected: &str| TrainError::setting("--attention-map", given, expected);
    if inputs != 1 {
        return Err(refuse(
            format!("asked for with {inputs} inputs"),
            "one input: the picture is of one answer",
        ));
    }
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    let name = path.file_stem().and_then(|name| name.to_str());
    match (suffix, name) {
        (Some("png" | "svg"), Some(name)) => Ok((path.parent().unwrap_or(Path::new("")), name)),
        _ => Err(refuse(
            path.display().to_string(),
            "a file name that ends in .png or .svg",
        )),
    }
}
