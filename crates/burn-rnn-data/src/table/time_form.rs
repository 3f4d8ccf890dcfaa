//! How a time is written.

use core::fmt;

use jiff::Timestamp as Instant;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

/// How a time is written, so that those which follow are written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// `2016`
    Year,
    /// `2016Q3`, with what stands before the `Q`.
    Quarter(&'static str),
    /// `2016-07`, with what stands between the numbers.
    Month(char),
    /// `2016-07-01`
    Day(char),
    /// `20160701`
    Compact,
    /// `2016-07-01 14:30`
    Clock(ClockForm),
    /// So many nanoseconds since 1970-01-01 00:00 UTC are 1.
    Epoch(i64),
}

/// How a date with a time of day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockForm {
    /// What stands between the numbers of the date.
    date: char,
    /// What stands between date and time of day: a `T` or a space.
    between: char,
    /// The digits of the seconds' fraction; without seconds nothing.
    fraction: Option<usize>,
    offset: OffsetForm,
    /// Whether the name of a time zone follows, in brackets.
    named: bool,
}

/// How a distance to UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OffsetForm {
    /// Not at all.
    None,
    /// `Z`: the time is UTC.
    Zulu,
    /// `+01`
    Hours,
    /// `+0100`
    Compact,
    /// `+01:00`
    Colon,
}

impl TimeForm {
    /// The form, the instant (civil time as if it were UTC) and the time zone of a text, if it is a time.
    pub(super) fn read(text: &str) -> Option<(Self, Instant, Option<TimeZone>)> {
        let (written, zone) = text.split_at(text.find('[').unwrap_or(text.len()));
        let mut form = Self::of(written)?;
        if !zone.is_empty() {
            let Self::Clock(clock) = &mut form else {
                return None;
            };
            clock.named = true;
            let time = written.replace('/', "-") + zone;
            let time: jiff::ZonedDateTime = time.parse().ok()?;
            // An offset in place of a name would not be written again.
            time.time_zone().iana_name()?;
            return Some((form, time.timestamp(), Some(time.time_zone().clone())));
        }
        let text = match form {
            Self::Month(_) => format!("{text}-01"),
            Self::Quarter(_) => {
                let quarter: u32 = text[text.len() - 1..].parse().ok()?;
                let month = quarter.checked_sub(1).filter(|before| *before < 4)? * 3 + 1;
                format!("{}-{month:02}-01", &text[..4])
            }
            _ => text.to_owned(),
        };
        let text = text.replace('/', "-");
        let pieces = Pieces::parse(&text).ok()?;
        let local = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or_default());
        let zone = pieces.to_numeric_offset().map(TimeZone::fixed);
        let instant = zone.clone().unwrap_or(TimeZone::UTC).to_timestamp(local);
        Some((form, instant.ok()?, zone))
    }

    /// The form of a text that is written like a time; its numbers may still be those of no time.
    fn of(text: &str) -> Option<Self> {
        let digit = |character: char| match character.is_ascii_digit() {
            true => '9',
            false => character,
        };
        let shape: String = text.chars().map(digit).collect();
        for separator in ['-', '/'] {
            if let Some(rest) = shape.strip_prefix(&format!("9999{separator}99{separator}99")) {
                return match rest {
                    "" => Some(Self::Day(separator)),
                    rest => ClockForm::of(separator, rest).map(Self::Clock),
                };
            }
            if shape == format!("9999{separator}99") {
                return Some(Self::Month(separator));
            }
        }
        ["-", "", " "]
            .into_iter()
            .find(|before| shape == format!("9999{before}Q9"))
            .map(Self::Quarter)
    }

    /// Writes a time; where the form has no room for its time of day or fraction, with those.
    pub(super) fn write(
        self,
        f: &mut fmt::Formatter<'_>,
        instant: Instant,
        zone: Option<&TimeZone>,
    ) -> fmt::Result {
        let local = zone.unwrap_or(&TimeZone::UTC).to_datetime(instant);
        let date = local.date();
        let (year, month, day) = (date.year(), date.month(), date.day());
        let begins = |first: Date| local == first.to_datetime(Default::default());
        match self {
            Self::Epoch(unit) => write!(f, "{}", instant.as_nanosecond() / i128::from(unit)),
            Self::Year if begins(date.first_of_year()) => write!(f, "{year:04}"),
            Self::Quarter(before) if begins(date.first_of_month()) && month % 3 == 1 => {
                write!(f, "{year:04}{before}Q{}", month / 3 + 1)
            }
            Self::Month(separator) if begins(date.first_of_month()) => {
                write!(f, "{year:04}{separator}{month:02}")
            }
            Self::Compact if begins(date) => write!(f, "{year:04}{month:02}{day:02}"),
            Self::Day(separator) if begins(date) => {
                write!(f, "{year:04}{separator}{month:02}{separator}{day:02}")
            }
            Self::Clock(clock) => clock.write(f, instant, zone),
            // A day in a file of months, a time of day in a file of dates.
            Self::Year | Self::Quarter(_) | Self::Month(_) | Self::Compact | Self::Day(_) => {
                let date = match self {
                    Self::Month(separator) | Self::Day(separator) => separator,
                    _ => '-',
                };
                let form = match begins(local.date()) {
                    true => Self::Day(date),
                    false => Self::Clock(ClockForm {
                        date,
                        between: ' ',
                        fraction: None,
                        offset: OffsetForm::None,
                        named: false,
                    }),
                };
                form.write(f, instant, zone)
            }
        }
    }
}

