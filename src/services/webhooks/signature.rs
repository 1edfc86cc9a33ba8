//! Signatures after Standard Webhooks: who gets an event can tell that this shop sent it, and when.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits.
pub fn new_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(crate::clock::random_bytes::<32>()))
}

/// The value of `webhook-signature`: one signature for each secret, the current one's first. A secret that cannot be
/// read signs nothing.
pub fn signatures(secrets: &[&str], id: &str, seconds: i64, body: &str) -> String {
    let one = |secret: &&str| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_the_one_of_the_published_example() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures(&[secret], id, 1_614_265_330, body), expected);
        let other = new_secret();
        let both = signatures(&[&other, secret], id, 1_614_265_330, body);
        assert_eq!(both.split(' ').nth(1), Some(expected));
        assert_eq!(both.split(' ').count(), 2);
        assert_eq!(signatures(&["whsec_!", "none"], id, 1, body), "");
    }

    #[test]
    fn secrets_are_of_the_length_that_the_standard_asks_for_and_never_the_same() {
        let secret = new_secret();
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert!((24..=64).contains(&bytes.len()));
        assert_ne!(secret, new_secret());
    }
}
