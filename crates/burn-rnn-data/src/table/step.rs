//! How times go on.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};

use super::Timestamp;

/// The step from one time of a series to the next, in the calendar where it is one of the calendar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// So many months, on a day of the month: the last one where the month has no such day.
    Months { months: i64, day: i8, time: Time },
    /// So many months, on the last day from Monday to Friday.
    BusinessMonthEnds { months: i64, time: Time },
    /// So many days, at the same time by the clock.
    Days { days: i64, time: Time },
    /// From Monday to Friday.
    BusinessDays { time: Time },
    /// Always as long.
    Even(SignedDuration),
}

impl Step {
    /// The step of `times`, oldest first; the median of their steps where not all are the same.
    ///
    /// All at the end of their months, or on one day of the month, are months apart (quarters and years, too), as are those on the last
    /// business day.
    /// All at one time of the day are days apart; business days where weekends are left out. None where there
    /// are fewer than two times.
    pub(super) fn of(times: &[Timestamp]) -> Option<Self> {
        // A clock that is put forward only shows a later time: the earliest is the one that is meant.
        let local = times.iter().map(|at| at.local().time());
        let time = local.min().filter(|_| times.len() > 1)?;
        let even = Self::Even(median(
            times
                .windows(2)
                .map(|pair| pair[1].instant().duration_since(pair[0].instant())),
        ));
        let dates: Vec<Date> = times.iter().map(|time| time.local().date()).collect();
        // A clock that is put forward at midnight never shows it.
        let daily = times.iter().zip(&dates).all(|(at, date)| {
            let usual = date.to_datetime(time);
            at.local() == usual || at.with_local(usual).as_ref() == Some(at)
        });
        if !daily {
            return Some(even).filter(Self::goes_on);
        }
        if steps(&dates, month).all(|months| months > 0) {
            let months = median(steps(&dates, month));
            if let Some(day) = day_of_month(&dates) {
                return Some(Self::Months { months, day, time });
            }
            if dates.iter().all(|date| *date == last_business_day(*date)) {
                return Some(Self::BusinessMonthEnds { months, time });
            }
        }
        let days = median(steps(&dates, day));
        let week = |date: &Date| date.weekday().to_monday_zero_offset() < 5;
        let weekends =
            || steps(&dates, day).sum::<i64>() > steps(&dates, business_day).sum::<i64>();
        let step = match days == 1 && dates.iter().all(week) && weekends() {
            true => Self::BusinessDays { time },
            false => Self::Days { days, time },
        };
        Some(step).filter(Self::goes_on)
    }

    fn goes_on(&self) -> bool {
        match self {
            Self::Days { days, .. } => *days > 0,
            Self::Months { .. } | Self::BusinessMonthEnds { .. } | Self::BusinessDays { .. } => {
                true
            }
            Self::Even(step) => step.is_positive(),
        }
    }

    /// The time that is `count` steps after `time`, unless the calendar ends before.
    fn after(&self, time: &Timestamp, count: i64) -> Option<Timestamp> {
        let date = time.local().date();
        let local = match self {
            Self::Even(step) => {
                let nanoseconds = step.as_nanos().checked_mul(i128::from(count))?;
                let step = SignedDuration::try_from_nanos_i128(nanoseconds)?;
                return Some(time.with_instant(time.instant().checked_add(step).ok()?));
            }
            Self::Months { months, day, time } => {
                let first = first_after(date, months.checked_mul(count)?)?;
                let day = first.days_in_month().min(*day);
                let date = Date::new(first.year(), first.month(), day);
                date.ok()?.to_datetime(*time)
            }
            Self::BusinessMonthEnds { months, time } => {
                let first = first_after(date, months.checked_mul(count)?)?;
                last_business_day(first).to_datetime(*time)
            }
            Self::Days { days, time } => days_after(date, days.checked_mul(count)?, *time)?,
            Self::BusinessDays { time } => {
                let place = business_day(date).checked_add(count)?;
                let days = place.div_euclid(5) * 7 + place.rem_euclid(5) - THURSDAY;
                days_after(EPOCH, days, *time)?
            }
        };
        time.with_local(local)
    }

