//! Sounds at 16 kHz.

use std::f64::consts::PI;

use burn_rnn_data::Sound;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// A sound at 16 kHz, which it is or of which it has half the rate.
///
/// # Errors
///
/// Where it has another rate.
pub fn at_16_khz(sound: &Sound) -> Result<Vec<f32>, String> {
    match sound.rate {
        16000 => Ok(sound.samples.clone()),
        8000 => Ok(twice(&sound.samples)),
        rate => Err(format!(
            "{rate} Hz, expected 8000 or 16000: convert the recording"
        )),
    }
}

/// Twice the samples: zeros in the spectrum above the old half rate, as `scipy.signal.resample` puts them there.
fn twice(samples: &[f32]) -> Vec<f32> {
    let length = samples.len();
    let mut planner = RealFftPlanner::<f64>::new();
    let mut samples: Vec<f64> = samples.iter().map(|&x| f64::from(x)).collect();
    let forward = planner.plan_fft_forward(length);
    let mut spectrum = forward.make_output_vec();
    (forward.process(&mut samples, &mut spectrum)).expect("the lengths fit");
    if length.is_multiple_of(2) {
        // Half the rate stood for itself and for its mirror image, which are two frequencies now.
        spectrum[length / 2] *= 0.5;
    }
    spectrum.resize(length + 1, Complex::new(0.0, 0.0));
    let back = planner.plan_fft_inverse(2 * length);
    let mut doubled = back.make_output_vec();
    (back.process(&mut spectrum, &mut doubled)).expect("the lengths fit");
    let scale = 1.0 / length as f64;
    doubled.iter().map(|x| (x * scale) as f32).collect()
}

/// The three seconds of `made_sound` in make_fixtures.py: a buzz that glides between vowels and pauses, so that nobody's recordings are
/// needed.
pub fn made() -> Vec<f32> {
    let sample = |n: usize| {
        let t = n as f64 / 16000.0;
        let wave = |frequency: f64| (2.0 * PI * frequency * t).sin();
        let pitch = 2.0 * PI * (120.0 * t + 15.0 * wave(0.7));
        let (first, second) = (500.0 + 250.0 * wave(1.3), 1500.0 + 600.0 * wave(0.9));
        let harmonic = |k: i32| {
            let hill = |centre: f64, width: f64| {
                (-((120.0 * f64::from(k) - centre) / width).powi(2)).exp()
            };
            (hill(first, 150.0) + 0.5 * hill(second, 200.0)) * (f64::from(k) * pitch).sin()
        };
        (0.2 * wave(0.8).max(0.0) * (1..25).map(harmonic).sum::<f64>()) as f32
    };
    (0..3 * 16000).map(sample).collect()
}
