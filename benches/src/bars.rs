//! The summary: geometric means, worst shapes, and what was promised.

use crate::case::{Case, Cell, Mode, Shape};
use crate::contestant::Contestant;
use crate::record::{Record, Row};
use crate::sgemm;
use crate::statistics::geometric_mean;

/// One line of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is compared with what.
    pub what: String,
    /// The number of shapes.
    pub shapes: usize,
    /// The geometric mean of the ratios.
    pub mean: f64,
    /// The ratio of the worst shape.
    pub worst: f64,
    /// The worst shape.
    pub worst_shape: Shape,
    /// What was promised, if anything, and whether it is kept.
    pub bar: Option<(String, bool)>,
}

/// How a ratio is judged.
#[derive(Clone, Copy)]
enum Bar {
    None,
    /// The mean at least this, and no shape below that.
    AtLeast(f64, Option<f64>),
    /// The mean at most this.
    AtMost(f64),
    /// No shape below this.
    EveryShape(f64),
}

/// All lines, in the order of the tables.
pub fn summary(record: &Record, modes: &[Mode], cells: &[Cell]) -> Vec<Line> {
    let mut lines = Vec::new();
    for &mode in modes {
        for &cell in cells {
            let rows: Vec<&Row> = record.table(mode, cell).collect();
            against_peers(&rows, mode, cell, &mut lines);
        }
    }
    for &mode in modes {
        for &cell in cells {
            let rows: Vec<&Row> = record.table(mode, cell).collect();
            against_plain(&rows, mode, cell, &mut lines);
        }
    }
    lines.extend(share_of_peak(record));
    lines
}

fn against_peers(rows: &[&Row], mode: Mode, cell: Cell, lines: &mut Vec<Line>) {
    use Contestant::{Apart, BurnNn, Candle, OnnxRuntime, Padded, PyTorch, Stream};
    let timed = matches!(mode, Mode::Train | Mode::Infer);
    for peer in [Padded, Apart, BurnNn, Candle, PyTorch, OnnxRuntime] {
        let bar = match (mode, peer) {
            (Mode::Train | Mode::Infer, BurnNn) => Bar::AtLeast(5.0, None),
            (Mode::Train, PyTorch) if cell.is_everyday() => Bar::AtLeast(1.5, Some(1.0)),
            (Mode::TrainLengths, Padded) => Bar::AtLeast(1.0 / 0.6, None),
            (Mode::TrainLengths, PyTorch) => Bar::AtLeast(2.0, None),
            (Mode::Sessions, Apart) => Bar::EveryShape(3.0),
            (Mode::Step, PyTorch) => Bar::AtLeast(5.0, None),
            (Mode::Step, OnnxRuntime) => Bar::EveryShape(1.0),
            _ => Bar::None,
        };
        let ratios = rows
            .iter()
            .filter_map(|row| Some((row.case.shape, row.ratio(peer)?)));
        let what = format!("{mode} {cell}: {} ÷ ours", peer.title());
        lines.extend(line(what, ratios, bar, f64::min));
        let stream = |row: &&Row| Some((row.case.shape, row.ratio_to(Stream, peer)?));
        let what = format!("{mode} {cell}: {} ÷ our Stream", peer.title());
        lines.extend(line(what, rows.iter().filter_map(stream), bar, f64::min));
    }
    if timed && mode == Mode::Infer {
        let ratios = rows.iter().filter_map(|row| {
            let faster = row.ratio(PyTorch)?.min(row.ratio(OnnxRuntime)?);
            Some((row.case.shape, faster))
        });
        let what = format!("{mode} {cell}: faster of PyTorch and ONNX Runtime ÷ ours");
        lines.extend(line(what, ratios, Bar::AtLeast(1.2, Some(0.9)), f64::min));
    }
}

/// A variant's time as a multiple of the plain LSTM's.
fn against_plain(rows: &[&Row], mode: Mode, cell: Cell, lines: &mut Vec<Line>) {
    if !cell.is_lstm_variant() || mode == Mode::Memory {
        return;
    }
    let times = |row: &&Row| Some((row.case, 1.0 / row.ratio(Contestant::PlainLstm)?));
    let ratios: Vec<_> = rows.iter().filter_map(times).collect();
    let allowed = ratios.iter().filter_map(|(case, _)| extra_products(case));
    let allowed: Vec<f64> = allowed.collect();
    let bar = match cell {
        _ if matches!(mode, Mode::Step | Mode::Sessions) => Bar::None,
        Cell::Peephole => Bar::AtMost(1.1),
        Cell::Coupled => Bar::AtMost(0.85),
        Cell::PeepholeFull => Bar::AtMost(geometric_mean(&allowed)),
        _ if cell.is_regularized() && mode == Mode::Train => Bar::AtMost(1.15),
        _ => Bar::None,
    };
    let what = format!("{mode}: our {cell} ÷ our plain LSTM");
    let ratios = ratios.into_iter().map(|(case, ratio)| (case.shape, ratio));
    lines.extend(line(what, ratios, bar, f64::max));
}

