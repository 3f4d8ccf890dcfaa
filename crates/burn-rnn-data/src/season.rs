//! Finding the season of a series by its autocorrelation.

/// The length of the season of a series, in values, or `None` where none stands out.
///
/// The season is where the autocorrelation of the linearly detrended series has its highest local
/// maximum up to `max_lag` (which is cut to the length minus 3), among the lags past the first at
/// which the autocorrelation is negative: before it, a maximum only says that neighbours are alike.
/// The differences between neighbours are searched in the same way and the higher maximum counts,
/// because a slow drift can hide a short season in the series but not in its differences. The top
/// of a broad maximum is ragged, so its place is the vertex of a parabola through its upper part.
///
/// Of maxima within a tenth of the highest, such as one and two seasons, the shortest wins. A
/// maximum below 0.1, or below four standard errors of white noise (at most 0.5), counts as none,
/// and a series with infinite or NaN values has none. The time it takes grows with the length times
/// `max_lag`; a third of the length is a sensible `max_lag`.
pub fn detect_season(values: &[f64], max_lag: usize) -> Option<usize> {
    let max_lag = max_lag.min(values.len().checked_sub(3)?);
    let differences: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // What a straight line leaves of itself is rounding error, which has no season: each value's own, and
    // that of the sums over all of them.
    let largest = values.iter().copied().map(f64::abs).fold(0.0, f64::max);
    let rounding = largest * f64::EPSILON * values.len() as f64;
    // Neighbouring differences of white noise share a value, which makes their autocorrelations
    // scatter more, by the root of 1.5.
    [(values, 4.0), (&differences, 4.0 * 1.5f64.sqrt())]
        .iter()
        .filter_map(|(series, scatter)| season_peak(series, max_lag, rounding, *scatter))
        .max_by(|a, b| a.height.total_cmp(&b.height))
        .map(|peak| peak.lag)
}

/// A season of a series and how strong it is.
struct Peak {
    lag: usize,
    height: f64,
}

/// The strongest season of a series with at least `max_lag + 2` values known to within `rounding`,
/// if it stands out of noise whose autocorrelations stay below `scatter / sqrt(n)`.
fn season_peak(series: &[f64], max_lag: usize, rounding: f64, scatter: f64) -> Option<Peak> {
    let n = series.len() as f64;
    let residual = detrended(series);
    let power: f64 = residual.iter().map(|x| x * x).sum();
    if !power.is_finite() || power <= rounding * rounding * n {
        return None;
    }
    // Every lag is divided by the power of the whole series: the fewer the products, the less a lag
    // has to be trusted. One lag more than asked for tells a maximum at the last one from a slope.
    let correlation: Vec<f64> = (0..=max_lag + 1)
        .map(|lag| {
            let products = residual.iter().zip(&residual[lag..]);
            products.map(|(a, b)| a * b).sum::<f64>() / power
        })
        .collect();
    let negative = correlation.iter().position(|&r| r < 0.0)?;
    let maxima: Vec<usize> = (negative + 1..=max_lag)
        .filter(|&lag| correlation[lag] > correlation[lag - 1])
        .filter(|&lag| correlation[lag] >= correlation[lag + 1])
        .collect();
    let height = maxima
        .iter()
        .map(|&lag| correlation[lag])
        .max_by(f64::total_cmp)?;
    if height < (scatter / n.sqrt()).clamp(0.1, 0.5) {
        return None;
    }
    // Two seasons are as alike as one, and noise may lift either: the first maximum that comes close
    // decides, and with it the highest of those on the same hump.
    let first = maxima
        .iter()
        .position(|&lag| correlation[lag] >= 0.9 * height)?;
    let hump_end = (maxima[first]..=max_lag)
        .find(|&lag| correlation[lag] < height / 2.0)
        .unwrap_or(max_lag + 1);
    let lag = maxima[first..]
        .iter()
        .copied()
        .take_while(|&lag| lag < hump_end)
        .max_by(|&a, &b| correlation[a].total_cmp(&correlation[b]))?;
    // Divided by the number of products instead, the top does not lean towards short lags.
    let upright: Vec<f64> = correlation
        .iter()
        .enumerate()
        .map(|(lag, r)| r * n / (n - lag as f64))
        .collect();
    Some(Peak {
        lag: vertex(&upright, lag).min(max_lag),
        height,
    })
}

