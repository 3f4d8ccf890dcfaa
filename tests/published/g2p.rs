//! Letters to phonemes by g2p-en 2.1.0: two GRUs, an encoder and a decoder, whose arrays are in a `.npz` file.
//!
//! ```text
//! g2p CHECKPOINT WORD…        prints the phonemes of words
//! g2p CHECKPOINT --check FILE compares them with a file of words and phonemes
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor, TensorData, module::embedding};
use burn_rnn::{Gru, GruConfig, Lengths};
use burn_rnn_published::{exit, npz};

/// What the encoder reads after a word.
const END_OF_WORD: i32 = 2;

/// What the decoder writes.
const PHONEMES: &str = "<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH \
    EH0 EH1 EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH \
    UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH";
const START: i32 = 2;
const END: i32 = 3;
/// As long as the package lets a pronunciation become.
const LONGEST: usize = 20;

struct Model {
    letters: Tensor<2>,
    encoder: Gru,
    phonemes: Tensor<2>,
    decoder: Gru,
    linear: Linear,
}

/// The arrays of the file, by name.
struct Arrays(HashMap<String, TensorData>, Device);

impl Arrays {
    fn tensor<const D: usize>(&self, name: &str) -> Result<Tensor<D>, String> {
        let array = self.0.get(name).ok_or(format!("there is no {name}"))?;
        Ok(Tensor::from_data(array.clone(), &self.1))
    }

    /// A GRU. PyTorch's matrices are ours transposed, and its update gate, the second of three, is one minus ours: the sign turns.
    fn gru(&self, name: &str) -> Result<Gru, String> {
        let matrix = |part| self.tensor::<2>(&format!("{name}_w_{part}"));
        let bias = |part| self.tensor::<1>(&format!("{name}_b_{part}"));
        let [w_input, w_hidden] = [matrix("ih")?.transpose(), matrix("hh")?.transpose()];
        let config = GruConfig::new(w_input.dims()[0], w_hidden.dims()[0]).with_bias_hidden(true);
        let mut gru = config.init(&self.1);
        let cell = &mut gru.stack.layers[0].forward;
        cell.w_input = Param::from_tensor(turn_update(w_input));
        cell.w_hidden = Param::from_tensor(turn_update(w_hidden));
        cell.bias = Some(Param::from_tensor(turn_update(bias("ih")?)));
        cell.bias_hidden = Some(Param::from_tensor(turn_update(bias("hh")?)));
        Ok(gru)
    }
}

fn turn_update<const D: usize>(gates: Tensor<D>) -> Tensor<D> {
    let mut gates = gates.chunk(3, D - 1);
    gates[1] = gates[1].clone().neg();
    Tensor::cat(gates, D - 1)
}

impl Model {
    fn read(path: &Path, device: &Device) -> Result<Self, Box<dyn Error>> {
        let arrays = Arrays(npz::read(path)?, device.clone());
        let linear = Linear {
            weight: Param::from_tensor(arrays.tensor::<2>("fc_w")?.transpose()),
            bias: Some(Param::from_tensor(arrays.tensor("fc_b")?)),
        };
        Ok(Self {
            letters: arrays.tensor("enc_emb")?,
            encoder: arrays.gru("enc")?,
            phonemes: arrays.tensor("dec_emb")?,
            decoder: arrays.gru("dec")?,
            linear,
        })
    }

    /// The phonemes of words, all words at once.
    fn pronounce(&self, words: &[&str], device: &Device) -> Vec<String> {
        let lengths = Lengths::new(words.iter().map(|word| word.chars().count() + 1));
        let shape = [words.len(), lengths.max()];
        let mut codes = vec![0; shape[0] * shape[1]];
        for (codes, word) in codes.chunks_exact_mut(shape[1]).zip(words) {
            let letters = word.chars().map(|letter| match letter {
                'a'..='z' => 3 + letter as i32 - 'a' as i32,
                _ => 1,
            });
            (codes.iter_mut().zip(letters.chain([END_OF_WORD]))).for_each(|(to, code)| *to = code);
        }
        let codes = Tensor::<2, Int>::from_data(TensorData::new(codes, shape), device);
        // The decoder goes on from the encoder's state after the last letter of each word.
        let letters = embedding(self.letters.clone(), codes);
        let (_, mut state) = self.encoder.forward_with(letters, None, lengths);

        let names: Vec<&str> = PHONEMES.split_whitespace().collect();
        let mut spoken = vec![Vec::new(); words.len()];
        let mut ended = vec![false; words.len()];
        let mut last = Tensor::<2, Int>::full([words.len(), 1], START, device);
        for _ in 0..LONGEST {
            let read = embedding(self.phonemes.clone(), last).squeeze_dim(1);
            let (hidden, next) = self.decoder.step(read, Some(state));
            state = next;
            last = self.linear.forward(hidden).argmax(1);
            for (word, code) in last.to_data().iter::<i32>().enumerate() {
                ended[word] |= code == END;
                if !ended[word] {
                    spoken[word].push(names[code as usize]);
                }
            }
        }
        spoken.iter().map(|phonemes| phonemes.join(" ")).collect()
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [checkpoint, words @ ..] = arguments.as_slice() else {
        return Err("usage: g2p CHECKPOINT WORD… | g2p CHECKPOINT --check FILE".into());
    };
    let device = Device::default();
    let model = Model::read(Path::new(checkpoint), &device)?;
    let ["--check", file] = words else {
        for (word, phonemes) in words.iter().zip(model.pronounce(words, &device)) {
            println!("{word}\t{phonemes}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let (words, expected): (Vec<&str>, Vec<&str>) = lines.unzip();
    let mut right = 0;
    for (n, given) in model.pronounce(&words, &device).iter().enumerate() {
        match given == expected[n] {
            true => right += 1,
            false => println!("{}: {given}, expected {}", words[n], expected[n]),
        }
    }
    let all = words.len();
    println!("g2p-en: {right} of {all} words as the package pronounces them");
    Ok(exit(right == all))
}
