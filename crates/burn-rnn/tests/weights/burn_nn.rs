//! Modules of `burn::nn` as networks, and networks as modules: the same outputs and states, and the same bits on a round trip.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn;
use burn::store::ModuleRecord;
use burn::tensor::{Device, Distribution, Tensor};
use burn_rnn::weights::{WeightsError, WeightsErrorKind};
use burn_rnn::{
    Activation, Coupling, Gru, GruConfig, Lstm, LstmConfig, Merge, PeepholeKind, Reset, SimpleRnn,
    SimpleRnnConfig,
};

use crate::compare::{assert_close, values};

const TOLERANCE: f32 = 1e-5;

fn input(device: &Device) -> Tensor<3> {
    Tensor::random([2, 5, 3], Distribution::Uniform(-1.0, 1.0), device)
}

/// All numbers of a module, biases of zeros among them made others.
struct Bits(Vec<Vec<u32>>);

impl ModuleVisitor for Bits {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let bits = values(&param.val()).into_iter().map(f32::to_bits);
        self.0.push(bits.collect());
    }
}

fn bits(module: &impl Module) -> Vec<Vec<u32>> {
    let mut bits = Bits(Vec::new());
    module.visit(&mut bits);
    bits.0
}

/// Draws every parameter anew, biases too.
struct Draw;

impl ModuleMapper for Draw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| value.random_like(Distribution::Uniform(-0.9, 0.9)))
    }
}

fn drawn<M: Module>(module: M) -> M {
    module.map(&mut Draw)
}

#[test]
fn lstms_give_the_same() {
    let device = Device::flex();
    for (bias, coupled, clip) in [
        (true, false, None),
        (false, false, None),
        (true, true, None),
        (true, false, Some(0.25)),
    ] {
        for other in [false, true] {
            let mut config = nn::LstmConfig::new(3, 4, bias)
                .with_input_forget(coupled)
                .with_clip(clip);
            let mut both = nn::BiLstmConfig::new(3, 4, bias)
                .with_input_forget(coupled)
                .with_clip(clip);
            if other {
                let hard =
                    nn::activation::ActivationConfig::HardSigmoid(nn::HardSigmoidConfig::new());
                let soft = nn::activation::ActivationConfig::Softsign;
                config = config
                    .with_gate_activation(hard.clone())
                    .with_cell_activation(soft.clone());
                both = both.with_gate_activation(hard).with_hidden_activation(soft);
            }
            let theirs = drawn(config.init(&device));
            let ours = Lstm::try_from(&theirs).unwrap();
            let x = input(&device);
            let (expected, expected_state) = theirs.forward(x.clone(), None);
            let (output, state) = ours.forward(x.clone(), None);
            assert_close("output", &output, &expected, TOLERANCE);
            let state = &state.layers[0].forward;
            assert_close("hidden", &state.hidden, &expected_state.hidden, TOLERANCE);
            assert_close("cell", &state.cell, &expected_state.cell, TOLERANCE);
            let again = nn::Lstm::try_from(&ours).unwrap();
            assert_eq!(bits(&again), bits(&theirs));
            assert_close(
                "again",
                &again.forward(x.clone(), None).0,
                &expected,
                TOLERANCE,
            );

            let theirs = drawn(both.init(&device));
            let ours = Lstm::try_from(&theirs).unwrap();
            let (expected, _) = theirs.forward(x.clone(), None);
            assert_close("both", &ours.forward(x, None).0, &expected, TOLERANCE);
            let again = nn::BiLstm::try_from(&ours).unwrap();
            assert_eq!(bits(&again), bits(&theirs));
        }
    }
}

