//! Points in time, as far as series need them.

use core::fmt;

/// A date and a time of day without a time zone, in whole seconds (proleptic Gregorian calendar).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970-01-01 00:00:00.
    seconds: i64,
}

const DAY: i64 = 86_400;

impl Timestamp {
    /// Reads `YYYY-MM`, `YYYY-MM-DD`, and the latter with ` HH:MM` or ` HH:MM:SS`, where a `T` may stand
    /// for the space and a `Z` at the end. `None` for everything else, 30 February among it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut date = date.split('-');
        let year = number(date.next()?, 4)?;
        let month = number(date.next()?, 2)?;
        let day = match date.next() {
            Some(day) => number(day, 2)?,
            None if time.is_none() => 1,
            None => return None,
        };
        let known = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        if date.next().is_some() || !known {
            return None;
        }
        let mut seconds = 0;
        if let Some(time) = time {
            let mut parts = time.split(':');
            let hour = number(parts.next()?, 2)?;
            let minute = number(parts.next()?, 2)?;
            let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
            if hour > 23 || minute > 59 || second > 59 || parts.next().is_some() {
                return None;
            }
            seconds = (hour * 60 + minute) * 60 + second;
        }
        let days = days_before(year, month) + day - 1;
        Some(Self {
            seconds: days * DAY + seconds,
        })
    }

    /// The time that is this many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self {
            seconds: self.seconds + seconds,
        }
    }

    /// The seconds since 1970-01-01 00:00:00.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> u32 {
        (self.seconds.rem_euclid(DAY) / 3600) as u32
    }

    /// The day of the week, Monday 0 to Sunday 6.
    pub fn day_of_week(self) -> u32 {
        // 1970-01-01 was a Thursday.
        (self.seconds.div_euclid(DAY) + 3).rem_euclid(7) as u32
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u32 {
        self.date().2 as u32
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u32 {
        self.date().1 as u32
    }

    fn date(self) -> (i64, i64, i64) {
        let days = self.seconds.div_euclid(DAY);
        // A guess that leap years push off by a year or few.
        let mut year = 1970 + days.div_euclid(365);
        while days_before(year, 1) > days {
            year -= 1;
        }
        while days_before(year + 1, 1) <= days {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_before(year, month + 1) <= days {
            month += 1;
        }
        (year, month, days - days_before(year, month) + 1)
    }

    /// Months since the year 0, and the seconds since that month began.
    fn month_and_rest(self) -> (i64, i64) {
        let (year, month, _) = self.date();
        (
            year * 12 + month - 1,
            self.seconds - days_before(year, month) * DAY,
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let seconds = self.seconds.rem_euclid(DAY);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// The `count` times that follow: each a month step later where all of `times` are at the same moment of
/// their month, else the median of the steps between them later.
///
/// Empty where there are fewer than two times to take the step from.
pub fn following(times: &[Timestamp], count: usize) -> Vec<Timestamp> {
    let Some(&last) = times.last().filter(|_| times.len() > 1) else {
        return Vec::new();
    };
    let (last_month, rest) = last.month_and_rest();
    let monthly = times.iter().all(|time| time.month_and_rest().1 == rest);
    let count = 1..=count as i64;
    if monthly {
        let step = median_step(times.iter().map(|time| time.month_and_rest().0));
        return count
            .map(|place| {
                let month = last_month + place * step;
                let days = days_before(month.div_euclid(12), month.rem_euclid(12) + 1);
                Timestamp {
                    seconds: days * DAY + rest,
                }
            })
            .collect();
    }
    let step = median_step(times.iter().map(|time| time.seconds));
    count.map(|place| last.plus_seconds(place * step)).collect()
}

/// The median of the differences between neighbours; of two in the middle the smaller.
pub(super) fn median_step(places: impl Iterator<Item = i64>) -> i64 {
    let places: Vec<i64> = places.collect();
    let mut steps: Vec<i64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    steps[(steps.len() - 1) / 2]
}

/// All digits, as many as expected.
fn number(text: &str, digits: usize) -> Option<i64> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// The days from 1970-01-01 to the first of the month.
fn days_before(year: i64, month: i64) -> i64 {
    let years = year - 1;
    let leap_days = years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    const BEFORE_1970: i64 = 1969 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400;
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    years * 365 + leap_days - BEFORE_1970 + months
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_read() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1970-01", 0),
            ("2016-07-01 00:00:00", 1_467_331_200),
            ("2016-07-01T00:00", 1_467_331_200),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("1749-01-01", -6_974_035_200),
        ] {
            let time = Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(time.seconds(), seconds, "{text}");
        }
        for text in [
            "",
            "12",
            "2016",
            "2016-13-01",
            "2015-02-29",
            "1900-02-29",
            "2016-7-1",
            "01.07.2016",
            "2016-07-01 24:00",
            "2016-07-01 12",
            "2016-07-01-01",
            "2016-07 10:00",
            "+201-01-01",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let first = Timestamp::parse("1800-01-01").unwrap();
        for day in 0..146_097 {
            let time = first.plus_seconds(day * DAY + 3_661);
            let text = time.to_string();
            assert_eq!(Timestamp::parse(&text), Some(time), "{text}");
        }
        let last = first.plus_seconds(146_097 * DAY);
        assert_eq!(last.to_string(), "2200-01-01 00:00:00");
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        let time = Timestamp::parse("2018-06-26 19:05").unwrap(); // a Tuesday
        assert_eq!((time.hour(), time.day_of_week()), (19, 1));
        assert_eq!((time.day(), time.month()), (26, 6));
    }

    #[test]
    fn times_go_on_as_they_went() {
        let times = |texts: &[&str]| -> Vec<Timestamp> {
            texts
                .iter()
                .map(|text| Timestamp::parse(text).unwrap())
                .collect()
        };
        let hourly = times(&["2020-02-28 22:00", "2020-02-28 23:00", "2020-02-29 00:00"]);
        assert_eq!(following(&hourly, 1), times(&["2020-02-29 01:00"]));
        let monthly = times(&["2019-11", "2019-12", "2020-01"]);
        assert_eq!(following(&monthly, 2), times(&["2020-02-01", "2020-03-01"]));
        assert!(following(&monthly[..1], 3).is_empty());
    }
}
