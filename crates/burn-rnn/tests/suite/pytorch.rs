//! `nn.RNN`, `nn.LSTM` and `nn.GRU` of PyTorch: outputs, final states and all gradients.
//!
//! The fixtures come from `tests/fixtures/make_pytorch.py`, those of sequences of unequal lengths from `make_packed.py`.

use burn::module::Param;
use burn::tensor::{Device, Gradients, Tensor};
use burn_rnn::{
    Activation, Cell, CellOptions, GruCell, GruConfig, HiddenState, Lengths, LstmCell, LstmConfig,
    LstmState, Recurrent, RecurrentConfig, SimpleCell, SimpleRnnConfig, State,
};

use crate::backends;
use crate::compare::assert_close;
use crate::fixture::{self, Fixture};

#[test]
fn modules_agree_with_pytorch() {
    all_agree("pytorch", 4);
}

/// `pack_padded_sequence`, its lengths sorted or not.
#[test]
fn lengths_agree_with_pytorchs_packed_sequences() {
    all_agree("packed", 3);
}

#[test]
fn projections_agree_with_pytorch() {
    all_agree("knobs", 1);
}

/// Compares all cases of a folder, which are of so many kinds.
fn all_agree(folder: &str, kinds_expected: usize) {
    let fixtures = fixture::all(folder);
    backends::each(|backend| {
        let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
        for fixture in &fixtures {
            let device = backend.device.clone().autodiff();
            let shape = (fixture.number("d_input"), fixture.number("d_hidden"));
            let simple = |f| SimpleRnnConfig::new(shape.0, shape.1).with_activation(f);
            let tolerance = backend.tolerance;
            let kind = fixture.setting("kind");
            // With PyTorch's two biases as one and, where there are any, as two.
            let each = if fixture.flag("bias") { 2 } else { 1 };
            for two in [false, true].into_iter().take(each) {
                let simple = |f| simple(f).with_bias_hidden(two);
                match kind {
                    "rnn_tanh" => check(fixture, simple(Activation::Tanh), &device, tolerance),
                    "rnn_relu" => check(fixture, simple(Activation::Relu), &device, tolerance),
                    "lstm" => {
                        let mut lstm = LstmConfig::new(shape.0, shape.1).with_bias_hidden(two);
                        if fixture.has_setting("projection") {
                            lstm = lstm.with_projection(fixture.number("projection"));
                        }
                        check(fixture, lstm, &device, tolerance);
                    }
                    "gru" => {
                        let gru = GruConfig::new(shape.0, shape.1).with_bias_hidden(two);
                        check(fixture, gru, &device, tolerance);
                    }
                    other => assert!(other.starts_with("equations"), "unknown kind {other}"),
                }
            }
            if kind.starts_with("equations") {
                continue;
            }
            *kinds.entry(kind).or_default() += 1;
        }
        assert_eq!(kinds.len(), kinds_expected, "{kinds:?}");
    });
}

/// A cell whose parameters and state PyTorch has under its own names.
trait FromPyTorch: Cell {
    /// Sets the parameters of the cell from `weight_ih<suffix>` and so on.
    fn set(&mut self, fixture: &Fixture, suffix: &str, device: &Device);

    /// Compares the gradients of the cell's parameters.
    fn check_gradients(&self, expected: &Expected);

    /// The state from the rows `index` of `h0` and `c0`.
    fn state(tensors: &[Tensor<2>]) -> Self::State;
}

/// The gradients that PyTorch has for one cell.
struct Expected<'a> {
    fixture: &'a Fixture,
    suffix: &'a str,
    gradients: &'a Gradients,
    tolerance: f32,
}

impl Expected<'_> {
    /// Compares with PyTorch's gradient of `name`, which `turn` brings into our layout.
    fn gradient<const D: usize>(
        &self,
        name: &str,
        param: &Param<Tensor<D>>,
        turn: impl Fn(Tensor<D>) -> Tensor<D>,
    ) {
        let name = format!("{name}{}", self.suffix);
        let actual = param.grad(self.gradients).unwrap();
        let expected = self
            .fixture
            .tensor(&format!("grad.{name}"), &actual.device());
        let what = format!("{} {name}", self.fixture.name);
        assert_close(&what, &actual, &turn(expected), self.tolerance);
    }

    fn weights(
        &self,
        w_input: &Param<Tensor<2>>,
        w_hidden: &Param<Tensor<2>>,
        turn: impl Fn(Tensor<2>) -> Tensor<2>,
    ) {
        self.gradient("weight_ih", w_input, |rows| turn(rows.transpose()));
        self.gradient("weight_hh", w_hidden, |rows| turn(rows.transpose()));
    }

    fn bias(&self, bias: &Option<Param<Tensor<1>>>, turn: impl Fn(Tensor<1>) -> Tensor<1>) {
        let name = &self.fixture.name;
        assert_eq!(bias.is_some(), self.fixture.flag("bias"), "{name}");
        if let Some(bias) = bias {
            self.gradient("bias_ih", bias, turn);
        }
    }

    fn bias_hidden(&self, bias: &Option<Param<Tensor<1>>>, turn: impl Fn(Tensor<1>) -> Tensor<1>) {
        if let Some(bias) = bias {
            self.gradient("bias_hh", bias, turn);
        }
    }
}

