//! Puts the Rust source of the project's crates together: the text that `train text` learns by default.

use std::io;
use std::path::{Path, PathBuf};

const CRATES: [&str; 5] = [
    "burn-rnn",
    "burn-rnn-cli",
    "burn-rnn-data",
    "burn-rnn-kernels",
    "burn-rnn-train",
];

/// Writes `sources.txt`, which the package that this is built for has within it.
pub fn main() -> io::Result<()> {
    // Asked for now, not when this was compiled: a build folder may serve several clones.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut files = Vec::new();
    for name in CRATES {
        // Missing where a package stands alone, without the crates that it was published with.
        if let Some(sources) = sources(Path::new(&package), name) {
            println!("cargo::rerun-if-changed={}", sources.display());
            let first = files.len();
            rust_files(&sources, &mut files)?;
            // The order of a folder differs from machine to machine; the text must not.
            files[first..].sort();
        }
    }
    let mut text = String::new();
    for file in files {
        text.push_str(&std::fs::read_to_string(file)?);
        text.push('\n');
    }
    let out = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(Path::new(&out).join("sources.txt"), text)
}

/// The sources of a crate: in `crates/` of a clone, or beside the package where Cargo unpacked both.
fn sources(package: &Path, name: &str) -> Option<PathBuf> {
    let unpacked = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
    let beside = package.join("..");
    [
        beside.join("crates").join(name),
        beside.join(name),
        beside.join(unpacked),
    ]
    .into_iter()
    .map(|folder| folder.join("src"))
    .find(|sources| sources.is_dir())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
