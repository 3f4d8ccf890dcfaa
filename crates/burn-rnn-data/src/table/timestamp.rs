//! Points in time, as far as series need them.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp as Instant};

use super::time_form::TimeForm;

/// A point in time that remembers how it was written: an instant where it has an offset or a time zone, else
/// what a clock shows somewhere (civil time, proleptic Gregorian calendar).
///
/// Times are compared by their instants, civil ones as if they were UTC.
#[derive(Debug, Clone)]
pub struct Timestamp {
    instant: Instant,
    /// Nothing for civil time, which is kept as if it were UTC.
    zone: Option<TimeZone>,
    form: TimeForm,
}

impl Timestamp {
    /// Reads an ISO 8601 date, with or without a time of day:
    ///
    /// - `2016-07-01` or `2016/07/01`, a month `2016-07`, a quarter `2016Q3` or `2016-Q3`
    /// - then `T` or a space and `14:30`, `14:30:05` or `14:30:05.25`
    /// - then `Z` or an offset `+02:00`, `+0200` or `+02`
    /// - then a time zone `[Europe/Berlin]` (RFC 9557)
    ///
    /// `None` for everything else, 30 February and an unknown time zone among it.
    pub fn parse(text: &str) -> Option<Self> {
        let (form, instant, zone) = TimeForm::read(text)?;
        Some(Self {
            instant,
            zone,
            form,
        })
    }

    /// The first moment of a year, written as its number of four digits.
    pub(super) fn of_year(text: &str) -> Option<Self> {
        let form = TimeForm::Year;
        let first = Self::parse(&format!("{text}-01"))?;
        (text.len() == 4).then_some(Self { form, ..first })
    }

    /// A day written as a number of eight digits, such as `20160701`.
    pub(super) fn of_compact(text: &str) -> Option<Self> {
        let form = TimeForm::Compact;
        let parts = (text.get(..4)?, text.get(4..6)?, text.get(6..)?);
        let day = Self::parse(&format!("{}-{}-{}", parts.0, parts.1, parts.2))?;
        (text.len() == 8).then_some(Self { form, ..day })
    }

    /// A whole number of `unit` nanoseconds since 1970-01-01 00:00 UTC.
    pub(super) fn of_epoch(text: &str, unit: i64) -> Option<Self> {
        let count: i64 = text.parse().ok()?;
        let instant = Instant::from_nanosecond(i128::from(count) * i128::from(unit));
        Some(Self {
            instant: instant.ok()?,
            zone: Some(TimeZone::UTC),
            form: TimeForm::Epoch(unit),
        })
    }

    /// The time that is this many seconds later; the last that there is, in the year 9999, if that is before.
    #[must_use]
    pub fn plus_seconds(&self, seconds: i64) -> Self {
        let later = self
            .instant
            .saturating_add(SignedDuration::from_secs(seconds));
        self.with_instant(later.expect("seconds are no units of the calendar"))
    }

    /// The seconds since 1970-01-01 00:00:00, of civil time as if it were UTC.
    pub fn seconds(&self) -> i64 {
        self.instant.as_second()
    }

    /// Whether it is an instant, by an offset or a time zone, rather than civil time.
    pub fn is_instant(&self) -> bool {
        self.zone.is_some()
    }

    /// The hour, 0 to 23, as a clock there shows it; so are day and month.
    pub fn hour(&self) -> u32 {
        self.local().hour() as u32
    }

    /// The day of the week, Monday 0 to Sunday 6.
    pub fn day_of_week(&self) -> u32 {
        self.local().weekday().to_monday_zero_offset() as u32
    }

    /// The day of the month, 1 to 31.
    pub fn day(&self) -> u32 {
        self.local().day() as u32
    }

    /// The month, 1 to 12.
    pub fn month(&self) -> u32 {
        self.local().month() as u32
    }

    /// What a clock shows there.
    pub(super) fn local(&self) -> DateTime {
        self.zone().to_datetime(self.instant)
    }

    pub(super) fn instant(&self) -> Instant {
        self.instant
    }

    /// The time at which a clock there shows `local`, or would if it were not put forward just then.
    pub(super) fn with_local(&self, local: DateTime) -> Option<Self> {
        Some(self.with_instant(self.zone().to_timestamp(local).ok()?))
    }

