//! Puts the Rust source of the project's crates together: the text that `char-rnn` learns by default.

use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // Of the project, whichever of its packages this is built for.
    // Asked for now, not when this was compiled: a build folder may serve several clones.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let crates = Path::new(&package)
        .ancestors()
        .map(|folder| folder.join("crates"))
        .find(|crates| crates.join("burn-rnn").is_dir())
        .expect("the package is within the project");
    println!("cargo::rerun-if-changed={}", crates.display());
    let mut files = Vec::new();
    rust_files(&crates, &mut files)?;
    // The order of a folder differs from machine to machine; the text must not.
    files.sort();
    let mut text = String::new();
    for file in files {
        text.push_str(&std::fs::read_to_string(file)?);
        text.push('\n');
    }
    let out = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(Path::new(&out).join("sources.txt"), text)
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
