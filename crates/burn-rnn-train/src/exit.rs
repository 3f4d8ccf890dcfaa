//! How a program ends, and what it says then.

use core::error::Error;
use std::process::ExitCode;

use crate::{TrainError, printable, warn};

/// An error and its causes in one line. Names in it come from files: control characters are written out.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let causes = core::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes {
        let cause: Vec<String> = cause
            .to_string()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        let cause = cause.join(" ");
        // The messages of some libraries have their causes in them.
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    printable(&line)
}

/// What a program's `main` returns: runs it, prints an error as one line and exits with code 2.
///
/// Where nobody reads on what it prints, as behind `| head`, it says nothing more.
pub fn exit_code(run: impl FnOnce() -> Result<(), TrainError>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, TrainError::NobodyReads | TrainError::OtherRank) {
                warn(format_args!("error: {}", one_line(&error)));
            }
            ExitCode::from(code(&error))
        }
    }
}

/// The exit code of a program that ends with an error.
pub(crate) fn code(error: &TrainError) -> u8 {
    match error {
        // As a shell reports a program that Ctrl-C ended, and one that wrote into a closed pipe.
        TrainError::Interrupted { .. } => 130,
        TrainError::NobodyReads => 141,
        TrainError::OtherRank => 0,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use burn_rnn_data::DataError;

    use super::*;
    use crate::TomlReason;

    /// An error of each kind that another one causes.
    fn caused() -> Vec<TrainError> {
        let path = || PathBuf::from("some file");
        let full = || std::io::Error::other("the disk is full");
        let toml = "= 1".parse::<toml::Table>().unwrap_err();
        let json = || serde_json::from_str::<u32>("x").unwrap_err();
        vec![
            TrainError::Data(DataError::Unreadable {
                path: path(),
                source: full(),
            }),
            TrainError::InFile {
                path: path(),
                source: Box::new(TrainError::NobodyReads),
            },
            TrainError::Read {
                path: path(),
                expected: "another file",
                source: full(),
            },
            TrainError::NotToml {
                path: path(),
                line: 1,
                source: TomlReason(toml),
            },
            TrainError::NotSafetensors {
                path: path(),
                source: safetensors::SafeTensorError::HeaderTooSmall,
            },
            TrainError::Header {
                path: path(),
                part: "card",
                source: json(),
            },
            TrainError::Weights {
                path: path(),
                source: burn::store::SafetensorsStoreError::Other("two\n  lines".to_owned()),
            },
            TrainError::write(Path::new("some file"))(full()),
            TrainError::Plot {
                path: path(),
                source: Box::new(full()),
            },
        ]
    }

    #[test]
    fn an_error_keeps_its_cause_and_its_message_does_not_repeat_it() {
        for error in caused() {
            let message = error.to_string();
            assert!(message.contains("some file"), "{message}");
            let cause = error
                .source()
                .unwrap_or_else(|| panic!("{message}: no source"));
            assert!(!message.contains(&cause.to_string()), "{message}");
            let line = one_line(&error);
            let cause = cause.to_string().replace("\n  ", " ");
            assert_eq!(line, format!("{message}: {cause}"));
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn a_cause_that_a_message_tells_by_itself_is_told_once() {
        let cause = Box::new(std::io::Error::other("the disk is full"));
        let foreign = TrainError::Foreign(cause);
        assert_eq!(one_line(&foreign), "the disk is full");
        assert_eq!(
            one_line(&TrainError::NobodyReads),
            "standard output was closed"
        );
    }
}
