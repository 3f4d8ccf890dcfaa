//! The recurrent layers of a file, found by their tensors.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::attributes::{list, text};
use super::config::{Layer, Placed, layers};
use super::layouts::Kind;
use super::open::{Naming, Opened};
use super::settings::is_recurrent;

/// The paths of a cell's tensors.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub kernel: String,
    pub recurrent_kernel: String,
    /// There or not.
    pub bias: String,
}

/// A recurrent layer in a file.
pub(super) struct Found<'a> {
    /// Its name; its path where others have the same.
    pub name: String,
    /// Where it is in the file.
    pub path: String,
    /// The cells of the forward direction, one on top of the other, and of the backward one.
    pub forward: Vec<Cell>,
    pub backward: Vec<Cell>,
    /// What the file says about it.
    pub layer: Option<Layer<'a>>,
}

/// The recurrent layers of a file: in the order of the model where the file has it, else in that of their paths.
pub(super) fn find(opened: &Opened) -> Vec<Found<'_>> {
    let placed = opened.model.as_ref().map(layers).unwrap_or_default();
    let mut found = match opened.naming {
        Naming::Numbered => numbered(opened, &placed),
        Naming::Named => named(opened, &placed),
    };
    // What the settings say to be something else, whatever its tensors look like, is something else.
    found.retain(|found| found.layer.is_none_or(is_recurrent));
    let mut names = BTreeMap::new();
    for found in &found {
        *names.entry(found.name.clone()).or_insert(0) += 1;
    }
    for found in &mut found {
        if names[&found.name] > 1 {
            found.name.clone_from(&found.path);
        }
    }
    found
}

/// Layers by path, each with its cells by direction.
#[derive(Default)]
struct Directions {
    forward: Vec<Cell>,
    backward: Vec<Cell>,
}

fn numbered<'a>(opened: &'a Opened, placed: &[Placed<'a>]) -> Vec<Found<'a>> {
    let mut found: BTreeMap<&str, Directions> = BTreeMap::new();
    for (path, stored) in opened.tensors() {
        let Some((cell, layer)) = path
            .strip_suffix("/vars/1")
            .and_then(|cell| Some((cell, layer_of(cell)?)))
        else {
            continue;
        };
        let kernel = opened.stored(&format!("{cell}/vars/0"));
        if stored.shape.len() != 2 || kernel.is_none_or(|kernel| kernel.shape.len() != 2) {
            // A cell with convolutions, or of another library.
            continue;
        }
        let backward = layer.strip_suffix("/backward_layer");
        let whole = backward.or(layer.strip_suffix("/forward_layer"));
        let directions = found.entry(whole.unwrap_or(layer)).or_default();
        let side = match backward {
            Some(_) => &mut directions.backward,
            None => &mut directions.forward,
        };
        side.push(Cell {
            kernel: format!("{cell}/vars/0"),
            recurrent_kernel: format!("{cell}/vars/1"),
            bias: format!("{cell}/vars/2"),
        });
    }
    let positions = placed.iter().enumerate();
    let positions: HashMap<&str, usize> = positions
        .map(|(position, placed)| (placed.path.as_str(), position))
        .collect();
    let position = |path: &str| {
        // As Keras 2.12 and 2.13 called it.
        let path = path.replacen("_layer_checkpoint_dependencies", "layers", 1);
        positions.get(path.as_str()).copied()
    };
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(path, directions)| (position(path), path, directions))
        .collect();
    found.sort_by_key(|(position, ..)| position.unwrap_or(usize::MAX));
    let found = found.into_iter().map(|(position, path, mut directions)| {
        for side in [&mut directions.forward, &mut directions.backward] {
            side.sort_by_key(|cell| number(&cell.kernel));
        }
        let placed = position.map(|position| &placed[position]);
        let written = opened
            .objects
            .attributes
            .get(&format!("{path}/vars"))
            .and_then(|attributes| text(attributes, "name"));
        let last = path.rsplit('/').next();
        let name = placed.map(|placed| placed.name).or(written).or(last);
        Found {
            name: name.unwrap_or_default().to_string(),
            path: path.to_string(),
            forward: directions.forward,
            backward: directions.backward,
            layer: placed.map(|placed| placed.layer),
        }
    });
    // Without settings, only what can be a cell by its shapes is one.
    found
        .filter(|found| {
            let mut cells = found.forward.iter().chain(&found.backward);
            found.layer.is_some() || cells.all(|cell| by_shapes(opened, cell))
        })
        .collect()
}

