//! What `burn-rnn convert` says of a file.

use core::fmt::Write;

use burn_rnn::weights::{AnyNetwork, Import};
use burn_rnn_train::{cell, printable};

/// The most characters of a name in a table.
const LONGEST: usize = 80;

fn describe(network: &AnyNetwork) -> String {
    let layers = match network.layers() {
        1 => "1 layer".to_string(),
        layers => format!("{layers} layers"),
    };
    let directions = if network.is_bidirectional() {
        "both directions"
    } else {
        "one direction"
    };
    format!(
        "{}, {} features in and {} out, {layers}, {directions}",
        network.kind(),
        network.d_input(),
        network.d_output()
    )
}

fn shape(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
    dims.join(" × ")
}

/// What became what, what was left and what was assumed, as tables.
pub fn tables(format: &str, import: &Import) -> String {
    let mut text = format!("format      {format}");
    for named in &import.networks {
        let name = match named.name.as_str() {
            "" => "(whole file)".into(),
            name => cell(name, LONGEST),
        };
        let _ = write!(text, "\nnetwork     {name}: {}", describe(&named.network));
    }
    let mut rows = vec![["tensor", "shape", "type", "became", "shape"].map(String::from)];
    rows.extend(import.mapped.iter().map(|tensor| {
        let dot = if tensor.network.is_empty() { "" } else { "." };
        [
            cell(&tensor.tensor, LONGEST),
            shape(&tensor.shape),
            tensor.element.to_string(),
            format!(
                "{}{dot}{}",
                cell(&tensor.network, LONGEST),
                tensor.parameter
            ),
            shape(&tensor.parameter_shape),
        ]
    }));
    add_rows(&mut text, &rows);
    for assumed in &import.assumed {
        let _ = write!(text, "\n\nassumed     {}", printable(assumed));
    }
    if import.unmapped.is_empty() {
        text.push_str("\n\nnothing is left");
        return text;
    }
    let mut rows = vec![["left", "shape", "type"].map(String::from)];
    rows.extend(import.unmapped.iter().map(|tensor| {
        [
            cell(&tensor.name, LONGEST),
            shape(&tensor.shape),
            tensor.element.to_string(),
        ]
    }));
    add_rows(&mut text, &rows);
    text
}

fn add_rows<const N: usize>(text: &mut String, rows: &[[String; N]]) {
    text.push('\n');
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = write!(text, "\n{}", line.trim_end());
    }
}

/// The same as one JSON object.
pub fn json(format: &str, import: &Import) -> String {
    let networks: Vec<_> = (import.networks.iter())
        .map(|named| serde_json::json!({ "name": named.name, "network": describe(&named.network) }))
        .collect();
    let mapped: Vec<_> = (import.mapped.iter())
        .map(|tensor| {
            serde_json::json!({
                "tensor": tensor.tensor,
                "shape": tensor.shape,
                "type": tensor.element.to_string(),
                "network": tensor.network,
                "parameter": tensor.parameter,
                "parameter_shape": tensor.parameter_shape,
            })
        })
        .collect();
    let left: Vec<_> = (import.unmapped.iter())
        .map(|tensor| {
            serde_json::json!({
                "tensor": tensor.name,
                "shape": tensor.shape,
                "type": tensor.element.to_string(),
            })
        })
        .collect();
    let all = serde_json::json!({
        "format": format,
        "networks": networks,
        "mapped": mapped,
        "left": left,
        "assumed": import.assumed,
    });
    all.to_string()
}
