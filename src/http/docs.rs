//! `/api/docs/`: the API description for people, and `/api/openapi.json` for programs. Everything is in the
//! binary, so it works without a network.

use super::answer::{Answer, Audience, encode};
use bytes::Bytes;
use rocket::response::Redirect;
use rocket::{Route, get, routes};
use rocket_okapi::swagger_ui::{SwaggerUIConfig, make_swagger_ui};
use std::sync::LazyLock;

/// The encoded description, made when it is first asked for.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| encode(&super::document()));

/// The routes below `/api`.
pub fn routes() -> Vec<Route> {
    let pages: Vec<Route> = make_swagger_ui(&SwaggerUIConfig {
        url: "/api/openapi.json".to_owned(),
        deep_linking: true,
        ..SwaggerUIConfig::default()
    })
    .into();
    let pages = pages.into_iter().filter(|route| route.uri.path() != "/");
    let mut all: Vec<Route> = pages.filter_map(|route| route.map_base(|base| format!("/docs{base}")).ok()).collect();
    all.extend(routes![openapi_json, docs_index]);
    all
}

#[get("/openapi.json")]
fn openapi_json() -> Answer<()> {
    Answer::encoded(DESCRIPTION.clone(), Audience::Public)
}

#[get("/docs")]
fn docs_index() -> Redirect {
    Redirect::to("/api/docs/index.html")
}
