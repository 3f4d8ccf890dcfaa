//! What a session measured, as it is kept in a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::case::{Case, Cell, Mode};
use crate::contestant::Contestant;

/// Everything that one session measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Processor, threads and versions.
    pub session: Vec<String>,
    /// Who was left out, and why.
    pub left_out: Vec<String>,
    /// The machine's products of matrices.
    pub sgemm: Vec<Sgemm>,
    /// The rows of the tables.
    pub rows: Vec<Row>,
}

/// The best rate of one library on a number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sgemm {
    /// The library.
    pub library: String,
    /// Threads.
    pub threads: usize,
    /// 10⁹ floating-point operations a second.
    pub gflops: f64,
}

/// A case with all who took part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was timed.
    #[serde(flatten)]
    pub case: Case,
    /// Who took part.
    pub entries: Vec<Entry>,
}

/// What one contestant needed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub contestant: Contestant,
    /// Median seconds; bytes for memory.
    pub median: f64,
    /// The quarter of the runs that was faster than this.
    pub lower_quartile: f64,
    /// The quarter of the runs that was slower than this.
    pub upper_quartile: f64,
    /// The slowest hundredth of the runs was slower than this.
    pub p99: f64,
    /// Timed runs.
    pub runs: usize,
    /// How it was run, where there was a choice.
    pub note: Option<String>,
}

impl Entry {
    /// Whether the runs differ so much that something else had the processor meanwhile.
    pub fn is_unsteady(&self) -> bool {
        self.upper_quartile > 1.5 * self.lower_quartile
    }
}

impl Row {
    /// What a contestant needed, if it took part.
    pub fn entry(&self, contestant: Contestant) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.contestant == contestant)
    }

    /// How many times what ours needed another needed.
    pub fn ratio(&self, other: Contestant) -> Option<f64> {
        self.ratio_to(Contestant::Ours, other)
    }

    /// How many times what the first needed the other needed.
    pub fn ratio_to(&self, first: Contestant, other: Contestant) -> Option<f64> {
        let first = self.entry(first)?.median;
        Some(self.entry(other)?.median / first)
    }
}

impl Record {
    /// The rows of one table.
    pub fn table(&self, mode: Mode, cell: Cell) -> impl Iterator<Item = &Row> + Clone {
        let wanted = move |row: &&Row| (row.case.mode, row.case.cell) == (mode, cell);
        self.rows.iter().filter(wanted)
    }

    /// Reads sessions and joins them; a row that several have is the last one's.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or is none of this program's.
    pub fn read(paths: &[PathBuf]) -> Result<Self, String> {
        let mut joined = Self::default();
        for path in paths {
            let shown = path.display();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("{shown} cannot be read: {error}"))?;
            let record: Self = serde_json::from_str(&text).map_err(|error| {
                format!("{shown} is not what --json of this program writes: {error}")
            })?;
            joined
                .rows
                .retain(|row| record.rows.iter().all(|new| new.case != row.case));
            joined.rows.extend(record.rows);
            joined.sgemm.extend(record.sgemm);
            for (lines, new) in [
                (&mut joined.session, record.session),
                (&mut joined.left_out, record.left_out),
            ] {
                for line in new {
                    if !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
        }
        Ok(joined)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).expect("a record is plain data");
        whole(path, ".json", |file| {
            std::fs::File::create(file)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|error| error.to_string())
        })
    }
}

/// Lets `fill` write a new file beside `path` and renames it when it is complete.
///
/// # Errors
///
/// Where that fails; what was at `path` stays then.
pub fn whole(
    path: &Path,
    suffix: &str,
    fill: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let failed = |error: String| format!("{} cannot be written: {error}", path.display());
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let file = tempfile::Builder::new()
        .suffix(suffix)
        .tempfile_in(folder)
        .map_err(|error| failed(error.to_string()))?;
    fill(file.path()).map_err(failed)?;
    #[cfg(unix)]
    {
        // Temporary files are for their owner alone; this one is not temporary any more.
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(file.path(), permissions)
            .map_err(|error| failed(error.to_string()))?;
    }
    file.persist(path)
        .map(drop)
        .map_err(|error| failed(error.error.to_string()))
}
