//! `/health`: live says that the process answers, ready that the shop can do its work.

use super::answer::{Answer, Audience, Managed};
use super::problem::Problem;
use crate::services::Shop;
use rocket::fairing::{AdHoc, Fairing};
use rocket::{Route, get, routes};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the shop has been told to stop. Clones are told at once.
#[derive(Clone, Default)]
pub struct Stopping(Arc<AtomicBool>);

impl Stopping {
    /// Notes that the shop stops, while it still answers what is under way.
    pub fn fairing() -> impl Fairing {
        AdHoc::on_shutdown("stopping", |rocket| {
            Box::pin(async move {
                if let Some(stopping) = rocket.state::<Self>() {
                    stopping.0.store(true, Ordering::Release);
                }
            })
        })
    }
}

/// The routes below `/health`.
pub fn routes() -> Vec<Route> {
    routes![live, ready]
}

#[get("/live")]
fn live() -> Answer<()> {
    Answer::new(&serde_json::json!({ "status": "live" }), Audience::Nobody)
}

#[get("/ready")]
fn ready(shop: Managed<'_, Arc<Shop>>, stopping: Managed<'_, Stopping>) -> Result<Answer<()>, Problem> {
    let stops = stopping.0.load(Ordering::Acquire).then(|| "the shop is stopping".to_owned());
    match stops.or_else(|| shop.unready()) {
        None => Ok(Answer::new(&serde_json::json!({ "status": "ready" }), Audience::Nobody)),
        Some(reason) => {
            Err(Problem::new(503, "not-ready", "The shop cannot do its work", reason).with_header("Retry-After", "2"))
        }
    }
}
