//! Voice activity by silero-vad 6.2.3: convolutions and an LSTM in an ONNX file, chunk by chunk as a microphone gives them.
//!
//! ```text
//! silero MODEL RECORDING            prints the probability of speech for every 32 ms of a WAV file at 8 or 16 kHz
//! silero MODEL --check FILE [FOLDER] compares with ONNX Runtime's probabilities, over spoken-digits too where FOLDER has them
//! silero MODEL --speed              the time of a chunk; RAYON_NUM_THREADS=1 makes it one thread
//! ```

mod sixteen_khz;

use std::error::Error;
use std::f64::consts::PI;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use burn::module::Param;
use burn::nn::PaddingConfig1d;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::tensor::{Device, Tensor, activation};
use burn_rnn::weights::{OnnxFile, WeightsError};
use burn_rnn::{LstmCell, Stream};
use burn_rnn_data::{Sound, read_wav, read_wav_folder};

/// The samples of a chunk, those of the one before that it is read with, and those that are mirrored at its end.
const CHUNK: usize = 512;
const CONTEXT: usize = 64;
const MIRRORED: usize = 64;

struct Model {
    fourier: Conv1d,
    encoder: [Conv1d; 4],
    lstm: Stream<LstmCell>,
    /// The weights of the output, and its bias.
    output: (Vec<f32>, f32),
    sound: [f32; CONTEXT + CHUNK + MIRRORED],
    device: Device,
}

impl Model {
    fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let file = OnnxFile::open(path)?;
        let conv = |name: &str, stride, padding| -> Result<Conv1d, WeightsError> {
            let weight: Tensor<3> = file.tensor(&format!("{name}weight"), device)?;
            let [channels_out, channels_in, size] = weight.dims();
            let conv = Conv1dConfig::new(channels_in, channels_out, size).with_stride(stride);
            let mut conv = conv.with_padding(PaddingConfig1d::Explicit(padding, padding)).init(device);
            conv.weight = Param::from_tensor(weight);
            conv.bias = Some(Param::from_tensor(file.tensor(&format!("{name}bias"), device)?));
            Ok(conv)
        };
        let basis: Tensor<3> = file.tensor("stft.forward_basis_buffer", device)?;
        let fourier = Conv1dConfig::new(1, basis.dims()[0], basis.dims()[2]).with_stride(128);
        let mut fourier = fourier.with_bias(false).init(device);
        fourier.weight = Param::from_tensor(basis);
        let weight: Tensor<3> = file.tensor("output.weight", device)?;
        let bias: Tensor<1> = file.tensor("output.bias", device)?;
        Ok(Self {
            fourier,
            encoder: [
                conv("encoder.0.", 1, 1)?,
                conv("encoder.1.", 2, 1)?,
                conv("encoder.2.", 2, 1)?,
                conv("encoder.3.", 1, 1)?,
            ],
            lstm: file.lstm("/recurrent/LSTM", device)?.stream(1),
            output: (weight.into_data().iter().collect(), bias.into_scalar()),
            sound: [0.0; CONTEXT + CHUNK + MIRRORED],
            device: device.clone(),
        })
    }

    /// The probability that there is speech in the next chunk.
    fn hear(&mut self, chunk: &[f32]) -> f32 {
        let features = self.features(chunk);
        let hidden = self.lstm.step_floats(&features);
        let products = hidden.iter().zip(&self.output.0).map(|(hidden, weight)| hidden.max(0.0) * weight);
        let logit = products.sum::<f32>() + self.output.1;
        1.0 / (1.0 + (-logit).exp())
    }

    /// What the LSTM reads of a chunk.
    fn features(&mut self, chunk: &[f32]) -> Vec<f32> {
        let end = CONTEXT + CHUNK;
        self.sound.copy_within(CHUNK..end, 0);
        self.sound[CONTEXT..end].copy_from_slice(chunk);
        for k in 0..MIRRORED {
            self.sound[end + k] = self.sound[end - 2 - k];
        }
        let sound = Tensor::<1>::from_floats(self.sound.as_slice(), &self.device);
        // Cosines, then sines, of each frequency at four moments.
        let waves = self.fourier.forward(sound.reshape([1, 1, -1])).square().chunk(2, 1);
        let magnitudes = waves.into_iter().reduce(|cosines, sines| cosines + sines);
        let magnitudes = magnitudes.expect("there are two chunks").sqrt();
        let encode = |x, conv: &Conv1d| activation::relu(conv.forward(x));
        let features = self.encoder.iter().fold(magnitudes, encode);
        features.into_data().to_vec().expect("features are of f32")
    }
}

