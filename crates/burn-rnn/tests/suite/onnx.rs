//! The published node test cases of the `onnx` package for RNN, LSTM and GRU.
//!
//! The fixtures come from `tests/fixtures/make_onnx.py`. ONNX keeps one matrix `[gates · hidden,
//! features]` a direction, its gates in orders of its own, and a bias for each side.

use burn::module::Param;
use burn::tensor::{Device, Tensor};
use burn_rnn::{
    Bidirectional, BidirectionalState, Cell, GruCell, GruConfig, HiddenState, Layer, LstmCell,
    LstmConfig, LstmState, Merge, PeepholeKind, Reset, Scan, SimpleCell, SimpleRnnConfig, State,
};

use crate::backends;
use crate::compare::assert_close;
use crate::fixture::{self, Fixture};

/// The expected values are rounded in the published files themselves.
const TOLERANCE: f32 = 1e-5;

#[test]
fn cells_agree_with_the_published_node_tests() {
    let fixtures = fixture::all("onnx");
    for prefix in ["test_simple_rnn_", "test_lstm_", "test_gru_"] {
        for case in [
            "defaults",
            "with_initial_bias",
            "batchwise",
            "reverse",
            "bidirectional",
        ] {
            let name = format!("{prefix}{case}");
            assert!(fixtures.iter().any(|f| f.name == name), "no fixture {name}");
        }
    }
    assert!(
        fixtures
            .iter()
            .any(|f| f.name == "test_lstm_with_peepholes")
    );
    backends::each(|backend| {
        let device = &backend.device;
        for fixture in &fixtures {
            println!("{}", fixture.name);
            match fixture.setting("op_type") {
                "RNN" => check(fixture, device, Direction::simple, |h, _| {
                    HiddenState::new(h)
                }),
                "LSTM" => check(fixture, device, Direction::lstm, |h, c| {
                    LstmState::new(h, c.expect("an LSTM has two initial states"))
                }),
                "GRU" => check(fixture, device, Direction::gru, |h, _| HiddenState::new(h)),
                other => panic!("unknown operator {other}"),
            }
        }
    });
}

/// One direction of a case: its index among the directions, which is an axis of every tensor.
struct Direction<'a> {
    fixture: &'a Fixture,
    index: usize,
    device: &'a Device,
}

impl Direction<'_> {
    /// A tensor with this direction's part of it, the directions being `axis`.
    fn part<const D: usize, const P: usize>(&self, name: &str, axis: usize) -> Option<Tensor<P>> {
        let tensor = self.fixture.optional::<D>(name, self.device)?;
        Some(tensor.narrow(axis, self.index, 1).squeeze_dim(axis))
    }

    /// Blocks of rows put into `order` and turned into columns.
    fn weights(&self, name: &str, order: &[usize]) -> Tensor<2> {
        let fused: Tensor<2> = self.part::<3, 2>(name, 0).unwrap();
        let blocks = fused.chunk(order.len(), 0);
        let ordered = order.iter().map(|&block| blocks[block].clone()).collect();
        Tensor::cat(ordered, 0).transpose()
    }

    /// The biases of the input side and of the hidden side.
    fn biases(&self, order: &[usize]) -> Option<(Tensor<1>, Tensor<1>)> {
        let both: Tensor<1> = self.part::<2, 1>("B", 0)?;
        let mut blocks = both.chunk(2 * order.len(), 0);
        let hidden = blocks.split_off(order.len());
        let cat = |blocks: Vec<Tensor<1>>| {
            let ordered = order.iter().map(|&block| blocks[block].clone());
            Tensor::cat(ordered.collect(), 0)
        };
        Some((cat(blocks), cat(hidden)))
    }

    /// An initial or final state, `[directions, batch, hidden]` or `[batch, directions, hidden]`.
    fn state(&self, name: &str) -> Option<Tensor<2>> {
        let axis = usize::from(self.fixture.number("layout") == 1);
        self.part::<3, 2>(name, axis)
    }

    fn simple(&self) -> SimpleCell {
        let (w, r) = (self.weights("W", &[0]), self.weights("R", &[0]));
        let biases = self.biases(&[0]);
        let mut cell = SimpleRnnConfig::new(w.dims()[0], r.dims()[0])
            .with_bias(biases.is_some())
            .init_cell(self.device);
        cell.w_input = Param::from_tensor(w);
        cell.w_hidden = Param::from_tensor(r);
        cell.bias = biases.map(|(input, hidden)| Param::from_tensor(input + hidden));
        cell
    }

    fn lstm(&self) -> LstmCell {
        // ONNX: input, output, forget, candidate; here: input, forget, candidate, output.
        let order = [0, 2, 3, 1];
        let (w, r) = (self.weights("W", &order), self.weights("R", &order));
        let biases = self.biases(&order);
        let peephole: Option<Tensor<1>> = self.part::<2, 1>("P", 0);
        let mut cell = LstmConfig::new(w.dims()[0], r.dims()[0])
            .with_bias(biases.is_some())
            .with_peephole(match peephole {
                Some(_) => PeepholeKind::Diagonal,
                None => PeepholeKind::None,
            })
            .init_cell(self.device);
        assert_eq!(self.fixture.number("input_forget"), 0);
        cell.w_input = Param::from_tensor(w);
        cell.w_hidden = Param::from_tensor(r);
        cell.bias = biases.map(|(input, hidden)| Param::from_tensor(input + hidden));
        if let (Some(fused), Some(peephole)) = (peephole, &mut cell.peephole) {
            // ONNX: input, output, forget side by side; here: input, forget, output as rows.
            let rows = fused.chunk(3, 0);
            let rows = [0, 2, 1].map(|row| rows[row].clone());
            peephole.diagonal = Some(Param::from_tensor(Tensor::stack(rows.to_vec(), 0)));
        }
        cell
    }

    fn gru(&self) -> GruCell {
        // ONNX: update, reset, new; here: reset, update, new, with the update gate's sign turned.
        let order = [1, 0, 2];
        let turn = |fused: Tensor<2>| {
            let blocks = fused.chunk(3, 1);
            let turned = vec![blocks[0].clone(), -blocks[1].clone(), blocks[2].clone()];
            Tensor::cat(turned, 1)
        };
        let w = turn(self.weights("W", &order));
        let r = turn(self.weights("R", &order));
        let biases = self.biases(&order);
        assert_eq!(
            self.fixture.number("linear_before_reset"),
            0,
            "no published case has the other"
        );
        let mut cell = GruConfig::new(w.dims()[0], r.dims()[0])
            .with_bias(biases.is_some())
            .with_reset(Reset::BeforeProduct)
            .init_cell(self.device);
        cell.w_input = Param::from_tensor(w);
        cell.w_hidden = Param::from_tensor(r);
        cell.bias = biases.map(|(input, hidden)| {
            let fused = turn((input + hidden).unsqueeze_dim(0));
            Param::from_tensor(fused.squeeze_dim(0))
        });
        cell
    }
}

