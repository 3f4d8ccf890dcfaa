//! WAV files.

use std::io::Cursor;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::DataError;
use crate::whole_file::read_file;

/// One channel of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// The samples, full scale is −1 to 1.
    pub samples: Vec<f32>,
    /// The samples of a second.
    pub rate: u32,
}

impl Sound {
    /// How long it lasts.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }
}

/// Reads a WAV file: integers of 8 to 32 bits or 32-bit floats; several channels are mixed down to their
/// mean. Full scale becomes 1.
///
/// # Errors
///
/// [`DataError::Unreadable`] for the file; [`DataError::NotReadable`] where it is no WAV file or is cut off;
/// [`DataError::Malformed`] where it has no samples, or a sample is infinite or no number.
pub fn read_wav(path: &Path) -> Result<Sound, DataError> {
    let unreadable = |source| DataError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let malformed = |reason: String| DataError::malformed(path, reason);
    let refuse = |error: hound::Error| {
        let expected =
            "a WAV file that can be read, expected RIFF/WAVE with PCM or float samples: convert it";
        DataError::not_readable(path, expected, error)
    };
    let bytes = read_file(path).map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(malformed(
            "the file is empty, expected a WAV file: remove it or record it again".to_owned(),
        ));
    }
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(refuse)?;
    let WavSpec {
        channels,
        sample_rate,
        bits_per_sample,
        sample_format,
    } = reader.spec();
    let interleaved: Result<Vec<f32>, hound::Error> = match sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let full = 2f64.powi(i32::from(bits_per_sample) - 1);
            reader
                .samples::<i32>()
                .map(|sample| Ok((f64::from(sample?) / full) as f32))
                .collect()
        }
    };
    let interleaved = interleaved.map_err(|error| {
        let expected = "a whole WAV file, its samples end early or cannot be read: take a copy or record it again";
        DataError::not_readable(path, expected, error)
    })?;
    let channels = usize::from(channels);
    let samples: Vec<f32> = interleaved
        .chunks_exact(channels)
        .map(|sample| sample.iter().sum::<f32>() / channels as f32)
        .collect();
    if samples.is_empty() || sample_rate == 0 {
        return Err(malformed(format!(
            "it has {} samples at {sample_rate} a second, expected sound: remove it or record it again",
            samples.len()
        )));
    }
    if let Some(position) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(malformed(format!(
            "sample {position} is {}, expected a finite number",
            samples[position]
        )));
    }
    Ok(Sound {
        samples,
        rate: sample_rate,
    })
}

/// A sound as the bytes of a WAV file, one channel of 16 bits; what exceeds full scale is cut off.
pub fn wav_file(sound: &Sound) -> Vec<u8> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: sound.rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let write = |bytes: &mut Cursor<Vec<u8>>| -> Result<(), hound::Error> {
        let mut writer = WavWriter::new(bytes, spec)?;
        for sample in &sound.samples {
            writer.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16)?;
        }
        writer.finalize()
    };
    write(&mut bytes).expect("memory takes all that is written");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with these samples, of the channels one after another.
    fn file(spec: WavSpec, samples: &[i32]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for &sample in samples {
            match spec.sample_format {
                SampleFormat::Int => writer.write_sample(sample).unwrap(),
                SampleFormat::Float => writer.write_sample(sample as f32 / 4.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn spec(channels: u16, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 8000,
            bits_per_sample,
            sample_format,
        }
    }

    fn read(bytes: &[u8]) -> Result<Sound, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        std::fs::write(&path, bytes).unwrap();
        read_wav(&path)
    }

    #[test]
    fn every_format_is_read_to_the_same_scale() {
        for bits in [8, 16, 24, 32] {
            let quarter = 1 << (bits - 3);
            let bytes = file(
                spec(1, bits, SampleFormat::Int),
                &[0, quarter, -2 * quarter],
            );
            let sound = read(&bytes).unwrap();
            assert_eq!(sound.samples, [0.0, 0.25, -0.5], "{bits} bits");
            assert_eq!(sound.rate, 8000);
        }
        let bytes = file(spec(1, 32, SampleFormat::Float), &[1, -2]);
        assert_eq!(read(&bytes).unwrap().samples, [0.25, -0.5]);
    }

    #[test]
    fn channels_are_mixed_down() {
        let bytes = file(
            spec(2, 16, SampleFormat::Int),
            &[16384, 0, 16384, 16384, -16384, 16384],
        );
        assert_eq!(read(&bytes).unwrap().samples, [0.25, 0.5, 0.0]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let sound = Sound {
            samples: vec![0.0, 0.5, -1.0, 7.0],
            rate: 16000,
        };
        let again = read(&wav_file(&sound)).unwrap();
        assert_eq!(again.rate, 16000);
        for (a, b) in again.samples.iter().zip([0.0, 0.5, -1.0, 1.0]) {
            assert!((a - b).abs() < 1e-4, "{a}, expected {b}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        let whole = file(spec(1, 16, SampleFormat::Int), &[5; 100]);
        let cut = &whole[..whole.len() - 61];
        let none = file(spec(1, 16, SampleFormat::Int), &[]);
        for (bytes, words) in [
            (&b""[..], "is empty"),
            (b"no sound at all", "not a WAV file"),
            (&whole[..20], "not a WAV file"),
            (cut, "end early"),
            (&none, "0 samples"),
        ] {
            let message = read(bytes).unwrap_err().to_string();
            assert!(
                message.contains(words) && message.contains("sound.wav"),
                "{message}"
            );
            assert_eq!(message.lines().count(), 1, "{message}");
        }
        let missing = read_wav(Path::new("/nowhere.wav")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere.wav"), "{missing}");
    }
}
