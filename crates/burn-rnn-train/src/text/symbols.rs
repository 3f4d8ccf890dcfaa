//! Bytes as characters, for models that read bytes.

/// Each byte as the character of that code point, so that everything which works on characters works
/// on bytes: 256 symbols at most, and no text that cannot be written.
pub fn bytes_as_text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The bytes that [`bytes_as_text`] made the text of; characters beyond 255 have none and are left
/// out.
pub fn text_as_bytes(text: &str) -> Vec<u8> {
    text.chars()
        .filter_map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(text_as_bytes(&bytes_as_text(&bytes)), bytes);
        assert_eq!(bytes_as_text("é".as_bytes()).chars().count(), 2);
    }
}
