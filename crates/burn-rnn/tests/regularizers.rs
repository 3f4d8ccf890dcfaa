//! Regularizers. A binary of its own: the seed of a device is the whole process's, and what is compared here draws masks.

#[allow(dead_code)] // Shared with the suite, which uses all of it.
#[path = "suite/backends.rs"]
mod backends;
#[allow(dead_code)]
#[path = "suite/collector.rs"]
mod collector;
#[allow(dead_code)]
#[path = "suite/compare.rs"]
mod compare;
#[path = "suite/drawn.rs"]
mod drawn;
#[path = "suite/every_cell.rs"]
mod every_cell;
#[allow(dead_code)]
#[path = "suite/parameters.rs"]
mod parameters;

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use burn_rnn::{
    Activation, Cell, CellOptions, CellState, GruConfig, Layer, Lengths, LstmConfig, Recurrent,
    RecurrentConfig, Regularization, Resets, Scan, Sequences, SimpleRnnConfig, State, Streaming,
    reference,
};

use collector::Collector;
use compare::{assert_close, values};
use every_cell::everything;

/// One test at a time draws from a device: every test here begins with it, for fresh weights are drawn, too.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A setting and how it is switched on.
type Setting = (&'static str, fn(&mut Regularization));

const SETTINGS: [Setting; 6] = [
    ("input_dropout", |r| r.input_dropout = 0.3),
    ("hidden_dropout", |r| r.hidden_dropout = 0.3),
    ("recurrent_dropout", |r| r.recurrent_dropout = 0.3),
    ("zoneout", |r| r.zoneout = 0.3),
    ("zoneout_cell", |r| r.zoneout_cell = 0.3),
    ("weight_drop", |r| r.weight_drop = 0.3),
];

/// A setting by itself.
fn one(setting: &Setting) -> Regularization {
    let mut regularization = Regularization::default();
    setting.1(&mut regularization);
    regularization
}

/// Those settings that a cell takes, all at once.
fn all_taken<C: Cell>(cell: &C) -> Regularization {
    let mut all = Regularization::default();
    for setting in &SETTINGS {
        if cell.check_regularization(&one(setting)).is_ok() {
            setting.1(&mut all);
        }
    }
    all
}

/// Outputs, final states and all gradients of two runs, the second from where the first ended.
fn results<C: Cell>(
    network: &Recurrent<C>,
    sequences: &Sequences,
    seed: u64,
) -> Vec<(String, Tensor<1>)> {
    let device = network.devices()[0].clone();
    device.seed(seed);
    let x = drawn::tensor([3, 5, network.d_input()], 11, &device).require_grad();
    let (_, state) = network.forward(x.clone(), None);
    let (output, state) = network.forward_with(x.clone(), Some(state), sequences);
    let weights = drawn::tensor(output.dims(), 12, &device);
    let mut results = vec![("output".to_owned(), output.clone().flatten::<1>(0, 2))];
    let mut loss = (output * weights).sum();
    state.map(&mut |tensor| {
        loss = loss.clone() + tensor.clone().sum() * 0.3;
        results.push(("a state".to_owned(), tensor.clone().flatten::<1>(0, 1)));
        tensor
    });
    let gradients = loss.backward();
    let of_x = x.grad(&gradients).expect("a gradient");
    results.push(("gradient of the input".to_owned(), of_x.flatten::<1>(0, 2)));
    let mut found = Collector {
        gradients: &gradients,
        results,
    };
    network.visit(&mut found);
    found.results
}

fn with<O: CellOptions>(
    config: &RecurrentConfig<O>,
    regularization: Regularization,
) -> RecurrentConfig<O> {
    let mut config = config.clone();
    config.regularization = regularization;
    config
}

fn init<O: CellOptions>(config: &RecurrentConfig<O>, device: &Device) -> Recurrent<O::Cell> {
    drawn::parameters(config.init(device), 100, 0.4)
}

#[test]
fn fused_regularizers_are_the_reference() {
    let _alone = alone();
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let every_sequence = [
            Sequences::default(),
            Sequences::from(Lengths::new([5, 0, 3])),
            Sequences::from(Lengths::new([2, 5, 4]))
                .with_resets(Resets::new([[false, true, false, true, false]; 3]).unwrap()),
        ];
        for backend in backends::all().iter().filter(|backend| backend.is_fused) {
            let device = &backend.device.clone().autodiff();
            let taken = all_taken(&config.init_cell(device));
            let mut cases: Vec<_> = SETTINGS.iter().map(one).collect();
            cases.retain(|one| config.init_cell(device).check_regularization(one).is_ok());
            cases.push(taken);
            for regularization in cases {
                let config = with(config, regularization).with_bidirectional(true);
                let network = init(&config, device);
                for sequences in &every_sequence {
                    let fused = results(&network, sequences, 5);
                    let expected = reference(|| results(&network, sequences, 5));
                    assert_eq!(fused.len(), expected.len());
                    for ((name, given), (_, expected)) in fused.iter().zip(&expected) {
                        let what = format!("{config:?}: {name}");
                        assert_close(&what, given, expected, 4e-4);
                    }
                }
            }
        }
    }
    for d in [1, 6, 19] {
        everything!(d, check);
    }
}

