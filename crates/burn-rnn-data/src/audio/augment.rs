//! Changes to a recording that leave what is heard the same: a model that learns from few takes learns
//! more from each.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Sound;

/// How much a recording may be changed. Every change is drawn anew for every seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Louder or softer by at most this number of decibels.
    pub gain: f64,
    /// Faster or slower (and higher or lower) by at most this share.
    pub speed: f64,
    /// At most this number of seconds of silence more or less at the beginning.
    pub shift: f64,
    /// White noise of at most this amplitude relative to the recording's root mean square.
    pub noise: f64,
    /// The share of the bands and of the frames that a mask covers at most; there are two masks of each kind
    /// (SpecAugment, Park et al. 2019).
    pub mask: f64,
}

impl Augmentation {
    /// What helps with a few hundred recordings of a second, times `strength`; at 0 nothing is changed.
    pub fn new(strength: f64) -> Self {
        Self {
            gain: 6.0 * strength,
            speed: 0.12 * strength,
            shift: 0.05 * strength,
            noise: 0.1 * strength,
            mask: 0.15 * strength,
        }
    }

    /// The sound, changed; the same seed makes the same of it.
    pub fn sound(&self, sound: &Sound, seed: u64) -> Vec<f32> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let gain = 10f64.powf(within(rng, self.gain) / 20.0) as f32;
        let speed = 1.0 + within(rng, self.speed.min(0.5));
        let shift = within(rng, self.shift) * f64::from(sound.rate);
        let loudness = share(rng, self.noise) * root_mean_square(&sound.samples);

        let mut samples = faster(&sound.samples, 1, speed);
        let shifted = shift.abs().round() as usize;
        match shift > 0.0 {
            true => samples = [vec![0.0; shifted], samples].concat(),
            // At least half of a very short sound stays.
            false => drop(samples.drain(..shifted.min(samples.len() / 2))),
        }
        for sample in &mut samples {
            *sample = gain * (*sample + (normal(rng) * loudness) as f32);
        }
        samples
    }

    /// The steps of a series of scaled channels, `[steps, channels]`, changed: faster or slower, with noise in deviations of the
    /// channels, and masked; the same seed makes the same of it.
    pub fn series(&self, steps: &[f32], channels: usize, seed: u64) -> Vec<f32> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let speed = 1.0 + within(rng, self.speed.min(0.5));
        let noise = share(rng, self.noise);
        let mut steps = faster(steps, channels, speed);
        if noise > 0.0 {
            for value in &mut steps {
                *value += (normal(rng) * noise) as f32;
            }
        }
        // Scaled, 0 is what the channel mostly is.
        self.mask(&mut steps, channels, 0.0, seed);
        steps
    }

    /// Masks stretches of bands and of frames of the features `[frames, bands]` with `filler`.
    pub fn mask(&self, features: &mut [f32], bands: usize, filler: f32, seed: u64) {
        // Another stream than the sound's.
        let rng = &mut ChaCha8Rng::seed_from_u64(seed ^ 0x6d61_736b);
        let frames = features.len() / bands;
        for _ in 0..2 {
            let masked = stretch(rng, bands, self.mask);
            for frame in features.chunks_mut(bands) {
                frame[masked.clone()].fill(filler);
            }
            let masked = stretch(rng, frames, self.mask);
            features[masked.start * bands..masked.end * bands].fill(filler);
        }
    }
}

/// Between −`most` and `most`.
fn within(rng: &mut impl Rng, most: f64) -> f64 {
    most * rng.random_range(-1.0..=1.0)
}

/// Between 0 and `most`.
fn share(rng: &mut impl Rng, most: f64) -> f64 {
    most * rng.random_range(0.0..=1.0)
}

/// A stretch of at most this share of `0..length`.
fn stretch(rng: &mut impl Rng, length: usize, most: f64) -> core::ops::Range<usize> {
    let size = (share(rng, most.min(1.0)) * length as f64).round() as usize;
    let start = rng.random_range(0..=length - size);
    start..start + size
}

fn root_mean_square(samples: &[f32]) -> f64 {
    let squares: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample).powi(2))
        .sum();
    (squares / samples.len().max(1) as f64).sqrt()
}

/// Almost normal, of variance 1: the sum of three even numbers.
fn normal(rng: &mut impl Rng) -> f64 {
    (0..3).map(|_| rng.random_range(-1.0..1.0)).sum()
}

