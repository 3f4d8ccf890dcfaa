//! burn-train's terminal dashboard.

use std::sync::Arc;

use burn::train::Interrupter;
use burn::train::logger::TrainingProgressLogger;
use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{
    MetricDefinition, MetricEntry, MetricId, MetricName, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use burn::train::renderer::tui::TuiMetricsRendererWrapper;
use burn::train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};

use super::view::{Evaluation, Step, View};

/// A number that the dashboard draws a curve of.
struct Gauge {
    id: MetricId,
    name: MetricName,
    digits: usize,
    state: NumericMetricState,
}

impl Gauge {
    fn new(
        name: &str,
        digits: usize,
        higher_is_better: bool,
        on: &mut impl MetricsRenderer,
    ) -> Self {
        let name = Arc::new(name.to_owned());
        let id = MetricId::new(name.clone());
        on.register_metric(MetricDefinition {
            metric_id: id.clone(),
            name: name.clone(),
            description: None,
            attributes: NumericAttributes {
                unit: None,
                higher_is_better,
            }
            .into(),
        });
        Self {
            id,
            name,
            digits,
            state: NumericMetricState::new(),
        }
    }

    fn options(&self) -> FormatOptions {
        FormatOptions::new(self.name.clone()).precision(self.digits)
    }

    fn shown(&self, text: SerializedEntry, value: NumericEntry) -> MetricState {
        MetricState::Numeric(MetricEntry::new(self.id.clone(), text), Some(value))
    }

    fn update(&mut self, value: f64) -> MetricState {
        self.state.update(value, 1);
        let text = self.state.compute_update(self.options());
        self.shown(text, self.state.current_value())
    }

    /// The mean since the last one.
    fn finish(&mut self) -> MetricState {
        let text = self.state.compute_final(self.options());
        let mean = self.shown(text, self.state.final_value());
        self.state.reset();
        mean
    }
}

/// The dashboard of a training. It has the terminal until it is dropped.
pub(super) struct Dashboard {
    renderer: TuiMetricsRendererWrapper,
    interrupter: Interrupter,
    loss: Gauge,
    rate: Gauge,
    scores: Vec<Gauge>,
    pass: usize,
    batches: usize,
    /// The batches of the pass that are done.
    batch: usize,
}

impl Dashboard {
    /// `passes` is the most that there may be.
    pub(super) fn new(task: &str, scores: &[&str], passes: usize) -> Self {
        let interrupter = Interrupter::new();
        let mut renderer = TuiMetricsRendererWrapper::new(interrupter.clone(), None);
        let loss = Gauge::new("Loss", 2, false, &mut renderer);
        let rate = Gauge::new("Learning Rate", 2, false, &mut renderer);
        let scores = scores.iter().enumerate();
        let scores = scores
            .map(|(place, name)| Gauge::new(name, 4, place > 0, &mut renderer))
            .collect();
        renderer.start(passes, 1, None, Some(task));
        Self {
            renderer,
            interrupter,
            loss,
            rate,
            scores,
            pass: 0,
            batches: 0,
            batch: 0,
        }
    }
}

impl View for Dashboard {
    fn begin_pass(&mut self, pass: usize, batches: usize) {
        (self.pass, self.batches) = (pass, batches);
        self.renderer.start_split("train", batches);
    }

    fn step(&mut self, step: Step) {
        self.batch = step.batch;
        self.renderer.update_train(self.loss.update(step.loss));
        self.renderer.update_train(self.rate.update(step.rate));
        self.renderer.update_split(step.batch);
        self.renderer.log_event_training("Iteration".to_owned());
    }

    fn evaluation(&mut self, evaluation: Evaluation) {
        self.renderer.start_split("valid", 1);
        for (gauge, score) in self.scores.iter_mut().zip(&evaluation.point.scores) {
            self.renderer.update_valid(gauge.update(*score));
        }
        self.renderer.update_split(1);
        for gauge in &mut self.scores {
            self.renderer.update_valid(gauge.finish());
        }
        self.renderer.end_split();
        // It takes an evaluation for the end of the pass: it is to count on.
        self.renderer.start_split("train", self.batches);
        self.renderer.update_split(self.batch);
    }

    fn end_pass(&mut self) {
        self.renderer.update_train(self.loss.finish());
        self.renderer.update_train(self.rate.finish());
        self.renderer.end_split();
        self.renderer.update_epoch(self.pass + 1);
    }

    fn asks_for_the_end(&self) -> bool {
        self.interrupter.should_stop()
    }
}
