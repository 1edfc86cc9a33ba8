//! For whom a proxy asks: the rules by which a forwarded header is read. Pure; who may be asked is decided here too.
//!
//! Each proxy appends the address it was called from, so the list is read from its right end and only as far as those
//! who wrote it are trusted: the right-most hop that is not trusted is the client. What stands left of it, the client
//! may have written itself. A hop that cannot be read ends the reading, and the last one that could be read counts.

use crate::config::ForwardedHeader;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Proxies whose word counts.
#[derive(Clone)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ForwardedHeader,
}

impl Proxies {
    /// Proxies in these ranges, which write this header.
    pub fn new(trusted: Vec<IpNet>, header: ForwardedHeader) -> Self {
        Self { trusted, header }
    }

    /// The name of the header.
    pub fn header(&self) -> &'static str {
        self.header.name()
    }

    /// Whether an address is one of a proxy's.
    pub fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|range| range.contains(&address))
    }

    /// The client of a request that came from `peer` with these lines of the header, in order.
    pub fn client<'l>(&self, peer: IpAddr, lines: impl DoubleEndedIterator<Item = &'l str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for line in lines.rev() {
            let hops = match self.header {
                ForwardedHeader::XForwardedFor => line.split(',').map(Some).collect(),
                ForwardedHeader::Forwarded => elements(line),
            };
            for hop in hops.into_iter().rev() {
                if !self.is_trusted(client) {
                    return client;
                }
                let node = match (self.header, hop) {
                    (_, Some(hop)) if trim(hop).is_empty() => continue,
                    (ForwardedHeader::XForwardedFor, hop) => hop,
                    (ForwardedHeader::Forwarded, hop) => hop.and_then(for_parameter),
                };
                match node.and_then(address) {
                    Some(address) => client = address,
                    None => return client,
                }
            }
        }
        client
    }
}

/// The address of a hop: IPv4 or IPv6, in brackets or not, with a port or without. `unknown` and made-up names are
/// none.
fn address(text: &str) -> Option<IpAddr> {
    let text = trim(text);
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse().ok().map(|socket: SocketAddr| socket.ip());
    text.parse().ok().or_else(bare).or_else(with_port).map(|address| address.to_canonical())
}

/// Blanks as HTTP knows them.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The elements of a `Forwarded` line, cut at commas outside of quotes. A quote that is never closed makes the line
/// one element that cannot be read: whoever wrote it may have meant to swallow what a proxy appended.
fn elements(line: &str) -> Vec<Option<&str>> {
    split_unquoted(line, ',').map_or_else(|| vec![None], |parts| parts.into_iter().map(Some).collect())
}

