//! Seasonal series with planted anomalies.

use core::f64::consts::TAU;
use core::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Table, Timestamp};

/// What is odd about a stretch of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnomalyKind {
    /// One to three rows far away.
    Spike,
    /// The level is another.
    LevelShift,
    /// The daily season is not there.
    MissingSeason,
    /// The daily season goes twice as fast.
    ChangedFrequency,
    /// The channel goes against the others: each value by itself is an ordinary one.
    BrokenCorrelation,
}

impl AnomalyKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Spike,
        Self::LevelShift,
        Self::MissingSeason,
        Self::ChangedFrequency,
        Self::BrokenCorrelation,
    ];
}

/// A planted anomaly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// What it is.
    pub kind: AnomalyKind,
    /// Its rows.
    pub rows: Range<usize>,
    /// The channel.
    pub channel: usize,
}

/// The names of the channels.
const NAMES: [&str; 3] = ["load", "flow", "heat"];
/// Rows of a day and a week.
const DAY: f64 = 24.0;
const WEEK: f64 = 168.0;
/// Of each channel: how large its day, half day and week are, how many rows it follows the others late, and how much of
/// what moves all of them it has.
const CHANNELS: [([f64; 3], usize, f64); 3] = [
    ([1.0, 0.0, 0.4], 1, 1.0),
    ([0.8, 0.2, 0.0], 4, 0.8),
    ([0.7, 0.3, 0.2], 2, -0.6),
];
/// What moves all channels: it forgets itself in so many rows, and has this standard deviation.
const MEMORY: f64 = 30.0;
const COMMON: f64 = 0.4;
/// The standard deviation of each channel's own noise.
const NOISE: f64 = 0.1;
/// The rows of all anomalies but spikes, and those between two anomalies at least.
const LENGTHS: Range<usize> = 24..49;
const APART: usize = 40;

