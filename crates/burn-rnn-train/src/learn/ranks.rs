//! What the ranks of a training tell each other.
//!
//! All have the same weights and make the same steps: each learns from its part of a batch, the gradients are added
//! up. Rank 0 alone evaluates, prints and writes; what it finds or reads, the others are told.

use std::time::{Duration, Instant};

use burn::tensor::TensorData;
use burn_rnn_ranks::{Communicator, LostRank, Part, sum, weights};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::Task;
use super::checkpoint_file::{Stored, first_difference};
use super::learning::Learning;
use super::learning::take_apart;
use super::step::Sum;
use super::training::Training;
use crate::TrainError;
use crate::model_file::hexadecimal;

/// What working together cost a rank.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    steps: usize,
    /// In which gradients were added up, waiting for other ranks among it.
    adding_up: Duration,
    /// Of the steps as a whole.
    all: Duration,
}

/// What working together cost, as it is told at a training's end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RanksReport {
    /// The number of ranks.
    pub ranks: usize,
    /// The bytes of the gradients that a rank gives in a step.
    pub bytes_a_step: usize,
    /// The mean seconds of a step, without evaluations and checkpoints.
    pub seconds_a_step: f64,
    /// The part of it in which gradients are added up and ranks wait for each other.
    pub seconds_adding_up: f64,
}

impl core::fmt::Display for RanksReport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{} ranks: {:.2} MB of gradients a step, added up in {:.2} of its {:.2} ms ({:.1} %).",
            self.ranks,
            self.bytes_a_step as f64 / 1e6,
            self.seconds_adding_up * 1e3,
            self.seconds_a_step * 1e3,
            self.seconds_adding_up / self.seconds_a_step * 100.0
        )
    }
}

impl Cost {
    pub(super) fn step(&mut self, took: Duration) {
        self.steps += 1;
        self.all += took;
    }

    /// Nothing for a rank by itself.
    pub(super) fn report(&self, ranks: usize, parameters: usize) -> Option<RanksReport> {
        let mean = |time: Duration| time.as_secs_f64() / self.steps.max(1) as f64;
        (ranks > 1).then(|| RanksReport {
            ranks,
            bytes_a_step: parameters * size_of::<f32>(),
            seconds_a_step: mean(self.all),
            seconds_adding_up: mean(self.adding_up),
        })
    }
}

/// What rank 0 has, on all ranks. `mine` is asked on rank 0 alone.
fn told<V: Serialize + DeserializeOwned>(
    ranks: &dyn Communicator,
    mine: Option<V>,
) -> Result<V, TrainError> {
    let bytes = mine.map(|value| serde_json::to_vec(&value).expect("it is plain data"));
    let bytes = ranks.broadcast(bytes.unwrap_or_default())?;
    Ok(serde_json::from_slice(&bytes).expect("it was written by this very program"))
}

/// Refuses a rank with other options, data or another program than rank 0's.
pub(super) fn check_same(ranks: &dyn Communicator, settings: &str) -> Result<(), TrainError> {
    let mine = format!("program version {}\n{settings}", env!("CARGO_PKG_VERSION"));
    let first = ranks.broadcast(mine.clone().into_bytes())?;
    let first = String::from_utf8_lossy(&first);
    if let Some((first, here)) = first_difference(&first, &mine) {
        return Err(TrainError::OtherThanRank0 { first, here });
    }
    // Nobody begins where one is refused.
    Ok(ranks.wait()?)
}

