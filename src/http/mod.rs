//! The HTTP contract: what clients see. Handlers guard, parse, make one service call and return a view.

mod answer;
mod auth;
mod cache;
mod categories;
mod docs;
mod fairings;
mod guards;
mod health;
mod json;
mod listing;
mod openapi;
mod page;
mod problem;
mod products;
mod query;
mod variants;
mod views;

pub use cache::Bodies;
pub use openapi::document;
pub use page::CursorKey;
pub use views::card_maker;

use crate::services::Shop;
use answer::Caching;
use rocket::{Build, Rocket};
use rocket_okapi::okapi::openapi3::OpenApi;
use rocket_okapi::openapi_get_routes_spec;
use std::sync::Arc;

/// Where the API stands. `/api/…` without a version is answered as the newest version.
pub const BASE: &str = "/api/v1";

/// The whole URL space: routes with their description.
fn routes() -> (Vec<rocket::Route>, OpenApi) {
    openapi_get_routes_spec![
        products::product_list,
        products::product_create,
        products::product_batch,
        products::product_get,
        products::product_replace,
        products::product_patch,
        products::product_remove,
        variants::variant_list,
        variants::variant_create,
        variants::variant_patch,
        variants::variant_remove,
        categories::category_list,
        categories::category_create,
        categories::category_get,
        categories::category_replace,
        categories::category_patch,
        categories::category_remove,
        auth::login,
    ]
}

/// What the HTTP layer needs beside the shop.
pub struct Front {
    /// Bodies kept ready to send.
    pub bodies: Bodies,
    /// Signs cursors.
    pub cursors: CursorKey,
    /// How public answers may be cached outside.
    pub max_age_seconds: u32,
    /// Whether each request is logged.
    pub access_log: bool,
    /// Threads that serve.
    pub workers: usize,
}

/// Puts the API on a server.
pub fn mount(rocket: Rocket<Build>, shop: Arc<Shop>, front: Front) -> Rocket<Build> {
    let slow = guards::SlowLane::new(&shop, front.workers);
    let access_log = front.access_log;
    rocket
        .manage(shop)
        .manage(front.bodies)
        .manage(front.cursors)
        .manage(Caching { max_age_seconds: front.max_age_seconds })
        .manage(slow)
        .manage(health::Stopping::default())
        .mount(BASE, routes().0)
        .mount("/health", health::routes())
        .mount("/api", docs::routes())
        .register("/", problem::catchers())
        .attach(fairings::Addresses)
        .attach(fairings::HeaderLimit)
        .attach(fairings::Requests { access_log })
        .attach(health::Stopping::fairing())
        // Replaces the framework's own set of headers, which knows nothing of what is served here.
        .attach(rocket::shield::Shield::new())
}
