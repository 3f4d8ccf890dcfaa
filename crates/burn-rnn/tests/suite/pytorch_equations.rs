//! The cells that PyTorch lacks, against the same equations written in PyTorch with its autograd:
//! peephole, coupled and ablated LSTM, GRU with both resets, the simple cell's other functions.
//!
//! The fixtures come from `tests/fixtures/make_pytorch.py` and use this library's own layout.

use std::collections::BTreeSet;

use burn::module::Param;
use burn::tensor::{Device, Tensor};
use burn_rnn::{
    Activation, Cell, Coupling, GruCell, GruConfig, HiddenState, Layer, LstmCell, LstmConfig,
    LstmState, PeepholeKind, Reset, Scan, SimpleCell, SimpleRnnConfig, State,
};

use crate::backends::{self, Backend};
use crate::compare::assert_close;
use crate::fixture::{self, Fixture};

#[test]
fn cells_agree_with_the_equations_in_pytorch() {
    let mut fixtures = fixture::all("pytorch");
    for fixture in &mut fixtures {
        for prefix in ["", "grad."] {
            let parts = ["state", "output"].map(|part| format!("{prefix}peephole_{part}"));
            fixture.join_columns(&parts, format!("{prefix}peephole_full"));
        }
    }
    backends::each(|backend| {
        let mut kinds = BTreeSet::new();
        for fixture in &fixtures {
            let device = backend.device.clone().autodiff();
            match fixture.setting("kind") {
                "equations_lstm" => check_lstm(fixture, &device, backend),
                "equations_gru" => check_gru(fixture, &device, backend),
                "equations_simple" => check_simple(fixture, &device, backend),
                _ => continue,
            }
            kinds.insert(fixture.setting("kind"));
        }
        assert_eq!(kinds.len(), 3, "{kinds:?}");
    });
}

#[test]
fn every_ablation_has_a_case() {
    let fixtures = fixture::all("pytorch");
    let has = |option: &str, value: &str| {
        fixtures
            .iter()
            .filter(|fixture| fixture.setting("kind") == "equations_lstm")
            .any(|fixture| fixture.setting(option) == value)
    };
    for gate in [
        "input_gate",
        "forget_gate",
        "output_gate",
        "input_activation",
        "output_activation",
    ] {
        assert!(has(gate, "false"), "{gate}");
    }
    for coupled in ["none", "input_from_forget", "forget_from_input"] {
        assert!(has("coupled", coupled), "{coupled}");
    }
    for peephole in ["none", "diagonal", "full"] {
        assert!(has("peephole", peephole), "{peephole}");
    }
    assert!(has("full_gate_recurrence", "true"));
}

