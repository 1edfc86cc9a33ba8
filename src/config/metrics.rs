//! The settings of metrics: where the numbers are shown, and to whom.

use super::payment::Switch;
use super::secret::Secret;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The shortest token that cannot be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Where `/metrics` is, and who may see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Whether it is among the addresses of the shop: `auto` means only while nobody else can reach them.
    pub enabled: Switch,
    /// What whoever asks has to bring along; empty means that only this machine may ask.
    pub token: Secret,
    /// An address and port that answer nothing else; empty for none.
    pub address: String,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { enabled: Switch::Auto, token: Secret::default(), address: String::new() }
    }
}

impl MetricsSettings {
    /// Whether they are among the addresses of the shop, which may be `public`.
    pub(super) fn on_the_shop(&self, public: bool) -> bool {
        match self.enabled {
            Switch::On => true,
            Switch::Off => false,
            Switch::Auto => !public,
        }
    }

    /// The address of their own.
    pub fn own_address(&self) -> Option<SocketAddr> {
        self.address.parse().ok()
    }

    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self, public: bool) -> Option<String> {
        let token = self.token.reveal();
        if !self.address.is_empty() && self.own_address().is_none() {
            return Some(format!(
                "metrics.address: {:?} is not an address and port such as \"127.0.0.1:9464\"",
                self.address
            ));
        }
        if !token.is_empty() && (token.len() < SHORTEST_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic())) {
            return Some(format!(
                "metrics.token: must be at least {SHORTEST_TOKEN} letters and digits long, without blanks"
            ));
        }
        if self.enabled == Switch::On && public && token.is_empty() {
            return Some(
                "metrics.token: is needed when metrics.enabled is true and others can reach the shop; without one, give \
                 metrics.address instead"
                    .to_owned(),
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_off_the_public_address_unless_a_token_guards_them() {
        let set = |enabled, token: &str| MetricsSettings { enabled, token: Secret::new(token), ..Default::default() };
        assert!(set(Switch::Auto, "").on_the_shop(false) && !set(Switch::Auto, "").on_the_shop(true));
        assert!(!set(Switch::Off, "").on_the_shop(false));
        assert!(set(Switch::On, "").problem(true).is_some_and(|text| text.starts_with("metrics.token")));
        assert_eq!(set(Switch::On, "").problem(false), None);
        let good = set(Switch::On, "0123456789abcdef");
        assert!(good.problem(true).is_none() && good.on_the_shop(true));
        assert!(set(Switch::Auto, "short").problem(false).is_some());
    }

    #[test]
    fn an_address_is_one_address_and_one_port() {
        let problem =
            |address: &str| MetricsSettings { address: address.to_owned(), ..Default::default() }.problem(true);
        assert_eq!([problem(""), problem("127.0.0.1:9464"), problem("[::]:9464")], [None, None, None]);
        for bad in ["9464", "localhost:9464", "127.0.0.1", "127.0.0.1:70000"] {
            assert!(problem(bad).is_some_and(|text| text.starts_with("metrics.address")), "{bad}");
        }
    }
}
