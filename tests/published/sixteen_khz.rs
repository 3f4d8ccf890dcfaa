//! Recordings at 8 kHz, as the models at 16 kHz read them.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Twice the samples: zeros in the spectrum above the old half rate, as `scipy.signal.resample` puts them there.
pub fn twice(samples: &[f32]) -> Vec<f32> {
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
