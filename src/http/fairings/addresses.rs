//! One address for each thing: a trailing slash is optional, and `/api/…` means the newest version.
//! Both are answered in place, without a redirect.

use super::super::BASE;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::http::uri::Origin;
use rocket::{Data, Request};

/// Rewrites the address of a request before it is routed.
pub struct Addresses;

/// What stands below `/api` itself and not below a version.
const UNVERSIONED: [&str; 2] = ["/api/docs", "/api/openapi.json"];

#[rocket::async_trait]
impl Fairing for Addresses {
    fn info(&self) -> Info {
        Info { name: "addresses", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // The framework takes a form's `_method` field for the method. No route takes forms, and those that read a
        // body refuse them; for the others it is the POST that it was.
        let form = request.content_type().is_some_and(|kind| kind.is_form());
        if form && !matches!(request.method(), Method::Put | Method::Patch) {
            request.set_method(Method::Post);
        }
        let uri = request.uri();
        if let Some(path) = tidy(uri.path().as_str()) {
            let full = uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
            if let Ok(tidied) = Origin::parse_owned(full) {
                request.set_uri(tidied);
            }
        }
    }
}

/// The tidied path, when it differs.
fn tidy(path: &str) -> Option<String> {
    let bare = if path.len() > 1 && path != "/api/docs/" { path.strip_suffix('/').unwrap_or(path) } else { path };
    let versioned = bare.strip_prefix("/api/v").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let unversioned = bare.starts_with("/api/") && !versioned && !UNVERSIONED.iter().any(|kept| bare.starts_with(kept));
    if unversioned {
        return Some(format!("{BASE}{}", &bare["/api".len()..]));
    }
    (bare != path).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn slashes_and_missing_versions_are_tidied() {
        assert_eq!(tidy("/api/v1/products"), None);
        assert_eq!(tidy("/api/v1/products/").as_deref(), Some("/api/v1/products"));
        assert_eq!(tidy("/api/products/7/").as_deref(), Some("/api/v1/products/7"));
        assert_eq!(tidy("/api/variants/7").as_deref(), Some("/api/v1/variants/7"));
        assert_eq!(tidy("/api/v2/products"), None);
        assert_eq!(tidy("/api/docs/"), None);
        assert_eq!(tidy("/api/openapi.json"), None);
        assert_eq!(tidy("/"), None);
    }
}
