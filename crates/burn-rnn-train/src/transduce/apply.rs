//! The command line of a saved model.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{TransduceSettings, Transducer, plot};
use crate::{ModelFile, TrainError, device};

/// The options of `transduce`.
#[derive(Clone, Debug, Args)]
pub struct TransduceArgs {
    /// What is to be turned into something else; the lines of standard input if not given
    pub inputs: Vec<String>,
    /// The folder that the training wrote with --out, or a model file
    #[arg(long, value_name = "PATH")]
    pub model: PathBuf,
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
    /// One JSON object a line: input, output, log_probability
    #[arg(long)]
    pub json: bool,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

/// Turns strings into others with a saved model, a line each on standard output.
///
/// # Errors
///
/// Where the model, an input or a setting does not fit, before anything is written; where a picture
/// cannot be written.
pub fn transduce(args: &TransduceArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let file = ModelFile::open(&args.model)?;
    let (settings, model) = TransduceSettings::load(file, &device)?;
    let mut beam = settings.beam;
    beam.width = args.beam.unwrap_or(beam.width);
    beam.length_power = args.length_power.unwrap_or(beam.length_power);
    beam.validate()?;
    let inputs = match args.inputs.is_empty() {
        true => lines()?,
        false => args.inputs.clone(),
    };
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
        let Some(weights) = transducer.attention(texts[0], &answers[0])? else {
            return Err(TrainError::Setting {
                name: "--model",
                given: args.model.display().to_string(),
                expected: "a model with attention, for --attention-map".to_owned(),
            });
        };
        let output = transducer.text(&answers[0]);
        plot::attention_map(folder, name, texts[0], &output, &weights)?;
    }
    let mut out = std::io::stdout().lock();
    for (input, answer) in inputs.iter().zip(&answers) {
        let output = transducer.text(answer);
        let line = match args.json {
            true => serde_json::json!({
                "input": input,
                "output": output,
                "log_probability": answer.log_probability,
            })
            .to_string(),
            false => output,
        };
        // A reader that has seen enough (`| head`) is no error.
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    Ok(())
}

fn lines() -> Result<Vec<String>, TrainError> {
    let mut bytes = Vec::new();
    let refuse = |given: String| TrainError::Setting {
        name: "standard input",
        given,
        expected: "lines of UTF-8 text".to_owned(),
    };
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("not UTF-8".to_owned()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The folder and the name of the pictures.
fn place(path: &Path, inputs: usize) -> Result<(&Path, &str), TrainError> {
    let refuse = |given: String, expected: &str| TrainError::Setting {
        name: "--attention-map",
        given,
        expected: expected.to_owned(),
    };
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
