//! Altered files, read by the library.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::failures::Failures;
use crate::formats::Format;
use crate::library::read;
use crate::mutate::mutation;

/// What a file may take: a machine with much else to do is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// The memory that the process may have, in kilobytes.
const MEMORY: u64 = 4_000_000;

/// Reads so many altered files of every format.
pub fn attack(formats: &[&Format], count: u64) {
    let watch = Watch::begin();
    let mut failures = Failures::new("failed-in-process");
    for format in formats {
        let folder = crate::folder("in-process").join(&format.name);
        let placed = |bytes: &[u8]| {
            format.place(&folder, bytes);
            read(format, &folder)
        };
        let whole: Result<Vec<String>, _> =
            format.corpus.iter().map(|whole| placed(whole)).collect();
        let whole = whole.unwrap_or_else(|error| panic!("{}, a whole file: {error}", format.name));
        let (started, mut accepted) = (Instant::now(), 0);
        for number in crate::numbers(0, count) {
            let name = format!("{}:{number}", format.name);
            let altered = mutation(format, number);
            watch.look_at(format!("{name}, {}", folder.display()));
            let got = catch_unwind(AssertUnwindSafe(|| placed(&altered.bytes)));
            watch.look_away();
            accepted += u64::from(matches!(got, Ok(Ok(_))));
            let must_be_same = format.is_summed() && !altered.sealed;
            let fault = match got {
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().map(String::as_str);
                    format!(
                        "panics: {}",
                        text.or(panic.downcast_ref().copied()).unwrap_or("?")
                    )
                }
                Ok(Ok(text)) if must_be_same && text != whole[0] => format!("believed: {text}"),
                Ok(_) => continue,
            };
            failures.add(&name, &fault, &folder, "ls");
        }
        let _ = fs::remove_dir_all(&folder);
        let (name, seconds) = (&format.name, started.elapsed().as_secs_f64());
        println!("{name}: {accepted} of {count} files accepted, {seconds:.1} s");
    }
    failures.finish();
}

/// Ends the process where a file takes too long or too much memory: nothing else stops what does not end.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Option<(Instant, String)>>>);

impl Watch {
    fn begin() -> Self {
        let watch = Self::default();
        let watched = watch.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(20));
                if let Some((since, name)) = &*watched.0.lock().unwrap()
                    && (since.elapsed() > PATIENCE || resident() > MEMORY)
                {
                    // Not captured, as what a test prints is.
                    let told = format_args!("{name}: {:?}, {} kB", since.elapsed(), resident());
                    let _ = writeln!(std::io::stderr(), "takes too much: {told}");
                    std::process::exit(101);
                }
            }
        });
        watch
    }

    /// What is read now, and where it stays if that ends the process.
    fn look_at(&self, name: String) {
        *self.0.lock().unwrap() = Some((Instant::now(), name));
    }

    fn look_away(&self) {
        *self.0.lock().unwrap() = None;
    }
}

/// The memory of this process, in kilobytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
