//! The embedded Reber grammar, a synthetic test of grammar and memory at once.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The symbols of the grammar; the position of each is its number.
pub const REBER_SYMBOLS: [char; 7] = ['B', 'T', 'P', 'S', 'X', 'V', 'E'];

/// The inner grammar (Reber 1967): from each of its nodes the symbols that may come, each with the node
/// that it leads to. From 7 nothing leads on.
const INNER: [&[(char, usize)]; 8] = [
    &[('B', 1)],
    &[('T', 2), ('P', 3)],
    &[('S', 2), ('X', 4)],
    &[('T', 3), ('V', 5)],
    &[('X', 3), ('S', 6)],
    &[('P', 4), ('V', 6)],
    &[('E', 7)],
    &[],
];

/// A place in the embedded Reber grammar: what has been read, as far as it matters for what may come.
///
/// ```
/// use burn_rnn_data::ReberWalk;
///
/// // After the inner string, the symbol from before it comes back.
/// let walk = ReberWalk::after("BTBPVVE").unwrap();
/// assert_eq!(walk.legal(), ['T']);
/// assert!(walk.step('P').is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReberWalk(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first symbol.
    Start,
    /// Before the symbol that has to be remembered.
    Branch,
    /// At a node of the inner grammar, the symbol in mind.
    Inner(usize, char),
    /// Before the last symbol.
    Last,
    /// After it.
    End,
}

impl ReberWalk {
    /// Before the first symbol.
    pub fn start() -> Self {
        Self(Place::Start)
    }

    /// After `prefix`; `None` where no string of the grammar begins so.
    pub fn after(prefix: &str) -> Option<Self> {
        prefix.chars().try_fold(Self::start(), Self::step)
    }

    /// The symbols that may come next; none after a whole string.
    pub fn legal(self) -> Vec<char> {
        match self.0 {
            Place::Start => vec!['B'],
            Place::Branch => vec!['T', 'P'],
            Place::Inner(7, branch) => vec![branch],
            Place::Inner(node, _) => INNER[node].iter().map(|(symbol, _)| *symbol).collect(),
            Place::Last => vec!['E'],
            Place::End => Vec::new(),
        }
    }

    /// The place after one more symbol; `None` where it may not come.
    pub fn step(self, symbol: char) -> Option<Self> {
        if !self.legal().contains(&symbol) {
            return None;
        }
        Some(Self(match self.0 {
            Place::Start => Place::Branch,
            Place::Branch => Place::Inner(0, symbol),
            Place::Inner(7, _) => Place::Last,
            Place::Inner(node, branch) => {
                let (_, next) = INNER[node].iter().find(|(other, _)| *other == symbol)?;
                Place::Inner(*next, branch)
            }
            Place::Last | Place::End => Place::End,
        }))
    }

    /// Whether the string is whole.
    pub fn is_end(self) -> bool {
        self.0 == Place::End
    }
}

/// Whether a text is a whole string of the embedded Reber grammar.
pub fn is_reber(text: &str) -> bool {
    ReberWalk::after(text).is_some_and(ReberWalk::is_end)
}

/// An endless, seeded generator of strings of the embedded Reber grammar.
///
/// A string is `B`, then `T` or `P`, then a string of the Reber grammar, then the **same** `T` or `P`
/// again, then `E`. A string of the Reber grammar is a walk from node 0 to node 7 of
///
/// ```text
/// 0 -B-> 1    1 -T-> 2    2 -S-> 2    3 -T-> 3    4 -X-> 3    5 -P-> 4    6 -E-> 7
///             1 -P-> 3    2 -X-> 4    3 -V-> 5    4 -S-> 6    5 -V-> 6
/// ```
///
/// and wherever there are two ways each is taken with probability 1/2. The shortest strings have 9
/// symbols, the mean is about 11.5; the second symbol has to be remembered to the last but one.
///
/// A guess at random among the seven symbols loses [`CHANCE_LOSS`](Self::CHANCE_LOSS); one that knows
/// the grammar and has forgotten the second symbol reads half of the strings right.
///
/// S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997),
/// experiment 1; the inner grammar is that of A. S. Reber (1967), the task that of S. E. Fahlman (1991).
#[derive(Clone, Debug)]
pub struct EmbeddedReber {
    rng: ChaCha8Rng,
}

