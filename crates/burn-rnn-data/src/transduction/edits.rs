//! How well strings agree with those that were wanted.

/// The share of the strings that are wholly right, from 0 to 1.
///
/// # Panics
///
/// Where there are not as many answers as references.
pub fn exact_match(answers: &[String], references: &[String]) -> f64 {
    assert_eq!(answers.len(), references.len(), "one answer a reference");
    let right = answers.iter().zip(references).filter(|(a, b)| a == b);
    right.count() as f64 / references.len().max(1) as f64
}

/// The characters to insert, to remove or to change to make the references of the answers, a character of
/// the references: 0 where all is right.
///
/// # Panics
///
/// Where there are not as many answers as references.
pub fn character_error_rate(answers: &[String], references: &[String]) -> f64 {
    assert_eq!(answers.len(), references.len(), "one answer a reference");
    let edits = answers.iter().zip(references).map(|(a, b)| edits(a, b));
    let characters = references.iter().map(|text| text.chars().count());
    edits.sum::<usize>() as f64 / characters.sum::<usize>().max(1) as f64
}

/// The edit distance of Levenshtein (1966), row by row.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, count) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("1999-01-05", "1999-10-05", 2),
            ("äb", "ab", 1),
        ] {
            assert_eq!(edits(a, b), count, "{a}, {b}");
            assert_eq!(edits(b, a), count, "{b}, {a}");
        }
    }

    #[test]
    fn rates_are_shares() {
        let strings = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let answers = strings(["abcd", "xy"]);
        let references = strings(["abcd", "xyzz"]);
        assert_eq!(exact_match(&answers, &references), 0.5);
        assert_eq!(character_error_rate(&answers, &references), 0.25);
    }
}
