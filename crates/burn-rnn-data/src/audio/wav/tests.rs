use super::super::wav_file;
use super::*;

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let filling = &[0][..body.len() % 2];
    let length = (body.len() as u32).to_le_bytes();
    [&name[..], &length, body, filling].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WAVE".to_vec(), chunks.concat()].concat();
    chunk(b"RIFF", &body)
}

fn format(tag: u16, channels: u16, rate: u32, bits: u16, block: u16, more: &[u8]) -> Vec<u8> {
    let body = [
        &tag.to_le_bytes()[..],
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &rate.wrapping_mul(block.into()).to_le_bytes(),
        &block.to_le_bytes(),
        &bits.to_le_bytes(),
        more,
    ];
    chunk(b"fmt ", &body.concat())
}

/// One channel of 8000 samples a second.
fn mono(tag: u16, bits: u16, data: &[u8]) -> Vec<u8> {
    let format = format(tag, 1, 8000, bits, bits.div_ceil(8), &[]);
    riff(&[format, chunk(b"data", data)])
}

fn extensible(tag: u16, bits: u16, valid: u16, data: &[u8]) -> Vec<u8> {
    let more = [
        &22u16.to_le_bytes()[..],
        &valid.to_le_bytes(),
        &[0; 4],
        &tag.to_le_bytes(),
        &PLAIN,
    ];
    let format = format(0xfffe, 1, 8000, bits, bits / 8, &more.concat());
    riff(&[format, chunk(b"data", data)])
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    let sound = parse(bytes).unwrap();
    assert_eq!(sound.rate, 8000);
    sound.samples
}

const THREE: [f32; 3] = [0.0, 0.25, -0.5];
const THREE_IN_16: [u8; 6] = [0, 0, 0, 0x20, 0, 0xc0];
const THREE_IN_24: [u8; 9] = [0, 0, 0, 0, 0, 0x20, 0, 0, 0xc0];
const THREE_IN_32: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0xc0];

#[test]
fn every_coding_is_read_to_the_same_scale() {
    let in_float: Vec<u8> = THREE.iter().flat_map(|x| x.to_le_bytes()).collect();
    let in_double = THREE.iter().flat_map(|x| f64::from(*x).to_le_bytes());
    let in_double: Vec<u8> = in_double.collect();
    for (what, bytes) in [
        ("8 bits", mono(1, 8, &[128, 160, 64])),
        ("16 bits", mono(1, 16, &THREE_IN_16)),
        ("12 bits in 16", mono(1, 12, &THREE_IN_16)),
        ("24 bits", mono(1, 24, &THREE_IN_24)),
        ("20 bits in 24", mono(1, 20, &THREE_IN_24)),
        ("32 bits", mono(1, 32, &THREE_IN_32)),
        ("float", mono(3, 32, &in_float)),
        ("double", mono(3, 64, &in_double)),
        ("extensible", extensible(1, 16, 16, &THREE_IN_16)),
        ("20 valid bits in 24", extensible(1, 24, 20, &THREE_IN_24)),
        ("24 valid bits in 32", extensible(1, 32, 24, &THREE_IN_32)),
        ("extensible float", extensible(3, 32, 32, &in_float)),
    ] {
        assert_eq!(samples(&bytes), THREE, "{what}");
    }
    // The lowest bits count too: 1 in 24 bits, 256 in 32 of which 24 are valid.
    assert_eq!(samples(&mono(1, 24, &[1, 0, 0])), [2f32.powi(-23)]);
    let lowest = extensible(1, 32, 24, &[0, 1, 0, 0]);
    assert_eq!(samples(&lowest), [2f32.powi(-23)]);
    assert_eq!(samples(&mono(6, 8, &[0xaa])), [32256.0 / 32768.0]);
    let mu_law = [0.0, 32124.0 / 32768.0];
    assert_eq!(samples(&mono(7, 8, &[0xff, 0x80])), mu_law);
    assert_eq!(samples(&extensible(7, 8, 8, &[0xff, 0x80])), mu_law);
}

