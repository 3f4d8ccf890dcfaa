//! candle-nn's LSTM and GRU.

use std::collections::HashMap;
use std::hint::black_box;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::rnn::{GRU, GRUConfig, GRUState, LSTM, LSTMConfig, LSTMState, RNN};
use candle_nn::{VarBuilder, VarMap};

use super::Task;
use crate::case::{Case, Cell, Mode, Shape};

/// Makes a layer of the case's architecture.
///
/// # Errors
///
/// Where candle-nn does not have it, or refuses.
pub fn prepare(case: &Case) -> Result<Task> {
    let (input, hidden) = (case.shape.input, case.shape.hidden);
    let variables = VarMap::new();
    match case.cell {
        Cell::Lstm => {
            let make = |weights| LSTM::new(input, hidden, LSTMConfig::default(), weights);
            let layer = make(tracked(&variables))?;
            let layer = match case.mode {
                Mode::Train | Mode::TrainLengths | Mode::Memory => layer,
                Mode::Infer | Mode::Step => make(untracked(&variables))?,
            };
            task(layer, |state: &LSTMState| &state.h, variables, case)
        }
        Cell::Gru => {
            let make = |weights| GRU::new(input, hidden, GRUConfig::default(), weights);
            let layer = make(tracked(&variables))?;
            let layer = match case.mode {
                Mode::Train | Mode::TrainLengths | Mode::Memory => layer,
                Mode::Infer | Mode::Step => make(untracked(&variables))?,
            };
            task(layer, |state: &GRUState| &state.h, variables, case)
        }
        other => candle_core::bail!("candle-nn has no {other}"),
    }
}

fn tracked(variables: &VarMap) -> VarBuilder<'static> {
    VarBuilder::from_varmap(variables, DType::F32, &Device::Cpu)
}

/// The same weights outside of any graph: candle records one wherever a variable takes part.
fn untracked(variables: &VarMap) -> VarBuilder<'static> {
    let variables = variables.data().lock().expect("nobody else holds it");
    let tensors: HashMap<String, Tensor> = variables
        .iter()
        .map(|(name, variable)| (name.clone(), variable.as_tensor().detach()))
        .collect();
    VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)
}

fn task<R: RNN + 'static>(
    layer: R,
    hidden: impl Fn(&R::State) -> &Tensor + 'static,
    variables: VarMap,
    case: &Case,
) -> Result<Task> {
    let Shape {
        batch,
        time,
        input,
        hidden: d_hidden,
    } = case.shape;
    if case.mode == Mode::Step {
        let x_t = Tensor::randn(0f32, 1.0, (1, input), &Device::Cpu)?;
        let mut state = layer.zero_state(1)?;
        return Ok(Box::new(move || {
            state = layer.step(&x_t, &state).expect("shapes fit");
            black_box(hidden(&state));
        }));
    }
    let x = Tensor::randn(0f32, 1.0, (batch, time, input), &Device::Cpu)?;
    let training = case.mode != Mode::Infer;
    let run = move || -> Result<()> {
        let states = layer.seq(&x)?;
        // By hand: `states_to_tensor` of its GRU joins the steps along the features.
        let states: Vec<_> = states.iter().map(&hidden).collect();
        let output = Tensor::stack(&states, 1)?;
        assert_eq!(
            output.dims(),
            [batch, time, d_hidden],
            "the shape of the output"
        );
        if training {
            let gradients = output.sum_all()?.backward()?;
            let all = variables.all_vars();
            assert!(all.iter().all(|variable| gradients.get(variable).is_some()));
            black_box(gradients);
        } else {
            black_box(output);
        }
        Ok(())
    };
    Ok(Box::new(move || run().expect("shapes fit")))
}
