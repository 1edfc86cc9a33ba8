//! As whom a request is passed on: the address is the true one, and nobody can say another.

use super::{PATIENCE, Place, demo, is_problem, product, say, server};
use crate::binary::{Server, eventually, exchange, request_text};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

/// A sign-in that fails, with more headers.
fn guess(port: u16, email: &str, headers: &str) -> u16 {
    let body = json!({ "email": email, "password": "wrong horse battery" });
    let text = request_text("POST", "/api/v1/auth/login", None, Some(&body));
    exchange(port, &text.replacen("Connection: close\r\n", &format!("Connection: close\r\n{headers}"), 1))
        .unwrap()
        .status
}

/// Where the shop listens behind its edge.
fn inner_port(server: &Server) -> u16 {
    stands_in_front(server);
    let log = server.log();
    let (_, rest) = log.split_once("the edge stands in front").unwrap();
    let digits = rest.split_once("127.0.0.1:").unwrap().1;
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// What is logged is on disk a moment later.
fn stands_in_front(server: &Server) {
    eventually("the edge stands in front", PATIENCE, || server.log().contains("the edge stands in front shop=127"));
}

fn clients(place: &Place, server: Server) -> Vec<String> {
    let log = place.beside(&format!("server-{}.log", server.port));
    server.stop();
    let log = std::fs::read_to_string(log).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let logins = lines.filter(|line| line["route"] == "/api/v1/auth/login");
    logins.map(|line| line["client"].as_str().unwrap_or("none").to_owned()).collect()
}

#[test]
fn address_is_the_true_one_whatever_is_claimed() {
    let place = demo();
    let server = Server::start_with(&place, &[], |command| {
        super::with_edge(command, &[]);
        command.env("NEXUS_LOG_FORMAT", "json").env("NEXUS_LIMITS_LOGIN_PER_CLIENT", "3");
    });
    let statuses: Vec<u16> = (0..5)
        .map(|n| {
            let claims = format!(
                "X-Real-IP: 203.0.113.{n}\r\nX-Forwarded-For: 203.0.113.{n}\r\nForwarded: for=203.0.113.{n}\r\n\
                 Nexus-Edge: 0000 203.0.113.{n}\r\nNexus-Edge: 203.0.113.{n}\r\nConnection: Nexus-Edge\r\n"
            );
            guess(server.port, &format!("{n}@example.com"), &claims)
        })
        .collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    // Another address of this machine is another client.
    let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    other.bind(&SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 9), 0).into()).unwrap();
    other.connect(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.port).into()).unwrap();
    let mut other: TcpStream = other.into();
    let text = request_text(
        "POST",
        "/api/v1/auth/login",
        None,
        Some(&json!({"email": "x@example.com", "password": "wrong horse battery"})),
    );
    std::io::Write::write_all(&mut other, text.as_bytes()).unwrap();
    assert!(super::read_to_close(&mut other).starts_with("HTTP/1.1 401 "));
    assert_eq!(clients(&place, server), ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.9"]);
}

#[test]
fn word_of_a_trusted_proxy_counts_through_the_edge() {
    let place = demo();
    let server = Server::start_with(&place, &[], |command| {
        super::with_edge(command, &[]);
        command.env("NEXUS_LOG_FORMAT", "json").env("NEXUS_PROXY_TRUSTED", "[\"127.0.0.1\"]");
    });
    assert_eq!(guess(server.port, "a@example.com", "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n"), 401);
    assert_eq!(clients(&place, server), ["203.0.113.7"]);
}

#[test]
fn going_around_the_edge_is_refused() {
    let place = demo();
    let server = server(&place, &[]);
    let inner = inner_port(&server);
    for headers in ["", "Nexus-Edge: 127.0.0.1\r\n", "Nexus-Edge: 0000 127.0.0.1\r\n", "X-Forwarded-For: 127.0.0.1\r\n"]
    {
        let said = say(inner, product(&format!("Connection: close\r\n{headers}")).as_bytes());
        is_problem(&said, 421);
        assert!(!said.contains("Stoneware"), "{said}");
    }
    server.stop();
}

#[test]
fn edge_is_off_on_loopback_unless_told() {
    let place = demo();
    let server = Server::start(&place);
    assert!(!server.log().contains("the edge stands in front"));
    server.stop();
    let server = Server::start_with(&place, &["--address", "0.0.0.0"], |_| {});
    stands_in_front(&server);
    server.stop();
    let server = Server::start_with(&place, &["--address", "0.0.0.0"], |command| {
        command.env("NEXUS_EDGE_ENABLED", "false");
    });
    assert!(!server.log().contains("the edge stands in front"));
    server.stop();
}
