//! The settings of a model's layers, out of the JSON that Keras writes.

use std::collections::HashMap;

use serde_json::Value;

/// The settings of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'a> {
    /// The class, for instance `LSTM`.
    pub class: &'a str,
    /// The settings by the names of Keras' arguments.
    pub settings: &'a Value,
}

impl<'a> Layer<'a> {
    /// The layer that a value describes; none where it describes something else.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        Some(Self {
            class: value.get("class_name")?.as_str()?,
            settings: value.get("config")?,
        })
    }

    /// The layer inside this one, under the name of an argument.
    pub(super) fn inner(&self, argument: &str) -> Option<Layer<'a>> {
        Self::of(self.settings.get(argument)?)
    }

    /// A setting that is a text.
    pub(super) fn text(&self, argument: &str) -> Option<&'a str> {
        self.settings.get(argument)?.as_str()
    }

    /// A setting that is true or false.
    pub(super) fn flag(&self, argument: &str) -> Option<bool> {
        self.settings.get(argument)?.as_bool()
    }
}

/// A layer of a model, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Placed<'a> {
    /// The path of its variables in the file of weights of Keras 3, which is made of the layers' classes: `layers/lstm_1`.
    pub path: String,
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub layer: Layer<'a>,
}

/// All layers of a model in their order, those inside of nested models and wrappers too.
pub(super) fn layers(model: &Value) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    if let Some(model) = Layer::of(model) {
        inside(model, "", &mut found);
    }
    found
}

/// How many models and wrappers may lie inside each other, and how long the name of a class may be: paths are made of them.
const DEEPEST: usize = 8;
const LONGEST: usize = 100;

fn inside<'a>(model: Layer<'a>, path: &str, found: &mut Vec<Placed<'a>>) {
    if path.split('/').count() > 2 * DEEPEST {
        return;
    }
    // The first sequential models were a list.
    let layers = model.settings.get("layers").unwrap_or(model.settings);
    let Some(layers) = layers.as_array() else {
        return;
    };
    let mut used: HashMap<String, usize> = HashMap::new();
    for value in layers {
        let layer = Layer::of(value).filter(|layer| layer.class.len() <= LONGEST);
        let Some(layer) = layer else {
            continue;
        };
        let class = snake_case(layer.class);
        let before = used.entry(class.clone()).or_default();
        let unique = match *before {
            0 => class,
            count => format!("{class}_{count}"),
        };
        *before += 1;
        let name = layer.text("name").or_else(|| value.get("name")?.as_str());
        place(
            layer,
            format!("{path}layers/{unique}"),
            name.unwrap_or_default(),
            found,
        );
    }
}

fn place<'a>(layer: Layer<'a>, path: String, name: &'a str, found: &mut Vec<Placed<'a>>) {
    found.push(Placed {
        path: path.clone(),
        name,
        layer,
    });
    if layer.class == "Bidirectional" {
        // Its layers are its directions.
        return;
    }
    let deep = path.split('/').count() > 2 * DEEPEST;
    if let Some(wrapped) = layer.inner("layer").filter(|_| !deep) {
        let name = wrapped.text("name").unwrap_or_default();
        place(wrapped, format!("{path}/layer"), name, found);
    }
    let is_model = layer.settings.get("layers").is_some() || layer.settings.is_array();
    if is_model {
        inside(layer, &format!("{path}/"), found);
    }
}

/// The name of a class as Keras writes it into paths: `SimpleRNN` is `simple_rnn`, `LSTM` is `lstm`.
fn snake_case(class: &str) -> String {
    let class: Vec<char> = class.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut snake = String::with_capacity(class.len() + 4);
    for (index, letter) in class.iter().enumerate() {
        let lower = |index: usize| class.get(index).is_some_and(char::is_ascii_lowercase);
        let starts = index > 0 && letter.is_ascii_uppercase();
        if starts && (lower(index - 1) || lower(index + 1)) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_written_as_keras_writes_them() {
        // From keras.src.utils.naming.to_snake_case of Keras 3.15.
        for (class, snake) in [
            ("LSTM", "lstm"),
            ("SimpleRNN", "simple_rnn"),
            ("RNN", "rnn"),
            ("TimeDistributed", "time_distributed"),
            ("CuDNNLSTM", "cu_dnnlstm"),
            ("GlobalAveragePooling1D", "global_average_pooling1d"),
            ("MyLSTMLayer", "my_lstm_layer"),
        ] {
            assert_eq!(snake_case(class), snake);
        }
    }

    #[test]
    fn layers_are_placed_by_class_and_order() {
        let layer = |class: &str, name: &str| serde_json::json!({"class_name": class, "config": {"name": name}});
        let model = serde_json::json!({"class_name": "Functional", "config": {"layers": [
            layer("LSTM", "a"),
            layer("GRU", "b"),
            {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("LSTM", "inner")]}},
            {"class_name": "TimeDistributed", "config": {"name": "t", "layer": layer("GRU", "wrapped")}},
            layer("LSTM", "c"),
        ]}});
        let found = layers(&model);
        let found: Vec<_> = found
            .iter()
            .map(|placed| (placed.name, placed.path.as_str()))
            .collect();
        let expected = [
            ("a", "layers/lstm"),
            ("b", "layers/gru"),
            ("s", "layers/sequential"),
            ("inner", "layers/sequential/layers/lstm"),
            ("t", "layers/time_distributed"),
            ("wrapped", "layers/time_distributed/layer"),
            ("c", "layers/lstm_1"),
        ];
        assert_eq!(found, expected);
    }
}