/// The products of an LSTM with peephole matrices as a multiple of the plain one's.
fn extra_products(case: &Case) -> Option<f64> {
    let (i, h) = (case.shape.input as f64, case.shape.hidden as f64);
    match case.mode {
        Mode::Infer => Some(1.0 + 3.0 * h / (4.0 * (i + h))),
        Mode::Train => Some(1.0 + 9.0 * h / (4.0 * (2.0 * i + 3.0 * h))),
        Mode::TrainLengths | Mode::Step | Mode::Sessions | Mode::Memory => None,
    }
}

/// The share of the measured peak that training reaches, where the shape is large enough for that.
fn share_of_peak(record: &Record) -> Option<Line> {
    let most = record.sgemm.iter().map(|sgemm| sgemm.threads).max()?;
    let peak = record.sgemm.iter().filter(|sgemm| sgemm.threads == most);
    let peak = peak.map(|sgemm| sgemm.gflops * 1e9).fold(0.0, f64::max);
    let large = |row: &&Row| row.case.shape.hidden >= 256 && row.case.shape.batch >= 32;
    let rows = record.table(Mode::Train, Cell::Lstm).filter(large);
    let shares = rows.filter_map(|row| {
        let seconds = row.entry(Contestant::Ours)?.median;
        let flops = sgemm::training_flops(row.case.cell, &row.case.shape)?;
        Some((row.case.shape, flops / seconds / peak))
    });
    let what = "train lstm, hidden ≥ 256, batch ≥ 32: share of the sgemm peak".to_owned();
    line(what, shares, Bar::AtLeast(0.65, None), f64::min)
}

fn line(
    what: String,
    ratios: impl Iterator<Item = (Shape, f64)>,
    bar: Bar,
    worse: fn(f64, f64) -> f64,
) -> Option<Line> {
    let ratios: Vec<(Shape, f64)> = ratios.collect();
    let values: Vec<f64> = ratios.iter().map(|(_, ratio)| *ratio).collect();
    let mean = geometric_mean(&values);
    let worst = values.iter().copied().reduce(worse)?;
    let (worst_shape, _) = *ratios.iter().find(|(_, ratio)| *ratio == worst)?;
    let bar = match bar {
        Bar::None => None,
        Bar::AtLeast(least, None) => Some((format!("mean ≥ {least:.2}"), mean >= least)),
        Bar::AtLeast(least, Some(each)) => Some((
            format!("mean ≥ {least:.2}, each ≥ {each:.2}"),
            mean >= least && worst >= each,
        )),
        Bar::AtMost(most) => Some((format!("mean ≤ {most:.2}"), mean <= most)),
        Bar::EveryShape(each) => Some((format!("each ≥ {each:.2}"), worst >= each)),
    };
    Some(Line {
        what,
        shapes: ratios.len(),
        mean,
        worst,
        worst_shape,
        bar,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Entry;

    fn row(shape: Shape, ours: f64, pytorch: f64) -> Row {
        let entry = |contestant, median| Entry {
            contestant,
            median,
            lower_quartile: median,
            upper_quartile: median,
            p99: median,
            runs: 1,
            note: None,
        };
        let (cell, mode) = (Cell::Lstm, Mode::Train);
        Row {
            case: Case { cell, mode, shape },
            entries: vec![
                entry(Contestant::Ours, ours),
                entry(Contestant::PyTorch, pytorch),
            ],
        }
    }

    #[test]
    fn one_slow_shape_breaks_the_bar_that_the_mean_keeps() {
        let (fast, slow) = (Shape::new(1, 50, 64, 64), Shape::new(32, 50, 64, 64));
        let mut record = Record::default();
        record.rows.push(row(fast, 1.0, 4.0));
        let lines = summary(&record, &[Mode::Train], &[Cell::Lstm]);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].bar.as_ref().unwrap().1);
        record.rows.push(row(slow, 1.0, 0.9));
        let lines = summary(&record, &[Mode::Train], &[Cell::Lstm]);
        assert!(lines[0].mean > 1.5 && !lines[0].bar.as_ref().unwrap().1);
        assert_eq!((lines[0].worst, lines[0].worst_shape), (0.9, slow));
    }

    #[test]
    fn the_share_of_the_peak_counts_large_shapes_alone() {
        let mut record = Record::default();
        let large = Shape::new(32, 100, 128, 256);
        let flops = sgemm::training_flops(Cell::Lstm, &large).unwrap();
        record.rows.push(row(large, flops / 50e9, 1.0));
        record.rows.push(row(Shape::new(1, 50, 64, 64), 1.0, 1.0));
        record.sgemm.push(crate::record::Sgemm {
            library: "a library".to_owned(),
            threads: 2,
            gflops: 100.0,
        });
        let line = share_of_peak(&record).unwrap();
        assert!((line.mean - 0.5).abs() < 1e-9 && line.shapes == 1);
    }
}
