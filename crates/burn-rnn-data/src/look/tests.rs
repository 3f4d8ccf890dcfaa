use std::fmt::Write as _;

use super::*;

fn seen(text: &str) -> Look {
    beginning(text.as_bytes(), true)
}

fn table(text: &str) -> TableLook {
    match seen(text) {
        Look::Table(table) => table,
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn texts_are_told_apart() {
    for (text, look) in [
        ("", Look::Empty),
        (" \n", Look::Empty),
        ("a\0b", Look::Unknown),
        ("RIFF\0\0\0\0WAVE", Look::Sound),
        (
            "Once upon a time, there was\na sea.\nIt was deep.\nAnd cold, too, and dark.\n",
            Look::Text,
        ),
        (
            "To be, or not to be: that is the question.\nSo they say, and so it is.\nAnd that, my friend.\nIs it, then?\n",
            Look::Text,
        ),
        (
            "Go.\tVa !\nRun!\tCours !\nWho?\tQui ?\nStay.\tReste.\n",
            Look::Tabbed(2),
        ),
        (
            "a b\tc\tx 1\nd e\tf\tx 1\ng\th i\tx 1\nj\tk\tx 1\n",
            Look::Tabbed(3),
        ),
        (
            "Anna B-PER\nsings O\n\nBerlin B-LOC\nis O\n",
            Look::Conll(2),
        ),
        (
            "# text\n1\tAnna\tNOUN\n2\tsings\tVERB\n\n1\tYes\tX\n2\t.\tPUNCT\n",
            Look::Conll(3),
        ),
        ("@problemName Toy\n@data\n1,2,3:a\n", Look::LabelledSeries),
        (
            "{\"train\": [[[60, 64]]], \"valid\": [], \"test\": []}",
            Look::PianoRolls,
        ),
        ("{\"other\": 1\n", Look::Unknown),
    ] {
        assert_eq!(seen(text), look, "{text}");
    }
    assert_eq!(beginning(b"caf\xe9", true), Look::Unknown);
    assert_eq!(
        beginning("so cut é".as_bytes().split_last().unwrap().1, false),
        Look::Text
    );
}

#[test]
fn columns_tell_what_they_hold() {
    let found = table("date;a;b;note\n2020-01-01;1,5;;x\n2020-01-02;2;;y\n2020-01-03;NA;;x\n");
    let kinds: Vec<ColumnKind> = found.columns.iter().map(|column| column.kind).collect();
    use ColumnKind::{Empty, Number, Text, Time};
    assert_eq!(kinds, [Time, Number, Empty, Text]);
    assert_eq!(found.columns[1].distinct, 2);
    assert_eq!((found.rows, found.series), (3, None));
}

#[test]
fn texts_are_found() {
    let text = "id,review,stars\n1,a very good film,5\n2,\"bad, and long\",1\n3,not so good,1\n4,one of the best,5\n";
    let found = table(text);
    assert_eq!(found.text().unwrap().name, "review");
    let lines = "{\"text\": \"good film\", \"y\": 1}\n{\"text\": \"bad film\", \"y\": 0}\n{\"text\": \"fine film\", \"y\": 1}\n{\"text\": \"no film\", \"y\": 0}\n";
    let Look::JsonLines(found) = seen(lines) else {
        panic!("{lines}");
    };
    assert_eq!(found.text().unwrap().name, "text");
}

#[test]
fn series_are_found_by_id_and_label() {
    let mut text = "id,x,activity\n".to_owned();
    for id in 0..6 {
        for step in 0..5 {
            let label = ["walk", "run", "sit"][id % 3];
            writeln!(text, "s{id},{}.5,{label}", step * id).unwrap();
        }
    }
    assert_eq!(table(&text).series, Some((0, 2)));
    // A label that changes within an id is none of the series.
    let other = text.replace("s5,0.5,sit", "s5,0.5,walk");
    assert_eq!(table(&other).series, None);
}

#[test]
fn folders_are_told_by_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str| std::fs::write(path.join(name), "x").unwrap();
    assert_eq!(look(path).unwrap(), Look::Unknown);
    write("a.csv");
    write("labels.csv");
    assert_eq!(look(path).unwrap(), Look::TableFolder(1, true));
    write("7_anna_0.WAV");
    assert_eq!(look(path).unwrap(), Look::SoundFolder(1));
    let error = look(&path.join("none")).unwrap_err();
    assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
}
