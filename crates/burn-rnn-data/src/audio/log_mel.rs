//! Log-mel features: how loud each band of hearing is, frame by frame.

use std::fmt;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use crate::DataError;

/// How sound becomes log-mel frames. With the sound `x`, Hann's window `w` of `W` samples and the hop `H`,
///
/// ```text
/// w[n]   = (1 − cos(2πn / W)) / 2
/// X_t[k] = Σ_n w[n] x[tH + n] e^(−2πikn / N)           N: the power of two from W on; what is missing is 0
/// P_t[k] = 2 |X_t[k]|² / (Σ_n w[n])²                  a sine of amplitude A at the middle of a bin: A²/2
/// mel(f) = 2595 log₁₀(1 + f / 700 Hz)
/// L_t[b] = 10 log₁₀ max(10⁻⁸, Σ_k Λ_b(mel(f_k)) P_t[k])    decibels below full scale, −80 at least
/// ```
///
/// where `Λ_b` is the triangle that rises from 0 at the middle of the band before to 1 at the middle of band
/// `b` and falls to 0 at that of the band after; the middles lie evenly in mel between `low` and `high`.
/// There are `1 + ⌊(samples − W) / H⌋` frames; a sound shorter than a window is filled with silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogMel {
    /// The samples of a second.
    pub rate: u32,
    /// The samples of a window.
    pub window: usize,
    /// The samples from one window's start to the next one's.
    pub hop: usize,
    /// The number of bands.
    pub bands: usize,
    /// Where the lowest band begins, in hertz.
    pub low: f64,
    /// Where the highest band ends, in hertz.
    pub high: f64,
}

/// The quietest energy, −80 dB.
const FLOOR: f32 = 1e-8;

impl LogMel {
    /// Windows of 25 ms every 10 ms, 40 bands from 60 Hz to half the rate, 8 kHz at most.
    pub fn new(rate: u32) -> Self {
        let samples =
            |milliseconds: f64| (f64::from(rate) * milliseconds / 1000.0).round() as usize;
        Self {
            rate,
            window: samples(25.0),
            hop: samples(10.0),
            bands: 40,
            low: 60.0,
            high: (f64::from(rate) / 2.0).min(8000.0),
        }
    }

    /// The number of values of the Fourier transform, a power of two.
    pub fn fft_size(&self) -> usize {
        self.window.next_power_of_two()
    }

    /// The number of frames of a sound.
    pub fn frames(&self, samples: usize) -> usize {
        1 + samples.saturating_sub(self.window) / self.hop
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where a size is 0, the window has fewer than 4 or more than 65 536 samples, there are more than 1024
    /// bands, the hop is longer than 2²⁴ samples, or the bands' limits are not in order between 0 and half the rate.
    pub fn validate(&self) -> Result<(), DataError> {
        let limits = [
            ("rate", self.rate as usize, 1, u32::MAX as usize),
            ("window", self.window, 4, 1 << 16),
            ("hop", self.hop, 1, 1 << 24),
            ("bands", self.bands, 1, 1 << 10),
        ];
        for (name, given, least, most) in limits {
            if given < least {
                return Err(DataError::invalid(name, given, format!("at least {least}")));
            }
            if given > most {
                return Err(DataError::invalid(name, given, format!("at most {most}")));
            }
        }
        let half = f64::from(self.rate) / 2.0;
        if !(0.0 <= self.low && self.low < self.high && self.high <= half) {
            return Err(DataError::invalid(
                "low and high",
                format!("{} and {} Hz", self.low, self.high),
                format!("0 ≤ low < high ≤ {half} Hz, half the sample rate"),
            ));
        }
        Ok(())
    }

    /// What computes the features.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    pub fn analyser(&self) -> Result<MelAnalyser, DataError> {
        self.validate()?;
        Ok(MelAnalyser {
            hann: hann(self.window),
            fft: RealFftPlanner::new().plan_fft_forward(self.fft_size()),
            bands: (0..self.bands).map(|band| self.band(band)).collect(),
            config: self.clone(),
        })
    }

    fn band(&self, band: usize) -> Band {
        let (low, high) = (mel(self.low), mel(self.high));
        let middle = |index: usize| low + (high - low) * index as f64 / (self.bands + 1) as f64;
        let [before, here, after] = [band, band + 1, band + 2].map(middle);
        let size = self.fft_size();
        let weight = |bin: usize| {
            let m = mel(f64::from(self.rate) * bin as f64 / size as f64);
            ((m - before) / (here - before))
                .min((after - m) / (after - here))
                .max(0.0) as f32
        };
        let mut weights: Vec<f32> = (0..=size / 2).map(weight).collect();
        // A band narrower than a bin may lie between two: it hears the nearest.
        if weights.iter().all(|weight| *weight == 0.0) {
            let hertz = 700.0 * (10f64.powf(here / 2595.0) - 1.0);
            let bin = (hertz * size as f64 / f64::from(self.rate)).round() as usize;
            weights[bin.min(size / 2)] = 1.0;
        }
        let first = weights.iter().position(|weight| *weight > 0.0).unwrap_or(0);
        let last = weights.iter().rposition(|weight| *weight > 0.0);
        weights.truncate(last.map_or(0, |last| last + 1));
        weights.drain(..first);
        Band { first, weights }
    }
}

fn mel(hertz: f64) -> f64 {
    2595.0 * (1.0 + hertz / 700.0).log10()
}

