//! The table of the edge: what stands between the open internet and the shop, and what it puts up with.

use super::origin::WebOrigin;
use super::payment::Switch;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

/// The edge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeSettings {
    /// Whether it stands in front; `auto` wherever the address is not a loopback one.
    pub enabled: Switch,
    /// The certificate and those that vouch for it, as PEM; empty for plain HTTP.
    pub tls_cert: PathBuf,
    /// The key of the certificate, as PEM.
    pub tls_key: PathBuf,
    /// Whether the certificate is got, and renewed, from an authority that speaks ACME.
    pub acme: bool,
    /// Whether the owner agrees to the terms of that authority.
    pub acme_accept_terms: bool,
    /// A mail address for the authority; empty for none.
    pub acme_contact: String,
    /// Where the authority says what it offers.
    pub acme_directory: String,
    /// Whom to trust to be the authority, as PEM; empty for those that browsers trust.
    pub acme_roots: PathBuf,
    /// Port on which plain HTTP is sent on to the https address of `shop.url`; 0 for none.
    pub redirect_port: u16,
    /// Host names that are served, without ports; with none, all are.
    pub hosts: Vec<String>,
    /// Connections at once.
    pub max_connections: u32,
    /// Connections of one address at once.
    pub max_per_address: u32,
    /// Requests that are passed on at once.
    pub max_requests: u32,
    /// The largest body, in MiB. The shop takes far less in most places.
    pub max_body_mib: u64,
    /// Seconds for the handshake of TLS.
    pub handshake_seconds: u32,
    /// Seconds for the head of a request.
    pub header_seconds: u32,
    /// Seconds that a connection may do nothing between requests.
    pub idle_seconds: u32,
    /// Seconds of patience with a body that comes, or an answer that goes, slower than `min_bytes_per_second`.
    pub stall_seconds: u32,
    /// How fast bodies come and answers go at least.
    pub min_bytes_per_second: u32,
    /// Seconds until an answer begins.
    pub answer_seconds: u32,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            enabled: Switch::Auto,
            tls_cert: PathBuf::new(),
            tls_key: PathBuf::new(),
            acme: false,
            acme_accept_terms: false,
            acme_contact: String::new(),
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            acme_roots: PathBuf::new(),
            redirect_port: 0,
            hosts: Vec::new(),
            max_connections: 12_000,
            max_per_address: 256,
            max_requests: 512,
            max_body_mib: 64,
            handshake_seconds: 10,
            header_seconds: 10,
            idle_seconds: 30,
            stall_seconds: 15,
            min_bytes_per_second: 500,
            answer_seconds: 120,
        }
    }
}

impl EdgeSettings {
    /// Whether the edge stands in front of a shop at this address.
    pub fn is_on(&self, address: IpAddr) -> bool {
        match self.enabled {
            Switch::On => true,
            Switch::Off => false,
            Switch::Auto => !address.is_loopback(),
        }
    }

    /// Whether TLS is spoken.
    pub fn has_tls(&self) -> bool {
        self.acme || self.has_files()
    }

    /// Whether the certificate is a file that somebody else looks after.
    pub fn has_files(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty()
    }

    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self, on: bool, shop_url: &str) -> Option<String> {
        let seconds = [
            ("handshake_seconds", self.handshake_seconds),
            ("header_seconds", self.header_seconds),
            ("idle_seconds", self.idle_seconds),
            ("stall_seconds", self.stall_seconds),
            ("answer_seconds", self.answer_seconds),
        ];
        if let Some((key, _)) = seconds.iter().find(|(_, value)| !(1..=3_600).contains(value)) {
            return Some(format!("edge.{key}: must be from 1 to 3600"));
        }
        let numbers = [
            ("max_connections", self.max_connections),
            ("max_per_address", self.max_per_address),
            ("max_requests", self.max_requests),
        ];
        if let Some((key, _)) = numbers.iter().find(|(_, value)| !(1..=1_000_000).contains(value)) {
            return Some(format!("edge.{key}: must be from 1 to 1000000"));
        }
        if !(1..=10_240).contains(&self.max_body_mib) {
            return Some("edge.max_body_mib: must be from 1 to 10240".to_owned());
        }
        if self.has_files() == self.tls_key.as_os_str().is_empty() {
            return Some("edge.tls_cert and edge.tls_key: name both files or neither".to_owned());
        }
        if let Some(problem) = self.acme_problem(on, shop_url) {
            return Some(problem);
        }
        if self.has_files() && !on {
            return Some("edge.tls_cert: the edge is off on a loopback address; set edge.enabled to true".to_owned());
        }
        if self.redirect_port > 0 && !(on && shop_url.to_ascii_lowercase().starts_with("https://")) {
            return Some("edge.redirect_port: needs the edge, and shop.url with https:// to send people to".to_owned());
        }
        let wrong = self.hosts.iter().find(|host| !is_host(host))?;
        Some(format!("edge.hosts: {wrong:?} is not a host name alone, such as \"shop.example\""))
    }
}

