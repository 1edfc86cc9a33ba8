//! `nexus health`: asks the running shop whether it can do its work, for containers and service managers, which have no
//! other program at hand to ask with.

use super::{Common, Done, Failure};
use crate::config::Flags;
use clap::Args;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Asks the running shop whether it is ready; exit code 0 if it is, 1 if not.
#[derive(Args)]
#[command(after_help = "Example: nexus health && echo the shop is open")]
pub struct HealthArgs {
    /// Address the shop listens on [default: as for serve]
    #[arg(long)]
    address: Option<IpAddr>,
    /// Port the shop listens on [default: as for serve]
    #[arg(long)]
    port: Option<u16>,
    /// Seconds the answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

/// More than the answer ever has.
const MOST_BYTES: usize = 16 * 1024;

pub(super) fn run(args: HealthArgs, common: &Common) -> Done {
    let config = common.load(Flags { address: args.address, port: args.port, data_dir: None })?.config;
    let place = SocketAddr::new(reachable(config.address), config.port);
    let by = Instant::now() + Duration::from_secs(args.timeout);
    let answer =
        ask(place, by).map_err(|error| Failure::new(format!("the shop does not answer at {place}: {error}")))?;
    match said(&answer) {
        Some((200, _)) => {
            println!("ready");
            Ok(())
        }
        Some((status, detail)) => Err(Failure::new(format!("the shop is not ready ({status}): {detail}"))),
        None => Err(Failure::new(format!("what answers at {place} does not speak HTTP"))),
    }
}

/// Where this machine reaches a server that listens on every address.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// The whole answer; what comes by drops does not hold the question up beyond its time.
fn ask(place: SocketAddr, by: Instant) -> std::io::Result<Vec<u8>> {
    let left = || {
        let left = by.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(std::io::ErrorKind::TimedOut) } else { Ok(left) }
    };
    let mut stream = TcpStream::connect_timeout(&place, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n")?;
    let (mut answer, mut part) = (Vec::new(), [0; 2048]);
    while answer.len() < MOST_BYTES {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut part)? {
            0 => break,
            read => answer.extend_from_slice(&part[..read]),
        }
    }
    Ok(answer)
}

/// The status of an answer, and the reason if it has one.
fn said(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer);
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let problem: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let detail = problem.as_ref().and_then(|p| p["detail"].as_str()).unwrap_or("no reason given");
    Some((status, detail.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_gives_status_and_reason_and_anything_else_gives_none() {
        let not_ready = b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{\"detail\": \"the disk is full\"}";
        assert_eq!(said(not_ready), Some((503, "the disk is full".to_owned())));
        assert_eq!(said(b"HTTP/1.1 200 OK\r\n\r\n"), Some((200, "no reason given".to_owned())));
        for other in [&b""[..], b"\x15\x03\x01\x00\x02\x02\x46", b"SSH-2.0-OpenSSH", b"HTTP/1.1 abc"] {
            assert_eq!(said(other), None);
        }
    }

    #[test]
    fn server_on_every_address_is_reached_on_loopback() {
        for (listens, asked) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1")] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse::<IpAddr>().unwrap());
        }
    }
}
