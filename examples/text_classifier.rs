//! A trainer of one's own: a network of burn-rnn among Burn's own modules, and its training loop in plain sight.
//!
//! Does the critic like the film? The last "good" or "bad" of a review says so, and a "not" between it and the one before turns it
//! round: the order of the words matters. Reviews have 3 to 30 words; a batch is padded, and read with its lengths:
//! `cargo run --release --example text_classifier`.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::{Lengths, Lstm, LstmConfig, Pooling};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

const WORDS: [&str; 7] = ["not", "good", "bad", "the", "film", "is", "but"];

/// Numbers of words, and the class: 1 where the critic likes the film.
type Review = (Vec<usize>, usize);

/// Some words drawn at random, and what they come to: the answer that the network has to find.
fn review(rng: &mut ChaCha8Rng) -> Review {
    let mut words = vec![0; rng.random_range(3..=30)];
    words.fill_with(|| rng.random_range(0..WORDS.len()));
    let (mut class, mut negated) = (None, false);
    for &word in &words {
        match WORDS[word] {
            "not" => negated = true,
            "good" => (class, negated) = (Some(usize::from(!negated)), false),
            "bad" => (class, negated) = (Some(usize::from(negated)), false),
            _ => {}
        }
    }
    class.map_or_else(|| review(rng), |class| (words, class))
}

/// Reviews as a tensor `[batch, time]`, padded with whatever there is, here "not"; their lengths; and their classes.
fn batch(reviews: &[Review], device: &Device) -> (Tensor<2, Int>, Lengths, Tensor<1, Int>) {
    let lengths = Lengths::new(reviews.iter().map(|(words, _)| words.len()));
    let (shape, mut words) = ([reviews.len(), lengths.max()], Vec::new());
    for (review, _) in reviews {
        words.extend(review.iter().map(|&word| word as i64));
        words.resize(words.len() + lengths.max() - review.len(), 0);
    }
    let words = Tensor::from_data(TensorData::new(words, shape), device);
    let classes: Vec<i64> = reviews.iter().map(|(_, class)| *class as i64).collect();
    let classes = Tensor::from_data(classes.as_slice(), device);
    (words, lengths, classes)
}

#[derive(Module, Debug)]
struct Classifier {
    embedding: Embedding,
    lstm: Lstm,
    classes: Linear,
}

impl Classifier {
    fn forward(&self, words: Tensor<2, Int>, lengths: &Lengths) -> Tensor<2> {
        let words = self.embedding.forward(words);
        let (output, _) = self.lstm.forward_with(words, None, lengths);
        self.classes.forward(Pooling::Max.forward(output, lengths))
    }
}

fn main() {
    let (plain, mut rng) = (Device::default(), ChaCha8Rng::seed_from_u64(7));
    let device = plain.clone().autodiff();
    device.seed(7);
    let mut training: Vec<Review> = (0..4000).map(|_| review(&mut rng)).collect();
    let held_out: Vec<Review> = (0..1000).map(|_| review(&mut rng)).collect();
    let (words, lengths, classes) = batch(&held_out, &plain);

    let lstm = LstmConfig::new(16, 32).with_bidirectional(true);
    let lstm = lstm.init(&device);
    let mut model = Classifier {
        embedding: EmbeddingConfig::new(WORDS.len(), 16).init(&device),
        classes: LinearConfig::new(lstm.d_output(), 2).init(&device),
        lstm,
    };
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = AdamConfig::new().init();
    for epoch in 1..=10 {
        let mut sum = 0.0;
        training.shuffle(&mut rng);
        for reviews in training.chunks(50) {
            let (words, lengths, classes) = batch(reviews, &device);
            let loss = cross_entropy.forward(model.forward(words, &lengths), classes);
            sum += loss.clone().into_scalar::<f32>() * reviews.len() as f32;
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(5e-3, model, gradients);
        }
        let answers = model.valid().forward(words.clone(), &lengths).argmax(1);
        let right = answers.squeeze_dim::<1>(1).equal(classes.clone()).float();
        let right = 100.0 * right.mean().into_scalar::<f32>();
        let loss = sum / training.len() as f32;
        println!("epoch {epoch}: loss {loss:.4}, {right:.1} % of the held-out reviews right");
    }

    // Padding is harmless: each review alone, without any, gives what it gave in the padded batch.
    let model = model.valid();
    let alone = held_out.chunks(1).map(|review| {
        let (words, lengths, _) = batch(review, &plain);
        model.forward(words, &lengths)
    });
    let alone = Tensor::cat(alone.collect(), 0);
    let difference = |lengths: &Lengths| -> f32 {
        let together = model.forward(words.clone(), lengths);
        (together - alone.clone()).abs().max().into_scalar()
    };
    let (with, unaware) = (difference(&lengths), Lengths::new([lengths.max(); 1000]));
    println!("logits alone and in a padded batch: {with:e} apart at most");
    println!("the same without lengths: {:.2}", difference(&unaware));
    assert!(with < 1e-5, "padding changes logits");
}