impl EmbeddedReber {
    /// The cross-entropy in nats of a guess at random, ln 7.
    pub const CHANCE_LOSS: f64 = 1.945_910_149_055_313_2;

    /// Equal seeds give equal strings, on every platform.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The next string.
    pub fn string(&mut self) -> String {
        let mut walk = ReberWalk::start();
        let mut string = String::new();
        while let Some(&symbol) = walk.legal().choose(&mut self.rng) {
            string.push(symbol);
            walk = walk.step(symbol).expect("the symbol is a legal one");
        }
        string
    }

    /// The next `n` strings; short ones come again and again.
    pub fn strings(&mut self, n: usize) -> Vec<String> {
        (0..n).map(|_| self.string()).collect()
    }

    /// The next `n` strings that are not among `known`; they may repeat each other.
    pub fn unseen(&mut self, n: usize, known: &[String]) -> Vec<String> {
        let known: std::collections::HashSet<&String> = known.iter().collect();
        let mut strings = Vec::with_capacity(n);
        while strings.len() < n {
            let string = self.string();
            if !known.contains(&string) {
                strings.push(string);
            }
        }
        strings
    }

    /// The next string with one symbol altered so that the grammar has no such string.
    pub fn altered(&mut self) -> String {
        let symbols: Vec<char> = self.string().chars().collect();
        loop {
            let mut symbols = symbols.clone();
            let at = self.rng.random_range(0..symbols.len());
            symbols[at] = REBER_SYMBOLS[self.rng.random_range(0..REBER_SYMBOLS.len())];
            let altered: String = symbols.into_iter().collect();
            if !is_reber(&altered) {
                return altered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_from_the_literature_are_told_apart() {
        for inner in [
            "BTXSE",
            "BPVVE",
            "BTSSXXTVVE",
            "BPTVPXVPSE",
            "BPVPXVPXVPXVVE",
        ] {
            for branch in ['T', 'P'] {
                assert!(is_reber(&format!("B{branch}{inner}{branch}E")), "{inner}");
            }
            assert!(!is_reber(&format!("BT{inner}PE")), "{inner}");
            assert!(!is_reber(inner), "{inner}");
        }
        for wrong in ["", "B", "BTBTXSET", "BTBTXXSETE", "BTBTXSETEE", "btbtxsete"] {
            assert!(!is_reber(wrong), "{wrong}");
        }
    }

    #[test]
    fn generated_strings_are_legal_and_altered_ones_are_not() {
        let mut grammar = EmbeddedReber::new(3);
        let strings = grammar.strings(2000);
        assert!(strings.iter().all(|string| is_reber(string)));
        let symbols: usize = strings.iter().map(String::len).sum();
        let mean = symbols as f64 / 2000.0;
        assert!((11.0..12.0).contains(&mean), "{mean}");
        assert_eq!(strings.iter().map(String::len).min(), Some(9));
        for _ in 0..500 {
            let altered = grammar.altered();
            assert!(!is_reber(&altered), "{altered}");
        }
    }

    /// Both ways out of every node are taken, as often.
    #[test]
    fn the_ways_are_as_likely() {
        let strings = EmbeddedReber::new(1).strings(4000);
        for prefix in ["B", "BTB", "BPBP", "BTBTX", "BPBPV"] {
            let next = strings
                .iter()
                .filter_map(|string| string.strip_prefix(prefix));
            let next: Vec<char> = next.filter_map(|rest| rest.chars().next()).collect();
            let [one, other] = ReberWalk::after(prefix).unwrap().legal()[..] else {
                panic!("{prefix} has two ways");
            };
            let count = |symbol| next.iter().filter(|next| **next == symbol).count();
            let share = count(one) as f64 / next.len() as f64;
            assert_eq!(count(one) + count(other), next.len());
            assert!((share - 0.5).abs() < 0.06, "{prefix}: {share}");
        }
    }

    #[test]
    fn the_seed_decides_and_unseen_strings_are_new() {
        let some = EmbeddedReber::new(5).strings(50);
        assert_eq!(some, EmbeddedReber::new(5).strings(50));
        assert_ne!(some, EmbeddedReber::new(6).strings(50));
        let unseen = EmbeddedReber::new(5).unseen(50, &some);
        assert!(unseen.iter().all(|string| !some.contains(string)));
    }
}
