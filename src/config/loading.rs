//! Reads the settings: which source goes before which, and where each value came from.

use super::{Config, ConfigError};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::{Figment, Profile};
use serde::Serialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Settings given on the command line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// `--address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// `--port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `--data-dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
}

/// The server's own keys that `ROCKET_…` variables may set.
pub(super) const SERVER_KEYS: [&str; 4] = ["address", "port", "workers", "max_blocking"];

/// Keys whose variables are taken as they are. The others are read like values of the file, in which a password of
/// digits would become a number and lose its zeros.
pub(super) const TEXT_KEYS: [&str; 9] = [
    "backup.s3_access_key",
    "backup.s3_secret_key",
    "mail.smtp_user",
    "mail.smtp_password",
    "payment.stripe.secret_key",
    "payment.stripe.webhook_secrets",
    "payment.stripe.api_base",
    "selling.invoice_seller",
    "metrics.token",
];

fn is_text(variable: &str) -> bool {
    TEXT_KEYS.iter().any(|key| key.replace('.', "_").eq_ignore_ascii_case(variable))
}

/// The variable of one of [`TEXT_KEYS`].
struct TextVariable(&'static str);

impl figment::Provider for TextVariable {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named("environment variable")
    }

    fn data(&self) -> Result<figment::value::Map<Profile, figment::value::Dict>, figment::Error> {
        let name = env_name(self.0);
        let is_it = |variable: &std::ffi::OsStr| variable.to_str().is_some_and(|v| v.eq_ignore_ascii_case(&name));
        let Some((_, value)) = std::env::vars_os().find(|(variable, _)| is_it(variable)) else {
            return Ok(Profile::Default.collect(figment::value::Dict::new()));
        };
        let text = value.into_string().map_err(|_| figment::Error::from(format!("{name} is not UTF-8")))?;
        let nested = figment::util::nest(self.0, text.into()).into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(nested))
    }
}

/// The configuration with the origin of each value.
pub struct Loaded {
    /// The values.
    pub config: Config,
    figment: Figment,
}

impl Loaded {
    /// Reads file, environment and flags. Without a path the file is `Rocket.toml` here, if there is one.
    pub fn read(file: Option<&Path>, flags: &Flags) -> Result<Self, ConfigError> {
        if let Some(path) = file.filter(|path| !path.is_file()) {
            return Err(ConfigError(format!("there is no file {}", path.display())));
        }
        let path = file.unwrap_or(Path::new("Rocket.toml"));
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        if path.is_file() {
            let file = Figment::from(Toml::file_exact(path).nested());
            // A section of another name would be passed over, and every setting in it.
            if let Some(section) = file.profiles().find(|name| **name != Profile::Default) {
                return Err(ConfigError(format!(
                    "unknown section [{section}] in {}, expected [default]",
                    path.display()
                )));
            }
            figment = figment.merge(file);
        }
        figment = figment
            .merge(Env::prefixed("ROCKET_").only(&SERVER_KEYS))
            .merge(
                Env::prefixed("NEXUS_")
                    .ignore(&["config"])
                    .filter(|key| !is_text(key.as_str()))
                    .map(|key| key.as_str().replacen('_', ".", 1).into()),
            )
            .select(Profile::Default);
        for key in TEXT_KEYS {
            figment = figment.merge(TextVariable(key));
        }
        if let Some(address) = flags.address {
            figment = figment.merge(Serialized::default("address", address));
        }
        if let Some(port) = flags.port {
            figment = figment.merge(Serialized::default("port", port));
        }
        if let Some(dir) = &flags.data_dir {
            figment = figment.merge(Serialized::default("data.dir", dir));
        }
        let config: Config = figment.extract().map_err(|error| {
            let lines: Vec<String> = error.into_iter().map(|e| e.to_string()).collect();
            ConfigError(lines.join("; ").split_whitespace().collect::<Vec<_>>().join(" "))
        })?;
        config.check()?;
        Ok(Self { config, figment })
    }

    /// Each key with its value and where it comes from.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let Ok(value) = figment::value::Value::serialize(&self.config) {
            self.collect("", &value, &mut entries);
        }
        entries
    }

    fn collect(&self, path: &str, value: &figment::value::Value, entries: &mut Vec<Entry>) {
        if let figment::value::Value::Dict(_, dict) = value {
            for (key, inner) in dict {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.collect(&path, inner, entries);
            }
            return;
        }
        let origin = match self.figment.find_metadata(path) {
            Some(meta) if meta.name.contains("environment") => env_name(path),
            Some(meta) if meta.source.as_ref().is_some_and(|source| source.file_path().is_some()) => file_name(meta),
            _ if self.is_flag(path) => "flag".to_owned(),
            _ => "default".to_owned(),
        };
        let value = serde_json::to_value(value).unwrap_or_default();
        entries.push(Entry { key: path.to_owned(), value, origin });
    }

    /// Flags and defaults both come from this program; a flag is what differs from the default.
    fn is_flag(&self, path: &str) -> bool {
        let default = Figment::from(Serialized::defaults(Config::default())).find_value(path).ok();
        let now = self.figment.find_value(path).ok();
        serde_json::to_value(default).ok() != serde_json::to_value(now).ok()
    }
}

pub(super) fn env_name(path: &str) -> String {
    let prefix = if SERVER_KEYS.contains(&path) { "ROCKET_" } else { "NEXUS_" };
    format!("{prefix}{}", path.replace('.', "_").to_uppercase())
}

fn file_name(meta: &figment::Metadata) -> String {
    let file = meta.source.as_ref().and_then(|source| source.file_path());
    file.and_then(|path| path.file_name()).map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// One effective setting.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value; of a secret only whether there is one.
    pub value: serde_json::Value,
    /// `default`, the file, the variable, or `flag`.
    pub origin: String,
}
