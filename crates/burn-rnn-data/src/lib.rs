//! Data for recurrent networks: series, text, sound, music, tagged sentences, pairs of strings and synthetic
//! tasks, with what has to be done before a network can learn them. It knows no model: everything is plain slices and vectors, flat in row-major
//! order where it has several dimensions.
//!
//! ```
//! use burn_rnn_data::{
//!     ScaledTable, ScalerKind, Scalers, SineMix, SplitRule, TableWindows, TimeFeatures, naive,
//! };
//!
//! let table = SineMix::default().generate(1000, 1);
//! let split = "0.7/0.1/0.2".parse::<SplitRule>()?.split(&table)?;
//!
//! // Statistics of the training part only, applied to all of the series.
//! let scalers = Scalers::fit(ScalerKind::Standard, &table, split.train.clone())?;
//! let scaled = ScaledTable::new(&table, &scalers, TimeFeatures::None)?;
//!
//! // 48 known rows, 24 to forecast; the first test window reaches back into the validation part.
//! let test = TableWindows::new(&scaled, split.test, 48, 24)?;
//! let window = test.window(0);
//! assert_eq!(window.input().len(), 48 * table.series());
//!
//! // A forecast that a model has to beat, in units of the series.
//! let last_row = &window.input()[47 * table.series()..];
//! let forecast = naive(&scalers.inverse(last_row)[..1], 24);
//! assert_eq!(forecast.len(), 24);
//! # Ok::<(), burn_rnn_data::DataError>(())
//! ```
//!
//! # Where to find what
//!
//! | task | items |
//! |---|---|
//! | read series from a file | [`read_table`], [`parse_table`], [`Table`], [`TableOptions`], [`Missing`] |
//! | generate seasonal series | [`SineMix`] |
//! | scale it, and scale forecasts back | [`Scaler`], [`ScalerKind`], [`Scalers`] |
//! | split it in time order | [`chronological`], [`by_lengths`], [`SplitRule`] |
//! | cut pairs of window and target | [`TableWindows`] |
//! | know the calendar | [`Timestamp`], [`following`], [`TimeFeatures`] |
//! | know what a model has to beat | [`naive`], [`seasonal_naive`], [`naive_error`], [`detect_season`] |
//! | know how far from a forecast the truth may be | [`conformal_width`] |
//! | find and score anomalies | [`PeaksOverThreshold`], [`smoothed`], [`stretches`], [`EventScore`], [`generate_planted`] |
//! | read text as numbers | [`read_text`], [`Vocabulary`], [`PackedIds`] |
//! | batch a long text for truncated backpropagation | [`Streams`], [`StreamWindow`] |
//! | test long memory | [`AddingProblem`], [`CopyMemory`], [`TemporalOrder`], [`Parity`], [`MemoryProblem`] |
//! | test a grammar | [`EmbeddedReber`], [`ReberWalk`], [`is_reber`] |
//! | read or generate tagged sentences | [`read_conll`], [`generate_tagged`], [`TokenVocabulary`], [`TagVocabulary`] |
//! | score tags | [`iob_spans`], [`SpanScore`], [`TagBaseline`] |
//! | read sounds, generate some, and write one | [`read_wav`], [`read_wav_folder`], [`generate_sounds`], [`wav_file`] |
//! | hear a sound in bands, and find a sound for bands | [`LogMel`], [`MelAnalyser`], [`griffin_lim`] |
//! | vary sounds in training, compare two | [`Augmentation`], [`aligned_distance`] |
//! | read, generate and write music | [`read_piano_rolls`], [`PianoRolls`], [`generate_chorales`], [`midi_file`] |
//! | read or generate pairs of strings | [`read_pairs`], [`generate_pairs`], [`Pairs`], [`Symbols`] |
//! | score strings | [`exact_match`], [`character_error_rate`] |
//! | tell what a file seems to hold | [`look`](look()), [`Look`] |
//! | read or generate series with labels, and part them | [`SeriesSet`], [`SeriesColumns`], [`SeriesFeatures`], [`generate_sensors`], [`stratified`] |
//! | batch sequences of unequal lengths | [`bucketed`], [`pad`], [`shuffled`] |
//!
//! What can be wrong with data is a [`DataError`], whose message says what to do.

mod adding;
mod anomaly;
mod audio;
mod baseline;
mod batching;
mod conformal;
mod csv_file;
mod csv_form;
mod error;
mod formal;
mod labelled;
mod look;
mod packed_ids;
mod piano_roll;
mod scaler;
mod season;
mod sine_mix;
mod split;
mod streams;
mod table;
mod tagged;
mod text;
mod transduction;
mod utf8_file;
mod whole_file;

pub use adding::{AddingBatch, AddingProblem};
pub use anomaly::*;
pub use audio::*;
pub use baseline::{naive, naive_error, seasonal_naive};
pub use batching::{bucketed, pad, padded_runs, shuffled};
pub use conformal::conformal_width;
pub use error::DataError;
pub use formal::*;
pub use labelled::*;
pub use look::{ColumnKind, ColumnLook, Look, TableLook, look};
pub use packed_ids::PackedIds;
pub use piano_roll::*;
pub use scaler::{Scaler, ScalerKind};
pub use season::detect_season;
pub use sine_mix::SineMix;
pub use split::{Split, by_lengths, chronological};
pub use streams::{StreamWindow, Streams};
pub use table::*;
pub use tagged::*;
pub use text::{Vocabulary, read_text};
pub use transduction::*;
pub use whole_file::read_file;
