//! What the programs of the published models share, and what is not about networks: arrays, sounds, mel frames, comparisons.

pub mod mel;
pub mod npz;
pub mod sound;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use safetensors::SafeTensors;

/// The numbers of a name in a file of fixtures/, safetensors of `f32`.
///
/// # Errors
///
/// Where there are none.
pub fn expected(file: impl AsRef<Path>, name: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let (numbers, rest) = file.tensor(name)?.data().as_chunks();
    assert!(rest.is_empty(), "all of {name} are f32");
    Ok(numbers
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect())
}

/// How far two lists of numbers are apart where they are farthest; no number where one of them has none or they differ in length.
pub fn distance(given: &[f32], expected: &[f32]) -> f32 {
    if given.len() != expected.len() {
        return f32::NAN;
    }
    let distances = given.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // A maximum that keeps what is no number.
    distances.fold(0.0, |worst, x| if x <= worst { worst } else { x })
}

/// The exit of a program that compares.
pub fn exit(right: bool) -> ExitCode {
    if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The median over 15 rounds of the time that a call takes, in microseconds, of 2000 calls each.
pub fn microseconds(mut work: impl FnMut(usize)) -> f64 {
    let mut rounds = [0.0; 15];
    for round in &mut rounds {
        let start = Instant::now();
        (0..2000).for_each(&mut work);
        *round = start.elapsed().as_secs_f64() * 1e6 / 2000.0;
    }
    rounds.sort_by(f64::total_cmp);
    rounds[7]
}
