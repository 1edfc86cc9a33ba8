//! Who is let in, how often, and what their browser is told: client addresses, budgets, foreign pages, headers.

mod client;
mod cors;
mod errors;
mod guesses;
mod headers;
mod limits;

use crate::support::request::Pending;
use crate::support::{Requests, TestShop};
use nexus::config::{Config, LimitSettings};
use rocket::http::Method;
use serde_json::json;

const LOGIN: &str = "/api/v1/auth/login";

/// A sign-in that is about to fail.
fn guess<'s>(who: &'s impl Requests, email: &str) -> Pending<'s> {
    who.request(Method::Post, LOGIN).json(&json!({ "email": email, "password": "wrong horse battery" }))
}

/// A shop with the budgets that it has by default, and other settings changed.
fn limited(change: impl FnOnce(&mut Config)) -> TestShop {
    TestShop::with(|config| {
        config.limits = LimitSettings::default();
        change(config);
    })
}
