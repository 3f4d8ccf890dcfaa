//! Attention: reading from a sequence what a query asks for.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Int, Tensor, activation};

use crate::AttentionPadding;
use crate::layer::check_type;
use crate::project::project;

/// Attention of queries `q_i` (a decoder's hidden states) over keys `k_j` (an encoder's outputs):
///
/// ```text
/// e_ij = score(q_i, k_j)
/// α_ij = exp(e_ij) / Σ_j exp(e_ij)
/// c_i  = Σ_j α_ij k_j
/// ```
///
/// with one of three scores, see [`AttentionScore`](crate::AttentionScore). Made by [`AttentionConfig`](crate::AttentionConfig).
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_rnn::{AttentionConfig, AttentionScore};
///
/// let device = Device::default();
/// let attention = AttentionConfig::new(64, 128, AttentionScore::Additive).init(&device);
/// let queries = Tensor::random([4, 10, 64], Distribution::Default, &device); // decoder
/// let keys = Tensor::random([4, 25, 128], Distribution::Default, &device); // encoder
/// let (context, weights) = attention.forward(queries, keys, None);
/// assert_eq!(context.dims(), [4, 10, 128]);
/// assert_eq!(weights.dims(), [4, 10, 25]);
/// ```
#[derive(Module, Debug)]
pub struct Attention {
    /// `W` of the additive score, `[d_query, d_attention]`, without a bias.
    pub query: Option<Linear>,
    /// `U` and `b` of the additive score, `[d_key, d_attention]`; `W` of the general one,
    /// `[d_key, d_query]`, without a bias.
    pub key: Option<Linear>,
    /// `v` of the additive score, `[d_attention]`.
    pub v: Option<Param<Tensor<1>>>,
}

/// Keys made ready to be read from as often as wanted; made by [`Attention::memory`].
#[derive(Clone, Debug)]
pub struct AttentionMemory {
    keys: Tensor<3>,
    projected: Tensor<3>,
    padding: Option<Tensor<2, Bool>>,
    /// The sequences without a key, `[batch]`.
    empty: Option<Tensor<1, Bool>>,
}

impl AttentionMemory {
    /// The memories of the sequences of these numbers, each of which may come several times.
    ///
    /// # Panics
    ///
    /// Where a number is not below the batch size.
    #[must_use]
    pub fn select_batch(self, sequences: Tensor<1, Int>) -> Self {
        Self {
            keys: self.keys.select(0, sequences.clone()),
            projected: self.projected.select(0, sequences.clone()),
            empty: self.empty.map(|empty| empty.select(0, sequences.clone())),
            padding: self.padding.map(|padding| padding.select(0, sequences)),
        }
    }
}

impl Attention {
    /// All queries over all keys: `[batch, queries, d_query]` and `[batch, keys, d_key]` to the contexts
    /// `[batch, queries, d_key]` and the weights `[batch, queries, keys]`. `padding` says which keys are filler: the
    /// [`Lengths`](crate::Lengths) of the sequences of keys, or a mask, see [`AttentionPadding`]; `None` is none. The weight of filler
    /// is 0, and it reaches neither contexts nor gradients, even where it is no number. A sequence of filler alone has contexts of
    /// zeros.
    ///
    /// # Panics
    ///
    /// Where the shapes or types do not fit, or there are no keys; the message shows both. No sequences or queries have no contexts.
    pub fn forward(
        &self,
        queries: Tensor<3>,
        keys: Tensor<3>,
        padding: impl Into<AttentionPadding>,
    ) -> (Tensor<3>, Tensor<3>) {
        self.read(queries, &self.memory(keys, padding))
    }

    /// Does what depends on the keys alone, once for all steps of a decoder; `padding` as in [`forward`](Attention::forward).
    ///
    /// # Panics
    ///
    /// Where the shapes or types do not fit, or there are no keys; the message shows both. No sequences or queries have no contexts.
    pub fn memory(&self, keys: Tensor<3>, padding: impl Into<AttentionPadding>) -> AttentionMemory {
        let dims = keys.dims();
        assert!(
            dims[1] > 0,
            "Attention: the keys have shape {dims:?}, expected [batch, keys ≥ 1, d_key]; there is nothing to read from no keys"
        );
        let padding = padding.into().mask(dims, &keys.device());
        // A weight of 0 times no number is no number.
        let keys = match &padding {
            Some(padding) => {
                let padding = padding.clone().unsqueeze_dim::<3>(2);
                let padding = padding.expand(dims);
                keys.mask_fill(padding, 0.0)
            }
            None => keys,
        };
        let empty = padding
            .clone()
            .map(|padding| padding.all_dim(1).squeeze_dim(1));
        let projected = match &self.key {
            Some(key) => project("Attention", "the tensor of keys", key, keys.clone()),
            None => keys.clone(),
        };
        AttentionMemory {
            keys,
            projected,
            padding,
            empty,
        }
    }

