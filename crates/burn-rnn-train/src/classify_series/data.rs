//! The series of a training, in three parts.

use std::path::{Path, PathBuf};

use burn_rnn_data::{
    LabelledSeries, Parts, SeriesColumns, SeriesFeatures, SeriesSet, generate_sensors, stratified,
};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::SeriesSettings;
use crate::classes::Labelled;
use crate::sounds::place;
use crate::{TrainError, printable, warn};

/// Where the series come from and what is held out.
#[derive(Clone, Debug, Args)]
pub struct SeriesArgs {
    /// A CSV file with the rows of all series, a folder with a CSV file each and labels.csv (file,label), or a .ts file of the UCR and
    /// UEA archives; generated readings of sensors if not given
    #[arg(long, value_name = "PATH")]
    pub series: Option<PathBuf>,
    /// The column that says which series a row belongs to [default: one called id, series, sample or the like]
    #[arg(long, value_name = "NAME")]
    pub id: Option<String>,
    /// The column with the labels [default: one called label, class or the like, or the only one of words]
    #[arg(long, value_name = "NAME")]
    pub label: Option<String>,
    /// The columns that are channels, commas between them [default: all other columns of numbers, but for times]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// A column whose values part what belongs together, a subject for instance: all series of one are in one part
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// The series that are held out, in the same form, in place of a share of those to learn from
    #[arg(long, value_name = "PATH", requires = "series")]
    pub test: Option<PathBuf>,
    /// The share of each label's series that nothing is learnt or chosen by
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.2,
        allow_negative_numbers = true
    )]
    pub hold_out: f64,
    /// The share of each label's series that chooses the best model
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.1,
        allow_negative_numbers = true
    )]
    pub valid: f64,
}

/// What a model is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOut {
    /// This share of each label's series, or of the groups.
    Share(f64),
    /// A file of its own.
    File,
}

impl HeldOut {
    pub(super) fn validate(self) -> Result<(), TrainError> {
        match self {
            Self::Share(share) if !(share > 0.0 && share < 1.0) => Err(TrainError::setting(
                "--hold-out",
                share,
                "a share above 0 and below 1",
            )),
            _ => Ok(()),
        }
    }
}

/// The series of each label that are generated where there is no file.
const GENERATED: usize = 50;

/// Series in three parts.
#[derive(Clone, Debug)]
pub struct SeriesParts {
    /// All series but those of a file of their own.
    pub set: SeriesSet,
    /// Which of them are for what.
    pub parts: Parts,
    /// The series of the file that is held out, if there is one.
    pub test: Option<SeriesSet>,
    /// All labels of what is learnt from, numbers by their size, others in alphabetical order.
    pub labels: Vec<String>,
}

impl SeriesParts {
    /// The series of a file or a folder, or generated ones of `seed`. What was found in it is said.
    ///
    /// # Errors
    ///
    /// Where a file does not fit, there are fewer than two labels, or too few series of one.
    pub fn read(args: &SeriesArgs, seed: u64) -> Result<Self, TrainError> {
        args.held_out().validate()?;
        if !(args.valid > 0.0 && args.valid < 1.0) {
            let expected = "a share above 0 and below 1: some series have to choose the model";
            return Err(TrainError::setting("--valid", args.valid, expected));
        }
        let wanted = args.columns();
        let set = match &args.series {
            Some(path) => told(SeriesSet::read(path, &wanted, true)?),
            None => generate_sensors(GENERATED, seed),
        };
        let labels = labels(&set);
        if labels.len() < 2 {
            let expected = "at least 2, to tell them apart";
            return Err(TrainError::setting(
                "the number of labels",
                labels.len(),
                expected,
            ));
        }
        let held_out = match args.held_out() {
            HeldOut::Share(share) => share,
            HeldOut::File => 0.0,
        };
        let parts = part(&set, args.valid, held_out, seed)?;
        let columns = SeriesColumns {
            group: None,
            ..set.columns.clone()
        };
        let test = match &args.test {
            Some(path) => Some(SeriesSet::read(path, &columns, true)?),
            None => None,
        };
        Ok(Self {
            set,
            parts,
            test,
            labels,
        })
    }

