//! The kernels against the equations in plain loops of `f64`, differentiated numerically.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::level::Level;
use crate::run::{backward, forward};
use crate::segments::{backward_in_segments, forward_in_segments};
use crate::spec::{
    Activation, CellSpec, GateSource, Gradients, GruSpec, LstmSpec, Operands, OutputGradients,
    Owners, Peephole, Sizes, Wanted,
};

/// Everything that a run reads.
#[derive(Clone)]
struct Problem {
    spec: CellSpec,
    sizes: Sizes,
    reverse: bool,
    x: Vec<f64>,
    hidden: Vec<f64>,
    cell: Vec<f64>,
    gates: Vec<f64>,
    w_input: Vec<f64>,
    w_hidden: Vec<f64>,
    bias: Option<Vec<f64>>,
    extra: Option<Vec<f64>>,
    w_gates: Option<Vec<f64>>,
    /// The weights of the output, the last cell state and the last gates in the loss.
    by_output: Vec<f64>,
    by_cell: Vec<f64>,
    by_gates: Vec<f64>,
}

impl Problem {
    fn new(spec: CellSpec, sizes: Sizes, with_bias: bool, reverse: bool, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut draw = |len: usize| -> Vec<f64> {
            // Values that a float holds exactly, so that both sides read the same.
            (0..len)
                .map(|_| f64::from(rng.random_range(-1.0f32..1.0)))
                .collect()
        };
        let Sizes {
            batch,
            time,
            d_input,
            d_hidden,
        } = sizes;
        let columns = spec.gates() * d_hidden;
        let extra: usize = spec.extra_shape(d_hidden).iter().product();
        let carried = spec.carried_gates() * d_hidden;
        let states = if spec.has_cell_state() {
            batch * d_hidden
        } else {
            0
        };
        Self {
            spec,
            sizes,
            reverse,
            x: draw(batch * time * d_input),
            hidden: draw(batch * d_hidden),
            cell: draw(states),
            gates: draw(batch * carried),
            w_input: draw(d_input * columns),
            w_hidden: draw(d_hidden * columns),
            bias: with_bias.then(|| draw(columns)),
            extra: (extra > 0 && (with_bias || spec.has_cell_state())).then(|| draw(extra)),
            w_gates: (carried > 0).then(|| draw(carried * carried)),
            by_output: draw(batch * time * d_hidden),
            by_cell: draw(states),
            by_gates: draw(batch * carried),
        }
    }