/// Plays samples `[time, channels]` faster by a factor, between two of them on the line that joins them.
fn faster(samples: &[f32], channels: usize, factor: f64) -> Vec<f32> {
    let last = samples.len() / channels - 1;
    let count = ((last + 1) as f64 / factor).round().max(1.0) as usize;
    let mut played = Vec::with_capacity(count * channels);
    for n in 0..count {
        let place = n as f64 * factor;
        let before = (place as usize).min(last);
        let after = (before + 1).min(last);
        let part = (place - before as f64).clamp(0.0, 1.0) as f32;
        let [before, after] = [before, after].map(|at| &samples[at * channels..][..channels]);
        let between = before.iter().zip(after).map(|(a, b)| a + part * (b - a));
        played.extend(between);
    }
    played
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Sound {
        Sound {
            samples: (0..4000).map(|n| (n as f32 * 0.3).sin() * 0.2).collect(),
            rate: 8000,
        }
    }

    #[test]
    fn nothing_changes_at_strength_zero() {
        let none = Augmentation::new(0.0);
        assert_eq!(none.sound(&sound(), 3), sound().samples);
        let mut features = vec![1.0; 40];
        none.mask(&mut features, 4, 0.0, 3);
        assert_eq!(features, [1.0; 40]);
    }

    #[test]
    fn changes_stay_within_their_limits_and_come_back_for_the_same_seed() {
        let some = Augmentation::new(1.0);
        let (mut shortest, mut longest) = (usize::MAX, 0);
        for seed in 0..50 {
            let changed = some.sound(&sound(), seed);
            assert_eq!(changed, some.sound(&sound(), seed));
            assert_ne!(changed, some.sound(&sound(), seed + 1));
            // 12 % faster or slower, 400 samples more or less.
            assert!((3171..=4946).contains(&changed.len()), "{}", changed.len());
            (shortest, longest) = (shortest.min(changed.len()), longest.max(changed.len()));
            let gain = root_mean_square(&changed) / root_mean_square(&sound().samples);
            assert!((0.45..2.1).contains(&gain), "{gain}");
        }
        assert!(shortest < 3700 && longest > 4300, "{shortest} {longest}");
    }

    #[test]
    fn a_series_keeps_its_channels_apart() {
        let steps: Vec<f32> = (0..100).flat_map(|n| [n as f32, 5.0]).collect();
        let none = Augmentation::new(0.0);
        assert_eq!(none.series(&steps, 2, 3), steps);
        let slower = Augmentation {
            speed: 0.12,
            ..none
        };
        let lengths: Vec<usize> = (0..20)
            .map(|seed| {
                let changed = slower.series(&steps, 2, seed);
                assert!(changed.chunks(2).all(|step| step[1] == 5.0));
                let goes_up = |steps: &[f32]| steps[0] <= steps[2];
                assert!(changed.windows(4).step_by(2).all(goes_up));
                changed.len() / 2
            })
            .collect();
        let (shortest, longest) = (lengths.iter().min(), lengths.iter().max());
        assert!(
            *shortest.unwrap() < 95 && *longest.unwrap() > 105,
            "{lengths:?}"
        );
        let some = Augmentation::new(1.0);
        assert_eq!(some.series(&steps, 2, 7), some.series(&steps, 2, 7));
        assert_ne!(some.series(&steps, 2, 7), some.series(&steps, 2, 8));
    }

    #[test]
    fn masks_cover_whole_bands_and_frames() {
        let some = Augmentation::new(1.0);
        let mut covered = 0;
        for seed in 0..20 {
            let mut features = vec![1.0; 50 * 40];
            some.mask(&mut features, 40, -3.0, seed);
            let masked = features.iter().filter(|value| **value == -3.0).count();
            covered += masked;
            // Two of each kind of at most 15 %.
            assert!(masked <= 2 * 6 * 50 + 2 * 8 * 40, "{masked}");
            let whole = |frame: &[f32]| frame.iter().all(|value| *value == -3.0);
            let open: Vec<&[f32]> = features.chunks(40).filter(|frame| !whole(frame)).collect();
            assert!(open.windows(2).all(|frames| frames[0] == frames[1]));
        }
        assert!(covered > 0);
    }
}
