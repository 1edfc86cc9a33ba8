//! The settings as a text that goes into a backup: what differs from the defaults, without secrets, in the form of the
//! configuration file.

use super::Config;
use serde_json::Value;
use std::fmt::Write;

/// What a secret that is set looks like when it is shown.
const HIDDEN: &str = "***";

impl Config {
    /// The settings as a configuration file. Where the data folder is depends on the machine, so it is left out.
    pub fn to_text(&self) -> String {
        let now = serde_json::to_value(self).unwrap_or_default();
        let usual = serde_json::to_value(Self::default()).unwrap_or_default();
        let mut text = "# The settings of the shop when the backup was made. Secrets are not in it.\n".to_owned();
        table(&mut text, "default", &now, &usual);
        text
    }
}

fn table(text: &mut String, name: &str, now: &Value, usual: &Value) {
    let Value::Object(entries) = now else { return };
    let changed =
        |key: &String, value: &Value| usual.get(key) != Some(value) && !(name == "default.data" && key == "dir");
    let mut lines = String::new();
    for (key, value) in entries.iter().filter(|(key, value)| !value.is_object() && changed(key, value)) {
        // The forms of JSON and of the file are the same for numbers, texts and lists of them.
        let _ = match value {
            Value::Null => Ok(()),
            hidden if hidden.to_string().contains(HIDDEN) => writeln!(lines, "# {key} is a secret: set it again"),
            plain => writeln!(lines, "{key} = {plain}"),
        };
    }
    if !lines.is_empty() {
        let _ = write!(text, "\n[{name}]\n{lines}");
    }
    for (key, value) in entries.iter().filter(|(_, value)| value.is_object()) {
        table(text, &format!("{name}.{key}"), value, usual.get(key).unwrap_or(&Value::Null));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Loaded, Secret};

    #[test]
    fn text_is_read_as_the_settings_it_was_made_of_but_for_secrets() {
        let mut config = Config { port: 8_123, ..Config::default() };
        "Tom & \"Ann\"".clone_into(&mut config.shop.name);
        "Example\nStreet".clone_into(&mut config.selling.invoice_seller);
        config.cors.origins = vec!["https://www.example.com".to_owned()];
        config.payment.stripe.secret_key = Secret::new("sk_hidden");
        config.payment.stripe.webhook_secrets = vec![Secret::new("whsec_hidden")];
        config.data.dir = "/somewhere".into();
        let text = config.to_text();
        assert!(!text.contains("hidden") && !text.contains("somewhere"), "{text}");
        assert!(text.contains("# secret_key is a secret") && text.contains("# webhook_secrets is a secret"), "{text}");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("Rocket.toml");
        std::fs::write(&file, &text).unwrap();
        let read = Loaded::read(Some(&file), &Flags::default()).unwrap().config;
        assert_eq!((read.port, &read.shop.name), (8_123, &config.shop.name));
        assert_eq!(read.selling.invoice_seller, config.selling.invoice_seller);
        assert_eq!(read.cors.origins, config.cors.origins);
        assert_eq!(Config::default().to_text().lines().count(), 1);
    }
}