#[test]
fn grus_give_the_same() {
    let device = Device::flex();
    for (bias, after) in [(true, true), (true, false), (false, true), (false, false)] {
        let config = nn::GruConfig::new(3, 4, bias).with_reset_after(after);
        let theirs = drawn(config.init(&device));
        let ours = Gru::try_from(&theirs).unwrap();
        let x = input(&device);
        let expected = theirs.forward(x.clone(), None);
        assert_close(
            "gru",
            &ours.forward(x.clone(), None).0,
            &expected,
            TOLERANCE,
        );
        let again = nn::Gru::try_from(&ours).unwrap();
        assert_eq!(bits(&again), bits(&theirs));

        let config = nn::BiGruConfig::new(3, 4, bias).with_reset_after(after);
        let theirs = drawn(config.with_batch_first(false).init(&device));
        let ours = Gru::try_from(&theirs).unwrap();
        let x = x.swap_dims(0, 1);
        let (expected, _) = theirs.forward(x.clone(), None);
        assert_close("both", &ours.forward(x, None).0, &expected, TOLERANCE);
        let again = nn::BiGru::try_from(&ours).unwrap();
        assert_eq!(bits(&again), bits(&theirs));
    }
}

#[test]
fn simple_networks_give_the_same() {
    let device = Device::flex();
    for (bias, activation) in [
        (true, nn::activation::ActivationConfig::Tanh),
        (false, nn::activation::ActivationConfig::Relu),
    ] {
        let config = nn::RnnConfig::new(3, 4, bias).with_hidden_activation(activation.clone());
        let theirs = drawn(config.init(&device));
        let ours = SimpleRnn::try_from(&theirs).unwrap();
        let x = input(&device);
        let (expected, _) = theirs.forward(x.clone(), None);
        assert_close(
            "rnn",
            &ours.forward(x.clone(), None).0,
            &expected,
            TOLERANCE,
        );
        assert_eq!(bits(&nn::Rnn::try_from(&ours).unwrap()), bits(&theirs));

        let config = nn::BiRnnConfig::new(3, 4, bias).with_hidden_activation(activation);
        let theirs = drawn(config.init(&device));
        let ours = SimpleRnn::try_from(&theirs).unwrap();
        let (expected, _) = theirs.forward(x.clone(), None);
        assert_close("both", &ours.forward(x, None).0, &expected, TOLERANCE);
        assert_eq!(bits(&nn::BiRnn::try_from(&ours).unwrap()), bits(&theirs));
    }
}

#[test]
fn networks_made_here_give_the_same_there() {
    let device = Device::flex();
    let x = input(&device);
    let one = drawn(LstmConfig::new(3, 4).init(&device));
    let there = nn::Lstm::try_from(&one).unwrap();
    assert_close(
        "lstm",
        &there.forward(x.clone(), None).0,
        &one.forward(x.clone(), None).0,
        TOLERANCE,
    );
    for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
        let gru = drawn(GruConfig::new(3, 4).with_reset(reset).init(&device));
        let there = nn::Gru::try_from(&gru).unwrap();
        assert_close(
            "gru",
            &there.forward(x.clone(), None),
            &gru.forward(x.clone(), None).0,
            TOLERANCE,
        );
    }
    let simple = drawn(
        SimpleRnnConfig::new(3, 4)
            .with_activation(Activation::Softplus)
            .init(&device),
    );
    let there = nn::Rnn::try_from(&simple).unwrap();
    assert_close(
        "rnn",
        &there.forward(x.clone(), None).0,
        &simple.forward(x, None).0,
        TOLERANCE,
    );
}

#[test]
fn layers_become_a_network_and_a_network_its_layers() {
    let device = Device::flex();
    let layer = |d_input| drawn(nn::BiLstmConfig::new(d_input, 4, true).init(&device));
    let layers = [layer(3), layer(8), layer(8)];
    let stack = Lstm::try_from(&layers[..]).unwrap();
    assert_eq!((stack.stack.layers.len(), stack.d_output()), (3, 8));
    let x = input(&device);
    let through = |x, layer: &nn::BiLstm| layer.forward(x, None).0;
    let expected = layers.iter().fold(x.clone(), through);
    assert_close("stack", &stack.forward(x, None).0, &expected, TOLERANCE);
    let again = Vec::<nn::BiLstm>::try_from(&stack).unwrap();
    let all = |layers: &[nn::BiLstm]| layers.iter().flat_map(bits).collect::<Vec<_>>();
    assert_eq!(all(&again), all(&layers));

    let error = Lstm::try_from(&[layer(3), layer(7)][..]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("layer 1 reads 7 features but layer 0 gives 8"),
        "{error}"
    );
    let error = nn::BiLstm::try_from(&stack).unwrap_err();
    assert!(error.to_string().contains("has 3 layers"), "{error}");
}

