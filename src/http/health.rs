//! `/health`: live says that the process answers, ready that the shop can do its work.

use super::answer::{Answer, Audience, Managed};
use super::problem::Problem;
use crate::services::Shop;
use rocket::{Route, Shutdown, get, routes};
use std::sync::Arc;

/// The routes below `/health`.
pub fn routes() -> Vec<Route> {
    routes![live, ready]
}

#[get("/live")]
fn live() -> Answer<()> {
    Answer::new(&serde_json::json!({ "status": "live" }), Audience::Nobody)
}

#[get("/ready")]
fn ready(shop: Managed<'_, Arc<Shop>>, _stopping: Shutdown) -> Result<Answer<()>, Problem> {
    match shop.unready() {
        None => Ok(Answer::new(&serde_json::json!({ "status": "ready" }), Audience::Nobody)),
        Some(reason) => Err(Problem::new(503, "not-ready", "The shop cannot do its work", reason).with_header("Retry-After", "2")),
    }
}
