//! Reading WAV files.
//!
//! The reader is our own: hound 3.5 loses bits of samples that are narrower than their container, and symphonia 0.6
//! refuses a list of odd length, 20 bits in 24 and lengths of 0, and panics at 65535 channels.

use core::hash::{Hash, Hasher};
use std::path::Path;

use super::g711;
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

impl Hash for Sound {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rate.hash(state);
        for sample in &self.samples {
            // Equal numbers, of which −0 and 0 are two, have one hash.
            (sample + 0.0).to_bits().hash(state);
        }
    }
}

impl Sound {
    /// How long it lasts.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }
}

/// The rates that are read, in samples a second.
const RATES: core::ops::RangeInclusive<u32> = 1_000..=768_000;

/// The largest sample that is read, 40 dB above full scale: what is beyond has another scale, or is damaged.
const LOUDEST: f32 = 100.0;

/// The longest sound that is read, in seconds: networks hold what they make of all of its frames at once.
const LONGEST: usize = 600;

/// Reads a WAV file: integers in 1 to 4 bytes (of which the upper bits may be all that counts), floats of 32 or 64
/// bits, A-law or µ-law; several channels are mixed down to their mean. Full scale becomes 1.
///
/// A file that was written into a pipe, whose lengths are 0 or beyond all that fits, is read to its end. What does
/// not fill a frame of all channels at the end is left out.
///
/// # Errors
///
/// [`DataError::Unreadable`] for the file; [`DataError::Malformed`] where it is no WAV file, is cut off, has
/// another coding, no samples, less than 1000 or more than 768 000 of them a second, lasts longer than ten minutes, or
/// has a sample that is no number or beyond ±100.
pub fn read_wav(path: &Path) -> Result<Sound, DataError> {
    let bytes = read_file(path).map_err(|source| DataError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    parse(&bytes).map_err(|reason| DataError::malformed(path, reason))
}

fn parse(bytes: &[u8]) -> Result<Sound, String> {
    if bytes.is_empty() {
        return Err(
            "the file is empty, expected a WAV file: remove it or record it again".to_owned(),
        );
    }
    let (format, data) = chunks(bytes)?;
    let Format {
        rate,
        channels,
        coding,
    } = Format::read(format)?;
    if !RATES.contains(&rate) {
        return Err(format!(
            "it has {rate} samples a second, expected {} to {}: correct its header or resample it",
            RATES.start(),
            RATES.end()
        ));
    }
    let width = coding.bytes();
    let count = data.len() / (channels * width);
    if count > LONGEST * rate as usize {
        return Err(format!(
            "it lasts {} seconds, expected at most {LONGEST}: cut it",
            count.div_ceil(rate as usize)
        ));
    }
    let mut samples = Vec::with_capacity(count);
    for (position, frame) in data.chunks_exact(channels * width).enumerate() {
        let mut sum = 0.0;
        for sample in frame.chunks_exact(width) {
            let value = coding.value(sample);
            // Not a number is within nothing.
            if !(-LOUDEST..=LOUDEST).contains(&value) {
                return Err(format!(
                    "sample {position} is {value:?}, expected a number from -{LOUDEST} to {LOUDEST} with full \
                     scale at 1: scale it or record it again"
                ));
            }
            sum += value;
        }
        samples.push(sum / channels as f32);
    }
    match samples.is_empty() {
        true => Err("it has 0 samples, expected sound: remove it or record it again".to_owned()),
        false => Ok(Sound { samples, rate }),
    }
}

/// A length from here on stands for one that whoever wrote the file did not know.
const UNKNOWN_LENGTH: usize = 0x7fff_0000;

/// What the chunks `fmt ` and `data` hold.
fn chunks(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    let (Some(b"RIFF"), Some(whole), Some(b"WAVE")) = (bytes.get(..4), number(4), bytes.get(8..12))
    else {
        return Err(
            "not a WAV file: it does not begin with RIFF and WAVE; convert it to WAV".to_owned(),
        );
    };
    let mut format = None;
    let mut place = 12;
    while let (Some(name), Some(length)) = (bytes.get(place..place + 4), number(place + 4)) {
        let body = &bytes[place + 8..];
        let is_data = name == b"data";
        // Nothing of the RIFF chunk is left for what follows the length: it was never filled in.
        let never_known = length == 0 && whole <= place;
        let unknown = is_data && (never_known || length >= UNKNOWN_LENGTH.max(body.len()));
        let body = match unknown {
            true => body,
            false => body.get(..length).ok_or_else(|| {
                format!(
                    "its samples end early (the part `{}` at byte {place} should have {length} bytes and has {}): \
                     the file is damaged, take a copy or record it again",
                    name.escape_ascii(),
                    body.len()
                )
            })?,
        };
        match name {
            b"fmt " => format = Some(body),
            b"data" => {
                let format = format
                    .ok_or("not a WAV file that can be read: nothing says what its samples are")?;
                return Ok((format, body));
            }
            _ => {}
        }
        // A part of odd length is followed by a byte that fills it up.
        place += 8 + length + length % 2;
    }
    Err("not a WAV file that can be read: it has no part with samples; record it again".to_owned())
}

/// How samples lie in a file.
struct Format {
    rate: u32,
    channels: usize,
    coding: Coding,
}

/// How a sample is written.
enum Coding {
    /// An integer of this number of bytes, of which the upper bits count; one byte counts from 128.
    Integer(usize),
    Float32,
    Float64,
    ALaw,
    MuLaw,
}

/// The end of the identifiers of codings that begin with the two bytes of a plain one.
const PLAIN: [u8; 14] = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];

