//! `burn-rnn convert`: recurrent networks from one library's file into another's.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn::Activation;
use burn_rnn::weights::{
    Import, KerasFile, OnnxFile, OnnxWriter, PytorchFile, PytorchWriter, WeightsError,
    WeightsErrorKind,
};
use burn_rnn_train::{TrainError, say};
use clap::{Args, ValueEnum};

use crate::convert_report as report;

/// The options of `convert`.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// The file to read: its content says what it is, else the ending of its name
    pub input: PathBuf,
    /// The file to write, in the format that its ending says; none to see alone what is in the input
    pub output: Option<PathBuf>,
    /// Converts the recurrent networks where the file has other tensors, too, which are left behind
    #[arg(long)]
    pub partial: bool,
    /// The activation of simple networks of PyTorch, whose files do not have it: tanh without this option
    #[arg(long, value_enum)]
    pub rnn_activation: Option<RnnActivation>,
    /// One JSON object in place of the tables
    #[arg(long)]
    pub json: bool,
}

/// What `nn.RNN` has.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RnnActivation {
    /// The default of `nn.RNN`
    Tanh,
    /// `nonlinearity="relu"`
    Relu,
}

/// Writes networks into a file.
type Write = fn(Import, &Path) -> Result<(), WeightsError>;

/// A format: the one place where it becomes part of the program.
struct Format {
    name: &'static str,
    /// The endings of its files' names.
    endings: &'static [&'static str],
    /// Whether a file with this content is one.
    is: fn(&Content) -> bool,
    /// Whether the files have the activations of their networks.
    has_activations: bool,
    read: fn(&ConvertArgs, &Device) -> Result<Import, WeightsError>,
    /// The ending of the files that are written, and what writes all networks, whole or not at all; none where the format is only read.
    write: Option<(&'static str, Write)>,
}

const FORMATS: &[Format] = &[
    Format {
        name: "PyTorch",
        endings: &["safetensors", "pt", "pth", "bin"],
        is: |content| {
            content.is_zip_with("data.pkl") || content.is_pickle() || content.is_safetensors()
        },
        has_activations: false,
        read: read_pytorch,
        write: Some(("safetensors", write_pytorch)),
    },
    Format {
        name: "ONNX",
        endings: &["onnx"],
        // A message of protocol buffers has no mark of its own: the ending has to say it.
        is: |_| false,
        has_activations: true,
        read: |args, device| OnnxFile::open(&args.input)?.import(device),
        write: Some(("onnx", write_onnx)),
    },
    Format {
        name: "Keras",
        endings: &["keras", "h5", "hdf5"],
        is: |content| content.is_zip_with(".weights.h5") || content.is_hdf5(),
        has_activations: true,
        read: |args, device| KerasFile::open(&args.input)?.import(device),
        write: None,
    },
];

fn read_pytorch(args: &ConvertArgs, device: &Device) -> Result<Import, WeightsError> {
    let activation = match args.rnn_activation {
        None | Some(RnnActivation::Tanh) => Activation::Tanh,
        Some(RnnActivation::Relu) => Activation::Relu,
    };
    PytorchFile::open(&args.input)?.import(activation, device)
}

fn write_pytorch(import: Import, path: &Path) -> Result<(), WeightsError> {
    let mut writer = PytorchWriter::new();
    for named in import.networks {
        writer = writer.network(&named.name, named.network)?;
    }
    writer.save(path)
}

fn write_onnx(import: Import, path: &Path) -> Result<(), WeightsError> {
    let mut writer = OnnxWriter::new();
    for named in import.networks {
        writer = writer.network(&named.name, named.network)?;
    }
    writer.save(path)
}

