//! What went wrong: each kind of it once, with the file that did it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The faults that were found.
pub struct Failures {
    folder: PathBuf,
    /// How often each kind was seen, and how the first of it comes about again.
    kinds: BTreeMap<String, (usize, String)>,
}

impl Failures {
    /// None yet; the files of those that come are kept in a folder of this name.
    pub fn new(name: &str) -> Self {
        let folder = crate::folder(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let kinds = BTreeMap::new();
        Self { folder, kinds }
    }

    /// A fault of a mutation, `FORMAT:NUMBER`, whose file is in `work`; `command` shows it there.
    pub fn add(&mut self, mutation: &str, fault: &str, work: &Path, command: &str) {
        let (format, _) = mutation.split_once(':').expect("it has a number");
        // One fault has many numbers.
        let kind = fault.replace(|c: char| c.is_ascii_digit(), "");
        let kind: String = kind.chars().take(200).collect();
        let kept = self.folder.join(format!(
            "{}-{}",
            mutation.replace(':', "-"),
            self.kinds.len()
        ));
        let first = || {
            fs::rename(work, &kept).unwrap();
            let place = kept.display();
            (
                0,
                format!("{fault}\n    BURN_RNN_MUTATION={mutation}\n    cd {place} && {command}"),
            )
        };
        let (count, _) = self
            .kinds
            .entry(format!("{format} {kind}"))
            .or_insert_with(first);
        *count += 1;
    }

    /// Fails with all of them.
    pub fn finish(self) {
        let kinds = self.kinds.values();
        let told: Vec<String> = kinds
            .map(|(count, first)| format!("{count} × {first}"))
            .collect();
        assert!(
            told.is_empty(),
            "{} kinds of faults:\n{}",
            told.len(),
            told.join("\n")
        );
    }
}
