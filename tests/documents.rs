//! The code of the project's pages, tested: `cargo test -p burn-rnn-tests --doc`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
pub struct Library;