/// The matrices of a cell whose blocks are in PyTorch's order.
fn plain_weights(
    fixture: &Fixture,
    suffix: &str,
    device: &Device,
) -> (Param<Tensor<2>>, Param<Tensor<2>>) {
    let weight = |name: &str| {
        let rows = fixture.tensor::<2>(&format!("{name}{suffix}"), device);
        param(rows.transpose())
    };
    (weight("weight_ih"), weight("weight_hh"))
}

fn param<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor(tensor)
}

impl FromPyTorch for SimpleCell {
    fn set(&mut self, fixture: &Fixture, suffix: &str, device: &Device) {
        (self.w_input, self.w_hidden) = plain_weights(fixture, suffix, device);
        let biases = (&mut self.bias, &mut self.bias_hidden);
        set_biases(biases, fixture, suffix, device);
    }

    fn check_gradients(&self, expected: &Expected) {
        expected.weights(&self.w_input, &self.w_hidden, |w| w);
        expected.bias(&self.bias, |b| b);
        expected.bias_hidden(&self.bias_hidden, |b| b);
    }

    fn state(tensors: &[Tensor<2>]) -> HiddenState {
        HiddenState::new(tensors[0].clone())
    }
}

impl FromPyTorch for LstmCell {
    fn set(&mut self, fixture: &Fixture, suffix: &str, device: &Device) {
        (self.w_input, self.w_hidden) = plain_weights(fixture, suffix, device);
        let projection = fixture.optional::<2>(&format!("weight_hr{suffix}"), device);
        self.w_project = projection.map(|rows| param(rows.transpose()));
        let biases = (&mut self.bias, &mut self.bias_hidden);
        set_biases(biases, fixture, suffix, device);
    }

    fn check_gradients(&self, expected: &Expected) {
        expected.weights(&self.w_input, &self.w_hidden, |w| w);
        expected.bias(&self.bias, |b| b);
        expected.bias_hidden(&self.bias_hidden, |b| b);
        if let Some(w_project) = &self.w_project {
            expected.gradient("weight_hr", w_project, |rows| rows.transpose());
        }
    }

    fn state(tensors: &[Tensor<2>]) -> LstmState {
        LstmState::new(tensors[0].clone(), tensors[1].clone())
    }
}

/// PyTorch's update gate is `1 − z`: the block in the middle has the other sign.
fn turn_update<const D: usize>(fused: Tensor<D>) -> Tensor<D> {
    let blocks = fused.chunk(3, D - 1);
    Tensor::cat(
        vec![blocks[0].clone(), -blocks[1].clone(), blocks[2].clone()],
        D - 1,
    )
}

impl FromPyTorch for GruCell {
    fn set(&mut self, fixture: &Fixture, suffix: &str, device: &Device) {
        let weight = |name: &str| {
            turn_update(
                fixture
                    .tensor::<2>(&format!("{name}{suffix}"), device)
                    .transpose(),
            )
        };
        self.w_input = param(weight("weight_ih"));
        self.w_hidden = param(weight("weight_hh"));
        let Some(hidden) = fixture.optional::<1>(&format!("bias_hh{suffix}"), device) else {
            assert!(self.bias.is_none() && self.bias_hidden.is_none());
            return;
        };
        let input = fixture.tensor::<1>(&format!("bias_ih{suffix}"), device);
        if self.options.bias_hidden {
            self.bias = Some(param(turn_update(input)));
            self.bias_hidden = Some(param(turn_update(hidden)));
            return;
        }
        let d_hidden = self.d_hidden();
        let gates = Tensor::cat(
            vec![
                hidden.clone().narrow(0, 0, 2 * d_hidden),
                Tensor::zeros([d_hidden], device),
            ],
            0,
        );
        self.bias = Some(param(turn_update(input + gates)));
        self.bias_hidden = Some(param(hidden.narrow(0, 2 * d_hidden, d_hidden)));
    }

    fn check_gradients(&self, expected: &Expected) {
        expected.weights(&self.w_input, &self.w_hidden, turn_update);
        expected.bias(&self.bias, turn_update);
        if self.options.bias_hidden {
            expected.bias_hidden(&self.bias_hidden, turn_update);
        } else if let Some(bias) = &self.bias_hidden {
            let d_hidden = self.d_hidden();
            let new = |all: Tensor<1>| all.narrow(0, 2 * d_hidden, d_hidden);
            expected.gradient("bias_hh", bias, new);
        }
    }

    fn state(tensors: &[Tensor<2>]) -> HiddenState {
        HiddenState::new(tensors[0].clone())
    }
}

