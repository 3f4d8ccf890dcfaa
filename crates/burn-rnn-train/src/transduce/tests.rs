//! What the parts have to do together.

use burn::data::dataloader::batcher::Batcher;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn_rnn_data::{PairKind, Symbols, generate_pairs, shuffled};

use super::{
    AttentionName, Beam, Forcing, Pairing, Seq2Seq, SequenceBatch, TransduceBatch,
    TransduceSettings, TransduceSource, beam_search, greedy,
};
use crate::drawn::drawn;
use crate::learn::alone;
use crate::learn::{Learnable, Moment};
use crate::{Architecture, Direction, NetworkConfig};

const PAIRS: usize = 320;

fn settings(
    architecture: Architecture,
    attention: AttentionName,
    direction: Direction,
) -> TransduceSettings {
    let source = TransduceSource::Generated {
        kind: PairKind::Dates,
        examples: PAIRS,
    };
    TransduceSettings {
        source,
        inputs: Symbols::from_texts(["abcdef"]),
        outputs: Symbols::from_texts(["xyz"]),
        d_embedding: 4,
        network: NetworkConfig {
            layers: 2,
            ..NetworkConfig::new(architecture, 0, 6)
        },
        direction,
        attention,
        forcing: Forcing::default(),
        beam: Beam {
            width: 1,
            length_power: 1.0,
        },
        limit: 12,
        example: None,
    }
}

fn batch(pairs: &[(Vec<u32>, Vec<u32>)], device: &Device) -> TransduceBatch {
    let pairing = Pairing {
        forcing: Forcing::default(),
    };
    pairing.batch(pairs.to_vec(), device)
}

fn number(loss: Tensor<1>) -> f64 {
    loss.into_scalar::<f64>()
}

/// Sequences of other lengths beside one change nothing of it, whatever the network.
#[test]
fn padding_changes_nothing() {
    let _alone = alone();
    let device = Device::default();
    let pairs = [
        (vec![3, 4, 5, 6, 7, 2], vec![3, 4, 2]),
        (vec![8, 2], vec![5, 2]),
        (vec![4, 4, 2], vec![5, 3, 4, 3, 2]),
    ];
    for (architecture, attention, direction) in [
        (Architecture::Gru, AttentionName::General, Direction::Both),
        (Architecture::Lstm, AttentionName::Additive, Direction::Both),
        (
            Architecture::Simple,
            AttentionName::Dot,
            Direction::Backward,
        ),
        (Architecture::Peephole, AttentionName::None, Direction::Both),
        (
            Architecture::Coupled,
            AttentionName::None,
            Direction::Forward,
        ),
    ] {
        let settings = settings(architecture, attention, direction);
        let model = drawn(settings.init(&device).unwrap(), 1.0);
        let apart: f64 = pairs
            .iter()
            .map(|pair| {
                let targets = pair.1.len() as f64;
                number(model.surprise(&batch(core::slice::from_ref(pair), &device))) * targets
            })
            .sum();
        let together = number(model.surprise(&batch(&pairs, &device)));
        assert!(
            (together - apart / 10.0).abs() < 1e-5,
            "{architecture:?}, {attention:?}"
        );
        let long: Vec<&[u32]> = pairs.iter().map(|(input, _)| input.as_slice()).collect();
        let answers = greedy(&model, &SequenceBatch::new(&long, &device), 8);
        for (input, answer) in long.iter().zip(answers) {
            let alone = greedy(&model, &SequenceBatch::new(&[input], &device), 8).remove(0);
            assert_eq!(
                alone.symbols, answer.symbols,
                "{architecture:?}, {attention:?}"
            );
        }
    }
}