/// The layer that a cell belongs to: `lstm` of `lstm/cell` and of `lstm/cell/cells/lstm_cell_1`.
fn layer_of(cell: &str) -> Option<&str> {
    cell.strip_suffix("/cell").or_else(|| {
        let (cells, _) = cell.rsplit_once('/')?;
        cells.strip_suffix("/cell/cells")
    })
}

/// The number of a cell among those of its class: 2 in `lstm/cell/cells/lstm_cell_2/vars/0`.
fn number(kernel: &str) -> u64 {
    let class = kernel.trim_end_matches("/vars/0");
    let digits = class.rsplit('_').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

fn by_shapes(opened: &Opened, cell: &Cell) -> bool {
    let shape = |path: &str| opened.stored(path).map(|stored| stored.shape.as_slice());
    let recurrent = shape(&cell.recurrent_kernel).unwrap_or_default();
    let kernel = shape(&cell.kernel).unwrap_or_default();
    Kind::of_shape(recurrent).is_some() && kernel.get(1) == recurrent.get(1)
}

fn named<'a>(opened: &'a Opened, placed: &[Placed<'a>]) -> Vec<Found<'a>> {
    let attributes = &opened.objects.attributes;
    let top = ["model_weights", ""]
        .into_iter()
        .find_map(|top| Some((top, list(attributes.get(top)?, "layer_names")?)));
    let Some((top, groups)) = top else {
        return Vec::new();
    };
    // The first of a name, as Keras itself takes it.
    let mut layers: HashMap<&str, Layer<'a>> = HashMap::new();
    for placed in placed.iter().filter(|placed| is_recurrent(placed.layer)) {
        layers.entry(placed.name).or_insert(placed.layer);
    }
    let mut found: Vec<Found<'a>> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut seen = BTreeSet::new();
    for group in groups.into_iter().filter(|group| seen.insert(*group)) {
        let path = joined(top, group);
        for (scope, cell) in cells(opened, &path) {
            // The layer itself, or the one inside a nested model.
            let mut parts = scope.split('/').chain([group]);
            let layer = parts.find_map(|part| Some((part, *layers.get(part)?)));
            let name = layer.map_or(group, |(name, _)| name);
            let position = *positions.entry(name.to_string()).or_insert_with(|| {
                found.push(Found {
                    name: name.to_string(),
                    path: path.clone(),
                    forward: Vec::new(),
                    backward: Vec::new(),
                    layer: layer.map(|(_, layer)| layer),
                });
                found.len() - 1
            });
            let is_backward = scope.split('/').any(|part| part.starts_with("backward_"));
            match is_backward {
                true => found[position].backward.push(cell),
                false => found[position].forward.push(cell),
            }
        }
    }
    found
}

/// The cells in a layer's group, each with the scope that its tensors' names begin with, in the order in which they were written.
fn cells<'a>(opened: &'a Opened, path: &str) -> Vec<(&'a str, Cell)> {
    let attributes = opened.objects.attributes.get(path);
    let weights = attributes.and_then(|group| list(group, "weight_names"));
    let mut scopes = BTreeSet::new();
    let mut cells = Vec::new();
    for weight in weights.unwrap_or_default() {
        let (scope, variable) = weight.rsplit_once('/').unwrap_or(("", weight));
        let ending = variable
            .strip_prefix("recurrent_kernel")
            .filter(|ending| ending.is_empty() || ending.starts_with(':'));
        let Some(ending) = ending.filter(|_| scopes.insert(scope)) else {
            continue;
        };
        let of = |variable: &str| joined(path, &joined(scope, &format!("{variable}{ending}")));
        let cell = Cell {
            kernel: of("kernel"),
            recurrent_kernel: of("recurrent_kernel"),
            bias: of("bias"),
        };
        // A cell with convolutions has more dimensions; one that is missing is told later.
        let stored = opened.stored(&cell.recurrent_kernel);
        if stored.is_none_or(|stored| stored.shape.len() == 2) {
            cells.push((scope, cell));
        }
    }
    cells
}

/// A path inside another, either of which may be empty.
pub(super) fn joined(path: &str, inside: &str) -> String {
    match (path, inside) {
        ("", inside) => inside.to_string(),
        (path, "") => path.to_string(),
        (path, inside) => format!("{path}/{inside}"),
    }
}
