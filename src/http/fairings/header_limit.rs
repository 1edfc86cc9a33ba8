//! How much a request may say in its headers.
//!
//! The server underneath takes up to a hundred headers of 400 KiB altogether, which is more than anybody needs and
//! enough to be a burden.

use super::super::problem::Problem;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::{Data, Request};

/// All names and values together, in KiB.
const LIMIT_KIB: usize = 32;

/// Refuses requests whose headers are too large.
pub struct HeaderLimit;

#[rocket::async_trait]
impl Fairing for HeaderLimit {
    fn info(&self) -> Info {
        Info { name: "header limit", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let size: usize = request.headers().iter().map(|header| header.name().len() + header.value().len()).sum();
        if size > LIMIT_KIB * 1024 {
            let detail = format!("at most {LIMIT_KIB} KiB of headers are read");
            Problem::new(431, "headers-too-large", "The headers are too large", detail).stash(request);
            // A fairing cannot answer. A request that fits no route gets to the catcher, which finds the problem.
            request.set_method(Method::Connect);
        }
    }
}