/// Runs the cells that `make` makes as the operator's `direction` says, and compares every output.
fn check<'a, C: Cell>(
    fixture: &'a Fixture,
    device: &'a Device,
    make: impl Fn(&Direction<'a>) -> C,
    state: impl Fn(Tensor<2>, Option<Tensor<2>>) -> C::State,
) {
    let name = &fixture.name;
    let batch_first = fixture.number("layout") == 1;
    let input = fixture.tensor::<3>("X", device);
    let input = if batch_first {
        input
    } else {
        input.swap_dims(0, 1)
    };
    if let Some(lengths) = fixture.optional::<1>("sequence_lens", device) {
        let whole = lengths.equal_scalar(input.dims()[1] as f32).all();
        let whole = whole.into_scalar::<bool>();
        assert!(whole, "{name}: sequences of unequal length");
    }
    let (count, first_is_reverse) = match fixture.setting("direction") {
        "forward" => (1, false),
        "reverse" => (1, true),
        "bidirectional" => (2, false),
        other => panic!("{name}: unknown direction {other}"),
    };
    let directions: Vec<Direction> = (0..count)
        .map(|index| Direction {
            fixture,
            index,
            device,
        })
        .collect();
    let initial = |direction: &Direction| {
        let hidden = direction.state("initial_h")?;
        Some(state(hidden, direction.state("initial_c")))
    };
    let (outputs, states): (Vec<Tensor<3>>, Vec<C::State>) = match directions.as_slice() {
        [only] => {
            let layer = Scan::new(make(only));
            let turned = |sequence: Tensor<3>| {
                if first_is_reverse {
                    sequence.flip([1])
                } else {
                    sequence
                }
            };
            let (output, last) = layer.forward(turned(input), initial(only));
            (vec![turned(output)], vec![last])
        }
        [forward, backward] => {
            let layers = (Scan::new(make(forward)), Scan::new(make(backward)));
            let layer = Bidirectional::new(layers.0, layers.1, Merge::Concat);
            let given = initial(forward).zip(initial(backward));
            let given = given.map(|(forward, backward)| BidirectionalState { forward, backward });
            let (output, last) = layer.forward(input, given);
            (output.chunk(2, 2), vec![last.forward, last.backward])
        }
        _ => unreachable!("one direction or two"),
    };

    let mut compared = 0;
    for ((direction, output), last) in directions.iter().zip(outputs).zip(states) {
        // [time, directions, batch, hidden], or [batch, time, directions, hidden].
        let axis = if batch_first { 2 } else { 1 };
        if let Some(expected) = direction.part::<4, 3>("Y", axis) {
            let expected = if batch_first {
                expected
            } else {
                expected.swap_dims(0, 1)
            };
            assert_close(&format!("{name}: Y"), &output, &expected, TOLERANCE);
            compared += 1;
        }
        let mut tensors = Vec::new();
        last.map(&mut |tensor| {
            tensors.push(tensor.clone());
            tensor
        });
        for (output, actual) in ["Y_h", "Y_c"].into_iter().zip(&tensors) {
            if let Some(expected) = direction.state(output) {
                assert_close(&format!("{name}: {output}"), actual, &expected, TOLERANCE);
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "{name}: nothing to compare");
}
