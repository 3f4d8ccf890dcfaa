//! `burn-rnn train FILE`: which tasks a file fits, why, and the command to type.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use burn_rnn_data::{ColumnKind, Look, TableLook, look};
use burn_rnn_train::{TrainError, for_a_shell, say};

use crate::tasks::DEFAULTS;

/// A task that takes a file.
#[derive(Debug, PartialEq)]
struct Fit {
    task: &'static str,
    /// The option that takes the file.
    option: &'static str,
    /// Further options, with their values.
    more: Vec<(&'static str, String)>,
    /// What of the file the task needs is there.
    why: String,
}

impl Fit {
    fn new(task: &'static str, option: &'static str, why: impl Into<String>) -> Self {
        Self {
            task,
            option,
            more: Vec::new(),
            why: why.into(),
        }
    }

    fn command(&self, path: &Path) -> String {
        let word = |text: &str| match text
            .contains(|c: char| !(c.is_alphanumeric() || "._-/,".contains(c)))
        {
            true => for_a_shell(text),
            false => text.to_owned(),
        };
        let file = [(self.option, path.to_string_lossy().into_owned())];
        let options = file.iter().chain(&self.more);
        let options = options.map(|(name, value)| format!(" --{name} {}", word(value)));
        format!(
            "burn-rnn train {}{}",
            self.task,
            options.collect::<String>()
        )
    }
}

/// The file that `train` was given in the place of a task, and whether the answer is to be JSON.
pub fn file_for_a_task(arguments: &[OsString]) -> Option<(PathBuf, bool)> {
    let [_, train, file, rest @ ..] = arguments else {
        return None;
    };
    let json = rest.iter().all(|argument| argument == "--json");
    let path = Path::new(file);
    let is_task = DEFAULTS.iter().any(|(task, _)| file == task);
    let is_option = file.to_string_lossy().starts_with('-');
    let is_file = path.exists() || path.extension().is_some() || path.components().count() > 1;
    (train == "train" && !is_task && !is_option && is_file && json)
        .then(|| (path.to_path_buf(), !rest.is_empty()))
}

/// Prints the tasks that take the file.
pub fn suggest(path: &Path, json: bool) -> Result<(), TrainError> {
    let seen = look(path)?;
    let fits = fits(&seen);
    if json {
        let list = fits.iter().map(|fit| {
            serde_json::json!({ "task": fit.task, "why": fit.why, "command": fit.command(path) })
        });
        return say(serde_json::Value::from_iter(list));
    }
    let name = path.display();
    if fits.is_empty() {
        return Err(TrainError::Argument(format!(
            "{name} is {}, which no task takes: `burn-rnn train --help` lists the tasks, and the page of each \
             says what it reads",
            told(&seen)
        )));
    }
    say(format_args!(
        "{name} is {}. What can learn from it:",
        told(&seen)
    ))?;
    for fit in fits {
        say(format_args!(
            "\n{}: {}\n    {}",
            fit.task,
            fit.why,
            fit.command(path)
        ))?;
    }
    Ok(())
}

/// What a file seems to be, in words.
fn told(seen: &Look) -> String {
    match seen {
        Look::Table(table) => format!("a table of {} columns", table.columns.len()),
        Look::JsonLines(_) => "JSON, an object a line".into(),
        Look::Tabbed(columns) => format!("{columns} texts a line with tabs between them"),
        Look::Conll(columns) => {
            format!("a token a line in {columns} columns, with empty lines between sentences")
        }
        Look::LabelledSeries => "a file of labelled series as the UCR archive has them".into(),
        Look::PianoRolls => "JSON with pieces of music".into(),
        Look::Text => "text".into(),
        Look::Sound => "one sound; a folder of them is what one learns from".into(),
        Look::SoundFolder(sounds) => format!("a folder with {sounds} sounds"),
        Look::TableFolder(tables, _) => format!("a folder with {tables} tables"),
        Look::Empty => "empty".into(),
        _ => "nothing that is known here".into(),
    }
}

/// The tasks that take it, the likeliest first. A task that reads files has its place here.
fn fits(seen: &Look) -> Vec<Fit> {
    match seen {
        Look::Table(table) => table_fits(table),
        Look::Tabbed(columns) => {
            let beside = match columns {
                2 => "",
                _ => "; the third column is left out",
            };
            vec![Fit::new(
                "transduce",
                "pairs",
                format!("an input and an output a line{beside}"),
            )]
        }
        Look::Conll(_) => vec![Fit::new(
            "tag",
            "conll",
            "tokens in the first column and tags in the last",
        )],
        Look::LabelledSeries => vec![Fit::new(
            "classify-series",
            "series",
            "series with a label each",
        )],
        Look::PianoRolls => vec![Fit::new("music", "rolls", "the notes of every step")],
        Look::Text => vec![Fit::new("text", "text", "characters, one after the other")],
        Look::SoundFolder(_) => vec![
            Fit::new(
                "classify",
                "wav-dir",
                "sounds whose names begin with a label",
            ),
            Fit::new("speak", "wav-dir", "sounds whose names begin with a label"),
        ],
        Look::TableFolder(_, true) => vec![Fit::new(
            "classify-series",
            "series",
            "a table a series, and labels.csv with their labels",
        )],
        _ => Vec::new(),
    }
}

fn table_fits(table: &TableLook) -> Vec<Fit> {
    if let Some((id, label)) = table.series {
        let name = |column: usize| table.columns[column].name.clone();
        let mut fit = Fit::new(
            "classify-series",
            "series",
            format!(
                "rows that belong together by `{}` and have one label each in `{}`",
                name(id),
                name(label)
            ),
        );
        fit.more = vec![("id", name(id)), ("label", name(label))];
        return vec![fit];
    }
    // Numbers beside texts are no series.
    if table.text().is_some() {
        return Vec::new();
    }
    let numbers: Vec<_> = table.of_kind(ColumnKind::Number).collect();
    if numbers.is_empty() {
        return Vec::new();
    }
    let columns = match numbers.len() {
        1 => "a column of numbers".to_owned(),
        count => format!("{count} columns of numbers"),
    };
    let times = match table.of_kind(ColumnKind::Time).next() {
        Some(time) => format!("{columns}, and the times of their rows in `{}`", time.name),
        None => format!("{columns}, a row a step"),
    };
    ["forecast", "anomaly"]
        .map(|task| Fit::new(task, "csv", times.clone()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that some task takes.
    fn everything() -> Vec<Look> {
        let table = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("table");
            std::fs::write(&path, text).unwrap();
            look(&path).unwrap()
        };
        let mut series = "id,x,kind\n".to_owned();
        for row in 0..40 {
            series += &format!("{},{row}.5,{}\n", row / 5, ["a", "b"][row / 5 % 2]);
        }
        vec![
            table("date,a\n2020-01-01,1\n2020-01-02,2\n2020-01-03,4\n"),
            table(&series),
            Look::Tabbed(3),
            Look::Conll(2),
            Look::LabelledSeries,
            Look::PianoRolls,
            Look::Text,
            Look::SoundFolder(2),
            Look::TableFolder(2, true),
        ]
    }

    #[test]
    fn every_command_is_one_that_there_is() {
        let command = crate::cli::command();
        let train = command.find_subcommand("train").unwrap();
        for seen in everything() {
            let fits = fits(&seen);
            assert!(!fits.is_empty(), "{seen:?}");
            for fit in fits {
                let task = train.find_subcommand(fit.task);
                let task = task.unwrap_or_else(|| panic!("no task {}", fit.task));
                let given = fit.more.iter().map(|(name, _)| *name).chain([fit.option]);
                for name in given {
                    let known = task.get_arguments().any(|arg| arg.get_long() == Some(name));
                    assert!(known, "{} has no --{name}", fit.task);
                }
            }
        }
    }

    #[test]
    fn every_task_that_reads_a_file_is_told_for_one() {
        let told: Vec<&str> = everything()
            .iter()
            .flat_map(fits)
            .map(|fit| fit.task)
            .collect();
        // These two learn what the program generates.
        let alone = ["reber", "memory"];
        for (task, _) in DEFAULTS {
            assert_ne!(told.contains(task), alone.contains(task), "{task}");
        }
    }

    #[test]
    fn a_task_is_no_file() {
        let asked = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            file_for_a_task(&words)
        };
        let file = PathBuf::from("a.csv");
        assert_eq!(
            asked(&["burn-rnn", "train", "a.csv"]),
            Some((file.clone(), false))
        );
        assert_eq!(
            asked(&["burn-rnn", "train", "a.csv", "--json"]),
            Some((file, true))
        );
        assert_eq!(asked(&["burn-rnn", "train", "text"]), None);
        assert_eq!(asked(&["burn-rnn", "train", "texts"]), None);
        assert_eq!(asked(&["burn-rnn", "train", "--help"]), None);
        assert_eq!(asked(&["burn-rnn", "eval", "a.csv"]), None);
        assert_eq!(
            asked(&["burn-rnn", "train", "a.csv", "--hidden", "8"]),
            None
        );
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let fit = Fit::new("text", "text", "");
        assert_eq!(
            fit.command(Path::new("my data/$x.txt")),
            "burn-rnn train text --text 'my data/$x.txt'"
        );
        assert_eq!(
            fit.command(Path::new("a-b/c_1.txt")),
            "burn-rnn train text --text a-b/c_1.txt"
        );
    }
}
