//! Dates as people write them.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::Pair;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: u32,
    /// From 1.
    month: u32,
    /// From 1.
    day: u32,
}

/// A random date in a random form, and in ISO 8601.
pub(super) fn pair(rng: &mut ChaCha8Rng) -> Pair {
    let year = rng.random_range(1900..2100);
    let month = rng.random_range(1..13);
    let day = rng.random_range(1..=days_of(year, month));
    let date = Date { year, month, day };
    Pair {
        input: written(date, rng),
        output: date.iso(),
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Date {
    fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// The name of the weekday.
    fn weekday(self) -> &'static str {
        let before = self.year - 1;
        let leap_days = before / 4 - before / 100 + before / 400;
        let months = (1..self.month).map(|month| days_of(self.year, month));
        // 1 January of the year 1 would have been a Monday.
        let days = before * 365 + leap_days + months.sum::<u32>() + self.day - 1;
        WEEKDAYS[days as usize % 7]
    }
}

/// The date in one of many forms. Each says which of its numbers is what: a month's name, four figures
/// for the year, or the order day, month, year; two figures are a year from 1950 to 2049.
fn written(date: Date, rng: &mut ChaCha8Rng) -> String {
    let text = match rng.random_range(0..10) {
        0..4 => day_first(date, rng),
        4..7 => month_first(date, rng),
        7..9 => figures(date, rng),
        _ => year_first(date, rng),
    };
    match rng.random_range(0..5) {
        0 => text.to_lowercase(),
        1 => text.to_uppercase(),
        _ => text,
    }
}

/// "3rd of March, 2021", "Tue 5 Jan 99", "05-Jan-1999".
fn day_first(date: Date, rng: &mut ChaCha8Rng) -> String {
    let (month, year) = (month(date, rng), year(date, rng));
    if rng.random_range(0..6) == 0 {
        return format!("{:02}-{month}-{year}", date.day);
    }
    let of = ["", "", " of"].choose(rng).unwrap_or(&"");
    let comma = ["", "", ","].choose(rng).unwrap_or(&"");
    let text = format!("{}{of} {month}{comma} {year}", day(date, rng));
    with_weekday(date, text, rng)
}

/// "March 3rd, 2021", "Mar 3 '21".
fn month_first(date: Date, rng: &mut ChaCha8Rng) -> String {
    let day = day(date, rng);
    let comma = [",", ",", ""].choose(rng).unwrap_or(&"");
    let text = format!("{} {day}{comma} {}", month(date, rng), year(date, rng));
    with_weekday(date, text, rng)
}

/// "12/04/1987", "5.1.99": the day first.
fn figures(date: Date, rng: &mut ChaCha8Rng) -> String {
    let separator = ["/", ".", "-", " "].choose(rng).unwrap_or(&"/");
    let Date { day, month, .. } = date;
    let year = match two_figures(date, rng) {
        Some(year) => format!("{year:02}"),
        None => date.year.to_string(),
    };
    match rng.random() {
        true => format!("{day:02}{separator}{month:02}{separator}{year}"),
        false => format!("{day}{separator}{month}{separator}{year}"),
    }
}

/// "2021-03-03", "2021 March 3", "20210303".
fn year_first(date: Date, rng: &mut ChaCha8Rng) -> String {
    let Date {
        year,
        month: number,
        day,
    } = date;
    match rng.random_range(0..5) {
        0 => date.iso(),
        1 => format!("{year}/{number}/{day}"),
        2 => format!("{year}.{number:02}.{day:02}"),
        3 => format!("{year}{number:02}{day:02}"),
        _ => format!("{year} {} {day}", month(date, rng)),
    }
}

fn with_weekday(date: Date, text: String, rng: &mut ChaCha8Rng) -> String {
    let name = date.weekday();
    match rng.random_range(0..8) {
        0 => format!("{name}, {text}"),
        1 => format!("{} {text}", &name[..3]),
        2 => format!("{}, {text}", &name[..3]),
        3 => format!("{name} {text}"),
        _ => text,
    }
}

/// "3", "03" or "3rd".
fn day(date: Date, rng: &mut ChaCha8Rng) -> String {
    let day = date.day;
    match rng.random_range(0..4) {
        0 => format!("{day:02}"),
        1 => day.to_string(),
        _ => {
            let ending = match day {
                1 | 21 | 31 => "st",
                2 | 22 => "nd",
                3 | 23 => "rd",
                _ => "th",
            };
            format!("{day}{ending}")
        }
    }
}

/// "March" or "Mar".
fn month(date: Date, rng: &mut ChaCha8Rng) -> &'static str {
    let name = MONTHS[date.month as usize - 1];
    match rng.random() {
        true => name,
        false => &name[..3],
    }
}

/// "2021", "'21" or "21".
fn year(date: Date, rng: &mut ChaCha8Rng) -> String {
    let apostrophe = ["", "'"].choose(rng).unwrap_or(&"");
    match two_figures(date, rng) {
        Some(year) => format!("{apostrophe}{year:02}"),
        None => date.year.to_string(),
    }
}

/// Sometimes the last two figures of a year, where they say which it is.
fn two_figures(date: Date, rng: &mut ChaCha8Rng) -> Option<u32> {
    let short = (1950..2050).contains(&date.year) && rng.random_range(0..3) == 0;
    short.then_some(date.year % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rand::SeedableRng;

    use super::*;

    fn date(year: u32, month: u32, day: u32) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn weekdays_are_those_of_the_calendar() {
        for (date, weekday) in [
            (date(1999, 1, 5), "Tuesday"),
            (date(1969, 7, 20), "Sunday"),
            (date(2000, 2, 29), "Tuesday"),
            (date(1900, 3, 1), "Thursday"),
            (date(2024, 12, 31), "Tuesday"),
        ] {
            assert_eq!(date.weekday(), weekday, "{date:?}");
        }
    }

    /// Few dates in very many forms: a form that two dates share would come up.
    #[test]
    fn no_form_stands_for_two_dates() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut meaning: HashMap<String, Date> = HashMap::new();
        for _ in 0..60 {
            for month in 1..13 {
                for (year, day) in [(1901, 2), (2001, 1), (2001, 2), (2012, 3), (2012, 11)] {
                    let date = date(year, month, day);
                    let text = written(date, &mut rng);
                    let before = meaning.insert(text.clone(), date);
                    assert!(before.is_none_or(|before| before == date), "{text}");
                }
            }
        }
        assert!(meaning.len() > 2000, "{}", meaning.len());
    }

    #[test]
    fn the_forms_are_those_that_are_promised() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let forms: Vec<String> = (0..20_000)
            .map(|_| written(date(1999, 1, 5), &mut rng))
            .collect();
        for form in [
            "Tue 5 Jan 99",
            "5th of January, 1999",
            "05/01/1999",
            "Jan 5th, '99",
            "19990105",
        ] {
            assert!(forms.iter().any(|other| other == form), "{form}");
        }
    }
}
