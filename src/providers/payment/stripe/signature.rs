//! Tells a message of Stripe from one that only claims to be: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]` over the
//! very bytes of the body, no older or newer than five minutes.

use super::super::WebhookRefusal;
use crate::config::Secret;
use crate::domain::{Timestamp, bytes_of_hex};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Seconds by which the clocks may differ, or by which a message may be late.
const TOLERANCE: i64 = 300;

/// Refuses a body that is not signed, now, with one of these secrets.
pub(super) fn verify(
    body: &[u8],
    headers: &[(&str, &str)],
    secrets: &[Secret],
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let secrets: Vec<&Secret> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    if secrets.is_empty() {
        return Err(WebhookRefusal::Disabled);
    }
    let refused = |why| Err(WebhookRefusal::Signature(why));
    let mut lines = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Stripe-Signature"));
    let (line, further) = (lines.next(), lines.next());
    let Some((_, line)) = line else { return refused("the header Stripe-Signature is missing") };
    if further.is_some() {
        return refused("the header Stripe-Signature must be there once");
    }
    let parts = || line.split(',').filter_map(|part| part.trim().split_once('='));
    let mut times = parts().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let (Some(time), None) = (times.next(), times.next()) else {
        return refused("Stripe-Signature must hold one time t");
    };
    let plain = time.bytes().all(|b| b.is_ascii_digit());
    let Some(seconds) = time.parse::<i64>().ok().filter(|_| plain) else {
        return refused("the time t of Stripe-Signature is not a number");
    };
    // Every secret and every signature is compared, so that the time taken tells nothing.
    let mut genuine = false;
    let mut signed = false;
    for claimed in parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| bytes_of_hex(value)) {
        signed = true;
        for secret in &secrets {
            genuine |= mac(secret, time, body).verify_slice(&claimed).is_ok();
        }
    }
    if !signed {
        return refused("Stripe-Signature holds no signature v1");
    }
    if !genuine {
        return refused("the signature is not that of this body with the secret that is set");
    }
    // Asked last: only a message that is genuine is told that it is stale.
    if seconds.abs_diff(now.millis().div_euclid(1000)) > TOLERANCE.unsigned_abs() {
        return refused("the message was signed more than five minutes from now: look at the clock");
    }
    Ok(())
}

fn mac(secret: &Secret, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hex;

    const BODY: &[u8] = br#"{"id": "evt_1"}"#;

    fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
        hex(&mac(&Secret::new(secret), &seconds.to_string(), body).finalize().into_bytes())
    }

    fn tried(lines: &[&str], body: &[u8], secrets: &[&str], now: i64) -> Result<(), WebhookRefusal> {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("stripe-signature", *line)).collect();
        let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(*s)).collect();
        verify(body, &headers, &secrets, Timestamp::from_millis(now * 1000 + 999))
    }

    #[test]
    fn a_signature_is_what_stripe_documents() {
        // HMAC-SHA256 of "1700000000.{}" with the key "whsec_test", as any other tool computes it.
        let expected = "35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91";
        assert_eq!(sign("whsec_test", 1_700_000_000, b"{}"), expected);
    }

    #[test]
    fn only_a_fresh_signature_of_the_very_body_passes() {
        let now = 1_700_000_000;
        let good = sign("whsec_a", now, BODY);
        let line = format!("t={now},v1={good}");
        let pass = |line: &str, at| tried(&[line], BODY, &["whsec_a"], at).is_ok();
        assert!(pass(&line, now) && pass(&line, now + 300) && pass(&line, now - 300));
        assert!(!pass(&line, now + 301) && !pass(&line, now - 301), "more than five minutes either way");
        let other = "0".repeat(64);
        assert!(pass(&format!("t={now},v1={other},v1={good}"), now), "one of two fits");
        assert!(pass(&format!("t={now},v1={good},v0={other}"), now), "other schemes do not matter");
        assert!(tried(&[&line], BODY, &["whsec_b", "whsec_a"], now).is_ok(), "the secret before is good too");
        for (bad, why) in [
            (format!("t={now},v0={good}"), "v0 alone"),
            (format!("t={now},v1={other}"), "another signature"),
            (format!("t={now},v1={}", &good[..62]), "cut short"),
            (format!("t={now},v1="), "empty"),
            (format!("v1={good}"), "no time"),
            (format!("t={now},t={now},v1={good}"), "two times"),
            (format!("t=+{now},v1={good}"), "no plain number"),
            (format!("t={},v1={good}", now + 1), "another time than the one signed"),
            (good.clone(), "no scheme"),
            (String::new(), "nothing"),
        ] {
            assert!(!pass(&bad, now), "{why}: {bad}");
        }
    }

    #[test]
    fn header_must_be_there_once_and_a_secret_must_be_set() {
        let now = 1_700_000_000;
        let line = format!("t={now},v1={}", sign("whsec_a", now, BODY));
        let refused = |lines: &[&str], secrets: &[&str]| tried(lines, BODY, secrets, now).unwrap_err();
        assert!(matches!(refused(&[], &["whsec_a"]), WebhookRefusal::Signature(_)));
        assert!(matches!(refused(&[&line, &line], &["whsec_a"]), WebhookRefusal::Signature(_)));
        assert!(matches!(refused(&[&line], &["whsec_b"]), WebhookRefusal::Signature(_)));
        assert_eq!(refused(&[&line], &[]), WebhookRefusal::Disabled);
        let empty = format!("t={now},v1={}", sign("", now, BODY));
        assert_eq!(refused(&[&empty], &[""]), WebhookRefusal::Disabled);
        assert!(matches!(refused(&[&empty], &["", "whsec_a"]), WebhookRefusal::Signature(_)));
    }

    #[test]
    fn a_body_written_anew_does_not_pass() {
        let now = 1_700_000_000;
        let line = format!("t={now},v1={}", sign("whsec_a", now, BODY));
        let anew = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(BODY).unwrap()).unwrap();
        assert_ne!(anew, BODY);
        assert!(tried(&[&line], &anew, &["whsec_a"], now).is_err());
    }
}