/// The value of `for` in an element; it must be there once.
fn for_parameter(element: &str) -> Option<&str> {
    let pairs = split_unquoted(element, ';')?;
    let mut values = pairs.iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        trim(name).eq_ignore_ascii_case("for").then(|| trim(value))
    });
    let value = values.next().filter(|_| values.next().is_none())?;
    match value.strip_prefix('"') {
        // No address has a quote or a backslash in it.
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

/// Cuts at a sign outside of quotes; none when a quote stays open.
fn split_unquoted(text: &str, sign: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == sign && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proxies(header: ForwardedHeader) -> Proxies {
        let trusted = ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"].map(|range| range.parse().unwrap());
        Proxies::new(trusted.to_vec(), header)
    }

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        proxies(header).client(peer.parse().unwrap(), lines.iter().copied()).to_string()
    }

    #[test]
    fn x_forwarded_for_gives_the_right_most_hop_that_is_not_trusted() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            ("10.0.0.1", &["1.2.3.4,203.0.113.7,192.0.2.1 ,\t10.9.9.9"], "203.0.113.7"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            ("10.0.0.1", &["1.2.3.4", "203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7", "10.2.2.2"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7", "", " , "], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, , 10.2.2.2,"], "203.0.113.7"),
            // From outside of the range nothing that is said counts.
            ("203.0.113.9", &["1.2.3.4"], "203.0.113.9"),
            ("192.0.2.2", &["10.0.0.1"], "192.0.2.2"),
            // Both forms of an address are one.
            ("::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("::ffff:203.0.113.9", &["1.2.3.4"], "203.0.113.9"),
            ("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, ::ffff:10.2.2.2"], "203.0.113.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &["[::ffff:203.0.113.7]:4711"], "203.0.113.7"),
        ] {
            assert_eq!(client(ForwardedHeader::XForwardedFor, peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn hop_that_cannot_be_read_ends_the_reading() {
        for bad in [
            "unknown",
            "_hidden",
            "client.example",
            "203.0.113",
            "203.0.113.7.8",
            "203.0.113.7:",
            "203.0.113.7:99999",
            "0x7f.1",
            "[203.0.113.7]",
            "[2001:db8::7",
            "2001:db8::7]",
            "fe80::1%eth0",
            "\"203.0.113.7\"",
            "203.0.113.7 203.0.113.8",
            "127.0.0.1\u{a0}",
        ] {
            let lines = format!("203.0.113.7, {bad}, 10.2.2.2");
            assert_eq!(client(ForwardedHeader::XForwardedFor, "10.0.0.1", &[&lines]), "10.2.2.2", "{bad}");
            assert_eq!(client(ForwardedHeader::XForwardedFor, "10.0.0.1", &["203.0.113.7", bad]), "10.0.0.1", "{bad}");
        }
    }

    #[test]
    fn forwarded_gives_the_right_most_hop_that_is_not_trusted() {
        for (lines, expected) in [
            (&["for=203.0.113.7"][..], "203.0.113.7"),
            (&["For=203.0.113.7;proto=https;by=10.0.0.1"], "203.0.113.7"),
            (&["proto=https ; for=203.0.113.7"], "203.0.113.7"),
            (&["for=1.2.3.4, for=203.0.113.7"], "203.0.113.7"),
            (&["for=203.0.113.7", "for=10.2.2.2"], "203.0.113.7"),
            (&["for=\"203.0.113.7:4711\""], "203.0.113.7"),
            (&["for=203.0.113.7:4711"], "203.0.113.7"),
            (&["for=\"[2001:db8::7]\""], "2001:db8::7"),
            (&["for=\"[2001:db8::7]:4711\";host=\"a,b;c\""], "2001:db8::7"),
            (&["for=\"[::ffff:203.0.113.7]\""], "203.0.113.7"),
            (&["for=203.0.113.7, ,for=10.2.2.2,"], "203.0.113.7"),
            // Ends the reading.
            (&["for=203.0.113.7, for=unknown"], "10.0.0.1"),
            (&["for=203.0.113.7, for=_hidden, for=10.2.2.2"], "10.2.2.2"),
            (&["for=203.0.113.7, by=10.2.2.2"], "10.0.0.1"),
            (&["203.0.113.7"], "10.0.0.1"),
            (&["for=203.0.113.7;for=203.0.113.8"], "10.0.0.1"),
            (&["for=\"203.0.113.7\"x"], "10.0.0.1"),
            (&["for=203.0.113.7;x=\"a\\\""], "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardedHeader::Forwarded, "10.0.0.1", lines), expected, "{lines:?}");
        }
        let other = &["for=1.2.3.4"];
        assert_eq!(client(ForwardedHeader::Forwarded, "203.0.113.9", other), "203.0.113.9");
    }

    /// What a client sends stands left of what the proxy appends to the same line.
    #[test]
    fn open_quote_of_a_client_cannot_swallow_what_the_proxy_appends() {
        for sent in ["for=6.6.6.6;x=\"", "for=6.6.6.6,for=\"", "for=6.6.6.6;x=\"\\", "\"", "for=6.6.6.6;x=\"a\\\"\\\\"]
        {
            for appended in
                ["for=203.0.113.7", "for=\"[2001:db8::7]\"", "for=203.0.113.7;by=\"[fd00::1]:80\";proto=http"]
            {
                let found = client(ForwardedHeader::Forwarded, "10.0.0.1", &[&format!("{sent}, {appended}")]);
                assert_ne!(found, "6.6.6.6", "{sent} {appended}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_it_cannot_choose_its_address(sent in "\\PC{0,60}", quoted: bool) {
            let plain = format!("{sent}, 203.0.113.7");
            let found = client(ForwardedHeader::XForwardedFor, "10.0.0.1", &[&plain]);
            prop_assert_eq!(found, "203.0.113.7");
            let hop = if quoted { "for=\"203.0.113.7\"" } else { "for=203.0.113.7" };
            let found = client(ForwardedHeader::Forwarded, "10.0.0.1", &[&format!("{sent}, {hop}")]);
            prop_assert!(found == "203.0.113.7" || found == "10.0.0.1", "{}", found);
        }
    }
}
