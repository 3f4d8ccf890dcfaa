//! What `--json` prints is what `docs/json.md` says.

use std::collections::BTreeSet;

use crate::{output, text};

/// The first cell of a row of the page, and a command of its kind.
const ROWS: &[(&str, &str)] = &[
    ("`train`", "train reber --hidden 4 --strings 20 --steps 2"),
    ("`train FILE`", "train text.txt"),
    ("`eval`", "eval --model zoo/reber"),
    ("`generate`, text", "generate --model zoo/text --length 5"),
    ("`generate`, music", "generate --model zoo/music --length 4"),
    (
        "`generate`, speak",
        "generate --model zoo/voice --prompt rise",
    ),
    ("`generate`, reber", "generate --model zoo/reber"),
    ("`forecast`", "forecast --model zoo/forecast"),
    ("`detect`", "detect --model zoo/anomaly"),
    ("`classify`", "classify --model zoo/sounds spoken.wav"),
    (
        "`classify`, series",
        "classify --model zoo/sensors series.csv",
    ),
    ("`tag`", "tag --model zoo/tagger Lincoln"),
    ("`transduce`", "transduce --model zoo/dates 3.5.2021"),
    (
        "`activations`",
        "activations --model zoo/text --text text.txt --length 5",
    ),
    ("`inspect`", "inspect zoo/reber"),
    ("`list`", "list"),
];

/// The words of the last cell that stand in backticks.
fn keys(row: &str) -> BTreeSet<&str> {
    let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
    cells[2].split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_on_json_tells_what_is_printed() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(rows.len(), ROWS.len());
    let folder = tempfile::tempdir().unwrap();
    text(folder.path());
    let series = "acc x,acc y,acc z,gyro x,gyro y,gyro z,mag x,mag y,mag z\n1,2,3,4,5,6,7,8,9\n";
    std::fs::write(folder.path().join("series.csv"), series).unwrap();
    for (row, (name, typed)) in rows.iter().zip(ROWS) {
        assert!(row.starts_with(&format!("| {name} |")), "{row}");
        let words: Vec<&str> = typed.split(' ').chain(["--json"]).collect();
        let printed = output(folder.path(), &words);
        let value: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let object = match value.as_array() {
            Some(array) => &array[0],
            None => &value,
        };
        let printed = object.as_object().unwrap();
        let printed: BTreeSet<&str> = printed.keys().map(String::as_str).collect();
        assert_eq!(printed, keys(row), "{typed}");
    }
}
