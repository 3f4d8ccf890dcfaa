//! The proof that no future value enters a scaler, a window or a target.

use proptest::prelude::*;

use crate::{ScaledTable, ScalerKind, Scalers, SplitRule, Table, TableWindows, TimeFeatures};

const SERIES: usize = 2;

/// Where the target starts, the bits of the window, and those of the target where it is past already.
type Pair = (usize, Vec<u32>, Option<Vec<u32>>);

/// Everything that is known before row `present`: the scalers, if the training part ends there or before,
/// and every window that ends, and every target that ends, there or before, bit by bit.
fn known_before(
    cells: &[Option<f64>],
    kind: ScalerKind,
    present: usize,
    window: usize,
    horizon: usize,
) -> Option<(Scalers, Vec<Pair>)> {
    let names = vec!["a".to_owned(), "b".to_owned()];
    let table = Table::interpolated(names, cells, None).ok()?;
    let rule = SplitRule::Fractions([0.5, 0.2, 0.3]);
    let train = rule.split(&table).ok()?.train;
    let scalers = Scalers::fit(kind, &table, train.clone()).ok()?;
    if present < train.end {
        return None;
    }
    let scaled = ScaledTable::new(&table, &scalers, TimeFeatures::None).ok()?;
    let windows = TableWindows::new(&scaled, 0..table.rows(), window, horizon).ok()?;
    let bits = |values: &[f32]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    let pairs = (0..windows.starts().len())
        .map(|pair| windows.window(pair))
        .filter(|pair| pair.start() + horizon <= present)
        .map(|pair| (pair.start(), bits(pair.input()), Some(bits(pair.target()))));
    // The forecast that starts at the present has its window only.
    let now = (0..windows.starts().len())
        .map(|pair| windows.window(pair))
        .filter(|pair| pair.start() <= present && pair.start() + horizon > present)
        .filter(|pair| table.settled(pair.start()))
        .map(|pair| (pair.start(), bits(pair.input()), None));
    let known = pairs.chain(now).collect();
    Some((scalers, known))
}

proptest! {
    /// All values from some row on are replaced, gaps stay where they are: what was known before that row
    /// has not changed in a single bit.
    #[test]
    fn no_future_value_enters_a_scaler_a_window_or_a_target(
        cells in prop::collection::vec((-9f64..9.0, prop::bool::weighted(0.15)), 24..160),
        others in prop::collection::vec(-1e6f64..1e6, 160),
        kind in prop::sample::select(vec![ScalerKind::MinMax, ScalerKind::Standard, ScalerKind::Robust]),
        present in 0.5f64..1.0,
        window in 1usize..8,
        horizon in 1usize..5,
    ) {
        let rows = cells.len() / SERIES;
        let present = (rows as f64 * present).round() as usize;
        let cells: Vec<Option<f64>> = cells[..rows * SERIES]
            .iter()
            .map(|(value, missing)| (!missing).then_some(*value))
            .collect();
        let changed: Vec<Option<f64>> = cells
            .iter()
            .zip(others)
            .enumerate()
            .map(|(place, (cell, other))| match place / SERIES < present {
                true => *cell,
                false => cell.map(|_| other),
            })
            .collect();
        let before = known_before(&cells, kind, present, window, horizon);
        let after = known_before(&changed, kind, present, window, horizon);
        prop_assert_eq!(before, after);
    }
}

/// The rule is not empty: with a gap over the present, the value after it would come in.
#[test]
fn without_the_rule_an_interpolated_value_would_show_the_future() {
    let table = |future: f64| {
        let cells = [Some(0.0), Some(1.0), None, Some(future)];
        Table::interpolated(vec!["a".into()], &cells, None).unwrap()
    };
    let (one, other) = (table(3.0), table(9.0));
    assert_ne!(one.column(0, 0..3), other.column(0, 0..3));
    assert!(one.settled(2) && !one.settled(3) && one.settled(4));
}