    pub(super) fn with_instant(&self, instant: Instant) -> Self {
        Self {
            instant,
            zone: self.zone.clone(),
            form: self.form,
        }
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Timestamp {}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instant.hash(state);
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl fmt::Display for Timestamp {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.write(f, self.instant, self.zone.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_are_read() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1970-01", 0),
            ("1970Q1", 0),
            ("1970 Q1", 0),
            ("2016-Q3", 1_467_331_200),
            ("2016-07-01 00:00:00", 1_467_331_200),
            ("2016-07-01T00:00", 1_467_331_200),
            ("2016/07/01", 1_467_331_200),
            ("2016/07/01 00:00", 1_467_331_200),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("2000-02-29 12:34:56+00:00", 951_827_696),
            ("2000-02-29T13:34:56.5+0100", 951_827_696),
            ("2000-02-29T05:04:56.123456789-07:30", 951_827_696),
            ("2000-02-29T14:34+02", 951_827_640),
            ("2020-03-29T00:00:00+01:00[Europe/Berlin]", 1_585_436_400),
            ("2020-03-30T00:00[Europe/Berlin]", 1_585_519_200),
            ("1749-01-01", -6_974_035_200),
        ] {
            let time = Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(time.seconds(), seconds, "{text}");
            assert_eq!(time.to_string(), text);
        }
        for text in [
            "",
            "12",
            "2016",
            "20160701",
            "2016-13-01",
            "2015-02-29",
            "1900-02-29",
            "2016-7-1",
            "01.07.2016",
            "2016-07/01",
            "2016-Q5",
            "2016Q0",
            "2016-07-01 24:00",
            "2016-07-01 12",
            "2016-07-01-01",
            "2016-07 10:00",
            "2016-07-01 10:00:00.",
            "2016-07-01 10:00:00.1234567890",
            "2016-07-01 10:00 CET",
            "2016-07-01 10:00[Europe/Nowhere]",
            "2016-07-01 10:00+05:00[Europe/Berlin]",
            "+201-01-01",
        ] {
            assert!(Timestamp::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn years_and_seconds_since_1970_are_times_where_they_are_asked_for() {
        let year = Timestamp::of_year("2016").unwrap();
        assert_eq!(
            (year.seconds(), year.to_string().as_str()),
            (1_451_606_400, "2016")
        );
        assert!(Timestamp::of_year("216").is_none());
        let day = Timestamp::of_compact("20160229")
            .unwrap()
            .plus_seconds(86_400);
        assert_eq!(day.to_string(), "20160301");
        for text in ["20150229", "2016-229", "201602290", "2016022", "2016é29"] {
            assert!(Timestamp::of_compact(text).is_none(), "{text}");
        }
        let time = Timestamp::of_epoch("1467331200500", 1_000_000).unwrap();
        assert_eq!((time.seconds(), time.hour()), (1_467_331_200, 0));
        assert_eq!(time.to_string(), "1467331200500");
    }

    #[test]
    fn a_time_that_does_not_fit_its_form_is_written_whole() {
        let half_a_day = |text| {
            Timestamp::parse(text)
                .unwrap()
                .plus_seconds(43_200)
                .to_string()
        };
        assert_eq!(half_a_day("2016-07-01"), "2016-07-01 12:00");
        assert_eq!(half_a_day("2016/07/01 00:00"), "2016/07/01 12:00");
        let seconds = Timestamp::parse("2016-07-01T00:00Z")
            .unwrap()
            .plus_seconds(5);
        assert_eq!(seconds.to_string(), "2016-07-01T00:00:05Z");
        let day = Timestamp::parse("2016-07").unwrap().plus_seconds(86_400);
        assert_eq!(day.to_string(), "2016-07-02");
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        let time = Timestamp::parse("2018-06-26 19:05").unwrap(); // a Tuesday
        assert_eq!((time.hour(), time.day_of_week()), (19, 1));
        assert_eq!((time.day(), time.month()), (26, 6));
        // A clock in Berlin shows it, not one in Greenwich.
        let berlin = Timestamp::parse("2018-06-27T00:05:00+02:00").unwrap();
        assert_eq!(
            (berlin.hour(), berlin.day(), berlin.day_of_week()),
            (0, 27, 2)
        );
        assert!(berlin.is_instant() && !time.is_instant());
        assert!(berlin > Timestamp::parse("2018-06-26T22:04:59Z").unwrap());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in -6_000_000_000i64..60_000_000_000, form in 0usize..5) {
            let first = ["1970-01-01", "1970-01-01T00:00", "1970/01/01 00:00:00.000", "1970-01-01T00:00:00Z", "1970-01-01 00:00+01:00"];
            let time = Timestamp::parse(first[form]).unwrap().plus_seconds(seconds);
            let text = time.to_string();
            prop_assert_eq!(Timestamp::parse(&text), Some(time), "{}", text);
        }

        #[test]
        fn no_text_panics(text in "[0-9TZQ:/+\\[\\]. -]{0,30}|\\PC{0,20}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
