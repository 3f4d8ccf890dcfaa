//! English number words.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Pair;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// How numbers are spelt.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// "four hundred and seven" or "four hundred seven".
    and_in_hundreds: bool,
    /// "two thousand and one" or "two thousand one".
    and_after_thousand: bool,
    /// "twenty-one" or "twenty one".
    hyphen: bool,
}

impl Style {
    /// As British books spell them.
    const BOOK: Self = Self {
        and_in_hundreds: true,
        and_after_thousand: true,
        hyphen: true,
    };
}

/// A random number in words of a random style, and in figures.
pub(super) fn in_figures(rng: &mut ChaCha8Rng) -> Pair {
    let number = number(rng);
    let style = Style {
        and_in_hundreds: rng.random(),
        and_after_thousand: rng.random(),
        hyphen: rng.random(),
    };
    Pair {
        input: words(number, style),
        output: number.to_string(),
    }
}

/// A random number in figures, sometimes with a comma before the thousands, and in words.
pub(super) fn in_words(rng: &mut ChaCha8Rng) -> Pair {
    let number = number(rng);
    let input = match number >= 1000 && rng.random() {
        true => format!("{},{:03}", number / 1000, number % 1000),
        false => number.to_string(),
    };
    Pair {
        input,
        output: words(number, Style::BOOK),
    }
}

/// Of one to six figures, each number of figures as likely as the others, so that short ones come too.
fn number(rng: &mut ChaCha8Rng) -> u32 {
    let figures = rng.random_range(1..7);
    let lowest = match figures {
        1 => 0,
        more => 10u32.pow(more - 1),
    };
    rng.random_range(lowest..10u32.pow(figures))
}

/// A number below a million.
fn words(number: u32, style: Style) -> String {
    let (thousands, rest) = (number / 1000, number % 1000);
    match (thousands, rest) {
        (0, rest) => below_thousand(rest, style),
        (thousands, 0) => format!("{} thousand", below_thousand(thousands, style)),
        (thousands, rest) => {
            let and = match rest < 100 && style.and_after_thousand {
                true => "and ",
                false => "",
            };
            let thousands = below_thousand(thousands, style);
            format!("{thousands} thousand {and}{}", below_thousand(rest, style))
        }
    }
}

fn below_thousand(number: u32, style: Style) -> String {
    let and = match style.and_in_hundreds {
        true => "and ",
        false => "",
    };
    match (number / 100, number % 100) {
        (0, rest) => below_hundred(rest, style),
        (hundreds, 0) => format!("{} hundred", SMALL[hundreds as usize]),
        (hundreds, rest) => format!(
            "{} hundred {and}{}",
            SMALL[hundreds as usize],
            below_hundred(rest, style)
        ),
    }
}

fn below_hundred(number: u32, style: Style) -> String {
    let hyphen = if style.hyphen { "-" } else { " " };
    match (number / 10, number % 10) {
        (0 | 1, _) => SMALL[number as usize].to_owned(),
        (tens, 0) => TENS[tens as usize].to_owned(),
        (tens, ones) => format!("{}{hyphen}{}", TENS[tens as usize], SMALL[ones as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelt_as_they_are_read() {
        let plain = Style {
            and_in_hundreds: false,
            and_after_thousand: false,
            hyphen: false,
        };
        let mixed = Style {
            and_in_hundreds: true,
            ..plain
        };
        for (number, style, expected) in [
            (407_012, mixed, "four hundred and seven thousand twelve"),
            (
                407_012,
                Style::BOOK,
                "four hundred and seven thousand and twelve",
            ),
            (0, plain, "zero"),
            (21, Style::BOOK, "twenty-one"),
            (21, plain, "twenty one"),
            (90_100, Style::BOOK, "ninety thousand one hundred"),
            (1_340, plain, "one thousand three hundred forty"),
            (15_000, plain, "fifteen thousand"),
        ] {
            assert_eq!(words(number, style), expected);
        }
    }
}
