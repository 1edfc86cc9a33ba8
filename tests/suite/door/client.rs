//! Which client a request is counted for: the socket's peer, or whom a trusted proxy names.

use super::{guess, limited};
use crate::support::TestShop;
use nexus::config::ForwardedHeader;

/// A peer and the lines of headers that come with it.
type From<'a> = (&'a str, &'a [(&'a str, &'a str)]);

fn shop(header: ForwardedHeader) -> TestShop {
    limited(|config| {
        config.limits.login_per_client = 1;
        config.proxy.trusted = vec!["10.0.0.0/8".to_owned(), "fd00::1".to_owned()];
        config.proxy.header = header;
    })
}

fn status(shop: &TestShop, email: &str, (peer, headers): From<'_>) -> u16 {
    let anonymous = shop.anonymous();
    let request = guess(&anonymous, email).from(peer);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().status
}

/// Whether two requests are counted for one client, whose budget the first one uses up.
fn are_one(shop: &TestShop, first: From<'_>, second: From<'_>) -> bool {
    assert_eq!(status(shop, "first@example.test", first), 401, "{first:?}");
    match status(shop, "second@example.test", second) {
        401 => false,
        429 => true,
        other => panic!("{other} for {second:?}"),
    }
}

const XFF: &str = "X-Forwarded-For";

#[test]
fn forwarded_header_of_a_trusted_proxy_names_the_client() {
    let same: [(From<'_>, From<'_>); 12] = [
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "203.0.113.7")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.2", &[(XFF, "203.0.113.7")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("203.0.113.7", &[])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "1.2.3.4, 203.0.113.7, 10.5.5.5")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "1.2.3.4"), (XFF, "203.0.113.7:4711")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("fd00::1", &[(XFF, "::ffff:203.0.113.7")])),
        (("10.0.0.1", &[(XFF, "2001:db8::7")]), ("10.0.0.1", &[(XFF, "[2001:db8::7]:4711")])),
        (("10.0.0.1", &[(XFF, "2001:db8::7")]), ("2001:db8::ffff:8", &[])),
        (("::ffff:10.0.0.1", &[(XFF, "203.0.113.7")]), ("203.0.113.7", &[])),
        (("10.0.0.1", &[(XFF, "203.0.113.7, unknown")]), ("10.0.0.1", &[(XFF, "203.0.113.8, <script>")])),
        (("10.0.0.1", &[]), ("10.0.0.1", &[(XFF, "")])),
        (("10.0.0.1", &[("Forwarded", "for=203.0.113.7")]), ("10.0.0.1", &[("X-Real-IP", "203.0.113.8")])),
    ];
    for (first, second) in same {
        assert!(are_one(&shop(ForwardedHeader::XForwardedFor), first, second), "{first:?} {second:?}");
    }
    let different: [(From<'_>, From<'_>); 5] = [
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "203.0.113.8")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "203.0.113.7, 203.0.113.8")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7"), (XFF, "203.0.113.8")]), ("10.0.0.1", &[(XFF, "203.0.113.7")])),
        (("10.0.0.1", &[(XFF, "2001:db8:0:1::1")]), ("10.0.0.1", &[(XFF, "2001:db8:0:2::1")])),
        (("10.0.0.1", &[(XFF, "203.0.113.7, garbage, 10.0.0.9")]), ("10.0.0.1", &[(XFF, "203.0.113.7")])),
    ];
    for (first, second) in different {
        assert!(!are_one(&shop(ForwardedHeader::XForwardedFor), first, second), "{first:?} {second:?}");
    }
}

#[test]
fn forwarded_header_of_anybody_else_says_nothing() {
    let other: From<'_> = ("203.0.113.9", &[(XFF, "203.0.113.7")]);
    for second in [(("203.0.113.9"), &[(XFF, "203.0.113.8")][..]), ("203.0.113.9", &[(XFF, "10.0.0.1")])] {
        assert!(are_one(&shop(ForwardedHeader::XForwardedFor), other, second), "{second:?}");
    }
    // A proxy that is not on the list is a client like any other.
    let unlisted = limited(|config| config.limits.login_per_client = 1);
    assert!(are_one(&unlisted, ("10.0.0.1", &[(XFF, "203.0.113.7")]), ("10.0.0.1", &[(XFF, "203.0.113.8")])));
}

#[test]
fn forwarded_of_rfc_7239_counts_where_it_is_chosen_and_then_alone() {
    let shop = || shop(ForwardedHeader::Forwarded);
    let seven: From<'_> = ("10.0.0.1", &[("Forwarded", "for=203.0.113.7;proto=https")]);
    for (second, same) in [
        (&[("Forwarded", "for=1.2.3.4, For=\"203.0.113.7:80\", for=10.1.1.1")][..], true),
        (&[("Forwarded", "for=1.2.3.4"), ("Forwarded", "for=203.0.113.7")], true),
        (&[("Forwarded", "for=203.0.113.8")], false),
        (&[(XFF, "203.0.113.7")], false),
        (&[("Forwarded", "for=203.0.113.7, for=_hidden")], false),
    ] {
        assert_eq!(are_one(&shop(), seven, ("10.0.0.1", second)), same, "{second:?}");
    }
}
