//! Each of Greff's ablations against the equations as a scalar loop, written out per variant.
//!
//! The loops share nothing with the library: no fused matrices, no tensors, no options.

use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::{Coupling, Layer, LstmConfig, LstmGate, PeepholeKind, Scan};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backends;
use crate::compare::assert_close;
use crate::parameters;

const D_INPUT: usize = 2;
const H: usize = 3;
const TIME: usize = 4;

fn sigmoid(a: f32) -> f32 {
    1.0 / (1.0 + (-a).exp())
}

/// One gate's parameters as plain numbers, `w_input[feature][unit]`.
struct Gate {
    w_input: Vec<Vec<f32>>,
    w_hidden: Vec<Vec<f32>>,
    bias: Vec<f32>,
    peephole: Vec<f32>,
}

impl Gate {
    /// The pre-activation of one unit without any peephole.
    fn at(&self, unit: usize, x: &[f32], h: &[f32]) -> f32 {
        let mut a = self.bias[unit];
        for (feature, x) in x.iter().enumerate() {
            a += self.w_input[feature][unit] * x;
        }
        for (other, h) in h.iter().enumerate() {
            a += self.w_hidden[other][unit] * h;
        }
        a
    }
}

/// All gates, those that are off without parameters.
struct Gates {
    input: Option<Gate>,
    forget: Option<Gate>,
    candidate: Gate,
    output: Option<Gate>,
    /// `[from][to]` over the sigmoid gates input, forget, output.
    between: Vec<Vec<f32>>,
}

/// What a variant's loop sees of one unit.
struct At<'a> {
    gates: &'a Gates,
    unit: usize,
    x: &'a [f32],
    h: &'a [f32],
    c: f32,
    previous_gates: &'a [f32],
}

impl At<'_> {
    fn input(&self) -> f32 {
        let gate = self.gates.input.as_ref().unwrap();
        gate.at(self.unit, self.x, self.h) + gate.peephole[self.unit] * self.c
    }

    fn forget(&self) -> f32 {
        let gate = self.gates.forget.as_ref().unwrap();
        gate.at(self.unit, self.x, self.h) + gate.peephole[self.unit] * self.c
    }

    fn candidate(&self) -> f32 {
        self.gates.candidate.at(self.unit, self.x, self.h)
    }

    fn output(&self, c_new: f32) -> f32 {
        let gate = self.gates.output.as_ref().unwrap();
        gate.at(self.unit, self.x, self.h) + gate.peephole[self.unit] * c_new
    }

    /// What full gate recurrence adds to the sigmoid gate at position `gate`.
    fn gate_recurrence(&self, gate: usize) -> f32 {
        let column = gate * H + self.unit;
        let products = self.previous_gates.iter().zip(&self.gates.between);
        products.map(|(value, row)| value * row[column]).sum()
    }
}

/// What a variant's loop gives for one unit: `(c, h, gates)`.
type Unit = (f32, f32, [f32; 3]);

