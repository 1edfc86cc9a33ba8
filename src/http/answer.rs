//! A successful answer: JSON in one piece, with its length, `ETag`, and 304 when the client has it already.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::State;
use rocket::http::{ContentType, Header, Method, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket_okapi::okapi::openapi3::{MediaType, RefOr, Responses};
use rocket_okapi::response::OpenApiResponderInner;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{Cursor, Write};
use std::marker::PhantomData;
use xxhash_rust::xxh3::xxh3_64;

/// Smaller bodies gain nothing from compression.
const COMPRESS_FROM: usize = 1024;

/// How public answers may be kept by browsers and proxies.
pub struct Caching {
    /// Seconds before asking again.
    pub max_age_seconds: u32,
}

/// Who may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, for a short time.
    Public,
    /// The caller, after asking whether it still holds.
    Private,
    /// Nobody.
    Nobody,
}

/// JSON on its way out; `T` is what the API description says of it.
pub struct Answer<T> {
    body: Bytes,
    etag: Option<String>,
    audience: Audience,
    location: Option<String>,
    accepted: bool,
    cached: Option<bool>,
    shape: PhantomData<fn() -> T>,
}

impl<T> Answer<T> {
    /// An answer from a value.
    pub fn new(value: &impl Serialize, audience: Audience) -> Self {
        Self::encoded(encode(value), audience)
    }

    /// An answer from encoded JSON.
    pub fn encoded(body: Bytes, audience: Audience) -> Self {
        Self { body, etag: None, audience, location: None, accepted: false, cached: None, shape: PhantomData }
    }

    /// With this tag, without its quotes; otherwise one is made from the body.
    pub fn with_etag(mut self, etag: String) -> Self {
        self.etag = Some(etag);
        self
    }

    /// The encoded body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The encoded body, and the address of what was created.
    pub fn into_parts(self) -> (Bytes, Option<String>) {
        (self.body, self.location)
    }

    /// The tag it was given, or one by its content.
    pub fn tag(&self) -> String {
        self.etag.clone().unwrap_or_else(|| content_tag(&self.body))
    }

    /// 201 at this address.
    pub fn created_at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// 202: it is begun, and not done yet.
    pub fn accepted(mut self) -> Self {
        self.accepted = true;
        self
    }

    /// Says whether the body was kept ready.
    pub fn was_kept(mut self, hit: bool) -> Self {
        self.cached = Some(hit);
        self
    }
}

/// Encodes a value as JSON.
pub fn encode(value: &impl Serialize) -> Bytes {
    let mut body = Vec::with_capacity(2048);
    // Views are plain structs of texts and numbers, which always have a JSON form.
    let _ = serde_json::to_writer(&mut body, value);
    Bytes::from(body)
}

/// Encodes a value as JSON text.
pub fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The tag of a body by its content.
pub fn content_tag(body: &[u8]) -> String {
    format!("{:016x}", xxh3_64(body))
}

impl<'r, T> Responder<'r, 'static> for Answer<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let coding = if self.body.len() >= COMPRESS_FROM { Coding::accepted(request) } else { Coding::Identity };
        let tag = self.etag.unwrap_or_else(|| content_tag(&self.body));
        let mut response = Response::build();
        response.header(Header::new("ETag", format!("\"{tag}{}\"", coding.tag_suffix())));
        response.header(Header::new("Vary", "Accept-Encoding, Authorization"));
        response.header(Header::new("Cache-Control", cache_control(self.audience, request)));
        if let Some(hit) = self.cached {
            response.header(Header::new("X-Cache", if hit { "hit" } else { "miss" }));
        }
        let reads = matches!(request.method(), Method::Get | Method::Head);
        if reads && has_it_already(request, &tag) {
            return response.status(Status::NotModified).ok();
        }
        if let Some(location) = self.location {
            response.status(Status::Created).header(Header::new("Location", location));
        }
        if self.accepted {
            response.status(Status::Accepted);
        }
        let body = coding.apply(self.body);
        if let Some(name) = coding.name() {
            response.header(Header::new("Content-Encoding", name));
        }
        let length = body.len();
        // One chunk as large as the body, so that it leaves in a single write; the default of 4 KiB costs a third
        // of the throughput.
        response.header(ContentType::JSON).sized_body(length, Cursor::new(body)).max_chunk_size(length.max(1)).ok()
    }
}

fn cache_control(audience: Audience, request: &Request<'_>) -> String {
    match audience {
        Audience::Public => {
            let seconds = request.rocket().state::<Caching>().map_or(0, |c| c.max_age_seconds);
            format!("public, max-age={seconds}, stale-while-revalidate={}", seconds * 6)
        }
        Audience::Private => "private, no-cache".to_owned(),
        Audience::Nobody => "no-store".to_owned(),
    }
}

