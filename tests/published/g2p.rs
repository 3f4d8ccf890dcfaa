//! Letters to phonemes by g2p-en 2.1.0: two GRUs, an encoder and a decoder, whose arrays are in a `.npz` file.
//!
//! ```text
//! g2p CHECKPOINT WORD…        prints the phonemes of words
//! g2p CHECKPOINT --check FILE compares them with a file of words and phonemes
//! ```

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use burn::module::Param;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::{Gru, GruConfig, Head, HeadConfig, Lengths};
use npyz::NpyFile;
use zip::ZipArchive;

/// What the encoder reads: `<pad>`, `<unk>`, the end and 26 letters.
const END_OF_WORD: i32 = 2;
const UNKNOWN: i32 = 1;
const FIRST_LETTER: i32 = 3;

/// What the decoder writes.
const PHONEMES: &str = "<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH \
    EH0 EH1 EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH \
    UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH";
const START: i32 = 2;
const END: i32 = 3;
/// As long as the package lets a pronunciation become.
const LONGEST: usize = 20;

struct Model {
    letters: Embedding,
    encoder: Gru,
    phonemes: Embedding,
    decoder: Gru,
    head: Head,
}

impl Model {
    fn read(path: &Path, device: &Device) -> Result<Self, Box<dyn Error>> {
        let mut file = ZipArchive::new(BufReader::new(File::open(path)?))?;
        let mut array = |name: &str| -> Result<TensorData, Box<dyn Error>> {
            let array = NpyFile::new(file.by_name(&format!("{name}.npy"))?)?;
            let shape: Vec<usize> = array.shape().iter().map(|&dim| dim as usize).collect();
            Ok(TensorData::new(array.into_vec::<f32>()?, shape))
        };
        let mut embedding = |name: &str| -> Result<Embedding, Box<dyn Error>> {
            let weight = Param::from_data(array(name)?, device);
            Ok(Embedding { weight })
        };
        let [letters, phonemes] = [embedding("enc_emb")?, embedding("dec_emb")?];
        let mut gru = |name: &str| -> Result<Gru, Box<dyn Error>> {
            let w_input = Tensor::<2>::from_data(array(&format!("{name}_w_ih"))?, device);
            let w_hidden = Tensor::<2>::from_data(array(&format!("{name}_w_hh"))?, device);
            let bias = Tensor::<1>::from_data(array(&format!("{name}_b_ih"))?, device);
            let bias_hidden = Tensor::<1>::from_data(array(&format!("{name}_b_hh"))?, device);
            let [d_hidden, d_input] = [w_hidden.dims()[1], w_input.dims()[1]];
            let mut gru = GruConfig::new(d_input, d_hidden).with_bias_hidden(true).init(device);
            for cell in gru.cells_mut() {
                cell.w_input = Param::from_tensor(turn_update(w_input.clone().transpose(), 1));
                cell.w_hidden = Param::from_tensor(turn_update(w_hidden.clone().transpose(), 1));
                cell.bias = Some(Param::from_tensor(turn_update(bias.clone(), 0)));
                cell.bias_hidden = Some(Param::from_tensor(turn_update(bias_hidden.clone(), 0)));
            }
            Ok(gru)
        };
        let [encoder, decoder] = [gru("enc")?, gru("dec")?];
        let weight = Tensor::<2>::from_data(array("fc_w")?, device).transpose();
        let mut head = HeadConfig::new(weight.dims()[0], weight.dims()[1]).init(device);
        head.linear.weight = Param::from_tensor(weight);
        head.linear.bias = Some(Param::from_data(array("fc_b")?, device));
        Ok(Self { letters, encoder, phonemes, decoder, head })
    }

    /// The phonemes of words, all words at once.
    fn pronounce(&self, words: &[&str], device: &Device) -> Vec<String> {
        let lengths = Lengths::new(words.iter().map(|word| word.chars().count() + 1));
        let shape = [words.len(), lengths.max()];
        let mut codes = vec![0; shape[0] * shape[1]];
        for (codes, word) in codes.chunks_exact_mut(shape[1]).zip(words) {
            let letters = word.chars().map(|letter| match letter {
                'a'..='z' => FIRST_LETTER + letter as i32 - 'a' as i32,
                _ => UNKNOWN,
            });
            (codes.iter_mut().zip(letters.chain([END_OF_WORD]))).for_each(|(to, code)| *to = code);
        }
        let codes = Tensor::<2, Int>::from_data(TensorData::new(codes, shape), device);
        // The decoder goes on from the encoder's state after the last letter of each word.
        let letters = self.letters.forward(codes);
        let (_, mut state) = self.encoder.forward_with(letters, None, lengths);

        let names: Vec<&str> = PHONEMES.split_whitespace().collect();
        let mut spoken = vec![Vec::new(); words.len()];
        let mut ended = vec![false; words.len()];
        let mut last = Tensor::<2, Int>::full([words.len(), 1], START, device);
        for _ in 0..LONGEST {
            let read = self.phonemes.forward(last).squeeze_dim(1);
            let (hidden, next) = self.decoder.step(read, Some(state));
            state = next;
            last = self.head.forward(hidden).argmax(1);
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

/// PyTorch's gates are ours, but for the update gate, the second of three blocks, whose sign is turned.
fn turn_update<const D: usize>(gates: Tensor<D>, dim: usize) -> Tensor<D> {
    let mut gates = gates.chunk(3, dim);
    gates[1] = gates[1].clone().neg();
    Tensor::cat(gates, dim)
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
    let expected: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    let words: Vec<&str> = expected.iter().map(|(word, _)| *word).collect();
    let given = model.pronounce(&words, &device);
    let mut right = 0;
    for ((word, phonemes), given) in expected.iter().zip(&given) {
        match given == phonemes {
            true => right += 1,
            false => println!("{word}: {given}, expected {phonemes}"),
        }
    }
    println!("g2p-en: {right} of {} words are pronounced as the package does", words.len());
    Ok(if right == words.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
