//! Speaker vectors by resemblyzer 0.1.4: an LSTM of three layers and a linear one, in a `.pt` file of before PyTorch 1.6.
//!
//! ```text
//! resemblyzer PRETRAINED FOLDER             compares the speakers of the recordings LABEL_SPEAKER_TAKE.wav, at 8 or 16 kHz
//! resemblyzer PRETRAINED FOLDER NUMBERS     compares the vectors of spoken-digits, too, with those that the package gives
//! ```
//!
//! The package also cuts silence out, by a C extension, and doubles the rate in a slightly different way. That is left out on both sides.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData, activation};
use burn_rnn::Lstm;
use burn_rnn::weights::{PytorchFile, WeightsError};
use burn_rnn_data::read_wav_folder;
use burn_rnn_published::mel::{self, BANDS, HOP};
use burn_rnn_published::{distance, exit, expected, sound};

/// The frames that the network reads at a time, 1.6 s, and from the start of one such part to that of the next.
const PART: usize = 160;
const STEP: usize = 77;

struct Model {
    lstm: Lstm,
    linear: Linear,
}

impl Model {
    fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let file = PytorchFile::open(path)?;
        Ok(Self {
            lstm: file.lstm("lstm", device)?,
            linear: file.linear("linear", device)?,
        })
    }

    /// The vector of a speaker, of length 1, from a sound at 16 kHz.
    fn vector(&self, mut sound: Vec<f32>, device: &Device) -> Vec<f32> {
        make_louder(&mut sound);
        let starts = parts(sound.len());
        let end = starts.last().map_or(0, |start| (start + PART) * HOP);
        sound.resize(sound.len().max(end), 0.0);
        let frames = mel::frames(&sound);
        let parts: Vec<f32> = (starts.iter())
            .flat_map(|&start| frames[start..start + PART].as_flattened())
            .copied()
            .collect();
        let parts = TensorData::new(parts, [starts.len(), PART, BANDS]);
        let (output, _) = self.lstm.forward(Tensor::from_data(parts, device), None);
        let last = output.narrow(1, PART - 1, 1).squeeze_dim(1);
        let vectors = unit(activation::relu(self.linear.forward(last)));
        let vector: Tensor<2> = unit(vectors.mean_dim(0));
        vector.into_data().iter().collect()
    }
}

/// Vectors of length 1, in rows.
fn unit(vectors: Tensor<2>) -> Tensor<2> {
    let lengths = vectors.clone().square().sum_dim(1).sqrt();
    vectors / lengths
}

/// Brings a quiet sound up to 30 dB below full scale.
fn make_louder(sound: &mut [f32]) {
    let power = sound.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / sound.len() as f64;
    let gain = 10f64.powf(-30.0 / 20.0) / power.sqrt();
    if gain > 1.0 {
        sound
            .iter_mut()
            .for_each(|x| *x = (f64::from(*x) * gain) as f32);
    }
}

/// Where the parts begin, in frames. The last one is left out where less than three quarters of it are sound.
fn parts(samples: usize) -> Vec<usize> {
    let frames = (samples + 1).div_ceil(HOP);
    let mut starts: Vec<usize> = (0..(frames + STEP + 1).saturating_sub(PART).max(1))
        .step_by(STEP)
        .collect();
    let enough = |start: &usize| 4 * samples >= 4 * start * HOP + 3 * PART * HOP;
    if starts.len() > 1 && !starts.last().is_some_and(enough) {
        starts.pop();
    }
    starts
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pretrained, folder, numbers @ ..] = arguments.as_slice() else {
        return Err("usage: resemblyzer PRETRAINED FOLDER [NUMBERS]".into());
    };
    let device = Device::default();
    let model = Model::read(Path::new(pretrained), &device)?;
    let recordings = read_wav_folder(Path::new(folder))?;
    let mut vectors = Vec::with_capacity(recordings.len());
    for recording in &recordings {
        vectors.push(model.vector(sound::at_16_khz(&recording.sound)?, &device));
    }

    // The mean cosine of all pairs, by whether the speakers are the same.
    let [mut sums, mut counts] = [[0.0; 2]; 2];
    for (second, a) in recordings.iter().enumerate() {
        for (first, b) in recordings[..second].iter().enumerate() {
            let cosine: f32 = vectors[first]
                .iter()
                .zip(&vectors[second])
                .map(|(a, b)| a * b)
                .sum();
            sums[usize::from(a.speaker == b.speaker)] += f64::from(cosine);
            counts[usize::from(a.speaker == b.speaker)] += 1.0;
        }
    }
    let [other, same] = [sums[0] / counts[0], sums[1] / counts[1]];
    println!(
        "resemblyzer: the mean cosine is {same:.3} for the same speaker, {other:.3} for others"
    );
    let mut right = same > other;
    if let [numbers] = numbers {
        let features: Vec<f32> = vectors
            .iter()
            .flat_map(|vector| vector.iter().copied().step_by(32))
            .collect();
        let fiftieth: Vec<f32> = vectors.iter().step_by(50).flatten().copied().collect();
        for (given, name) in [(features, "eight_features"), (fiftieth, "every_fiftieth")] {
            let worst = distance(&given, &expected(numbers, name)?);
            println!("resemblyzer: {name}: at most {worst:.1e} from the package's");
            right &= worst <= 1e-5;
        }
    }
    Ok(exit(right))
}
