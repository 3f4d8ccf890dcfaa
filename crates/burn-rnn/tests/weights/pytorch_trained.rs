//! Models that PyTorch trained, evaluated here: the same loss. See `fixtures/make_weights_trained.py`.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use burn_rnn::Lengths;
use burn_rnn::weights::PytorchFile;

use crate::compare::values;
use crate::fixture::all;
use crate::pytorch::fixture_path;

/// Embedding, network with lengths, linear layer; and the mean loss over what is within the lengths.
fn check(name: &str, head: &str) {
    let device = Device::flex();
    let file = PytorchFile::open(fixture_path(&format!("trained/{name}.pt"))).unwrap();
    let answers = all("weights/pytorch/trained").remove(0);
    let of = |what: &str| format!("{name}.{what}");
    let whole = |what: &str| -> Vec<usize> {
        let numbers = answers.tensor::<1>(&of(what), &device);
        values(&numbers)
            .iter()
            .map(|&number| number as usize)
            .collect()
    };
    let matrix = |what: &str| answers.tensor::<2>(&of(what), &device);
    let lengths = whole("lengths");

    let x = (file.embedding("embedding", &device).unwrap()).forward(matrix("inputs").int());
    let mut network = file.import(Default::default(), &device).unwrap().networks;
    assert_eq!(network.len(), 1);
    let output = (network.remove(0).network).forward(x, Lengths::new(lengths.clone()));
    let logits: Tensor<3> = file.linear(head, &device).unwrap().forward(output);

    let [_, time, classes] = logits.dims();
    let likelihoods = values(&log_softmax(logits, 2));
    let targets = values(&matrix("targets"));
    let mut sum = 0.0;
    for (row, &length) in lengths.iter().enumerate() {
        for place in row * time..row * time + length {
            sum -= f64::from(likelihoods[place * classes + targets[place] as usize]);
        }
    }
    let loss = sum / lengths.iter().sum::<usize>() as f64;
    let expected = f64::from(values(&answers.tensor::<1>(&of("loss"), &device))[0]);
    println!("{name}: {loss:.7}, in PyTorch {expected:.7}");
    assert!((loss - expected).abs() < 1e-5, "{name}: {loss}, {expected}");
}

#[test]
fn a_bidirectional_tagger_has_the_loss_that_pytorch_has() {
    check("tagger", "head");
}

#[test]
fn a_gru_language_model_has_the_loss_that_pytorch_has() {
    check("language_model", "decoder");
}
