//! Sound: WAV files, log-mel features and back, a labelled folder, generated sounds.

mod alignment;
mod augment;
mod folder;
mod g711;
mod generated;
mod griffin_lim;
mod log_mel;
mod wav;
mod wav_write;

pub use alignment::aligned_distance;
pub use augment::Augmentation;
pub use folder::{Recording, hold_out_takes, read_wav_folder};
pub use generated::generate_sounds;
pub use griffin_lim::griffin_lim;
pub use log_mel::{LogMel, MelAnalyser};
pub use wav::{Sound, read_wav};
pub use wav_write::wav_file;
