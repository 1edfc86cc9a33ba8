//! The HTTP contract: what clients see. Handlers guard, parse, make one service call and return a view.

mod addresses;
mod admin;
mod answer;
mod auth;
mod cache;
mod categories;
mod docs;
mod fairings;
mod guards;
mod health;
mod json;
mod kept;
mod limits;
mod listing;
mod me;
mod openapi;
mod page;
mod parameters;
mod problem;
mod products;
mod query;
mod users;
mod variants;
mod views;

pub use cache::Bodies;
pub use guards::Proxies;
pub use limits::Limits;
pub use openapi::document;
pub use page::CursorKey;
pub use views::card_maker;

use crate::config::WebOrigin;
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
        auth::register,
        auth::setup,
        auth::login,
        auth::refresh,
        auth::logout,
        auth::logout_all,
        auth::password_change,
        auth::password_forgot,
        auth::password_reset,
        auth::verify,
        auth::verify_resend,
        me::me_get,
        me::me_patch,
        me::me_erase,
        me::me_export,
        me::session_list,
        me::session_revoke,
        addresses::address_list,
        addresses::address_get,
        addresses::address_create,
        addresses::address_replace,
        addresses::address_patch,
        addresses::address_remove,
        users::user_list,
        users::user_get,
        users::user_create,
        users::user_patch,
        users::user_erase,
        admin::api_keys::api_key_list,
        admin::api_keys::api_key_get,
        admin::api_keys::api_key_create,
        admin::api_keys::api_key_revoke,
        admin::audit::audit_list,
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
    /// Proxies whose word about the client counts.
    pub proxies: Proxies,
    /// How often something may be done.
    pub limits: Limits,
    /// Pages of other sites that may use the API.
    pub origins: Vec<WebOrigin>,
    /// Whether the public comes through TLS.
    pub https: bool,
    /// Whether each request is logged.
    pub access_log: bool,
    /// Threads that serve.
    pub workers: usize,
}

/// Puts the API on a server.
pub fn mount(rocket: Rocket<Build>, shop: Arc<Shop>, front: Front) -> Rocket<Build> {
    let slow = guards::SlowLane::new(&shop, front.workers);
    let headers = fairings::Headers { https: front.https };
    rocket
        .manage(shop)
        .manage(front.bodies)
        .manage(front.cursors)
        .manage(Caching { max_age_seconds: front.max_age_seconds })
        .manage(slow)
        .manage(front.proxies)
        .manage(front.limits)
        .manage(headers)
        .manage(health::Stopping::default())
        .mount(BASE, routes().0)
        .mount("/health", health::routes())
        .mount("/api", docs::routes())
        .register("/", problem::catchers())
        .attach(fairings::Addresses)
        .attach(fairings::Cors { origins: front.origins })
        .attach(headers)
        .attach(fairings::HeaderLimit)
        .attach(fairings::Requests { access_log: front.access_log })
        .attach(health::Stopping::fairing())
        // An empty set in place of the framework's own headers, which know nothing of what is served here.
        .attach(rocket::shield::Shield::new())
}
