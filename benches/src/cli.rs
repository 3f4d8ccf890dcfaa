//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::case::{Cell, Mode, Shape};
use crate::grid::Selection;
use crate::process::Launch;
use crate::rounds::Patience;
use crate::simd::Simd;

/// Times burn-rnn side by side with burn-nn, candle-nn, PyTorch and ONNX Runtime in one session, in
/// turns, and prints medians and ratios.
///
/// Without arguments the whole grid is timed, which takes hours; --quick takes minutes.
#[derive(Debug, Parser)]
#[command(name = "burn-rnn-bench", version)]
pub struct Cli {
    /// A Python with torch, onnx and onnxruntime; without it the contestants in Rust run alone
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// A few representative shapes, fewer rounds, no ablations, no new cells, no torch.compile
    #[arg(long, conflicts_with_all = ["shape", "batch", "hidden", "time", "input"])]
    quick: bool,
    /// The architectures [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    cell: Vec<Cell>,
    /// The architectures beyond Elman's network, LSTM and GRU: indrnn to own of --cell, by default over two shapes
    #[arg(long, conflicts_with = "cell")]
    new_cells: bool,
    /// What is done with them [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    mode: Vec<Mode>,
    /// Batch sizes in place of the grid's 1,16,32,64,128
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = size)]
    batch: Vec<usize>,
    /// Hidden sizes in place of the grid's 64,128,256,512,1024
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = size)]
    hidden: Vec<usize>,
    /// Numbers of time steps in place of the grid's 50,200
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = size)]
    time: Vec<usize>,
    /// Input sizes in place of the grid's 64 and the hidden size
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = size)]
    input: Vec<usize>,
    /// Shapes BATCHxTIMExINPUTxHIDDEN in place of a grid
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SHAPES",
        conflicts_with_all = ["batch", "hidden", "time", "input"]
    )]
    shape: Vec<Shape>,
    /// Threads of every contestant
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = size)]
    threads: usize,
    /// The vector instructions that the contestants are held to [default: the best each finds]
    #[arg(long, value_enum, value_name = "NAME")]
    simd: Option<Simd>,
    /// Rounds in which everybody is timed in turn [default: 7, with --quick 5]
    #[arg(long, value_name = "N", value_parser = size)]
    rounds: Option<usize>,
    /// Let PyTorch compile its loops, for cells that it does not have, with --quick too
    #[arg(long, conflicts_with = "no_compile")]
    compile: bool,
    /// Do not let PyTorch compile its loops: seconds instead of minutes for such a cell
    #[arg(long)]
    no_compile: bool,
    /// Keep what is measured in this file, written after every case
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw the ratios as a picture
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Measure nothing: print and draw what --json kept, of several sessions together
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "FILES",
        conflicts_with_all = ["python", "quick", "shape", "json"]
    )]
    pub from: Vec<PathBuf>,
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if size > 0 => Ok(size),
        _ => Err("expected a whole number of at least 1".to_owned()),
    }
}

impl Cli {
    /// The modes, in the tables' order.
    pub fn modes(&self) -> Vec<Mode> {
        let all = Mode::value_variants().iter().copied();
        let wanted = |mode: &Mode| self.mode.is_empty() || self.mode.contains(mode);
        all.filter(wanted).collect()
    }

    /// The architectures, in the tables' order.
    pub fn cells(&self) -> Vec<Cell> {
        let all = Cell::value_variants().iter().copied();
        let in_quick = |cell: &Cell| {
            !(cell.is_ablation()
                || cell.is_regularized()
                || cell.is_new()
                || *cell == Cell::GruBefore)
        };
        let wanted = |cell: &Cell| match self.cell.is_empty() {
            _ if self.new_cells => cell.is_new(),
            true => !self.quick || in_quick(cell),
            false => self.cell.contains(cell),
        };
        all.filter(wanted).collect()
    }

    /// The shapes.
    pub fn selection(&self) -> Selection {
        Selection {
            quick: self.quick,
            shapes: self.shape.clone(),
            batches: self.batch.clone(),
            hiddens: self.hidden.clone(),
            times: self.time.clone(),
            inputs: self.input.clone(),
        }
    }

    /// How the contestants are started.
    pub fn launch(&self) -> Launch {
        Launch {
            python: self.python.clone(),
            threads: self.threads,
            compile: !self.no_compile && (self.compile || !self.quick),
            simd: self.simd,
        }
    }

    /// How long is measured.
    pub fn patience(&self) -> Patience {
        let (rounds, seconds, steps) = if self.quick {
            (5, 0.3, 200)
        } else {
            (7, 1.5, 500)
        };
        Patience {
            rounds: self.rounds.unwrap_or(rounds),
            seconds,
            steps,
        }
    }
}
