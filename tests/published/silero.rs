//! Voice activity by silero-vad 6.2.3: convolutions and an LSTM in an ONNX file, chunk by chunk as a microphone gives them.
//!
//! ```text
//! silero MODEL RECORDING            prints the probability of speech for every 32 ms of a WAV file at 8 or 16 kHz
//! silero MODEL --check FILE [FOLDER] compares with ONNX Runtime's probabilities, over spoken-digits too where FOLDER has them
//! silero MODEL --speed              the time of a chunk; RAYON_NUM_THREADS=1 makes it one thread
//! ```

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use burn::tensor::{Device, Tensor, activation, module::conv1d, ops::ConvOptions};
use burn_rnn::weights::{OnnxFile, WeightsError};
use burn_rnn::{LstmCell, Stream};
use burn_rnn_data::{read_wav, read_wav_folder};
use burn_rnn_published::{distance, exit, expected, microseconds, sound};

/// The samples of a chunk, and those of the one before with which it is read; as many are mirrored at its end.
const CHUNK: usize = 512;
const CONTEXT: usize = 64;

struct Model {
    /// Cosines, then sines, of 129 frequencies.
    waves: Tensor<3>,
    /// Weight, bias and stride of the convolutions.
    encoder: [(Tensor<3>, Tensor<1>, usize); 4],
    lstm: Stream<LstmCell>,
    /// The weights of the output, and its bias.
    output: (Vec<f32>, f32),
    sound: [f32; CONTEXT + CHUNK + CONTEXT],
    device: Device,
}

impl Model {
    fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let file = OnnxFile::open(path)?;
        let layer = |n, stride| -> Result<_, WeightsError> {
            let weight = file.tensor(&format!("encoder.{n}.weight"), device)?;
            let bias = file.tensor(&format!("encoder.{n}.bias"), device)?;
            Ok((weight, bias, stride))
        };
        let weight: Tensor<3> = file.tensor("output.weight", device)?;
        let bias: Tensor<1> = file.tensor("output.bias", device)?;
        Ok(Self {
            waves: file.tensor("stft.forward_basis_buffer", device)?,
            encoder: [layer(0, 1)?, layer(1, 2)?, layer(2, 2)?, layer(3, 1)?],
            lstm: file.lstm("/recurrent/LSTM", device)?.stream(1),
            output: (weight.into_data().iter().collect(), bias.into_scalar()),
            sound: [0.0; CONTEXT + CHUNK + CONTEXT],
            device: device.clone(),
        })
    }

    /// The probability that there is speech in the next chunk.
    fn hear(&mut self, chunk: &[f32]) -> f32 {
        let features = self.features(chunk);
        let hidden = self.lstm.step_floats(&features);
        let products = hidden
            .iter()
            .zip(&self.output.0)
            .map(|(hidden, weight)| hidden.max(0.0) * weight);
        let logit = products.sum::<f32>() + self.output.1;
        1.0 / (1.0 + (-logit).exp())
    }

    /// What the LSTM reads of a chunk.
    fn features(&mut self, chunk: &[f32]) -> Vec<f32> {
        let end = CONTEXT + CHUNK;
        self.sound.copy_within(CHUNK..end, 0);
        self.sound[CONTEXT..end].copy_from_slice(chunk);
        for k in 0..CONTEXT {
            self.sound[end + k] = self.sound[end - 2 - k];
        }
        let sound = Tensor::<1>::from_floats(self.sound.as_slice(), &self.device);
        let options = |stride, padding| ConvOptions::new([stride], [padding], [1], 1);
        let sound = sound.reshape([1, 1, -1]);
        let waves = conv1d(sound, self.waves.clone(), None, options(128, 0)).square();
        let powers = waves.clone().narrow(1, 0, 129) + waves.narrow(1, 129, 129);
        let mut features = powers.sqrt();
        for (weight, bias, stride) in self.encoder.clone() {
            features = conv1d(features, weight, Some(bias), options(stride, 1));
            features = activation::relu(features);
        }
        features
            .into_data()
            .try_to_vec()
            .expect("features are of f32")
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let device = Device::default();
    match arguments.as_slice() {
        [model, "--check", file, folder @ ..] => {
            let mut sounds = vec![("made", sound::made())];
            if let [folder] = folder {
                let mut spoken = Vec::new();
                for recording in read_wav_folder(Path::new(folder))?.iter().step_by(10) {
                    spoken.extend(sound::at_16_khz(&recording.sound)?);
                    spoken.extend([0.0; 4000]);
                }
                sounds.push(("spoken", spoken));
            }
            let mut right = true;
            for (name, sound) in sounds {
                let mut model = Model::read(Path::new(model), &device)?;
                let given: Vec<f32> = sound
                    .chunks_exact(CHUNK)
                    .map(|chunk| model.hear(chunk))
                    .collect();
                let package = expected(file, name)?;
                let exact = expected(file, &format!("{name}_f64"))?;
                let [worst, from_exact] = [&package, &exact].map(|other| distance(&given, other));
                println!(
                    "silero-vad: {name}: {} chunks, at most {worst:.1e} from the package's; from the same in f64 {from_exact:.1e}, the \
                     package's {:.1e}",
                    given.len(),
                    distance(&package, &exact)
                );
                // Where ONNX Runtime's rounding is larger than that, nearer to the truth than it.
                right &= !worst.is_nan();
                for (x, (p, e)) in given.iter().zip(package.iter().zip(&exact)) {
                    right &= (x - p).abs() <= 1e-5 || (x - e).abs() <= (p - e).abs();
                }
            }
            return Ok(exit(right));
        }
        [model, "--speed"] => {
            let mut model = Model::read(Path::new(model), &device)?;
            let (chunk, features) = ([0.1; CHUNK], [0.5; 128]);
            let whole = microseconds(|_| _ = black_box(model.hear(black_box(&chunk))));
            let lstm =
                microseconds(|_| _ = black_box(model.lstm.step_floats(black_box(&features))));
            println!("silero-vad: {whole:.1} µs a chunk, its LSTM {lstm:.1} µs");
        }
        [model, recording] => {
            let mut model = Model::read(Path::new(model), &device)?;
            let sound = sound::at_16_khz(&read_wav(Path::new(recording))?)?;
            for (n, chunk) in sound.chunks_exact(CHUNK).enumerate() {
                println!("{:.3} s\t{:.3}", 0.032 * n as f64, model.hear(chunk));
            }
        }
        _ => return Err("usage: silero MODEL RECORDING | --check FILE [FOLDER] | --speed".into()),
    }
    Ok(ExitCode::SUCCESS)
}
