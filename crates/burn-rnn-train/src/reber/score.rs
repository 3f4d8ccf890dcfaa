//! How well a model reads strings of the grammar.

use burn_rnn_data::{REBER_SYMBOLS, ReberWalk};

/// How well a model reads strings of the grammar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReberScore {
    /// How far the model's probabilities are from the grammar's, the mean over the steps of their
    /// Kullback-Leibler divergence in nats: `Σ 1/k · ln((1/k) / p)` over the `k` symbols that may come next.
    pub divergence: f64,
    /// The share of strings read right: after **every** symbol but the last, each of the symbols that may
    /// come next has a higher output than each of those that may not, so that the `k` highest outputs are
    /// exactly the `k` legal symbols.
    pub right: f64,
    /// The share of strings in which this holds for the last symbol but one, the one that is to be
    /// remembered from the beginning; one half without memory.
    pub remembered: f64,
}

/// What a model says of the next symbol.
pub(super) struct Told {
    /// Whether the legal ones are all above the illegal ones.
    pub(super) right: bool,
    /// From the grammar's probabilities, in nats.
    pub(super) divergence: f64,
}

/// After each symbol of a string of the grammar but the last; `logits` are `[steps, 7]`.
pub(super) fn told(string: &str, logits: &[f32]) -> Vec<Told> {
    let mut walk = ReberWalk::start();
    let steps = string.len() - 1;
    string
        .chars()
        .zip(logits.chunks(REBER_SYMBOLS.len()))
        .take(steps)
        .map(|(symbol, logits)| {
            walk = walk.step(symbol).expect("the string is one of the grammar");
            let legal = walk.legal();
            let symbols = REBER_SYMBOLS.iter().zip(logits);
            let (legal, other): (Vec<_>, Vec<_>) =
                symbols.partition(|(symbol, _)| legal.contains(symbol));
            let values = |of: &[(&char, &f32)]| -> Vec<f64> {
                of.iter().map(|(_, logit)| f64::from(**logit)).collect()
            };
            let (legal, other) = (values(&legal), values(&other));
            let lowest = legal.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = other.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let top = lowest.max(highest);
            let all = legal.iter().chain(&other);
            let log_sum = top + all.map(|logit| (logit - top).exp()).sum::<f64>().ln();
            let count = legal.len() as f64;
            let surprise = log_sum - legal.iter().sum::<f64>() / count;
            Told {
                right: lowest > highest,
                divergence: surprise - count.ln(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An oracle, one that has forgotten the second symbol, and one that likes `X` too much.
    #[test]
    fn strings_are_read_right_where_the_legal_symbols_are_above_the_others() {
        let string = "BPBTXSEPE";
        let logits = |score: fn(usize, char, bool) -> f32| -> Vec<f32> {
            let prefix = |end| ReberWalk::after(&string[..end]).unwrap().legal();
            (1..string.len())
                .flat_map(|end| {
                    let legal = prefix(end);
                    REBER_SYMBOLS.map(|symbol| score(end, symbol, legal.contains(&symbol)))
                })
                .collect()
        };
        let right = |logits: &[f32]| -> Vec<bool> {
            told(string, logits).iter().map(|told| told.right).collect()
        };
        let oracle = logits(|_, _, legal| f32::from(u8::from(legal)));
        assert_eq!(right(&oracle), [true; 8]);
        // 1 against 0 for six or five others: the probabilities of the legal are e / (e + 6), …
        let e = core::f64::consts::E;
        let divergences = told(string, &oracle);
        assert!((divergences[1].divergence - (1.0 + 6.0 / e).ln()).abs() < 1e-6);
        assert!((divergences[0].divergence - (1.0 + 2.5 / e).ln()).abs() < 1e-6);
        let forgot = logits(|end, symbol, legal| match end == 7 {
            true => f32::from(u8::from(symbol == 'T' || symbol == 'P')),
            false => f32::from(u8::from(legal)),
        });
        let mut all_but_one = [true; 8];
        all_but_one[6] = false;
        assert_eq!(right(&forgot), all_but_one);
        // X may come after BPBT and after BPBTX.
        let x = logits(|_, symbol, legal| f32::from(u8::from(legal || symbol == 'X')));
        assert_eq!(
            right(&x),
            [false, false, false, true, true, false, false, false]
        );
    }
}
