//! A step of a stream allocates nothing: counted by an allocator of this program's own.

use burn_rnn_kernels::{
    Activation, CellSpec, GateSource, GruSpec, Level, LstmSpec, Operands, Owners, Peephole, Sizes,
    Steps,
};

#[test]
fn a_step_allocates_nothing() {
    let lstm = LstmSpec {
        input: GateSource::Own,
        forget: GateSource::Own,
        output: true,
        input_activation: true,
        output_activation: true,
        peephole: Peephole::None,
        gate_recurrence: false,
    };
    let cells = [
        CellSpec::Simple(Activation::Tanh),
        CellSpec::Lstm(lstm),
        CellSpec::Lstm(LstmSpec {
            peephole: Peephole::Diagonal,
            ..lstm
        }),
        CellSpec::Lstm(LstmSpec {
            peephole: Peephole::Full,
            ..lstm
        }),
        CellSpec::Lstm(LstmSpec {
            gate_recurrence: true,
            ..lstm
        }),
        CellSpec::Gru(GruSpec { reset_after: true }),
        CellSpec::Gru(GruSpec { reset_after: false }),
    ];
    for spec in cells {
        // On one thread and, with 512 units, on several.
        for (batch, d_hidden) in [(1, 24), (1, 512), (5, 40)] {
            let mut steps = steps(spec, batch, d_hidden);
            let x = vec![0.5; batch * D_INPUT];
            // The first steps take memory that the thread keeps.
            for _ in 0..3 {
                steps.step(&x);
            }
            let counted = allocation_counter::measure(|| {
                for _ in 0..5 {
                    steps.step(&x);
                }
            });
            assert_eq!(
                counted.count_total, 0,
                "{spec:?}, batch {batch}, {d_hidden} units"
            );
        }
    }
}

const D_INPUT: usize = 7;

fn steps(spec: CellSpec, batch: usize, d_hidden: usize) -> Steps {
    let sizes = Sizes {
        batch,
        time: 1,
        d_input: D_INPUT,
        d_hidden,
    };
    let columns = spec.gates() * d_hidden;
    let extra = match spec {
        CellSpec::Lstm(lstm) => match lstm.peephole {
            Peephole::None => 0,
            Peephole::Diagonal => 3 * d_hidden,
            Peephole::Full => 3 * d_hidden * d_hidden,
        },
        CellSpec::Simple(_) | CellSpec::Gru(_) => 0,
    };
    let floats = |len: usize| vec![0.1; len];
    let extra = (extra > 0).then(|| floats(extra));
    let cell = spec.has_cell_state().then(|| floats(batch * d_hidden));
    let carried = spec.carried_gates() * d_hidden;
    let w_gates = (carried > 0).then(|| floats(carried * carried));
    let operands = Operands {
        x: &floats(batch * D_INPUT),
        hidden: &floats(batch * d_hidden),
        cell: cell.as_deref(),
        gates: None,
        w_input: &floats(D_INPUT * columns),
        w_hidden: &floats(d_hidden * columns),
        bias: Some(&floats(columns)),
        extra: extra.as_deref(),
        w_gates: w_gates.as_deref(),
        owners: Owners::default(),
    };
    Steps::new(Level::chosen(), &spec, sizes, &operands)
}
