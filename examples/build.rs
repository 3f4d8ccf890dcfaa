//! The text that `char-rnn` learns by default is the program's.

#[path = "../crates/burn-rnn-cli/build.rs"]
mod program;

fn main() -> std::io::Result<()> {
    program::main()
}
