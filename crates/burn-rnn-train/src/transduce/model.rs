//! The network: encoder, decoder, and attention between them.

use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Int, Tensor, TensorData};
use burn_rnn::{Attention, AttentionMemory, Head, State};

use super::{Encoder, SequenceBatch, TransduceBatch};
use crate::learn::{Learnable, Lesson, Moment, NoState};
use crate::{Network, NetworkState};

/// The encoder–decoder network (Sutskever et al. 2014, Cho et al. 2014) with attention behind the
/// decoder's recurrent network, as Luong et al. (2015) have it:
///
/// ```text
/// k_1 … k_n, s = encoder(x_1 … x_n)
/// h_0 = tanh(B s + b)                    all layers, cells too
/// h_i = network(embedding(y_{i-1}), h_{i-1})
/// c_i = Σ_j α_ij k_j                     see Attention
/// a_i = tanh(W [c_i, h_i] + w)
/// p(y_i | y_1 … y_{i-1}, x) = softmax(V a_i + v)
/// ```
///
/// No `h_i` depends on a `c_i`, so all steps whose symbols are known run at once. Without attention
/// `a_i = h_i`.
#[derive(Module, Debug)]
pub struct Seq2Seq {
    /// Reads the input.
    pub encoder: Encoder,
    /// From the encoder's summary to the decoder's first state, all its tensors beside each other.
    pub bridge: Linear,
    /// Of the symbols that the decoder reads, `[symbols, d_embedding]`.
    pub embedding: Embedding,
    /// The decoder's recurrent network.
    pub network: Network,
    /// From the decoder's states to the encoder's outputs.
    pub attention: Option<Attention>,
    /// `W` and `w`, where there is attention.
    pub mix: Option<Linear>,
    /// `V` and `v`.
    pub head: Head,
}

/// An input that has been read.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The decoder's state before its first step.
    pub state: NetworkState,
    /// What attention reads from, where there is attention.
    pub memory: Option<AttentionMemory>,
}

impl Seq2Seq {
    /// Reads the inputs.
    pub fn encode(&self, inputs: &SequenceBatch) -> Encoded {
        let (outputs, summary) = self.encoder.read(inputs);
        let memory = self.attention.as_ref();
        let memory = memory.map(|attention| attention.memory(outputs, &inputs.lengths));
        let [batch, _] = summary.dims();
        let carried = self.bridge.forward(summary).tanh();
        let mut start = 0;
        let state = self.network.zero_state(batch).map(&mut |zeros| {
            let [_, features] = zeros.dims();
            start += features;
            carried.clone().narrow(1, start - features, features)
        });
        Encoded { state, memory }
    }

    /// From symbols `[batch, time]` that the decoder reads to the logits of the symbol after each,
    /// `[batch, time, symbols]`, the weights of attention `[batch, time, input time]`, and the state after
    /// the last.
    pub fn decode(
        &self,
        symbols: Tensor<2, Int>,
        state: NetworkState,
        memory: Option<&AttentionMemory>,
    ) -> (Tensor<3>, Option<Tensor<3>>, NetworkState) {
        let embedded = self.embedding.forward(symbols);
        let (hidden, state) = self.network.forward(embedded, Some(state));
        let (Some(attention), Some(mix), Some(memory)) = (&self.attention, &self.mix, memory)
        else {
            return (self.head.logits(hidden), None, state);
        };
        let (context, weights) = attention.read(hidden.clone(), memory);
        let mixed = mix.forward(Tensor::cat(vec![context, hidden], 2)).tanh();
        (self.head.logits(mixed), Some(weights), state)
    }

    /// The mean negative log-likelihood of the wanted symbols in nats, each given all before it.
    pub fn surprise(&self, batch: &TransduceBatch) -> Tensor<1> {
        let encoded = self.encode(&batch.inputs);
        let (logits, ..) =
            self.decode(batch.before.clone(), encoded.state, encoded.memory.as_ref());
        loss(logits, batch)
    }

    /// The same where the decoder reads its own likeliest symbol wherever `wanted` (`[batch, time]` in
    /// row-major order) is false; step by step, because that symbol has to be known first.
    pub(super) fn sampled_surprise(&self, batch: &TransduceBatch, wanted: Vec<bool>) -> Tensor<1> {
        let [rows, time] = batch.before.dims();
        let own: Vec<bool> = wanted.iter().map(|wanted| !wanted).collect();
        let own = Tensor::<2, Bool>::from_data(
            TensorData::new(own, [rows, time]),
            &batch.before.device(),
        );
        let Encoded { mut state, memory } = self.encode(&batch.inputs);
        let mut likeliest: Option<Tensor<2, Int>> = None;
        let mut steps = Vec::with_capacity(time);
        for step in 0..time {
            let before = batch.before.clone().narrow(1, step, 1);
            let read = match likeliest {
                // Nothing is before the first symbol but the begin.
                None => before,
                Some(likeliest) => before.mask_where(own.clone().narrow(1, step, 1), likeliest),
            };
            let (logits, _, next) = self.decode(read, state, memory.as_ref());
            likeliest = Some(logits.clone().argmax(2).squeeze_dim(2));
            state = next;
            steps.push(logits);
        }
        loss(Tensor::cat(steps, 1), batch)
    }
}

/// The mean over the wanted symbols.
fn loss(logits: Tensor<3>, batch: &TransduceBatch) -> Tensor<1> {
    let wanted = batch.wanted.clone().unsqueeze_dim::<3>(2);
    let likelihood = log_softmax(logits, 2).gather(2, wanted).squeeze_dim::<2>(2);
    (likelihood * batch.mask.clone()).sum().neg() / batch.targets as f64
}

impl Learnable for Seq2Seq {
    type Batch = TransduceBatch;
    type State = NoState;

    fn lesson(&self, batch: TransduceBatch, _: Option<NoState>, moment: &Moment) -> Lesson {
        let [rows, time] = batch.before.dims();
        let loss = match batch.forcing.draw(rows * time, moment) {
            None => self.surprise(&batch),
            Some(wanted) => self.sampled_surprise(&batch, wanted),
        };
        Lesson::new(loss, batch.targets)
    }
}
