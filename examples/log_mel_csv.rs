//! Writes the log-mel frames of recordings as CSV files, a folder to learn from and one to test on: what `burn-rnn train
//! classify-series` reads.
//!
//! ```text
//! cargo run --release --example log_mel_csv -- spoken-digits digits    # files LABEL_SPEAKER_TAKE.wav
//! burn-rnn train classify-series --series digits/train --test digits/test
//! ```

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use burn_rnn_data::{LogMel, Recording, hold_out_takes, read_wav_folder};

/// The last takes of each speaker and label, which are tested on.
const HELD_OUT: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sounds, out] = &arguments[..] else {
        return Err("expected two folders: that of the recordings, and one to write into".into());
    };
    let recordings = read_wav_folder(Path::new(sounds))?;
    let log_mel = LogMel::new(recordings[0].sound.rate);
    let (train, test) = hold_out_takes(recordings, HELD_OUT)?;
    for (part, recordings) in [("train", train), ("test", test)] {
        write(&Path::new(out).join(part), &log_mel, &recordings)?;
    }
    Ok(())
}

/// A file a recording, with a column a band and a row a frame, and `labels.csv`.
fn write(folder: &Path, log_mel: &LogMel, recordings: &[Recording]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let analyser = log_mel.analyser()?;
    let header: Vec<String> = (1..=log_mel.bands).map(|n| format!("band {n}")).collect();
    let mut labels = "file,label\n".to_owned();
    for recording in recordings {
        let Recording {
            label,
            speaker,
            take,
            sound,
        } = recording;
        let name = format!("{label}_{speaker}_{take}.csv");
        writeln!(labels, "{name},{label}")?;
        let mut table = header.join(",") + "\n";
        for frame in analyser.features(&sound.samples).chunks(log_mel.bands) {
            let cells: Vec<String> = frame.iter().map(f32::to_string).collect();
            table += &(cells.join(",") + "\n");
        }
        fs::write(folder.join(name), table)?;
    }
    fs::write(folder.join("labels.csv"), labels)?;
    Ok(())
}