    /// All hidden states, the last cell state and the last gates, by the equations.
    fn run(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let Sizes {
            batch,
            time,
            d_input,
            d_hidden,
        } = self.sizes;
        let columns = self.spec.gates() * d_hidden;
        let mut output = vec![0.0; batch * time * d_hidden];
        let mut cells = self.cell.clone();
        let carried = self.spec.carried_gates() * d_hidden;
        let mut gates = self.gates.clone();
        for b in 0..batch {
            let mut h = self.hidden[b * d_hidden..][..d_hidden].to_vec();
            for step in 0..time {
                let t = if self.reverse { time - 1 - step } else { step };
                let x = &self.x[(b * time + t) * d_input..][..d_input];
                let before = h.clone();
                let input = |gate: usize, unit: usize| -> f64 {
                    let column = gate * d_hidden + unit;
                    let bias = self.bias.as_ref().map_or(0.0, |bias| bias[column]);
                    bias + (0..d_input)
                        .map(|k| x[k] * self.w_input[k * columns + column])
                        .sum::<f64>()
                };
                let recurrent = |h: &[f64], gate: usize, unit: usize| -> f64 {
                    let column = gate * d_hidden + unit;
                    (0..d_hidden)
                        .map(|k| h[k] * self.w_hidden[k * columns + column])
                        .sum()
                };
                let extra = |row: usize, unit: usize| {
                    self.extra
                        .as_ref()
                        .map_or(0.0, |extra| extra[row * d_hidden + unit])
                };
                let both = |gate, unit| input(gate, unit) + recurrent(&before, gate, unit);
                if let CellSpec::Lstm(lstm) = &self.spec {
                    let peek = |cells: &[f64], row: usize, unit: usize| match lstm.peephole {
                        Peephole::None => 0.0,
                        Peephole::Diagonal => extra(row, unit) * cells[unit],
                        Peephole::Full => (0..d_hidden)
                            .map(|k| cells[k] * extra(k * lstm.sigmoid_gates() + row, unit))
                            .sum(),
                    };
                    let cells = &mut cells[b * d_hidden..][..d_hidden];
                    let before = cells.to_vec();
                    let gates = &mut gates[b * carried..][..carried];
                    let gates_before = gates.to_vec();
                    let from_gates = |place: usize, unit: usize| -> f64 {
                        let Some(w_gates) = &self.w_gates else {
                            return 0.0;
                        };
                        let column = place * d_hidden + unit;
                        let product = |k: usize| gates_before[k] * w_gates[k * carried + column];
                        (0..carried).map(product).sum()
                    };
                    let mut carry = |place: usize, unit: usize, value: f64| {
                        if carried > 0 {
                            gates[place * d_hidden + unit] = value;
                        }
                    };
                    for unit in 0..d_hidden {
                        let a = |gate| both(gate, unit);
                        let see = |place| peek(&before, place, unit) + from_gates(place, unit);
                        let carry = |place, value| carry(place, unit, value);
                        cells[unit] = lstm_cell(lstm, before[unit], a, see, carry);
                    }
                    for unit in 0..d_hidden {
                        let a = |gate| both(gate, unit);
                        let see = |place| peek(cells, place, unit) + from_gates(place, unit);
                        let carry = |place, value| carry(place, unit, value);
                        h[unit] = lstm_hidden(lstm, cells[unit], a, see, carry);
                    }
                    output[(b * time + t) * d_hidden..][..d_hidden].copy_from_slice(&h);
                    continue;
                }
                for unit in 0..d_hidden {
                    h[unit] = match self.spec {
                        CellSpec::Simple(activation) => {
                            let a = both(0, unit);
                            match activation {
                                Activation::Tanh => a.tanh(),
                                Activation::Relu => a.max(0.0),
                                Activation::Sigmoid => sigmoid(a),
                                Activation::Identity => a,
                            }
                        }
                        CellSpec::Lstm(_) => unreachable!("it is above"),
                        CellSpec::Gru(gru) => {
                            let reset = |unit| sigmoid(both(0, unit));
                            let update = sigmoid(both(1, unit));
                            let new = if gru.reset_after {
                                reset(unit) * (recurrent(&before, 2, unit) + extra(0, unit))
                            } else {
                                let h: Vec<f64> =
                                    (0..d_hidden).map(|k| reset(k) * before[k]).collect();
                                recurrent(&h, 2, unit)
                            };
                            let new = (input(2, unit) + new).tanh();
                            (1.0 - update) * before[unit] + update * new
                        }
                    };
                }
                output[(b * time + t) * d_hidden..][..d_hidden].copy_from_slice(&h);
            }
        }
        (output, cells, gates)
    }

    fn loss(&self) -> f64 {
        let (output, cell, gates) = self.run();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(&output, &self.by_output) + dot(&cell, &self.by_cell) + dot(&gates, &self.by_gates)
    }

    /// The derivative of the loss by every element of an operand.
    fn numerical(&self, operand: impl Fn(&mut Self) -> Option<&mut Vec<f64>>) -> Vec<f64> {
        let mut problem = self.clone();
        let len = operand(&mut problem).map_or(0, |operand| operand.len());
        let step = 1e-5;
        let at = |index: usize, by: f64| {
            let mut problem = self.clone();
            operand(&mut problem).expect("it has elements")[index] += by;
            problem.loss()
        };
        (0..len)
            .map(|index| (at(index, step) - at(index, -step)) / (2.0 * step))
            .collect()
    }
}

