//! Certificates as files: when one ends, and what is kept of those that the shop gets by itself. Of a certificate nothing
//! is read here but its period (RFC 5280, section 4.1.2.5): no chain, no name, no key.

mod kept;

pub use kept::{Issued, Kept, Refused, Tries};

use crate::domain::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

/// From when until when a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

impl Period {
    /// That of the first certificate of a PEM file, which is the server's own; the others are those of its issuers.
    pub fn of(pem: &str) -> Option<Self> {
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
        let (first, from, rest) = element(validity)?;
        let (second, to, _) = element(rest)?;
        Some(Self { from: moment(first, from)?, to: moment(second, to)? })
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
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
fn moment(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
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

/// A certificate cut down to what is read: an outer frame, version, three things that are passed over, the period.
#[cfg(test)]
pub fn cut_down(from: &str, to: &str) -> String {
    let wrap = |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).unwrap()], inner].concat();
    let time = |text: &str| wrap(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes());
    let validity = wrap(0x30, &[time(from), time(to)].concat());
    let rest = [wrap(0xA0, &[2, 1, 2]), wrap(2, &[7]), wrap(0x30, &[5, 0]), wrap(0x30, &[]), validity].concat();
    let der = wrap(0x30, &wrap(0x30, &rest));
    format!("x\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_of_a_certificate_is_read_in_both_forms() {
        let pem = |end: &str| cut_down("200101000000Z", end);
        let end = |text: &str| Period::of(&pem(text)).map(|period| period.to.to_rfc3339());
        assert_eq!(end("270131090500Z").as_deref(), Some("2027-01-31T09:05:00.000Z"));
        assert_eq!(end("20520131090500Z").as_deref(), Some("2052-01-31T09:05:00.000Z"));
        assert_eq!(end("271331090500Z"), None);
        assert_eq!(Period::of("nothing"), None);
        let broken = pem("270131090500Z").replace("MI", "//").replace("MC", "/w");
        assert_eq!(Period::of(&broken.replace('=', "")), None);
        let period = Period::of(&pem("200102000000Z")).unwrap();
        assert_eq!(
            (period.from.to_rfc3339().as_str(), period.length().as_secs()),
            ("2020-01-01T00:00:00.000Z", 86_400)
        );
    }
}
