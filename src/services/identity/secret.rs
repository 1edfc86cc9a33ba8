//! Secrets that are handed out once and kept as hashes only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 256 random bits. Guessing one is hopeless, so a plain hash keeps it as well as a slow one would.
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn new() -> Self {
        Self(crate::clock::random_bytes())
    }

    /// Its text: 43 characters that need no escaping anywhere.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads the text back.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_read_back_from_its_own_text_only() {
        let secret = Secret::new();
        assert_eq!(secret.text().len(), 43);
        assert_eq!(Secret::parse(&secret.text()).map(|s| s.hash()), Some(secret.hash()));
        assert!(Secret::new().hash() != secret.hash());
        for bad in ["", "x", &secret.text()[1..], &format!("{}A", secret.text()), &"=".repeat(43)] {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
    }
}
