//! The two ways of ITU-T G.711 to write a sample of telephony in a byte.

/// A sample of 16 bits from A-law: sign, three bits of exponent, four of mantissa, every other bit flipped.
pub(super) fn from_a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let mantissa = i16::from(byte & 0x0f) << 4;
    let magnitude = match (byte >> 4) & 7 {
        0 => mantissa + 8,
        exponent => (mantissa + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A sample of 16 bits from µ-law: the same parts, all bits flipped, over a bias of 132.
pub(super) fn from_mu_law(byte: u8) -> i16 {
    const BIAS: i16 = 132;
    let byte = !byte;
    let mantissa = i16::from(byte & 0x0f) << 3;
    let magnitude = ((mantissa + BIAS) << ((byte >> 4) & 7)) - BIAS;
    if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends and the smallest steps of the standard's tables, scaled to 16 bits as Sun's `g711.c` gives them.
    #[test]
    fn the_tables_of_the_standard_are_met() {
        for (byte, sample) in [
            (0xd5, 8),
            (0x55, -8),
            (0xd4, 24),
            (0xc5, 264),
            (0xaa, 32256),
            (0x2a, -32256),
        ] {
            assert_eq!(from_a_law(byte), sample, "A-law {byte:#x}");
        }
        for (byte, sample) in [
            (0xff, 0),
            (0x7f, 0),
            (0xfe, 8),
            (0xef, 132),
            (0x80, 32124),
            (0x00, -32124),
        ] {
            assert_eq!(from_mu_law(byte), sample, "µ-law {byte:#x}");
        }
    }
}
