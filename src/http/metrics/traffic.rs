//! What is asked of the shop over HTTP, counted by route.
//!
//! There is one set of numbers for each route, made when the shop starts, and one for everything that fits no route. So
//! however many addresses are tried there are never more of them, and counting a request finds its numbers by one look
//! and adds to three of them.

use crate::counters::Histogram;
use rocket::http::Method;
use rocket::{Request, Route};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64_with_seed};

/// Statuses with numbers of their own; all others share one.
const STATUSES: [u16; 28] = [
    200, 201, 202, 204, 206, 301, 303, 304, 308, 400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428,
    429, 431, 500, 501, 503,
];

/// How long requests took, in microseconds.
const BOUNDS: [u64; 13] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Where the numbers of requests are whose method nobody knows; those before fit no route for another reason.
const UNKNOWN_METHOD: usize = 1;

/// The numbers of all routes.
#[derive(Debug)]
pub struct Traffic {
    routes: Box<[RouteTraffic]>,
    places: HashMap<u64, usize, Xxh3DefaultBuilder>,
}

/// The numbers of one route.
#[derive(Debug)]
pub struct RouteTraffic {
    /// Its method.
    pub method: &'static str,
    /// Its template, as the description of the API writes it.
    pub template: String,
    statuses: [AtomicU64; STATUSES.len() + 1],
    /// How long its requests took, in microseconds.
    pub took: Histogram,
}

impl RouteTraffic {
    fn new(method: &'static str, template: String) -> Self {
        let statuses = std::array::from_fn(|_| AtomicU64::new(0));
        Self { method, template, statuses, took: Histogram::new(&BOUNDS) }
    }

    /// The statuses that were answered, each with how often.
    pub fn statuses(&self) -> impl Iterator<Item = (String, u64)> {
        let names = STATUSES.iter().map(u16::to_string).chain(std::iter::once("other".to_owned()));
        let numbers = self.statuses.iter().map(|number| number.load(Ordering::Relaxed));
        names.zip(numbers).filter(|(_, number)| *number > 0)
    }
}

impl Traffic {
    /// Numbers for these routes, and for what fits none of them.
    pub fn of<'r>(routes: impl Iterator<Item = &'r Route>) -> Self {
        let unmatched = ["any", "other"].map(|method| RouteTraffic::new(method, "unmatched".to_owned()));
        let mut all = Vec::from(unmatched);
        let mut places = HashMap::default();
        for route in routes {
            places.insert(key(route), all.len());
            all.push(RouteTraffic::new(route.method.as_str(), template(route.uri.as_str())));
        }
        Self { routes: all.into(), places }
    }

    /// Counts a request that was answered.
    pub fn note(&self, request: &Request<'_>, status: u16, took: Duration) {
        let place = request.route().and_then(|route| self.places.get(&key(route)));
        self.count(place.copied().unwrap_or(0), status, took);
    }

    /// Counts a request with a method that nobody knows, whatever it is called.
    pub fn note_unknown_method(&self, status: u16, took: Duration) {
        self.count(UNKNOWN_METHOD, status, took);
    }

    fn count(&self, place: usize, status: u16, took: Duration) {
        let route = &self.routes[place];
        let status = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        route.statuses[status].fetch_add(1, Ordering::Relaxed);
        route.took.note_time(took);
    }

    /// The routes that were asked for.
    pub fn used(&self) -> impl Iterator<Item = &RouteTraffic> {
        self.routes.iter().filter(|route| route.statuses().next().is_some())
    }
}

fn key(route: &Route) -> u64 {
    xxh3_64_with_seed(route.uri.as_str().as_bytes(), method_number(route.method))
}

const fn method_number(method: Method) -> u64 {
    method as u64
}

/// `/products/{id}` for `/products/<id>?<query..>`.
fn template(uri: &str) -> String {
    let path = uri.split('?').next().unwrap_or_default();
    path.replace('<', "{").replace("..>", "}").replace('>', "}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_written_as_in_the_description() {
        assert_eq!(template("/api/v1/products/<id>"), "/api/v1/products/{id}");
        assert_eq!(template("/api/v1/products?<query..>"), "/api/v1/products");
        assert_eq!(template("/api/docs/<path..>"), "/api/docs/{path}");
    }

    #[test]
    fn statuses_stand_in_order() {
        assert!(STATUSES.is_sorted());
    }
}
