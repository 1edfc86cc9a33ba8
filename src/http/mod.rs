//! The HTTP contract: what clients see. Handlers guard, parse, make one service call and return a view.

mod addresses;
mod admin;
mod answer;
mod aside;
mod auth;
mod back_in_stock;
mod cache;
mod carts;
mod categories;
mod checkout;
mod control;
mod docs;
mod download;
mod fairings;
mod guards;
mod health;
mod invoices;
mod json;
mod kept;
mod limits;
mod listing;
mod me;
mod metrics;
mod my_order_cancel;
mod openapi;
mod own_orders;
mod page;
mod papers;
mod parameters;
mod payments;
mod problem;
mod products;
mod query;
mod reviews;
mod users;
mod variants;
mod views;
mod wishlists;

pub use aside::Aside;
pub use cache::Bodies;
pub use checkout::answers as checkout_answers;
pub use control::{Control, ControlFile};
pub use docs::description;
pub use fairings::everywhere as headers_everywhere;
pub use guards::{Proxies, Seal};
pub use health::Closing;
pub use limits::Limits;
pub use metrics::Gauges;
pub use openapi::document;
pub use page::CursorKey;
pub use views::{CheckView, NewestBackupView, StatusView, card_maker};

use crate::config::{Secret, WebOrigin};
use crate::services::Shop;
use answer::Caching;
use metrics::Traffic;
use rocket::{Build, Rocket, Route, routes};
use rocket_okapi::okapi::openapi3::OpenApi;
use rocket_okapi::openapi_get_spec;
use std::sync::Arc;

/// Where the API stands. `/api/…` without a version is answered as the newest version.
pub const BASE: &str = "/api/v1";

/// The whole URL space, for a macro that makes something of it.
macro_rules! api {
    ($made:ident) => {
        $made![
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
            checkout::checkout,
            own_orders::order_by_token,
            own_orders::my_order_list,
            own_orders::my_order_get,
            my_order_cancel::my_order_cancel,
            invoices::my_invoice_list,
            invoices::my_invoice_page,
            invoices::my_invoice_pdf,
            invoices::guest_invoice_list,
            invoices::guest_invoice_page,
            invoices::guest_invoice_pdf,
            carts::cart_create,
            carts::cart_get,
            carts::cart_remove,
            carts::cart_line_create,
            carts::cart_line_patch,
            carts::cart_line_remove,
            carts::cart_discount_put,
            carts::cart_discount_remove,
            carts::cart_address_put,
            carts::cart_shipping_options,
            carts::cart_shipping_option_put,
            payments::payment_webhook,
            admin::api_keys::api_key_list,
            admin::api_keys::api_key_get,
            admin::api_keys::api_key_create,
            admin::api_keys::api_key_revoke,
            admin::reports::sales_report,
            admin::audit::audit_list,
            admin::backups::backup_list,
            admin::backups::backup_begin,
            admin::backups::backup_download,
            reviews::product_review_list,
            reviews::review_create,
            reviews::my_review_list,
            reviews::my_review_get,
            reviews::my_review_patch,
            reviews::my_review_remove,
            admin::reviews::review_list,
            admin::reviews::review_get,
            admin::reviews::review_moderate,
            wishlists::wishlist_get,
            wishlists::wishlist_add,
            wishlists::wishlist_remove,
            back_in_stock::back_in_stock_ask,
            back_in_stock::back_in_stock_confirm,
            back_in_stock::back_in_stock_withdraw,
            admin::orders::order_list,
            admin::orders::order_get,
            admin::orders::order_create,
            admin::orders::order_place,
            admin::orders::order_discard,
            admin::orders::order_patch,
            admin::order_steps::order_pay,
            admin::order_steps::order_fulfill,
            admin::order_steps::order_complete,
            admin::order_steps::order_cancel,
            admin::order_steps::order_refund,
            admin::order_steps::order_return,
            admin::order_steps::order_note,
            admin::invoices::invoice_list,
            admin::invoices::invoice_page,
            admin::invoices::invoice_pdf,
            admin::payments::payment_list,
            admin::payments::payment_resolve,
            admin::tax_rates::tax_rate_list,
            admin::tax_rates::tax_rate_get,
            admin::tax_rates::tax_rate_create,
            admin::tax_rates::tax_rate_replace,
            admin::tax_rates::tax_rate_patch,
            admin::tax_rates::tax_rate_remove,
            admin::shipping_zones::shipping_zone_list,
            admin::shipping_zones::shipping_zone_get,
            admin::shipping_zones::shipping_zone_create,
            admin::shipping_zones::shipping_zone_replace,
            admin::shipping_zones::shipping_zone_patch,
            admin::shipping_zones::shipping_zone_remove,
            admin::discounts::discount_list,
            admin::discounts::discount_get,
            admin::discounts::discount_create,
            admin::discounts::discount_replace,
            admin::discounts::discount_patch,
            admin::discounts::discount_remove,
            admin::stock::stock_list,
            admin::stock::movement_list,
            admin::stock::stock_move,
            admin::webhooks::webhook_list,
            admin::webhooks::webhook_get,
            admin::webhooks::webhook_create,
            admin::webhooks::webhook_replace,
            admin::webhooks::webhook_patch,
            admin::webhooks::webhook_remove,
            admin::webhooks::webhook_rotate_secret,
            admin::webhooks::webhook_test,
            admin::webhooks::webhook_replay,
            admin::webhooks::delivery_list,
            admin::webhooks::delivery_replay,
        ]
    };
}