#[test]
fn the_guide_says_which_cell_takes_which() {
    let _alone = alone();
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        let guide = include_str!("../src/guides/regularization.md");
        let row = |line: &'static str| -> Vec<&str> {
            line.trim_matches('|').split('|').map(str::trim).collect()
        };
        let head = guide.lines().find(|line| line.starts_with("| cell |"));
        let columns = row(head.expect("the guide has a table"));
        let cell = config.init_cell(&Device::default());
        let of_cell = format!("| [`{}`]", cell.name());
        let line = guide.lines().find(|line| line.starts_with(&of_cell));
        let marks = row(line.unwrap_or_else(|| panic!("the guide has no row {of_cell}")));
        assert_eq!(columns.len(), 1 + SETTINGS.len());
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(columns[1 + index], format!("`{}`", setting.0));
            let taken = cell.check_regularization(&one(setting)).is_ok();
            assert_eq!(marks[1 + index] == "yes", taken, "{of_cell} {}", setting.0);
        }
    }
    everything!(4, check);
}

/// Off in evaluation, all but zoneout, whose mean is that of the steps.
#[test]
fn evaluation_is_that_of_the_papers() {
    let _alone = alone();
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        backends::each(|backend| {
            let device = &backend.device;
            let x = drawn::tensor([2, 4, 3], 3, device);
            let plain = init(config, device);
            let (expected, _) = plain.forward(x.clone(), None);
            let mut regularization = all_taken(&plain.stack.layers[0].forward);
            let zoneout_cell = regularization.zoneout_cell;
            regularization.zoneout = 0.0;
            regularization.zoneout_cell = 0.0;
            let network = init(&with(config, regularization), device);
            let (output, _) = network.forward(x.clone(), None);
            assert_close("evaluation", &output, &expected, 1e-6);

            regularization.zoneout = 0.25;
            regularization.zoneout_cell = zoneout_cell;
            let network = init(&with(config, regularization), device);
            let (output, last) = network.forward(x.clone(), None);
            let shares = |index: usize| if index == 0 { 0.25 } else { zoneout_cell };
            let mut state = plain.zero_state(2);
            for t in 0..4 {
                let x_t = x.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                let (_, next) = plain.step(x_t, Some(state.clone()));
                let mut before = Vec::new();
                state.clone().map(&mut |tensor| {
                    before.push(tensor.clone());
                    tensor
                });
                let mut index = 0;
                state = next.map(&mut |tensor| {
                    let share = shares(index);
                    index += 1;
                    if share == 0.0 {
                        // The state before may be infinite.
                        return tensor;
                    }
                    tensor * (1.0 - share) + before[index - 1].clone() * share
                });
                let hidden = state.layers[0].forward.hidden();
                let given = output.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                assert_close(&format!("{config:?} step {t}"), &given, &hidden, 1e-5);
            }
            let (given, expected) = (&last.layers[0].forward, &state.layers[0].forward);
            assert_close("the last state", &given.hidden(), &expected.hidden(), 1e-5);

            // Streams and steps are evaluation, too.
            let mut stream = network.stream(2);
            let mut state = None;
            for t in 0..4 {
                let x_t = x.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                let given = output.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                let (stepped, next) = network.step(x_t.clone(), state);
                assert_close("a step", &stepped, &given, 1e-5);
                assert_close("a stream", &stream.step(x_t), &given, 1e-5);
                state = Some(next);
            }
        });
    }
    everything!(5, check);
}

/// `h_t = m ⊙ h_{t-1}`: after seven steps each unit is 0 or 1 / (1 − p)⁷, but only if the mask is the same at all steps.
#[test]
fn variational_dropout_has_one_mask_for_all_steps() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    device.seed(3);
    let config = SimpleRnnConfig::new(1, 400)
        .with_activation(Activation::Identity)
        .with_variational_dropout(0.0, 0.3);
    let mut network = config.init(device);
    let cell = network.cells_mut().next().unwrap();
    cell.w_hidden = Param::from_tensor(Tensor::eye(400, device));
    let mut state = network.zero_state(2);
    state.layers[0].forward.hidden = Tensor::ones([2, 400], device);
    for forward in [true, false] {
        let x = Tensor::zeros([2, 7, 1], device);
        let run = || network.forward(x.clone(), Some(state.clone()));
        let (output, _) = if forward { run() } else { reference(run) };
        let last = values(&output.narrow(1, 6, 1));
        let scaled = 1.0 / 0.7_f32.powi(7);
        let kept = last
            .iter()
            .filter(|&&h| (h / scaled - 1.0).abs() < 1e-4)
            .count();
        let dropped = last.iter().filter(|&&h| h == 0.0).count();
        assert_eq!(kept + dropped, 800);
        assert!(
            (180..300).contains(&dropped),
            "{dropped} of 800 dropped at 0.3"
        );
    }
}

