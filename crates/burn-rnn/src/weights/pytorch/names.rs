//! The names of a recurrent network's tensors in a state dict.

use std::collections::{BTreeMap, BTreeSet};

/// The parameters of a cell, by PyTorch's names.
pub(super) const PARAMETERS: [&str; 5] =
    ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];

/// What a module's tensors are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// `nn.RNN`, `nn.LSTM`, `nn.GRU`: `weight_ih_l0`, `weight_ih_l0_reverse`.
    Module,
    /// `nn.RNNCell`, `nn.LSTMCell`, `nn.GRUCell`: `weight_ih`.
    Cell,
}

impl Naming {
    /// The name of a parameter of a layer in a direction.
    pub(super) fn name(
        self,
        prefix: &str,
        parameter: &str,
        layer: usize,
        backward: bool,
    ) -> String {
        let reverse = if backward { "_reverse" } else { "" };
        match self {
            Self::Module => format!("{prefix}{parameter}_l{layer}{reverse}"),
            Self::Cell => format!("{prefix}{parameter}"),
        }
    }
}

/// A prefix with the dot that stands between it and a parameter's name; none for what is not inside anything.
pub(super) fn dotted(prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('.');
    if prefix.is_empty() {
        return String::new();
    }
    format!("{prefix}.")
}

/// What a name says.
struct Parsed<'a> {
    prefix: &'a str,
    parameter: &'static str,
    naming: Naming,
    layer: usize,
    backward: bool,
}

fn parse(name: &str) -> Option<Parsed<'_>> {
    let split = name.rfind('.').map_or(0, |dot| dot + 1);
    let (prefix, last) = name.split_at(split);
    let (parameter, rest) = PARAMETERS
        .iter()
        .find_map(|&parameter| Some((parameter, last.strip_prefix(parameter)?)))?;
    let (naming, layer, backward) = match rest {
        "" => (Naming::Cell, 0, false),
        rest => {
            let rest = rest.strip_prefix("_l")?;
            let forward = rest.strip_suffix("_reverse");
            let layer = forward.unwrap_or(rest).parse().ok()?;
            (Naming::Module, layer, forward.is_some())
        }
    };
    let parsed = Parsed {
        prefix,
        parameter,
        naming,
        layer,
        backward,
    };
    // Another spelling of a number, `l01`, is another name.
    let same = naming.name(prefix, parameter, layer, backward) == name;
    same.then_some(parsed)
}

/// What a module's names say about it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The number of layers: one more than the highest that is named.
    pub layers: usize,
    /// Whether there is a backward direction.
    pub bidirectional: bool,
    /// Whether there are biases.
    pub bias: bool,
    /// Whether there is a projection.
    pub projection: bool,
}

/// The recurrent modules and cells that names are of, by prefix (with its dot).
pub(super) fn find<'a>(
    names: impl Iterator<Item = &'a str>,
) -> BTreeMap<(&'a str, Naming), Outline> {
    let mut found: BTreeMap<_, Outline> = BTreeMap::new();
    let mut with_input = BTreeSet::new();
    for parsed in names.filter_map(parse) {
        let key = (parsed.prefix, parsed.naming);
        if parsed.parameter == "weight_ih" {
            with_input.insert(key);
        }
        let outline = found.entry(key).or_default();
        outline.layers = outline.layers.max(parsed.layer.saturating_add(1));
        outline.bidirectional |= parsed.backward;
        outline.bias |= parsed.parameter.starts_with("bias");
        outline.projection |= parsed.parameter == "weight_hr";
    }
    // What is called `bias_hh` without any weights is something else.
    found.retain(|key, _| with_input.contains(key));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_cells_are_found_by_their_names() {
        let names = [
            "rnn.weight_ih_l0",
            "rnn.weight_ih_l1_reverse",
            "rnn.bias_hh_l0",
            "cell.weight_ih",
            "weight_ih_l0",
            "weight_hr_l0",
            "other.weight_ih_l01",
            "other.weight",
            "norm.bias_ih",
        ];
        let found = find(names.into_iter());
        let shown: Vec<_> = found
            .iter()
            .map(|((prefix, naming), outline)| {
                let Outline {
                    layers,
                    bidirectional,
                    bias,
                    projection,
                } = outline;
                (
                    *prefix,
                    *naming,
                    *layers,
                    [*bidirectional, *bias, *projection],
                )
            })
            .collect();
        let expected = [
            ("", Naming::Module, 1, [false, false, true]),
            ("cell.", Naming::Cell, 1, [false; 3]),
            ("rnn.", Naming::Module, 2, [true, true, false]),
        ];
        assert_eq!(shown, expected);
    }
}
