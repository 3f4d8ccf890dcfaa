//! Values of JSON and TOML, wherever they stand.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json as value};

use super::one;

/// A file of JSON with one to three values altered.
pub fn json(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut root = serde_json::from_slice(whole).ok()?;
    alter(rng, &mut root);
    Some((root.to_string().into_bytes(), false))
}

/// The file of a run, TOML, with one to three options altered.
pub fn run_file(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut root: Value = toml::from_str(str::from_utf8(whole).ok()?).ok()?;
    alter(rng, &mut root);
    let text = toml::to_string(&root).ok()?;
    Some((text.into_bytes(), false))
}

/// Alters one to three values.
pub fn alter(rng: &mut ChaCha8Rng, root: &mut Value) {
    for _ in 0..rng.random_range(1..=3) {
        let chosen = rng.random_range(0..size(root));
        change(rng, at(root, &mut { chosen }).expect("it is within"));
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
    if rng.random_bool(0.2) {
        *chosen = anything(rng);
        return;
    }
    match chosen {
        Value::Null => *chosen = number(rng),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(given) => {
            let near = given.as_i64().map(|given| value!(given.wrapping_add(1)));
            *chosen = match rng.random_bool(0.2) {
                true => near.unwrap_or(value!(-1)),
                false => number(rng),
            };
        }
        Value::String(text) => match rng.random_range(0..5) {
            0 => text.clear(),
            1 => *text = text.repeat(1000),
            2 => text.push_str("\u{1b}[31m\n\0"),
            3 => drop(text.pop()),
            _ => {
                *text = (*one(rng, &["NaN", "inf", "../..", "/dev/null", "0", "lstm", "Ω"])).into()
            }
        },
        Value::Array(values) => list(rng, values),
        Value::Object(values) => object(rng, values),
    }
}

fn number(rng: &mut ChaCha8Rng) -> Value {
    let numbers = [
        value!(0),
        value!(1),
        value!(2),
        value!(-1),
        value!(0.5),
        value!(1e-300),
        value!(1_000_000),
        value!(1_000_000_000),
        value!(u32::MAX),
        value!(1u64 << 62),
        value!(i64::MAX),
        value!(u64::MAX),
        value!(1e38),
        value!(-1e308),
    ];
    one(rng, &numbers).clone()
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
        _ => number(rng),
    }
}

fn list(rng: &mut ChaCha8Rng, values: &mut Vec<Value>) {
    if values.is_empty() {
        return values.push(number(rng));
    }
    let index = rng.random_range(0..values.len());
    match rng.random_range(0..5) {
        0 => drop(values.remove(index)),
        1 => values.insert(index, values[index].clone()),
        2 => values.clear(),
        3 => values.reverse(),
        _ => {
            let one = values[index].clone();
            values.extend(std::iter::repeat_n(one, 1000));
        }
    }
}

fn object(rng: &mut ChaCha8Rng, values: &mut Map<String, Value>) {
    let keys: Vec<String> = values.keys().cloned().collect();
    if keys.is_empty() {
        values.insert("new".to_owned(), number(rng));
        return;
    }
    let (key, other) = (one(rng, &keys), one(rng, &keys));
    match rng.random_range(0..4) {
        0 => drop(values.remove(key)),
        1 => drop(values.insert(format!("{key}-2"), values[key].clone())),
        2 => drop(values.insert(key.clone(), values[other].clone())),
        _ => drop(values.insert("new\n\"\u{1b}".to_owned(), number(rng))),
    }
}
