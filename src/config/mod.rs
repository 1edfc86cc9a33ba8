//! Settings: built-in defaults, then `Rocket.toml`, then the environment, then flags; read once into typed structs.
//!
//! A key nobody knows refuses to start and is named, so that a misspelt setting is never silently ignored.

mod backup;
mod door;
mod edge;
mod mail;
mod metrics;
mod origin;
mod payment;
mod reference;
mod secret;
mod selling;
mod settings;
mod text;
mod watch;
mod webhooks;

pub use backup::BackupSettings;
pub use door::{CorsSettings, ForwardedHeader, GeneralLimit, LimitSettings, ProxySettings};
pub use edge::EdgeSettings;
pub use mail::{MailSettings, SmtpSecurity};
pub use metrics::MetricsSettings;
pub use origin::WebOrigin;
pub use payment::{PaymentSettings, StripeSettings, Switch};
pub use reference::{TEMPLATE, reference};
pub use secret::Secret;
pub use selling::{Rounding, SellingSettings};
pub use settings::{AuthSettings, CacheSettings, DataSettings, LogFormat, LogSettings, ReadSettings, ShopSettings};
pub use watch::WatchSettings;
pub use webhooks::WebhookSettings;

use crate::domain::{Currency, account::country};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::{Figment, Profile};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address to listen on.
    pub address: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Threads that serve requests; 0 means one for each core.
    pub workers: usize,
    /// Threads for slow work such as searches and counts.
    pub max_blocking: usize,
    /// Seconds that running requests get to finish at shutdown.
    pub grace_seconds: u32,
    /// The shop.
    pub shop: ShopSettings,
    /// Where it lies.
    pub data: DataSettings,
    /// How the database is read.
    pub store: ReadSettings,
    /// Bodies kept ready to send.
    pub cache: CacheSettings,
    /// Sign-in.
    pub auth: AuthSettings,
    /// Selling.
    pub selling: SellingSettings,
    /// Payments.
    pub payment: PaymentSettings,
    /// Mail.
    pub mail: MailSettings,
    /// Telling others of events.
    pub webhooks: WebhookSettings,
    /// What stands between the open internet and the shop.
    pub edge: EdgeSettings,
    /// What stands in front of the shop.
    pub proxy: ProxySettings,
    /// How often something may be done.
    pub limits: LimitSettings,
    /// Pages of other sites.
    pub cors: CorsSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Numbers for whoever watches over the shop.
    pub metrics: MetricsSettings,
    /// What the shop looks after by itself.
    pub watch: WatchSettings,
    /// Backups.
    pub backup: BackupSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8000,
            workers: 0,
            max_blocking: 32,
            grace_seconds: 20,
            shop: ShopSettings::default(),
            data: DataSettings::default(),
            store: ReadSettings::default(),
            cache: CacheSettings::default(),
            auth: AuthSettings::default(),
            selling: SellingSettings::default(),
            payment: PaymentSettings::default(),
            mail: MailSettings::default(),
            webhooks: WebhookSettings::default(),
            edge: EdgeSettings::default(),
            proxy: ProxySettings::default(),
            limits: LimitSettings::default(),
            cors: CorsSettings::default(),
            log: LogSettings::default(),
            metrics: MetricsSettings::default(),
            watch: WatchSettings::default(),
            backup: BackupSettings::default(),
        }
    }
}

impl Config {
    /// Threads that serve requests.
    pub fn workers(&self) -> usize {
        if self.workers > 0 { self.workers } else { cores() }
    }

    /// Connections that read: more than the workers, so that slow reads never take the last one from them.
    pub fn readers(&self) -> u32 {
        let workers = u32::try_from(self.workers()).unwrap_or(1);
        if self.store.readers > 0 { self.store.readers.max(workers + 1) } else { workers * 2 }
    }

    /// How long a read may take.
    pub fn read_deadline(&self) -> Duration {
        Duration::from_millis(self.store.read_deadline_ms)
    }

    /// Where the public reaches the shop.
    pub fn public_url(&self) -> String {
        match self.shop_url() {
            Ok(url) => url.to_string(),
            Err(_) => self.listening_url(),
        }
    }

    /// Where the shop listens.
    pub fn listening_url(&self) -> String {
        let scheme = if self.has_edge() && self.edge.has_tls() { "https" } else { "http" };
        format!("{scheme}://{}", SocketAddr::new(self.address, self.port))
    }

    /// Whether the edge stands in front.
    pub fn has_edge(&self) -> bool {
        self.edge.is_on(self.address)
    }

