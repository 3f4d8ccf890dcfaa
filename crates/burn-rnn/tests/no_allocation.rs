//! A step of a stream on plain floats allocates nothing, with a head behind it and rows that begin anew: counted by an allocator of this program's own.

use burn::tensor::Device;
use burn_rnn::{
    Cell, CoupledLstmConfig, GruConfig, HeadActivation, HeadConfig, LstmConfig, PeepholeKind,
    PeepholeLstmConfig, Recurrent, Reset, SimpleRnnConfig,
};

const D_INPUT: usize = 7;

#[test]
fn a_step_allocates_nothing() {
    let device = Device::flex();
    // On one thread and, with 512 units, on several.
    for (batch, d_hidden) in [(1, 24), (1, 512), (5, 40)] {
        let lstm = LstmConfig::new(D_INPUT, d_hidden);
        let peephole = PeepholeLstmConfig::new(D_INPUT, d_hidden);
        let gru = GruConfig::new(D_INPUT, d_hidden);
        count(
            &SimpleRnnConfig::new(D_INPUT, d_hidden).init(&device),
            batch,
        );
        count(&lstm.clone().with_layers(2).init(&device), batch);
        count(&lstm.with_full_gate_recurrence(true).init(&device), batch);
        count(&peephole.init(&device), batch);
        count(
            &peephole.with_peephole(PeepholeKind::Full).init(&device),
            batch,
        );
        count(
            &CoupledLstmConfig::new(D_INPUT, d_hidden).init(&device),
            batch,
        );
        count(&gru.init(&device), batch);
        count(&gru.with_reset(Reset::BeforeProduct).init(&device), batch);
    }
}

fn count<C: Cell>(network: &Recurrent<C>, batch: usize) {
    let mut stream = network.stream(batch);
    let mut heads = [HeadActivation::Identity, HeadActivation::Softmax].map(|activation| {
        let head = HeadConfig::new(network.d_output(), 11).with_activation(activation);
        head.init(&Device::flex()).floats(batch)
    });
    let x = vec![0.5; batch * D_INPUT];
    let mut step = || {
        let hidden = stream.step_floats(&x);
        for head in &mut heads {
            head.forward(hidden);
        }
        stream.reset_rows(&[batch - 1])
    };
    // The first steps take memory that the thread keeps.
    for _ in 0..3 {
        step().unwrap();
    }
    let counted = allocation_counter::measure(|| {
        for _ in 0..5 {
            step().unwrap();
        }
    });
    assert_eq!(counted.count_total, 0, "{network}, batch {batch}");
}
