//! Requests that two readers could take for different ones are refused, and nothing that follows them is answered.

use super::{answers, demo, is_problem, product, say, server};

#[test]
fn forms_of_smuggling_are_refused_and_what_follows_is_not_answered() {
    let place = demo();
    let server = server(&place, &[]);
    let smuggled = "GET /api/v1/products/2 HTTP/1.1\r\nHost: x\r\n\r\n";
    let post = |headers: &str, body: &str| {
        format!("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
    };
    for (what, first) in [
        ("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX")),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 2\r\nContent-Length: 40\r\n", "{}")),
        ("the same length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}")),
        ("a list of lengths", post("Content-Length: 2, 2\r\n", "{}")),
        ("a length with a sign", post("Content-Length: +2\r\n", "{}")),
        ("a length in hexadecimal", post("Content-Length: 0x2\r\n", "{}")),
        ("a length without end", post("Content-Length: 18446744073709551618\r\n", "{}")),
        ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")),
        ("a coding in another", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("a coding behind a blank", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("a folded line", product("X: a\r\n b\r\n")),
        ("a bare line feed", product("X: a\nY: b\r\n")),
        ("bare line feeds throughout", product("").replace("\r\n", "\n")),
        ("a bare carriage return", product("X: a\rY: b\r\n")),
        ("a NUL", product("X: a\0b\r\n")),
        ("two hosts", product("Host: y\r\n")),
        ("no host", "GET /api/v1/products/1 HTTP/1.1\r\n\r\n".to_owned()),
        ("a blank line of a kind", product("").replace("Host", " Host")),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("chunks in HTTP/1.0", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n").replace("/1.1", "/1.0")),
        ("a chunk of no number", post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")),
        ("a negative chunk", post("Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk without end", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")),
        ("a chunk longer than it says", post("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n")),
        ("a chunk that ends in a bare line feed", post("Transfer-Encoding: chunked\r\n", "2\n{}\n0\n\n")),
    ] {
        let said = say(server.port, format!("{first}{smuggled}").as_bytes());
        // What cannot be told from noise may be cut off without a word.
        assert!(said.is_empty() == (what == "the preface of HTTP/2"), "{what}: {said}");
        if !said.is_empty() {
            let status = if said.contains(" 501 ") { 501 } else { 400 };
            is_problem(&said, status);
        }
        assert_eq!(said.matches("HTTP/1.1 ").count(), usize::from(!said.is_empty()), "{what}: {said}");
    }
    answers(server.port);
    server.stop();
}

#[test]
fn requests_by_the_letter_pass_one_after_the_other() {
    let place = demo();
    let server = server(&place, &[]);
    let body = r#"{"email":"nobody@example.com","password":"wrong horse battery"}"#;
    let login = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let last = product("Connection: close\r\n");
    let said = say(server.port, format!("{}{login}{}{last}", product(""), product("")).as_bytes());
    let statuses: Vec<&str> = said.match_indices("HTTP/1.1 ").map(|(at, _)| &said[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "401", "200", "200"], "{said}");
    // A body in chunks is taken, and is the last of its connection.
    let chunked = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let said = say(server.port, format!("{chunked}{last}").as_bytes());
    assert!(said.starts_with("HTTP/1.1 401 ") && said.matches("HTTP/1.1 ").count() == 1, "{said}");
    assert!(said.to_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
    // What asks to go on only when told to is told to.
    let expecting = login.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    let said = say(server.port, expecting.as_bytes());
    assert!(said.starts_with("HTTP/1.1 100 ") && said.contains("HTTP/1.1 401 "), "{said}");
    // Old clients.
    let said = say(server.port, b"GET /api/v1/products/1 HTTP/1.0\r\n\r\n");
    assert!(said.starts_with("HTTP/1.0 200 ") || said.starts_with("HTTP/1.1 200 "), "{said}");
    // The whole address, as to a proxy.
    let said =
        say(server.port, b"GET http://shop.example/api/v1/products/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    server.stop();
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    let place = demo();
    let server = server(&place, &[]);
    let fields = |method: &str| {
        let asked = product("Connection: close\r\n").replacen("GET", method, 1);
        let said = say(server.port, asked.as_bytes());
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        let same = |line: &&str| !["date:", "x-request-id:", "x-cache:"].iter().any(|name| line.starts_with(name));
        (head.lines().filter(same).map(str::to_owned).collect::<Vec<_>>(), body.len())
    };
    fields("GET");
    let (got, head) = (fields("GET"), fields("HEAD"));
    assert_eq!(got.0, head.0);
    assert!(got.1 > 0 && head.1 == 0);
    server.stop();
}