/// PyTorch's biases as the two of a cell that has two, or as their sum.
fn set_biases(
    (bias, bias_hidden): (&mut Option<Param<Tensor<1>>>, &mut Option<Param<Tensor<1>>>),
    fixture: &Fixture,
    suffix: &str,
    device: &Device,
) {
    let given = |name: &str| fixture.optional::<1>(&format!("{name}{suffix}"), device);
    let both = given("bias_ih").zip(given("bias_hh"));
    if bias_hidden.is_none() {
        *bias = both.map(|(input, hidden)| param(input + hidden));
        return;
    }
    (*bias, *bias_hidden) = both
        .map(|(input, hidden)| (param(input), param(hidden)))
        .unzip();
}

/// PyTorch's names end in `_l<layer>`, and `_reverse` for the backward direction.
fn suffixes(layers: usize, bidirectional: bool) -> Vec<String> {
    (0..layers)
        .flat_map(|layer| {
            let reverse = bidirectional.then(|| format!("_l{layer}_reverse"));
            std::iter::once(format!("_l{layer}")).chain(reverse)
        })
        .collect()
}

fn check<O: CellOptions<Cell: FromPyTorch>>(
    fixture: &Fixture,
    config: RecurrentConfig<O>,
    device: &Device,
    tolerance: f32,
) {
    let (layers, bidirectional) = (fixture.number("layers"), fixture.flag("bidirectional"));
    let mut network = config
        .with_layers(layers)
        .with_bidirectional(bidirectional)
        .with_bias(fixture.flag("bias"))
        .init(device);
    let suffixes = suffixes(layers, bidirectional);
    for (cell, suffix) in network.cells_mut().zip(&suffixes) {
        cell.set(fixture, suffix, device);
    }

    let input = fixture.tensor::<3>("input", device).require_grad();
    let initial: Vec<_> = ["h0", "c0"]
        .into_iter()
        .filter_map(|name| {
            fixture
                .optional::<3>(name, device)
                .map(Tensor::require_grad)
        })
        .collect();
    assert_eq!(!initial.is_empty(), fixture.flag("initial_state"));
    let state = (!initial.is_empty()).then(|| state_of(&network, &initial));
    let lengths = fixture.optional::<1>("lengths", device);
    let lengths = lengths.map(|lengths| Lengths::from_tensor(lengths.int()).unwrap());
    let (output, state) = network.forward_with(input.clone(), state, lengths);

    let close = |what: &str, actual: &Tensor<3>, expected: &str| {
        let what = format!("{} {what}", fixture.name);
        assert_close(&what, actual, &fixture.tensor(expected, device), tolerance);
    };
    close("output", &output, "output");
    let mut loss = (output * fixture.tensor("cot.output", device)).sum();
    for (part, name) in final_state(state).into_iter().zip(["hn", "cn"]) {
        close(name, &part, name);
        loss = loss + (part * fixture.tensor(&format!("cot.{name}"), device)).sum();
    }

    let gradients = loss.backward();
    // Gradients live on the device without autodiff.
    let inner = device.clone().without_autodiff();
    let close_gradient = |tensor: &Tensor<3>, name: &str| {
        let actual = tensor.grad(&gradients).unwrap();
        let expected = fixture.tensor(&format!("grad.{name}"), &inner);
        assert_close(
            &format!("{} grad.{name}", fixture.name),
            &actual,
            &expected,
            tolerance,
        );
    };
    close_gradient(&input, "input");
    for (tensor, name) in initial.iter().zip(["h0", "c0"]) {
        close_gradient(tensor, name);
    }
    for (cell, suffix) in network.cells().zip(&suffixes) {
        cell.check_gradients(&Expected {
            fixture,
            suffix,
            gradients: &gradients,
            tolerance,
        });
    }
}

/// A network's state from PyTorch's tensors `[layers · directions, batch, d_hidden]`.
fn state_of<C: FromPyTorch>(
    network: &Recurrent<C>,
    tensors: &[Tensor<3>],
) -> burn_rnn::RecurrentState<C::State> {
    let mut index = 0;
    let mut next = || {
        let rows: Vec<Tensor<2>> = tensors
            .iter()
            .map(|tensor| tensor.clone().narrow(0, index, 1).squeeze_dim(0))
            .collect();
        index += 1;
        C::state(&rows)
    };
    let mut state = network.zero_state(tensors[0].dims()[1]);
    for layer in &mut state.layers {
        layer.forward = next();
        layer.backward = layer.backward.as_ref().map(|_| next());
    }
    state
}

/// PyTorch's tensors `[layers · directions, batch, d_hidden]` from a network's state: `h` and, where
/// the cell has one, `c`.
fn final_state<S: State>(state: burn_rnn::RecurrentState<S>) -> Vec<Tensor<3>> {
    let mut parts: Vec<Vec<Tensor<2>>> = Vec::new();
    let cells = state
        .layers
        .into_iter()
        .flat_map(|layer| std::iter::once(layer.forward).chain(layer.backward));
    for cell in cells {
        let mut part = 0;
        cell.map(&mut |tensor| {
            if parts.len() == part {
                parts.push(Vec::new());
            }
            parts[part].push(tensor.clone());
            part += 1;
            tensor
        });
    }
    parts
        .into_iter()
        .map(|part| Tensor::stack(part, 0))
        .collect()
}