/// A host as an origin has it, with no port.
fn is_host(text: &str) -> bool {
    let origin = format!("https://{}", text.to_ascii_lowercase());
    WebOrigin::parse(&origin).is_ok_and(|parsed| parsed.as_str() == origin && text.rfind(':') <= text.rfind(']'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn edge_is_on_where_the_address_is_not_loopback_unless_told() {
        let settings = |enabled| EdgeSettings { enabled, ..EdgeSettings::default() };
        for (enabled, address, expected) in [
            (Switch::Auto, "127.0.0.1", false),
            (Switch::Auto, "::1", false),
            (Switch::Auto, "0.0.0.0", true),
            (Switch::Auto, "::", true),
            (Switch::Auto, "192.0.2.1", true),
            (Switch::On, "127.0.0.1", true),
            (Switch::Off, "0.0.0.0", false),
        ] {
            assert_eq!(settings(enabled).is_on(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn settings_that_cannot_be_are_named() {
        let usual = EdgeSettings::default;
        let file = || PathBuf::from("some.pem");
        for (settings, on, url, part) in [
            (EdgeSettings { idle_seconds: 0, ..usual() }, true, "", "edge.idle_seconds"),
            (EdgeSettings { max_per_address: 0, ..usual() }, true, "", "edge.max_per_address"),
            (EdgeSettings { max_body_mib: 0, ..usual() }, true, "", "edge.max_body_mib"),
            (EdgeSettings { tls_cert: file(), ..usual() }, true, "", "both files"),
            (EdgeSettings { tls_key: file(), ..usual() }, true, "", "both files"),
            (EdgeSettings { tls_cert: file(), tls_key: file(), ..usual() }, false, "", "edge.enabled"),
            (EdgeSettings { redirect_port: 80, ..usual() }, true, "", "shop.url"),
            (EdgeSettings { redirect_port: 80, ..usual() }, true, "http://shop.example", "shop.url"),
            (EdgeSettings { hosts: vec!["shop.example:443".to_owned()], ..usual() }, true, "", "edge.hosts"),
            (EdgeSettings { hosts: vec!["https://shop.example".to_owned()], ..usual() }, true, "", "edge.hosts"),
        ] {
            let found = settings.problem(on, url);
            assert!(found.as_ref().is_some_and(|text| text.contains(part)), "{part}: {found:?}");
        }
        let fine = EdgeSettings {
            redirect_port: 80,
            hosts: vec!["shop.example".to_owned(), "[2001:db8::7]".to_owned()],
            ..usual()
        };
        assert_eq!(fine.problem(true, "https://shop.example"), None);
        assert_eq!(usual().problem(false, ""), None);
    }

    #[test]
    fn address_that_is_told_is_one_that_answers() {
        let pem = || PathBuf::from("x.pem");
        let edge = EdgeSettings { tls_cert: pem(), tls_key: pem(), ..EdgeSettings::default() };
        let mut config = Config { address: [0, 0, 0, 0].into(), port: 8443, edge, ..Config::default() };
        assert_eq!(config.open_at(), "https://0.0.0.0:8443");
        config.edge.hosts = vec!["shop.example".to_owned(), "www.shop.example".to_owned()];
        assert_eq!(config.open_at(), "https://shop.example:8443");
        config.port = 443;
        assert_eq!(config.open_at(), "https://shop.example");
        config.shop.url = "https://www.shop.example/".to_owned();
        assert_eq!(config.open_at(), "https://www.shop.example");
    }
}
