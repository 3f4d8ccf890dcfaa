//! Networks out of a file's tensors.

use core::cell::Cell as Counter;

use burn::tensor::Device;

use super::cudnn::{Kernel, usual};
use super::errors::{cannot_read, too_large};
use super::find::{Cell, Found};
use super::layouts::Kind;
use super::open::Opened;
use super::options::{Bias, gru, lstm, simple};
use super::settings::{CellSettings, LayerSettings, layer_settings};
use super::unsaid::Unsaid;
use crate::weights::array::Array;
use crate::weights::build::{CellArrays, FileCell, LayerArrays, NetworkArrays, build};
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::MappedTensor;
use crate::weights::network::AnyNetwork;
use crate::{Merge, Recurrent};

/// What networks out of one file may take: twice the file, since tensors may share their bytes there.
pub(super) struct Budget {
    limit: u64,
    taken: Counter<u64>,
}

impl Budget {
    pub(super) fn of(opened: &Opened) -> Self {
        Self {
            limit: opened.length().saturating_mul(2),
            taken: Counter::new(0),
        }
    }

    fn take(&self, array: &Array<'_>) -> Result<(), WeightsError> {
        let taken = self.taken.get().saturating_add(array.byte_len()?);
        self.taken.set(taken);
        if taken <= self.limit {
            return Ok(());
        }
        let what = format!("the networks up to `{}`", array.name());
        Err(too_large(what, taken, self.limit))
    }
}

/// Reads layers of a file into networks.
pub(super) struct Reader<'a> {
    pub opened: &'a Opened,
    pub unsaid: &'a Unsaid,
    pub budget: Budget,
}

/// A cell of the file with what is known about it.
struct Known<'a> {
    cell: &'a Cell,
    settings: CellSettings,
    /// Whether its tensors lie as cuDNN has them.
    cudnn: bool,
}

impl<'a> Reader<'a> {
    /// The network of one layer, or of several on top of each other.
    pub(super) fn read(
        &self,
        layers: &[&Found<'_>],
        device: &Device,
    ) -> Result<(AnyNetwork, Vec<MappedTensor>), WeightsError> {
        let names: Vec<&str> = layers.iter().map(|found| found.name.as_str()).collect();
        let name = names.join(", ");
        let settings = layers.iter().map(|found| self.settings(found));
        let settings = settings.collect::<Result<Vec<_>, _>>()?;
        let mut stack = Vec::new();
        for (found, settings) in layers.iter().zip(&settings) {
            stack.append(&mut self.known(found, settings.as_ref())?);
        }
        let all = || stack.iter().flat_map(|(f, b)| [f].into_iter().chain(b));
        let kind = all().next().map(|known| known.settings.kind);
        let Some(kind) = kind else {
            return Err(cannot_read(format!("`{name}`"), "it has no cells"));
        };
        if let Some(other) = all().find(|known| known.settings.kind != kind) {
            return Err(cannot_read(
                format!("`{name}`"),
                format!(
                    "it has cells of {} and {} on top of each other; `KerasFile::tensor` gives their numbers",
                    kind.name(),
                    other.settings.kind.name()
                ),
            ));
        }
        let (merge, batch_first) = self.common(layers, &settings, &name)?;
        let shell = Shell {
            name,
            merge,
            batch_first,
        };
        match kind {
            Kind::Simple => self.build(shell, &stack, simple, device),
            Kind::Lstm => self.build(shell, &stack, lstm, device),
            Kind::Gru => self.build(shell, &stack, gru, device),
        }
    }

    /// What the file says about a layer; none where it says nothing.
    fn settings(&self, found: &Found<'_>) -> Result<Option<LayerSettings>, WeightsError> {
        let Some(layer) = found.layer else {
            return Ok(None);
        };
        let settings = layer_settings(layer, &found.name, self.opened.version)?;
        if settings.go_backwards && !self.unsaid.reversed_inputs {
            return Err(cannot_read(
                format!("the layer `{}`", found.name),
                "it goes backwards (`go_backwards=True`), which no network here does: reverse its input yourself, `input.flip([1])`, and say so with `KerasFile::with_reversed_inputs`",
            ));
        }
        Ok(Some(settings))
    }

    /// How directions are merged, and whether sequences have the batch first, where all layers say the same.
    fn common(
        &self,
        layers: &[&Found<'_>],
        settings: &[Option<LayerSettings>],
        name: &str,
    ) -> Result<(Merge, bool), WeightsError> {
        let mut merges = (layers.iter().zip(settings))
            .filter(|(found, _)| !found.backward.is_empty())
            .map(|(_, settings)| settings.as_ref().map_or(self.unsaid.merge, |s| s.merge));
        let merge = merges.next().unwrap_or(self.unsaid.merge);
        let mut majors = settings
            .iter()
            .map(|settings| settings.as_ref().is_some_and(|s| s.time_major));
        let time_major = majors.next().unwrap_or(false);
        if merges.any(|other| other != merge) || majors.any(|other| other != time_major) {
            return Err(cannot_read(
                format!("`{name}`"),
                "its layers do not have the same merge_mode and time_major: read them one by one",
            ));
        }
        Ok((merge, !time_major))
    }

    /// The cells of a layer, each with the one of the other direction.
    fn known<'b>(
        &self,
        found: &'b Found<'_>,
        settings: Option<&LayerSettings>,
    ) -> Result<Vec<(Known<'b>, Option<Known<'b>>)>, WeightsError> {
        let mismatch = |what: &str, given: usize, expected: usize| {
            cannot_read(
                format!("the layer `{}`", found.name),
                format!("the file has {given} cells of its {what} direction, expected {expected}"),
            )
        };
        let expected = settings.map_or(found.forward.len(), |s| s.forward.len());
        if found.forward.len() != expected {
            return Err(mismatch("forward", found.forward.len(), expected));
        }
        // What says nothing has one direction, or two alike.
        let both = settings.map_or(!found.backward.is_empty(), |s| !s.backward.is_empty());
        let expected = if both { found.forward.len() } else { 0 };
        if found.backward.len() != expected {
            return Err(mismatch("backward", found.backward.len(), expected));
        }
        if both && found.forward.len() > 1 {
            return Err(cannot_read(
                format!("the layer `{}`", found.name),
                "each of its directions is a stack of cells, merged at the top; here the directions are merged after each layer: make it of one Bidirectional layer a cell, or read the numbers with `KerasFile::tensor`",
            ));
        }
        let side = |cells: &'b [Cell], settings: Option<&Vec<CellSettings>>| {
            let settings = |index| settings.and_then(|all| all.get(index)).copied();
            let cells = cells.iter().enumerate();
            cells
                .map(|(index, cell)| self.cell(cell, settings(index)))
                .collect::<Result<Vec<_>, _>>()
        };
        let forward = side(&found.forward, settings.map(|s| &s.forward))?;
        let mut backward = side(&found.backward, settings.map(|s| &s.backward))?.into_iter();
        let pairs = forward.into_iter().map(|cell| (cell, backward.next()));
        Ok(pairs.collect())
    }

