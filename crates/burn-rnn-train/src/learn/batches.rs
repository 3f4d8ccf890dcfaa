//! Batches in the order that the task says, whatever the number of threads that prepare them.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder, DataLoaderIterator};
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;

use super::{Learnable, Task};
use crate::TrainError;

/// What the model of a task learns from at once.
pub(super) type Batch<T> = <<T as Task>::Model as Learnable>::Batch;

/// The batches of one pass, or of what is left of one; nothing in place of one without examples.
pub(super) struct Batches<T: Task> {
    loader: Arc<dyn DataLoader<(usize, Option<Batch<T>>)>>,
    count: usize,
}

impl<T: Task> Batches<T> {
    /// `picks` are the batches as their examples' indices.
    pub(super) fn new(task: &T, picks: Vec<Vec<usize>>, workers: usize, device: &Device) -> Self {
        // Each worker gets a stretch of the data set; dealt like cards, the stretches together are
        // always at about the same place, and few batches wait for those before them.
        let hands = workers.max(1);
        let count = picks.len();
        let dealt = (0..hands).flat_map(|hand| (hand..picks.len()).step_by(hands));
        let picked = Picked {
            order: dealt.map(|place| (place, picks[place].clone())).collect(),
            examples: task.examples(),
        };
        let assemble = Assemble {
            batcher: task.batcher(),
        };
        let loader = DataLoaderBuilder::new(assemble)
            .batch_size(1)
            .num_workers(workers)
            .set_device(device.clone())
            .build(picked);
        Self { loader, count }
    }

    /// The batches in their order.
    pub(super) fn iter(&self) -> InOrder<'_, Option<Batch<T>>> {
        InOrder {
            source: self.loader.iter(),
            early: BTreeMap::new(),
            next: 0,
            count: self.count,
        }
    }
}

/// Whole batches as the items of a data set.
struct Picked<I> {
    order: Vec<(usize, Vec<usize>)>,
    examples: Arc<dyn Dataset<I>>,
}

impl<I: Clone + Send + Sync> Dataset<(usize, Vec<I>)> for Picked<I> {
    fn get(&self, index: usize) -> Result<(usize, Vec<I>), DatasetError> {
        let (place, examples) = &self.order[index];
        Ok((*place, self.examples.get_many(examples.clone())?))
    }

    fn len(&self) -> usize {
        self.order.len()
    }
}

struct Assemble<I, B> {
    batcher: Arc<dyn Batcher<I, B>>,
}

impl<I: Send, B> Batcher<(usize, Vec<I>), (usize, Option<B>)> for Assemble<I, B> {
    fn batch(&self, items: Vec<(usize, Vec<I>)>, device: &Device) -> (usize, Option<B>) {
        let (place, items) = items
            .into_iter()
            .next()
            .expect("the loader gives one item at a time");
        let batch = match items.is_empty() {
            true => None,
            false => Some(self.batcher.batch(items, device)),
        };
        (place, batch)
    }
}

/// Puts batches that come early back in order.
pub(super) struct InOrder<'a, B> {
    source: Box<dyn DataLoaderIterator<(usize, B)> + 'a>,
    early: BTreeMap<usize, B>,
    next: usize,
    /// All that there have to be.
    count: usize,
}

impl<B> Iterator for InOrder<'_, B> {
    type Item = Result<B, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(Ok(batch));
            }
            if self.next == self.count {
                return None;
            }
            match self.source.next() {
                Some(Ok((place, batch))) => {
                    self.early.insert(place, batch);
                }
                Some(Err(error)) => return Some(Err(TrainError::Examples(error))),
                // A thread that fails ends the loader as if the pass were over.
                None => {
                    return Some(Err(TrainError::Loader {
                        batch: self.next + 1,
                        batches: self.count,
                    }));
                }
            }
        }
    }
}
