//! The mel frames that resemblyzer reads: `librosa.feature.melspectrogram(y, sr=16000, n_fft=400, hop_length=160, n_mels=40)`.

use std::f64::consts::PI;

use realfft::RealFftPlanner;

/// The features of a frame.
pub const BANDS: usize = 40;
/// The samples from one frame to the next.
pub const HOP: usize = 160;
const WINDOW: usize = 400;
const RATE: f64 = 16000.0;

/// The frames of a sound, one after another, `BANDS` features each. The first is centred on the first sample, and outside the sound
/// there is silence.
pub fn frames(sound: &[f32]) -> Vec<[f32; BANDS]> {
    let filters = filters();
    let forward = RealFftPlanner::<f64>::new().plan_fft_forward(WINDOW);
    let mut spectrum = forward.make_output_vec();
    let hann = |k: usize| 0.5 - 0.5 * (2.0 * PI * k as f64 / WINDOW as f64).cos();
    let frame = |start: usize| {
        let sample = |k: usize| {
            (start + k)
                .checked_sub(WINDOW / 2)
                .and_then(|at| sound.get(at))
        };
        let windowed = |k| sample(k).map_or(0.0, |&x| hann(k) * f64::from(x));
        let mut windowed: Vec<f64> = (0..WINDOW).map(windowed).collect();
        (forward.process(&mut windowed, &mut spectrum)).expect("the lengths fit");
        let power = spectrum.iter().map(|x| x.norm_sqr());
        let power: Vec<f64> = power.collect();
        filters.each_ref().map(|filter| {
            let products = filter
                .iter()
                .zip(&power)
                .map(|(weight, power)| weight * power);
            products.sum::<f64>() as f32
        })
    };
    (0..=sound.len()).step_by(HOP).map(frame).collect()
}

/// Triangles of equal area over the frequencies, spaced evenly in Slaney's mels.
fn filters() -> [Vec<f64>; BANDS] {
    // Even up to 1 kHz, which is 15 mels; there the logarithm begins, 27 mels for a factor of 6.4.
    let mels = |hertz: f64| match hertz < 1000.0 {
        true => hertz * 3.0 / 200.0,
        false => 15.0 + (hertz / 1000.0).ln() * 27.0 / 6.4f64.ln(),
    };
    let hertz = |mels: f64| match mels < 15.0 {
        true => mels * 200.0 / 3.0,
        false => 1000.0 * ((mels - 15.0) * 6.4f64.ln() / 27.0).exp(),
    };
    let edge = |band: usize| hertz(mels(RATE / 2.0) * band as f64 / (BANDS + 1) as f64);
    std::array::from_fn(|band| {
        let [low, centre, high] = [edge(band), edge(band + 1), edge(band + 2)];
        let weight = |bin: usize| {
            let at = bin as f64 * RATE / WINDOW as f64;
            let height = ((at - low) / (centre - low)).min((high - at) / (high - centre));
            height.max(0.0) * 2.0 / (high - low)
        };
        (0..=WINDOW / 2).map(weight).collect()
    })
}
