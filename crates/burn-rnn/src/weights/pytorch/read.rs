//! Networks out of a file's tensors.

use burn::tensor::Device;

use super::layouts::Kind;
use super::names::{Naming, Outline, find};
use super::open::Tensors;
use crate::weights::array::Array;
use crate::weights::build::{CellArrays, FileCell, LayerArrays, NetworkArrays, build};
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::MappedTensor;
use crate::weights::network::AnyNetwork;
use crate::{Activation, GruOptions, LstmOptions, Merge, SimpleOptions};

/// What networks out of one file may take: twice the file, since tensors may share their numbers there. Without it a file could name the
/// same storage a million times.
pub(super) struct Budget {
    limit: u64,
    taken: core::cell::Cell<u64>,
}

impl Budget {
    pub(super) fn of(tensors: &Tensors) -> Self {
        Self {
            limit: tensors.length.saturating_mul(2),
            taken: core::cell::Cell::new(0),
        }
    }

    fn take(&self, array: &Array<'_>) -> Result<(), WeightsError> {
        let taken = self.taken.get().saturating_add(array.byte_len()?);
        self.taken.set(taken);
        if taken <= self.limit {
            return Ok(());
        }
        Err(WeightsErrorKind::TooLarge {
            what: format!("the networks up to `{}`", array.name()),
            given: taken,
            limit: self.limit,
        }
        .into())
    }
}

/// A recurrent module in a file: where it is, and what its names say about it.
pub(super) struct Module<'a> {
    tensors: &'a Tensors,
    /// The prefix of its tensors, with its dot.
    prefix: &'a str,
    naming: Naming,
    outline: Outline,
}

/// The recurrent modules of a file, in the order of their names.
pub(super) fn modules(tensors: &Tensors) -> Vec<Module<'_>> {
    let found = find(tensors.tensors.keys().map(String::as_str));
    let module = |((prefix, naming), outline)| Module {
        tensors,
        prefix,
        naming,
        outline,
    };
    found.into_iter().map(module).collect()
}

impl<'a> Module<'a> {
    /// The name: the prefix without its dot.
    pub(super) fn name(&self) -> &'a str {
        self.prefix.trim_end_matches('.')
    }

    /// What it is, told by the rows of its hidden matrix: four times, three times or as many as its units.
    pub(super) fn kind(&self) -> Result<Kind, WeightsError> {
        let hidden = self.parameter("weight_hh", 0, false)?;
        let &[rows, columns] = hidden.shape() else {
            return Err(WeightsErrorKind::Rank {
                tensor: hidden.name().into(),
                given: hidden.shape().to_vec(),
                expected: 2,
            }
            .into());
        };
        if self.outline.projection {
            // Only an LSTM can have one.
            return Ok(Kind::Lstm);
        }
        Kind::of_rows(rows, columns).ok_or_else(|| {
            WeightsErrorKind::Shape {
                tensor: hidden.name().into(),
                given: vec![rows, columns],
                expected: vec![columns.saturating_mul(4), columns],
                reason: "an LSTM has four times as many rows as columns, a GRU three times, a simple network as many".into(),
            }
            .into()
        })
    }

    /// The network of this module; `activation` is that of a simple one, which the file does not have.
    pub(super) fn read(
        &self,
        activation: Activation,
        budget: &Budget,
        device: &Device,
    ) -> Result<(AnyNetwork, Vec<MappedTensor>), WeightsError> {
        let bias_hidden = self.outline.bias;
        match self.kind()? {
            Kind::Rnn => {
                let options = SimpleOptions {
                    activation,
                    bias_hidden,
                    ..SimpleOptions::default()
                };
                let (network, mapped) =
                    self.build(Kind::Rnn, |_| options.clone(), budget, device)?;
                Ok((network.into(), mapped))
            }
            Kind::Lstm => {
                let options = |w_project: Option<&Array<'_>>| {
                    let width = w_project.and_then(|array| array.shape().first().copied());
                    LstmOptions {
                        projection: width,
                        bias_hidden,
                        ..LstmOptions::default()
                    }
                };
                let (network, mapped) = self.build(Kind::Lstm, options, budget, device)?;
                Ok((network.into(), mapped))
            }
            Kind::Gru => {
                let options = GruOptions {
                    bias_hidden,
                    ..GruOptions::default()
                };
                let (network, mapped) =
                    self.build(Kind::Gru, |_| options.clone(), budget, device)?;
                Ok((network.into(), mapped))
            }
        }
    }

    /// Builds the network with the options that `options` gives for a cell with or without a projection.
    fn build<O: FileCell>(
        &self,
        kind: Kind,
        options: impl Fn(Option<&Array<'_>>) -> O,
        budget: &Budget,
        device: &Device,
    ) -> Result<(crate::Recurrent<O::Cell>, Vec<MappedTensor>), WeightsError> {
        let cell = |layer, backward| {
            let parameter = |name| {
                let array = self.parameter(name, layer, backward)?;
                budget.take(&array)?;
                Ok::<_, WeightsError>(array)
            };
            let when = |on: bool, name| on.then(|| parameter(name)).transpose();
            let w_project = when(self.outline.projection, "weight_hr")?;
            Ok::<_, WeightsError>(CellArrays {
                layout: kind.layout(),
                options: options(w_project.as_ref()),
                w_input: parameter("weight_ih")?,
                w_hidden: parameter("weight_hh")?,
                bias: when(self.outline.bias, "bias_ih")?,
                bias_hidden: when(self.outline.bias, "bias_hh")?,
                w_project,
                peephole: None,
            })
        };
        let mut layers = Vec::new();
        // As many as the names say; a layer that is missing among them ends it with an error.
        for layer in 0..self.outline.layers {
            let backward = (self.outline.bidirectional).then(|| cell(layer, true));
            layers.push(LayerArrays {
                forward: cell(layer, false)?,
                backward: backward.transpose()?,
            });
        }
        let network = NetworkArrays {
            name: self.name().to_string(),
            layers,
            merge: Merge::Concat,
            batch_first: true,
        };
        build(network, device)
    }

    fn parameter(
        &self,
        parameter: &str,
        layer: usize,
        backward: bool,
    ) -> Result<Array<'a>, WeightsError> {
        let name = self.naming.name(self.prefix, parameter, layer, backward);
        let needed_by = match self.name() {
            "" => format!("layer {layer} needs"),
            name => format!("layer {layer} of `{name}` needs"),
        };
        self.tensors.array(&name, &needed_by)
    }
}
