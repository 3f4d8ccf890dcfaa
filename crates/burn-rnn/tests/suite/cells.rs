//! The cells beyond the seven architectures, against their equations written in PyTorch with its autograd, and against the numbers
//! of their authors' code.
//!
//! The fixtures come from `tests/fixtures/make_cells.py` and use this library's own layout.

use std::collections::BTreeMap;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use burn_rnn::{
    Activation, Cell, CellOptions, CfnConfig, CoRnnConfig, DefinedCell, DefinedState,
    FastGrnnConfig, IndRnnConfig, JanetConfig, LemConfig, MguConfig, MinimalRnnConfig, NbrcConfig,
    RanConfig, RecurrentConfig, SlstmConfig, UgrnnConfig, reference,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backends::{self, Backend};
use crate::collector::Collector;
use crate::compare::{self, assert_close};
use crate::every_cell::{every_cell, everything};
use crate::fixture::{self, Fixture};
use crate::fused::rounding;
use crate::{parameters, records, streams};

#[test]
fn cells_agree_with_their_equations_in_pytorch() {
    let fixtures = fixture::all("cells");
    backends::each(|backend| {
        let mut kinds = BTreeMap::new();
        for fixture in &fixtures {
            let kind = fixture.setting("cell");
            run(kind, fixture, backend);
            *kinds.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(kinds.len(), 12, "{kinds:?}");
    });
}

fn fused_backends() -> impl Iterator<Item = Backend> {
    let backends = backends::all().into_iter();
    backends.filter(|backend| backend.is_fused)
}

#[test]
fn fused_cells_are_the_reference() {
    fn check<O: CellOptions<Cell: DefinedCell>>(config: &RecurrentConfig<O>) {
        for backend in fused_backends() {
            for (batch, time, reversed) in [(1, 1, false), (3, 4, false), (2, 3, true)] {
                let device = &backend.device.clone().autodiff();
                let case = Compared::new(config, batch, time, reversed, device);
                let fused = case.results();
                let expected = reference(|| case.results());
                assert_eq!(fused.len(), expected.len());
                for ((name, given), (_, expected)) in fused.iter().zip(&expected) {
                    let what = format!("{config:?}, {batch}x{time}, reversed {reversed}: {name}");
                    // A trainable scalar's gradient is a sum over all units, whose rounding is that of what it sums.
                    let values = compare::values(expected);
                    let largest = values.iter().fold(1e-3_f32, |max, x| max.max(x.abs()));
                    let tolerance = (2e-5 + 1e-6 / largest) * rounding(&what);
                    assert_close(&what, given, expected, tolerance);
                }
            }
        }
    }
    for d in [1, 2, 3, 4, 5, 6, 7, 8, 9, 70] {
        everything!(d, check);
    }
}

/// What runs under valgrind: the engine alone, without the reference.
#[test]
fn small_cells_give_numbers() {
    fn check<O: CellOptions<Cell: DefinedCell>>(config: &RecurrentConfig<O>) {
        for backend in fused_backends() {
            let device = &backend.device.clone().autodiff();
            for (name, values) in Compared::new(config, 2, 2, false, device).results() {
                let values = compare::values(&values);
                let all_finite = values.iter().all(|value| value.is_finite());
                assert!(all_finite, "{config:?}: {name} is {values:?}");
            }
        }
    }
    for d in 1..=9 {
        everything!(d, check);
    }
}

#[test]
fn streams_of_cells_give_what_steps_give() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        backends::each(|backend| {
            for batch in [1, 3] {
                streams::agrees(config, batch, &backend.device);
            }
        });
    }
    every_cell!(10, check);
}

#[test]
fn cells_survive_records_and_stores() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let different = records::different(config.clone().with_layers(1));
        records::survives_json(&different);
        backends::each(|backend| records::check_on(config, &backend.device));
    }
    every_cell!(10, check);
}

/// A cell and what it reads: two scans, the second from where the first one ended.
struct Compared<C> {
    cell: C,
    x: Tensor<3>,
    by_output: Tensor<3>,
    reversed: bool,
}

