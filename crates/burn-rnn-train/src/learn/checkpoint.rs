//! Checkpoints: all that a broken-off training needs to go on as if nothing had happened.
//!
//! One file a checkpoint, `checkpoint-STEP.brnn`: eight bytes of magic, the length of the header (little
//! endian, 8 bytes), the header (JSON), the parts that it lists one after another, and the SHA-256 sum of
//! all that. It is written beside, flushed and renamed, so a file of that name is complete or damaged
//! from outside; the sum tells which. The last two are kept.

use std::path::{Path, PathBuf};

use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor, TensorData};
use burn_rnn::State;
use burn_rnn_data::read_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bits;
use crate::new_file::write_whole;
use crate::{NetworkState, TrainError};

const MAGIC: &[u8; 8] = b"burnrnn1";
const SUM: usize = 32;
const KEPT: usize = 2;

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The optimizer steps made.
    pub(super) step: usize,
    /// The pass over the examples, counted from 0.
    pub(super) pass: usize,
    /// The batches of this pass that are done.
    pub(super) batch: usize,
    /// All held-out scores of the best model; empty before there is one.
    #[serde(with = "bits::all")]
    pub(super) best_scores: Vec<f64>,
    /// The steps made when the best model was saved.
    pub(super) best_step: usize,
    /// The evaluations since then.
    pub(super) since_best: usize,
    /// What was seen at the evaluations.
    pub(super) curve: Vec<Point>,
    /// The sum of the losses since the last evaluation.
    #[serde(with = "bits")]
    pub(super) loss_sum: f64,
    /// Their number.
    pub(super) loss_count: usize,
    /// The seconds that the training has taken.
    pub(super) seconds: f64,
}

/// A point of the learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The optimizer steps made.
    pub step: usize,
    /// The mean training loss since the point before.
    #[serde(with = "bits")]
    pub train: f64,
    /// The held-out scores.
    #[serde(with = "bits::all")]
    pub scores: Vec<f64>,
}

/// All that a checkpoint holds.
pub(super) struct Checkpoint {
    pub(super) position: Position,
    pub(super) model: ModuleRecord,
    pub(super) optimizer: OptimizerRecord,
    pub(super) schedule: LrSchedulerRecord,
    /// The carried state, its tensors in the order of [`State::map`].
    pub(super) carried: Option<Vec<TensorData>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    /// The settings that must be the same for the training to go on.
    settings: String,
    position: Position,
    /// The lengths of the model, the optimizer and the schedule.
    parts: [usize; 3],
    /// The shapes of the carried state's tensors, `f32`, after the parts.
    carried: Option<Vec<[usize; 2]>>,
}

/// The folder of the checkpoints of a training.
pub(super) struct Checkpoints {
    folder: PathBuf,
    /// What the training was asked for; another one is not gone on with.
    settings: String,
}

impl Checkpoints {
    pub(super) fn new(folder: &Path, settings: String) -> Self {
        Self {
            folder: folder.to_owned(),
            settings,
        }
    }

    fn path(&self, step: usize) -> PathBuf {
        self.folder.join(format!("checkpoint-{step:09}.brnn"))
    }