/// The beginning and the end of a file, which say what it is.
struct Content {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Content {
    fn of(path: &Path) -> std::io::Result<Self> {
        const SIZE: u64 = 1 << 16;
        let there = path.metadata()?;
        if !there.is_file() && !there.is_dir() {
            let reason = "it is a pipe or a device, and no file";
            return Err(Error::new(ErrorKind::InvalidInput, reason));
        }
        let mut file = File::open(path)?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        (&mut file).take(512).read_to_end(&mut head)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SIZE)))?;
        file.take(SIZE).read_to_end(&mut tail)?;
        Ok(Self { head, tail })
    }

    /// A zip archive, whose directory of names is at its end.
    fn is_zip_with(&self, entry: &str) -> bool {
        let entry = entry.as_bytes();
        let names = |bytes: &[u8]| bytes.windows(entry.len()).any(|name| name == entry);
        self.head.starts_with(b"PK\x03\x04") && names(&self.tail)
    }

    /// A pickle of protocol 2 or later.
    fn is_pickle(&self) -> bool {
        matches!(self.head.as_slice(), [0x80, 2..=5, ..]) && !self.is_safetensors()
    }

    fn is_hdf5(&self) -> bool {
        self.head.starts_with(b"\x89HDF\r\n\x1a\n")
    }

    /// A length of eight bytes and JSON.
    fn is_safetensors(&self) -> bool {
        self.head.get(8) == Some(&b'{')
    }
}

/// Prints what became what, and writes the networks.
pub fn convert(args: &ConvertArgs) -> Result<(), TrainError> {
    let target = (args.output.as_deref()).map(target).transpose()?;
    if let Some((path, _)) = target
        && (path.canonicalize().ok())
            .is_some_and(|path| args.input.canonicalize().ok() == Some(path))
    {
        let reason = "it is the input: give the output another name";
        return Err(model(path, reason.to_owned()));
    }
    let format = source(&args.input)?;
    if args.rnn_activation.is_some() && format.has_activations {
        return Err(model(
            &args.input,
            format!(
                "it is a file of {}, which has the activations of its networks: leave --rnn-activation out",
                format.name
            ),
        ));
    }
    let import =
        (format.read)(args, &Device::default()).map_err(|error| refuse(&args.input, error))?;
    say(match args.json {
        true => report::json(format.name, &import),
        false => report::tables(format.name, &import),
    })?;
    let left = import.unmapped.len();
    let Some((path, write)) = target else {
        return Ok(());
    };
    if left > 0 && !args.partial {
        let tensors = match left {
            1 => "1 tensor".to_string(),
            _ => format!("{left} tensors"),
        };
        return Err(model(
            &args.input,
            format!(
                "{tensors} of it would be left behind, and nothing was written: give --partial to convert the recurrent networks alone"
            ),
        ));
    }
    write(import, path).map_err(|error| refuse(path, error))?;
    match args.json {
        true => Ok(()),
        false => say(format_args!("\nwritten     {}", path.display())),
    }
}

/// How to write a file of this name.
fn target(path: &Path) -> Result<(&Path, Write), TrainError> {
    let written = FORMATS
        .iter()
        .filter_map(|format| Some((format.name, format.write?)));
    let mut known = Vec::new();
    for (name, (ending, write)) in written {
        if has_ending(path, ending) {
            return Ok((path, write));
        }
        known.push(format!(".{ending} ({name})"));
    }
    let known = known.join(", ");
    Err(model(
        path,
        format!("its ending says no format that is written, expected {known}"),
    ))
}

/// The format of a file that is there: what its content says, else what its name says.
fn source(path: &Path) -> Result<&'static Format, TrainError> {
    let content =
        Content::of(path).map_err(|error| refuse(path, WeightsErrorKind::Read(error).into()))?;
    let by_content = FORMATS.iter().find(|format| (format.is)(&content));
    let by_name = || {
        let named = |format: &&Format| format.endings.iter().any(|ending| has_ending(path, ending));
        FORMATS.iter().find(named)
    };
    by_content.or_else(by_name).ok_or_else(|| {
        let known: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let known = known.join(", ");
        model(
            path,
            format!(
                "neither its content nor its ending says what it is, expected a file of {known}"
            ),
        )
    })
}

fn has_ending(path: &Path, ending: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.to_lowercase().ends_with(&format!(".{ending}"))
}

fn model(path: &Path, reason: String) -> TrainError {
    let path = path.to_path_buf();
    TrainError::Model { path, reason }
}

/// The error with the file that it is about, once.
fn refuse(path: &Path, error: WeightsError) -> TrainError {
    TrainError::Foreign(error.in_file(path).into())
}
