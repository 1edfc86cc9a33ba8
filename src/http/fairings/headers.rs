//! What browsers are told about every answer, errors and the smallest ones included: it is data, belongs to no page,
//! runs nothing and is framed by nobody. The pages of the API documentation may run their own scripts, no others.
//!
//! `Cross-Origin-Resource-Policy` keeps other sites from embedding answers. It does not keep a page of an allowed origin
//! from reading them, since browsers do not apply it to requests under CORS, so one value fits all.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Request, Response};

/// Adds the headers.
#[derive(Clone, Copy)]
pub struct Headers {
    /// Whether the public comes through TLS, and is to stay with it.
    pub https: bool,
}

const EVERYWHERE: [(&str, &str); 6] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
];

/// Data: nothing is loaded, nothing runs.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

/// The documentation: scripts and styles out of the program, small images out of its style sheet, and requests to
/// the API it describes.
const PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

const HSTS: &str = "max-age=31536000; includeSubDomains";

/// What every answer has, for whoever answers in the shop's place.
pub fn everywhere(https: bool) -> Vec<(&'static str, &'static str)> {
    let hsts = https.then_some(("Strict-Transport-Security", HSTS));
    EVERYWHERE.into_iter().chain([("Content-Security-Policy", DATA)]).chain(hsts).collect()
}

#[rocket::async_trait]
impl Fairing for Headers {
    fn info(&self) -> Info {
        Info { name: "headers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        self.add(request, response);
        // These have no body, so nothing may be said of its length (RFC 9110, 8.6): the framework says it of each body whose
        // length it knows.
        if matches!(response.status().code, 204 | 304) {
            response.set_streamed_body(rocket::tokio::io::empty());
        }
    }
}

impl Headers {
    /// Adds them to an answer. An address that cannot be parsed is answered past all fairings, so whoever makes that
    /// answer calls this.
    pub fn add(self, request: &Request<'_>, response: &mut Response<'_>) {
        for (name, value) in EVERYWHERE {
            response.set_raw_header(name, value);
        }
        let is_page = request.uri().path().as_str().starts_with("/api/docs");
        // A page for people brings the policy that fits its own style sheet.
        if !response.headers().contains("Content-Security-Policy") {
            response.set_raw_header("Content-Security-Policy", if is_page { PAGES } else { DATA });
        }
        if self.https {
            response.set_raw_header("Strict-Transport-Security", HSTS);
        }
    }
}
