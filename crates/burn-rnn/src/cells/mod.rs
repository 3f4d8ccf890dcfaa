//! The cells of the library, a file each.

mod cfn;
mod cornn;
mod coupled;
mod fastgrnn;
mod gru;
mod indrnn;
mod janet;
mod lem;
mod lstm;
mod lstm_equations;
mod mgu;
mod minimal_rnn;
mod nbrc;
mod peephole;
mod ran;
mod simple;
mod slstm;
mod ugrnn;

pub use cfn::{Cfn, CfnCell, CfnConfig, CfnOptions};
pub use cornn::{CoRnn, CoRnnCell, CoRnnConfig, CoRnnOptions, CoRnnState};
pub use coupled::{CoupledLstm, CoupledLstmConfig, CoupledLstmOptions, Coupling};
pub use fastgrnn::{FastGrnn, FastGrnnCell, FastGrnnConfig, FastGrnnOptions};
pub use gru::{Gru, GruCell, GruConfig, GruGate, GruOptions, Reset};
pub use indrnn::{IndRnn, IndRnnCell, IndRnnConfig, IndRnnOptions};
pub use janet::{Janet, JanetCell, JanetConfig, JanetOptions};
pub use lem::{Lem, LemCell, LemConfig, LemOptions, LemState};
pub use lstm::{Lstm, LstmCell, LstmConfig, LstmGate, LstmOptions};
pub use mgu::{Mgu, MguCell, MguConfig, MguOptions};
pub use minimal_rnn::{MinimalRnn, MinimalRnnCell, MinimalRnnConfig, MinimalRnnOptions};
pub use nbrc::{Nbrc, NbrcCell, NbrcConfig, NbrcOptions};
pub use peephole::{Peephole, PeepholeKind, PeepholeLstm, PeepholeLstmConfig, PeepholeLstmOptions};
pub use ran::{Ran, RanCell, RanConfig, RanOptions};
pub use simple::{SimpleCell, SimpleOptions, SimpleRnn, SimpleRnnConfig};
pub use slstm::{Slstm, SlstmCell, SlstmConfig, SlstmOptions, SlstmState};
pub use ugrnn::{Ugrnn, UgrnnCell, UgrnnConfig, UgrnnOptions};