    /// The checkpoints that there are, the newest first.
    fn found(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with("checkpoint-") && name.ends_with(".brnn"))
            })
            .collect();
        paths.sort();
        paths.reverse();
        paths
    }

    /// Whether there is one.
    pub(super) fn any(&self) -> bool {
        !self.found().is_empty()
    }

    /// Writes a checkpoint and then, no sooner, deletes those before the last two.
    pub(super) fn save(&self, checkpoint: Checkpoint) -> Result<(), TrainError> {
        let path = self.path(checkpoint.position.step);
        let refuse = |error: String| TrainError::Model {
            path: path.clone(),
            reason: error,
        };
        let bytes = |bytes: Result<Bytes, _>| {
            bytes.map_err(|error: burn::store::RecordError| refuse(error.to_string()))
        };
        let parts = [
            bytes(checkpoint.model.into_bytes())?,
            bytes(checkpoint.optimizer.into_bytes())?,
            bytes(checkpoint.schedule.into_bytes())?,
        ];
        let shape = |data: &TensorData| [data.shape()[0], data.shape()[1]];
        let header = Header {
            settings: self.settings.clone(),
            position: checkpoint.position,
            parts: [parts[0].len(), parts[1].len(), parts[2].len()],
            carried: checkpoint
                .carried
                .as_ref()
                .map(|tensors| tensors.iter().map(shape).collect()),
        };
        let header = serde_json::to_vec(&header).expect("the header is plain data");
        let mut file = MAGIC.to_vec();
        file.extend((header.len() as u64).to_le_bytes());
        file.extend(header);
        for part in &parts {
            file.extend_from_slice(part);
        }
        for data in checkpoint.carried.into_iter().flatten() {
            for value in data.iter::<f32>() {
                file.extend(value.to_le_bytes());
            }
        }
        let sum = Sha256::digest(&file);
        file.extend_from_slice(&sum);
        write_whole(&path, &file).map_err(|error| match error {
            TrainError::Write { source, .. } => refuse(format!(
                "cannot be written: {source}; make room, and the same command with --resume goes on \
                 from the checkpoint before"
            )),
            other => other,
        })?;
        for old in self.found().into_iter().skip(KEPT) {
            std::fs::remove_file(&old).map_err(TrainError::write(&old))?;
        }
        Ok(())
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    ///
    /// Where there is none, it is damaged (then the one before is offered), or it belongs to a training
    /// with other settings.
    pub(super) fn newest(&self) -> Result<Checkpoint, TrainError> {
        let found = self.found();
        let Some(newest) = found.first() else {
            return Err(TrainError::Model {
                path: self.folder.clone(),
                reason:
                    "no checkpoint-*.brnn in it to go on from: leave out --resume, or name the \
                         folder of a broken-off training with --out"
                        .to_owned(),
            });
        };
        self.load(newest).map_err(|reason| {
            let before = found.get(1).map(|path| (path, self.load(path)));
            let offer = match before {
                Some((path, Ok(before))) => format!(
                    "; the one before, of step {}, is sound: delete {} and give --resume again to go \
                     on from {}",
                    before.position.step,
                    newest.display(),
                    path.display()
                ),
                _ => String::new(),
            };
            TrainError::Model {
                path: newest.clone(),
                reason: reason + &offer,
            }
        })
    }

    fn load(&self, path: &Path) -> Result<Checkpoint, String> {
        let file = read_file(path).map_err(|error| error.to_string())?;
        let cut = || "the checkpoint is cut short".to_owned();
        if !file.starts_with(MAGIC) {
            return Err("not a checkpoint of this program".to_owned());
        }
        let content = file.len().checked_sub(SUM).ok_or_else(cut)?;
        let (content, sum) = file.split_at(content);
        if Sha256::digest(content).as_slice() != sum {
            return Err(
                "the checkpoint is damaged: its checksum is not that of its content".to_owned(),
            );
        }
        let mut rest = &content[MAGIC.len()..];
        let mut take = |length: usize| -> Result<&[u8], String> {
            let (part, after) = rest.split_at_checked(length).ok_or_else(cut)?;
            rest = after;
            Ok(part)
        };
        let length = u64::from_le_bytes(take(8)?.try_into().expect("eight bytes"));
        let header: Header = serde_json::from_slice(take(length as usize)?)
            .map_err(|error| format!("its header: {error}"))?;
        if header.settings != self.settings {
            return Err(format!(
                "the training was begun with other settings: {}; give the same options again, or \
                 begin anew without --resume",
                difference(&header.settings, &self.settings)
            ));
        }
        let mut part =
            |length: usize| Ok::<_, String>(Bytes::from_bytes_vec(take(length)?.to_vec()));
        let [model, optimizer, schedule] = header.parts;
        let text = |error: burn::store::RecordError| error.to_string();
        let model = ModuleRecord::from_bytes(part(model)?).map_err(text)?;
        let optimizer = OptimizerRecord::from_bytes(part(optimizer)?).map_err(text)?;
        let schedule = LrSchedulerRecord::from_bytes(part(schedule)?).map_err(text)?;
        let carried = match header.carried {
            None => None,
            Some(shapes) => {
                let mut tensors = Vec::with_capacity(shapes.len());
                for shape in shapes {
                    let bytes = take(shape[0] * shape[1] * 4)?;
                    let value =
                        |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
                    let values: Vec<f32> = bytes.chunks_exact(4).map(value).collect();
                    tensors.push(TensorData::new(values, shape));
                }
                Some(tensors)
            }
        };
        Ok(Checkpoint {
            position: header.position,
            model,
            optimizer,
            schedule,
            carried,
        })
    }

    /// Moves what an earlier training left in the folder into `previous`, or `previous-2` and so on where there is one already: nothing
    /// is lost, and nothing of the user's is touched.
    pub(super) fn put_aside(&self) -> Result<(), TrainError> {
        let mut files = self.found();
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

/// The tensors of a state, on no device.
pub(super) fn take_apart(state: NetworkState) -> Vec<TensorData> {
    let mut tensors = Vec::new();
    state.map(&mut |tensor: Tensor<2>| {
        tensors.push(tensor.to_data());
        tensor
    });
    tensors
}

/// The state whose tensors these are; `zero` has its form.
pub(super) fn put_together(zero: NetworkState, tensors: Vec<TensorData>) -> NetworkState {
    let mut tensors = tensors.into_iter();
    zero.map(&mut |zero: Tensor<2>| match tensors.next() {
        Some(data) => Tensor::from_data(data, &zero.device()),
        None => zero,
    })
}

/// The first lines in which two settings differ.
fn difference(old: &str, new: &str) -> String {
    let pair = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    match pair {
        Some((old, new)) => format!("{} then, {} now", old.trim(), new.trim()),
        None => "some are missing".to_owned(),
    }
}
