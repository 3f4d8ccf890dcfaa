//! This library, through what its users import.

use burn_rnn::{
    CellOptions, CoupledLstmConfig, GruConfig, LstmConfig, PeepholeKind, PeepholeLstmConfig,
    RecurrentConfig, Reset, SimpleRnnConfig,
};

use super::{Task, tasks};
use crate::case::{Case, Cell, Mode};

/// Makes a network of the case's architecture.
pub fn prepare(case: &Case) -> Result<Task, String> {
    let (input, hidden) = (case.shape.input, case.shape.hidden);
    let lstm = LstmConfig::new(input, hidden);
    match case.cell {
        Cell::Rnn => task(SimpleRnnConfig::new(input, hidden), case),
        Cell::Gru => task(GruConfig::new(input, hidden), case),
        Cell::GruBefore => {
            let config = GruConfig::new(input, hidden).with_reset(Reset::BeforeProduct);
            task(config, case)
        }
        Cell::Peephole => task(PeepholeLstmConfig::new(input, hidden), case),
        Cell::PeepholeFull => {
            let config = PeepholeLstmConfig::new(input, hidden).with_peephole(PeepholeKind::Full);
            task(config, case)
        }
        Cell::Coupled => task(CoupledLstmConfig::new(input, hidden), case),
        Cell::Lstm => task(lstm, case),
        Cell::Nig => task(lstm.with_input_gate(false), case),
        Cell::Nfg => task(lstm.with_forget_gate(false), case),
        Cell::Nog => task(lstm.with_output_gate(false), case),
        Cell::Niaf => task(lstm.with_input_activation(false), case),
        Cell::Noaf => task(lstm.with_output_activation(false), case),
        Cell::Fgr => task(lstm.with_full_gate_recurrence(true), case),
    }
}

fn task<O: CellOptions>(config: RecurrentConfig<O>, case: &Case) -> Result<Task, String>
where
    O::Cell: 'static,
{
    let network = config
        .try_init(&tasks::device(case.mode))
        .map_err(|error| error.to_string())?;
    Ok(match case.mode {
        Mode::Step => tasks::stream(
            network,
            |network, x_t, state| network.step(x_t, state),
            case.shape,
        ),
        _ => tasks::sequence(
            network,
            |network, input| network.forward(input, None).0,
            case.mode,
            case.shape,
        ),
    })
}
