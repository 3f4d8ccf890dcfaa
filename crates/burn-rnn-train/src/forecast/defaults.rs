//! What follows from the table where it is not typed.
//!
//! A large table has many windows, and some passes over them make thousands of steps. A small one has too few for any of
//! that: of 144 monthly values a validation part of a tenth has three windows of a year, and ten passes make twenty
//! steps. There the parts, the window and the number of steps are others.

use core::ops::Range;
use std::collections::BTreeMap;

use burn_rnn_data::{Split, SplitRule, Table, detect_season};

use super::command::TrainArgs;
use super::{Bands, Centring, ForecasterConfig, ModelKind};
use crate::TrainError;
use crate::learn::LearnArgs;

/// The number of passes over a large table.
const PASSES: usize = 10;
/// The steps that are made over a small one: over a table where [`PASSES`] are fewer.
const STEPS: usize = 500;
/// The steps between two evaluations there, which cost little.
const EVAL_EVERY: usize = 20;
/// The evaluations without a better score after which a training ends, on a large table and on a small one.
const PATIENCE: [usize; 2] = [3, 10];
/// The number of known steps, where the training part has four times as many rows.
const WINDOW: usize = 96;
/// The most lags of the linear layer.
const LAGS: usize = 96;

/// How a table is learnt.
pub(super) struct Plan {
    pub(super) rule: SplitRule,
    pub(super) split: Split,
    pub(super) season: Option<usize>,
    pub(super) config: ForecasterConfig,
    pub(super) learn: LearnArgs,
}

impl Plan {
    pub(super) fn of(args: &TrainArgs, table: &Table) -> Result<Self, TrainError> {
        let rule = args
            .split
            .unwrap_or_else(|| split_rule(table.rows(), args.horizon));
        let split = rule.split(table)?;
        let before = split.test.start;
        if let Some(season) = args.season.filter(|season| *season > before) {
            let expected = format!("at most {before}, the rows before the test part");
            return Err(TrainError::setting("--season", season, expected));
        }
        let found = || usual_season(table, split.train.end).filter(|season| *season <= before);
        let season = args.season.or_else(found);
        let window = args
            .window
            .unwrap_or_else(|| window(&split.train, args.horizon, season));
        let batches = (split.train.len() + 1)
            .saturating_sub(window + args.horizon)
            .div_ceil(args.learn.batch_size);
        let small = batches * PASSES < STEPS;
        Ok(Self {
            rule,
            split,
            season,
            config: config(args, table, window, small && season.is_some())?,
            learn: learn_args(&args.learn, small),
        })
    }
}

/// Seven, one and two tenths, where the middle one has enough windows for bands, else six, two and two.
fn split_rule(rows: usize, horizon: usize) -> SplitRule {
    SplitRule::Fractions(match Bands::enough_rows(rows / 10, horizon) {
        true => [0.7, 0.1, 0.2],
        false => [0.6, 0.2, 0.2],
    })
}

/// Two seasons, and more where the horizon has more; without a season two horizons. It leaves two thirds of a short
/// training part as targets.
fn window(train: &Range<usize>, horizon: usize, season: Option<usize>) -> usize {
    if train.len() >= 4 * WINDOW {
        return WINDOW;
    }
    let season = season.unwrap_or(horizon).max(1);
    let wanted = season * horizon.div_ceil(season).max(2);
    wanted.min(train.len() / 3).clamp(1, WINDOW)
}

/// A small table with a season is measured from the window's mean, in its deviations: a season and its growth look alike
/// in all windows then.
fn config(
    args: &TrainArgs,
    table: &Table,
    window: usize,
    by_season: bool,
) -> Result<ForecasterConfig, TrainError> {
    let divides = |segment: &usize| window.is_multiple_of(*segment);
    let segment = (1..=12).rev().find(divides).unwrap_or(1);
    let lags = match args.model {
        ModelKind::EncoderDecoder => window.min(LAGS),
        ModelKind::FeedForward => 0,
    };
    let centring = match by_season {
        true => Centring::Instance,
        false => Centring::Last,
    };
    Ok(ForecasterConfig {
        model: args.model,
        network: args.network.config(1)?,
        decoder: args.decoder,
        series: table.series(),
        joint: args.joint,
        window,
        horizon: args.horizon,
        segment: args.segment.unwrap_or(segment),
        lags: args.lags.unwrap_or(lags),
        centring: args.centring.unwrap_or(centring),
        time_features: args.time_features.count(),
        output_dropout: args.output_dropout,
        teacher_forcing: args.teacher_forcing,
        loss: args.loss,
    })
}

fn learn_args(args: &LearnArgs, small: bool) -> LearnArgs {
    let mut args = args.clone();
    if args.epochs == 0 {
        args.epochs = PASSES;
        if small {
            args.steps = args.steps.or(Some(STEPS));
        }
    }
    if small {
        args.eval_every = args.eval_every.or(Some(EVAL_EVERY));
    }
    args.patience = args.patience.or(Some(PATIENCE[usize::from(small)]));
    args
}

/// The season that most series have in the rows before `end`; of equally frequent ones the shortest.
pub(crate) fn usual_season(table: &Table, end: usize) -> Option<usize> {
    const LONGEST: usize = 500;
    let mut counts = BTreeMap::new();
    for series in 0..table.series() {
        let values = table.column(series, 0..end);
        if let Some(season) = detect_season(&values, LONGEST.min(values.len() / 3)) {
            *counts.entry(season).or_insert(0) += 1;
        }
    }
    let usual = counts
        .iter()
        .max_by_key(|(season, count)| (**count, usize::MAX - **season));
    usual.map(|(season, _)| *season)
}

#[cfg(test)]
mod tests {
    use super::super::command::DEFAULTS;
    use super::*;
    use crate::options::typed;

    /// Rows of a season of twelve.
    fn plan(rows: usize, words: &[&str]) -> Plan {
        let value = |row: usize| (row as f64 * core::f64::consts::TAU / 12.0).sin();
        let values = (0..rows).map(value).collect();
        let table = Table::new(vec!["a".to_owned()], values, None).unwrap();
        let words = [&["--horizon", "12"], words].concat();
        Plan::of(&typed(&words, DEFAULTS), &table).unwrap()
    }

    #[test]
    fn a_small_table_is_learnt_in_steps() {
        let small = plan(144, &[]);
        assert_eq!(small.rule.to_string(), "0.6/0.2/0.2");
        assert_eq!(
            (small.season, small.config.window, small.config.lags),
            (Some(12), 24, 24)
        );
        assert_eq!(small.config.centring, Centring::Instance);
        let learn = small.learn;
        assert_eq!(
            (learn.steps, learn.eval_every, learn.patience),
            (Some(500), Some(20), Some(10))
        );
        let typed = plan(
            144,
            &["--epochs", "7", "--centring", "last", "--window", "36"],
        );
        assert_eq!((typed.learn.steps, typed.learn.epochs), (None, 7));
        assert_eq!(
            (typed.config.centring, typed.config.window),
            (Centring::Last, 36)
        );
    }

    #[test]
    fn a_large_table_is_learnt_in_passes() {
        let large = plan(3000, &[]);
        assert_eq!(large.rule.to_string(), "0.7/0.1/0.2");
        assert_eq!(
            (large.config.window, large.config.lags, large.config.segment),
            (96, 96, 12)
        );
        assert_eq!(large.config.centring, Centring::Last);
        let learn = large.learn;
        assert_eq!(
            (learn.steps, learn.epochs, learn.eval_every, learn.patience),
            (None, 10, None, Some(3))
        );
    }
}
