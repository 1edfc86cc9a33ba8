//! The origin of a page, as browsers write it: `scheme://host[:port]`, lower case, without a port that goes without
//! saying. It is compared by equality alone, never by a pattern.

use std::fmt;
use std::net::Ipv6Addr;

/// A checked origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Reads an origin; what is wrong with it reads on after the text itself.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or("is not scheme://host or scheme://host:port")?;
        let usual = match scheme {
            "https" => "443",
            "http" => "80",
            _ => return Err("must begin with https:// or http://"),
        };
        let (host, port) = split_port(rest);
        if !is_host(host) {
            return Err("must name one host and nothing after it: no path, no *, non-ASCII names in their xn-- form");
        }
        if port.is_some_and(|port| !is_port(port)) {
            return Err("has a port that is not a number from 1 to 65535");
        }
        let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{host}{port}")))
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        split_port(rest).0
    }

    /// As browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The colons of a bracketed IPv6 address do not begin a port.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rfind(':') {
        Some(at) if !text[at..].contains(']') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::WebOrigin;

    #[test]
    fn origins_are_taken_as_browsers_write_them() {
        for (given, taken) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:8443", "https://shop.example:8443"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("http://localhost:80", "http://localhost"),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(WebOrigin::parse(given).map(|o| o.to_string()).as_deref(), Ok(taken), "{given}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://*",
            "https://*.shop.example",
            "https://shop.example/",
            "https://shop.example/shop",
            "https://shop.example?x",
            "https://shop.example#x",
            "https://user@shop.example",
            "https://shop.example:",
            "https://shop.example:0",
            "https://shop.example:99999",
            "https://shop.example:8o",
            "https://shop.example:+1",
            "https://shop..example",
            "https://[::g]",
            "https://müsli.example",
            "https://a b.example",
            "ftp://shop.example",
            "file:///shop",
            "https://shop.example,https://other.example",
        ] {
            assert!(WebOrigin::parse(bad).is_err(), "{bad}");
        }
    }
}
