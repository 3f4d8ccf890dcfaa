//! Burn's own recurrent modules, on the same backend. They have no step: a stream is sequences of one.

use burn::nn::gru::GruConfig;
use burn::nn::{LstmConfig, RnnConfig};

use super::{Task, tasks};
use crate::case::{Case, Cell, Mode};

/// Makes a module of the case's architecture.
///
/// # Errors
///
/// Where burn-nn does not have it.
pub fn prepare(case: &Case) -> Result<Task, String> {
    let Case { cell, mode, shape } = *case;
    let (input, hidden) = (shape.input, shape.hidden);
    let device = tasks::device(mode);
    let streaming = mode == Mode::Step;
    let task = match cell {
        Cell::Rnn => {
            let module = RnnConfig::new(input, hidden, true).init(&device);
            if streaming {
                tasks::stream(
                    module,
                    |module, x_t, state| {
                        let (output, state) = module.forward(x_t.unsqueeze_dim(1), state);
                        (output.squeeze_dim(1), state)
                    },
                    shape,
                )
            } else {
                tasks::sequence(module, |module, x| module.forward(x, None).0, mode, shape)
            }
        }
        Cell::Lstm | Cell::Coupled => {
            let config = LstmConfig::new(input, hidden, true);
            let module = config
                .with_input_forget(cell == Cell::Coupled)
                .init(&device);
            if streaming {
                tasks::stream(
                    module,
                    |module, x_t, state| {
                        let (output, state) = module.forward(x_t.unsqueeze_dim(1), state);
                        (output.squeeze_dim(1), state)
                    },
                    shape,
                )
            } else {
                tasks::sequence(module, |module, x| module.forward(x, None).0, mode, shape)
            }
        }
        Cell::Gru | Cell::GruBefore => {
            let config = GruConfig::new(input, hidden, true);
            let module = config.with_reset_after(cell == Cell::Gru).init(&device);
            if streaming {
                tasks::stream(
                    module,
                    |module, x_t, state| {
                        let output = module.forward(x_t.unsqueeze_dim(1), state);
                        let hidden = output.squeeze_dim::<2>(1);
                        (hidden.clone(), hidden)
                    },
                    shape,
                )
            } else {
                tasks::sequence(module, |module, x| module.forward(x, None), mode, shape)
            }
        }
        other => return Err(format!("burn-nn has no {other}")),
    };
    Ok(task)
}
