//! What a checkpoint's records hold, against what the model has: Burn's own loading takes a parameter
//! for fresh where its moments are missing, and panics where they have no parameter or another shape.

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Bytes, DType};
use burn_pack::{Reader, Scalar};

use super::checkpoint_error::CheckpointError;
use super::checkpoint_file::{MODEL, OPTIMIZER};

/// A tensor of a record, without its values.
#[derive(Clone, Debug, PartialEq)]
struct Form {
    shape: Vec<usize>,
    dtype: DType,
    parameter: Option<u64>,
}

impl Display for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} {:?}", self.dtype, self.shape)
    }
}

/// The tensors and numbers of a record, by name.
struct Record {
    part: &'static str,
    tensors: BTreeMap<String, Form>,
    scalars: BTreeMap<String, Scalar>,
}

impl Record {
    fn read(part: &'static str, bytes: &Bytes) -> Result<Self, CheckpointError> {
        let refuse = |source: burn_pack::Error| CheckpointError::Record {
            part,
            source: source.into(),
        };
        let reader = Reader::from_bytes(bytes.clone()).map_err(refuse)?;
        let scalars = reader.scalars().clone();
        let mut tensors = BTreeMap::new();
        for tensor in reader.into_tensors().map_err(refuse)? {
            let form = Form {
                shape: tensor.shape.to_vec(),
                dtype: tensor.dtype,
                parameter: tensor.param_id,
            };
            let name = tensor.name;
            if tensors.insert(name.clone(), form).is_some() {
                return Err(CheckpointError::unfit(part, name, "there twice", "once"));
            }
        }
        Ok(Self {
            part,
            tensors,
            scalars,
        })
    }

    fn take_tensor(&mut self, name: &str, expected: &Form) -> Result<(), CheckpointError> {
        let found = self.tensors.remove(name);
        let fits = |found: &Form| found.shape == expected.shape && found.dtype == expected.dtype;
        match found {
            Some(found) if fits(&found) => Ok(()),
            Some(found) => Err(CheckpointError::unfit(self.part, name, found, expected)),
            None => Err(CheckpointError::unfit(self.part, name, "missing", expected)),
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

/// The parameters of a model by the numbers that a record gives them.
pub(super) struct Parameters(BTreeMap<u64, Form>);

impl Parameters {
    /// Those of a record, which has to have the tensors that `fresh` has: a record of the model before it
    /// is loaded.
    pub(super) fn of(model: &Bytes, fresh: &Bytes) -> Result<Self, CheckpointError> {
        let mut found = Record::read(MODEL, model)?;
        let mut parameters = BTreeMap::new();
        for (name, form) in Record::read(MODEL, fresh)?.tensors {
            let id = found.tensors.get(&name).and_then(|form| form.parameter);
            found.take_tensor(&name, &form)?;
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

    /// Checks a record of AdamW after so many steps. `learnt` is the number of parameters that have moments, where
    /// the file says it.
    pub(super) fn check_moments(
        &self,
        optimizer: &Bytes,
        steps: usize,
        learnt: Option<usize>,
    ) -> Result<(), CheckpointError> {
        let refuse = |what: &str, found: &dyn Display, expected: &dyn Display| {
            Err(CheckpointError::unfit(OPTIMIZER, what, found, expected))
        };
        let mut found = Record::read(OPTIMIZER, optimizer)?;
        let ids = found.parameters();
        let expected = learnt.unwrap_or(ids.len().max(1));
        if ids.len() != expected {
            let what = "the number of parameters with moments";
            return refuse(what, &ids.len(), &expected);
        }
        for id in ids {
            let Some(form) = self.0.get(&id) else {
                let what = format!("the parameter {id}");
                return refuse(&what, &"there", &"one of the model's");
            };
            for moment in ["moment_1", "moment_2"] {
                let name = format!("{id}.momentum.{moment}");
                let owner = found.tensors.get(&name).map(|form| form.parameter);
                if owner.is_some_and(|owner| owner != Some(id)) {
                    return refuse(&format!("the parameter of {name}"), &"another", &id);
                }
                found.take_tensor(&name, form)?;
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

/// The number of parameters that a record of AdamW has moments of.
pub(super) fn learnt(optimizer: &Bytes) -> Result<usize, CheckpointError> {
    Ok(Record::read(OPTIMIZER, optimizer)?.parameters().len())
}