fn check(config: LstmConfig, unit: impl Fn(At) -> Unit) {
    backends::each(|backend| {
        let device = &backend.device;
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut draw = |count: usize| -> Vec<f64> {
            (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let cell = config.init_cell(device);
        let count = parameters::read(&cell).len();
        let cell = parameters::write(cell, &draw(count), burn::tensor::DType::F32);
        let x: Vec<Vec<f32>> = (0..TIME)
            .map(|_| draw(D_INPUT).into_iter().map(|x| x as f32).collect())
            .collect();
        let gates = gates(&cell);

        let (mut h, mut c) = (vec![0.0; H], vec![0.0; H]);
        let mut previous_gates = vec![0.0; 3 * H];
        let mut expected = Vec::new();
        for x in &x {
            let step: Vec<Unit> = (0..H)
                .map(|index| {
                    unit(At {
                        gates: &gates,
                        unit: index,
                        x,
                        h: &h,
                        c: c[index],
                        previous_gates: &previous_gates,
                    })
                })
                .collect();
            for (index, (c_new, h_new, gates)) in step.into_iter().enumerate() {
                c[index] = c_new;
                h[index] = h_new;
                for (gate, value) in gates.into_iter().enumerate() {
                    previous_gates[gate * H + index] = value;
                }
            }
            expected.extend(h.clone());
        }

        let tensor = |values: Vec<f32>, features| {
            Tensor::<3>::from_data(TensorData::new(values, [1, TIME, features]), device)
        };
        let (output, state) = Scan::new(cell).forward(tensor(x.concat(), D_INPUT), None);
        assert_close("output", &output, &tensor(expected, H), backend.tolerance);
        let last = Tensor::<2>::from_data(TensorData::new(c, [1, H]), device);
        assert_close("cell", &state.cell, &last, backend.tolerance);
    });
}

/// The cell's parameters as plain numbers, gate by gate.
fn gates(cell: &burn_rnn::LstmCell) -> Gates {
    let rows = |w: Tensor<2>| -> Vec<Vec<f32>> {
        let [_, columns] = w.dims();
        crate::compare::values(&w)
            .chunks(columns)
            .map(<[f32]>::to_vec)
            .collect()
    };
    let peepholes = cell.peephole.as_ref().and_then(|p| p.diagonal.as_ref());
    let peepholes = peepholes
        .map(|rows_of| rows(rows_of.val()))
        .unwrap_or_default();
    let mut peepholes = peepholes.into_iter();
    let mut gate = |which: LstmGate| {
        let parameters = cell.gate(which)?;
        let sees = which != LstmGate::Candidate;
        Some(Gate {
            w_input: rows(parameters.w_input),
            w_hidden: rows(parameters.w_hidden),
            bias: crate::compare::values(&parameters.bias.unwrap()),
            peephole: if sees { peepholes.next() } else { None }.unwrap_or(vec![0.0; H]),
        })
    };
    Gates {
        input: gate(LstmGate::Input),
        forget: gate(LstmGate::Forget),
        candidate: gate(LstmGate::Candidate).unwrap(),
        output: gate(LstmGate::Output),
        between: cell
            .w_gates
            .as_ref()
            .map(|w| rows(w.val()))
            .unwrap_or_default(),
    }
}

/// Greff's vanilla LSTM, which the ablations start from, has peepholes.
fn vanilla() -> LstmConfig {
    LstmConfig::new(D_INPUT, H).with_peephole(PeepholeKind::Diagonal)
}

#[test]
fn vanilla_lstm() {
    check(vanilla(), |at| {
        let (i, f) = (sigmoid(at.input()), sigmoid(at.forget()));
        let c = f * at.c + i * at.candidate().tanh();
        let o = sigmoid(at.output(c));
        (c, o * c.tanh(), [i, f, o])
    });
}

#[test]
fn no_input_gate() {
    check(vanilla().with_input_gate(false), |at| {
        let f = sigmoid(at.forget());
        let c = f * at.c + at.candidate().tanh();
        let o = sigmoid(at.output(c));
        (c, o * c.tanh(), [0.0; 3])
    });
}

#[test]
fn no_forget_gate() {
    check(vanilla().with_forget_gate(false), |at| {
        let c = at.c + sigmoid(at.input()) * at.candidate().tanh();
        (c, sigmoid(at.output(c)) * c.tanh(), [0.0; 3])
    });
}

#[test]
fn no_output_gate() {
    check(vanilla().with_output_gate(false), |at| {
        let c = sigmoid(at.forget()) * at.c + sigmoid(at.input()) * at.candidate().tanh();
        (c, c.tanh(), [0.0; 3])
    });
}

#[test]
fn no_input_activation() {
    check(vanilla().with_input_activation(false), |at| {
        let c = sigmoid(at.forget()) * at.c + sigmoid(at.input()) * at.candidate();
        (c, sigmoid(at.output(c)) * c.tanh(), [0.0; 3])
    });
}

#[test]
fn no_output_activation() {
    check(vanilla().with_output_activation(false), |at| {
        let c = sigmoid(at.forget()) * at.c + sigmoid(at.input()) * at.candidate().tanh();
        (c, sigmoid(at.output(c)) * c, [0.0; 3])
    });
}

#[test]
fn coupled_forget_from_input() {
    check(vanilla().with_coupling(Coupling::ForgetFromInput), |at| {
        let i = sigmoid(at.input());
        let c = (1.0 - i) * at.c + i * at.candidate().tanh();
        (c, sigmoid(at.output(c)) * c.tanh(), [0.0; 3])
    });
}

#[test]
fn coupled_input_from_forget() {
    check(vanilla().with_coupling(Coupling::InputFromForget), |at| {
        let f = sigmoid(at.forget());
        let c = f * at.c + (1.0 - f) * at.candidate().tanh();
        (c, sigmoid(at.output(c)) * c.tanh(), [0.0; 3])
    });
}

#[test]
fn no_peepholes() {
    check(LstmConfig::new(D_INPUT, H), |at| {
        let i = sigmoid(at.gates.input.as_ref().unwrap().at(at.unit, at.x, at.h));
        let f = sigmoid(at.gates.forget.as_ref().unwrap().at(at.unit, at.x, at.h));
        let o = sigmoid(at.gates.output.as_ref().unwrap().at(at.unit, at.x, at.h));
        let c = f * at.c + i * at.candidate().tanh();
        (c, o * c.tanh(), [0.0; 3])
    });
}

#[test]
fn full_gate_recurrence() {
    check(vanilla().with_full_gate_recurrence(true), |at| {
        let i = sigmoid(at.input() + at.gate_recurrence(0));
        let f = sigmoid(at.forget() + at.gate_recurrence(1));
        let c = f * at.c + i * at.candidate().tanh();
        let o = sigmoid(at.output(c) + at.gate_recurrence(2));
        (c, o * c.tanh(), [i, f, o])
    });
}

#[test]
fn gates_that_are_off_have_no_parameters() {
    let count = |config: LstmConfig| parameters::read(&config.init_cell(&Device::default())).len();
    let gate = D_INPUT * H + H * H + H + H;
    assert_eq!(
        count(vanilla()),
        4 * gate - H,
        "the candidate has no peephole"
    );
    for ablated in [
        vanilla().with_input_gate(false),
        vanilla().with_forget_gate(false),
        vanilla().with_output_gate(false),
        vanilla().with_coupling(Coupling::ForgetFromInput),
        vanilla().with_coupling(Coupling::InputFromForget),
    ] {
        assert_eq!(count(ablated.clone()), 3 * gate - H, "{ablated:?}");
    }
}

#[test]
#[should_panic(expected = "a tensor of shape [2, 7], expected [batch, features] = [2, 15]")]
fn gates_of_another_shape_are_refused_with_both_shapes() {
    let device = Device::default();
    let network = LstmConfig::new(3, 5)
        .with_full_gate_recurrence(true)
        .init(&device);
    let mut state = network.zero_state(2);
    state.layers[0].forward.gates = Some(Tensor::zeros([2, 7], &device));
    network.step(Tensor::zeros([2, 3], &device), Some(state));
}