impl Format {
    fn read(format: &[u8]) -> Result<Self, String> {
        let number = |at: usize| match format.get(at..at + 2) {
            Some(bytes) => Ok(u16::from_le_bytes([bytes[0], bytes[1]])),
            None => Err(format!(
                "not a WAV file that can be read: its `fmt ` part has {} bytes, expected at least 16",
                format.len()
            )),
        };
        let (channels, block, bits) = (number(2)?, number(12)?, number(14)?);
        let rate = u32::from(number(4)?) | u32::from(number(6)?) << 16;
        let tag = match number(0)? {
            // WAVE_FORMAT_EXTENSIBLE: the coding stands further behind.
            0xfffe if format.get(26..40) == Some(&PLAIN[..]) => number(24)?,
            tag => tag,
        };
        let width = usize::from(block) / usize::from(channels).max(1);
        let coding = match (tag, width) {
            (1, 1..=4) => Some(Coding::Integer(width)),
            (3, 4) => Some(Coding::Float32),
            (3, 8) => Some(Coding::Float64),
            (6, 1) => Some(Coding::ALaw),
            (7, 1) => Some(Coding::MuLaw),
            _ => None,
        };
        let fits =
            channels > 0 && block % channels == 0 && (1..=8 * width).contains(&usize::from(bits));
        match coding.filter(|_| fits) {
            Some(coding) => Ok(Self {
                rate,
                channels: channels.into(),
                coding,
            }),
            None => Err(format!(
                "not a WAV file that can be read: its coding is {tag} with {channels} channels of {bits} bits in \
                 {block} bytes, expected integers of 1 to 32 bits, floats of 32 or 64, A-law or µ-law; convert it"
            )),
        }
    }
}

impl Coding {
    fn bytes(&self) -> usize {
        match self {
            Self::Integer(bytes) => *bytes,
            Self::Float32 => 4,
            Self::Float64 => 8,
            Self::ALaw | Self::MuLaw => 1,
        }
    }

    /// A sample with full scale at 1.
    fn value(&self, bytes: &[u8]) -> f32 {
        let upper = |bytes: &[u8]| {
            let mut upper = [0; 4];
            upper[4 - bytes.len()..].copy_from_slice(bytes);
            (f64::from(i32::from_le_bytes(upper)) / 2f64.powi(31)) as f32
        };
        match (self, bytes) {
            (Self::Integer(1), &[byte]) => (f32::from(byte) - 128.0) / 128.0,
            (Self::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::Float64, &[a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32
            }
            (Self::ALaw, &[byte]) => f32::from(g711::from_a_law(byte)) / 32768.0,
            (Self::MuLaw, &[byte]) => f32::from(g711::from_mu_law(byte)) / 32768.0,
            (_, bytes) => upper(bytes),
        }
    }
}

#[cfg(test)]
mod tests;