impl<T: Task> Training<'_, T> {
    pub(super) fn is_first(&self) -> bool {
        self.ranks.rank() == 0
    }

    pub(super) fn is_alone(&self) -> bool {
        self.ranks.size() == 1
    }

    /// Whether somebody asked for the end, here or of another rank.
    pub(super) fn asked(&self) -> bool {
        match self.is_alone() {
            true => self.asked_here(),
            false => self.asked_together,
        }
    }

    /// Whoever is killed from now on leaves something to go on from.
    pub(super) fn is_first_step_of_ranks(&self) -> bool {
        !self.is_alone() && self.learning.position.step == 1
    }

    /// This rank's part of the batches of a pass.
    pub(super) fn mine(&self, picks: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        match self.shares_rows || self.is_alone() {
            true => picks,
            false => {
                let part = Part::of(self.ranks);
                picks.iter().map(|picked| part.deal(picked)).collect()
            }
        }
    }

    /// What all ranks together have learnt in a step, and whether one of them is to end.
    pub(super) fn add_up(&mut self, gathered: Sum) -> Result<Sum, TrainError> {
        if self.is_alone() {
            return Ok(gathered);
        }
        let started = Instant::now();
        let asked = f64::from(u8::from(self.asked_here()));
        let mut figures = [gathered.loss, gathered.targets as f64, asked];
        let model = &self.learning.model;
        let gradients = sum(gathered.gradients, model, &mut figures, self.ranks)?;
        let [loss, targets, asked] = figures;
        self.asked_together = asked > 0.0;
        self.cost.adding_up += started.elapsed();
        Ok(Sum {
            gradients,
            loss,
            targets: targets as usize,
        })
    }

    /// The scores that rank 0 has found, or that it was interrupted.
    pub(super) fn told_scores(
        &self,
        find: impl FnOnce() -> Result<Option<Vec<f64>>, TrainError>,
    ) -> Result<Option<Vec<f64>>, TrainError> {
        if self.is_alone() {
            return find();
        }
        let mine = match self.is_first() {
            true => Some(find()?.map(|scores| scores.into_iter().map(f64::to_bits).collect())),
            false => None,
        };
        self.ranks.wait()?;
        let scores: Option<Vec<u64>> = told(self.ranks, mine)?;
        Ok(scores.map(|scores| scores.into_iter().map(f64::from_bits).collect()))
    }

    /// A number as rank 0 has it: ranks on processors of different kinds round differently.
    pub(super) fn told_number(&self, number: f64) -> Result<f64, TrainError> {
        match self.is_alone() {
            true => Ok(number),
            false => Ok(f64::from_bits(told(self.ranks, Some(number.to_bits()))?)),
        }
    }

    /// The state that all ranks carry together, one rank's rows after another's; refuses weights that differ from
    /// those of rank 0.
    pub(super) fn whole_state(&self) -> Result<Option<Vec<TensorData>>, TrainError> {
        let carried = self.learning.carried.clone().map(take_apart);
        if self.is_alone() {
            return Ok(carried);
        }
        self.check_weights()?;
        let Some(tensors) = carried else {
            return Ok(None);
        };
        let whole = tensors.into_iter().map(|data| self.whole(data));
        Ok(Some(whole.collect::<Result<_, _>>()?))
    }

    /// The rows of all ranks. Each gives its rows at their place among zeros.
    fn whole(&self, data: TensorData) -> Result<TensorData, LostRank> {
        let [rows, width] = [data.shape()[0], data.shape()[1]];
        let (rank, ranks) = (self.ranks.rank(), self.ranks.size());
        let mut counts = vec![0.0; ranks];
        counts[rank] = rows as f64;
        self.ranks.sum_f64(&mut counts)?;
        let before: f64 = counts[..rank].iter().sum();
        let all: f64 = counts.iter().sum();
        let mut values = vec![0f32; all as usize * width];
        let places = values.iter_mut().skip(before as usize * width);
        places
            .zip(data.iter::<f32>())
            .for_each(|(place, value)| *place = value);
        self.ranks.sum(&mut values)?;
        Ok(TensorData::new(values, [all as usize, width]))
    }

    /// What of a checkpoint's state is this rank's.
    pub(super) fn my_state(&self, whole: Vec<TensorData>) -> Vec<TensorData> {
        if self.is_alone() {
            return whole;
        }
        let rows = |data: TensorData| {
            let [rows, width] = [data.shape()[0], data.shape()[1]];
            let mine = Part::of(self.ranks).stretch(rows);
            let values = data.iter::<f32>().skip(mine.start * width);
            let values: Vec<f32> = values.take(mine.len() * width).collect();
            TensorData::new(values, [mine.len(), width])
        };
        whole.into_iter().map(rows).collect()
    }

    fn check_weights(&self) -> Result<(), TrainError> {
        let values = weights(&self.learning.model);
        let mut sum = Sha256::new();
        values
            .iter()
            .for_each(|value| sum.update(value.to_le_bytes()));
        let mine = hexadecimal(sum);
        let first = told(self.ranks, Some(mine.clone()))?;
        match first == mine {
            true => Ok(()),
            false => {
                let name = |sum: String| format!("weights of the sum {sum}");
                Err(TrainError::OtherThanRank0 {
                    first: name(first),
                    here: name(mine),
                })
            }
        }
    }

    /// Gives the checkpoint that rank 0 has read to the others.
    pub(super) fn tell_checkpoint(&self, stored: Stored) -> Result<(), TrainError> {
        let file = stored.into_bytes(self.checkpoints.settings());
        self.ranks.broadcast(file)?;
        Ok(())
    }

    /// The same on the other ranks.
    pub(super) fn told_checkpoint(&self) -> Result<Learning<T::Model>, TrainError> {
        let file = self.ranks.broadcast(Vec::new())?;
        let stored = Stored::from_bytes(&file, || self.checkpoints.settings().to_owned());
        let restored = stored.and_then(|stored| self.restored(stored));
        restored.map_err(|source| TrainError::Checkpoint {
            path: self.plan.folder.clone(),
            source,
        })
    }

    /// Waits until rank 0 has written everything; the others have nothing more to do then.
    ///
    /// # Errors
    ///
    /// [`TrainError::OtherRank`] on all ranks but 0.
    pub(super) fn leave(&self) -> Result<(), TrainError> {
        self.ranks.wait()?;
        match self.is_first() {
            true => Ok(()),
            false => Err(TrainError::OtherRank),
        }
    }
}
