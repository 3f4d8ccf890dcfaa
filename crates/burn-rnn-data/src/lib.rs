//! Data for recurrent networks: series, text, sound, music, tagged sentences, pairs of strings and synthetic
//! tasks, with what has to be done before a network can learn them. It knows no model: everything is plain slices and vectors, flat in row-major
//! order where it has several dimensions.
//!
//! ```
//! use burn_rnn_data::{MackeyGlass, Scaler, ScalerKind, Windows, chronological, naive, rmse};
//!
//! let series = MackeyGlass::default().generate(1000);
//! let split = chronological(series.len(), 0.7, 0.1)?;
//!
//! // Statistics of the training part only, applied to all of the series.
//! let scaler = Scaler::fit(ScalerKind::Standard, &series[split.train.clone()])?;
//! let scaled = scaler.transform(&series);
//!
//! // 50 known values, 10 to forecast. The first test window reaches back into the validation part.
//! let train = Windows::new(&scaled, split.train, 50, 10)?;
//! let test = Windows::new(&scaled, split.test, 50, 10)?.with_stride(10)?;
//! assert_eq!((train.len(), test.len()), (641, 20));
//!
//! // The error a model has to beat, in units of the series.
//! let (window, target) = test.get(0);
//! let forecast = scaler.inverse(&naive(window, test.horizon()));
//! assert!(rmse(&forecast, &scaler.inverse(target)) > 0.0);
//! # Ok::<(), burn_rnn_data::DataError>(())
//! ```
//!
//! # Where to find what
//!
//! | task | items |
//! |---|---|
//! | read a series from a file | [`read_column`], [`Series`] |
//! | read several series from a file | [`read_table`], [`Table`], [`TableOptions`], [`Missing`] |
//! | generate a chaotic series, or several seasonal ones | [`MackeyGlass`], [`SineMix`] |
//! | scale it, and scale forecasts back | [`Scaler`], [`ScalerKind`], [`Scalers`] |
//! | split it in time order | [`chronological`], [`by_lengths`], [`SplitRule`], [`WalkForward`] |
//! | cut pairs of window and target | [`Windows`], [`TableWindows`] |
//! | know the calendar | [`Timestamp`], [`following`], [`TimeFeatures`] |
//! | know what a model has to beat | [`naive`], [`seasonal_naive`], [`detect_season`], [`mae`], [`rmse`], [`mase`] |
//! | know how far from a forecast the truth may be | [`conformal_width`] |
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
//! | read or generate series with labels, and part them | [`SeriesSet`], [`SeriesColumns`], [`SeriesFeatures`], [`generate_sensors`], [`stratified`] |
//! | batch sequences of unequal lengths | [`bucketed`], [`pad`], [`shuffled`] |
//!
//! What can be wrong with data is a [`DataError`], whose message says what to do.

mod adding;
mod audio;
mod baseline;
mod batching;
mod conformal;
mod csv_file;
mod csv_form;
mod csv_series;
mod error;
mod formal;
mod labelled;
mod mackey_glass;
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
mod windows;

pub use adding::{AddingBatch, AddingProblem};
pub use audio::*;
pub use baseline::{mae, mase, naive, naive_error, rmse, seasonal_naive};
pub use batching::{bucketed, pad, padded_runs, shuffled};
pub use conformal::conformal_width;
pub use csv_series::{Series, read_column};
pub use error::DataError;
pub use formal::*;
pub use labelled::*;
pub use mackey_glass::MackeyGlass;
pub use packed_ids::PackedIds;
pub use piano_roll::*;
pub use scaler::{Scaler, ScalerKind, quantile};
pub use season::detect_season;
pub use sine_mix::SineMix;
pub use split::{Fold, Split, WalkForward, by_lengths, chronological};
pub use streams::{StreamWindow, Streams};
pub use table::*;
pub use tagged::*;
pub use text::{Vocabulary, read_text};
pub use transduction::*;
pub use whole_file::read_file;
pub use windows::Windows;