    /// Contexts and weights of some queries, as [`forward`](Attention::forward).
    ///
    /// # Panics
    ///
    /// Where the shapes or types do not fit, or there are no keys; the message shows both. No sequences or queries have no contexts.
    pub fn read(&self, queries: Tensor<3>, memory: &AttentionMemory) -> (Tensor<3>, Tensor<3>) {
        let (given, keys) = (queries.dims(), memory.keys.dims());
        let d_query = match &self.query {
            Some(query) => query.weight.lazy_shape()[0],
            None => memory.projected.dims()[2],
        };
        assert!(
            given[0] == keys[0] && given[2] == d_query,
            "Attention: the queries have shape {given:?}, expected [batch = {}, queries, d_query = {d_query}] for keys of shape {keys:?}",
            keys[0]
        );
        check_type(
            || "Attention",
            "the tensor of queries",
            queries.dtype(),
            memory.projected.dtype(),
        );
        let [batch, count, _] = given;
        if batch == 0 || count == 0 {
            // Products of empty matrices crash in Flex (burn-flex 0.22).
            let options = (&queries.device(), queries.dtype());
            let contexts = Tensor::zeros([batch, count, keys[2]], options);
            return (contexts, Tensor::zeros([batch, count, keys[1]], options));
        }
        let mut scores = self.scores(queries, memory.projected.clone());
        let padding = memory.padding.as_ref().map(|padding| {
            let padding = padding.clone().unsqueeze_dim::<3>(1);
            padding.expand(scores.dims())
        });
        if let (Some(padding), Some(empty)) = (&padding, &memory.empty) {
            scores = scores.mask_fill(padding.clone(), f32::NEG_INFINITY);
            // A softmax of infinities alone is no number: these weights are made zero below.
            let empty = empty.clone().reshape([-1, 1, 1]).expand(scores.dims());
            scores = scores.mask_fill(empty, 0.0);
        }
        let mut weights = activation::softmax(scores, 2);
        if let Some(padding) = padding {
            weights = weights.mask_fill(padding, 0.0);
        }
        (weights.clone().matmul(memory.keys.clone()), weights)
    }

    /// `e_ij`: `[batch, queries, keys]`.
    fn scores(&self, queries: Tensor<3>, projected: Tensor<3>) -> Tensor<3> {
        let Some(v) = &self.v else {
            return queries.matmul(projected.swap_dims(1, 2));
        };
        let queries = match &self.query {
            Some(query) => project("Attention", "the tensor of queries", query, queries),
            None => queries,
        };
        // [batch, queries, 1, units] + [batch, 1, keys, units]
        let sum = queries.unsqueeze_dim::<4>(2) + projected.unsqueeze_dim::<4>(1);
        let [batch, queries, keys, units] = sum.dims();
        let hidden = activation::tanh(sum).reshape([batch, queries * keys, units]);
        let v = v.val().reshape([1, units, 1]).expand([batch, units, 1]);
        hidden.matmul(v).reshape([batch, queries, keys])
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::{AttentionConfig, AttentionScore, ConfigError};

    const SCORES: [AttentionScore; 3] = [
        AttentionScore::Dot,
        AttentionScore::General,
        AttentionScore::Additive,
    ];
    const D: usize = 3;

    fn numbers<const R: usize>(tensor: Tensor<R>) -> Vec<f32> {
        tensor.into_data_as::<f32>().try_into_vec().unwrap()
    }

    fn random(shape: [usize; 3], device: &Device) -> Tensor<3> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
    }

    /// The definition of a score, number by number.
    fn score(attention: &Attention, score: AttentionScore, query: &[f32], key: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let times = |linear: &Linear, x: &[f32]| -> Vec<f32> {
            let [_, width] = linear.weight.dims();
            let weight = numbers(linear.weight.val());
            let bias = linear.bias.as_ref().map(|bias| numbers(bias.val()));
            let sum = |to| {
                (0..x.len())
                    .map(|from| x[from] * weight[from * width + to])
                    .sum::<f32>()
            };
            (0..width)
                .map(|to| sum(to) + bias.as_ref().map_or(0.0, |bias| bias[to]))
                .collect()
        };
        match score {
            AttentionScore::Dot => dot(query, key),
            AttentionScore::General => dot(query, &times(attention.key.as_ref().unwrap(), key)),
            AttentionScore::Additive => {
                let query = times(attention.query.as_ref().unwrap(), query);
                let key = times(attention.key.as_ref().unwrap(), key);
                let hidden: Vec<f32> = query
                    .iter()
                    .zip(&key)
                    .map(|(q, k)| (q + k).tanh())
                    .collect();
                dot(&hidden, &numbers(attention.v.as_ref().unwrap().val()))
            }
        }
    }

