//! From log-mel frames back to sound.

use core::f32::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use super::{MelAnalyser, Sound};

/// A sound whose features are about `features`, `[frames, bands]` in decibels. The bands' energies are spread
/// over their bins; the phases, which log-mel features lack, are found by Griffin & Lim's (1984) iteration
/// from random ones. The same seed gives the same sound.
///
/// # Panics
///
/// Where the number of features is no multiple of the number of bands.
pub fn griffin_lim(
    analyser: &MelAnalyser,
    features: &[f32],
    iterations: usize,
    seed: u64,
) -> Sound {
    let config = analyser.config();
    assert!(
        features.len().is_multiple_of(config.bands),
        "there are {} features, expected a multiple of {} bands",
        features.len(),
        config.bands
    );
    let size = config.fft_size();
    let magnitudes: Vec<Vec<f32>> = features
        .chunks(config.bands)
        .map(|frame| spread(analyser, frame))
        .collect();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, backward) = (
        planner.plan_fft_forward(size),
        planner.plan_fft_inverse(size),
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut spectra: Vec<Vec<Complex32>> = magnitudes
        .iter()
        .map(|frame| {
            let turned =
                |magnitude: &f32| Complex32::from_polar(*magnitude, rng.random_range(0.0..TAU));
            frame.iter().map(turned).collect()
        })
        .collect();
    let length = (magnitudes.len().max(1) - 1) * config.hop + config.window;
    let mut samples = vec![0.0f32; length];
    let mut cut = vec![0.0f32; size];
    for iteration in 0..=iterations {
        // The sound that is nearest to the spectra: overlapping windows, divided by what they add up to.
        samples.fill(0.0);
        let mut overlap = vec![1e-3f32; length];
        for (frame, spectrum) in spectra.iter_mut().enumerate() {
            let last = spectrum.len() - 1;
            (spectrum[0].im, spectrum[last].im) = (0.0, 0.0);
            backward
                .process(spectrum, &mut cut)
                .expect("the buffers have the plan's sizes");
            for (n, weight) in analyser.hann.iter().enumerate() {
                samples[frame * config.hop + n] += weight * cut[n] / size as f32;
                overlap[frame * config.hop + n] += weight * weight;
            }
        }
        for (sample, overlap) in samples.iter_mut().zip(&overlap) {
            *sample /= overlap;
        }
        if iteration == iterations {
            break;
        }
        // Its phases, with the magnitudes that are wanted.
        for (frame, (spectrum, magnitudes)) in spectra.iter_mut().zip(&magnitudes).enumerate() {
            cut.fill(0.0);
            let part = &samples[frame * config.hop..];
            for ((cut, sample), weight) in cut.iter_mut().zip(part).zip(&analyser.hann) {
                *cut = sample * weight;
            }
            forward
                .process(&mut cut, spectrum)
                .expect("the buffers have the plan's sizes");
            for (bin, magnitude) in spectrum.iter_mut().zip(magnitudes) {
                *bin *= magnitude / bin.norm().max(1e-9);
            }
        }
    }
    Sound {
        samples,
        rate: config.rate,
    }
}

/// The magnitudes |X[k]| of a frame: each band's energy evenly over its triangle.
fn spread(analyser: &MelAnalyser, frame: &[f32]) -> Vec<f32> {
    let bins = analyser.config().fft_size() / 2 + 1;
    let (mut power, mut weights) = (vec![0.0f32; bins], vec![0.0f32; bins]);
    for (band, level) in analyser.bands.iter().zip(frame) {
        let area: f32 = band.weights.iter().sum();
        let density = 10f32.powf(level / 10.0) / area;
        for (offset, weight) in band.weights.iter().enumerate() {
            power[band.first + offset] += weight * density;
            weights[band.first + offset] += weight;
        }
    }
    let full: f32 = analyser.hann.iter().sum();
    power
        .iter()
        .zip(&weights)
        .map(|(power, weight)| match *weight > 0.0 {
            true => full * (power / weight / 2.0).sqrt(),
            false => 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogMel, generate_sounds};

    #[test]
    fn the_features_come_back() {
        let analyser = LogMel::new(8000).analyser().unwrap();
        let recording = &generate_sounds(1, 2)[0];
        let features = analyser.features(&recording.sound.samples);
        let sound = griffin_lim(&analyser, &features, 30, 1);
        assert_eq!(sound, griffin_lim(&analyser, &features, 30, 1));
        let again = analyser.features(&sound.samples);
        assert_eq!(again.len(), features.len());
        let difference = |a: &[f32], b: &[f32]| {
            let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
            sum / a.len() as f32
        };
        let mean = features.iter().sum::<f32>() / features.len() as f32;
        let flat = vec![mean; features.len()];
        let error = difference(&again, &features);
        assert!(
            error < 0.4 * difference(&flat, &features),
            "{error} dB, flat {} dB",
            difference(&flat, &features)
        );
    }
}
