//! Altered files, read by the library.

use std::any::Any;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::failures::Failures;
use crate::formats::Format;
use crate::mutate::mutation;

/// The seconds that a file may take: a machine with much else to do is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// The memory that the process may have, in bytes.
const MEMORY: u64 = 4 << 30;

/// Reads so many altered files of every format.
pub fn attack(formats: &[&Format], count: u64) {
    let watch = Watch::begin();
    let mut failures = Failures::new("failed-in-process");
    for format in formats {
        let folder = crate::folder("in-process").join(&format.name);
        let whole = format.corpus.iter().map(|whole| {
            format.place(&folder, whole);
            let read = (format.read)(&folder);
            read.unwrap_or_else(|error| panic!("{}, a whole file: {error}", format.name))
        });
        let whole: Vec<String> = whole.collect();
        let started = Instant::now();
        let mut accepted = 0;
        let numbers = crate::numbers(0, count);
        for number in numbers.clone() {
            let name = format!("{}:{number}", format.name);
            let altered = mutation(&format.name, number, &format.corpus, format.structure);
            format.place(&folder, &altered.bytes);
            watch.look_at(Some(format!("{name}, {}", folder.display())));
            let read = catch_unwind(AssertUnwindSafe(|| (format.read)(&folder)));
            watch.look_at(None);
            accepted += u64::from(matches!(read, Ok(Ok(_))));
            let believed = format.summed && !altered.sealed;
            let fault = match read {
                Err(panic) => Some(format!("panics: {}", message(&*panic))),
                Ok(Ok(text)) if believed && text != whole[0] => Some(format!("believed: {text}")),
                Ok(_) => None,
            };
            if let Some(fault) = fault {
                failures.add(
                    &name,
                    &fault,
                    &folder,
                    "cargo test --release --workspace --test attack",
                );
            }
        }
        let _ = fs::remove_dir_all(&folder);
        println!(
            "{}: {} files, {accepted} of them accepted, {:.1} s",
            format.name,
            numbers.end - numbers.start,
            started.elapsed().as_secs_f64()
        );
    }
    failures.finish();
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("?")
}

/// Ends the process where a file takes too long or too much memory: nothing else stops what does not end.
struct Watch(Arc<Mutex<Option<(Instant, String)>>>);

impl Watch {
    fn begin() -> Self {
        let file: Arc<Mutex<Option<(Instant, String)>>> = Arc::default();
        let watched = file.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(20));
                let Some((since, name)) = watched.lock().unwrap().clone() else {
                    continue;
                };
                let reason = match (since.elapsed() > PATIENCE, resident() > MEMORY) {
                    (true, _) => "takes too long",
                    (_, true) => "takes too much memory",
                    _ => continue,
                };
                // Not captured, as what a test prints is.
                let _ = writeln!(std::io::stderr(), "{name}: {reason}");
                std::process::exit(101);
            }
        });
        Self(file)
    }

    /// What is read now, and where it stays if that ends the process.
    fn look_at(&self, name: Option<String>) {
        *self.0.lock().unwrap() = name.map(|name| (Instant::now(), name));
    }
}

/// The memory of this process, in bytes; 0 where the system does not tell.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