/// Step by step is the same as all at once; and where the decoder reads its own symbols, these are those
/// that greedy search finds.
#[test]
fn sampling_reads_the_symbols_that_it_says() {
    let _alone = alone();
    let device = Device::default();
    let settings = settings(Architecture::Lstm, AttentionName::Additive, Direction::Both);
    let model = drawn(settings.init(&device).unwrap(), 1.0);
    let pairs = [
        (vec![3, 4, 2], vec![3, 4, 5, 4, 2]),
        (vec![8, 2], vec![5, 2]),
    ];
    let batch = batch(&pairs, &device);
    let forced = number(model.surprise(&batch));
    let stepped = number(model.sampled_surprise(&batch, vec![true; 10]));
    assert!((forced - stepped).abs() < 1e-5, "{forced}, {stepped}");

    let mut own = batch.clone();
    let mut rows: Vec<Vec<i32>> = vec![vec![Symbols::BEGIN as i32]; 2];
    for step in 0..4 {
        own.before = Tensor::from_data(
            [0, 1].map(|row| {
                let mut symbols = [0; 5];
                symbols[..=step].copy_from_slice(&rows[row]);
                symbols
            }),
            &device,
        );
        let encoded = model.encode(&own.inputs);
        let (logits, ..) = model.decode(own.before.clone(), encoded.state, encoded.memory.as_ref());
        let likeliest: Vec<i32> = logits
            .narrow(1, step, 1)
            .argmax(2)
            .into_data_as::<i32>()
            .try_into_vec()
            .unwrap();
        for (row, symbol) in rows.iter_mut().zip(likeliest) {
            row.push(symbol);
        }
    }
    own.before = Tensor::from_data(
        [0, 1].map(|row| <[i32; 5]>::try_from(rows[row].as_slice()).unwrap()),
        &device,
    );
    let read = number(model.surprise(&own));
    let sampled = number(model.sampled_surprise(&batch, vec![false; 10]));
    assert!((read - sampled).abs() < 1e-5, "{read}, {sampled}");
    assert!((read - forced).abs() > 1e-4, "both read the same symbols");
}

/// A small model after some passes over few dates: it knows something, and is not sure.
fn trained(device: &Device) -> (TransduceSettings, Seq2Seq, Vec<Vec<u32>>) {
    let pairs = generate_pairs(PairKind::Dates, PAIRS, 1).unwrap();
    let mut settings = settings(Architecture::Gru, AttentionName::General, Direction::Both);
    settings.inputs = Symbols::from_texts(pairs.iter().map(|pair| pair.input.as_str()));
    settings.outputs = Symbols::from_texts(pairs.iter().map(|pair| pair.output.as_str()));
    settings.network.layers = 1;
    settings.network.d_hidden = 24;
    let training = device.clone().autodiff();
    let model = settings.init(&training).unwrap();
    let mut model = drawn(model, 0.3);
    let mut optimizer = AdamConfig::new().init();
    let inputs = |input: &str| settings.inputs.encode(input).unwrap();
    let encoded: Vec<_> = pairs
        .train
        .iter()
        .map(|pair| {
            (
                inputs(&pair.input),
                settings.outputs.encode(&pair.output).unwrap(),
            )
        })
        .collect();
    let moment = Moment {
        step: 0,
        steps: 1,
        seed: 1,
    };
    for pass in 0..10 {
        for picks in shuffled(encoded.len(), 32, pass) {
            let picked: Vec<_> = picks.iter().map(|&index| encoded[index].clone()).collect();
            let lesson = model.lesson(batch(&picked, &training), None, &moment);
            let gradients = GradientsParams::from_grads(lesson.loss.backward(), &model);
            model = optimizer.step(0.01, model, gradients);
        }
    }
    let test = pairs.test.iter().map(|pair| inputs(&pair.input)).collect();
    let model = model.valid();
    (settings, model, test)
}

#[test]
fn a_beam_of_one_is_greedy_and_a_wider_one_finds_nothing_worse() {
    let _alone = alone();
    let device = Device::default();
    let (settings, model, inputs) = trained(&device);
    let mut better = 0;
    for input in &inputs {
        let input = SequenceBatch::new(&[input], &device);
        let beam = |width| Beam {
            width,
            length_power: 1.0,
        };
        let greedy = greedy(&model, &input, settings.limit).remove(0);
        let narrow = beam_search(&model, &input, beam(1), settings.limit);
        assert_eq!(narrow.symbols, greedy.symbols);
        let wide = beam_search(&model, &input, beam(6), settings.limit);
        let (wide, greedy) = (wide.score(beam(6)), greedy.score(beam(6)));
        assert!(wide >= greedy - 1e-6, "{wide}, {greedy}");
        better += usize::from(wide > greedy + 1e-6);
    }
    assert!(
        better > 0,
        "the model is too sure for the test to tell anything"
    );
}
