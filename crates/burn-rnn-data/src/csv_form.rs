//! How a file of separated values separates them, and writes its numbers.

/// What a file's header row tells of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CsvForm {
    /// What stands between cells: a comma, a semicolon or a tab.
    pub delimiter: u8,
}

impl CsvForm {
    /// The form of a text: its first row has more of its delimiter than of the others, outside of quotes.
    pub(crate) fn of(text: &str) -> Self {
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
        let mut quoted = false;
        let row = text.trim_start_matches(['\r', '\n']).bytes();
        for byte in row {
            match byte {
                b'"' => quoted = !quoted,
                b'\r' | b'\n' if !quoted => break,
                _ if quoted => {}
                _ => {
                    for (delimiter, count) in &mut counts {
                        *count += usize::from(byte == *delimiter);
                    }
                }
            }
        }
        // A comma where nothing tells, and where two tell the same.
        let mut most = counts[0];
        for other in &counts[1..] {
            if other.1 > most.1 {
                most = *other;
            }
        }
        // Only a decimal comma can be in a file of one column.
        if most.1 == 0 && decimal_comma(text) {
            most.0 = b';';
        }
        Self { delimiter: most.0 }
    }

    /// Splits a text into rows. Space around cells does not count; empty lines are skipped.
    pub(crate) fn reader(self, text: &str) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes())
    }

    /// What stands between cells, as one says it.
    pub(crate) fn delimiter_name(self) -> &'static str {
        match self.delimiter {
            b';' => "semicolon",
            b'\t' => "tab",
            _ => "comma",
        }
    }

    /// The number in a cell, if it is one and neither infinite nor NaN. Where commas do not stand between cells, they may stand in numbers.
    pub(crate) fn finite(self, cell: &str) -> Option<f64> {
        let with_comma = self.delimiter != b',' && cell.contains(',') && !cell.contains('.');
        let value: Option<f64> = match with_comma {
            true => cell.replace(',', ".").parse().ok(),
            false => cell.parse().ok(),
        };
        value.filter(|value| value.is_finite())
    }
}

/// Whether the row after the header is a number with a decimal comma, and not one with a comma between thousands.
fn decimal_comma(text: &str) -> bool {
    let row = text.lines().filter(|line| !line.is_empty()).nth(1);
    let parts = row.and_then(|row| row.trim().split_once(','));
    parts.is_some_and(|(whole, fraction)| {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole.trim_start_matches(['-', '+'])) && digits(fraction) && fraction.len() != 3
    })
}

/// Whether a cell is a number with something between its thousands.
pub(crate) fn has_thousands(cell: &str) -> bool {
    let cell = cell.trim_start_matches(['-', '+']);
    let Some(mark) = cell.chars().find(|character| !character.is_ascii_digit()) else {
        return false;
    };
    let mut groups = cell.split(mark);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups
        .next()
        .is_some_and(|first| (1..=3).contains(&first.len()));
    let last = groups.next_back().unwrap_or_default();
    let whole = last.split(['.', ',']).next().unwrap_or_default();
    let fraction = last.get(whole.len() + 1..).unwrap_or_default();
    ",. '_\u{a0}\u{202f}".contains(mark)
        && first
        && groups.all(|group| group.len() == 3 && digits(group))
        && whole.len() == 3
        && digits(whole)
        && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_delimiter() {
        let delimiter = |text| CsvForm::of(text).delimiter;
        assert_eq!(delimiter("a,b;c,d\n1;2;3;4"), b',');
        assert_eq!(delimiter("\r\na;b\n1,5;2,5\n"), b';');
        assert_eq!(delimiter("a\tb\tc, d\n"), b'\t');
        assert_eq!(delimiter("\"a;b;c\",d\n"), b',');
        assert_eq!(delimiter("a\n1\n"), b',');
        assert_eq!(delimiter("a\n-1,5\n"), b';');
        assert_eq!(delimiter("a\n1,500\n"), b',');
        assert_eq!(delimiter("a\n1,b\n"), b',');
        assert_eq!(delimiter(""), b',');
    }

    #[test]
    fn thousands_are_told() {
        for text in [
            "1,234",
            "-12.345.678,9",
            "1 234",
            "1'234.5",
            "1\u{a0}234,50",
            "123,456,789",
        ] {
            assert!(has_thousands(text), "{text}");
        }
        for text in [
            "",
            "x",
            "1,23",
            "1234,567,890",
            "1,2345",
            "abc,def",
            "2020-01-01",
            "1,,234",
            "1,234x",
        ] {
            assert!(!has_thousands(text), "{text}");
        }
    }

    #[test]
    fn numbers_may_have_decimal_commas_where_nothing_else_is_one() {
        let [comma, semicolon] = ["a,b", "a;b"].map(CsvForm::of);
        assert_eq!(semicolon.finite("-1,25"), Some(-1.25));
        assert_eq!(semicolon.finite("1.5"), Some(1.5));
        assert_eq!(semicolon.finite("1.234,5"), None);
        assert_eq!(semicolon.finite("1,2,3"), None);
        assert_eq!(comma.finite("1,25"), None);
        assert_eq!(comma.finite("inf"), None);
    }
}