impl ClockForm {
    /// The form where `rest` follows the date.
    fn of(date: char, rest: &str) -> Option<Self> {
        let between = rest.chars().next().filter(|first| "T ".contains(*first))?;
        let rest = rest[1..].strip_prefix("99:99")?;
        let (fraction, rest) = match rest.strip_prefix(":99") {
            None => (None, rest),
            Some(rest) => match rest.strip_prefix('.') {
                None => (Some(0), rest),
                Some(rest) => {
                    let after = rest.trim_start_matches('9');
                    let digits = rest.len() - after.len();
                    (
                        Some(digits).filter(|digits| (1..=9).contains(digits)),
                        after,
                    )
                }
            },
        };
        let offset = match rest {
            "" => OffsetForm::None,
            "Z" => OffsetForm::Zulu,
            "+99" | "-99" => OffsetForm::Hours,
            "+9999" | "-9999" => OffsetForm::Compact,
            "+99:99" | "-99:99" => OffsetForm::Colon,
            _ => return None,
        };
        Some(Self {
            date,
            between,
            fraction,
            offset,
            named: false,
        })
    }

    /// Writes a time, with the digits that it has beyond those of the form.
    fn write(
        self,
        f: &mut fmt::Formatter<'_>,
        instant: Instant,
        zone: Option<&TimeZone>,
    ) -> fmt::Result {
        let shown = zone.filter(|_| self.offset != OffsetForm::Zulu);
        let local = shown.unwrap_or(&TimeZone::UTC).to_datetime(instant);
        let (date, between) = (self.date, self.between);
        let minutes = format!("%Y{date}%m{date}%d{between}%H:%M");
        write!(f, "{}", local.strftime(&minutes))?;
        let exact = format!("{:09}", local.subsec_nanosecond());
        let needed = match exact.trim_end_matches('0').len() {
            0 if local.second() == 0 => None,
            digits => Some(digits),
        };
        if let Some(digits) = self.fraction.max(needed) {
            write!(f, ":{:02}", local.second())?;
            if digits > 0 {
                write!(f, ".{}", &exact[..digits])?;
            }
        }
        let Some(zone) = zone else {
            return Ok(());
        };
        write_offset(f, self.offset, zone.to_offset(instant).seconds())?;
        match zone.iana_name().filter(|_| self.named) {
            Some(name) => write!(f, "[{name}]"),
            None => Ok(()),
        }
    }
}

fn write_offset(f: &mut fmt::Formatter<'_>, form: OffsetForm, seconds: i32) -> fmt::Result {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match form {
        OffsetForm::None => Ok(()),
        OffsetForm::Zulu => f.write_str("Z"),
        OffsetForm::Hours if minutes == 0 => write!(f, "{sign}{hours:02}"),
        OffsetForm::Hours | OffsetForm::Compact => write!(f, "{sign}{hours:02}{minutes:02}"),
        OffsetForm::Colon => write!(f, "{sign}{hours:02}:{minutes:02}"),
    }
}
