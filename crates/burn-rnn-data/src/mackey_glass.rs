//! The Mackey–Glass delay equation, a standard chaotic series.

use crate::DataError;

/// Generator of the Mackey–Glass series `dx/dt = β·x(t−τ) / (1 + x(t−τ)ⁿ) − γ·x(t)`.
///
/// M. C. Mackey and L. Glass, "Oscillation and chaos in physiological control systems", Science
/// 197 (1977). With the default delay of 17 the series is mildly chaotic; from about 30 on it is
/// much harder to forecast.
///
/// The equation is integrated in `f64` by the classical fourth-order Runge–Kutta method. The
/// delayed values come from the stored history, linearly interpolated between steps (the midpoint
/// of a step always is), so the error shrinks with the square of `dt`. Before time 0 the history
/// is constant, equal to `start`. There is no randomness: equal settings give equal series.
#[derive(Debug, Clone, PartialEq)]
pub struct MackeyGlass {
    beta: f64,
    gamma: f64,
    exponent: f64,
    tau: f64,
    dt: f64,
    sample_every: f64,
    start: f64,
    discard: usize,
}

impl Default for MackeyGlass {
    /// β = 0.2, γ = 0.1, exponent 10, τ = 17, `dt` = 0.1, one sample a time unit, start 1.2 and the
    /// first 500 samples discarded.
    fn default() -> Self {
        Self {
            beta: 0.2,
            gamma: 0.1,
            exponent: 10.0,
            tau: 17.0,
            dt: 0.1,
            sample_every: 1.0,
            start: 1.2,
            discard: 500,
        }
    }
}

