//! A device's seed makes fresh parameters come again; in a program of its own, because all tests of one draw from the same numbers.

use burn::tensor::Device;
use burn_rnn::{Cell, CellOptions, GruConfig, LstmConfig, RecurrentConfig, SlstmConfig};

#[test]
fn the_same_seed_gives_the_same_parameters() {
    check(&LstmConfig::new(3, 70).with_layers(2));
    check(&GruConfig::new(3, 5).with_bidirectional(true));
    check(&SlstmConfig::new(3, 8));
}

fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
    let device = Device::flex();
    let outputs = |seed| {
        device.seed(seed);
        let network = config.init(&device);
        let ones = burn::tensor::Tensor::ones([1, 2, 3], &device);
        let (output, _) = network.forward(ones, None);
        let name = network.cells().next().map(Cell::name);
        (name, output.into_data().try_into_vec::<f32>().unwrap())
    };
    assert_eq!(outputs(5), outputs(5));
    assert_ne!(outputs(5), outputs(6));
}
