//! A loop of one's own over several processes, on one machine or many: each learns from its part of every batch, and one line
//! between `backward` and the optimizer averages the gradients. An LSTM learns to add up numbers.
//! `cargo build --release --example many_machines --features mpi`, then `mpirun -n 2 target/release/examples/many_machines`.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::{Lstm, LstmConfig};
use burn_rnn_ranks::{Part, average, share_weights, start};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The rows of a batch, over all ranks.
const BATCH: usize = 64;
const TIME: usize = 10;

/// The mean squared error over rows of random numbers, known by the rows' numbers, against a tenth of their sums.
fn loss(model: &Lstm, rows: impl Iterator<Item = usize>, device: &Device) -> Tensor<1> {
    let row = |row: usize| {
        let mut rng = StdRng::seed_from_u64(row as u64);
        core::array::from_fn::<f32, TIME, _>(|_| rng.random_range(0.0..1.0))
    };
    let numbers: Vec<f32> = rows.flat_map(row).collect();
    let shape = [numbers.len() / TIME, TIME, 1];
    let input = Tensor::<3>::from_data(TensorData::new(numbers, shape), device);
    let sums = input.clone().sum_dim(1) / 10.0;
    let (output, _) = model.forward(input, None);
    let last = output.narrow(1, TIME - 1, 1);
    (last.mean_dim(2) - sums).square().mean()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ranks = start()?;
    let device = Device::default().autodiff();
    let mut model = share_weights(LstmConfig::new(1, 32).init(&device), &*ranks)?;
    let mut optimizer = AdamConfig::new().init();
    for step in 0..300 {
        // The rows of this rank, which makes no others.
        let mine = Part::of(&*ranks).stretch(BATCH);
        let weight = mine.len() as f64;
        let loss = loss(&model, mine.map(|row| step * BATCH + row), &device);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let gradients = average(gradients, &model, weight, &*ranks)?;
        model = optimizer.step(0.005, model, gradients);
    }
    if ranks.rank() == 0 {
        let error = loss(&model.valid(), 1 << 30..(1 << 30) + 500, &device.inner());
        let error = error.into_scalar::<f64>();
        println!("{} ranks: mean squared error {error:.5}", ranks.size());
    }
    Ok(())
}