/// Hann's window, periodic.
pub(super) fn hann(size: usize) -> Vec<f32> {
    let value = |n| 0.5 - 0.5 * (core::f64::consts::TAU * n as f64 / size as f64).cos();
    (0..size).map(|n| value(n) as f32).collect()
}

/// A triangle over some bins.
#[derive(Clone, Debug)]
pub(super) struct Band {
    /// The first bin that has a weight.
    pub(super) first: usize,
    /// The weights from that bin on.
    pub(super) weights: Vec<f32>,
}

/// Computes the features of a [`LogMel`].
#[derive(Clone)]
pub struct MelAnalyser {
    pub(super) config: LogMel,
    pub(super) hann: Vec<f32>,
    fft: Arc<dyn RealToComplex<f32>>,
    pub(super) bands: Vec<Band>,
}

impl fmt::Debug for MelAnalyser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MelAnalyser").field(&self.config).finish()
    }
}

impl MelAnalyser {
    /// What it computes.
    pub fn config(&self) -> &LogMel {
        &self.config
    }

    /// The features of a sound, `[frames, bands]` in row-major order, in decibels.
    pub fn features(&self, samples: &[f32]) -> Vec<f32> {
        let LogMel { window, hop, .. } = self.config;
        let frames = self.config.frames(samples.len());
        let full: f32 = self.hann.iter().sum();
        let mut cut = self.fft.make_input_vec();
        let mut spectrum = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        let mut power = vec![0.0; spectrum.len()];
        let mut features = Vec::with_capacity(frames * self.bands.len());
        for frame in 0..frames {
            cut.fill(0.0);
            let part = &samples[(frame * hop).min(samples.len())..];
            let part = &part[..part.len().min(window)];
            for ((cut, sample), weight) in cut.iter_mut().zip(part).zip(&self.hann) {
                *cut = sample * weight;
            }
            self.fft
                .process_with_scratch(&mut cut, &mut spectrum, &mut scratch)
                .expect("the buffers are the plan's own");
            for (power, bin) in power.iter_mut().zip(&spectrum) {
                *power = 2.0 * bin.norm_sqr() / (full * full);
            }
            features.extend(self.bands.iter().map(|band| {
                let heard = band.weights.iter().zip(&power[band.first..]);
                let energy: f32 = heard.map(|(weight, power)| weight * power).sum();
                10.0 * energy.max(FLOOR).log10()
            }));
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> LogMel {
        LogMel {
            rate: 8000,
            window: 256,
            hop: 128,
            bands: 10,
            low: 100.0,
            high: 4000.0,
        }
    }

    /// A sine at the middle of bin 32 (1000 Hz): Hann's window leaves A²/2 there, a quarter of it in the two
    /// bins beside, nothing elsewhere. 1000 Hz is 999.99 mel; the bands' middles lie 181.34 mel apart from
    /// 150.49 mel on.
    #[test]
    fn a_sine_gives_what_the_formula_says() {
        let amplitude = 0.5f32;
        let samples: Vec<f32> = (0..512)
            .map(|n| amplitude * (core::f32::consts::TAU * n as f32 / 8.0).sin())
            .collect();
        let features = config().analyser().unwrap().features(&samples);
        assert_eq!(features.len(), 3 * 10);
        let (low, high) = (150.489, 2146.065);
        for frame in features.chunks(10) {
            for (band, level) in frame.iter().enumerate() {
                let middle = low + (high - low) / 11.0 * (band as f64 + 1.0);
                let triangle = |hertz: f64| {
                    let mel = 2595.0 * (1.0 + hertz / 700.0).log10();
                    (1.0 - (mel - middle).abs() / ((high - low) / 11.0)).max(0.0)
                };
                let energy =
                    0.125 * triangle(1000.0) + 0.03125 * (triangle(968.75) + triangle(1031.25));
                // What is left of the FFT's rounding errors lies below −80 dB.
                let expected = 10.0 * energy.max(1e-8).log10();
                assert!(
                    (f64::from(*level) - expected).abs() < 0.02,
                    "band {band}: {level}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn frames_are_counted_and_short_sounds_filled() {
        let analyser = config().analyser().unwrap();
        for (samples, frames) in [(1, 1), (256, 1), (383, 1), (384, 2), (1000, 6)] {
            let features = analyser.features(&vec![0.1; samples]);
            assert_eq!(features.len(), frames * 10, "{samples} samples");
        }
        assert!(analyser.features(&[0.0; 300]).iter().all(|x| *x == -80.0));
    }

    #[test]
    fn every_band_hears_something_and_middles_are_covered() {
        let narrow = LogMel {
            bands: 80,
            ..LogMel::new(8000)
        };
        let analyser = narrow.analyser().unwrap();
        assert!(analyser.bands.iter().all(|band| !band.weights.is_empty()));
    }

    #[test]
    fn settings_without_sense_are_refused() {
        let wrong = [
            LogMel { hop: 0, ..config() },
            LogMel {
                bands: 0,
                ..config()
            },
            LogMel {
                window: 2,
                ..config()
            },
            LogMel {
                low: 5000.0,
                ..config()
            },
            LogMel {
                high: 4001.0,
                ..config()
            },
            LogMel {
                low: f64::NAN,
                ..config()
            },
        ];
        for config in wrong {
            assert!(config.analyser().is_err(), "{config:?}");
        }
    }
}
