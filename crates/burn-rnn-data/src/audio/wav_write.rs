//! Writing WAV files.

use super::Sound;

/// A sound as the bytes of a WAV file, one channel of 16 bits; what exceeds full scale is cut off.
///
/// # Panics
///
/// Where it is longer than the 4 GB that such a file can say.
pub fn wav_file(sound: &Sound) -> Vec<u8> {
    let length = u32::try_from(2 * sound.samples.len() + 36)
        .expect("a WAV file holds two thousand million samples at most")
        - 36;
    let mut bytes = Vec::with_capacity(44 + length as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    // Integers, in one channel.
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(sound.rate.to_le_bytes());
    bytes.extend(sound.rate.wrapping_mul(2).to_le_bytes());
    // Two bytes a frame, 16 bits a sample.
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    for sample in &sound.samples {
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        bytes.extend(sample.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_that_of_16_bits_in_one_channel() {
        let sound = Sound {
            samples: vec![0.0, 0.5, -1.0, 7.0],
            rate: 16000,
        };
        let expected =
            b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0\
                         data\x08\0\0\0\0\0\0\x40\x01\x80\xff\x7f";
        assert_eq!(wav_file(&sound), expected);
    }
}
