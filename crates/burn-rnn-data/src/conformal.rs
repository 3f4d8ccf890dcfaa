//! How far from a forecast the truth will be.

/// The half width of a band around forecasts that holds at least a share `coverage` of what is to come: of the
/// absolute values of `n` errors on data that the model did not learn from, the ⌈(n + 1) · coverage⌉-th smallest
/// (split conformal prediction: Vovk et al. 2005, Lei et al. 2018). It holds as far as errors to come are like
/// those: in any order equally likely.
///
/// `None` where there are too few errors to tell: fewer than `coverage / (1 − coverage)`, 4 for 0.8.
///
/// # Panics
///
/// Where `coverage` is not above 0 and below 1.
pub fn conformal_width(errors: &[f64], coverage: f64) -> Option<f64> {
    assert!(
        coverage > 0.0 && coverage < 1.0,
        "a band that covers {coverage}, expected a share above 0 and below 1"
    );
    // 0.8 · 5 may be a rounding error above 4.
    const SLACK: f64 = 1e-9;
    let rank = ((errors.len() + 1) as f64 * coverage - SLACK).ceil() as usize;
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rank_counts_the_one_to_come() {
        let errors = [3.0, -1.0, 4.0, -2.0];
        assert_eq!(conformal_width(&errors, 0.8), Some(4.0));
        assert_eq!(conformal_width(&errors, 0.6), Some(3.0));
        assert_eq!(conformal_width(&errors, 0.61), Some(4.0));
        assert_eq!(conformal_width(&errors, 0.1), Some(1.0));
        assert_eq!(conformal_width(&errors[..3], 0.8), None);
        assert_eq!(conformal_width(&[], 0.5), None);
        let many: Vec<f64> = (1..=99).map(f64::from).collect();
        for percent in 1..100 {
            let width = conformal_width(&many, f64::from(percent) / 100.0);
            assert_eq!(width, Some(f64::from(percent)));
        }
    }

    #[test]
    #[should_panic(expected = "a band that covers 1, expected a share above 0 and below 1")]
    fn certainty_is_refused() {
        conformal_width(&[1.0], 1.0);
    }

    proptest! {
        /// Of errors in any order, each is as likely the one to come: as many of them as promised lie inside the
        /// band of the others.
        #[test]
        fn it_covers_what_it_promises(
            errors in prop::collection::vec(-100f64..100.0, 5..60),
            coverage in 0.05f64..0.8,
        ) {
            let inside = (0..errors.len())
                .filter(|&left_out| {
                    let mut others = errors.clone();
                    let error = others.remove(left_out);
                    error.abs() <= conformal_width(&others, coverage).unwrap()
                })
                .count();
            prop_assert!(inside as f64 + 1e-6 >= coverage * errors.len() as f64, "{} of {}", inside, errors.len());
        }
    }
}
