//! The headers of a message that is passed on: those that are meant for one hop only end here.

use hyper::HeaderMap;
use hyper::header::{
    CONNECTION, COOKIE, EXPECT, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// What is always for one hop, whether `Connection` says so or not.
const ONE_HOP: [HeaderName; 11] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    EXPECT,
    HTTP2_SETTINGS,
];

/// Takes away what is meant for one hop, and what `Connection` names. It may not name what says what the message is.
pub fn take_one_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
        let named = lines.flat_map(|line| line.split(',')).map(str::trim).filter_map(|name| name.parse().ok());
        let named: Vec<HeaderName> = named.filter(|name: &HeaderName| !NEVER_NAMED.contains(&name.as_str())).collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &ONE_HOP {
        headers.remove(name);
    }
}

/// Who could have these taken away could make the shop see another request than the one that was made.
const NEVER_NAMED: [&str; 5] = ["host", "content-length", "content-type", "authorization", "cookie"];

/// Puts the cookies of a request into one line, which HTTP/2 lets clients cut up and HTTP/1 does not.
pub fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// Whether a request asks to go on as a web socket, the one upgrade that is passed on.
pub fn wants_web_socket(headers: &HeaderMap) -> bool {
    let has = |name: &HeaderName, word: &str| {
        let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    has(&CONNECTION, "upgrade") && has(&UPGRADE, "websocket")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_is_for_one_hop_ends_here_and_the_rest_goes_on() {
        let mut given = headers(&[
            ("connection", "close, X-Mine"),
            ("connection", "authorization"),
            ("keep-alive", "5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMA"),
            ("proxy-authorization", "Basic eA=="),
            ("expect", "100-continue"),
            ("x-mine", "1"),
            ("authorization", "Bearer x"),
            ("accept", "*/*"),
        ]);
        take_one_hop(&mut given);
        let left: Vec<&str> = given.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["authorization", "accept"]);
    }

    #[test]
    fn cookies_become_one_line() {
        let mut given = headers(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3; d=4")]);
        join_cookies(&mut given);
        let lines: Vec<_> = given.get_all(COOKIE).iter().collect();
        assert_eq!(lines, ["a=1; b=2; c=3; d=4"]);
    }

    #[test]
    fn web_sockets_are_the_one_upgrade() {
        let wants =
            |connection, upgrade| wants_web_socket(&headers(&[("connection", connection), ("upgrade", upgrade)]));
        assert!(wants("keep-alive, Upgrade", "WebSocket"));
        assert!(!wants("keep-alive", "websocket") && !wants("upgrade", "h2c"));
    }
}
