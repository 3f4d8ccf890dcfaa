//! A page on which each character of a text has the colour of a hidden unit's activation (as in
//! Karpathy et al. 2015, "Visualizing and understanding recurrent networks").

use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};

use super::CharModel;
use crate::TrainError;
use crate::floats::floats;
use crate::new_file::write_whole;

/// What the units of a model's last layer do over a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// The characters that were read.
    pub text: Vec<char>,
    /// The hidden state after each character, `[characters, units]` in row-major order.
    pub values: Vec<f32>,
    /// The number of units.
    pub units: usize,
}

impl Activations {
    /// Reads `text`, whose characters have these numbers in the model's vocabulary.
    pub fn read(model: &CharModel, text: Vec<char>, ids: &[u32]) -> Self {
        let device = model.embedding.weight.device();
        let numbers: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let shape = [1, numbers.len()];
        let ids = Tensor::<2, Int>::from_data(TensorData::new(numbers, shape), &device);
        let (hidden, _) = model.network.forward(model.embedding.forward(ids), None);
        let units = hidden.dims()[2];
        Self {
            text,
            values: floats(hidden),
            units,
        }
    }

    /// Writes one HTML file that needs nothing else: a slider chooses the unit, blue is below zero,
    /// red above.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written; one that was there stays then.
    pub fn write(&self, path: &Path, title: &str) -> Result<(), TrainError> {
        write_whole(path, self.page(title).as_bytes())
    }

    fn page(&self, title: &str) -> String {
        let text: String = self.text.iter().collect();
        // Within a script element only `<` could end it.
        let text = serde_json::json!(text).to_string().replace('<', "\\u003c");
        let largest = self
            .values
            .iter()
            .fold(1e-6f32, |max, value| max.max(value.abs()));
        let numbers: Vec<String> = self
            .values
            .iter()
            .map(|value| ((value / largest * 100.0).round() as i32).to_string())
            .collect();
        PAGE.replace("TITLE", &escaped(title))
            .replace("LAST_UNIT", &(self.units - 1).to_string())
            .replace("UNITS", &self.units.to_string())
            .replace("VALUES", &numbers.join(","))
            .replace("TEXT", &text)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>TITLE</title>
<style>
body { font-family: sans-serif; margin: 2em; max-width: 70em; }
pre { font: 15px/1.5 monospace; white-space: pre-wrap; }
input[type=range] { width: 30em; vertical-align: middle; }
</style>
<h1>TITLE</h1>
<p><label>Unit <input id="unit" type="range" min="0" max="LAST_UNIT" value="0"></label> <output id="number">0</output>
&nbsp; <span style="background:rgb(120,160,255)">below zero</span> <span style="background:rgb(255,140,120)">above zero</span></p>
<pre id="text"></pre>
<script>
const units = UNITS, values = [VALUES], text = Array.from(TEXT);
const spans = text.map(c => { const s = document.createElement("span"); s.textContent = c; return s; });
document.getElementById("text").append(...spans);
function show(unit) {
  document.getElementById("number").textContent = unit;
  spans.forEach((span, i) => {
    const v = values[i * units + unit] / 100;
    span.style.background = v < 0 ? `rgba(60,110,255,${-v})` : `rgba(255,70,40,${v})`;
  });
}
document.getElementById("unit").addEventListener("input", e => show(+e.target.value));
show(0);
</script>
</html>
"#;

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::text::CharModelConfig;
    use crate::{Architecture, NetworkConfig};

    #[test]
    fn the_page_holds_text_and_activations_and_no_markup_from_the_text() {
        let config = CharModelConfig {
            network: NetworkConfig {
                layers: 2,
                ..NetworkConfig::new(Architecture::Gru, 0, 5)
            },
            d_embedding: 2,
        };
        let model = config.init(3, &Device::default()).unwrap();
        let text: Vec<char> = "</script>".chars().collect();
        let ids: Vec<u32> = (0..text.len() as u32).map(|index| index % 3).collect();
        let activations = Activations::read(&model, text, &ids);
        assert_eq!((activations.values.len(), activations.units), (45, 5));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        activations.write(&path, "a < b").unwrap();
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page.contains("a &lt; b") && page.contains("\\u003c/script>"));
        assert_eq!(page.matches("</script>").count(), 1);
    }
}
