use super::*;

fn parse(text: &str, columns: &SeriesColumns) -> Result<SeriesSet, DataError> {
    SeriesSet::parse(Path::new("given"), text, columns, true)
}

fn found(text: &str) -> SeriesSet {
    parse(text, &SeriesColumns::default()).unwrap()
}

fn refused(text: &str) -> String {
    let message = parse(text, &SeriesColumns::default())
        .unwrap_err()
        .to_string();
    assert!(message.starts_with("given"), "{message}");
    message
}

#[test]
fn rows_of_one_id_are_a_series_of_its_own_length() {
    let text = "series;t;x;y;activity\na;0;1,5;2;walk\nb;0;3;4;run\na;1;5;6;walk\n";
    let set = found(text);
    assert_eq!(set.columns.channels, ["x", "y"]);
    let [a, b] = &set.series[..] else {
        panic!("{set:?}")
    };
    assert_eq!((a.name.as_str(), a.label.as_str()), ("a", "walk"));
    assert_eq!(
        (&a.values[..], &b.values[..]),
        (&[1.5, 2.0, 5.0, 6.0][..], &[3.0, 4.0][..])
    );
    let told = set.notices.join("\n");
    for words in [
        "`series` is taken for the series",
        "`t` goes up",
        "`x`, `y`",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let chosen = SeriesColumns {
        label: Some("x".to_owned()),
        channels: vec!["y".to_owned()],
        ..SeriesColumns::default()
    };
    let set = parse("id,x,y\n1,3,7\n2,4,8\n", &chosen).unwrap();
    assert_eq!(
        (set.series[1].label.as_str(), set.series[1].values[0]),
        ("4", 8.0)
    );
}

#[test]
fn the_only_column_of_words_has_the_labels() {
    let set = found("id,what,when,x\n1,up,2020-01-01,3\n2,down,2020-01-02,4\n");
    assert_eq!(set.columns.label.as_deref(), Some("what"));
    assert_eq!(set.columns.channels, ["x"]);
}

#[test]
fn what_is_missing_at_the_end_is_no_step_and_what_is_missing_within_is_filled() {
    let set = found("id,label,x,y\na,u,,1\na,u,2,\na,u,4,3\na,u,,\nb,v,6,5\n");
    assert_eq!(set.series[0].values.len(), 6);
    assert!(
        set.notices
            .last()
            .unwrap()
            .starts_with("2 of 8 values are missing")
    );
    let features = SeriesFeatures::fit(&set, &[0]).unwrap();
    // The means are 3 and 2, the deviations 1.
    assert_eq!(
        features.frames(&set.series[0]),
        [0.0, -1.0, -1.0, -1.0, 1.0, 1.0]
    );
    assert_eq!(features.frames(&set.series[1]), [3.0, 3.0]);
}

#[test]
fn a_table_without_ids_is_one_series_for_a_model() {
    let columns = SeriesColumns {
        id: Some("id".to_owned()),
        label: Some("label".to_owned()),
        group: None,
        channels: vec!["y".to_owned(), "x".to_owned()],
    };
    let read = |text| SeriesSet::parse(Path::new("given"), text, &columns, false).unwrap();
    let set = read("x,y\n1,2\n3,4\n");
    assert_eq!(
        (set.series.len(), &set.series[0].values[..]),
        (1, &[2.0, 1.0, 4.0, 3.0][..])
    );
    assert_eq!(set.series[0].name, "given");
    assert_eq!(read("id,x,y\n1,2,2\n3,4,4\n").series.len(), 2);
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    for (text, words) in [
        ("a,b\n1,2\n", "none of the columns `a`, `b` is called id"),
        ("id,b,c\n1,2,3\n", "name the column that has the labels"),
        ("1,2,3\n1,2,3\n", "header row holds numbers"),
        (
            "id,label,x\n1,u,3\n1,v,4\n",
            "line 3: series `1` has `v` in column `label`, and `u`",
        ),
        (
            "id,label,x\n1,u,3\n2,,4\n",
            "line 3: column `label` has no value",
        ),
        ("id,label,x\n1,u,3\n1,u,y\n", "line 3: column `x` holds `y`"),
        ("id,label,x\n1,u,3\n1,u,inf\n", "`inf`"),
        ("id,label,x\n1,u\n", "line 2: the row has 2 cells"),
        ("id,label,x\n1,u,3\n2,v,\n", "series `2` has no value"),
        ("id,label,x\n", "no numeric column"),
        (
            "id;label;x\n1;u;1,5\n1;u;1.5\n",
            "with a decimal comma, and line 3 has `1.5`",
        ),
        ("id,label,x,x\n1,u,3,4\n", "both called `x`"),
    ] {
        let message = refused(text);
        assert!(message.contains(words), "{text:?}: {message}");
    }
}

const TS: &str = "# comment\n@problemName p\n@timeStamps false\n@missing true\n@univariate false\n@classLabel true a b\n@data\n\
                  1,2,3:4,?,6:a\n7,NaN:8,9:b\n";

#[test]
fn the_format_of_the_archives_is_read() {
    let set = found(TS);
    assert_eq!(set.columns.channels, ["channel 1", "channel 2"]);
    assert_eq!(
        (set.series[0].label.as_str(), set.series[1].name.as_str()),
        ("a", "case 2")
    );
    let values = &set.series[0].values;
    assert_eq!((values[1], values[2], values[5]), (4.0, 2.0, 6.0));
    assert!(values[3].is_nan() && set.series[1].values.len() == 4);
    let unlabelled = TS
        .replace("true a b", "false")
        .replace(":a", "")
        .replace(":b", "");
    let read = |with_labels| {
        SeriesSet::parse(
            Path::new("given"),
            &unlabelled,
            &SeriesColumns::default(),
            with_labels,
        )
    };
    assert_eq!(read(false).unwrap().series.len(), 2);
    assert!(read(true).is_err());
}

#[test]
fn files_of_the_archives_that_do_not_fit_are_refused() {
    for (from, to, words) in [
        (
            "@timeStamps false",
            "@timeStamps true",
            "line 3: series with timestamps",
        ),
        (
            "@classLabel true a b",
            "@targetLabel true",
            "line 6: @targetLabel",
        ),
        ("1,2,3", "(0,1),(1,2)", "line 8: series with timestamps"),
        ("1,2,3", "1,x,3", "line 8: dimension 1, value 2 is `x`"),
        (
            "1,2,3",
            "1,2",
            "line 8: dimension 2 has 3 values, expected 2",
        ),
        (
            "7,NaN:8,9:b",
            "7,8:b",
            "line 9: the series has 1 dimensions, expected 2",
        ),
        (":b", ":c", "line 9: the label `c` is none"),
        ("@data", "", "line 8: expected a line that begins with @"),
        ("1,2,3:4,?,6:a\n7,NaN:8,9:b\n", "", "no series"),
        ("1,2,3:4,?,6:a", "1,2,3", "line 8: no colon"),
    ] {
        let message = refused(&TS.replacen(from, to, 1));
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_folder_has_a_file_a_series_and_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let read = || SeriesSet::read(folder.path(), &SeriesColumns::default(), true);
    assert!(read().unwrap_err().to_string().contains("no labels.csv"));
    write("labels.csv", "file,label\n1.csv,up\n2.csv,down\n");
    write("1.csv", "step,x,y\n0,1,2\n1,3,4\n");
    assert!(read().unwrap_err().to_string().contains("2.csv"));
    write("2.csv", "y,x\n5,6\n");
    let set = read().unwrap();
    assert_eq!(set.columns.channels, ["x", "y"]);
    assert_eq!(set.series[1].values, [6.0, 5.0]);
    assert_eq!(
        (set.series[1].name.as_str(), set.series[1].label.as_str()),
        ("2.csv", "down")
    );
    write("2.csv", "y\n5\n");
    assert!(read().unwrap_err().to_string().contains("no column `x`"));
    write("labels.csv", "file,label\n1.csv,up\n1.csv,down\n");
    assert!(
        read()
            .unwrap_err()
            .to_string()
            .contains("labels.csv, line 3")
    );
}

#[test]
fn every_part_has_every_label_and_no_group_is_in_two() {
    let labels: Vec<&str> = (0..40).map(|n| ["a", "b", "b", "b"][n % 4]).collect();
    let parts = stratified(&labels, None, 0.1, 0.2, 7).unwrap();
    let count = |part: &[usize], label| part.iter().filter(|&&at| labels[at] == label).count();
    let of_each =
        |label| [&parts.train, &parts.valid, &parts.held_out].map(|part| count(part, label));
    assert_eq!((of_each("a"), of_each("b")), ([7, 1, 2], [21, 3, 6]));
    assert_eq!(parts, stratified(&labels, None, 0.1, 0.2, 7).unwrap());
    assert_ne!(parts, stratified(&labels, None, 0.1, 0.2, 8).unwrap());
    // What is held out does not depend on what chooses the model.
    let other = stratified(&labels, None, 0.0, 0.2, 7).unwrap();
    assert_eq!(parts.held_out, other.held_out);

    let names: Vec<String> = (0..40).map(|n| (n / 4).to_string()).collect();
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    let parts = stratified(&labels, Some(&groups), 0.1, 0.2, 7).unwrap();
    assert_eq!(
        [parts.train.len(), parts.valid.len(), parts.held_out.len()],
        [28, 4, 8]
    );
    assert!(parts.held_out.iter().all(|at| {
        parts
            .train
            .iter()
            .all(|other| groups[*at] != groups[*other])
    }));

    for (labels, groups, held_out) in [
        (&["a", "a", "b"][..], None, 0.2),
        (&["a"; 3], None, f64::NAN),
        (&["a"; 9], None, 0.95),
        (&["a"; 3], Some(&["x"; 3][..]), 0.2),
        (&["a", "b", "c"], Some(&["x", "y", "z"][..]), 0.2),
    ] {
        stratified(labels, groups, 0.1, held_out, 1).unwrap_err();
    }
}
