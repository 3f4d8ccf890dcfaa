//! Readings of sensors made by rules, to learn from where there is no file.

use core::f64::consts::{PI, TAU};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{LabelledSeries, SeriesColumns, SeriesSet};

const CHANNELS: [&str; 9] = [
    "acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z", "mag x", "mag y", "mag z",
];
const STEPS: usize = 128;

/// What a sensor is carried through.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Motion {
    /// Oscillates so many times, the gyroscope this part of a period before the accelerometer.
    Swing { periods: f64, ahead: f64 },
    /// Goes one way.
    Drift,
    /// Oscillates for a short while.
    Burst,
}

const LABELS: [(&str, Motion); 6] = [
    ("burst", Motion::Burst),
    ("drift", Motion::Drift),
    (
        "fast",
        Motion::Swing {
            periods: 8.0,
            ahead: 0.0,
        },
    ),
    (
        "lag",
        Motion::Swing {
            periods: 4.0,
            ahead: -0.25,
        },
    ),
    (
        "lead",
        Motion::Swing {
            periods: 4.0,
            ahead: 0.25,
        },
    ),
    (
        "slow",
        Motion::Swing {
            periods: 4.0,
            ahead: 0.0,
        },
    ),
];

/// `count` series of each of six labels, 128 steps of an accelerometer, a gyroscope and a magnetometer of three channels each.
///
/// The labels differ in what goes on over time: how often accelerometer and gyroscope oscillate (`slow`, `fast`), whether one does so
/// before the other (`lead`, `lag`), whether they `drift` up or down, or oscillate in a short `burst` at any time. No channel's mean tells
/// them apart: every channel of a series has an offset of its own. The magnetometer has nothing but noise. The same seed gives the
/// same series.
pub fn generate_sensors(count: usize, seed: u64) -> SeriesSet {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut series = Vec::with_capacity(LABELS.len() * count);
    for (label, motion) in LABELS {
        for number in 0..count {
            series.push(LabelledSeries {
                name: format!("{label} {number}"),
                label: label.to_owned(),
                group: String::new(),
                values: readings(motion, &mut rng),
            });
        }
    }
    SeriesSet {
        series,
        columns: SeriesColumns {
            channels: CHANNELS.map(str::to_owned).to_vec(),
            ..SeriesColumns::default()
        },
        notices: Vec::new(),
    }
}

fn readings(motion: Motion, rng: &mut impl Rng) -> Vec<f64> {
    let tempo = rng.random_range(0.88..1.12);
    let phase = rng.random_range(0.0..1.0);
    let middle = rng.random_range(0.2..0.8);
    let way = if rng.random() { 1.0 } else { -1.0 };
    let offsets: [f64; 9] = core::array::from_fn(|_| rng.random_range(-1.0..1.0));
    let gains: [f64; 9] = core::array::from_fn(|channel| match channel < 6 {
        true => rng.random_range(0.6..1.2),
        false => 0.0,
    });
    let mut values = Vec::with_capacity(STEPS * CHANNELS.len());
    for step in 0..STEPS {
        let time = step as f64 / STEPS as f64;
        for channel in 0..CHANNELS.len() {
            let is_gyroscope = (3..6).contains(&channel);
            let moved = match motion {
                Motion::Swing { periods, ahead } => {
                    let ahead = if is_gyroscope { ahead } else { 0.0 };
                    (TAU * (tempo * periods * time + phase + ahead)).sin()
                }
                Motion::Drift => way * 3.0 * tempo * (time - 0.5),
                Motion::Burst => {
                    let near = ((time - middle) * 10.0).clamp(-1.0, 1.0);
                    1.5 * (TAU * (tempo * 12.0 * time + phase)).sin() * (0.5 * PI * near).cos()
                }
            };
            // Almost normal, of deviation 0.7.
            let noise: f64 = (0..3).map(|_| rng.random_range(-0.7..0.7)).sum();
            values.push(offsets[channel] + gains[channel] * moved + noise);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_series() {
        let set = generate_sensors(2, 5);
        assert_eq!(set, generate_sensors(2, 5));
        assert_ne!(set, generate_sensors(2, 6));
        assert_eq!((set.series.len(), set.width()), (12, 9));
        assert!(
            set.series
                .iter()
                .all(|series| series.values.len() == 128 * 9)
        );
    }

    #[test]
    fn the_means_of_the_channels_do_not_tell_the_labels() {
        let means = |seed| -> Vec<(String, Vec<f64>)> {
            let set = generate_sensors(40, seed);
            let of = |series: LabelledSeries| {
                let mean =
                    |channel| series.values.iter().skip(channel).step_by(9).sum::<f64>() / 128.0;
                (series.label, (0..9).map(mean).collect())
            };
            set.series.into_iter().map(of).collect()
        };
        let (known, asked) = (means(1), means(2));
        let distance =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let nearest = |means: &[f64]| {
            let near = |a: &&(String, Vec<f64>), b: &&(String, Vec<f64>)| {
                distance(&a.1, means).total_cmp(&distance(&b.1, means))
            };
            known.iter().min_by(near).unwrap().0.clone()
        };
        let right = asked
            .iter()
            .filter(|(label, means)| nearest(means) == *label);
        let share = right.count() as f64 / asked.len() as f64;
        assert!(share < 0.35, "{share}");
    }
}