/// The parameters of a cell under the fixtures' names.
trait Named: Cell {
    fn matrices(&mut self) -> Vec<(&'static str, &mut Param<Tensor<2>>)>;
    fn biases(&mut self) -> Vec<(&'static str, &mut Param<Tensor<1>>)>;
    fn state(tensors: &[Tensor<2>]) -> Self::State;
}

impl Named for LstmCell {
    fn matrices(&mut self) -> Vec<(&'static str, &mut Param<Tensor<2>>)> {
        let mut all = vec![
            ("w_input", &mut self.w_input),
            ("w_hidden", &mut self.w_hidden),
        ];
        all.extend(self.w_gates.as_mut().map(|w| ("w_gates", w)));
        if let Some(peephole) = &mut self.peephole {
            all.extend(peephole.diagonal.as_mut().map(|w| ("peephole_diagonal", w)));
            all.extend(peephole.full.as_mut().map(|w| ("peephole_full", w)));
        }
        all
    }

    fn biases(&mut self) -> Vec<(&'static str, &mut Param<Tensor<1>>)> {
        self.bias
            .as_mut()
            .map(|b| ("bias", b))
            .into_iter()
            .collect()
    }

    fn state(tensors: &[Tensor<2>]) -> LstmState {
        LstmState::new(tensors[0].clone(), tensors[1].clone())
    }
}

impl Named for GruCell {
    fn matrices(&mut self) -> Vec<(&'static str, &mut Param<Tensor<2>>)> {
        vec![
            ("w_input", &mut self.w_input),
            ("w_hidden", &mut self.w_hidden),
        ]
    }

    fn biases(&mut self) -> Vec<(&'static str, &mut Param<Tensor<1>>)> {
        let gates = self.bias.as_mut().map(|b| ("bias", b));
        let hidden = self.bias_hidden.as_mut().map(|b| ("bias_hidden", b));
        gates.into_iter().chain(hidden).collect()
    }

    fn state(tensors: &[Tensor<2>]) -> HiddenState {
        HiddenState::new(tensors[0].clone())
    }
}

impl Named for SimpleCell {
    fn matrices(&mut self) -> Vec<(&'static str, &mut Param<Tensor<2>>)> {
        vec![
            ("w_input", &mut self.w_input),
            ("w_hidden", &mut self.w_hidden),
        ]
    }

    fn biases(&mut self) -> Vec<(&'static str, &mut Param<Tensor<1>>)> {
        self.bias
            .as_mut()
            .map(|b| ("bias", b))
            .into_iter()
            .collect()
    }

    fn state(tensors: &[Tensor<2>]) -> HiddenState {
        HiddenState::new(tensors[0].clone())
    }
}

fn sizes(fixture: &Fixture) -> (usize, usize) {
    (fixture.number("d_input"), fixture.number("d_hidden"))
}

fn check_simple(fixture: &Fixture, device: &Device, backend: &Backend) {
    let (d_input, d_hidden) = sizes(fixture);
    let activation = match fixture.setting("activation") {
        "sigmoid" => Activation::Sigmoid,
        "identity" => Activation::Identity,
        other => panic!("unknown activation {other}"),
    };
    let config = SimpleRnnConfig::new(d_input, d_hidden)
        .with_bias(fixture.flag("bias"))
        .with_activation(activation);
    check(fixture, config.init_cell(device), device, backend.tolerance);
}

fn check_gru(fixture: &Fixture, device: &Device, backend: &Backend) {
    let (d_input, d_hidden) = sizes(fixture);
    let reset = match fixture.setting("reset") {
        "before" => Reset::BeforeProduct,
        "after" => Reset::AfterProduct,
        other => panic!("unknown reset {other}"),
    };
    let config = GruConfig::new(d_input, d_hidden)
        .with_bias(fixture.flag("bias"))
        .with_reset(reset);
    check(fixture, config.init_cell(device), device, backend.tolerance);
}

fn check_lstm(fixture: &Fixture, device: &Device, backend: &Backend) {
    let (d_input, d_hidden) = sizes(fixture);
    let coupling = match fixture.setting("coupled") {
        "none" => Coupling::None,
        "input_from_forget" => Coupling::InputFromForget,
        "forget_from_input" => Coupling::ForgetFromInput,
        other => panic!("unknown coupling {other}"),
    };
    let peephole = match fixture.setting("peephole") {
        "none" => PeepholeKind::None,
        "diagonal" => PeepholeKind::Diagonal,
        "full" => PeepholeKind::Full,
        other => panic!("unknown peephole {other}"),
    };
    let config = LstmConfig::new(d_input, d_hidden)
        .with_bias(fixture.flag("bias"))
        .with_input_gate(fixture.flag("input_gate"))
        .with_forget_gate(fixture.flag("forget_gate"))
        .with_output_gate(fixture.flag("output_gate"))
        .with_input_activation(fixture.flag("input_activation"))
        .with_output_activation(fixture.flag("output_activation"))
        .with_full_gate_recurrence(fixture.flag("full_gate_recurrence"))
        .with_coupling(coupling)
        .with_peephole(peephole);
    check(fixture, config.init_cell(device), device, backend.tolerance);
}

fn check<C: Named>(fixture: &Fixture, mut cell: C, device: &Device, tolerance: f32) {
    let mut parameters = 0;
    for (name, param) in cell.matrices() {
        load(fixture, name, param, device);
        parameters += 1;
    }
    for (name, param) in cell.biases() {
        load(fixture, name, param, device);
        parameters += 1;
    }
    let inputs = ["grad.input", "grad.h0", "grad.c0"];
    let gradients = fixture.names().filter(|name| name.starts_with("grad."));
    let expected = gradients.filter(|name| !inputs.contains(name)).count();
    assert_eq!(parameters, expected, "{}: parameters", fixture.name);

    let input = fixture.tensor::<3>("input", device).require_grad();
    let initial: Vec<_> = ["h0", "c0"]
        .into_iter()
        .filter_map(|name| {
            fixture
                .optional::<2>(name, device)
                .map(Tensor::require_grad)
        })
        .collect();
    assert_eq!(!initial.is_empty(), fixture.flag("initial_state"));
    let state = (!initial.is_empty()).then(|| C::state(&initial));
    let mut layer = Scan::new(cell);
    let (output, state) = layer.forward(input.clone(), state);

    let what = |name: &str| format!("{} {name}", fixture.name);
    assert_close(
        &what("output"),
        &output,
        &fixture.tensor("output", device),
        tolerance,
    );
    let mut loss = (output * fixture.tensor("cot.output", device)).sum();
    let mut names = ["hn", "cn"].into_iter();
    let mut finals = Vec::new();
    state.map(&mut |tensor| {
        // Full gate recurrence carries the gates as a third tensor, which has no name here.
        finals.extend(names.next().map(|name| (name, tensor.clone())));
        tensor
    });
    for (name, tensor) in finals {
        assert_close(
            &what(name),
            &tensor,
            &fixture.tensor(name, device),
            tolerance,
        );
        loss = loss + (tensor * fixture.tensor(&format!("cot.{name}"), device)).sum();
    }

    let gradients = loss.backward();
    let inner = device.clone().without_autodiff();
    let name = "grad.input";
    let actual = input.grad(&gradients).unwrap();
    assert_close(
        &what(name),
        &actual,
        &fixture.tensor(name, &inner),
        tolerance,
    );
    for (tensor, name) in initial.iter().zip(["grad.h0", "grad.c0"]) {
        let actual = tensor.grad(&gradients).unwrap();
        assert_close(
            &what(name),
            &actual,
            &fixture.tensor(name, &inner),
            tolerance,
        );
    }
    for (name, param) in layer.cell.matrices() {
        let actual = param.grad(&gradients).unwrap();
        let expected = fixture.tensor(&format!("grad.{name}"), &inner);
        assert_close(&what(name), &actual, &expected, tolerance);
    }
    for (name, param) in layer.cell.biases() {
        let actual = param.grad(&gradients).unwrap();
        let expected = fixture.tensor(&format!("grad.{name}"), &inner);
        assert_close(&what(name), &actual, &expected, tolerance);
    }
}

fn load<const D: usize>(
    fixture: &Fixture,
    name: &str,
    param: &mut Param<Tensor<D>>,
    device: &Device,
) {
    let value = fixture.tensor::<D>(name, device);
    let (given, expected) = (value.dims(), param.lazy_shape());
    assert_eq!(given, expected.dims(), "{} {name}", fixture.name);
    *param = Param::from_tensor(value);
}
