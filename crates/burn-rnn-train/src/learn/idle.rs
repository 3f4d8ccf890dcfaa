//! A data loader without data.

use std::sync::Arc;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;

/// What burn-train is given where the loop has loaders of its own.
pub(super) struct NoBatches;

impl NoBatches {
    pub(super) fn arc<B: 'static>() -> Arc<dyn DataLoader<B>> {
        Arc::new(Self)
    }
}

impl<B: 'static> DataLoader<B> for NoBatches {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<B> + 'a> {
        Box::new(Nothing(core::marker::PhantomData))
    }

    fn num_items(&self) -> usize {
        0
    }

    fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<B>> {
        Self::arc()
    }

    fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<B>> {
        Self::arc()
    }
}

struct Nothing<B>(core::marker::PhantomData<B>);

impl<B> Iterator for Nothing<B> {
    type Item = Result<B, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}

impl<B> DataLoaderIterator<B> for Nothing<B> {
    fn progress(&self) -> Progress {
        Progress::new(0, 0, None)
    }
}
