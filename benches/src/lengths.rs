//! The lengths of the sequences in a batch.

/// So many lengths, uniform in `1..=time` by the middles of equal parts of it, the longest first: PyTorch takes them without
/// sorting, and every session has the same. Their mean is half the time, so that half of a padded batch is padding.
pub fn uniform(batch: usize, time: usize) -> Vec<usize> {
    let middle = |part: usize| ((2 * part + 1) * time).div_ceil(2 * batch).clamp(1, time);
    (0..batch).rev().map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_batch_is_padding() {
        let lengths = uniform(32, 100);
        assert!(lengths.is_sorted_by(|a, b| a >= b));
        assert!(lengths.iter().all(|&length| (1..=100).contains(&length)));
        let share = lengths.iter().sum::<usize>() as f64 / 3200.0;
        assert!((share - 0.5).abs() < 0.01, "{share}");
        assert_eq!(uniform(1, 1), [1]);
        assert_eq!(uniform(5, 1), [1; 5]);
    }
}
