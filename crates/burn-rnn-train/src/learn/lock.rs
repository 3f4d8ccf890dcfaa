//! One training a folder.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::TrainError;
use crate::new_file::remove_unfinished;

/// The folder of a training while it is under way: nobody else trains there. The operating system lets go of it however the program ends.
pub(super) struct Lock {
    path: PathBuf,
    // Holds the lock, and lets go of it when it is closed.
    _file: File,
}

impl Lock {
    /// Takes a folder, which is made where it is missing, and clears away what a killed training had not finished writing.
    ///
    /// # Errors
    ///
    /// Where another training has it, or it cannot be written.
    pub(super) fn of(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join(".lock");
        std::fs::create_dir_all(folder).map_err(TrainError::write(folder))?;
        let mut options = File::options();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(TrainError::write(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Only for the message.
                let _ = file.read_to_string(&mut process);
                return Err(TrainError::Model {
                    path: folder.to_owned(),
                    reason: format!(
                        "another training is under way in it, process {}: wait for its end, or give another folder with --out",
                        process.trim()
                    ),
                });
            }
            Err(TryLockError::Error(error)) => return Err(TrainError::write(&path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(TrainError::write(&path))?;
        remove_unfinished(folder).map_err(TrainError::write(folder))?;
        Ok(Self { path, _file: file })
    }

    /// Refuses to go on in a folder that was removed or replaced meanwhile: half of what belongs to the training
    /// would be missing there.
    ///
    /// # Errors
    ///
    /// Where the file of the lock is gone.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        match self.path.exists() {
            true => Ok(()),
            false => Err(TrainError::write(self.path.parent().unwrap_or(&self.path))(
                std::io::Error::new(
                    std::io::ErrorKind::NotFound,
                    "it was removed while the training was under way: train again",
                ),
            )),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Who comes next makes another one.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_trainings_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("out");
        let first = Lock::of(&folder).unwrap();
        let error = Lock::of(&folder).err().unwrap().to_string();
        let process = format!("process {}", std::process::id());
        assert!(
            error.contains(&process) && error.contains("--out"),
            "{error}"
        );
        let unfinished = folder.join(".burn-rnn-abc.part");
        let other = folder.join("mine.part");
        for path in [&unfinished, &other] {
            std::fs::write(path, "x").unwrap();
        }
        drop(first);
        drop(Lock::of(&folder).unwrap());
        assert!(!unfinished.exists() && other.exists());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
