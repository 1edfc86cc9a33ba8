//! When certificates end. Of a certificate nothing is read but its period: no chain, no name, no key.

use super::Remark;
use crate::domain::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::PathBuf;
use std::time::Duration;

/// From when on the end of a certificate deserves a word, and from when on it is urgent.
const SOON: Duration = Duration::from_secs(21 * 86_400);
const URGENT: Duration = Duration::from_secs(7 * 86_400);

/// A remark on each of these files.
pub(super) fn all(files: &[PathBuf], now: Timestamp) -> Vec<Remark> {
    files.iter().map(|file| one(file, now)).collect()
}

fn one(file: &PathBuf, now: Timestamp) -> Remark {
    let topic = "certificate";
    let name = file.display();
    let advice = "renew it, and look why that did not happen by itself";
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            return Remark::problem(topic, format!("{name} cannot be read: {error}"), "see watch.certificates");
        }
    };
    // The first is the server's own, the others are those of its issuers.
    let Some(end) = end_of(&text) else {
        return Remark::problem(topic, format!("{name} is not a certificate in PEM form"), "see watch.certificates");
    };
    let left = end.since(now);
    let until = format!("{name} is good until {}", end.to_rfc3339());
    if end <= now {
        Remark::problem(topic, format!("{name} ended on {}: browsers refuse it", end.to_rfc3339()), advice)
    } else if left < URGENT {
        Remark::problem(topic, until, advice)
    } else if left < SOON {
        Remark::advice(topic, until, "see that it is renewed")
    } else {
        Remark::fine(topic, until)
    }
}

/// When the first certificate of a PEM file ends.
fn end_of(pem: &str) -> Option<Timestamp> {
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1)?.split("-----END CERTIFICATE-----").next()?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    // Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, validity { from, to }, … } … }
    let (_, certificate, _) = element(&der)?;
    let (_, mut inner, _) = element(certificate)?;
    let (tag, _, rest) = element(inner)?;
    if tag == 0xA0 {
        inner = rest;
    }
    for _ in 0..3 {
        inner = element(inner)?.2;
    }
    let (_, validity, _) = element(inner)?;
    let (tag, to, _) = element(element(validity)?.2)?;
    moment(tag, std::str::from_utf8(to).ok()?)
}

/// The first element of some DER: its tag, what is in it, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (digits, behind) = rest.split_at_checked(length - 0x80).filter(|(digits, _)| digits.len() <= 4)?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = behind;
    }
    let (inner, behind) = rest.split_at_checked(length)?;
    Some((*tag, inner, behind))
}

/// `YYMMDDHHMMSSZ` with a year from 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, rest) = match (tag, text.len()) {
        (0x17, 12) => {
            let (year, rest) = text.split_at(2);
            let century = if year.parse::<u32>().ok()? < 50 { "20" } else { "19" };
            (format!("{century}{year}"), rest)
        }
        (0x18, 14) => (text[..4].to_owned(), &text[4..]),
        _ => return None,
    };
    let part = |at: usize| &rest[at..at + 2];
    Timestamp::parse(&format!("{year}-{}-{}T{}:{}:{}Z", part(0), part(2), part(4), part(6), part(8)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::doctor::Severity;

    /// A certificate cut down to what is read: an outer frame, version, three things that are passed over, the period.
    fn pem(end: &str) -> String {
        let wrap = |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).unwrap()], inner].concat();
        let time = |text: &str| wrap(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes());
        let validity = wrap(0x30, &[time("200101000000Z"), time(end)].concat());
        let rest = [wrap(0xA0, &[2, 1, 2]), wrap(2, &[7]), wrap(0x30, &[5, 0]), wrap(0x30, &[]), validity].concat();
        let der = wrap(0x30, &wrap(0x30, &rest));
        format!("x\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    }

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_forms() {
        let end = |text: &str| end_of(&pem(text)).map(Timestamp::to_rfc3339);
        assert_eq!(end("270131090500Z").as_deref(), Some("2027-01-31T09:05:00.000Z"));
        assert_eq!(end("20520131090500Z").as_deref(), Some("2052-01-31T09:05:00.000Z"));
        assert_eq!(end("271331090500Z"), None);
        assert_eq!(end_of("nothing"), None);
        let broken = pem("270131090500Z").replace("MI", "//").replace("MC", "/w");
        assert_eq!(end_of(&broken.replace('=', "")), None);
    }

    #[test]
    fn one_that_ends_soon_is_named_before_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("chain.pem");
        std::fs::write(&file, pem("270131090500Z")).unwrap();
        let at = |day: &str| one(&file, Timestamp::parse(day).unwrap()).severity;
        assert_eq!(at("2026-12-01"), Severity::Fine);
        assert_eq!(at("2027-01-15"), Severity::Advice);
        assert_eq!([at("2027-01-28"), at("2027-02-01")], [Severity::Problem; 2]);
        assert_eq!(one(&dir.path().join("none.pem"), Timestamp::from_millis(0)).severity, Severity::Problem);
    }
}
