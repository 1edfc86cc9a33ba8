//! Behind the edge, the shop answers what comes through the edge and nothing else: whoever goes around it would go
//! around its deadlines and bounds as well.

use super::super::guards::Seal;
use super::super::problem::Problem;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::{Data, Request};

/// Refuses requests without the seal.
pub struct Sealed;

#[rocket::async_trait]
impl Fairing for Sealed {
    fn info(&self) -> Info {
        Info { name: "sealed", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let is_sealed = request.rocket().state::<Seal>().is_none_or(|seal| seal.read(request).is_some());
        if !is_sealed {
            let detail = "this is the shop's inner door; ask where it is open to the public";
            Problem::new(421, "misdirected", "Not at this address", detail).stash(request);
            // A fairing cannot answer. A request that fits no route gets to the catcher, which finds the problem.
            request.set_method(Method::Connect);
        }
    }
}