impl MackeyGlass {
    /// Sets the strength β of the production term; default 0.2.
    pub fn with_beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }

    /// Sets the decay rate γ, per time unit; default 0.1.
    pub fn with_gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }

    /// Sets the exponent n of the production term; default 10.
    pub fn with_exponent(mut self, exponent: f64) -> Self {
        self.exponent = exponent;
        self
    }

    /// Sets the delay τ in time units, at least `dt`; default 17.
    pub fn with_tau(mut self, tau: f64) -> Self {
        self.tau = tau;
        self
    }

    /// Sets the integration step in time units; default 0.1.
    pub fn with_dt(mut self, dt: f64) -> Self {
        self.dt = dt;
        self
    }

    /// Sets the time between two samples in time units, a whole number of `dt`; default 1.
    pub fn with_sample_every(mut self, sample_every: f64) -> Self {
        self.sample_every = sample_every;
        self
    }

    /// Sets the value at time 0 and before; default 1.2.
    pub fn with_start(mut self, start: f64) -> Self {
        self.start = start;
        self
    }

    /// Sets how many samples are thrown away first, so that the series has settled on its
    /// attractor; default 500. With 0 the first value is `start`.
    pub fn with_discard(mut self, discard: usize) -> Self {
        self.discard = discard;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where a setting is not finite, `start`, `gamma` or `exponent`
    /// is negative, `dt` is not positive, `tau` is below `dt`, or `sample_every` is no whole
    /// multiple of `dt`.
    pub fn validate(&self) -> Result<(), DataError> {
        if !self.beta.is_finite() {
            return Err(DataError::invalid("beta", self.beta, "a finite number"));
        }
        for (name, value) in [
            ("gamma", self.gamma),
            ("exponent", self.exponent),
            // A negative value to a fractional power would be no number.
            ("start", self.start),
        ] {
            if !value.is_finite() || value < 0.0 {
                return Err(DataError::invalid(
                    name,
                    value,
                    "a finite number of at least 0",
                ));
            }
        }
        if !self.dt.is_finite() || self.dt <= 0.0 {
            return Err(DataError::invalid("dt", self.dt, "a finite number above 0"));
        }
        if !self.tau.is_finite() || self.tau < self.dt {
            return Err(DataError::invalid(
                "tau",
                self.tau,
                format!("a finite delay of at least dt = {}", self.dt),
            ));
        }
        let steps = self.sample_every / self.dt;
        if !steps.is_finite() || steps.round() < 1.0 || (steps - steps.round()).abs() > 1e-6 * steps
        {
            return Err(DataError::invalid(
                "sample_every",
                self.sample_every,
                format!("a positive whole multiple of dt = {}", self.dt),
            ));
        }
        Ok(())
    }

    /// Generates `n` samples, after the discarded ones.
    ///
    /// # Panics
    ///
    /// With the message of [`validate`](Self::validate) where the settings make no sense;
    /// [`try_generate`](Self::try_generate) returns it instead.
    pub fn generate(&self, n: usize) -> Vec<f64> {
        match self.try_generate(n) {
            Ok(values) => values,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`generate`](Self::generate), with an error in place of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate).
    pub fn try_generate(&self, n: usize) -> Result<Vec<f64>, DataError> {
        self.validate()?;
        if n == 0 {
            return Ok(Vec::new());
        }
        let stride = (self.sample_every / self.dt).round() as usize;
        let steps = (self.discard + n - 1) * stride;
        let mut history = Vec::with_capacity(steps + 1);
        history.push(self.start);
        for step in 0..steps {
            let next = self.step(&history, step);
            history.push(next);
        }
        Ok(history
            .iter()
            .step_by(stride)
            .skip(self.discard)
            .copied()
            .collect())
    }

    /// The value one Runge–Kutta step after `history[step]`, the newest one.
    fn step(&self, history: &[f64], step: usize) -> f64 {
        let x = history[step];
        let lag = self.tau / self.dt;
        let at = |offset: f64| self.delayed(history, step as f64 + offset - lag);
        let (from, middle, to) = (at(0.0), at(0.5), at(1.0));
        let k1 = self.slope(x, from);
        let k2 = self.slope(x + 0.5 * self.dt * k1, middle);
        let k3 = self.slope(x + 0.5 * self.dt * k2, middle);
        let k4 = self.slope(x + self.dt * k3, to);
        x + self.dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    }

    /// The history at a time counted in steps, which may lie between two of them or before 0.
    fn delayed(&self, history: &[f64], time: f64) -> f64 {
        if time <= 0.0 {
            return self.start;
        }
        let before = time.floor();
        let weight = time - before;
        let before = before as usize;
        // With tau = dt the time may be the newest step itself, or a rounding error above it.
        let newest = history.len() - 1;
        let left = history[before.min(newest)];
        let right = history[(before + 1).min(newest)];
        left + weight * (right - left)
    }

    /// The right-hand side of the equation.
    fn slope(&self, x: f64, delayed: f64) -> f64 {
        self.beta * delayed / (1.0 + delayed.powf(self.exponent)) - self.gamma * x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_production_the_value_decays_exponentially() {
        let values = MackeyGlass::default()
            .with_beta(0.0)
            .with_discard(0)
            .generate(50);
        for (t, &value) in values.iter().enumerate() {
            let exact = 1.2 * (-0.1 * t as f64).exp();
            assert!((value - exact).abs() < 1e-6, "{t}: {value} {exact}");
        }
    }

    #[test]
    fn during_the_first_delay_the_closed_form_holds() {
        // The delayed value is constant there, so the equation is linear with constant input.
        let values = MackeyGlass::default().with_discard(0).generate(18);
        let level = 0.2 * 1.2 / (1.0 + 1.2f64.powi(10)) / 0.1;
        for (t, &value) in values.iter().enumerate() {
            let exact = level + (1.2 - level) * (-0.1 * t as f64).exp();
            assert!((value - exact).abs() < 1e-6, "{t}: {value} {exact}");
        }
    }

    #[test]
    fn one_is_a_fixed_point() {
        let values = MackeyGlass::default().with_start(1.0).generate(300);
        assert!(values.iter().all(|&value| value == 1.0), "{values:?}");
    }

    #[test]
    fn a_fine_euler_integration_agrees_past_the_first_delay() {
        let (dt, lag) = (1e-4, 170_000);
        let mut history = vec![1.2f64];
        for step in 0..600_000 {
            let delayed = if step < lag { 1.2 } else { history[step - lag] };
            let slope = 0.2 * delayed / (1.0 + delayed.powi(10)) - 0.1 * history[step];
            history.push(history[step] + dt * slope);
        }
        let values = MackeyGlass::default().with_discard(0).generate(61);
        for t in [20, 40, 60] {
            let exact = history[t * 10_000];
            assert!((values[t] - exact).abs() < 1e-3, "{t}");
        }
    }

    #[test]
    fn a_delay_between_steps_is_interpolated() {
        let near = |tau| {
            MackeyGlass::default()
                .with_tau(tau)
                .with_discard(0)
                .generate(40)[39]
        };
        let (low, between, high) = (near(17.0), near(17.05), near(17.1));
        assert!(
            (between - (low + high) / 2.0).abs() < 0.05 * (high - low).abs(),
            "{low} {between} {high}"
        );
    }

    #[test]
    fn halving_the_step_changes_little() {
        let coarse = MackeyGlass::default().generate(100);
        let fine = MackeyGlass::default().with_dt(0.05).generate(100);
        let worst = coarse
            .iter()
            .zip(&fine)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(worst < 0.02, "{worst}");
    }

    #[test]
    fn the_default_series_oscillates_inside_its_known_band() {
        let values = MackeyGlass::default().generate(2000);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(low > 0.2 && low < 0.6, "{low}");
        assert!(high > 1.2 && high < 1.45, "{high}");
    }

    #[test]
    fn discarding_and_sampling_only_choose_values() {
        let all = MackeyGlass::default().with_discard(0).generate(60);
        let late = MackeyGlass::default().with_discard(20).generate(40);
        assert_eq!(all[20..], late);
        let sparse = MackeyGlass::default()
            .with_discard(0)
            .with_sample_every(3.0)
            .generate(20);
        let every_third: Vec<f64> = all.iter().copied().step_by(3).collect();
        assert_eq!(sparse, every_third);
        assert_eq!(all[0], 1.2);
        assert!(MackeyGlass::default().generate(0).is_empty());
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let default = MackeyGlass::default;
        for (settings, name) in [
            (default().with_beta(f64::NAN), "beta"),
            (default().with_gamma(-0.1), "gamma"),
            (default().with_exponent(f64::INFINITY), "exponent"),
            (default().with_start(-1.0), "start"),
            (default().with_dt(0.0), "dt"),
            (default().with_tau(0.05), "tau"),
            (default().with_sample_every(0.25), "sample_every"),
            (default().with_sample_every(0.0), "sample_every"),
        ] {
            let error = settings.try_generate(3).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
        default().with_tau(0.1).try_generate(3).unwrap();
    }
}
