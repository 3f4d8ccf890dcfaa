//! Sounds made by rules, to learn from where there are no recordings.

use core::f64::consts::{PI, TAU};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Recording, Sound};

/// The samples of a second.
const RATE: u32 = 8000;

/// How the pitch goes: semitones above the middle for how much of the sound is over, 0 to 1.
type Contour = fn(f64) -> f64;

/// What the sounds do. No instant tells them apart: one has to hear how the pitch goes.
const LABELS: [(&str, Contour); 6] = [
    ("fall", |t| 4.0 - 8.0 * t),
    ("level", |_| 0.0),
    ("peak", |t| 8.0 * (PI * t).sin() - 4.0),
    ("rise", |t| 8.0 * t - 4.0),
    ("trill", |t| 4.0 * (3.0 * TAU * t).sin()),
    ("valley", |t| 4.0 - 8.0 * (PI * t).sin()),
];

/// Who makes them: the middle of the pitch in hertz and how fast the overtones get weaker.
const SPEAKERS: [(&str, f64, f64); 3] = [
    ("bass", 140.0, 0.9),
    ("alto", 260.0, 1.3),
    ("flute", 420.0, 2.2),
];

/// `takes` takes of each of six sounds, told apart by how their pitch goes (`fall`, `level`, `peak`, `rise`,
/// `trill`, `valley`), by three speakers of different pitch and timbre; 0.25 to 0.6 seconds, with noise. The
/// same seed gives the same sounds.
pub fn generate_sounds(takes: u32, seed: u64) -> Vec<Recording> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut recordings = Vec::new();
    for (label, contour) in LABELS {
        for (speaker, hertz, slope) in SPEAKERS {
            for take in 0..takes {
                recordings.push(Recording {
                    label: label.to_owned(),
                    speaker: speaker.to_owned(),
                    take,
                    sound: sound(contour, hertz, slope, &mut rng),
                });
            }
        }
    }
    recordings
}

fn sound(contour: Contour, hertz: f64, slope: f64, rng: &mut impl Rng) -> Sound {
    const OVERTONES: usize = 8;
    let count = (f64::from(RATE) * rng.random_range(0.25..0.6)) as usize;
    // Every take is a little higher or lower, wider or narrower, louder or softer.
    let transposed = rng.random_range(-3.0..3.0);
    let width = rng.random_range(0.7..1.2);
    let loudness = 10f64.powf(rng.random_range(-0.6..0.0));
    let noise = loudness * 10f64.powf(rng.random_range(-2.0..-1.0));
    let lead = rng.random_range(0.0..0.15);
    let mut phase = 0.0;
    let samples = (0..count).map(|n| {
        let time = (n as f64 / count as f64 - lead) / (1.0 - lead);
        let hiss = noise * rng.random_range(-1.0..1.0);
        if time < 0.0 {
            return hiss as f32;
        }
        let semitones = transposed + width * contour(time);
        let pitch = hertz * 2f64.powf(semitones / 12.0);
        phase += TAU * pitch / f64::from(RATE);
        let tone: f64 = (1..=OVERTONES)
            .filter(|overtone| pitch * (*overtone as f64) < f64::from(RATE) / 2.0)
            .map(|overtone| (phase * overtone as f64).sin() / (overtone as f64).powf(slope))
            .sum();
        let envelope = (time * 12.0).min(1.0) * ((1.0 - time) * 6.0).min(1.0);
        (0.3 * loudness * envelope * tone + hiss) as f32
    });
    Sound {
        samples: samples.collect(),
        rate: RATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sounds_within_full_scale() {
        let sounds = generate_sounds(2, 5);
        assert_eq!(sounds.len(), 6 * 3 * 2);
        assert_eq!(sounds, generate_sounds(2, 5));
        assert_ne!(sounds, generate_sounds(2, 6));
        let samples = || sounds.iter().flat_map(|recording| &recording.sound.samples);
        assert!(samples().all(|sample| sample.abs() < 1.0));
        assert!(samples().any(|sample| sample.abs() > 0.3));
    }
}
