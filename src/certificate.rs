//! Certificates as files: when one ends, and what is kept of those that the shop gets by itself. Of a certificate nothing
//! is read here but its period (RFC 5280, section 4.1.2.5): no chain, no name, no key.

mod kept;

pub use kept::{Issued, Kept, Refused, Tries};

use crate::domain::Timestamp;
use std::time::Duration;

/// How the part with the version begins, which old certificates have not.
const VERSION: u8 = 0xA0;

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
    pub fn of(text: &str) -> Option<Self> {
        let blocks = pem::parse_many(text).ok()?;
        let certificate = blocks.iter().find(|block| block.tag() == "CERTIFICATE")?;
        // Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, validity { from, to }, … } … }
        let inner = parts(parts(certificate.contents())?.first()?)?;
        let version = usize::from(inner.first()?.first() == Some(&VERSION));
        let [from, to] = parts(inner.get(version + 3)?)?.try_into().ok()?;
        Some(Self { from: moment(&from)?, to: moment(&to)? })
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

/// What a sequence is made of, each as DER.
fn parts(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    yasna::parse_der(der, |reader| reader.collect_sequence_of(|part| part.read_der())).ok()
}

/// Times until 2049 have a form with a year of two digits, others one with four.
fn moment(der: &[u8]) -> Option<Timestamp> {
    let short = yasna::parse_der(der, |reader| Ok(*reader.read_utctime()?.datetime()));
    let moment = short.or_else(|_| yasna::parse_der(der, |reader| Ok(*reader.read_generalized_time()?.datetime())));
    Some(Timestamp::from_millis(moment.ok()?.unix_timestamp() * 1_000))
}

/// A certificate cut down to what is read: an outer frame, version, three things that are passed over, the period.
#[cfg(test)]
pub fn cut_down(from: &str, to: &str) -> String {
    let wrap = |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).unwrap()], inner].concat();
    let time = |text: &str| wrap(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes());
    let validity = wrap(0x30, &[time(from), time(to)].concat());
    let rest = [wrap(0xA0, &[2, 1, 2]), wrap(2, &[7]), wrap(0x30, &[5, 0]), wrap(0x30, &[]), validity].concat();
    let der = wrap(0x30, &wrap(0x30, &rest));
    format!("x\n{}", pem::encode(&pem::Pem::new("CERTIFICATE", der)))
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