    /// Whether there is the provider that pays on command.
    pub fn has_test_payments(&self) -> bool {
        self.payment.has_test(&self.public_url(), !self.proxy.trusted.is_empty())
    }

    /// Whether nobody but programs on this machine is meant to reach the shop.
    pub fn public_is_this_machine(&self) -> bool {
        payment::is_loopback(&self.public_url()) && !self.tells_clients_apart()
    }

    /// Whether `/metrics` is among the addresses of the shop.
    pub fn has_metrics(&self) -> bool {
        self.metrics.on_the_shop(!self.public_is_this_machine())
    }

    fn shop_url(&self) -> Result<WebOrigin, &'static str> {
        // A path of nothing but a slash names the same place.
        WebOrigin::parse(self.shop.url.strip_suffix('/').unwrap_or(&self.shop.url))
    }

    /// Reads of the public catalog and other requests that one client may make in a minute. Behind a proxy that is
    /// not named everybody would look like one client, so there is no such budget unless it is given.
    pub fn general_limits(&self) -> (u32, u32) {
        let usual = |number| if self.tells_clients_apart() { number } else { 0 };
        (self.limits.catalog_per_client.or(usual(6_000)), self.limits.writes_per_client.or(usual(600)))
    }

    /// Orders of the last day that one client may leave unpaid; 0 for any number.
    pub fn holds_per_client(&self) -> u32 {
        self.limits.holds_per_client.or(if self.tells_clients_apart() { 20 } else { 0 })
    }

    fn tells_clients_apart(&self) -> bool {
        !self.address.is_loopback() || !self.proxy.trusted.is_empty()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(text));
        if Currency::from_code(&self.shop.currency).is_none() {
            return wrong(format!("shop.currency: {:?} is not an ISO 4217 code such as EUR", self.shop.currency));
        }
        if !(1..=10).contains(&self.auth.access_minutes) {
            return wrong("auth.access_minutes: must be from 1 to 10".to_owned());
        }
        if !(1..=3650).contains(&self.auth.session_days) {
            return wrong("auth.session_days: must be from 1 to 3650".to_owned());
        }
        if !(1..=self.auth.session_days).contains(&self.auth.refresh_days) {
            return wrong("auth.refresh_days: must be from 1 to auth.session_days".to_owned());
        }
        let home = &self.selling.country;
        if !home.is_empty() && country(home).as_ref() != Some(home) {
            return wrong("selling.country: must be an ISO 3166 country code in capitals, such as \"DE\"".to_owned());
        }
        if !(1..=1440).contains(&self.selling.reservation_minutes) {
            return wrong("selling.reservation_minutes: must be from 1 to 1440".to_owned());
        }
        if !(1..=365).contains(&self.selling.cart_days) {
            return wrong("selling.cart_days: must be from 1 to 365".to_owned());
        }
        if self.selling.first_order_number == 0 {
            return wrong("selling.first_order_number: must be above 0".to_owned());
        }
        if self.store.read_deadline_ms == 0 {
            return wrong("store.read_deadline_ms: must be above 0".to_owned());
        }
        if self.log.level.parse::<tracing_subscriber::EnvFilter>().is_err() {
            return wrong(format!("log.level: {:?} is not a level such as info", self.log.level));
        }
        if !self.shop.url.is_empty()
            && let Err(why) = self.shop_url()
        {
            return wrong(format!("shop.url: {:?} {why}", self.shop.url));
        }
        self.edge.problem(self.has_edge(), &self.shop.url).map_or(Ok(()), wrong)?;
        self.proxy.ranges().map_err(ConfigError)?;
        self.cors.origins().map_err(ConfigError)?;
        self.limits.check().map_err(ConfigError)?;
        self.payment.problem().or_else(|| self.selling.invoice_problem()).map_or(Ok(()), wrong)?;
        let problem = self.mail.problem().or_else(|| self.webhooks.problem()).or_else(|| self.backup.problem());
        problem.map_or(Ok(()), wrong)?;
        self.metrics.problem(!self.public_is_this_machine()).map_or(Ok(()), wrong)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What is wrong with the configuration, and where it says so.
#[derive(Debug)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}

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
const SERVER_KEYS: [&str; 4] = ["address", "port", "workers", "max_blocking"];

/// Keys whose variables are taken as they are. The others are read like values of the file, in which a password of
/// digits would become a number and lose its zeros.
const TEXT_KEYS: [&str; 9] = [
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

fn env_name(path: &str) -> String {
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