/// Three channels, a row an hour from 2024-01-01 on, with labels, and what was planted. Each channel has a day, a half
/// day or a week as its season, noise, and its part, a few rows late, of a slow process that moves all of them.
///
/// No row before `clean` is an anomaly; behind it there are `count` of them, of each [`AnomalyKind`] in turn, on a random
/// channel each. The same seed gives the same table.
///
/// # Panics
///
/// Where there is no room: 90 rows for each anomaly.
pub fn generate_planted(
    rows: usize,
    clean: usize,
    count: usize,
    seed: u64,
) -> (Table, Vec<Planted>) {
    let slot = rows.saturating_sub(clean) / count.max(1);
    assert!(
        slot >= LENGTHS.end + APART,
        "{count} anomalies do not fit into the rows from {clean} to {rows}"
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let planted: Vec<Planted> = (0..count)
        .map(|number| {
            let kind = AnomalyKind::ALL[number % AnomalyKind::ALL.len()];
            let length = match kind {
                AnomalyKind::Spike => rng.random_range(1..4),
                _ => rng.random_range(LENGTHS),
            };
            let first = clean + number * slot + rng.random_range(APART..=slot - LENGTHS.end + 1);
            Planted {
                kind,
                rows: first..first + length,
                channel: rng.random_range(0..NAMES.len()),
            }
        })
        .collect();
    let values = values(rows, &planted, &mut rng);
    let mut labels = vec![false; rows];
    for anomaly in &planted {
        labels[anomaly.rows.clone()].fill(true);
    }
    let start = Timestamp::parse("2024-01-01 00:00").expect("a date");
    let hours = 0..rows as i64;
    let times = hours.map(|hour| start.plus_seconds(hour * 3600)).collect();
    let table = Table::new(NAMES.map(str::to_owned).to_vec(), values, Some(times))
        .and_then(|table| table.with_labels(labels))
        .expect("as many values as names, times and labels, all finite");
    (table, planted)
}

/// `[rows, channels]` in row-major order.
fn values(rows: usize, planted: &[Planted], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let phases = CHANNELS.map(|_| [(); 3].map(|()| rng.random_range(0.0..TAU)));
    let forgets = (-1.0 / MEMORY).exp();
    let mut common = 0.0;
    let common: Vec<f64> = (0..rows)
        .map(|_| {
            common = forgets * common + COMMON * (1.0 - forgets * forgets).sqrt() * normal(rng);
            common
        })
        .collect();
    let sizes: Vec<f64> = planted
        .iter()
        .map(|_| rng.random_range(1.2..1.8) * [1.0, -1.0][rng.random_range(0..2)])
        .collect();
    let mut values = Vec::with_capacity(rows * CHANNELS.len());
    for row in 0..rows {
        for (channel, (waves, late, part)) in CHANNELS.into_iter().enumerate() {
            let odd = planted
                .iter()
                .position(|odd| odd.channel == channel && odd.rows.contains(&row));
            let kind = odd.map(|odd| planted[odd].kind);
            let day = match (kind, odd) {
                (Some(AnomalyKind::MissingSeason), _) => 0.0,
                (Some(AnomalyKind::ChangedFrequency), Some(odd)) => {
                    let first = planted[odd].rows.start;
                    wave((2 * row - first) as f64, DAY, phases[channel][0])
                }
                _ => wave(row as f64, DAY, phases[channel][0]),
            };
            let season = waves[0] * day
                + waves[1] * wave(row as f64, DAY / 2.0, phases[channel][1])
                + waves[2] * wave(row as f64, WEEK, phases[channel][2]);
            let signal = season + part * common[row.saturating_sub(late)];
            let signal = match (kind, odd) {
                (Some(AnomalyKind::BrokenCorrelation), _) => -signal,
                (Some(AnomalyKind::Spike | AnomalyKind::LevelShift), Some(odd)) => {
                    signal + sizes[odd]
                }
                _ => signal,
            };
            values.push(signal + NOISE * normal(rng));
        }
    }
    values
}

fn wave(row: f64, period: f64, phase: f64) -> f64 {
    (TAU * row / period + phase).sin()
}

/// A draw from the standard normal distribution (Box & Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // Above 0, so that its logarithm is finite.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stretches;

    #[test]
    fn the_anomalies_are_behind_the_clean_part_and_only_there() {
        let (table, planted) = generate_planted(4000, 2000, 20, 3);
        assert_eq!(
            generate_planted(4000, 2000, 20, 3),
            (table.clone(), planted.clone())
        );
        assert_ne!(generate_planted(4000, 2000, 20, 4).0, table);
        let labelled = stretches(table.labels().unwrap(), 0);
        let rows: Vec<Range<usize>> = planted.iter().map(|odd| odd.rows.clone()).collect();
        assert_eq!((labelled.len(), labelled), (20, rows.clone()));
        assert!(rows[0].start >= 2000 && rows[19].end <= 4000);
        assert!(
            rows.windows(2)
                .all(|pair| pair[1].start >= pair[0].end + APART)
        );
        for kind in AnomalyKind::ALL {
            assert_eq!(planted.iter().filter(|odd| odd.kind == kind).count(), 4);
        }
    }

    /// Without its anomalies the table would be the same: each changes its rows of its channel, and nothing else.
    #[test]
    fn an_anomaly_changes_its_own_rows_alone() {
        let (_, planted) = generate_planted(4000, 2000, 20, 5);
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let with = values(4000, &planted, &mut rng);
        let nowhere: Vec<Planted> = planted
            .iter()
            .map(|odd| Planted {
                rows: 0..0,
                ..odd.clone()
            })
            .collect();
        let without = values(4000, &nowhere, &mut ChaCha8Rng::seed_from_u64(9));
        for (place, (one, other)) in with.iter().zip(&without).enumerate() {
            let (row, channel) = (place / 3, place % 3);
            let odd = planted
                .iter()
                .any(|odd| odd.channel == channel && odd.rows.contains(&row));
            assert!(odd || one == other, "row {row}");
        }
        for odd in &planted {
            let changed = odd.rows.clone().map(|row| {
                let place = row * 3 + odd.channel;
                (with[place] - without[place]).abs()
            });
            assert!(changed.fold(0.0, f64::max) > 0.5, "{odd:?}");
        }
    }
}
