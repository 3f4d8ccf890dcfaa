//! Altered files, given to the program.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::failures::Failures;
use crate::formats::Format;
use crate::mutate::mutation;
use crate::seeds::{FOLDER, words};

/// What a command may take: a machine with much else to do is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a command may take of memory, in kilobytes, and write into a file, in blocks: more ends it.
const LIMITS: &str = "ulimit -v 4000000 && ulimit -f 400000 && exec \"$@\"";

/// Gives so many altered files of every format to each command that takes it.
pub fn attack(formats: &[&Format], count: u64) {
    let failures = Mutex::new(Failures::new("failed-program"));
    let commands = formats
        .iter()
        .flat_map(|format| (0..format.commands.len()).map(move |command| (format, command)));
    let commands: Vec<(&&Format, usize)> = commands.collect();
    let next = AtomicUsize::new(0);
    let work = |worker: usize| {
        let folder = crate::folder("program").join(worker.to_string());
        while let Some((format, command)) = commands.get(next.fetch_add(1, Ordering::Relaxed)) {
            give(format, *command, count, &folder, &failures);
        }
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for worker in 0..workers {
            scope.spawn(move || work(worker));
        }
    });
    println!("{} commands, {count} files each", commands.len());
    failures.into_inner().unwrap().finish();
}

/// Gives altered files to one command.
fn give(format: &Format, command: usize, count: u64, folder: &Path, failures: &Mutex<Failures>) {
    let line = &format.commands[command];
    let whole = Ran::of(format, line, &format.corpus[0], folder);
    assert!(whole.status.success(), "{line}, a whole file: {whole:?}");
    // Other files for other commands.
    for number in crate::numbers(command as u64 * count, count) {
        let altered = mutation(format, number);
        let ran = Ran::of(format, line, &altered.bytes, folder);
        let must_be_same = format.is_summed() && !altered.sealed;
        let fault = match ran.fault(line) {
            None if must_be_same && ran.status.success() && ran.meaning() != whole.meaning() => {
                Some(format!("believed: {}", ran.stdout))
            }
            fault => fault,
        };
        if let Some(fault) = fault {
            let name = format!("{}:{number}", format.name);
            let line = format!(
                "burn-rnn {}",
                line.replace("{seeds}", &FOLDER.display().to_string())
            );
            failures
                .lock()
                .unwrap()
                .add(&name, &fault, &folder.join("work"), &line);
        }
    }
}

/// What a command did.
#[derive(Debug)]
struct Ran {
    status: ExitStatus,
    in_time: bool,
    stdout: String,
    stderr: String,
    /// The bytes of the file that it was given.
    given: usize,
    /// The files that were not there before.
    made: BTreeMap<PathBuf, Vec<u8>>,
}

impl Ran {
    /// Runs a line in a folder that has the file.
    fn of(format: &Format, line: &str, bytes: &[u8], folder: &Path) -> Self {
        let work = folder.join("work");
        format.place(&work, bytes);
        let before = files(&work);
        let (line, input) = line.split_once(" < ").unwrap_or((line, "/dev/null"));
        let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
        let mut child = Command::new("sh")
            .args(["-c", LIMITS, "sh", env!("CARGO_BIN_EXE_burn-rnn")])
            .args(words(line, &FOLDER))
            .current_dir(&work)
            .env_remove("BURN_DEVICE")
            .env_remove("RUST_BACKTRACE")
            .stdin(File::open(work.join(input)).unwrap())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let mut in_time = true;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > PATIENCE {
                in_time = false;
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let mut made = files(&work);
        made.retain(|path, _| !before.contains_key(path));
        Self {
            status,
            in_time,
            stdout: text(stdout),
            stderr: text(stderr),
            given: bytes.len(),
            made,
        }
    }

    /// What the user gets, but for the size of the file, which may change without its meaning.
    fn meaning(&self) -> (Vec<String>, &BTreeMap<PathBuf, Vec<u8>>) {
        let bytes = format!("\"bytes\":{}", self.given);
        let lines = self
            .stdout
            .lines()
            .filter(|line| !line.starts_with("size ") && !line.starts_with("| size |"));
        (
            lines.map(|line| line.replace(&bytes, "")).collect(),
            &self.made,
        )
    }

    /// What is wrong with how it ended.
    fn fault(&self, line: &str) -> Option<String> {
        let name = |path: &PathBuf| path.file_name().map(|name| name.display().to_string());
        let mut made = self.made.keys().filter_map(name);
        let half_written = |name: &String| name.starts_with(".burn-rnn-");
        let errors = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count();
        let fault = match self.status.code() {
            _ if !self.in_time => "takes too long".to_owned(),
            _ if self.stderr.contains("panicked at") => "panics".to_owned(),
            _ if made.clone().any(|name| half_written(&name)) => {
                "leaves something half written".to_owned()
            }
            Some(0) => return None,
            Some(2) if errors != 1 => format!("{errors} errors"),
            // A training that is refused after its first steps leaves them.
            Some(2) if line.starts_with("train ") => return None,
            Some(2) => format!("is refused and leaves {}", made.next()?),
            _ => self.status.to_string(),
        };
        let lines = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with("note: "));
        let panic = self.stderr.contains("panicked at");
        let said = lines.skip_while(|line| panic && !line.contains("panicked at"));
        let said: Vec<&str> = said.collect();
        Some(format!("{fault}; {}", said.join(" | ")))
    }
}

/// All files within a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => drop(all.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    all
}
