//! Bytes as hexadecimal text, and back.

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Reads hexadecimal digits of either case, two for each byte.
pub fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_back_from_their_digits_and_from_nothing_else() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        assert_eq!(bytes_of_hex(&hex(&all)), Some(all.clone()));
        assert_eq!(bytes_of_hex(&hex(&all).to_uppercase()), Some(all));
        assert_eq!(bytes_of_hex(""), Some(Vec::new()));
        for bad in ["0", "0g", "+1", "é0", " 00"] {
            assert_eq!(bytes_of_hex(bad), None, "{bad}");
        }
    }
}
