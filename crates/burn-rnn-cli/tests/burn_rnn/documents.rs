//! The pages name what the program has.

use std::fs;
use std::path::Path;

use crate::output;

/// What a help lists under `Commands:`.
fn names(arguments: &[&str]) -> Vec<String> {
    let help = output(Path::new("."), arguments);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<String> = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("   ")) // The rest of a long line.
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 5, "{help}");
    names
}

#[test]
fn the_pages_name_every_task_and_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |page: &str| fs::read_to_string(root.join(page)).unwrap();
    let program = read("crates/burn-rnn-cli/src/lib.rs");
    let (readme, trainers) = (read("README.md"), read("crates/burn-rnn-train/src/lib.rs"));
    for command in names(&["--help"]) {
        assert!(
            program.contains(&format!("//! | `{command}` |")),
            "{command}"
        );
    }
    for task in names(&["train", "--help"]) {
        assert!(readme.contains(&format!("| [`{task}`](")), "{task}");
        assert!(trainers.contains(&format!("//! | `{task}` |")), "{task}");
        assert!(program.contains(&format!("`{task}`")), "{task}");
    }
}
