//! Labelled sounds for the trainers: from a folder or generated, in three parts, as scaled log-mel frames.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn_rnn_data::{
    DataError, LogMel, MelAnalyser, Recording, Scaler, ScalerKind, Sound, generate_sounds,
    hold_out_takes, read_wav_folder,
};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Where the sounds come from and what is held out.
#[derive(Clone, Debug, Args)]
pub struct SoundArgs {
    /// A folder of recordings named LABEL_SPEAKER_TAKE.wav; generated sounds if not given
    #[arg(long, value_name = "DIR")]
    pub wav_dir: Option<PathBuf>,
    /// The last takes of each speaker and label, that nothing is learnt or chosen by
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub hold_out_takes: usize,
    /// The takes of each speaker and label before those, that choose the best model
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub valid_takes: usize,
}

/// The takes that are generated of each sound where there is no folder.
const GENERATED: u32 = 20;

/// Sounds in three parts.
#[derive(Clone, Debug)]
pub struct Sounds {
    /// What is learnt from.
    pub train: Arc<Vec<Recording>>,
    /// What chooses the best model.
    pub valid: Vec<Recording>,
    /// What is only tested on.
    pub held_out: Vec<Recording>,
    /// All labels, in alphabetical order.
    pub labels: Vec<String>,
    /// All speakers, in alphabetical order.
    pub speakers: Vec<String>,
    /// The samples of a second, of all of them.
    pub rate: u32,
}

impl Sounds {
    /// The sounds of a folder, or generated ones of `seed`.
    ///
    /// # Errors
    ///
    /// Where the folder or a file does not fit, there are fewer than two labels, or takes are too few for
    /// what is held out.
    pub fn read(args: &SoundArgs, seed: u64) -> Result<Self, TrainError> {
        TrainError::check_counts(&[
            ("--hold-out-takes", args.hold_out_takes),
            ("--valid-takes", args.valid_takes),
        ])?;
        let recordings = match &args.wav_dir {
            Some(folder) => read_wav_folder(folder)?,
            None => generate_sounds(GENERATED, seed),
        };
        let all = |of: fn(&Recording) -> &String| {
            let mut all: Vec<String> = recordings.iter().map(|r| of(r).clone()).collect();
            all.sort();
            all.dedup();
            all
        };
        let (labels, speakers) = (all(|r| &r.label), all(|r| &r.speaker));
        if labels.len() < 2 {
            return Err(TrainError::setting(
                "the number of labels",
                labels.len(),
                "at least 2, to tell them apart",
            ));
        }
        let rate = recordings[0].sound.rate;
        let (rest, held_out) = hold_out_takes(recordings, args.hold_out_takes)?;
        let (train, valid) = hold_out_takes(rest, args.valid_takes)?;
        Ok(Self {
            train: Arc::new(train),
            valid,
            held_out,
            labels,
            speakers,
            rate,
        })
    }

    /// The sounds that a model is measured on again: of the folder `input`, or generated ones of its seed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn of_model(
        input: Option<&Path>,
        hold_out_takes: usize,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let args = SoundArgs {
            wav_dir: input.map(Path::to_path_buf),
            hold_out_takes,
            valid_takes: 1,
        };
        Self::read(&args, seed)
    }
}

/// The place of a name among those that the model knows.
pub(crate) fn place(what: &'static str, name: &str, known: &[String]) -> Result<usize, TrainError> {
    let place = known.iter().position(|one| one == name);
    place.ok_or_else(|| {
        TrainError::setting(
            what,
            format!("`{name}`"),
            format!("one that the model has learnt: {}", known.join(", ")),
        )
    })
}

/// How a sound becomes what a network reads: log-mel frames, every band scaled to mean 0 and deviation 1 over
/// the training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundFeatures {
    /// The frames.
    pub log_mel: LogMel,
    /// The scaler of each band.
    pub scalers: Vec<Scaler>,
}

impl SoundFeatures {
    /// Takes the statistics of `train`.
    ///
    /// # Errors
    ///
    /// Where the settings of the frames make no sense, or there are no recordings.
    pub fn fit(log_mel: LogMel, train: &[Recording]) -> Result<Self, DataError> {
        let analyser = log_mel.analyser()?;
        let frames = train
            .iter()
            .map(|recording| log_mel.frames(recording.sound.samples.len()));
        let frames: usize = frames.sum();
        let bands = core::iter::repeat_with(|| Vec::with_capacity(frames));
        let mut bands: Vec<_> = bands.take(log_mel.bands).collect();
        for recording in train {
            for frame in analyser
                .features(&recording.sound.samples)
                .chunks(log_mel.bands)
            {
                for (band, value) in bands.iter_mut().zip(frame) {
                    band.push(*value);
                }
            }
        }
        let scalers: Result<_, _> = bands
            .iter()
            .map(|band| Scaler::fit(ScalerKind::Standard, band))
            .collect();
        Ok(Self {
            scalers: scalers?,
            log_mel,
        })
    }