/// `C_t`; `a` is the pre-activation of a gate, `see` what it sees of the cell states and the gates before, and its value goes
/// to `carry`.
fn lstm_cell(
    lstm: &LstmSpec,
    before: f64,
    a: impl Fn(usize) -> f64,
    see: impl Fn(usize) -> f64,
    mut carry: impl FnMut(usize, f64),
) -> f64 {
    let mut gate = 0;
    let mut input = 1.0;
    let mut forget = 1.0;
    if lstm.input == GateSource::Own {
        input = sigmoid(a(gate) + see(gate));
        carry(gate, input);
        gate += 1;
    }
    if lstm.forget == GateSource::Own {
        forget = sigmoid(a(gate) + see(gate));
        carry(gate, forget);
        gate += 1;
    }
    if lstm.input == GateSource::Complement {
        input = 1.0 - forget;
    }
    if lstm.forget == GateSource::Complement {
        forget = 1.0 - input;
    }
    let candidate = a(gate);
    let candidate = if lstm.input_activation {
        candidate.tanh()
    } else {
        candidate
    };
    forget * before + input * candidate
}

/// `h_t` from `C_t`.
fn lstm_hidden(
    lstm: &LstmSpec,
    cell: f64,
    a: impl Fn(usize) -> f64,
    see: impl Fn(usize) -> f64,
    mut carry: impl FnMut(usize, f64),
) -> f64 {
    let shown = if lstm.output_activation {
        cell.tanh()
    } else {
        cell
    };
    if lstm.output {
        let gates = lstm.sigmoid_gates();
        let output = sigmoid(a(gates) + see(gates - 1));
        carry(gates - 1, output);
        output * shown
    } else {
        shown
    }
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

fn close(what: &str, given: &[f32], expected: &[f64]) {
    assert_eq!(given.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1.0f64, |most, value| most.max(value.abs()));
    for (index, (given, expected)) in given.iter().zip(expected).enumerate() {
        let error = (f64::from(*given) - expected).abs() / scale;
        assert!(
            error < 2e-5,
            "{what}[{index}] is {given}, expected {expected}"
        );
    }
}

fn check(level: Level, problem: &Problem) {
    let single =
        |values: &[f64]| -> Vec<f32> { values.iter().map(|value| *value as f32).collect() };
    let Problem {
        spec,
        sizes,
        reverse,
        ..
    } = problem;
    let about = format!("{level:?} {spec:?} {sizes:?} reverse {reverse}");
    let x = single(&problem.x);
    let hidden = single(&problem.hidden);
    let cell = single(&problem.cell);
    let gates = single(&problem.gates);
    let w_input = single(&problem.w_input);
    let w_hidden = single(&problem.w_hidden);
    let bias = problem.bias.as_deref().map(single);
    let extra = problem.extra.as_deref().map(single);
    let w_gates = problem.w_gates.as_deref().map(single);
    let operands = Operands {
        x: &x,
        hidden: &hidden,
        cell: spec.has_cell_state().then_some(&cell),
        gates: w_gates.is_some().then_some(&gates),
        w_input: &w_input,
        w_hidden: &w_hidden,
        bias: bias.as_deref(),
        extra: extra.as_deref(),
        w_gates: w_gates.as_deref(),
        owners: Owners::default(),
    };
    let (output, last, last_gates) = problem.run();
    let plain = forward(level, spec, sizes, &operands, *reverse, false);
    let kept = forward(level, spec, sizes, &operands, *reverse, true);
    close(&format!("{about}: output"), &plain.output, &output);
    close(
        &format!("{about}: cell"),
        plain.cell.as_deref().unwrap_or_default(),
        &last,
    );
    close(
        &format!("{about}: gates"),
        plain.gates.as_deref().unwrap_or_default(),
        &last_gates,
    );
    // An LSTM that keeps nothing divides less often.
    close(&format!("{about}: kept output"), &kept.output, &output);
    close(
        &format!("{about}: kept cell"),
        kept.cell.as_deref().unwrap_or_default(),
        &last,
    );
    close(
        &format!("{about}: kept gates"),
        kept.gates.as_deref().unwrap_or_default(),
        &last_gates,
    );

    let by_output = single(&problem.by_output);
    let by_cell = single(&problem.by_cell);
    let by_gates = single(&problem.by_gates);
    let d = OutputGradients {
        output: &by_output,
        cell: spec.has_cell_state().then_some(&by_cell),
        gates: w_gates.is_some().then_some(&by_gates),
    };
    let wanted = Wanted {
        x: true,
        parameters: true,
    };
    let saved = kept.saved.expect("it was asked for");
    let gradients = backward(level, spec, sizes, &operands, *reverse, saved, d, wanted);
    compare_gradients(&about, problem, gradients);

    let (outputs, segments) = forward_in_segments(level, spec, sizes, &operands, *reverse);
    assert_eq!(
        outputs.output, plain.output,
        "{about}: segments change nothing"
    );
    assert_eq!(outputs.cell, plain.cell, "{about}: segments change nothing");
    assert_eq!(
        outputs.gates, plain.gates,
        "{about}: segments change nothing"
    );
    let gradients = backward_in_segments(
        level, spec, sizes, &operands, *reverse, &segments, d, wanted,
    );
    compare_gradients(&format!("{about}, in segments"), problem, gradients);
}

fn compare_gradients(about: &str, problem: &Problem, gradients: Gradients) {
    let parameters = gradients.parameters.expect("they were asked for");
    let compare = |name: &str, given: &[f32], expected: Vec<f64>| {
        close(&format!("{about}: gradient of {name}"), given, &expected);
    };
    compare(
        "x",
        &gradients.x.expect("it was asked for"),
        problem.numerical(|p| Some(&mut p.x)),
    );
    compare(
        "hidden",
        &gradients.hidden,
        problem.numerical(|p| Some(&mut p.hidden)),
    );
    let d_cell = gradients.cell.unwrap_or_default();
    compare("cell", &d_cell, problem.numerical(|p| Some(&mut p.cell)));
    let d_gates = gradients.gates.unwrap_or_default();
    compare("gates", &d_gates, problem.numerical(|p| Some(&mut p.gates)));
    compare(
        "w_input",
        &parameters.w_input,
        problem.numerical(|p| Some(&mut p.w_input)),
    );
    compare(
        "w_hidden",
        &parameters.w_hidden,
        problem.numerical(|p| Some(&mut p.w_hidden)),
    );
    let d_bias = parameters.bias.unwrap_or_default();
    compare("bias", &d_bias, problem.numerical(|p| p.bias.as_mut()));
    let d_extra = parameters.extra.unwrap_or_default();
    compare("extra", &d_extra, problem.numerical(|p| p.extra.as_mut()));
    let d_w_gates = parameters.w_gates.unwrap_or_default();
    compare(
        "w_gates",
        &d_w_gates,
        problem.numerical(|p| p.w_gates.as_mut()),
    );
}

/// Every form of every cell.
fn specs() -> Vec<CellSpec> {
    let mut specs: Vec<CellSpec> = [
        Activation::Tanh,
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Identity,
    ]
    .map(CellSpec::Simple)
    .into();
    specs.extend([true, false].map(|reset_after| CellSpec::Gru(GruSpec { reset_after })));
    use GateSource::{Complement, Open, Own};
    for (input, forget) in [
        (Own, Own),
        (Own, Complement),
        (Complement, Own),
        (Own, Open),
        (Open, Own),
        (Open, Open),
    ] {
        for bits in 0..48 {
            let bit = |index: usize| bits >> index & 1 == 1;
            specs.push(CellSpec::Lstm(LstmSpec {
                input,
                forget,
                output: bit(0),
                input_activation: bit(1),
                output_activation: bit(2),
                peephole: [Peephole::None, Peephole::Diagonal, Peephole::Full][bits / 8 % 3],
                gate_recurrence: bits >= 24,
            }));
        }
    }
    specs.retain(|spec| match spec {
        CellSpec::Lstm(lstm) => {
            let sees = lstm.peephole != Peephole::None || lstm.gate_recurrence;
            !sees || lstm.sigmoid_gates() > 0
        }
        CellSpec::Simple(_) | CellSpec::Gru(_) => true,
    });
    specs
}

fn sizes(batch: usize, time: usize, d_input: usize, d_hidden: usize) -> Sizes {
    Sizes {
        batch,
        time,
        d_input,
        d_hidden,
    }
}

#[test]
fn every_form_of_every_cell_agrees_with_its_equations() {
    for level in Level::available() {
        for (seed, spec) in specs().into_iter().enumerate() {
            let with_bias = seed % 3 != 0;
            let reverse = seed % 2 == 1;
            check(
                level,
                &Problem::new(spec, sizes(2, 3, 2, 5), with_bias, reverse, seed as u64),
            );
        }
    }
}

#[test]
fn sizes_of_all_kinds_agree_with_the_equations() {
    let lstm = LstmSpec {
        input: GateSource::Own,
        forget: GateSource::Own,
        output: true,
        input_activation: true,
        output_activation: true,
        peephole: Peephole::None,
        gate_recurrence: false,
    };
    let specs = [
        CellSpec::Simple(Activation::Tanh),
        CellSpec::Lstm(lstm),
        CellSpec::Lstm(LstmSpec {
            peephole: Peephole::Full,
            ..lstm
        }),
        CellSpec::Lstm(LstmSpec {
            gate_recurrence: true,
            ..lstm
        }),
        CellSpec::Lstm(LstmSpec {
            peephole: Peephole::Full,
            gate_recurrence: true,
            ..lstm
        }),
        CellSpec::Lstm(LstmSpec {
            input: GateSource::Complement,
            output: false,
            ..lstm
        }),
        CellSpec::Gru(GruSpec { reset_after: true }),
        CellSpec::Gru(GruSpec { reset_after: false }),
    ];
    for level in Level::available() {
        for spec in specs {
            for (seed, sizes) in [
                sizes(1, 1, 1, 1),
                sizes(1, 7, 3, 16),
                sizes(1, 30, 1, 3),
                sizes(13, 2, 3, 7),
                sizes(3, 1, 2, 17),
                sizes(2, 2, 1, 33),
                sizes(27, 1, 2, 8),
            ]
            .into_iter()
            .enumerate()
            {
                check(
                    level,
                    &Problem::new(spec, sizes, true, seed % 2 == 0, seed as u64),
                );
            }
        }
    }
}

#[test]
fn the_same_numbers_come_out_again() {
    let spec = CellSpec::Gru(GruSpec { reset_after: true });
    let sizes = sizes(19, 40, 23, 65);
    let problem = Problem::new(spec, sizes, true, false, 1);
    let single =
        |values: &[f64]| -> Vec<f32> { values.iter().map(|value| *value as f32).collect() };
    let x = single(&problem.x);
    let hidden = single(&problem.hidden);
    let w_input = single(&problem.w_input);
    let w_hidden = single(&problem.w_hidden);
    let by_output = single(&problem.by_output);
    let operands = Operands {
        x: &x,
        hidden: &hidden,
        cell: None,
        gates: None,
        w_input: &w_input,
        w_hidden: &w_hidden,
        bias: None,
        extra: None,
        w_gates: None,
        owners: Owners::default(),
    };
    let level = Level::chosen();
    let once = || {
        let outputs = forward(level, &spec, &sizes, &operands, false, true);
        let d = OutputGradients {
            output: &by_output,
            cell: None,
            gates: None,
        };
        let wanted = Wanted {
            x: true,
            parameters: true,
        };
        let saved = outputs.saved.expect("it was asked for");
        let gradients = backward(level, &spec, &sizes, &operands, false, saved, d, wanted);
        let parameters = gradients.parameters.expect("they were asked for");
        (
            outputs.output,
            gradients.x,
            parameters.w_hidden,
            parameters.w_input,
        )
    };
    let first = once();
    for _ in 0..3 {
        assert!(once() == first);
    }
}