impl<C: DefinedCell> Compared<C> {
    fn new(
        config: &RecurrentConfig<impl CellOptions<Cell = C>>,
        batch: usize,
        time: usize,
        reversed: bool,
        device: &Device,
    ) -> Self {
        // Drawn here: the seed of a device is the whole process's, which other tests draw from.
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut draw = |len: usize, limit: f64| -> Vec<f64> {
            (0..len).map(|_| rng.random_range(-limit..limit)).collect()
        };
        let cell = config.init_cell(device);
        let (n, d) = (Cell::d_input(&cell), Cell::d_hidden(&cell));
        let count = parameters::read(&cell).len();
        let values = draw(count, 1.0 / (d as f64).sqrt());
        let mut tensor = |shape: [usize; 3]| {
            let values = draw(shape.iter().product(), 1.5);
            Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
        };
        Self {
            cell: parameters::write(cell, &values, DType::F32),
            x: tensor([batch, time, n]),
            by_output: tensor([batch, time, d]),
            reversed,
        }
    }

    /// The outputs, the last states and all gradients, by name.
    fn results(&self) -> Vec<(String, Tensor<1>)> {
        let x = self.x.clone().require_grad();
        let scan = |state| {
            if self.reversed {
                self.cell.scan_reversed(x.clone(), state)
            } else {
                self.cell.scan(x.clone(), state)
            }
        };
        let (_, state) = scan(Cell::zero_state(&self.cell, x.dims()[0]));
        let (output, state) = scan(state);
        let flat = |tensor: Tensor<2>| tensor.flatten::<1>(0, 1);
        let mut results = vec![("output".to_owned(), output.clone().flatten::<1>(0, 2))];
        let mut loss = (output * self.by_output.clone()).sum();
        for (index, tensor) in state.into_tensors().into_iter().flatten().enumerate() {
            let weight = 0.3 + index as f32;
            loss = loss + (tensor.clone() * weight).sum();
            results.push((format!("state {index}"), flat(tensor)));
        }
        let gradients = loss.backward();
        let of_x = x.grad(&gradients).expect("a gradient");
        let mut found = Collector {
            gradients: &gradients,
            results,
        };
        found.put("gradient of the input", of_x);
        self.cell.visit(&mut found);
        found.results
    }
}

fn run(kind: &str, fixture: &Fixture, backend: &Backend) {
    let (n, d) = (fixture.number("d_input"), fixture.number("d_hidden"));
    let float = |name: &str| -> f32 { fixture.setting(name).parse().unwrap() };
    match kind {
        "indrnn" => {
            let activation = match fixture.setting("activation") {
                "relu" => Activation::Relu,
                "tanh" => Activation::Tanh,
                other => panic!("unknown activation {other}"),
            };
            let config = IndRnnConfig::new(n, d).with_activation(activation);
            check(fixture, config, &["hidden"], backend);
        }
        "ugrnn" => check(fixture, UgrnnConfig::new(n, d), &["hidden"], backend),
        "janet" => {
            let config = JanetConfig::new(n, d).with_beta(float("beta"));
            check(fixture, config, &["hidden"], backend);
        }
        "mgu" => check(fixture, MguConfig::new(n, d), &["hidden"], backend),
        "ran" => check(fixture, RanConfig::new(n, d), &["hidden", "cell"], backend),
        "cfn" => check(fixture, CfnConfig::new(n, d), &["hidden"], backend),
        "minimal" => check(fixture, MinimalRnnConfig::new(n, d), &["hidden"], backend),
        "cornn" => {
            let config = CoRnnConfig::new(n, d)
                .with_dt(float("dt"))
                .with_gamma(float("gamma"))
                .with_epsilon(float("epsilon"));
            check(fixture, config, &["hidden", "velocity"], backend);
        }
        "lem" => {
            let config = LemConfig::new(n, d).with_dt(float("dt"));
            check(fixture, config, &["hidden", "latent"], backend);
        }
        "fastgrnn" => check(fixture, FastGrnnConfig::new(n, d), &["hidden"], backend),
        "nbrc" => check(fixture, NbrcConfig::new(n, d), &["hidden"], backend),
        "slstm" => {
            let config = SlstmConfig::new(n, d).with_heads(fixture.number("heads"));
            let states = ["hidden", "cell", "normalizer", "stabilizer"];
            check(fixture, config, &states, backend);
        }
        other => panic!("unknown cell {other}"),
    }
}

