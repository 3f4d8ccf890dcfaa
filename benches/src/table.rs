//! The tables, in Markdown that is also aligned for the terminal.

use std::fmt::Write;

use crate::bars;
use crate::case::{Cell, Mode};
use crate::contestant::Contestant;
use crate::record::{Entry, Record, Row, Sgemm};
use crate::sgemm;
use crate::statistics::geometric_mean;

/// All tables of a session and its summary.
pub fn render(record: &Record, modes: &[Mode], cells: &[Cell]) -> String {
    let mut text = String::new();
    for &mode in modes {
        for &cell in cells {
            let rows: Vec<&Row> = record.table(mode, cell).collect();
            if !rows.is_empty() {
                let (title, unit) = (mode.title(), unit(mode));
                let _ = writeln!(text, "\n## {cell}: {title}, {unit}\n");
                text += &aligned(&table(&rows, mode));
                text += &notes(&rows);
            }
        }
    }
    if !record.sgemm.is_empty() {
        text += "\n## sgemm, best of the session, GFLOP/s\n\n";
        let mut lines = vec![
            ["library", "threads", "GFLOP/s"]
                .map(str::to_owned)
                .to_vec(),
        ];
        lines.extend(record.sgemm.iter().map(|sgemm| {
            let Sgemm {
                library,
                threads,
                gflops,
            } = sgemm;
            vec![library.clone(), threads.to_string(), format!("{gflops:.0}")]
        }));
        text += &aligned(&lines);
        let _ = writeln!(text, "\nLSTM training counted as {}.", sgemm::FORMULA);
    }
    let lines = bars::summary(record, modes, cells);
    if !lines.is_empty() {
        text += "\n## summary\n\n";
        let head = ["what", "shapes", "geometric mean", "worst", "at", "bar", ""];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for line in lines {
            let (bar, verdict) = match line.bar {
                Some((bar, kept)) => (bar, if kept { "kept" } else { "MISSED" }),
                None => (String::new(), ""),
            };
            table.push(vec![
                line.what,
                line.shapes.to_string(),
                format!("{:.2}", line.mean),
                format!("{:.2}", line.worst),
                line.worst_shape.to_string(),
                bar,
                verdict.to_owned(),
            ]);
        }
        text += &aligned(&table);
    }
    if !record.left_out.is_empty() {
        text += "\n## left out\n\n";
        for line in &record.left_out {
            let _ = writeln!(text, "- {line}");
        }
    }
    if !record.session.is_empty() {
        text += "\n## session\n\n";
        for line in &record.session {
            let _ = writeln!(text, "- {line}");
        }
    }
    text
}

fn unit(mode: Mode) -> &'static str {
    match mode {
        Mode::Train | Mode::TrainLengths | Mode::Infer => "median milliseconds (× of ours)",
        Mode::Step => "p50 / p99 microseconds (× of our p50)",
        Mode::Sessions => "median microseconds (× of ours)",
        Mode::Memory => "MiB / bytes a batch·time·hidden (× of ours)",
    }
}

fn table(rows: &[&Row], mode: Mode) -> Vec<Vec<String>> {
    let there = |contestant: &Contestant| rows.iter().any(|row| row.entry(*contestant).is_some());
    let columns: Vec<Contestant> = Contestant::ALL.into_iter().filter(there).collect();
    let mut head = vec!["batch×time×input×hidden".to_owned()];
    if mode == Mode::Step {
        head[0] = "input×hidden".to_owned();
    }
    head.extend(columns.iter().map(|column| column.title().to_owned()));
    let mut lines = vec![head];
    for row in rows {
        let shape = row.case.shape;
        let mut line = vec![match mode {
            Mode::Step => format!("{}×{}", shape.input, shape.hidden),
            _ => shape.to_string(),
        }];
        for &column in &columns {
            line.push(match row.entry(column) {
                Some(entry) if entry.is_unsteady() => {
                    format!("~ {}", value(entry, row)) + &times(row.ratio(column), column)
                }
                Some(entry) => value(entry, row) + &times(row.ratio(column), column),
                None => "–".to_owned(),
            });
        }
        lines.push(line);
    }
    if rows.len() > 1 {
        let mut line = vec!["geometric mean".to_owned()];
        for &column in &columns {
            let ratios: Vec<f64> = rows.iter().filter_map(|row| row.ratio(column)).collect();
            line.push(match column {
                Contestant::Ours => String::new(),
                _ if ratios.is_empty() => "–".to_owned(),
                _ => format!("{:.2}×", geometric_mean(&ratios)),
            });
        }
        lines.push(line);
    }
    lines
}

/// How a contestant was run, where it had a choice, and for how many shapes it took which.
fn notes(rows: &[&Row]) -> String {
    let mut text = String::new();
    if rows
        .iter()
        .any(|row| row.entries.iter().any(Entry::is_unsteady))
    {
        text += "\n\\~ unsteady: the slower quarter of the runs took 1.5 times as long as the faster one or longer; \
                 measure again on a machine that does nothing else.";
    }
    for contestant in Contestant::ALL {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        let entries = rows.iter().filter_map(|row| row.entry(contestant));
        for note in entries.filter_map(|entry| entry.note.as_deref()) {
            match counts.iter_mut().find(|(known, _)| *known == note) {
                Some((_, count)) => *count += 1,
                None => counts.push((note, 1)),
            }
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(note, count)| match count {
                count if *count == rows.len() => (*note).to_owned(),
                count => format!("{note} ({count} of {})", rows.len()),
            })
            .collect();
        if !counts.is_empty() {
            let _ = write!(text, "\n{}: {}.", contestant.title(), counts.join("; "));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn value(entry: &Entry, row: &Row) -> String {
    match row.case.mode {
        Mode::Train | Mode::TrainLengths | Mode::Infer => three_digits(entry.median * 1e3),
        Mode::Step => {
            let (p50, p99) = (entry.median * 1e6, entry.p99 * 1e6);
            format!("{} / {}", three_digits(p50), three_digits(p99))
        }
        Mode::Sessions => three_digits(entry.median * 1e6),
        Mode::Memory => {
            let shape = row.case.shape;
            let states = (shape.batch * shape.time * shape.hidden) as f64;
            let mebibytes = entry.median / 1024.0 / 1024.0;
            format!("{} / {:.0}", three_digits(mebibytes), entry.median / states)
        }
    }
}

fn times(ratio: Option<f64>, column: Contestant) -> String {
    match ratio {
        Some(ratio) if column != Contestant::Ours => format!(" ({ratio:.2}×)"),
        _ => String::new(),
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A Markdown table, the first line its head: the first column to the left, the others to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let _ = match column {
                    0 => write!(text, "|{}|", "-".repeat(width + 2)),
                    _ => write!(text, "{}:|", "-".repeat(width + 1)),
                };
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let shown = [123.4, 12.34, 1.234, 0.1234].map(three_digits);
        assert_eq!(shown, ["123", "12.3", "1.23", "0.123"]);
    }

    #[test]
    fn columns_line_up() {
        let lines = [["a", "b"], ["long", "1×"]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(
            aligned(&lines),
            "| a    |   b |\n|------|----:|\n| long |  1× |\n"
        );
    }
}
