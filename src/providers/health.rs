//! Asking a running shop on this machine whether it is ready, as container engines and service managers do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use ureq::Agent;
use ureq::tls::TlsConfig;

/// More than an answer ever has.
const MOST_BYTES: u64 = 64 * 1024;

/// Asks the shop that listens at `place`, by https or not, as one that asks for `host`; why not, if it is not ready.
pub fn ready(place: SocketAddr, https: bool, host: Option<&str>, within: Duration) -> Result<(), String> {
    let place = SocketAddr::new(reachable(place.ip()), place.port());
    let scheme = if https { "https" } else { "http" };
    // The certificate is for the name the public uses. Nothing is told to whoever answers, and what they say is shown
    // to the one who asked and to nobody else.
    let agent = agent(within);
    let mut request = agent.get(format!("{scheme}://{place}/health/ready"));
    if let Some(host) = host {
        request = request.header("Host", host);
    }
    let answer = request.call();
    let mut answer = answer.map_err(|error| format!("the shop does not answer at {scheme}://{place}: {error}"))?;
    if answer.status() == 200 {
        return Ok(());
    }
    let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string().unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let reason = problem["detail"].as_str().unwrap_or("it gives no reason");
    Err(format!("the shop is not ready ({}): {reason}", answer.status().as_u16()))
}

/// What a shop says at the address that it told of in its data folder; nothing when nobody answers there, or somebody else.
pub fn status(place: SocketAddr, token: &str, within: Duration) -> Option<String> {
    let request =
        agent(within).get(format!("http://{place}/status")).header("Authorization", format!("Bearer {token}"));
    let mut answer = request.call().ok().filter(|answer| answer.status() == 200)?;
    answer.body_mut().with_config().limit(MOST_BYTES).read_to_string().ok()
}

/// Asks this machine alone, and nobody whom an answer names.
fn agent(within: Duration) -> Agent {
    let tls = TlsConfig::builder().disable_verification(true).build();
    let config = Agent::config_builder().timeout_global(Some(within)).max_redirects(0).proxy(None).tls_config(tls);
    config.http_status_as_error(false).build().into()
}

/// Where this machine reaches a server that listens on every address.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// What is said about a server that answers with this.
    fn asked(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            read
        });
        let said = ready(place, false, Some("shop.example"), Duration::from_secs(10));
        assert!(server.join().unwrap() > 0);
        said
    }

    #[test]
    fn shop_is_ready_when_it_says_so_and_otherwise_its_reason_is_told() {
        assert_eq!(asked("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Ok(()));
        let reason = "HTTP/1.1 503 No\r\nContent-Length: 28\r\n\r\n{\"detail\":\"a full disk now\"}";
        assert_eq!(asked(reason), Err("the shop is not ready (503): a full disk now".to_owned()));
        assert!(asked("SSH-2.0-OpenSSH\r\n").unwrap_err().starts_with("the shop does not answer at http://127.0.0.1:"));
    }

    #[test]
    fn server_on_every_address_is_reached_on_loopback() {
        for (listens, reached) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1")] {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse::<IpAddr>().unwrap());
        }
    }
}
