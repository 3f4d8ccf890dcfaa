//! Altered files, given to the program.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::failures::Failures;
use crate::formats::Format;
use crate::mutate::mutation;
use crate::seeds::{self, words};

/// The seconds that a command may take: a machine with much else to do is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a command may take of memory, in kilobytes, and write into a file, in blocks: more ends it.
const LIMITS: &str = "ulimit -v 4000000 && ulimit -f 400000 && exec \"$@\"";

/// Gives so many altered files of every format to each command that takes it.
pub fn attack(formats: &[&Format], count: u64) {
    let failures = Mutex::new(Failures::new("failed-program"));
    let commands: Vec<(&Format, usize)> = formats
        .iter()
        .flat_map(|format| (0..format.commands.len()).map(|command| (*format, command)))
        .collect();
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let folder = crate::folder("program").join(worker.to_string());
            let (commands, next, failures) = (&commands, &next, &failures);
            scope.spawn(move || {
                while let Some((format, command)) =
                    commands.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    give(format, *command, count, &folder, failures);
                }
            });
        }
    });
    println!("{} commands, {count} files each", commands.len());
    failures.into_inner().unwrap().finish();
}

/// Gives altered files to one command.
fn give(format: &Format, command: usize, count: u64, folder: &Path, failures: &Mutex<Failures>) {
    let line = format.commands[command].replace("{seeds}", &seeds::folder().display().to_string());
    let whole = Ran::of(format, &line, &format.corpus[0], folder);
    assert!(whole.status.success(), "{line}, a whole file: {whole:?}");
    // Other files for other commands.
    for number in crate::numbers(command as u64 * count, count) {
        let altered = mutation(&format.name, number, &format.corpus, format.structure);
        let ran = Ran::of(format, &line, &altered.bytes, folder);
        let believed = format.summed && !altered.sealed && ran.meaning() != whole.meaning();
        if let Some(fault) = ran.fault(&line, believed) {
            let name = format!("{}:{number}", format.name);
            let mut failures = failures.lock().unwrap();
            failures.add(
                &name,
                &format!("{line}: {fault}"),
                &folder.join("work"),
                &format!("burn-rnn {line}"),
            );
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
        let (line, input) = match line.split_once(" < ") {
            Some((line, input)) => (line, work.join(input)),
            None => (line, PathBuf::from("/dev/null")),
        };
        let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
        let mut child = Command::new("sh")
            .args(["-c", LIMITS, "sh", env!("CARGO_BIN_EXE_burn-rnn")])
            .args(words(line, seeds::folder()))
            .current_dir(&work)
            .env_remove("BURN_DEVICE")
            .env_remove("RUST_BACKTRACE")
            .stdin(File::open(input).unwrap())
            .stdout(Stdio::from(File::create(&stdout).unwrap()))
            .stderr(Stdio::from(File::create(&stderr).unwrap()))
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
    fn meaning(&self) -> (String, &BTreeMap<PathBuf, Vec<u8>>) {
        let stdout = self
            .stdout
            .replace(&format!("\"bytes\":{}", self.given), "");
        (
            stdout.replace(&format!(" {} bytes", self.given), ""),
            &self.made,
        )
    }

    /// What is wrong with how it ended; `believed` where what it got is not what it was given.
    fn fault(&self, line: &str, believed: bool) -> Option<String> {
        let mut made = self.made.keys();
        let half = made.clone().find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(".burn-rnn-"))
        });
        let errors = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        let last: String = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with("note:"))
            .collect::<Vec<_>>()
            .join(" | ");
        let fault = match (self.status.code(), errors.count()) {
            _ if !self.in_time => "takes too long".to_owned(),
            _ if self.stderr.contains("panicked at") => "panics".to_owned(),
            _ if half.is_some() => format!("leaves {half:?}"),
            (Some(0), _) if believed => format!("believed: {}", self.stdout),
            (Some(0), _) => return None,
            // A training that ends at a step of its own leaves what came before.
            (Some(2), 1) if line.starts_with("train ") => return None,
            (Some(2), 1) => format!("refused, and leaves {:?}", made.next()?),
            (Some(2), errors) => format!("{errors} errors"),
            (Some(code), _) => format!("exit code {code}"),
            (None, _) => format!("signal {:?}", self.status.signal()),
        };
        Some(format!("{fault}; {last}"))
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