    #[test]
    fn every_score_is_its_equation() {
        let device = Device::default();
        for kind in SCORES {
            let config = AttentionConfig::new(D, D, kind).with_d_attention(5);
            let attention = config.init(&device);
            let (queries, keys) = (random([1, 2, D], &device), random([1, 4, D], &device));
            let (context, weights) = attention.forward(queries.clone(), keys.clone(), None);
            let (context, weights) = (numbers(context), numbers(weights));
            let (queries, keys) = (numbers(queries), numbers(keys));
            for (i, query) in queries.chunks(D).enumerate() {
                let scores = keys
                    .chunks(D)
                    .map(|key| score(&attention, kind, query, key).exp());
                let scores: Vec<f32> = scores.collect();
                let sum: f32 = scores.iter().sum();
                for (j, score) in scores.iter().enumerate() {
                    let difference = (weights[i * 4 + j] - score / sum).abs();
                    assert!(difference < 1e-5, "{kind:?}: {difference}");
                }
                for feature in 0..D {
                    let expected: f32 = (0..4)
                        .map(|j| scores[j] / sum * keys[j * D + feature])
                        .sum();
                    assert!(
                        (context[i * D + feature] - expected).abs() < 1e-5,
                        "{kind:?}"
                    );
                }
            }
        }
    }

    /// Filler behind the keys changes neither contexts nor gradients, and gets no gradient itself.
    #[test]
    fn padding_changes_nothing() {
        let device = Device::default().autodiff();
        for kind in SCORES {
            let attention = AttentionConfig::new(D, D, kind).init(&device);
            let queries = random([2, 2, D], &device);
            let keys = random([2, 3, D], &device);
            let filler = random([2, 2, D], &device) * 50.0;
            let run = |keys: Tensor<3>, padding| {
                let queries = queries.clone().require_grad();
                let (context, _) = attention.forward(queries.clone(), keys, padding);
                let gradients = context.clone().powf_scalar(2.0).sum().backward();
                (numbers(context), numbers(queries.grad(&gradients).unwrap()))
            };
            let plain = run(keys.clone(), None);
            let mask = [false, false, false, true, true];
            let padding = Tensor::<2, Bool>::from_data([mask, mask], &device);
            let padded = run(Tensor::cat(vec![keys, filler], 1), Some(padding));
            for (plain, padded) in [(&plain.0, &padded.0), (&plain.1, &padded.1)] {
                for (plain, padded) in plain.iter().zip(padded) {
                    assert!((plain - padded).abs() < 1e-5, "{kind:?}: {plain}, {padded}");
                }
            }
        }
    }

    #[test]
    fn the_memory_can_be_read_step_by_step_and_sequence_by_sequence() {
        let device = Device::default();
        for kind in SCORES {
            let attention = AttentionConfig::new(D, D, kind).init(&device);
            let (queries, keys) = (random([2, 3, D], &device), random([2, 4, D], &device));
            let memory = attention.memory(keys, None);
            let (all, _) = attention.read(queries.clone(), &memory);
            let second = Tensor::from_data([1], &device);
            let query = queries.slice([1..2, 2..3, 0..D]);
            let (one, _) = attention.read(query, &memory.select_batch(second));
            let difference = (all.slice([1..2, 2..3, 0..D]) - one).abs().max();
            assert!(difference.into_scalar::<f32>() < 1e-6, "{kind:?}");
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let device = Device::default();
        let refused = |config: AttentionConfig| config.try_init(&device).unwrap_err();
        let error = refused(AttentionConfig::new(3, 4, AttentionScore::Dot));
        let (d_query, d_key) = (3, 4);
        assert_eq!(error, ConfigError::AttentionSizes { d_query, d_key });
        let error = refused(AttentionConfig::new(3, 0, AttentionScore::General));
        assert_eq!(error, ConfigError::ZeroSize { field: "d_key" });
        let additive = AttentionConfig::new(3, 4, AttentionScore::Additive);
        let error = refused(additive.with_d_attention(0));
        let field = "d_attention";
        assert_eq!(error, ConfigError::ZeroSize { field });
    }
}
