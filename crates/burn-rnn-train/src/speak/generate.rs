//! Speaking with a model.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{SpeakSettings, SpeechModel, Wish};
use crate::floats::floats;

/// Speaks every wish: scaled frames, `[frames, bands]` each. A frame comes from those before it, to which the
/// model listens through noise of this deviation: none gives the most ordinary take, more gives another take
/// for every seed. A word ends where it is likelier to be over than not, at the latest after half as many frames
/// again as the longest that was learnt from.
///
/// # Panics
///
/// Where a wish is none of the settings' labels and speakers.
pub fn speak(
    model: &SpeechModel,
    settings: &SpeakSettings,
    wishes: &[Wish],
    noise: f64,
    seed: u64,
    device: &Device,
) -> Vec<Vec<f32>> {
    if wishes.is_empty() {
        return Vec::new();
    }
    let bands = settings.bands();
    let count = wishes.len();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let places = |of: fn(&Wish) -> usize, known: usize| {
        let places: Vec<i32> = wishes.iter().map(|wish| of(wish) as i32).collect();
        assert!(places.iter().all(|place| (*place as usize) < known));
        Tensor::<1, Int>::from_data(TensorData::new(places, [count]), device)
    };
    let wish = model.wish(
        places(|wish| wish.label, settings.labels.len()),
        places(|wish| wish.speaker, settings.speakers.len()),
    );
    let mut words = vec![Vec::new(); count];
    // The probability that a word goes on, by what was said at every frame.
    let mut goes_on = vec![1.0f64; count];
    let mut before = vec![0.0f32; count * bands];
    let mut stream = model.network.stream(count);
    let (mut frame_head, mut end_head) = (model.frame.floats(count), model.end.floats(count));
    let wish = floats(wish);
    let mut input = Vec::with_capacity(count * (bands + settings.d_wish));
    for _ in 0..settings.longest + settings.longest.div_ceil(2) {
        input.clear();
        for (frame, wish) in before.chunks(bands).zip(wish.chunks(settings.d_wish)) {
            input.extend_from_slice(frame);
            input.extend_from_slice(wish);
        }
        let outputs = stream.step_floats(&input);
        before.copy_from_slice(frame_head.logits(outputs));
        let ends = end_head.logits(outputs);
        let rows = before.chunks(bands).zip(ends);
        for ((word, goes_on), (frame, end)) in words.iter_mut().zip(&mut goes_on).zip(rows) {
            if *goes_on >= 0.5 {
                word.extend_from_slice(frame);
                *goes_on /= 1.0 + f64::from(*end).exp();
            }
        }
        if goes_on.iter().all(|goes_on| *goes_on < 0.5) {
            break;
        }
        for value in &mut before {
            *value += (noise * normal(&mut rng)) as f32;
        }
    }
    words
}

/// A number of the standard normal distribution (Box & Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (core::f64::consts::TAU * angle).cos()
}
