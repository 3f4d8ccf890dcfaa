//! A folder of recordings whose names tell what they are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Sound, read_wav};
use crate::DataError;

/// A recording and what its name says.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Recording {
    /// What is heard.
    pub label: String,
    /// Who speaks.
    pub speaker: String,
    /// Which of the speaker's recordings of that label it is.
    pub take: u32,
    /// What it sounds like.
    pub sound: Sound,
}

/// Reads all files `LABEL_SPEAKER_TAKE.wav` of a folder, in the order of label, speaker and take; `TAKE` is
/// a number, only `SPEAKER` may have underscores. Files that do not end in `.wav` are left alone.
///
/// # Errors
///
/// [`DataError::Unreadable`] for the folder; [`DataError::Malformed`] where it has no WAV file, a name is not
/// as above, or the sample rates differ; and as [`read_wav`].
pub fn read_wav_folder(folder: &Path) -> Result<Vec<Recording>, DataError> {
    let unreadable = |source| DataError::Unreadable {
        path: folder.to_path_buf(),
        source,
    };
    let mut paths = Vec::<PathBuf>::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = path.extension().and_then(OsStr::to_str);
        // macOS puts a file `._NAME` beside each on other file systems, which has no sound.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_hidden = name.starts_with('.');
        if !is_hidden && ending.is_some_and(|ending| ending.eq_ignore_ascii_case("wav")) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(DataError::malformed(
            folder,
            "it has no WAV files: expected LABEL_SPEAKER_TAKE.wav, such as 7_anna_0.wav",
        ));
    }
    // The order of a folder's entries differs from machine to machine.
    paths.sort();
    let mut recordings = Vec::with_capacity(paths.len());
    for path in &paths {
        let (label, speaker, take) = parts(path).ok_or_else(|| {
            DataError::malformed(
                path,
                "the name is not LABEL_SPEAKER_TAKE.wav with a number as TAKE, such as 7_anna_0.wav: \
                 rename the file or move it away",
            )
        })?;
        let sound = read_wav(path)?;
        if let Some(Recording { sound: first, .. }) = recordings.first()
            && first.rate != sound.rate
        {
            return Err(DataError::malformed(
                path,
                format!(
                    "it has {} samples a second, expected {} as in {}: resample it",
                    sound.rate,
                    first.rate,
                    paths[0].display()
                ),
            ));
        }
        recordings.push(Recording {
            label,
            speaker,
            take,
            sound,
        });
    }
    recordings.sort_by(|a, b| place(a).cmp(&place(b)));
    Ok(recordings)
}

fn place(recording: &Recording) -> (&str, &str, u32) {
    let Recording {
        label,
        speaker,
        take,
        ..
    } = recording;
    (label, speaker, *take)
}

fn parts(path: &Path) -> Option<(String, String, u32)> {
    let name = path.file_stem()?.to_str()?;
    let (label, rest) = name.split_once('_')?;
    let (speaker, take) = rest.rsplit_once('_')?;
    let named = !label.is_empty() && !speaker.is_empty();
    named.then_some((label.to_owned(), speaker.to_owned(), take.parse().ok()?))
}

/// Parts the last `takes` takes of each speaker and label from those before them.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where a speaker has no more takes than that of a label: nothing would be
/// left to learn from.
pub fn hold_out_takes(
    mut recordings: Vec<Recording>,
    takes: usize,
) -> Result<(Vec<Recording>, Vec<Recording>), DataError> {
    recordings.sort_by(|a, b| place(a).cmp(&place(b)));
    let mut counts = Vec::new();
    let same = |a: &Recording, b: &Recording| (&a.label, &a.speaker) == (&b.label, &b.speaker);
    for group in recordings.chunk_by(same) {
        if group.len() <= takes {
            return Err(DataError::invalid(
                "the number of takes held out",
                takes,
                format!(
                    "fewer than the {} that {} has of {}",
                    group.len(),
                    group[0].speaker,
                    group[0].label
                ),
            ));
        }
        counts.push(group.len());
    }
    let (mut rest, mut held_out) = (Vec::new(), Vec::new());
    let mut recordings = recordings.into_iter();
    for count in counts {
        rest.extend(recordings.by_ref().take(count - takes));
        held_out.extend(recordings.by_ref().take(takes));
    }
    Ok((rest, held_out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav_file;

    fn folder(files: &[(&str, u32)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, rate) in files {
            let sound = Sound {
                samples: vec![0.1; 10],
                rate: *rate,
            };
            std::fs::write(folder.path().join(name), wav_file(&sound)).unwrap();
        }
        folder
    }

    #[test]
    fn names_are_taken_apart_and_the_last_takes_held_out() {
        let folder = folder(&[
            ("7_anna_2.wav", 8000),
            ("7_anna_10.wav", 8000),
            ("7_anna_1.wav", 8000),
            ("7_jo_ann_0.WAV", 8000),
            ("7_jo_ann_3.wav", 8000),
        ]);
        // What macOS puts beside a file is no sound.
        for name in ["README.md", "._7_anna_1.wav"] {
            std::fs::write(folder.path().join(name), "\0\x05\x16\x07").unwrap();
        }
        let recordings = read_wav_folder(folder.path()).unwrap();
        let of = |recordings: &[Recording]| -> Vec<(String, u32)> {
            recordings
                .iter()
                .map(|recording| (recording.speaker.clone(), recording.take))
                .collect()
        };
        let (rest, held_out) = hold_out_takes(recordings.clone(), 1).unwrap();
        let named = |name: &str, take| (name.to_owned(), take);
        assert_eq!(
            of(&rest),
            [named("anna", 1), named("anna", 2), named("jo_ann", 0)]
        );
        assert_eq!(of(&held_out), [named("anna", 10), named("jo_ann", 3)]);
        let error = hold_out_takes(recordings, 2).unwrap_err().to_string();
        assert!(error.contains("jo_ann has of 7"), "{error}");
    }

    #[test]
    fn folders_that_do_not_fit_are_refused() {
        for (files, words) in [
            (&[][..], "no WAV files"),
            (&[("7_anna.wav", 8000)], "7_anna.wav: the name is not"),
            (&[("7_anna_x.wav", 8000)], "the name is not"),
            (
                &[("7_a_0.wav", 8000), ("7_a_1.wav", 16000)],
                "16000 samples a second, expected 8000",
            ),
        ] {
            let folder = folder(files);
            let message = read_wav_folder(folder.path()).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        let message = read_wav_folder(Path::new("/nowhere")).unwrap_err();
        assert!(message.to_string().contains("/nowhere"), "{message}");
    }
}
