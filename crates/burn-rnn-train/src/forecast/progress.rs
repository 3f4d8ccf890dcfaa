//! What a trainer shows while it runs.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on standard error, invisible where that is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of `steps` steps.
    pub(super) fn new(steps: usize) -> Self {
        let style = ProgressStyle::with_template(
            "{bar:32} {pos}/{len} [{elapsed} elapsed, {eta} to go] {msg}",
        );
        let style = style.expect("the template is well formed");
        let bar = ProgressBar::new(steps as u64).with_style(style);
        Self { bar }
    }

    /// Shows that `steps` steps are made, with `message` beside the bar.
    pub(super) fn at(&self, steps: usize, message: impl Into<String>) {
        self.bar.set_message(message.into());
        self.bar.set_position(steps as u64);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