/// A record of Burn's module becomes a network of this library, and the other way.
#[test]
fn records_go_both_ways() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gru.bpk");
    let trained = drawn(nn::GruConfig::new(3, 4, true).init(&device));
    trained.clone().into_record().save(&path).unwrap();

    let theirs = nn::GruConfig::new(3, 4, true).init(&device);
    let theirs = theirs.load_record(ModuleRecord::load(&path).unwrap());
    let ours = Gru::try_from(&theirs).unwrap();
    let path = folder.path().join("ours.bpk");
    ours.into_record().save(&path).unwrap();

    let read = GruConfig::new(3, 4).with_bias_hidden(true).init(&device);
    let read = read.load_record(ModuleRecord::load(&path).unwrap());
    let again = nn::Gru::try_from(&read).unwrap();
    assert_eq!(bits(&again), bits(&trained));
}

fn refused<T>(result: Result<T, WeightsError>, reason: &str) {
    let Err(error) = result else {
        panic!("not refused: {reason}");
    };
    let kind = matches!(
        error.kind(),
        WeightsErrorKind::CannotRead { .. }
            | WeightsErrorKind::CannotHold { .. }
            | WeightsErrorKind::Shape { .. }
    );
    assert!(kind && error.to_string().contains(reason), "{error}");
}

#[test]
fn what_one_side_has_not_is_refused_with_the_reason() {
    let device = Device::flex();
    let theirs = nn::LstmConfig::new(3, 4, true);
    refused(
        Lstm::try_from(&theirs.clone().with_reverse(true).init(&device)),
        "last step to the first",
    );
    let gelu = nn::activation::ActivationConfig::Gelu;
    refused(
        Lstm::try_from(&theirs.clone().with_gate_activation(gelu).init(&device)),
        "Gelu",
    );
    let gru = nn::GruConfig::new(3, 4, true);
    refused(
        Gru::try_from(&gru.clone().with_clip(Some(0.5)).init(&device)),
        "bounds the hidden state",
    );
    let relu = nn::activation::ActivationConfig::Relu;
    refused(
        Gru::try_from(&gru.clone().with_gate_activation(relu).init(&device)),
        "does not follow",
    );
    refused(
        SimpleRnn::try_from(
            &nn::RnnConfig::new(3, 4, true)
                .with_clip(Some(0.5))
                .init(&device),
        ),
        "bounds the hidden state",
    );

    let mut broken = gru.init(&device);
    broken.new_gate.hidden_transform = nn::LinearConfig::new(4, 5).init(&device);
    refused(Gru::try_from(&broken), "new_gate.hidden_transform.weight");
    let mut broken = theirs.init(&device);
    broken.cell_gate.input_transform.bias = None;
    refused(Lstm::try_from(&broken), "whether there is a bias");

    let ours = || LstmConfig::new(3, 4);
    let out = |config: LstmConfig| nn::Lstm::try_from(&config.init(&device));
    refused(
        out(ours().with_peephole(PeepholeKind::Diagonal)),
        "peepholes",
    );
    refused(out(ours().with_projection(2)), "projection");
    refused(out(ours().with_clip(1.0)), "clip");
    refused(
        out(ours().with_coupling(Coupling::InputFromForget)),
        "follows from the forget gate",
    );
    refused(out(ours().with_layer_norm(true)), "layer normalisation");
    refused(
        out(ours().with_gate_activation(Activation::AFFINE)),
        "Affine",
    );
    refused(out(ours().with_bidirectional(true)), "two directions");
    let summed = ours()
        .with_bidirectional(true)
        .with_merge(Merge::Sum)
        .init(&device);
    refused(nn::BiLstm::try_from(&summed), "not concatenated");
    refused(
        nn::Gru::try_from(&GruConfig::new(3, 4).with_clip(1.0).init(&device)),
        "bounds the hidden state",
    );
    refused(
        nn::Gru::try_from(&GruConfig::new(3, 4).with_batch_first(false).init(&device)),
        "time first",
    );
}
