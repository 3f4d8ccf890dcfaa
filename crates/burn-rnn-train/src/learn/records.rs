//! What a checkpoint's records hold, against what the model has: Burn's own loading takes a parameter
//! for fresh where its moments are missing, and panics where they have no parameter or another shape.

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Bytes, DType, TensorData};
use burn_pack::{Reader, Scalar, Tensor};

use super::checkpoint_error::CheckpointError;
use super::checkpoint_file::{MODEL, OPTIMIZER};

/// A tensor without its values.
#[derive(Debug, PartialEq)]
struct Form {
    shape: Vec<usize>,
    dtype: DType,
}

impl Form {
    fn of(tensor: &Tensor) -> Self {
        Self {
            shape: tensor.shape.to_vec(),
            dtype: tensor.dtype,
        }
    }
}

impl Display for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} {:?}", self.dtype, self.shape)
    }
}

/// The tensors and numbers of a record, by name.
struct Record {
    part: &'static str,
    tensors: BTreeMap<String, Tensor>,
    scalars: BTreeMap<String, Scalar>,
}

impl Record {
    fn read(part: &'static str, bytes: &Bytes) -> Result<Self, CheckpointError> {
        let refuse = |source| unreadable(part, source);
        let reader = Reader::from_bytes(bytes.clone()).map_err(refuse)?;
        let scalars = reader.scalars().clone();
        let mut tensors = BTreeMap::new();
        for tensor in reader.into_tensors().map_err(refuse)? {
            let name = tensor.name.clone();
            if tensors.insert(name.clone(), tensor).is_some() {
                return Err(CheckpointError::unfit(part, name, "there twice", "once"));
            }
        }
        Ok(Self {
            part,
            tensors,
            scalars,
        })
    }

    /// Takes a tensor of this form, all of finite numbers, which as squares are not negative.
    fn take_tensor(
        &mut self,
        name: &str,
        expected: &Form,
        is_square: bool,
    ) -> Result<(), CheckpointError> {
        let unfit =
            |found: &dyn Display| Err(CheckpointError::unfit(self.part, name, found, expected));
        let Some(tensor) = self.tensors.remove(name) else {
            return unfit(&"missing");
        };
        let found = Form::of(&tensor);
        if found != *expected {
            return unfit(&found);
        }
        let refuse = |source| unreadable(self.part, source);
        let bytes = tensor.into_bytes().map_err(refuse)?;
        let values = TensorData::from_bytes(bytes, found.shape, found.dtype);
        let wrong = |value: &f64| !value.is_finite() || (is_square && *value < 0.0);
        match values.iter::<f64>().find(wrong) {
            None => Ok(()),
            Some(value) => Err(CheckpointError::unfit(
                self.part,
                format!("a number of {name}"),
                value,
                match is_square {
                    true => "a finite one of at least 0",
                    false => "a finite one",
                },
            )),
        }
    }

    fn take_number(&mut self, name: &str) -> Result<usize, CheckpointError> {
        let number = self.scalars.remove(name).map(usize::try_from);
        match number {
            Some(Ok(number)) => Ok(number),
            _ => Err(CheckpointError::unfit(
                self.part, name, "missing", "a count",
            )),
        }
    }

    /// The parameters whose numbers the names begin with.
    fn parameters(&self) -> BTreeSet<u64> {
        let names = self.tensors.keys().chain(self.scalars.keys());
        names
            .filter_map(|name| name.split('.').next()?.parse().ok())
            .collect()
    }

    /// Refuses what nobody asked for.
    fn end(self) -> Result<(), CheckpointError> {
        match self.tensors.keys().chain(self.scalars.keys()).next() {
            None => Ok(()),
            Some(name) => Err(CheckpointError::unfit(self.part, name, "there", "nothing")),
        }
    }
}

fn unreadable(part: &'static str, source: burn_pack::Error) -> CheckpointError {
    let source = source.into();
    CheckpointError::Record { part, source }
}

/// The parameters of a model by the numbers that a record gives them.
pub(super) struct Parameters(BTreeMap<u64, Form>);

impl Parameters {
    /// Those of a record, which has to have the tensors that `fresh` has: a record of the model before it
    /// is loaded.
    pub(super) fn of(model: &Bytes, fresh: &Bytes) -> Result<Self, CheckpointError> {
        let mut found = Record::read(MODEL, model)?;
        let mut parameters = BTreeMap::new();
        for (name, tensor) in Record::read(MODEL, fresh)?.tensors {
            let form = Form::of(&tensor);
            let id = found.tensors.get(&name).and_then(|tensor| tensor.param_id);
            found.take_tensor(&name, &form, false)?;
            let unique = id.map(|id| parameters.insert(id, form).is_none());
            if unique != Some(true) {
                let id = id.map_or("missing".to_owned(), |id| id.to_string());
                let what = format!("the number of {name}");
                return Err(CheckpointError::unfit(MODEL, what, id, "one of its own"));
            }
        }
        found.end()?;
        Ok(Self(parameters))
    }

    /// Checks a record of AdamW after so many steps.
    pub(super) fn check_moments(
        &self,
        optimizer: &Bytes,
        steps: usize,
    ) -> Result<(), CheckpointError> {
        let refuse = |what: &str, found: &dyn Display, expected: &dyn Display| {
            Err(CheckpointError::unfit(OPTIMIZER, what, found, expected))
        };
        let mut found = Record::read(OPTIMIZER, optimizer)?;
        for id in found.parameters() {
            let Some(form) = self.0.get(&id) else {
                let what = format!("the parameter {id}");
                return refuse(&what, &"there", &"one of the model's");
            };
            // The second is a mean of squares.
            for (moment, is_square) in [("moment_1", false), ("moment_2", true)] {
                let name = format!("{id}.momentum.{moment}");
                let owner = found.tensors.get(&name).map(|tensor| tensor.param_id);
                if owner.is_some_and(|owner| owner != Some(id)) {
                    return refuse(&format!("the parameter of {name}"), &"another", &id);
                }
                found.take_tensor(&name, form, is_square)?;
            }
            let rank = form.shape.len();
            for (name, range) in [("momentum.time", 1..=steps), ("__rank", rank..=rank)] {
                let name = format!("{id}.{name}");
                let number = found.take_number(&name)?;
                if !range.contains(&number) {
                    let expected = format!("{} to {}", range.start(), range.end());
                    return refuse(&name, &number, &expected);
                }
            }
        }
        found.end()
    }
}

/// The parameters, by their numbers, that a record of AdamW has moments of.
pub(super) fn with_moments(optimizer: &Bytes) -> Result<BTreeSet<u64>, CheckpointError> {
    Ok(Record::read(OPTIMIZER, optimizer)?.parameters())
}
