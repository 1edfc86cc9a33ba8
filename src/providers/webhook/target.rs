//! An address to send to: what it may look like, and where its name may lead.

use super::Refused;
use super::public::is_public;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;
use url::{Host, Url};

/// The ports that web servers have; others belong to services that might take a request for something else.
const PORTS: [u16; 4] = [443, 8443, 80, 8080];
/// Endings of names that no public name server knows.
const LOCAL: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "lan"];
/// The most addresses of one name that are looked at and connected to.
pub(super) const MOST_ADDRESSES: usize = 16;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// All of them.
    fn addresses(&self, name: &str, port: u16) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's way.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, name: &str, port: u16) -> io::Result<Vec<IpAddr>> {
        Ok((name, port).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// Hosts with their ports that the owner has let in: any address, any port, plain http.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<String>);

impl Allowed {
    /// From `HOST:PORT` texts, which the configuration has checked.
    pub fn new(entries: &[String]) -> Self {
        Self(entries.iter().map(|entry| entry.to_ascii_lowercase()).collect())
    }

    fn has(&self, host: &str, port: u16) -> bool {
        self.0.contains(&format!("{host}:{port}"))
    }
}

/// An address that looks like one to send to.
#[derive(Debug)]
pub(super) struct Target {
    /// In its one usual form.
    pub url: Url,
    port: u16,
    allowed: bool,
}

fn refused<T>(code: &'static str, why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { code, why: why.into() })
}

impl Target {
    /// Reads an address as browsers do, so that every way of writing a host is seen through.
    pub fn parse(text: &str, allowed: &Allowed) -> Result<Self, Refused> {
        // Browsers drop these and read on; whoever sends them wants something to be overlooked.
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return refused("invalid", "must not hold blanks, control characters or backslashes");
        }
        let Ok(mut url) = Url::parse(text) else {
            return refused("invalid", "must be an address such as https://hooks.example.com/nexus");
        };
        if !matches!(url.scheme(), "https" | "http") {
            return refused("scheme", "must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("userinfo", "must not hold a name or password: what is sent is signed");
        }
        url.set_fragment(None);
        // A dot at the end of a name means the same name, but not to every check and certificate.
        if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned)
            && (name.ends_with('.') || url.set_host(Some(&name)).is_err())
        {
            return refused("invalid", "must name a host such as hooks.example.com");
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return refused("invalid", "must name a host such as hooks.example.com");
        };
        let allowed = allowed.has(host, port);
        let target = Self { url, port, allowed };
        if !allowed {
            target.looks_public()?;
        }
        Ok(target)
    }

    fn looks_public(&self) -> Result<(), Refused> {
        if self.url.scheme() != "https" {
            return refused("scheme", "must begin with https://: over http anybody on the way could read along");
        }
        if !PORTS.contains(&self.port) {
            return refused("port", format!("must have no port or one of {}", PORTS.map(|p| p.to_string()).join(", ")));
        }
        if let Some(Host::Domain(name)) = self.url.host() {
            let local = LOCAL.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")));
            if local || !name.contains('.') {
                return refused("private", "must be a public name: this one only means something in your own network");
            }
        }
        Ok(())
    }

    /// Where it leads: every address its name has, each of which must be public. None when that cannot be found out in
    /// time; a name of which one address is not public leads nowhere.
    pub fn addresses(
        &self,
        lookup: &std::sync::Arc<dyn Lookup>,
        patience: Duration,
    ) -> Result<Result<Vec<SocketAddr>, String>, Refused> {
        let found = match self.url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => match look_up(lookup, name, self.port, patience) {
                Ok(found) => found,
                Err(why) => return Ok(Err(why)),
            },
            None => Vec::new(),
        };
        if found.is_empty() {
            return Ok(Err("its name has no address".to_owned()));
        }
        if !self.allowed && !found.iter().all(|address| is_public(*address)) {
            return refused("private", "must be a public address: it leads into a private or local network");
        }
        Ok(Ok(found.into_iter().take(MOST_ADDRESSES).map(|address| SocketAddr::new(address, self.port)).collect()))
    }
}

/// The operating system may take long to find that a name server is away, and cannot be told to hurry.
fn look_up(
    lookup: &std::sync::Arc<dyn Lookup>,
    name: &str,
    port: u16,
    patience: Duration,
) -> Result<Vec<IpAddr>, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let (lookup, name) = (lookup.clone(), name.to_owned());
    let work = move || drop(sender.send(lookup.addresses(&name, port)));
    if std::thread::Builder::new().name("nexus-lookup".to_owned()).spawn(work).is_err() {
        return Err("there is no room to look its name up".to_owned());
    }
    match receiver.recv_timeout(patience) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) => Err("its name could not be looked up".to_owned()),
        Err(_) => Err("looking its name up took too long".to_owned()),
    }
}
