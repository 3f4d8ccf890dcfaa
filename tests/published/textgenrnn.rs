//! Text symbol by symbol by textgenrnn 2.0.0: an embedding, two LSTMs in CuDNN's layout and an attention over all that they say, in a
//! Keras `.hdf5` file.
//!
//! ```text
//! textgenrnn FOLDER TEXT                     goes on with a text, always by the most probable symbol
//! textgenrnn FOLDER --check TEXTS NUMBERS   compares the distributions of the next symbol
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::weights::KerasFile;
use burn_rnn::{Head, HeadActivation, Lstm};
use burn_rnn_published::{distance, exit, expected};

/// The symbols that the network reads, the last ones of a text.
const WINDOW: usize = 40;
/// The symbol before a text and after it.
const BORDER: &str = "<s>";

struct Model {
    codes: HashMap<String, usize>,
    embedding: Embedding,
    first: Lstm,
    second: Lstm,
    /// The weights of the attention's scores, `[features, 1]`.
    attention: Tensor<2>,
    output: Head,
    device: Device,
}

impl Model {
    fn read(folder: &Path, device: &Device) -> Result<Self, Box<dyn Error>> {
        let codes = std::fs::read(folder.join("textgenrnn_vocab.json"))?;
        let file = KerasFile::open(folder.join("textgenrnn_weights.hdf5"))?;
        Ok(Self {
            codes: serde_json::from_slice(&codes)?,
            embedding: file.embedding("embedding", device)?,
            first: file.lstm("rnn_1", device)?,
            second: file.lstm("rnn_2", device)?,
            attention: file.tensor("attention/attention_W", device)?,
            output: Head {
                linear: file.dense("output", device)?,
                activation: HeadActivation::Softmax,
            },
            device: device.clone(),
        })
    }

    /// The distributions of the next symbol, `[texts, symbols]`.
    fn next(&self, texts: &[String]) -> Result<Tensor<2>, Box<dyn Error>> {
        let mut windows = Vec::with_capacity(texts.len() * WINDOW);
        for text in texts {
            let mut codes = vec![self.codes[BORDER]];
            for symbol in text.chars() {
                let code = self.codes.get(symbol.encode_utf8(&mut [0; 4]) as &str);
                codes.push(
                    *code
                        .ok_or_else(|| format!("the model does not know the symbol {symbol:?}"))?,
                );
            }
            let read = &codes[codes.len().saturating_sub(WINDOW)..];
            // Before a short text there is symbol 0, which is none, and which the network reads, too.
            windows.extend(std::iter::repeat_n(0, WINDOW - read.len()));
            windows.extend(read.iter().map(|&code| code as i32));
        }
        let windows = TensorData::new(windows, [texts.len(), WINDOW]);
        let x = self
            .embedding
            .forward(Tensor::<2, Int>::from_data(windows, &self.device));
        let (first, _) = self.first.forward(x.clone(), None);
        let (second, _) = self.second.forward(first.clone(), None);
        let all = Tensor::cat(vec![x, first, second], 2);
        let scores = all.clone().matmul(self.attention.clone().unsqueeze());
        let weights = (scores.clone() - scores.max_dim(1)).exp();
        // Keras' epsilon is in the sum.
        let weights = weights.clone() / (weights.sum_dim(1) + 1e-7);
        let average = (weights * all).sum_dim(1).squeeze_dim(1);
        Ok(self.output.forward(average))
    }

    /// A text with what may follow, up to a hundred symbols.
    fn go_on(&self, text: &str) -> Result<String, Box<dyn Error>> {
        let symbols: HashMap<usize, &str> = self
            .codes
            .iter()
            .map(|(symbol, code)| (*code, symbol.as_str()))
            .collect();
        let mut text = text.to_owned();
        for _ in 0..100 {
            let best: i64 = self
                .next(std::slice::from_ref(&text))?
                .argmax(1)
                .into_scalar();
            match symbols.get(&(best as usize)) {
                Some(&symbol) if symbol != BORDER => text.push_str(symbol),
                _ => break,
            }
        }
        Ok(text)
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let device = Device::default();
    match arguments.as_slice() {
        [folder, "--check", texts, numbers] => {
            let model = Model::read(Path::new(folder), &device)?;
            let texts: Vec<String> = serde_json::from_slice(&std::fs::read(texts)?)?;
            let given: Vec<f32> = model.next(&texts)?.into_data().try_to_vec()?;
            let worst = distance(&given, &expected(numbers, "next")?);
            println!(
                "textgenrnn: the distributions after {} texts are at most {worst:.1e} from Keras'",
                texts.len()
            );
            Ok(exit(worst <= 1e-5))
        }
        [folder, text] => {
            println!("{}", Model::read(Path::new(folder), &device)?.go_on(text)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("usage: textgenrnn FOLDER TEXT | textgenrnn FOLDER --check TEXTS NUMBERS".into()),
    }
}
