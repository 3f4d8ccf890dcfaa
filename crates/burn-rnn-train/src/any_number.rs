//! Numbers by name in JSON, which has no infinities and no NaN: those are texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Other(String),
}

pub(crate) fn serialize<S: Serializer>(
    scores: &BTreeMap<String, f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number = |&score: &f64| match score.is_finite() {
        true => Number::Finite(score),
        false => Number::Other(score.to_string()),
    };
    serializer.collect_map(scores.iter().map(|(name, score)| (name, number(score))))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, f64>, D::Error> {
    let scores = BTreeMap::<String, Number>::deserialize(deserializer)?;
    let float = |(name, number)| match number {
        Number::Finite(score) => Ok((name, score)),
        Number::Other(text) => match text.parse() {
            Ok(score) => Ok((name, score)),
            Err(_) => Err(serde::de::Error::custom(format!(
                "the score {name} is {text:?}, expected a number"
            ))),
        },
    };
    scores.into_iter().map(float).collect()
}
