//! What must be so for certificates to come by themselves. The authority asks for a file by plain HTTP at each name
//! (http-01, RFC 8555, section 8.3), so there must be names, and a door of plain HTTP.

use super::EdgeSettings;
use super::origin::WebOrigin;
use crate::domain::account::Email;
use std::net::Ipv4Addr;

/// As many names as one certificate may have at the usual authority.
const MOST_HOSTS: usize = 100;

impl EdgeSettings {
    /// What is wrong with the settings of ACME, naming the key.
    pub(super) fn acme_problem(&self, on: bool, shop_url: &str) -> Option<String> {
        if !self.acme {
            return None;
        }
        if self.has_files() {
            return Some(
                "edge.acme and edge.tls_cert: the certificate comes by ACME or from files; choose one".to_owned(),
            );
        }
        if !on {
            return Some("edge.acme: the edge is off on a loopback address; set edge.enabled to true".to_owned());
        }
        if self.hosts.is_empty() {
            return Some(
                "edge.acme: needs edge.hosts, the names the certificate is for, such as [\"shop.example\"]".to_owned(),
            );
        }
        if self.hosts.len() > MOST_HOSTS {
            return Some(format!("edge.hosts: one certificate by edge.acme is for {MOST_HOSTS} names at most"));
        }
        if let Some(problem) = self.hosts.iter().find_map(|host| not_provable(host)) {
            return Some(format!("edge.hosts: {problem}"));
        }
        if self.redirect_port == 0 {
            return Some(
                "edge.acme: needs edge.redirect_port, usually 80: the authority asks there for proof".to_owned(),
            );
        }
        let public = WebOrigin::parse(shop_url.trim_end_matches('/')).ok();
        let public = public.filter(|origin| origin.as_str().starts_with("https://"));
        let is_public = |host: &String| public.as_ref().is_some_and(|origin| host.eq_ignore_ascii_case(origin.host()));
        if !self.hosts.iter().any(is_public) {
            return Some(
                "edge.acme: shop.url must be https:// and one of edge.hosts, or people are sent where there is no \
                 certificate"
                    .to_owned(),
            );
        }
        self.authority_problem()
    }

    /// What is wrong with whom to ask, and as whom.
    fn authority_problem(&self) -> Option<String> {
        let host = self.acme_directory.strip_prefix("https://").unwrap_or_default();
        let plain = self.acme_directory.bytes().all(|b| b.is_ascii_graphic());
        if host.trim_start_matches('/').is_empty() || !plain {
            return Some("edge.acme_directory: must be the https:// address of the authority's directory".to_owned());
        }
        let contact = &self.acme_contact;
        // It becomes a mailto: address with nothing behind it (RFC 8555, section 7.3).
        let is_address = Email::parse(contact).is_some() && contact.is_ascii() && !contact.contains('?');
        if !contact.is_empty() && !is_address {
            return Some(format!("edge.acme_contact: {contact:?} is not a mail address such as owner@shop.example"));
        }
        if !self.acme_accept_terms {
            return Some(
                "edge.acme_accept_terms: set it to true if you agree to the terms of the authority, which for Let's \
                 Encrypt are at https://letsencrypt.org/repository/"
                    .to_owned(),
            );
        }
        None
    }
}

/// Why no certificate for a host can be had in this way.
fn not_provable(host: &str) -> Option<String> {
    if host.contains('*') {
        return Some(format!(
            "{host:?}: edge.acme cannot get certificates for wildcards, whose proof is made by DNS; list each name, or \
             set edge.tls_cert"
        ));
    }
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        return Some(format!(
            "{host:?} is an address: edge.acme gets certificates for names only; leave it out, or set edge.tls_cert"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn fine() -> EdgeSettings {
        EdgeSettings {
            acme: true,
            acme_accept_terms: true,
            hosts: vec!["www.shop.example".to_owned(), "shop.example".to_owned()],
            redirect_port: 80,
            ..EdgeSettings::default()
        }
    }

    #[test]
    fn what_acme_needs_is_asked_for_and_what_it_cannot_do_is_said() {
        let url = "https://shop.example";
        let hosts = |host: &str| EdgeSettings { hosts: vec![host.to_owned()], ..fine() };
        let contact = |contact: &str| EdgeSettings { acme_contact: contact.to_owned(), ..fine() };
        let directory = |directory: &str| EdgeSettings { acme_directory: directory.to_owned(), ..fine() };
        let files = || EdgeSettings { tls_cert: PathBuf::from("a"), tls_key: PathBuf::from("b"), ..fine() };
        for (settings, on, url, part) in [
            (files(), true, url, "edge.tls_cert"),
            (fine(), false, url, "edge.enabled"),
            (EdgeSettings { hosts: vec![], ..fine() }, true, url, "needs edge.hosts"),
            (hosts("*.shop.example"), true, url, "wildcards"),
            (hosts("192.0.2.7"), true, url, "names only"),
            (hosts("[2001:db8::7]"), true, url, "names only"),
            (hosts("https://shop.example"), true, "https://https://shop.example", "edge.hosts"),
            (EdgeSettings { hosts: vec!["a.example".to_owned(); 101], ..fine() }, true, url, "100"),
            (EdgeSettings { redirect_port: 0, ..fine() }, true, url, "edge.redirect_port"),
            (fine(), true, "", "shop.url"),
            (fine(), true, "http://shop.example", "shop.url"),
            (fine(), true, "https://other.example", "shop.url"),
            (EdgeSettings { acme_accept_terms: false, ..fine() }, true, url, "edge.acme_accept_terms"),
            (contact("owner"), true, url, "edge.acme_contact"),
            (contact("mailto:a@b"), true, url, "edge.acme_contact"),
            (contact("a@b,c@d"), true, url, "edge.acme_contact"),
            (directory("http://ca.example/directory"), true, url, "edge.acme_directory"),
            (directory("https://"), true, url, "edge.acme_directory"),
        ] {
            let found = settings.problem(on, url);
            assert!(found.as_ref().is_some_and(|text| text.contains(part)), "{part}: {found:?}");
        }
        assert_eq!(fine().problem(true, "https://Shop.Example:8443/"), None);
        assert_eq!(contact("owner@shop.example").problem(true, url), None);
        assert!(fine().has_tls() && !fine().has_files());
    }
}
