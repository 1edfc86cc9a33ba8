//! The settings of webhooks.

use serde::{Deserialize, Serialize};

/// Whom the shop may tell of events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Endpoints that may be private addresses, take plain http and have any port, each as `HOST:PORT`.
    pub allow_private: Vec<String>,
}

impl WebhookSettings {
    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self) -> Option<String> {
        let wrong = self.allow_private.iter().find(|entry| !is_host_and_port(entry))?;
        Some(format!("webhooks.allow_private: {wrong:?} is not a host and a port such as \"127.0.0.1:8080\""))
    }
}

fn is_host_and_port(entry: &str) -> bool {
    let Some((host, port)) = entry.rsplit_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_good = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(plain),
    };
    host_is_good && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_one_host_and_one_port() {
        let problem = |entry: &str| WebhookSettings { allow_private: vec![entry.to_owned()] }.problem();
        for good in ["127.0.0.1:8080", "[::1]:9", "books.internal:443"] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in
            ["", "127.0.0.1", "::1:80", "http://127.0.0.1:80", "10.0.0.0/8:80", "*:80", "a:0", "a:65536", "a b:1"]
        {
            assert!(problem(bad).is_some_and(|text| text.starts_with("webhooks.allow_private")), "{bad}");
        }
    }
}