    /// What is known about a cell: what the settings say, else what the shapes do.
    fn cell<'b>(
        &self,
        cell: &'b Cell,
        settings: Option<CellSettings>,
    ) -> Result<Known<'b>, WeightsError> {
        let recurrent = self
            .opened
            .array(&cell.recurrent_kernel, "the layer needs")?;
        let kind = match settings {
            Some(settings) => settings.kind,
            None => Kind::of_shape(recurrent.shape()).ok_or_else(|| {
                let units = recurrent.shape().first().copied().unwrap_or(0);
                WeightsErrorKind::Shape {
                    tensor: cell.recurrent_kernel.clone(),
                    given: recurrent.shape().to_vec(),
                    expected: vec![units, units.saturating_mul(4)],
                    reason: "an LSTM has four times as many columns as rows, a GRU three times, a simple network as many".into(),
                }
            })?,
        };
        let settings = settings.unwrap_or(CellSettings {
            kind,
            activation: self.unsaid.activation,
            recurrent_activation: self.unsaid.recurrent_activation,
            use_bias: None,
            reset_after: None,
        });
        let gates = recurrent.shape().get(1).copied().unwrap_or(0);
        let bias = self.opened.stored(&cell.bias);
        let cudnn = kind != Kind::Simple
            && bias.is_some_and(|bias| bias.shape == [gates.saturating_mul(2)]);
        Ok(Known {
            cell,
            settings,
            cudnn,
        })
    }

    fn build<O: FileCell>(
        &self,
        shell: Shell,
        stack: &[(Known<'_>, Option<Known<'_>>)],
        options: impl Fn(&CellSettings, Bias) -> Result<O, WeightsError>,
        device: &Device,
    ) -> Result<(AnyNetwork, Vec<MappedTensor>), WeightsError>
    where
        AnyNetwork: From<Recurrent<O::Cell>>,
    {
        let cell = |known: &Known<'_>| {
            let biases = self.biases(known)?;
            let options = options(&known.settings, biases.of())?;
            Ok::<_, WeightsError>(CellArrays {
                layout: known.settings.kind.layout(),
                options,
                w_input: self.kernel(known, Kernel::Input)?,
                w_hidden: self.kernel(known, Kernel::Recurrent)?,
                bias: biases.input,
                bias_hidden: biases.hidden,
                w_project: None,
                peephole: None,
            })
        };
        let layers = stack.iter().map(|(forward, backward)| {
            Ok::<_, WeightsError>(LayerArrays {
                forward: cell(forward)?,
                backward: backward.as_ref().map(cell).transpose()?,
            })
        });
        let network = NetworkArrays {
            name: shell.name,
            layers: layers.collect::<Result<_, _>>()?,
            merge: shell.merge,
            batch_first: shell.batch_first,
        };
        let (network, mapped) = build(network, device)?;
        Ok((network.into(), mapped))
    }

    fn kernel(&self, known: &Known<'_>, kernel: Kernel) -> Result<Array<'a>, WeightsError> {
        let path = match kernel {
            Kernel::Input => &known.cell.kernel,
            Kernel::Recurrent => &known.cell.recurrent_kernel,
        };
        let array = self.opened.array(path, "the layer needs")?;
        self.budget.take(&array)?;
        let gates = known.settings.kind.layout().blocks;
        let (true, &[rows, columns]) = (known.cudnn, array.shape()) else {
            return Ok(array);
        };
        let sizes = [rows, columns / gates, gates];
        let square = kernel == Kernel::Input || rows == sizes[1];
        let size = array.element().float_size().filter(|_| square);
        let Some(size) = size.filter(|_| columns == sizes[1] * gates) else {
            // It does not fit, which is told where all shapes are checked.
            return Ok(array);
        };
        let (shape, element) = (array.shape().to_vec(), array.element().clone());
        Array::later(path.clone(), shape, element, move || {
            Ok(usual(&array.bytes()?, kernel, sizes, size))
        })
    }

    /// The biases of a cell: of the input's side, and of the hidden one's where it has its own.
    fn biases(&self, known: &Known<'_>) -> Result<Biases<'a>, WeightsError> {
        let path = &known.cell.bias;
        let settings = &known.settings;
        if self.opened.stored(path).is_none() && settings.use_bias != Some(true) {
            return Ok(Biases::default());
        }
        let bias = self
            .opened
            .array(path, "the layer, which has biases, needs")?;
        self.budget.take(&bias)?;
        let two = known.cudnn || (settings.kind == Kind::Gru && bias.shape().len() == 2);
        let says = settings.reset_after.filter(|_| settings.kind == Kind::Gru);
        if says.is_some_and(|after| after != two) {
            let columns = bias.shape().last().copied().unwrap_or(0);
            let after = says == Some(true);
            return Err(WeightsErrorKind::Shape {
                tensor: path.clone(),
                given: bias.shape().to_vec(),
                expected: if after {
                    vec![2, columns]
                } else {
                    vec![columns]
                },
                reason: format!("its layer says reset_after={after}"),
            }
            .into());
        }
        if !two {
            return Ok(Biases {
                input: Some(bias),
                hidden: None,
            });
        }
        Ok(Biases {
            input: Some(self.half(path, 0)?),
            hidden: Some(self.half(path, 1)?),
        })
    }

    /// One of the two halves of a bias, `[2, n]` or `[2 · n]`.
    fn half(&self, path: &str, index: usize) -> Result<Array<'a>, WeightsError> {
        let whole = self.opened.array(path, "the layer needs")?;
        let width = match *whole.shape() {
            [2, width] => width,
            [both] => both / 2,
            _ => {
                return Err(WeightsErrorKind::Rank {
                    tensor: path.into(),
                    given: whole.shape().to_vec(),
                    expected: 2,
                }
                .into());
            }
        };
        let (name, element) = (format!("{path}[{index}]"), whole.element().clone());
        Array::later(name, [width], element, move || {
            let bytes = whole.bytes()?;
            let half = bytes.len() / 2;
            Ok(bytes[index * half..(index + 1) * half].to_vec())
        })
    }
}

/// What a network is beside its layers.
struct Shell {
    name: String,
    merge: Merge,
    batch_first: bool,
}

/// The biases of a cell.
#[derive(Default)]
struct Biases<'a> {
    input: Option<Array<'a>>,
    hidden: Option<Array<'a>>,
}

impl Biases<'_> {
    fn of(&self) -> Bias {
        match (&self.input, &self.hidden) {
            (_, Some(_)) => Bias::Two,
            (Some(_), None) => Bias::One,
            (None, None) => Bias::None,
        }
    }
}