/// The same three seconds as in make_fixtures.py: a buzz that glides between vowels and pauses.
fn made_sound() -> Vec<f32> {
    let sample = |n: usize| {
        let t = n as f64 / 16000.0;
        let wave = |frequency: f64| (2.0 * PI * frequency * t).sin();
        let pitch = 2.0 * PI * (120.0 * t + 15.0 * wave(0.7));
        let (first, second) = (500.0 + 250.0 * wave(1.3), 1500.0 + 600.0 * wave(0.9));
        let harmonic = |k: i32| {
            let hill = |centre: f64, width: f64| (-((120.0 * f64::from(k) - centre) / width).powi(2)).exp();
            (hill(first, 150.0) + 0.5 * hill(second, 200.0)) * (f64::from(k) * pitch).sin()
        };
        (0.2 * wave(0.8).max(0.0) * (1..25).map(harmonic).sum::<f64>()) as f32
    };
    (0..3 * 16000).map(sample).collect()
}

fn at_16_khz(sound: &Sound) -> Result<Vec<f32>, Box<dyn Error>> {
    match sound.rate {
        16000 => Ok(sound.samples.clone()),
        8000 => Ok(sixteen_khz::twice(&sound.samples)),
        rate => Err(format!("{rate} Hz, expected 8000 or 16000: convert the recording").into()),
    }
}

/// Compares the probabilities of a sound, and says whether they are right.
fn check(mut model: Model, name: &str, sound: &[f32], file: &Path) -> Result<bool, Box<dyn Error>> {
    let expected = burn_rnn::weights::PytorchFile::open(file)?.tensor::<1>(name, &model.device)?;
    let expected: Vec<f32> = expected.into_data().iter().collect();
    let given: Vec<f32> = sound.chunks_exact(CHUNK).map(|chunk| model.hear(chunk)).collect();
    let worst = given.iter().zip(&expected).map(|(a, b)| (a - b).abs()).max_by(f32::total_cmp);
    let worst = worst.filter(|_| given.len() == expected.len()).unwrap_or(f32::NAN);
    println!("silero-vad: {name}: {} chunks, at most {worst:.1e} from ONNX Runtime's", given.len());
    Ok(worst <= 1e-5)
}

/// Prints the median times of a chunk, whole and of its LSTM.
fn speed(mut model: Model) {
    let sound = made_sound();
    let chunks: Vec<&[f32]> = sound.chunks_exact(CHUNK).collect();
    let mut time = |work: &mut dyn FnMut(&mut Model, usize)| {
        let mut rounds = [0.0; 15];
        for round in &mut rounds {
            let start = Instant::now();
            (0..2000).for_each(|n| work(&mut model, n));
            *round = start.elapsed().as_secs_f64() * 1e6 / 2000.0;
        }
        rounds.sort_by(f64::total_cmp);
        rounds[7]
    };
    let whole = time(&mut |model, n| _ = black_box(model.hear(chunks[n % chunks.len()])));
    let features = [0.5; 128];
    let lstm = time(&mut |model, _| _ = black_box(model.lstm.step_floats(black_box(&features))));
    println!("silero-vad: {whole:.1} µs a chunk, its LSTM {lstm:.1} µs");
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let device = Device::default();
    let [path, arguments @ ..] = arguments.as_slice() else {
        return Err("usage: silero MODEL RECORDING | --check FILE [FOLDER] | --speed".into());
    };
    let read = || Model::read(Path::new(path), &device);
    match arguments {
        ["--speed"] => speed(read()?),
        ["--check", file, folder @ ..] => {
            let file = Path::new(file);
            let mut passed = check(read()?, "made", &made_sound(), file)?;
            if let [folder] = folder {
                let mut spoken = Vec::new();
                for recording in read_wav_folder(Path::new(folder))?.iter().step_by(10) {
                    spoken.extend(at_16_khz(&recording.sound)?);
                    spoken.extend([0.0; 4000]);
                }
                passed &= check(read()?, "spoken", &spoken, file)?;
            }
            return Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        [recording] => {
            let mut model = read()?;
            for (n, chunk) in at_16_khz(&read_wav(Path::new(recording))?)?.chunks_exact(CHUNK).enumerate() {
                println!("{:.3} s\t{:.3}", (n * CHUNK) as f64 / 16000.0, model.hear(chunk));
            }
        }
        _ => return Err("one recording, or --check FILE [FOLDER], or --speed".into()),
    }
    Ok(ExitCode::SUCCESS)
}