    /// The whole steps from one time to a later one.
    pub(super) fn count(&self, from: &Timestamp, to: &Timestamp) -> i64 {
        let [first, last] = [from, to].map(|time| time.local().date());
        match self {
            Self::Even(step) => {
                let distance = to.instant().duration_since(from.instant());
                (distance.as_nanos() / step.as_nanos()) as i64
            }
            Self::Months { months, .. } | Self::BusinessMonthEnds { months, .. } => {
                (month(last) - month(first)) / months
            }
            Self::Days { days, .. } => (day(last) - day(first)) / days,
            Self::BusinessDays { .. } => business_day(last) - business_day(first),
        }
    }
}

/// The `count` times that follow, by the calendar: month ends stay month ends, the 30th is the last of February
/// and then the 30th again, business days leave weekends out and the last of a month stays its last, midnights stay midnights where clocks are put
/// forward (in a time zone; an offset stays the last one). What is no step of the calendar is as long as the
/// median of those between `times`.
///
/// They are written as the last of `times` is. Empty where there are fewer than two to take the step from; fewer
/// where the calendar ends, with the year 9999.
pub fn following(times: &[Timestamp], count: usize) -> Vec<Timestamp> {
    let (Some(step), Some(last)) = (Step::of(times), times.last()) else {
        return Vec::new();
    };
    (1..=count as i64)
        .map_while(|count| step.after(last, count))
        .collect()
}

/// The day of the month that all dates have, which are in different months: 31 where all are the last of
/// theirs, else the largest, if the others are that or the last of a month that is shorter.
fn day_of_month(dates: &[Date]) -> Option<i8> {
    let day = match dates.iter().all(|date| *date == date.last_of_month()) {
        true => 31,
        false => dates.iter().map(|date| date.day()).max()?,
    };
    let same = |date: &Date| date.day() == day.min(date.days_in_month());
    dates.iter().all(same).then_some(day)
}

/// The first day of the month that is so many months after a date's.
fn first_after(date: Date, months: i64) -> Option<Date> {
    let month = month(date).checked_add(months)?;
    let year = month.div_euclid(12).try_into().ok()?;
    Date::new(year, month.rem_euclid(12) as i8 + 1, 1).ok()
}

/// The last day from Monday to Friday of a date's month.
fn last_business_day(date: Date) -> Date {
    let last = date.last_of_month();
    let weekend = last.weekday().to_monday_zero_offset() - 4;
    // The last days of a month are never the first of the calendar.
    last.saturating_sub(SignedDuration::from_hours(24 * i64::from(weekend.max(0))))
}

/// The median; of two in the middle the smaller.
///
/// # Panics
///
/// Where there is no step.
pub(super) fn median<T: Ord + Copy>(steps: impl Iterator<Item = T>) -> T {
    let mut steps: Vec<T> = steps.collect();
    steps.sort_unstable();
    steps[(steps.len() - 1) / 2]
}

/// The distances between neighbours.
fn steps(dates: &[Date], place: fn(Date) -> i64) -> impl Iterator<Item = i64> {
    dates
        .windows(2)
        .map(move |pair| place(pair[1]) - place(pair[0]))
}

const EPOCH: Date = date(1970, 1, 1);
/// The days from the Monday of its week to 1970-01-01.
const THURSDAY: i64 = 3;

