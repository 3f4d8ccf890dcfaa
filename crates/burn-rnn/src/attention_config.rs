//! What attention is made from.

use burn::config::Config;
use burn::module::Initializer;
use burn::nn::LinearConfig;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::error::at_least_one;
use crate::{Attention, ConfigError};

/// How well a query and a key fit each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionScore {
    /// `q_i · k_j`, without parameters (Luong et al. 2015); both have to have the same size.
    Dot,
    /// `q_i · (W k_j)`, the default (Luong et al. 2015).
    #[default]
    General,
    /// `v · tanh(W q_i + U k_j + b)` (Bahdanau et al. 2015).
    Additive,
}

/// The configuration of [`Attention`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionConfig {
    /// The number of features of a query.
    pub d_query: usize,
    /// The number of features of a key.
    pub d_key: usize,
    /// The score.
    #[serde(default)]
    pub score: AttentionScore,
    /// The number of hidden units of the additive score; `d_query` by default. The other scores
    /// have none.
    #[serde(default)]
    pub d_attention: Option<usize>,
}

impl Config for AttentionConfig {}

impl AttentionConfig {
    /// Attention with as many hidden units as a query has features, where the score has any.
    pub fn new(d_query: usize, d_key: usize, score: AttentionScore) -> Self {
        Self {
            d_query,
            d_key,
            score,
            d_attention: None,
        }
    }

    /// Sets the number of hidden units of the additive score; `d_query` by default.
    #[must_use]
    pub fn with_d_attention(mut self, d_attention: usize) -> Self {
        self.d_attention = Some(d_attention);
        self
    }

    /// Attention with fresh parameters, drawn from `U(−1/√d, 1/√d)` with the `d` features that each reads.
    ///
    /// # Panics
    ///
    /// With the message of [`try_init`](AttentionConfig::try_init)'s error.
    pub fn init(&self, device: &Device) -> Attention {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`init`](AttentionConfig::init), without the panic.
    ///
    /// # Errors
    ///
    /// Where a size is zero, or the score is the dot product and the sizes differ.
    pub fn try_init(&self, device: &Device) -> Result<Attention, ConfigError> {
        at_least_one("d_query", self.d_query)?;
        at_least_one("d_key", self.d_key)?;
        let d_attention = self.d_attention.unwrap_or(self.d_query);
        at_least_one("d_attention", d_attention)?;
        let linear = |from, to, bias| {
            let linear = LinearConfig::new(from, to).with_bias(bias);
            Some(linear.init(device))
        };
        Ok(match self.score {
            AttentionScore::Dot if self.d_query != self.d_key => {
                return Err(ConfigError::AttentionSizes {
                    d_query: self.d_query,
                    d_key: self.d_key,
                });
            }
            AttentionScore::Dot => Attention {
                query: None,
                key: None,
                v: None,
            },
            AttentionScore::General => Attention {
                query: None,
                key: linear(self.d_key, self.d_query, false),
                v: None,
            },
            AttentionScore::Additive => {
                let bound = 1.0 / (d_attention as f64).sqrt();
                let uniform = Initializer::Uniform {
                    min: -bound,
                    max: bound,
                };
                Attention {
                    query: linear(self.d_query, d_attention, false),
                    key: linear(self.d_key, d_attention, true),
                    v: Some(uniform.init([d_attention], device)),
                }
            }
        })
    }
}
