//! The settings of payments: which providers there are, and how the shop signs in with them.

use super::origin::WebOrigin;
use super::secret::Secret;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// How buyers can pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaymentSettings {
    /// Whether there is the provider that pays on command: `auto` means only while the shop's public address is this
    /// machine.
    pub test: Switch,
    /// Whether buyers may pay by bank transfer, on delivery or at the counter.
    pub manual: bool,
    /// What buyers are told who pay by bank transfer.
    pub manual_instructions: String,
    /// Stripe.
    pub stripe: StripeSettings,
}

impl Default for PaymentSettings {
    fn default() -> Self {
        Self {
            test: Switch::Auto,
            manual: true,
            manual_instructions: "Please transfer the total and name the number of your order.".to_owned(),
            stripe: StripeSettings::default(),
        }
    }
}

/// On, off, or as fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// As fits.
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

impl Serialize for Switch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::On => serializer.serialize_bool(true),
            Self::Off => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AutoOrBoolean;

        impl Visitor<'_> for AutoOrBoolean {
            type Value = Switch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", true or false")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<Switch, E> {
                Ok(if on { Switch::On } else { Switch::Off })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Switch, E> {
                match text {
                    "auto" => Ok(Switch::Auto),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(AutoOrBoolean)
    }
}

/// The shop's account at Stripe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripeSettings {
    /// Its secret key; empty means that buyers cannot pay with Stripe.
    pub secret_key: Secret,
    /// What its messages are signed with. Two while one takes the place of the other; none means that messages are not
    /// taken, and payments are noticed when the shop asks.
    #[serde(deserialize_with = "secrets")]
    pub webhook_secrets: Vec<Secret>,
    /// Where its API is.
    pub api_base: String,
}

impl Default for StripeSettings {
    fn default() -> Self {
        let api_base = "https://api.stripe.com".to_owned();
        Self { secret_key: Secret::default(), webhook_secrets: Vec::new(), api_base }
    }
}

/// A list, or one text with commas, as a variable of the environment has it.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "must be a list of texts in quotes")]
    enum OneOrMany {
        One(Secret),
        Many(Vec<Secret>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => text.reveal().split(',').map(|part| Secret::new(part.trim())).collect(),
        OneOrMany::Many(list) => list,
    })
}

impl StripeSettings {
    /// The secrets of messages that can tell anything.
    pub fn signing_secrets(&self) -> impl Iterator<Item = &Secret> {
        self.webhook_secrets.iter().filter(|secret| !secret.is_empty())
    }

    fn problem(&self) -> Option<String> {
        let key = self.secret_key.reveal();
        if key.starts_with("pk_") {
            return Some(
                "payment.stripe.secret_key: that is the publishable key; the secret one begins with sk_".into(),
            );
        }
        if !(key.is_empty() || key.starts_with("sk_") || key.starts_with("rk_")) {
            return Some("payment.stripe.secret_key: must begin with sk_ or rk_".into());
        }
        let odd = |text: &str| !text.bytes().all(|b| b.is_ascii_graphic());
        if odd(key) {
            return Some("payment.stripe.secret_key: must not hold blanks or signs beyond ASCII".into());
        }
        if self.signing_secrets().any(|secret| odd(secret.reveal()) || !secret.reveal().starts_with("whsec_")) {
            return Some("payment.stripe.webhook_secrets: each must begin with whsec_ and hold no blanks".into());
        }
        if key.is_empty() && self.signing_secrets().next().is_some() {
            return Some("payment.stripe.secret_key: must be set, since there are webhook_secrets".into());
        }
        match WebOrigin::parse(&self.api_base) {
            Err(why) => Some(format!("payment.stripe.api_base: {:?} {why}", self.api_base)),
            Ok(base) if base.as_str().starts_with("http://") && !is_loopback(&self.api_base) => {
                Some("payment.stripe.api_base: must begin with https://, or the secret key could be read".into())
            }
            Ok(_) => None,
        }
    }
}

impl PaymentSettings {
    /// Whether there is the provider that pays on command, for a shop that the public reaches there.
    pub(super) fn has_test(&self, public_url: &str, behind_proxy: bool) -> bool {
        match self.test {
            Switch::On => true,
            Switch::Off => false,
            Switch::Auto => is_loopback(public_url) && !behind_proxy,
        }
    }

    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self) -> Option<String> {
        if self.manual_instructions.chars().count() > 2_000 {
            return Some("payment.manual_instructions: must be at most 2000 characters long".to_owned());
        }
        self.stripe.problem()
    }
}

/// Whether an address of the web is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    let host = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut StripeSettings)) -> String {
        let mut settings = PaymentSettings::default();
        change(&mut settings.stripe);
        settings.problem().unwrap_or_default()
    }

    #[test]
    fn settings_of_stripe_that_cannot_work_are_named_without_quoting_secrets() {
        assert_eq!(problem(|_| {}), "");
        assert_eq!(problem(|s| s.secret_key = Secret::new("sk_test_1")), "");
        for bad in ["pk_live_hidden", "hidden", "sk_hid den"] {
            let why = problem(|s| s.secret_key = Secret::new(bad));
            assert!(why.starts_with("payment.stripe.secret_key") && !why.contains("hid"), "{why}");
        }
        assert!(problem(|s| s.webhook_secrets = vec![Secret::new("whsec_1")]).starts_with("payment.stripe.secret_key"));
        let odd = problem(|s| {
            s.secret_key = Secret::new("sk_1");
            s.webhook_secrets = vec![Secret::new("hidden")];
        });
        assert!(odd.starts_with("payment.stripe.webhook_secrets") && !odd.contains("hidden"), "{odd}");
    }

    #[test]
    fn the_key_goes_over_tls_or_to_this_machine_only() {
        let base = |base: &str| problem(|s| base.clone_into(&mut s.api_base));
        for good in ["https://api.stripe.com", "http://127.0.0.1:4242", "http://localhost:1", "http://[::1]:80"] {
            assert_eq!(base(good), "", "{good}");
        }
        for bad in ["", "http://api.stripe.com", "http://10.0.0.1:80", "https://api.stripe.com/v1", "ftp://localhost"] {
            assert!(base(bad).starts_with("payment.stripe.api_base"), "{bad}");
        }
    }

    #[test]
    fn test_provider_is_there_by_itself_on_this_machine_only() {
        let settings = PaymentSettings::default();
        for here in ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"] {
            assert!(settings.has_test(here, false) && !settings.has_test(here, true), "{here}");
        }
        for abroad in ["https://shop.example", "http://0.0.0.0:8000", "http://localhost.example:80", "http://[::]:80"] {
            assert!(!settings.has_test(abroad, false), "{abroad}");
            assert!(PaymentSettings { test: Switch::On, ..settings.clone() }.has_test(abroad, false));
        }
        assert!(!PaymentSettings { test: Switch::Off, ..settings.clone() }.has_test("http://localhost", false));
    }

    #[test]
    fn secrets_are_read_from_a_list_or_from_one_text() {
        let read = |json: &str| serde_json::from_str::<StripeSettings>(json).map(|s| s.webhook_secrets.len());
        assert_eq!(read(r#"{"webhook_secrets": ["whsec_a", "whsec_b"]}"#).unwrap(), 2);
        assert_eq!(read(r#"{"webhook_secrets": "whsec_a, whsec_b"}"#).unwrap(), 2);
        let why = read(r#"{"webhook_secrets": 4711}"#).unwrap_err().to_string();
        assert!(!why.contains("4711"), "{why}");
    }
}