/// Months since the year 0.
fn month(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// Days since 1970-01-01.
fn day(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// Days from Monday to Friday since the Monday before 1970-01-01; Saturday and Sunday are those of Friday.
fn business_day(date: Date) -> i64 {
    let days = day(date) + THURSDAY;
    days.div_euclid(7) * 5 + days.rem_euclid(7).min(4)
}

fn days_after(date: Date, days: i64, time: Time) -> Option<DateTime> {
    let days = SignedDuration::try_from_hours(days.checked_mul(24)?)?;
    Some(date.checked_add(days).ok()?.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(texts: &str) -> Vec<Timestamp> {
        let texts = texts.split(", ");
        texts
            .map(|text| Timestamp::parse(text).unwrap_or_else(|| panic!("{text}")))
            .collect()
    }

    /// Written, so that the form counts as well as the time.
    fn go_on(known: &str, future: &str) {
        let count = future.split(", ").count();
        let texts: Vec<String> = following(&times(known), count)
            .iter()
            .map(Timestamp::to_string)
            .collect();
        assert_eq!(texts.join(", "), future, "after {known}");
    }

    #[test]
    fn months_quarters_and_years_follow_the_calendar() {
        go_on("2019-11, 2019-12, 2020-01", "2020-02, 2020-03");
        go_on(
            "2019-12-31, 2020-01-31",
            "2020-02-29, 2020-03-31, 2020-04-30",
        );
        go_on(
            "2019-12-30, 2020-01-30",
            "2020-02-29, 2020-03-30, 2020-04-30",
        );
        go_on(
            "2020-12-30, 2021-01-30, 2021-02-28",
            "2021-03-30, 2021-04-30",
        );
        go_on("2020-01-15 06:00, 2020-02-15 06:00", "2020-03-15 06:00");
        go_on(
            "2019-09-30, 2019-12-31, 2020-03-31",
            "2020-06-30, 2020-09-30, 2020-12-31",
        );
        go_on("2019Q3, 2019Q4", "2020Q1, 2020Q2");
        go_on("2019/07/01, 2019/10/01", "2020/01/01");
        go_on(
            "2016-02-29, 2017-02-28, 2018-02-28",
            "2019-02-28, 2020-02-29",
        );
        go_on("1900-01-01, 1901-01-01", "1902-01-01");
        // Friday the 29th is the last business day of November, and of May.
        go_on(
            "2019-11-29, 2019-12-31, 2020-01-31",
            "2020-02-28, 2020-03-31, 2020-04-30, 2020-05-29",
        );
        let years: Vec<Timestamp> = ["1999", "2000", "2001"]
            .map(|year| Timestamp::of_year(year).unwrap())
            .to_vec();
        assert_eq!(following(&years, 2)[1].to_string(), "2003");
    }

    #[test]
    fn days_weeks_and_business_days_follow_the_calendar() {
        go_on("2020-02-27, 2020-02-28", "2020-02-29, 2020-03-01");
        go_on("2020-02-20, 2020-02-27", "2020-03-05, 2020-03-12");
        // Thursday, Friday, Monday.
        go_on(
            "2020-02-27, 2020-02-28, 2020-03-02",
            "2020-03-03, 2020-03-04, 2020-03-05, 2020-03-06, 2020-03-09",
        );
        go_on(
            "2020-02-26, 2020-02-27, 2020-02-28, 2020-03-02, 2020-03-03, 2020-03-04, 2020-03-05, 2020-03-06",
            "2020-03-09",
        );
        // Monday to Friday alone do not tell whether a weekend would be left out.
        go_on(
            "2020-02-24, 2020-02-25, 2020-02-26, 2020-02-27, 2020-02-28",
            "2020-02-29",
        );
        // A holiday is no reason to take weekends in.
        go_on(
            "2019-12-23, 2019-12-24, 2019-12-26, 2019-12-27, 2019-12-30",
            "2019-12-31, 2020-01-01",
        );
    }

    #[test]
    fn shorter_steps_are_even() {
        go_on(
            "2020-02-28 22:00, 2020-02-28 23:00, 2020-02-29 00:00",
            "2020-02-29 01:00",
        );
        go_on(
            "2020-01-01T23:30:00Z, 2020-01-01T23:45:00Z",
            "2020-01-02T00:00:00Z",
        );
        go_on(
            "2020-01-01 00:00:00.0, 2020-01-01 00:00:00.1",
            "2020-01-01 00:00:00.2",
        );
        // The median of uneven ones.
        go_on(
            "2020-01-01 00:00, 2020-01-01 01:00, 2020-01-01 04:00, 2020-01-01 05:00",
            "2020-01-01 06:00",
        );
        assert!(following(&times("2020-01-01"), 3).is_empty());
        assert!(following(&times("2020-01-01 01:00, 2020-01-01 01:00"), 3).is_empty());
        let last = times("9999-12-28, 9999-12-29");
        assert_eq!(following(&last, 5).len(), 1);
    }

    #[test]
    fn clocks_that_are_put_forward_are_followed() {
        // In Berlin the clocks went from 02:00 to 03:00 on 2020-03-29.
        go_on(
            "2020-03-27T00:00+01:00[Europe/Berlin], 2020-03-28T00:00+01:00[Europe/Berlin]",
            "2020-03-29T00:00+01:00[Europe/Berlin], 2020-03-30T00:00+02:00[Europe/Berlin], 2020-03-31T00:00+02:00[Europe/Berlin]",
        );
        go_on(
            "2020-03-29T00:00+01:00[Europe/Berlin], 2020-03-29T01:00+01:00[Europe/Berlin]",
            "2020-03-29T03:00+02:00[Europe/Berlin], 2020-03-29T04:00+02:00[Europe/Berlin]",
        );
        // Offsets tell local midnight as far as they go; what comes after has the last one.
        go_on(
            "2020-03-28T00:00:00+01:00, 2020-03-29T00:00:00+01:00, 2020-03-30T00:00:00+02:00",
            "2020-03-31T00:00:00+02:00",
        );
        go_on(
            "2020-03-29 00:00:00+01:00, 2020-03-29 01:00:00+01:00, 2020-03-29 03:00:00+02:00",
            "2020-03-29 04:00:00+02:00",
        );
        // Days of 24 hours by UTC, seen from Berlin.
        go_on(
            "2020-03-28 01:00:00+01:00, 2020-03-29 01:00:00+01:00, 2020-03-30 02:00:00+02:00",
            "2020-03-31 02:00:00+02:00",
        );
        // Where clocks were put forward at midnight, on 2018-11-04, a day began at 01:00.
        go_on(
            "2018-11-03T00:00-03:00[America/Sao_Paulo], 2018-11-04T01:00-02:00[America/Sao_Paulo], 2018-11-05T00:00-02:00[America/Sao_Paulo]",
            "2018-11-06T00:00-02:00[America/Sao_Paulo]",
        );
        go_on(
            "2018-11-03T00:00-03:00[America/Sao_Paulo], 2018-11-04T01:00-02:00[America/Sao_Paulo]",
            "2018-11-05T00:00-02:00[America/Sao_Paulo]",
        );
    }

    #[test]
    fn steps_between_times_are_counted() {
        let count = |known: &str, from: &str, to: &str| {
            let pair = times(&format!("{from}, {to}"));
            Step::of(&times(known)).unwrap().count(&pair[0], &pair[1])
        };
        let hours = "2020-01-01 00:00, 2020-01-01 01:00";
        assert_eq!(count(hours, "2020-01-05 03:00", "2020-01-07 16:00"), 61);
        assert_eq!(
            count("2020-02-29, 2020-03-31", "2020-01-31", "2020-06-30"),
            5
        );
        let business = "2020-02-27, 2020-02-28, 2020-03-02";
        assert_eq!(count(business, "2020-02-28", "2020-03-02"), 1);
        assert_eq!(count(business, "2020-02-27", "2020-03-10"), 8);
    }

    proptest! {
        /// A series that a step made goes on by that step, from wherever it is cut.
        #[test]
        fn a_series_goes_on_from_where_it_is_cut(
            start in -200_000i64..200_000,
            kind in 0usize..4,
            every in 1i64..40,
            cut in 3usize..20,
        ) {
            let first = times("1970-01-01 07:30")[0].plus_seconds(start * 86_400);
            let date = first.local().date();
            let time = first.local().time();
            let step = match kind {
                0 => Step::Months { months: every, day: date.day(), time },
                // Every 31 days may be months as well.
                1 => Step::Days { days: every.min(27), time },
                2 => Step::BusinessDays { time },
                _ => Step::Even(SignedDuration::from_mins(every)),
            };
            // From a weekday on, and more than a week of them.
            let first = step.after(&first, 1).unwrap();
            let cut = if kind == 2 { cut + 6 } else { cut };
            let all: Vec<Timestamp> = (0..30).map(|count| step.after(&first, count).unwrap()).collect();
            // The 30th of Februaries alone does not show, nor that of Junes alone, which are month ends.
            let shows = |time: &Timestamp| {
                let shown = time.local().date();
                shown.day() == date.day() && shown != shown.last_of_month()
            };
            prop_assume!(kind != 0 || all[..cut].iter().any(shows));
            prop_assert_eq!(&following(&all[..cut], 30 - cut)[..], &all[cut..]);
            for pair in all.windows(2) {
                prop_assert_eq!(step.count(&pair[0], &pair[1]), 1);
            }
        }
    }
}
