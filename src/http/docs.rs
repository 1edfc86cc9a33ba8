//! `/api/docs/`: the API description for people, and `/api/openapi.json` for programs. Everything is in the
//! binary, so it works without a network.

use super::answer::{Answer, Audience};
use bytes::Bytes;
use flate2::read::GzDecoder;
use rocket::response::Redirect;
use rocket::{Route, get, routes};
use rocket_okapi::swagger_ui::{SwaggerUIConfig, make_swagger_ui};
use std::io::Read;
use std::sync::LazyLock;

/// `static/openapi.json`, which a test holds to what the routes say of themselves.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// As it is sent, without indentation.
static SENT: LazyLock<Bytes> = LazyLock::new(|| description().lines().map(str::trim_start).collect::<String>().into());

/// The API description (OpenAPI 3), as JSON for people to read.
pub fn description() -> String {
    let mut text = String::new();
    let read = GzDecoder::new(PACKED).read_to_string(&mut text);
    debug_assert!(read.is_ok(), "it was packed when this was built");
    text
}

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
    Answer::encoded(SENT.clone(), Audience::Public)
}

#[get("/docs")]
fn docs_index() -> Redirect {
    Redirect::to("/api/docs/index.html")
}
