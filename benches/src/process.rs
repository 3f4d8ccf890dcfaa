//! The other end of a process that runs contestants.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::contestant::Side;
use crate::protocol::{Reply, Request};
use crate::simd::Simd;

/// How the processes are started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The Python interpreter, where peers in Python take part.
    pub python: Option<std::path::PathBuf>,
    /// Threads of every contestant.
    pub threads: usize,
    /// Whether PyTorch may also compile its loops.
    pub compile: bool,
    /// The vector instructions that they are held to, if any.
    pub simd: Option<Simd>,
}

/// A running process; ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    name: &'static str,
}

impl Launch {
    /// Starts the process of a side.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, in words for the user.
    pub fn start(&self, side: Side) -> Result<Process, String> {
        let (mut command, name) = match side {
            Side::Rust => {
                let program = std::env::current_exe()
                    .map_err(|error| format!("this program cannot find itself: {error}"))?;
                let mut command = Command::new(program);
                command.arg(crate::worker::ARGUMENT);
                (command, "the Rust process")
            }
            Side::Python => {
                let python = self.python.as_deref().ok_or("no --python was given")?;
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers.py");
                let mut command = Command::new(python);
                command.arg(script).arg(self.threads.to_string());
                if self.compile {
                    command.arg("--compile");
                }
                (command, "the Python process")
            }
        };
        // Read by rayon, which Flex and candle use, and by candle itself.
        command.env("RAYON_NUM_THREADS", self.threads.to_string());
        if let Some(simd) = self.simd {
            command.envs(simd.environment(side).iter().copied());
        }
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        Ok(Process {
            child,
            questions,
            answers: BufReader::new(answers.ok_or("its output cannot be read")?),
            name,
        })
    }
}

impl Process {
    /// Asks and waits for the answer.
    ///
    /// # Errors
    ///
    /// Where the answer is an error or none comes: the process is gone then and
    /// [`is_alive`](Process::is_alive) says so.
    pub fn ask(&mut self, request: Request) -> Result<Reply, String> {
        let name = self.name;
        let gone = |what: String| format!("{name} has ended unexpectedly ({what})");
        let line = serde_json::to_string(&request).expect("a request is plain data") + "\n";
        let questions = self.questions.as_mut().expect("open until dropped");
        let sent = questions
            .write_all(line.as_bytes())
            .and_then(|()| questions.flush());
        let mut answer = String::new();
        let received = sent.and_then(|()| self.answers.read_line(&mut answer));
        match received {
            Ok(0) | Err(_) => {
                let status = self.child.wait();
                Err(gone(status.map_or_else(
                    |error| error.to_string(),
                    |status| status.to_string(),
                )))
            }
            Ok(_) => {
                let reply: Reply = serde_json::from_str(&answer)
                    .map_err(|error| format!("{name} answered {answer:?}: {error}"))?;
                match reply.error {
                    Some(error) => Err(error),
                    None => Ok(reply),
                }
            }
        }
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input is its end.
        self.questions = None;
        let _ = self.child.wait();
    }
}