/// Weak comparison of `If-None-Match`, as RFC 9110 asks for.
pub fn has_it_already(request: &Request<'_>, tag: &str) -> bool {
    let given = request.headers().get("If-None-Match");
    given.flat_map(|line| line.split(',')).any(|one| one.trim() == "*" || bare_tag(one).as_deref() == Some(tag))
}

/// A tag without its quotes, weakness and coding.
pub fn bare_tag(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let bare = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let plain = bare.strip_suffix("~gzip").or_else(|| bare.strip_suffix("~br")).unwrap_or(bare);
    Some(plain.to_owned())
}

/// The weight of a coding that comes without one, in thousandths.
const MOST_LIKED: u16 = 1_000;

/// A weight in thousandths; what is none counts as if it were not there.
fn thousandths(weight: &str) -> u16 {
    let weight = weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.map_or(MOST_LIKED, |weight| (weight * 1_000.0).round() as u16)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The coding that the client likes best (RFC 9110, 12.5.3); of those it likes alike, the one that packs best. Without
    /// compression it goes where none is named, and where that is liked better or none is acceptable.
    fn accepted(request: &Request<'_>) -> Self {
        Self::best(request.headers().get("Accept-Encoding"))
    }

    fn best<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let (mut gzip, mut brotli, mut identity, mut others) = (None, None, None, None);
        for item in lines.flat_map(|line| line.split(',')) {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or("").to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let slot = match name.as_str() {
                "gzip" | "x-gzip" => &mut gzip,
                "br" => &mut brotli,
                "identity" => &mut identity,
                "*" => &mut others,
                _ => continue,
            };
            *slot = Some(weight.map_or(MOST_LIKED, thousandths));
        }
        let liked = |named: Option<u16>| named.or(others).unwrap_or(0);
        let (gzip, brotli) = (liked(gzip), liked(brotli));
        match gzip.max(brotli) {
            0 => Self::Identity,
            best if identity.is_some_and(|plain| plain > best) => Self::Identity,
            best if best == brotli => Self::Brotli,
            _ => Self::Gzip,
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    const fn tag_suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "~gzip",
            Self::Brotli => "~br",
        }
    }

    /// Fast settings: the body is small and made for one client.
    fn apply(self, body: Bytes) -> Bytes {
        match self {
            Self::Identity => body,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::new(4));
                let _ = encoder.write_all(&body);
                encoder.finish().map(Bytes::from).unwrap_or_default()
            }
            Self::Brotli => {
                let mut out = Vec::with_capacity(body.len() / 3);
                let params = brotli::enc::BrotliEncoderParams { quality: 4, lgwin: 18, ..Default::default() };
                let _ = brotli::BrotliCompress(&mut &body[..], &mut out, &params);
                Bytes::from(out)
            }
        }
    }
}

impl<T: JsonSchema> OpenApiResponderInner for Answer<T> {
    fn responses(generator: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        let schema = generator.json_schema::<T>();
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        let response = rocket_okapi::okapi::openapi3::Response {
            description: "Done".to_owned(),
            content: std::iter::once(("application/json".to_owned(), media)).collect(),
            ..Default::default()
        };
        let mut responses = Responses::default();
        responses.responses.insert("200".to_owned(), RefOr::Object(response));
        Ok(responses)
    }
}

/// 204: done, nothing to say.
pub struct Nothing;

impl<'r> Responder<'r, 'static> for Nothing {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().status(Status::NoContent).ok()
    }
}

impl OpenApiResponderInner for Nothing {
    fn responses(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        let response = rocket_okapi::okapi::openapi3::Response { description: "Done".to_owned(), ..Default::default() };
        let mut responses = Responses::default();
        responses.responses.insert("204".to_owned(), RefOr::Object(response));
        Ok(responses)
    }
}

/// Lets handlers name managed state shortly.
pub type Managed<'r, T> = &'r State<T>;

#[cfg(test)]
mod tests {
    use super::Coding;

    #[test]
    fn coding_is_the_one_that_is_liked_best() {
        for (header, best) in [
            ("", Coding::Identity),
            ("gzip, deflate, br", Coding::Brotli),
            ("br;q=0.1, gzip;q=0.9", Coding::Gzip),
            ("gzip;q=0.5, br; q=0.5", Coding::Brotli),
            ("br;q=0, gzip", Coding::Gzip),
            ("br;q=0.000, GZIP;Q=0.0", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0.5, br;q=0", Coding::Gzip),
            ("gzip, *;q=0", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0.5, gzip", Coding::Gzip),
            ("identity;q=0, *;q=0", Coding::Identity),
            ("deflate, zstd", Coding::Identity),
            ("gzip;q=much", Coding::Gzip),
        ] {
            assert_eq!(Coding::best([header].into_iter()), best, "{header}");
        }
        assert_eq!(Coding::best(["br;q=0.2", "gzip;q=0.3"].into_iter()), Coding::Gzip, "several lines are one list");
    }
}