/// The routes of the API.
fn api_routes() -> Vec<Route> {
    api!(routes)
}

/// What they say of themselves.
fn api_described() -> OpenApi {
    api!(openapi_get_spec)
}

/// What the HTTP layer needs beside the shop. Clones share what is counted and kept.
#[derive(Clone)]
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
    /// Whether `/metrics` is among the addresses.
    pub metrics: bool,
    /// What whoever asks for it has to bring along; empty for nothing.
    pub metrics_token: Secret,
    /// Whether each request is logged.
    pub access_log: bool,
    /// Threads that serve.
    pub workers: usize,
    /// What the edge says who it is with, if it stands in front.
    pub seal: Option<Seal>,
}

/// The API, to be put on as many servers as there are ways in: they share every count, every budget and everything kept.
pub struct Api {
    shop: Arc<Shop>,
    front: Front,
    routes: [(&'static str, Vec<Route>); 4],
    traffic: Arc<Traffic>,
    slow: guards::SlowLane,
    closing: Closing,
}

impl Api {
    /// Of a shop.
    pub fn new(shop: Arc<Shop>, front: Front) -> Self {
        let slow = guards::SlowLane::new(&shop, front.workers);
        let metrics = if front.metrics { routes![metrics::metrics] } else { Vec::new() };
        let routes = [(BASE, api_routes()), ("/health", health::routes()), ("/api", docs::routes()), ("/", metrics)];
        // It is a server that joins routes with where they stand; this one is thrown away.
        let placed = place(rocket::custom(rocket::Config::default()), &routes);
        let traffic = Arc::new(Traffic::of(placed.routes()));
        Self { shop, front, routes, traffic, slow, closing: Closing::default() }
    }

    /// What is to be told when the shop stops.
    pub fn closing(&self) -> Closing {
        self.closing.clone()
    }

    /// Puts it on a server.
    pub fn mount(&self, rocket: Rocket<Build>) -> Rocket<Build> {
        let (front, traffic) = (self.front.clone(), self.traffic.clone());
        let headers = fairings::Headers { https: front.https };
        let (shop, bodies, token) = (self.shop.clone(), front.bodies.clone(), front.metrics_token);
        let requests = fairings::Requests { access_log: front.access_log, traffic: traffic.clone() };
        let rocket = place(rocket, &self.routes);
        let rocket = match front.seal {
            Some(seal) => rocket.manage(seal).attach(fairings::Sealed),
            None => rocket,
        };
        rocket
            .manage(Gauges { shop: shop.clone(), bodies, traffic, token })
            .manage(shop)
            .manage(front.bodies)
            .manage(front.cursors)
            .manage(Caching { max_age_seconds: front.max_age_seconds })
            .manage(self.slow.clone())
            .manage(front.proxies)
            .manage(front.limits)
            .manage(headers)
            .manage(requests.clone())
            .manage(self.closing.clone())
            .register("/", problem::catchers())
            .attach(fairings::Addresses)
            .attach(fairings::Cors { origins: front.origins })
            .attach(headers)
            .attach(fairings::HeaderLimit)
            .attach(requests)
            // An empty set in place of the framework's own headers, which know nothing of what is served here.
            .attach(rocket::shield::Shield::new())
    }
}

fn place(rocket: Rocket<Build>, routes: &[(&'static str, Vec<Route>)]) -> Rocket<Build> {
    routes.iter().fold(rocket, |rocket, (base, routes)| rocket.mount(*base, routes.clone()))
}
