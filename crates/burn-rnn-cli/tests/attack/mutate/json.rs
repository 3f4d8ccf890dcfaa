//! Values of JSON and TOML, wherever they stand.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json as value};

use super::{Altered, one, unsealed};

/// A file of JSON with one to three values altered.
pub fn json(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    let mut root = serde_json::from_slice(whole).ok()?;
    alter(rng, &mut root);
    Some(unsealed(root.to_string().into_bytes()))
}

/// The file of a run, TOML, with one to three options altered.
pub fn run_file(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    let mut root: Value = toml::from_slice(whole).ok()?;
    alter(rng, &mut root);
    // TOML has no null and no numbers above those of 63 bits.
    Some(unsealed(toml::to_string(&root).ok()?.into_bytes()))
}

/// Alters one to three values.
pub fn alter(rng: &mut ChaCha8Rng, root: &mut Value) {
    for _ in 0..rng.random_range(1..=3) {
        let mut chosen = rng.random_range(0..size(root));
        change(rng, at(root, &mut chosen).expect("it is within"));
    }
}

/// The number of values within a value, itself included.
fn size(root: &Value) -> usize {
    1 + match root {
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(values) => values.values().map(size).sum::<usize>(),
        _ => 0,
    }
}

/// The value of this number, counted from the root on.
fn at<'a>(root: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(root);
    }
    *left -= 1;
    match root {
        Value::Array(values) => values.iter_mut().find_map(|value| at(value, left)),
        Value::Object(values) => values.values_mut().find_map(|value| at(value, left)),
        _ => None,
    }
}

fn change(rng: &mut ChaCha8Rng, chosen: &mut Value) {
    match chosen {
        _ if rng.random_bool(0.2) => *chosen = anything(rng),
        Value::Null => *chosen = number(rng),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(given) => {
            let next = given.as_i64().map(|given| value!(given.wrapping_add(1)));
            *chosen = next
                .filter(|_| rng.random_bool(0.2))
                .unwrap_or_else(|| number(rng));
        }
        Value::String(text) => match rng.random_range(0..5) {
            0 => text.clear(),
            1 => *text = text.repeat(1000),
            2 => text.push_str("\u{1b}[31m\n\0"),
            3 => drop(text.pop()),
            _ => {
                *text =
                    one(rng, &["NaN", "inf", "../..", "/dev/null", "0", "lstm", "Ω"]).to_string()
            }
        },
        Value::Array(values) => list(rng, values),
        Value::Object(values) => object(rng, values),
    }
}

fn number(rng: &mut ChaCha8Rng) -> Value {
    let whole = [
        0,
        1,
        2,
        1_000_000,
        1_000_000_000,
        u64::from(u32::MAX),
        1 << 62,
        u64::MAX,
    ];
    match rng.random() {
        true => value!(one(rng, &whole)),
        false => value!(one(rng, &[-1.0, 0.5, 1.0, 1e-300, 1e38, -1e308])),
    }
}

fn anything(rng: &mut ChaCha8Rng) -> Value {
    match rng.random_range(0..8) {
        0 => Value::Null,
        1 => value!(true),
        2 => value!(""),
        3 => value!([]),
        4 => value!({}),
        5 => value!(vec![1; 10_000]),
        6 => (0..1000).fold(value!(1), |inner, _| value!([inner])),
        _ => value!(-1),
    }
}

fn list(rng: &mut ChaCha8Rng, values: &mut Vec<Value>) {
    if values.is_empty() {
        return values.push(number(rng));
    }
    let index = rng.random_range(0..values.len());
    let one = values[index].clone();
    match rng.random_range(0..5) {
        0 => drop(values.remove(index)),
        1 => values.insert(index, one),
        2 => values.clear(),
        3 => values.reverse(),
        _ => values.extend(std::iter::repeat_n(one, 1000)),
    }
}

fn object(rng: &mut ChaCha8Rng, values: &mut Map<String, Value>) {
    let pairs: Vec<(String, Value)> = values.clone().into_iter().collect();
    let mut key = || pairs.get(rng.random_range(0..pairs.len().max(1)));
    let (Some((key, _)), Some((_, other))) = (key(), key()) else {
        return drop(values.insert("new".to_owned(), value!(1)));
    };
    match rng.random_range(0..3) {
        0 => drop(values.remove(key)),
        1 => drop(values.insert(key.clone(), other.clone())),
        _ => drop(values.insert(format!("{key}\n\"\u{1b}"), other.clone())),
    }
}
