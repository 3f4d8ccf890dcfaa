//! How a table is split, as one writes it.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Table;
use super::step::median;
use crate::{DataError, Split, by_lengths, chronological};

/// A chronological split in training, validation and test part, by fractions or by lengths.
///
/// Written, parsed and serialized as `0.7/0.1/0.2`, `8640/2880/2880-rows`, `360/120/120-days` or
/// `12/4/4-months` (Informer's for the ETT data; a month has 30 days there and here). What lies behind the
/// lengths is not used; fractions use everything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SplitRule {
    /// Fractions of the rows that add up to 1.
    Fractions([f64; 3]),
    /// Lengths.
    Lengths([usize; 3], SplitUnit),
}

/// What lengths are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitUnit {
    /// Rows.
    Rows,
    /// Days; the table needs times.
    Days,
    /// Months of 30 days; the table needs times.
    Months,
}

impl SplitRule {
    /// The parts of a table.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where lengths are in days and the table has no times or less than a
    /// row a day, [`DataError::SeriesTooShort`] where it has too few rows.
    pub fn split(&self, table: &Table) -> Result<Split, DataError> {
        match *self {
            Self::Fractions([train, validation, _]) => {
                chronological(table.rows(), train, validation)
            }
            Self::Lengths(lengths, unit) => {
                let days = match unit {
                    SplitUnit::Rows => 0,
                    SplitUnit::Days => 1,
                    SplitUnit::Months => 30,
                };
                let factor = match days {
                    0 => 1,
                    days => days * rows_of_a_day(table)?,
                };
                by_lengths(
                    table.rows(),
                    lengths.map(|length| length.saturating_mul(factor)),
                )
            }
        }
    }
}

fn rows_of_a_day(table: &Table) -> Result<usize, DataError> {
    let refuse = |given: String| {
        Err(DataError::invalid(
            "split",
            given,
            "lengths in rows, or a table whose time column has at least a row a day",
        ))
    };
    let Some(times) = table.times().filter(|times| times.len() > 1) else {
        return refuse("in days or months, but the table has no times".to_owned());
    };
    let steps = times.windows(2);
    let step = median(steps.map(|pair| pair[1].seconds() - pair[0].seconds()));
    match step {
        1..=86_400 => Ok((86_400 / step) as usize),
        _ => refuse(format!("in days or months, but rows are {step} s apart")),
    }
}

impl fmt::Display for SplitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fractions([a, b, c]) => write!(f, "{a}/{b}/{c}"),
            Self::Lengths([a, b, c], unit) => {
                let unit = match unit {
                    SplitUnit::Rows => "rows",
                    SplitUnit::Days => "days",
                    SplitUnit::Months => "months",
                };
                write!(f, "{a}/{b}/{c}-{unit}")
            }
        }
    }
}

impl FromStr for SplitRule {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let refuse = || {
            DataError::invalid(
                "split",
                format!("`{text}`"),
                "fractions that add up to 1 such as `0.7/0.1/0.2`, or lengths such as \
                 `8640/2880/2880-rows`, `360/120/120-days` or `12/4/4-months`",
            )
        };
        if let Some((lengths, unit)) = text.split_once('-') {
            let unit = match unit {
                "rows" => SplitUnit::Rows,
                "days" => SplitUnit::Days,
                "months" => SplitUnit::Months,
                _ => return Err(refuse()),
            };
            let lengths = three::<usize>(lengths).ok_or_else(refuse)?;
            return Ok(Self::Lengths(lengths, unit));
        }
        let fractions = three::<f64>(text).ok_or_else(refuse)?;
        let sum: f64 = fractions.iter().sum();
        let sound = fractions.iter().all(|fraction| *fraction >= 0.0) && (sum - 1.0).abs() < 1e-6;
        match sound {
            true => Ok(Self::Fractions(fractions)),
            false => Err(refuse()),
        }
    }
}

fn three<N: FromStr>(text: &str) -> Option<[N; 3]> {
    let numbers: Result<Vec<N>, _> = text.split('/').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

impl TryFrom<String> for SplitRule {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

impl From<SplitRule> for String {
    fn from(rule: SplitRule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn hourly(rows: usize) -> Table {
        let start = Timestamp::parse("2016-07-01").unwrap();
        let times = (0..rows as i64)
            .map(|hour| start.plus_seconds(hour * 3600))
            .collect();
        Table::new(vec!["a".into()], vec![0.5; rows], Some(times)).unwrap()
    }

    #[test]
    fn informers_months_are_thirty_days() {
        let rule: SplitRule = "12/4/4-months".parse().unwrap();
        let split = rule.split(&hourly(17_420)).unwrap();
        assert_eq!(split.train, 0..8640);
        assert_eq!(split.validation, 8640..11_520);
        assert_eq!(split.test, 11_520..14_400);
        let error = rule.split(&hourly(14_399)).unwrap_err();
        assert!(
            matches!(error, DataError::SeriesTooShort { needed: 14_400, .. }),
            "{error}"
        );
        let untimed = Table::new(vec!["a".into()], vec![0.5; 20_000], None).unwrap();
        assert!(
            rule.split(&untimed)
                .unwrap_err()
                .to_string()
                .contains("no times")
        );
    }

    #[test]
    fn rules_are_written_as_they_are_parsed_and_nonsense_is_refused() {
        for text in [
            "0.7/0.1/0.2",
            "8/2/2-rows",
            "360/120/120-days",
            "12/4/4-months",
        ] {
            let rule: SplitRule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<SplitRule>(&json).unwrap(), rule);
        }
        for text in [
            "",
            "0.7/0.3",
            "0.7/0.3/0.3",
            "1/-1/1",
            "12/4/4",
            "12/4/4-weeks",
            "1/2-rows",
        ] {
            assert!(text.parse::<SplitRule>().is_err(), "{text}");
        }
    }
}