/// `h_t = x_t`, or what it was: with zoneout each unit is one of the two, drawn at each step anew.
#[test]
fn zoneout_keeps_units_of_a_step_before() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    device.seed(4);
    let config = SimpleRnnConfig::new(1, 500)
        .with_activation(Activation::Identity)
        .with_zoneout(0.2, 0.0);
    let mut network = config.init(device);
    let cell = network.cells_mut().next().unwrap();
    cell.w_hidden = Param::from_tensor(Tensor::zeros([500, 500], device));
    cell.w_input = Param::from_tensor(Tensor::ones([1, 500], device));
    let x = Tensor::<1>::from_data([1.0, 2.0, 3.0, 4.0], device).reshape([1, 4, 1]);
    let (output, _) = network.forward(x, None);
    let output = values(&output);
    let (mut kept, mut changes) = (0, 0);
    for unit in 0..500 {
        let mut before = 0.0;
        let mut pattern = Vec::new();
        for t in 0..4 {
            let h = output[t * 500 + unit];
            assert!(h == before || h == (t + 1) as f32, "{h} after {before}");
            pattern.push(h == before);
            kept += usize::from(h == before);
            before = h;
        }
        changes += usize::from(pattern.windows(2).any(|pair| pair[0] != pair[1]));
    }
    assert!((330..470).contains(&kept), "{kept} of 2000 kept at 0.2");
    assert!(changes > 200, "{changes} units have unequal steps");
}

/// With next to all dropped, what is left is the network without that part.
#[test]
fn each_regularizer_works_where_it_says() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    device.seed(6);
    let x = drawn::tensor([2, 5, 3], 1, device);
    let almost = 1.0 - 1e-7;
    let config = LstmConfig::new(3, 8);
    let mut unconnected = init(&config, device);
    let cell = unconnected.cells_mut().next().unwrap();
    cell.w_hidden = Param::from_tensor(Tensor::zeros([8, 32], device));
    let (expected, _) = unconnected.forward(x.clone(), None);
    for config in [
        config.clone().with_weight_drop(almost),
        config.clone().with_variational_dropout(0.0, almost),
    ] {
        let (output, _) = init(&config, device).forward(x.clone(), None);
        assert_close("without what was before", &output, &expected, 1e-6);
    }
    let (output, state) =
        init(&config.clone().with_recurrent_dropout(almost), device).forward(x.clone(), None);
    assert!(
        values(&output).iter().all(|&h| h == 0.0),
        "nothing is written"
    );
    assert!(
        values(&state.layers[0].forward.cell)
            .iter()
            .all(|&c| c == 0.0)
    );
    let (output, _) = init(
        &config.clone().with_variational_dropout(almost, 0.0),
        device,
    )
    .forward(x.clone(), None);
    let (without, _) = init(&config, device).forward(x.zeros_like(), None);
    assert_close("without an input", &output, &without, 1e-6);
}

#[test]
fn a_seed_gives_the_same_numbers_again() {
    let _alone = alone();
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let config = with(
            &LstmConfig::new(3, 6).with_layers(2),
            all_taken(&LstmConfig::new(3, 6).init_cell(device)),
        );
        let network = init(&config, device);
        let run = |seed| results(&network, &Sequences::default(), seed);
        for ((_, first), (_, second)) in run(1).iter().zip(&run(1)) {
            assert_eq!(values(first), values(second));
        }
        assert_ne!(values(&run(1)[0].1), values(&run(2)[0].1));
    });
}

/// As Burn's dropout, a frozen layer is one of evaluation.
#[test]
fn a_frozen_network_draws_nothing() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    let config = LstmConfig::new(3, 6).with_recurrent_dropout(0.5);
    let network = init(&config, device).freeze();
    let x = drawn::tensor([2, 4, 3], 1, device);
    let (first, _) = network.forward(x.clone(), None);
    let (second, _) = network.forward(x, None);
    assert_eq!(values(&first), values(&second));
}

#[test]
fn a_step_in_training_refuses_masks_of_whole_sequences() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    let x_t = || Tensor::<2>::zeros([1, 3], device);
    let network = LstmConfig::new(3, 6).with_weight_drop(0.5).init(device);
    let step = std::panic::AssertUnwindSafe(|| network.step(x_t(), None));
    let panic = std::panic::catch_unwind(step).unwrap_err();
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(
        message.contains("train with forward over whole sequences"),
        "{message}"
    );
    let layer =
        Scan::new(GruConfig::new(3, 6).init_cell(device)).with_regularization(Regularization {
            zoneout: 0.5,
            ..Regularization::default()
        });
    let (output, _) = layer.step(x_t(), None);
    assert_eq!(output.dims(), [1, 6]);
    assert_eq!(layer.d_output(), 6);
}

/// Before its mask is multiplied, which would repeat one row for all.
#[test]
fn a_state_of_another_batch_is_refused_by_name() {
    let _alone = alone();
    let device = &Device::default().autodiff();
    let config = GruConfig::new(3, 6).with_variational_dropout(0.0, 0.5);
    let network = init(&config, device);
    let x = drawn::tensor([2, 4, 3], 1, device);
    let run = || network.forward(x.clone(), Some(network.zero_state(1)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    let message = panic.downcast_ref::<String>().expect("a message");
    let parts = ["Gru", "[1, 6]", "[2, 6]"];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
}
