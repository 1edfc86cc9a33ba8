//! The tables about who is let in and how often: the proxy in front, the budgets, the foreign pages.

use super::origin::WebOrigin;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What stands in front of the shop.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxySettings {
    /// Addresses and ranges of proxies whose word about the client counts.
    pub trusted: Vec<String>,
    /// The header in which they give it.
    pub header: ForwardedHeader,
}

/// The header in which a proxy says for whom it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardedHeader {
    /// The usual one.
    #[default]
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    /// The one of RFC 7239.
    Forwarded,
}

/// Pages of other sites that may use the API from a browser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsSettings {
    /// Their origins, such as `https://www.example.com`.
    pub origins: Vec<String>,
}

/// How often something may be done in a minute; 0 means as often as anybody likes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Wrong passwords for one account.
    pub login_per_account: u32,
    /// Wrong passwords from one client.
    pub login_per_client: u32,
    /// Registrations of one e-mail address.
    pub register_per_account: u32,
    /// Registrations from one client.
    pub register_per_client: u32,
    /// Letters to one account that were asked for without a sign-in.
    pub forgot_per_account: u32,
    /// Such letters asked for by one client.
    pub forgot_per_client: u32,
    /// Refreshed sign-ins of one account.
    pub refresh_per_account: u32,
    /// Refreshed sign-ins by one client.
    pub refresh_per_client: u32,
    /// Tries of one client with a token out of a letter.
    pub reset_per_client: u32,
    /// Requests of one client that may change something.
    pub writes_per_client: GeneralLimit,
    /// Reads of the public catalog by one client.
    pub catalog_per_client: GeneralLimit,
    /// Orders of the last day that one client has not paid and that hold stock. This one is a number at any moment, not
    /// a number a minute.
    pub holds_per_client: GeneralLimit,
}

/// A budget that depends on where the shop listens unless a number is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"auto\" or a number of requests a minute")]
pub enum GeneralLimit {
    /// So many a minute.
    PerMinute(u32),
    /// A number that fits where clients can be told apart, and none where they cannot.
    Auto(Auto),
}

/// The word for leaving it to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    /// Decide by where the shop listens.
    Auto,
}

/// The largest budget a minute.
const MOST: u32 = 60_000;

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            login_per_account: 10,
            login_per_client: 10,
            register_per_account: 5,
            register_per_client: 30,
            forgot_per_account: 3,
            forgot_per_client: 10,
            refresh_per_account: 60,
            refresh_per_client: 120,
            reset_per_client: 20,
            writes_per_client: GeneralLimit::Auto(Auto::Auto),
            catalog_per_client: GeneralLimit::Auto(Auto::Auto),
            holds_per_client: GeneralLimit::Auto(Auto::Auto),
        }
    }
}

impl GeneralLimit {
    /// The number a minute, where `usual` is the one that applies when none is given.
    pub fn or(self, usual: u32) -> u32 {
        match self {
            Self::PerMinute(number) => number,
            Self::Auto(_) => usual,
        }
    }
}

impl LimitSettings {
    /// No budget at all.
    pub const fn off() -> Self {
        Self {
            login_per_account: 0,
            login_per_client: 0,
            register_per_account: 0,
            register_per_client: 0,
            forgot_per_account: 0,
            forgot_per_client: 0,
            refresh_per_account: 0,
            refresh_per_client: 0,
            reset_per_client: 0,
            writes_per_client: GeneralLimit::PerMinute(0),
            catalog_per_client: GeneralLimit::PerMinute(0),
            holds_per_client: GeneralLimit::PerMinute(0),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let all = [
            ("login_per_account", self.login_per_account),
            ("login_per_client", self.login_per_client),
            ("register_per_account", self.register_per_account),
            ("register_per_client", self.register_per_client),
            ("forgot_per_account", self.forgot_per_account),
            ("forgot_per_client", self.forgot_per_client),
            ("refresh_per_account", self.refresh_per_account),
            ("refresh_per_client", self.refresh_per_client),
            ("reset_per_client", self.reset_per_client),
            ("writes_per_client", self.writes_per_client.or(0)),
            ("catalog_per_client", self.catalog_per_client.or(0)),
            ("holds_per_client", self.holds_per_client.or(0)),
        ];
        match all.into_iter().find(|(_, number)| *number > MOST) {
            Some((name, _)) => Err(format!("limits.{name}: must be at most {MOST} a minute; 0 switches it off")),
            None => Ok(()),
        }
    }
}

impl ForwardedHeader {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
        }
    }
}

impl ProxySettings {
    /// The trusted ranges; an address alone is a range of one.
    pub fn ranges(&self) -> Result<Vec<IpNet>, String> {
        self.trusted.iter().map(|text| range(text)).collect()
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let net = parsed
        .ok_or_else(|| format!("proxy.trusted: {text:?} is neither an address nor a range such as \"10.0.0.0/8\""))?;
    let net = unmapped(net);
    if net.prefix_len() == 0 {
        return Err(format!("proxy.trusted: {text:?} is everybody, and then anybody could claim any address"));
    }
    Ok(net)
}

/// IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4, as it is for clients.
fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().and_then(|addr| Some((addr, v6.prefix_len().checked_sub(96)?)));
    v4.and_then(|(addr, bits)| IpNet::new(addr.into(), bits).ok()).unwrap_or(net)
}

impl CorsSettings {
    /// The origins, checked.
    pub fn origins(&self) -> Result<Vec<WebOrigin>, String> {
        let origins = self
            .origins
            .iter()
            .map(|text| WebOrigin::parse(text).map_err(|why| format!("cors.origins: {text:?} {why}")));
        origins.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> Result<Vec<String>, String> {
        let settings = ProxySettings { trusted: vec![text.to_owned()], ..ProxySettings::default() };
        Ok(settings.ranges()?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn addresses_and_ranges_are_trusted_but_never_everybody() {
        assert_eq!(ranges("10.0.0.7").unwrap(), ["10.0.0.7/32"]);
        assert_eq!(ranges("10.0.0.0/8").unwrap(), ["10.0.0.0/8"]);
        assert_eq!(ranges("fd00::/8").unwrap(), ["fd00::/8"]);
        assert_eq!(ranges("::1").unwrap(), ["::1/128"]);
        assert_eq!(ranges("::ffff:10.0.0.0/104").unwrap(), ["10.0.0.0/8"]);
        for bad in
            ["", "proxy.example", "10.0.0.0/33", "10.0.0", "0.0.0.0/0", "::/0", "*", "10.0.0.1:80", "::ffff:0:0/96"]
        {
            assert!(ranges(bad).is_err_and(|why| why.starts_with("proxy.trusted")), "{bad}");
        }
    }
}
