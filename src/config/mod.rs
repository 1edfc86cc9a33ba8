//! Settings: built-in defaults, then `Rocket.toml`, then the environment, then flags; read once into typed structs.
//!
//! A key nobody knows refuses to start and is named, so that a misspelt setting is never silently ignored.

mod acme;
mod backup;
mod door;
mod edge;
mod loading;
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
pub use loading::{Entry, Flags, Loaded};
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
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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

    /// Where people are told to look at the shop: an address that answers them, which the one it listens at does not where
    /// the edge takes only requests for its own hosts.
    pub fn open_at(&self) -> String {
        let host = self.edge.hosts.first().filter(|_| self.shop.url.is_empty() && self.has_edge());
        let url = match host {
            Some(host) if self.edge.has_tls() && self.port == 443 => format!("https://{host}"),
            Some(host) if self.edge.has_tls() => format!("https://{host}:{}", self.port),
            Some(host) => format!("http://{host}:{}", self.port),
            None => self.public_url(),
        };
        url.trim_end_matches('/').to_owned()
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

    /// Whether only programs on this machine reach what is at an address.
    pub fn is_of_this_machine(url: &str) -> bool {
        payment::is_loopback(url)
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
        if let Err(why) = self.log.levels() {
            return wrong(why);
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