    /// Checks that there is a scaler for each band.
    ///
    /// # Errors
    ///
    /// Where there is not, or the settings of the frames make no sense.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.log_mel.validate()?;
        let (scalers, bands) = (self.scalers.len(), self.log_mel.bands);
        TrainError::check_lengths(&[("the number of scalers", scalers, bands)])
    }

    /// What computes them.
    ///
    /// # Errors
    ///
    /// Where the settings of the frames make no sense.
    pub fn listener(&self) -> Result<Listener, DataError> {
        Ok(Listener {
            analyser: self.log_mel.analyser()?,
            scalers: self.scalers.clone(),
        })
    }
}

/// The longest sound, in seconds.
const LONGEST_SECONDS: f64 = 600.0;

/// Computes [`SoundFeatures`].
#[derive(Clone, Debug)]
pub struct Listener {
    analyser: MelAnalyser,
    scalers: Vec<Scaler>,
}

impl Listener {
    /// What computes the frames.
    pub fn analyser(&self) -> &MelAnalyser {
        &self.analyser
    }

    /// The number of features of a frame.
    pub fn bands(&self) -> usize {
        self.scalers.len()
    }

    /// The scaled frames of samples, `[frames, bands]` in row-major order.
    pub fn samples(&self, samples: &[f32]) -> Vec<f32> {
        let frames = self.analyser.features(samples);
        self.each_band(frames, |scaler, value| scaler.scale(value))
    }

    /// The scaled frames of a sound.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn sound(&self, sound: &Sound) -> Result<Vec<f32>, TrainError> {
        self.check(sound)?;
        Ok(self.samples(&sound.samples))
    }

    /// Refuses a sound that no model can read.
    ///
    /// # Errors
    ///
    /// Where its sample rate is not that of the training, or it lasts longer than ten minutes: a network holds what
    /// it makes of all of its frames at once.
    pub fn check(&self, sound: &Sound) -> Result<(), TrainError> {
        let expected = self.analyser.config().rate;
        if sound.rate != expected {
            return Err(TrainError::setting(
                "the sample rate",
                format!("{} Hz", sound.rate),
                format!("{expected} Hz as in the training: resample the sound"),
            ));
        }
        match sound.seconds() <= LONGEST_SECONDS {
            true => Ok(()),
            false => Err(TrainError::setting(
                "the length of a sound",
                format!("{:.0} seconds", sound.seconds()),
                format!("at most {LONGEST_SECONDS}: cut it"),
            )),
        }
    }

    /// Scaled frames back in decibels.
    pub fn decibels(&self, frames: Vec<f32>) -> Vec<f32> {
        self.each_band(frames, |scaler, value| scaler.unscale(value) as f32)
    }

    fn each_band(&self, mut frames: Vec<f32>, change: fn(&Scaler, f32) -> f32) -> Vec<f32> {
        for frame in frames.chunks_mut(self.scalers.len()) {
            for (value, scaler) in frame.iter_mut().zip(&self.scalers) {
                *value = change(scaler, *value);
            }
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(hold_out_takes: usize) -> SoundArgs {
        SoundArgs {
            wav_dir: None,
            hold_out_takes,
            valid_takes: 2,
        }
    }

    #[test]
    fn the_parts_hold_what_they_should_and_the_scaler_sees_the_first_alone() {
        let sounds = Sounds::read(&args(5), 1).unwrap();
        let takes = |part: &[Recording]| {
            let takes = part.iter().map(|recording| recording.take);
            (takes.clone().min().unwrap(), takes.max().unwrap())
        };
        assert_eq!(takes(&sounds.train), (0, 12));
        assert_eq!(takes(&sounds.valid), (13, 14));
        assert_eq!(takes(&sounds.held_out), (15, 19));

        let features = SoundFeatures::fit(LogMel::new(sounds.rate), &sounds.train).unwrap();
        let listener = features.listener().unwrap();
        let mut first_band = Vec::new();
        for recording in sounds.train.iter() {
            let frames = listener.sound(&recording.sound).unwrap();
            first_band.extend(frames.chunks(40).map(|frame| f64::from(frame[0])));
        }
        let mean = first_band.iter().sum::<f64>() / first_band.len() as f64;
        let square = first_band.iter().map(|x| x * x).sum::<f64>() / first_band.len() as f64;
        assert!(
            mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3,
            "{mean} {square}"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Sounds::read(&args(0), 1).is_err());
        assert!(Sounds::read(&args(18), 1).is_err());
        let sounds = Sounds::read(&args(1), 1).unwrap();
        let features = SoundFeatures::fit(LogMel::new(8000), &sounds.train[..1]).unwrap();
        let sound = Sound {
            samples: vec![0.0; 100],
            rate: 44100,
        };
        let error = features.listener().unwrap().sound(&sound).unwrap_err();
        assert!(
            error.to_string().contains("44100 Hz, expected 8000 Hz"),
            "{error}"
        );
        let sound = Sound {
            samples: vec![0.0; 601 * 8000],
            rate: 8000,
        };
        let error = features.listener().unwrap().sound(&sound).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("601 seconds, expected at most 600"),
            "{error}"
        );
    }
}