    /// The series held out, with their labels' places.
    ///
    /// # Errors
    ///
    /// Where one has a label that is not learnt.
    pub fn held_out(&self, settings: &SeriesSettings) -> Result<Vec<Labelled>, TrainError> {
        match &self.test {
            Some(test) => labelled(test.series.iter(), settings),
            None => self.labelled(&self.parts.held_out, settings),
        }
    }

    /// The series at these places, with their labels' places.
    ///
    /// # Errors
    ///
    /// As [`held_out`](Self::held_out).
    pub fn labelled(
        &self,
        places: &[usize],
        settings: &SeriesSettings,
    ) -> Result<Vec<Labelled>, TrainError> {
        labelled(
            places.iter().map(|&place| &self.set.series[place]),
            settings,
        )
    }

    /// How series become frames, after those that are learnt from.
    ///
    /// # Errors
    ///
    /// As [`SeriesFeatures::fit`].
    pub fn features(&self) -> Result<SeriesFeatures, TrainError> {
        Ok(SeriesFeatures::fit(&self.set, &self.parts.train)?)
    }
}

impl SeriesArgs {
    /// The columns that are asked for.
    fn columns(&self) -> SeriesColumns {
        SeriesColumns {
            id: self.id.clone(),
            label: self.label.clone(),
            group: self.group.clone(),
            channels: self.channels.clone(),
        }
    }

    /// What a model is measured on.
    pub(super) fn held_out(&self) -> HeldOut {
        match self.test {
            Some(_) => HeldOut::File,
            None => HeldOut::Share(self.hold_out),
        }
    }
}

/// What a saved model is measured on: the part of `input` that its training held out of its file, or all of it where it had a file of
/// its own; or what is generated again.
pub(super) fn held_out_again(
    settings: &SeriesSettings,
    input: Option<&Path>,
    seed: u64,
) -> Result<Vec<Labelled>, TrainError> {
    let set = match input {
        Some(path) => SeriesSet::read(path, &settings.columns, true)?,
        None => generate_sensors(GENERATED, seed),
    };
    TrainError::check_lengths(&[(
        "the number of channels",
        set.width(),
        settings.features.channels.len(),
    )])?;
    match settings.held_out {
        HeldOut::File => labelled(set.series.iter(), settings),
        HeldOut::Share(share) => {
            // What is held out does not depend on the share that chooses the model.
            let parts = part(&set, 0.0, share, seed)?;
            labelled(
                parts.held_out.iter().map(|&place| &set.series[place]),
                settings,
            )
        }
    }
}

/// Parts the series, those of a group together where there are groups.
fn part(set: &SeriesSet, valid: f64, held_out: f64, seed: u64) -> Result<Parts, TrainError> {
    let of = |of: fn(&LabelledSeries) -> &String| -> Vec<&str> {
        set.series
            .iter()
            .map(|series| of(series).as_str())
            .collect()
    };
    let groups = of(|series| &series.group);
    let groups = set.columns.group.is_some().then_some(groups.as_slice());
    let labels = of(|series| &series.label);
    Ok(stratified(&labels, groups, valid, held_out, seed)?)
}

fn labelled<'a>(
    series: impl Iterator<Item = &'a LabelledSeries>,
    settings: &SeriesSettings,
) -> Result<Vec<Labelled>, TrainError> {
    let labelled = |series: &LabelledSeries| {
        Ok(Labelled {
            label: place("the label", &series.label, &settings.labels)?,
            frames: settings.features.frames(series),
        })
    };
    series.map(labelled).collect()
}

/// The labels of series, each once.
fn labels(set: &SeriesSet) -> Vec<String> {
    let mut labels: Vec<String> = set
        .series
        .iter()
        .map(|series| series.label.clone())
        .collect();
    labels.sort();
    labels.dedup();
    let number = |label: &String| {
        label
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    if labels.iter().all(|label| number(label).is_some()) {
        labels.sort_by(|a, b| number(a).partial_cmp(&number(b)).expect("they are finite"));
    }
    labels
}

/// Says what was found.
fn told(set: SeriesSet) -> SeriesSet {
    for notice in &set.notices {
        warn(printable(notice));
    }
    set
}