pub fn check<C: DefinedCell>(
    fixture: &Fixture,
    config: RecurrentConfig<impl CellOptions<Cell = C>>,
    states: &[&str],
    backend: &Backend,
) {
    let device = &backend.device.clone().autodiff();
    let config = config.with_bias(fixture.flag("bias"));
    let mut loader = Loader {
        fixture,
        device,
        name: Vec::new(),
        loaded: 0,
    };
    let cell = config.init_cell(device).map(&mut loader);
    let parameters = fixture
        .names()
        .filter(|name| name.starts_with("grad.") && *name != "grad.x")
        .filter(|name| !name.starts_with("grad.initial."))
        .count();
    assert_eq!(loader.loaded, parameters, "{}: parameters", fixture.name);

    let x = fixture.tensor::<3>("x", device).require_grad();
    let [batch, ..] = x.dims();
    let initial: Vec<Option<Tensor<2>>> = states
        .iter()
        .map(|name| {
            let initial = fixture.optional::<2>(&format!("initial.{name}"), device);
            initial.map(Tensor::require_grad)
        })
        .collect();
    let given: Option<Vec<Tensor<2>>> = initial.iter().cloned().collect();
    let state = match given {
        Some(given) => C::State::from_tensors(given),
        None => Cell::zero_state(&cell, batch),
    };
    let (output, last) = cell.scan(x.clone(), state);
    let what = |name: &str| format!("{} {name}", fixture.name);
    let tolerance = backend.tolerance;
    let expected = fixture.tensor("output", device);
    assert_close(&what("output"), &output, &expected, tolerance);
    let mut loss = (output * fixture.tensor("cot.output", device)).sum();
    for (name, tensor) in states.iter().zip(last.into_tensors()) {
        let name = format!("final.{name}");
        let tensor = tensor.expect("every state is given");
        assert_close(
            &what(&name),
            &tensor,
            &fixture.tensor(&name, device),
            tolerance,
        );
        loss = loss + (tensor * fixture.tensor(&format!("cot.{name}"), device)).sum();
    }
    let gradients = loss.backward();
    let inner = device.clone().without_autodiff();
    let name = "grad.x";
    let actual = x.grad(&gradients).unwrap();
    assert_close(
        &what(name),
        &actual,
        &fixture.tensor(name, &inner),
        tolerance,
    );
    for (name, tensor) in states.iter().zip(&initial) {
        let name = format!("grad.initial.{name}");
        if let (Some(tensor), true) = (tensor, fixture.has(&name)) {
            let actual = tensor.grad(&gradients).unwrap();
            assert_close(
                &what(&name),
                &actual,
                &fixture.tensor(&name, &inner),
                tolerance,
            );
        }
    }
    cell.visit(&mut Comparer {
        fixture,
        gradients: &gradients,
        device: &inner,
        tolerance,
        name: Vec::new(),
    });
}

/// Puts the fixture's parameters into a cell, by their names.
struct Loader<'a> {
    fixture: &'a Fixture,
    device: &'a Device,
    name: Vec<String>,
    loaded: usize,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.name.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.name.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.name.join(".");
        let value = self.fixture.tensor::<D>(&name, self.device);
        let (given, expected) = (value.dims(), param.lazy_shape());
        assert_eq!(given, expected.dims(), "{} {name}", self.fixture.name);
        self.loaded += 1;
        Param::from_tensor(value)
    }
}

/// Compares the gradients of all parameters with the fixture's.
struct Comparer<'a> {
    fixture: &'a Fixture,
    gradients: &'a Gradients,
    device: &'a Device,
    tolerance: f32,
    name: Vec<String>,
}

impl ModuleVisitor for Comparer<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.name.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.name.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = format!("grad.{}", self.name.join("."));
        let actual = param.val().grad(self.gradients).unwrap();
        let expected = self.fixture.tensor::<D>(&name, self.device);
        let what = format!("{} {name}", self.fixture.name);
        assert_close(&what, &actual, &expected, self.tolerance);
    }
}
