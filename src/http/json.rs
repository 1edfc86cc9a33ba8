//! The guard for JSON bodies: content type, size, syntax. What the fields mean is read in `domain`.
//!
//! The framework's own guard ignores the content type and logs the raw body when it is wrong; this one does neither.

use super::problem::Problem;
use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::http::ContentType;
use rocket::request::Request;
use rocket_okapi::okapi::openapi3::{MediaType, RequestBody};
use rocket_okapi::request::OpenApiFromData;
use schemars::JsonSchema;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::HashSet;
use std::marker::PhantomData;

/// The largest body of an ordinary request, in KiB.
const LIMIT_KIB: u64 = 256;
/// The largest body of a batch: a thousand products.
const BATCH_LIMIT_KIB: u64 = 8 * 1024;

/// A JSON body; `T` is what the API description says of it.
pub struct Body<T> {
    /// What was sent.
    pub value: Value,
    /// The same, byte for byte.
    pub raw: Vec<u8>,
    shape: PhantomData<fn() -> T>,
}

/// The JSON body of a batch, which may be larger.
pub struct BatchBody<T>(pub Body<T>);

/// A JSON body that need not be there. One that is `null` is there, and wrong like any other that is no object.
pub struct OptionalBody<T>(pub Option<Body<T>>);

#[rocket::async_trait]
impl<'r, T: Send + 'static> FromData<'r> for OptionalBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self, ()> {
        // Some clients name a type even when they send nothing.
        let nothing_declared = declared_length(request).is_none_or(|bytes| bytes == 0);
        if nothing_declared && data.peek(1).await.is_empty() {
            return Outcome::Success(Self(None));
        }
        read(request, data, LIMIT_KIB).await.map(|body| Self(Some(body)))
    }
}

#[rocket::async_trait]
impl<'r, T: Send + 'static> FromData<'r> for Body<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self, ()> {
        read(request, data, LIMIT_KIB).await
    }
}

#[rocket::async_trait]
impl<'r, T: Send + 'static> FromData<'r> for BatchBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self, ()> {
        read(request, data, BATCH_LIMIT_KIB).await.map(BatchBody)
    }
}

async fn read<'r, T>(request: &'r Request<'_>, data: Data<'r>, limit_kib: u64) -> Outcome<'r, Body<T>, ()> {
    let refuse = |problem: Problem| Outcome::Error((problem.stash(request), ()));
    if !is_json(request.content_type()) {
        let detail = "send Content-Type: application/json";
        return refuse(Problem::new(415, "unsupported-media-type", "Only JSON is understood", detail));
    }
    if request.headers().get_one("Content-Encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity")) {
        return refuse(Problem::new(
            415,
            "unsupported-media-type",
            "Only JSON is understood",
            "send the body without Content-Encoding",
        ));
    }
    let too_large =
        || Problem::new(413, "too-large", "The body is too large", format!("at most {limit_kib} KiB are read"));
    let declared = declared_length(request);
    if declared.is_some_and(|bytes| bytes > limit_kib * 1024) {
        return refuse(too_large());
    }
    let bytes = match data.open(limit_kib.kibibytes()).into_bytes().await {
        // The framework looks at the first bytes itself and takes a connection that breaks there for the end.
        Ok(bytes) if declared.is_some_and(|length| bytes.len() as u64 != length) => {
            return refuse(Problem::bad_request("the body ended early"));
        }
        Ok(bytes) if bytes.is_complete() => bytes.into_inner(),
        Ok(_) => return refuse(too_large()),
        Err(_) => return refuse(Problem::bad_request("the body ended early")),
    };
    match parse(&bytes) {
        Ok(value) => Outcome::Success(Body { value, raw: bytes, shape: PhantomData }),
        Err(detail) => refuse(Problem::new(400, "malformed-json", "The body is not JSON", detail)),
    }
}

fn declared_length(request: &Request<'_>) -> Option<u64> {
    request.headers().get_one("Content-Length").and_then(|length| length.parse().ok())
}

fn is_json(content_type: Option<&ContentType>) -> bool {
    content_type.is_some_and(|ct| {
        ct.top() == "application"
            && ct.sub() == "json"
            && ct.param("charset").is_none_or(|c| c.eq_ignore_ascii_case("utf-8"))
    })
}

/// Parses JSON; refuses two fields of one name, since which one counts would be anybody's guess.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    let place = |e: &serde_json::Error| format!("line {}, column {}", e.line(), e.column());
    let mut names = serde_json::Deserializer::from_slice(bytes);
    DistinctNames.deserialize(&mut names).and_then(|()| names.end()).map_err(|e| {
        let what = if e.to_string().starts_with(DUPLICATE) { DUPLICATE } else { "not well-formed JSON in UTF-8" };
        format!("{what} at {}", place(&e))
    })?;
    serde_json::from_slice(bytes).map_err(|e| format!("not well-formed JSON at {}", place(&e)))
}

const DUPLICATE: &str = "a field is named twice";

/// Walks a document without keeping it.
struct DistinctNames;

impl<'de> DeserializeSeed<'de> for DistinctNames {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DistinctNames {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(DistinctNames)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(serde::de::Error::custom(DUPLICATE));
            }
            fields.next_value_seed(DistinctNames)?;
        }
        Ok(())
    }
}

impl<'r, T: JsonSchema + Send + 'static> OpenApiFromData<'r> for Body<T> {
    fn request_body(generator: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<RequestBody> {
        let schema = generator.json_schema::<T>();
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        Ok(RequestBody {
            content: std::iter::once(("application/json".to_owned(), media)).collect(),
            required: true,
            ..RequestBody::default()
        })
    }
}

impl<'r, T: JsonSchema + Send + 'static> OpenApiFromData<'r> for BatchBody<T> {
    fn request_body(generator: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<RequestBody> {
        Body::<T>::request_body(generator)
    }
}

impl<'r, T: JsonSchema + Send + 'static> OpenApiFromData<'r> for OptionalBody<T> {
    fn request_body(generator: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<RequestBody> {
        Ok(RequestBody { required: false, ..Body::<T>::request_body(generator)? })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn malformed_and_ambiguous_documents_are_refused() {
        assert!(parse(br#"{"a": 1, "b": [{"a": 2}], "c": 1e400, "d": "x"}"#).is_ok());
        for bad in [&b"{"[..], b"", b"{\"a\":1,}", b"\xef\xbb\xbf{}", b"{} {}", b"{\"a\":NaN}", b"\"\xff\""] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(br#"{"a": 1, "a": 2}"#).unwrap_err().starts_with("a field is named twice"));
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
    }
}