/// The top of the maximum around `peak`, by a least-squares parabola through the part above half
/// its height, as far as that reaches on both sides; `peak` itself where that is too narrow.
fn vertex(heights: &[f64], peak: usize) -> usize {
    let half = heights[peak] / 2.0;
    let reach = (1..=peak.min(heights.len() - 1 - peak))
        .take_while(|&d| heights[peak - d] > half && heights[peak + d] > half)
        .count();
    if reach < 2 {
        return peak;
    }
    // On offsets that are symmetric around 0 the three coefficients separate.
    let (mut count, mut squares, mut fourths) = (0.0, 0.0, 0.0);
    let (mut sum, mut tilt, mut bend) = (0.0, 0.0, 0.0);
    for (i, &height) in heights[peak - reach..=peak + reach].iter().enumerate() {
        let offset = i as f64 - reach as f64;
        count += 1.0;
        squares += offset.powi(2);
        fourths += offset.powi(4);
        sum += height;
        tilt += height * offset;
        bend += height * offset.powi(2);
    }
    let slope = tilt / squares;
    let curvature = (bend - sum * squares / count) / (fourths - squares * squares / count);
    if curvature >= 0.0 {
        return peak;
    }
    let limit = reach as f64;
    let offset = (-slope / (2.0 * curvature)).clamp(-limit, limit).round();
    (peak as f64 + offset) as usize
}

/// What the least-squares line through the values leaves of them.
fn detrended(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (t, &x) in values.iter().enumerate() {
        let t = t as f64 - middle;
        covariance += t * (x - mean);
        variance += t * t;
    }
    let slope = covariance / variance;
    values
        .iter()
        .enumerate()
        .map(|(t, &x)| x - mean - slope * (t as f64 - middle))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A sine of the given period with noise and a trend.
    fn seasonal(n: usize, period: f64, noise: f64, trend: f64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        (0..n)
            .map(|t| {
                let phase = std::f64::consts::TAU * t as f64 / period;
                phase.sin() + noise * rng.random_range(-1.0..1.0) + trend * t as f64
            })
            .collect()
    }

    #[test]
    fn a_season_is_found_through_noise_and_trend() {
        assert_eq!(
            detect_season(&seasonal(600, 12.0, 0.5, 0.05), 200),
            Some(12)
        );
        assert_eq!(detect_season(&seasonal(36, 12.0, 0.0, 0.0), 12), Some(12));
        let long = detect_season(&seasonal(3650, 365.25, 0.3, 0.0), 1216).unwrap();
        assert!(long.abs_diff(365) <= 8, "{long}");
    }

    #[test]
    fn a_large_offset_does_not_hide_a_season() {
        let values: Vec<f64> = seasonal(600, 12.0, 0.2, 0.0)
            .iter()
            .map(|x| 1e9 + x)
            .collect();
        assert_eq!(detect_season(&values, 200), Some(12));
    }

    #[test]
    fn a_slow_drift_does_not_hide_a_season() {
        let values: Vec<f64> = seasonal(2000, 24.0, 0.2, 0.0)
            .iter()
            .enumerate()
            .map(|(t, x)| x + 10.0 * (t as f64 / 400.0).sin())
            .collect();
        assert_eq!(detect_season(&values, 200), Some(24));
    }

    #[test]
    fn a_season_of_spikes_is_found() {
        let values: Vec<f64> = (0..200).map(|t| f64::from(u8::from(t % 7 == 3))).collect();
        assert_eq!(detect_season(&values, 60), Some(7));
    }

    #[test]
    fn a_season_beyond_the_largest_lag_is_not_found() {
        assert_eq!(detect_season(&seasonal(600, 50.0, 0.0, 0.0), 49), None);
        assert_eq!(detect_season(&seasonal(600, 50.0, 0.0, 0.0), 50), Some(50));
    }

    #[test]
    fn noise_lines_and_constants_have_no_season() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..20 {
            let noise: Vec<f64> = (0..1000).map(|_| rng.random()).collect();
            assert_eq!(detect_season(&noise, 333), None);
        }
        let line: Vec<f64> = (0..300).map(|t| 0.1 + 0.3 * t as f64).collect();
        assert_eq!(detect_season(&line, 100), None);
        assert_eq!(detect_season(&[5.1; 300], 100), None);
        for short in 0..4 {
            assert_eq!(detect_season(&[1.0, -1.0, 1.0, 2.0][..short], 10), None);
        }
        assert_eq!(detect_season(&[1.0, f64::NAN, 1.0, 0.0, 1.0], 3), None);
    }
}
