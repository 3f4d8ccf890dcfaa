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
        Self { delimiter: most.0 }
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
        assert_eq!(delimiter(""), b',');
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
