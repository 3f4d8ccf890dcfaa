//! Settings of the simple cell, LSTM and GRU, drawn.

use burn_rnn::{Activation, Coupling, GruOptions, LstmOptions, PeepholeKind, Reset, SimpleOptions};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum AnyOptions {
    Simple(SimpleOptions),
    Lstm(LstmOptions),
    Gru(GruOptions),
}

impl AnyOptions {
    pub fn has_two_biases(&self) -> bool {
        match self {
            Self::Simple(options) => options.bias_hidden,
            Self::Lstm(options) => options.bias_hidden,
            Self::Gru(options) => options.bias_hidden,
        }
    }

    pub fn is_normalized(&self) -> bool {
        match self {
            Self::Simple(_) => false,
            Self::Lstm(options) => options.layer_norm,
            Self::Gru(options) => options.layer_norm,
        }
    }
}

fn lstm_options() -> impl Strategy<Value = LstmOptions> {
    let coupling = prop_oneof![
        3 => Just(Coupling::None),
        1 => Just(Coupling::InputFromForget),
        1 => Just(Coupling::ForgetFromInput),
    ];
    let gate = || prop::bool::weighted(0.75);
    let kinds = [
        PeepholeKind::None,
        PeepholeKind::Diagonal,
        PeepholeKind::Full,
    ];
    let gates = (gate(), gate(), gate(), gate(), gate());
    let more = (
        prop::sample::select(kinds.to_vec()),
        any::<bool>(),
        prop::option::weighted(0.3, 1..40usize),
        any::<bool>(),
    );
    (
        gates,
        coupling,
        more,
        functions(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(gates, coupling, more, functions, layer_norm)| {
            let (peephole, full_gate_recurrence, projection, bias_hidden) = more;
            let mut options = LstmOptions {
                projection,
                bias_hidden,
                layer_norm,
                ..LstmOptions::default()
            };
            if layer_norm {
                return options;
            }
            let coupled = coupling != Coupling::None;
            options.coupling = coupling;
            options.input_gate = gates.0 || coupled;
            options.forget_gate = gates.1 || coupled;
            options.output_gate = gates.2;
            options.input_activation = gates.3;
            options.output_activation = gates.4;
            if let Some((gate, candidate, clip)) = functions
                && peephole != PeepholeKind::Full
            {
                options.gate_activation = gate;
                options.candidate_activation = candidate;
                options.input_activation = true;
                options.clip = clip;
                options.cell_clip = clip.map(|limit| 2.0 * limit);
            }
            if !options.sigmoid_gates().is_empty() {
                options.peephole = peephole;
                options.full_gate_recurrence = full_gate_recurrence;
            }
            options
        })
}

/// Of gates and candidate, with a clip: none where they are the usual ones. Smooth ones: at a kink rounding decides on the slope.
fn functions() -> impl Strategy<Value = Option<(Activation, Activation, Option<f32>)>> {
    let smooth = || {
        prop::sample::select(vec![
            Activation::Softplus,
            Activation::Softsign,
            Activation::AFFINE,
            Activation::Sigmoid,
            Activation::ELU,
            Activation::ScaledTanh {
                alpha: 1.5,
                beta: 0.5,
            },
        ])
    };
    let clip = prop::option::of(0.3..2.0_f32);
    prop::option::weighted(0.3, (smooth(), smooth(), clip))
}

/// Any of them.
pub fn cells() -> impl Strategy<Value = AnyOptions> {
    let activation = prop::sample::select(vec![
        Activation::Tanh,
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Identity,
        Activation::Softsign,
    ]);
    let clip = prop::option::weighted(0.2, 0.3..2.0_f32);
    let simple = (activation, clip, any::<bool>()).prop_map(|(activation, clip, bias_hidden)| {
        AnyOptions::Simple(SimpleOptions {
            activation,
            clip,
            bias_hidden,
        })
    });
    let reset = prop::sample::select(vec![Reset::AfterProduct, Reset::BeforeProduct]);
    let gru = (reset, functions(), any::<bool>(), prop::bool::weighted(0.2));
    let gru = gru.prop_map(|(reset, functions, bias_hidden, layer_norm)| {
        let mut options = GruOptions {
            bias_hidden,
            layer_norm,
            ..GruOptions::default()
        };
        if !layer_norm {
            options.reset = reset;
            if let Some((gate, candidate, clip)) = functions {
                options.gate_activation = gate;
                options.candidate_activation = candidate;
                options.clip = clip;
            }
        }
        AnyOptions::Gru(options)
    });
    prop_oneof![
        1 => simple,
        3 => lstm_options().prop_map(AnyOptions::Lstm),
        1 => gru,
    ]
}
