//! What went wrong: each kind of it once, with the file that did it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The faults that were found.
pub struct Failures {
    folder: PathBuf,
    /// How often each was seen, and how the first of them comes about again.
    kinds: BTreeMap<String, (usize, String)>,
}

impl Failures {
    /// None yet; the files of those that come are kept in a folder of this name.
    pub fn new(name: &str) -> Self {
        let folder = crate::folder(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            kinds: BTreeMap::new(),
        }
    }

    /// A fault of a mutation, `FORMAT:NUMBER`, whose file is in `folder`; `command` shows it there.
    pub fn add(&mut self, mutation: &str, fault: &str, folder: &Path, command: &str) {
        let (format, _) = mutation.split_once(':').expect("it has a number");
        // One fault has many numbers.
        let kind = fault.replace(|c: char| c.is_ascii_digit(), "#");
        let kind: String = kind.chars().take(300).collect();
        let place = self.kinds.len();
        let kept = self
            .folder
            .join(format!("{}-{place}", mutation.replace(':', "-")));
        let (count, _) = self
            .kinds
            .entry(format!("{format}: {kind}"))
            .or_insert_with(|| {
                fs::rename(folder, &kept).unwrap();
                (
                    0,
                    format!(
                        "BURN_RNN_MUTATION={mutation}: cd {} && {command}\n    {fault}",
                        kept.display()
                    ),
                )
            });
        *count += 1;
    }

    /// Fails with all of them.
    pub fn finish(self) {
        let kinds = self.kinds.iter();
        let lines: Vec<String> = kinds
            .map(|(_, (count, first))| format!("{count} × {first}"))
            .collect();
        assert!(
            lines.is_empty(),
            "{} faults:\n{}",
            lines.len(),
            lines.join("\n")
        );
    }
}
