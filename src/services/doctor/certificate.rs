//! When certificates end: those the owner names, and the one in use at the edge.

use super::{Remark, Running};
use crate::certificate::{Kept, Period, Tries};
use crate::config::Config;
use crate::domain::Timestamp;
use std::path::Path;
use std::time::Duration;

const TOPIC: &str = "certificate";

/// From when on the end of a certificate deserves a word, and from when on it is urgent.
const SOON: Duration = Duration::from_secs(21 * 86_400);
const URGENT: Duration = Duration::from_secs(7 * 86_400);

/// A remark on each certificate of these settings.
pub(super) fn all(config: &Config, running: &Running, now: Timestamp) -> Vec<Remark> {
    let edge = &config.edge;
    let mut remarks: Vec<Remark> =
        config.watch.certificates.iter().map(|file| one(file, "watch.certificates", now)).collect();
    if edge.has_files() && !config.watch.certificates.contains(&edge.tls_cert) {
        remarks.push(one(&edge.tls_cert, "edge.tls_cert", now));
    }
    if edge.acme {
        remarks.push(automatic(&Kept::new(&config.data.dir, &edge.acme_directory), running, now));
    }
    remarks
}

/// One that somebody else looks after.
fn one(file: &Path, key: &str, now: Timestamp) -> Remark {
    let name = file.display();
    let advice = "renew it, and look why that did not happen by itself";
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            return Remark::problem(TOPIC, format!("{name} cannot be read: {error}"), format!("see {key}"));
        }
    };
    let Some(Period { to: end, .. }) = Period::of(&text) else {
        return Remark::problem(TOPIC, format!("{name} is not a certificate in PEM form"), format!("see {key}"));
    };
    let left = end.since(now);
    let until = format!("{name} is good until {}", end.to_rfc3339());
    if end <= now {
        Remark::problem(TOPIC, format!("{name} ended on {}: browsers refuse it", end.to_rfc3339()), advice)
    } else if left < URGENT {
        Remark::problem(TOPIC, until, advice)
    } else if left < SOON {
        Remark::advice(TOPIC, until, "see that it is renewed")
    } else {
        Remark::fine(TOPIC, until)
    }
}

/// The one that the shop gets by itself. It is renewed when a third of its time is left, however long that is, so the
/// measure is its own length.
fn automatic(kept: &Kept, running: &Running, now: Timestamp) -> Remark {
    let tries = kept.tries();
    let text = match kept.certificate() {
        Ok(Some(text)) => text,
        Ok(None) => return none_yet(&tries, running),
        Err(error) => {
            let file = kept.certificate_file();
            let advice = "run it as the user of the shop, or see who owns the file";
            return Remark::problem(TOPIC, format!("{} cannot be read: {error}", file.display()), advice);
        }
    };
    let Some(period) = Period::of(&text) else {
        let text = format!("{} is not a certificate in PEM form", kept.certificate_file().display());
        return Remark::problem(TOPIC, text, "remove it and start the shop, which gets another one");
    };
    let until = format!("the one from ACME is good until {}{}", period.to.to_rfc3339(), failing(&tries));
    let left = period.to.since(now);
    let advice = "see the log of the shop; port 80 of each name in edge.hosts must lead to edge.redirect_port";
    if period.to <= now {
        let ended = format!("the one from ACME ended on {}: browsers refuse it", period.to.to_rfc3339());
        Remark::problem(TOPIC, format!("{ended}{}", failing(&tries)), advice)
    } else if left < period.length() / 8 {
        Remark::problem(TOPIC, until, advice)
    } else if left < period.length() / 4 || tries.failures > 0 {
        Remark::advice(TOPIC, until, advice)
    } else {
        Remark::fine(TOPIC, until)
    }
}

fn none_yet(tries: &Tries, running: &Running) -> Remark {
    let text = format!("there is none from ACME yet, so browsers are refused{}", failing(tries));
    let advice = match running {
        Running::No => "it is asked for when the shop runs: nexus serve",
        _ => "each name in edge.hosts must lead to this machine, and port 80 there to edge.redirect_port",
    };
    Remark::problem(TOPIC, text, advice)
}

/// How the last tries went, as the end of a sentence.
fn failing(tries: &Tries) -> String {
    if tries.failures == 0 {
        return String::new();
    }
    let next = tries.next.map(|next| format!(", the next is made at {}", next.to_rfc3339())).unwrap_or_default();
    let last = if tries.failures == 1 { "the last try" } else { "the last tries" };
    format!("; {last} failed ({}){next}", tries.why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Issued, cut_down};
    use crate::services::doctor::Severity;

    fn day(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn one_that_ends_soon_is_named_before_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("chain.pem");
        std::fs::write(&file, cut_down("200101000000Z", "270131090500Z")).unwrap();
        let at = |text: &str| one(&file, "edge.tls_cert", day(text)).severity;
        assert_eq!(at("2026-12-01"), Severity::Fine);
        assert_eq!(at("2027-01-15"), Severity::Advice);
        assert_eq!([at("2027-01-28"), at("2027-02-01")], [Severity::Problem; 2]);
        let missing = one(&dir.path().join("none.pem"), "edge.tls_cert", Timestamp::from_millis(0));
        assert_eq!((missing.severity, missing.advice.as_deref()), (Severity::Problem, Some("see edge.tls_cert")));
    }

    #[test]
    fn certificate_of_the_edge_is_looked_at_whoever_renews_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.dir = dir.path().to_owned();
        config.edge.tls_cert = dir.path().join("chain.pem");
        std::fs::write(&config.edge.tls_cert, cut_down("200101000000Z", "270131090500Z")).unwrap();
        let said = |config: &Config, text: &str| all(config, &Running::No, day(text));
        assert_eq!(said(&config, "2027-01-15").len(), 1);
        config.watch.certificates = vec![config.edge.tls_cert.clone()];
        assert_eq!(said(&config, "2027-01-15").len(), 1, "the same file is spoken of once");
        let mut config = Config { data: config.data, ..Config::default() };
        config.edge.acme = true;
        let kept = Kept::new(&config.data.dir, &config.edge.acme_directory);
        let [remark] = &said(&config, "2026-01-01")[..] else { panic!() };
        assert_eq!(remark.severity, Severity::Problem);
        assert!(remark.text.contains("none from ACME yet") && remark.advice.as_ref().unwrap().contains("nexus serve"));
        // Ninety days, as usual.
        let chain = cut_down("261001000000Z", "261230000000Z");
        kept.keep_certificate(&Issued { chain, key: String::new() }).unwrap();
        let severity = |text: &str| said(&config, text)[0].severity;
        assert_eq!([severity("2026-10-02"), severity("2026-12-03")], [Severity::Fine; 2]);
        assert_eq!(severity("2026-12-10"), Severity::Advice);
        assert_eq!([severity("2026-12-25"), severity("2027-01-01")], [Severity::Problem; 2]);
        let tries = Tries { failures: 1, why: "no way".to_owned(), next: Some(day("2026-10-03")), ..Tries::default() };
        kept.keep_tries(&tries).unwrap();
        let [remark] = &said(&config, "2026-10-02")[..] else { panic!() };
        assert_eq!(remark.severity, Severity::Advice);
        assert!(remark.text.contains("failed (no way), the next is made at 2026-10-03T"), "{}", remark.text);
    }
}
