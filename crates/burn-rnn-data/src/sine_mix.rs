//! Several series that are sums of sines, with noise.

use core::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Table, Timestamp};

/// A seeded generator of series that share periods and differ in phases and amplitudes:
///
/// ```text
/// x_s(t) = Σ_k a_sk sin(2π t / p_k + φ_sk) + σ ε,   a_sk ∈ [0.3, 1], φ_sk ∈ [0, 2π), ε ∈ [−1, 1]
/// ```
///
/// One row is an hour, from 2024-01-01 on, so that periods of 24 and 168 are a day and a week.
#[derive(Debug, Clone, PartialEq)]
pub struct SineMix {
    /// The number of series; 4 by default.
    pub series: usize,
    /// The periods `p` in rows; 24, 168 and 61.8 by default: a day, a week, and one that fits neither.
    pub periods: Vec<f64>,
    /// The noise `σ`; 0.2 by default.
    pub noise: f64,
}

impl Default for SineMix {
    fn default() -> Self {
        Self {
            series: 4,
            periods: vec![24.0, 168.0, 61.8],
            noise: 0.2,
        }
    }
}

impl SineMix {
    /// A table of `rows` rows with the series `mix 1`, `mix 2`, …. The same seed gives the same table.
    ///
    /// # Panics
    ///
    /// Where there is no series, or the periods and the noise make values that are not finite.
    pub fn generate(&self, rows: usize, seed: u64) -> Table {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let waves: Vec<Vec<(f64, f64, f64)>> = (0..self.series)
            .map(|_| {
                let wave = |&period: &f64| {
                    let amplitude = rng.random_range(0.3..1.0);
                    (amplitude, TAU / period, rng.random_range(0.0..TAU))
                };
                self.periods.iter().map(wave).collect()
            })
            .collect();
        let mut values = Vec::with_capacity(rows * self.series);
        for row in 0..rows {
            for waves in &waves {
                let wave = |(amplitude, speed, phase): &(f64, f64, f64)| {
                    amplitude * (speed * row as f64 + phase).sin()
                };
                let noise = self.noise * rng.random_range(-1.0..1.0);
                values.push(waves.iter().map(wave).sum::<f64>() + noise);
            }
        }
        let start = Timestamp::parse("2024-01-01 00:00").expect("a date");
        let hours = 0..rows as i64;
        let times = hours.map(|hour| start.plus_seconds(hour * 3600)).collect();
        let names = (1..=self.series)
            .map(|series| format!("mix {series}"))
            .collect();
        Table::new(names, values, Some(times))
            .expect("as many values as names and times, all finite")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect_season;

    #[test]
    fn the_seed_decides_and_the_periods_are_there() {
        let mix = SineMix {
            periods: vec![24.0],
            ..SineMix::default()
        };
        let table = mix.generate(600, 3);
        assert_eq!(table, mix.generate(600, 3));
        assert_ne!(table, mix.generate(600, 4));
        assert_eq!((table.series(), table.rows()), (4, 600));
        for series in 0..4 {
            assert_eq!(detect_season(&table.column(series, 0..600), 100), Some(24));
        }
        assert_ne!(table.column(0, 0..600), table.column(1, 0..600));
    }
}
