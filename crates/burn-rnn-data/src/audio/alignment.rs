//! How alike two sequences are that do not go at the same speed.

/// The distance of two sequences of `features` values a step after dynamic time warping (Sakoe & Chiba 1978):
/// each step of one is laid beside a step of the other, in order, none left out, so that the sum of the
/// distances (root mean square over the features) is the smallest; a step of both counts twice, and the sum is
/// divided by the lengths' sum.
///
/// # Panics
///
/// Where a sequence is empty, or its length is no multiple of `features`.
pub fn aligned_distance(a: &[f32], b: &[f32], features: usize) -> f64 {
    for sequence in [a, b] {
        assert!(
            !sequence.is_empty() && sequence.len().is_multiple_of(features),
            "a sequence has {} values, expected a multiple of {features}, and some",
            sequence.len()
        );
    }
    let (a, b): (Vec<_>, Vec<_>) = (a.chunks(features).collect(), b.chunks(features).collect());
    let distance = |x: &[f32], y: &[f32]| {
        let squares = x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2));
        (squares.sum::<f64>() / features as f64).sqrt()
    };
    // The smallest sums up to each step of `b`, before the first step of `a`, and then step by step.
    let mut sums = vec![f64::INFINITY; b.len() + 1];
    sums[0] = 0.0;
    for x in &a {
        let mut diagonal = core::mem::replace(&mut sums[0], f64::INFINITY);
        for (step, y) in b.iter().enumerate() {
            let here = distance(x, y);
            let above = sums[step + 1];
            let best = (diagonal + 2.0 * here)
                .min(above + here)
                .min(sums[step] + here);
            diagonal = above;
            sums[step + 1] = best;
        }
    }
    sums[b.len()] / (a.len() + b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_is_the_same_and_other_is_not() {
        let slow = [0.0, 0.0, 1.0, 1.0, 1.0, 3.0];
        let fast = [0.0, 1.0, 3.0];
        assert_eq!(aligned_distance(&slow, &fast, 1), 0.0);
        assert_eq!(aligned_distance(&fast, &slow, 1), 0.0);
        // Nothing to warp: both steps count twice.
        assert_eq!(aligned_distance(&[0.0, 0.0], &[0.5, 0.5], 1), 0.5);
        // By hand: 0–0 (0, twice), 2–1 (1, twice), over 2 + 2 steps.
        assert_eq!(aligned_distance(&[0.0, 2.0], &[0.0, 1.0], 1), 0.5);
        // Root mean square over two features.
        assert_eq!(aligned_distance(&[0.0, 0.0], &[1.0, 1.0], 2), 1.0);
    }
}
