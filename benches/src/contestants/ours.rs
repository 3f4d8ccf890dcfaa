//! This library, through what its users import.

use burn_rnn::{
    CellOptions, CfnConfig, CoRnnConfig, CoupledLstmConfig, FastGrnnConfig, GruConfig,
    IndRnnConfig, JanetConfig, LemConfig, Lengths, LstmConfig, MguConfig, MinimalRnnConfig,
    NbrcConfig, PeepholeKind, PeepholeLstmConfig, RanConfig, RecurrentConfig, Reset,
    SimpleRnnConfig, SlstmConfig, UgrnnConfig,
};

use super::own::OwnConfig;
use super::{Task, tasks};
use crate::case::{Case, Cell, Mode};

/// Makes a network of the case's architecture; where steps are timed, those of a `Stream` or of the network itself,
/// where sessions are, each in a `Stream` of its own or all in one.
pub fn prepare(case: &Case, as_stream: bool, lengths: &[usize]) -> Result<Task, String> {
    let task = Timed {
        case,
        as_stream,
        lengths,
    };
    let (input, hidden) = (case.shape.input, case.shape.hidden);
    let lstm = LstmConfig::new(input, hidden);
    match case.cell {
        Cell::Rnn => task.of(SimpleRnnConfig::new(input, hidden)),
        Cell::Gru => task.of(GruConfig::new(input, hidden)),
        Cell::GruBefore => {
            let config = GruConfig::new(input, hidden).with_reset(Reset::BeforeProduct);
            task.of(config)
        }
        Cell::Peephole => task.of(PeepholeLstmConfig::new(input, hidden)),
        Cell::PeepholeFull => {
            let config = PeepholeLstmConfig::new(input, hidden).with_peephole(PeepholeKind::Full);
            task.of(config)
        }
        Cell::Coupled => task.of(CoupledLstmConfig::new(input, hidden)),
        Cell::Lstm => task.of(lstm),
        Cell::Nig => task.of(lstm.with_input_gate(false)),
        Cell::Nfg => task.of(lstm.with_forget_gate(false)),
        Cell::Nog => task.of(lstm.with_output_gate(false)),
        Cell::Niaf => task.of(lstm.with_input_activation(false)),
        Cell::Noaf => task.of(lstm.with_output_activation(false)),
        Cell::Fgr => task.of(lstm.with_full_gate_recurrence(true)),
        Cell::Variational => task.of(lstm.with_variational_dropout(0.2, 0.3)),
        Cell::RecurrentDropout => task.of(lstm.with_recurrent_dropout(0.25)),
        Cell::Zoneout => task.of(lstm.with_zoneout(0.05, 0.1)),
        Cell::WeightDrop => task.of(lstm.with_weight_drop(0.5)),
        Cell::Indrnn => task.of(IndRnnConfig::new(input, hidden)),
        Cell::Ugrnn => task.of(UgrnnConfig::new(input, hidden)),
        Cell::Janet => task.of(JanetConfig::new(input, hidden)),
        Cell::Mgu => task.of(MguConfig::new(input, hidden)),
        Cell::Ran => task.of(RanConfig::new(input, hidden)),
        Cell::Cfn => task.of(CfnConfig::new(input, hidden)),
        Cell::Minimal => task.of(MinimalRnnConfig::new(input, hidden)),
        Cell::Cornn => task.of(CoRnnConfig::new(input, hidden)),
        Cell::Lem => task.of(LemConfig::new(input, hidden)),
        Cell::Fastgrnn => task.of(FastGrnnConfig::new(input, hidden)),
        Cell::Nbrc => task.of(NbrcConfig::new(input, hidden)),
        Cell::Slstm => task.of(SlstmConfig::new(input, hidden)),
        Cell::LnLstm => task.of(lstm.with_layer_norm(true)),
        Cell::LnGru => task.of(GruConfig::new(input, hidden).with_layer_norm(true)),
        Cell::Own => task.of(OwnConfig::new(input, hidden)),
    }
}

struct Timed<'a> {
    case: &'a Case,
    as_stream: bool,
    lengths: &'a [usize],
}

impl Timed<'_> {
    fn of<O: CellOptions>(&self, config: RecurrentConfig<O>) -> Result<Task, String>
    where
        O::Cell: 'static,
    {
        let Case { mode, shape, .. } = *self.case;
        let network = config
            .try_init(&tasks::device(mode))
            .map_err(|error| error.to_string())?;
        let lengths = self.lengths.iter().copied();
        let lengths = (!self.lengths.is_empty()).then(|| Lengths::new(lengths));
        Ok(match mode {
            Mode::Sessions if self.as_stream => {
                tasks::sessions(vec![network.stream(1); shape.batch], shape)
            }
            Mode::Sessions => tasks::sessions(vec![network.stream(shape.batch)], shape),
            Mode::Step if self.as_stream => tasks::stream(
                network.stream(1),
                |stream, x_t, _| (stream.step(x_t), ()),
                shape,
            ),
            Mode::Step => tasks::stream(
                network,
                |network, x_t, state| network.step(x_t, state),
                shape,
            ),
            _ => tasks::sequence(
                network,
                move |network, input| network.forward_with(input, None, lengths.as_ref()).0,
                mode,
                shape,
            ),
        })
    }
}
