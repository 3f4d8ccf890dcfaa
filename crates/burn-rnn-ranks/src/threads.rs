//! Ranks in one process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::{Communicator, LostRank};

/// A rank that is a thread of this process, for tests: sums are in the order of the ranks.
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    size: usize,
    table: Arc<Table>,
}

/// Where ranks put down what they have and take up what all had.
#[derive(Debug, Default)]
struct Table {
    round: Mutex<Round>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Round {
    number: usize,
    given: Vec<Option<Values>>,
    /// Of the round before: nobody takes part in the next one before it has this.
    complete: Arc<Vec<Values>>,
    lost: bool,
}

#[derive(Clone, Debug)]
enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<u8>),
}

impl Threads {
    /// So many ranks, one for each thread.
    pub fn new(size: usize) -> Vec<Self> {
        let round = Round {
            given: vec![None; size],
            ..Round::default()
        };
        let table = Arc::new(Table {
            round: Mutex::new(round),
            changed: Condvar::new(),
        });
        let rank = |rank| Self {
            rank,
            size,
            table: table.clone(),
        };
        (0..size).map(rank).collect()
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        let round = self.table.round.lock();
        round.unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What all ranks give, in their order.
    fn exchange(&self, mine: Values) -> Result<Arc<Vec<Values>>, LostRank> {
        let mut round = self.round();
        round.given[self.rank] = Some(mine);
        if round.given.iter().all(Option::is_some) {
            let given = round.given.iter_mut().filter_map(Option::take).collect();
            round.complete = Arc::new(given);
            round.number += 1;
            self.table.changed.notify_all();
            return Ok(round.complete.clone());
        }
        let number = round.number;
        while round.number == number {
            if round.lost {
                return Err(LostRank);
            }
            let changed = self.table.changed.wait(round);
            round = changed.unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        Ok(round.complete.clone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.round().lost = true;
        self.table.changed.notify_all();
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn host(&self) -> String {
        "this machine".to_owned()
    }

    fn sum(&self, values: &mut [f32]) -> Result<(), LostRank> {
        let all = self.exchange(Values::Single(values.to_vec()))?;
        values.fill(0.0);
        for given in all.iter() {
            let Values::Single(given) = given else {
                panic!("all ranks have to call the same method");
            };
            values.iter_mut().zip(given).for_each(|(sum, v)| *sum += v);
        }
        Ok(())
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<(), LostRank> {
        let all = self.exchange(Values::Double(values.to_vec()))?;
        values.fill(0.0);
        for given in all.iter() {
            let Values::Double(given) = given else {
                panic!("all ranks have to call the same method");
            };
            values.iter_mut().zip(given).for_each(|(sum, v)| *sum += v);
        }
        Ok(())
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Result<Vec<u8>, LostRank> {
        let all = self.exchange(Values::Bytes(bytes))?;
        match &all[0] {
            Values::Bytes(bytes) => Ok(bytes.clone()),
            _ => panic!("all ranks have to call the same method"),
        }
    }

    fn wait(&self) -> Result<(), LostRank> {
        self.exchange(Values::Bytes(Vec::new())).map(drop)
    }

    fn end_all(&self, code: u8) -> ! {
        std::process::exit(code.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_add_up_and_share_round_after_round() {
        std::thread::scope(|scope| {
            for ranks in Threads::new(3) {
                scope.spawn(move || {
                    let rank = ranks.rank();
                    for round in 0..100 {
                        let mut values = [rank as f32, round as f32];
                        ranks.sum(&mut values).unwrap();
                        assert_eq!(values, [3.0, 3.0 * round as f32]);
                        let mut values = [1e-12 + rank as f64];
                        ranks.sum_f64(&mut values).unwrap();
                        assert!((values[0] - 3.0 - 3e-12).abs() < 1e-15);
                        let bytes = ranks.broadcast(vec![round; rank + 1]).unwrap();
                        assert_eq!(bytes, [round]);
                        ranks.wait().unwrap();
                    }
                });
            }
        });
    }

    #[test]
    fn a_rank_that_ends_is_missed() {
        let mut ranks = Threads::new(2);
        let (second, first) = (ranks.pop().unwrap(), ranks.pop().unwrap());
        let waiting = std::thread::spawn(move || first.wait());
        drop(second);
        assert_eq!(waiting.join().unwrap(), Err(LostRank));
    }
}