#[test]
fn channels_are_mixed_down_and_half_a_frame_is_left_out() {
    let data: Vec<u8> = [16384i16, 0, 16384, 16384, -16384, 16384, 5]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let two = riff(&[format(1, 2, 8000, 16, 4, &[]), chunk(b"data", &data)]);
    assert_eq!(samples(&two), [0.25, 0.5, 0.0]);
    let many = riff(&[
        format(1, 65535, 8000, 8, 65535, &[]),
        chunk(b"data", &vec![160; 65535]),
    ]);
    assert_eq!(samples(&many), [0.25]);
}

#[test]
fn other_parts_are_passed_over() {
    let format = format(1, 1, 8000, 16, 2, &[0, 0]);
    let data = chunk(b"data", &THREE_IN_16);
    let list = chunk(b"LIST", b"INFOISFT\x05\0\0\0abcd\0");
    assert_eq!(list.len() % 2, 0);
    let bytes = riff(&[list, format, chunk(b"junk", b"abc"), data, b"LIS".to_vec()]);
    assert_eq!(samples(&bytes), THREE);
}

#[test]
fn a_stream_without_lengths_is_read_to_its_end() {
    let whole = mono(1, 16, &THREE_IN_16);
    for (riff, data) in [
        (0, 0),
        (36, 0),
        (u32::MAX, u32::MAX),
        (42, u32::MAX),
        (0x7fff_f024, 0x7fff_f000),
    ] {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        bytes[40..44].copy_from_slice(&u32::to_le_bytes(data));
        assert_eq!(samples(&bytes), THREE, "{riff} {data}");
        // Half a sample, where the writer was stopped.
        bytes.pop();
        assert_eq!(samples(&bytes), THREE[..2], "{riff} {data}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let sound = Sound {
        samples: vec![0.0, 0.5, -1.0, 7.0],
        rate: 16000,
    };
    let again = parse(&wav_file(&sound)).unwrap();
    assert_eq!(again.rate, 16000);
    for (a, b) in again.samples.iter().zip([0.0, 0.5, -1.0, 1.0]) {
        assert!((a - b).abs() < 1e-4, "{a}, expected {b}");
    }
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    let whole = mono(1, 16, &[5; 200]);
    let loud = |sample: f32| mono(3, 32, &[0f32.to_le_bytes(), sample.to_le_bytes()].concat());
    let with = |format: Vec<u8>| riff(&[format, chunk(b"data", &THREE_IN_16)]);
    for (bytes, words) in [
        (vec![], "is empty"),
        (b"no sound at all".to_vec(), "not a WAV file"),
        (whole[..20].to_vec(), "end early"),
        (whole[..40].to_vec(), "no part with samples"),
        (
            whole[..whole.len() - 61].to_vec(),
            "should have 200 bytes and has 139",
        ),
        (mono(1, 16, &[]), "0 samples"),
        (mono(1, 16, &[7]), "0 samples"),
        (
            loud(1e30),
            "sample 1 is 1e30, expected a number from -100 to 100",
        ),
        (loud(f32::NAN), "sample 1 is NaN"),
        (loud(f32::NEG_INFINITY), "sample 1 is -inf"),
        (
            with(format(1, 1, 0, 16, 2, &[])),
            "0 samples a second, expected 1000",
        ),
        (
            with(format(1, 1, u32::MAX, 16, 2, &[])),
            "4294967295 samples a second",
        ),
        (with(format(1, 0, 8000, 16, 2, &[])), "0 channels"),
        (with(format(1, 65535, 8000, 16, 2, &[])), "65535 channels"),
        (with(format(1, 1, 8000, 40, 5, &[])), "40 bits"),
        (with(format(3, 1, 8000, 16, 2, &[])), "coding is 3"),
        (with(format(85, 1, 8000, 16, 2, &[])), "coding is 85"),
        (
            with(chunk(b"fmt ", &[1, 0])),
            "has 2 bytes, expected at least 16",
        ),
        (riff(&[chunk(b"data", &THREE_IN_16)]), "nothing says"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        std::fs::write(&path, bytes).unwrap();
        let message = read_wav(&path).unwrap_err().to_string();
        assert!(
            message.contains(words) && message.contains("sound.wav"),
            "{message}, expected {words}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let missing = read_wav(Path::new("/nowhere.wav")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere.wav"), "{missing}");
}
