//! The checkpoints of a training: all that it needs to go on, after a break, as if nothing had happened.
//!
//! One file a checkpoint, `checkpoint-STEP.brnn`. It is written beside, flushed and renamed, so a file of that
//! name is complete or damaged from outside; its sum tells which. The last two are kept.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};

use burn_rnn_data::read_file;

use super::checkpoint_file::Stored;
use crate::new_file::write_whole;
use crate::{CheckpointError, TrainError};

const KEPT: usize = 2;

/// The checkpoints in a folder, the newest first.
pub(super) fn found(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let step = |path: &Path| -> Option<u64> {
        let name = path.file_name()?.to_str()?;
        let step = name.strip_prefix("checkpoint-")?.strip_suffix(".brnn")?;
        step.parse().ok()
    };
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((step(&path)?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// The folder of the checkpoints of a training.
pub(super) struct Checkpoints<'a> {
    folder: PathBuf,
    /// What the training was asked for; another one is not gone on with. Found out when the first
    /// checkpoint is read or written: it takes a look at the examples.
    settings: LazyCell<String, Box<dyn FnOnce() -> String + 'a>>,
}

impl<'a> Checkpoints<'a> {
    pub(super) fn new(folder: &Path, settings: impl FnOnce() -> String + 'a) -> Self {
        Self {
            folder: folder.to_owned(),
            settings: LazyCell::new(Box::new(settings)),
        }
    }

    pub(super) fn settings(&self) -> &str {
        &self.settings
    }

    /// Writes a checkpoint and then, no sooner, deletes those before the last two.
    pub(super) fn save(&self, checkpoint: Stored) -> Result<(), TrainError> {
        let step = checkpoint.position.step;
        let path = self.folder.join(format!("checkpoint-{step:09}.brnn"));
        let file = checkpoint.into_bytes(&self.settings);
        write_whole(&path, &file).map_err(|error| match error {
            TrainError::Write { source, .. } => TrainError::Checkpoint {
                path: path.clone(),
                source: CheckpointError::Write {
                    source,
                    before: !found(&self.folder).is_empty(),
                },
            },
            other => other,
        })?;
        for old in found(&self.folder).into_iter().skip(KEPT) {
            std::fs::remove_file(&old).map_err(TrainError::write(&old))?;
        }
        Ok(())
    }

    /// What `restore` makes of the newest checkpoint.
    ///
    /// # Errors
    ///
    /// Where there is none, it cannot be used (then the one before is offered, if it can), or it belongs to a
    /// training with other settings or data.
    pub(super) fn newest<R>(
        &self,
        restore: impl Fn(Stored) -> Result<(usize, R), CheckpointError>,
    ) -> Result<R, TrainError> {
        let load = |path: &Path| {
            let file = read_file(path).map_err(CheckpointError::Read)?;
            restore(Stored::from_bytes(&file, || self.settings.clone())?)
        };
        let found = found(&self.folder);
        let Some(newest) = found.first() else {
            return Err(TrainError::Checkpoint {
                path: self.folder.clone(),
                source: CheckpointError::Missing,
            });
        };
        let refused = match load(newest) {
            Ok((_, restored)) => return Ok(restored),
            Err(error) => error,
        };
        let before = found.get(1).map(|path| (path, load(path)));
        Err(TrainError::Checkpoint {
            path: newest.clone(),
            source: match before {
                Some((before, Ok((step, _)))) => CheckpointError::Before {
                    source: Box::new(refused),
                    newest: newest.clone(),
                    before: before.clone(),
                    step,
                },
                _ => refused,
            },
        })
    }

    /// Moves what an earlier training left in the folder into `previous`, or `previous-2` and so on where there is
    /// one already: nothing is lost, and nothing of the user's is touched.
    pub(super) fn put_aside(&self) -> Result<(), TrainError> {
        let mut files = found(&self.folder);
        files.extend(
            ["model.safetensors", "last-good.safetensors", "run.toml"]
                .map(|name| self.folder.join(name))
                .into_iter()
                .filter(|path| path.exists()),
        );
        if files.is_empty() {
            return Ok(());
        }
        let names = (2..).map(|number| format!("previous-{number}"));
        let names = core::iter::once("previous".to_owned()).chain(names);
        let mut folders = names.map(|name| self.folder.join(name));
        let previous = folders.find(|folder| !folder.exists());
        let previous = previous.expect("there are more numbers than folders");
        std::fs::create_dir_all(&previous).map_err(TrainError::write(&previous))?;
        for file in files {
            let name = file.file_name().expect("a file was found by its name");
            std::fs::rename(&file, previous.join(name)).map_err(TrainError::write(&file))?;
        }
        Ok(())
    }
}
