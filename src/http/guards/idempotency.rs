//! `Idempotency-Key`: which request this is, so that one that is sent again has no second effect.

use crate::http::problem::Problem;
use crate::services::Ctx;
use crate::services::idempotency::Claim;
use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::r#gen::OpenApiGenerator;
use rocket_okapi::okapi::openapi3::{Object, Parameter, ParameterValue};
use rocket_okapi::request::{OpenApiFromRequest, RequestHeaderInput};
use schemars::schema::{InstanceType, SchemaObject, StringValidation};

const NAME: &str = "Idempotency-Key";
const LONGEST: usize = 255;

/// The header where it must be there, with the request's method and path.
pub struct IdempotencyKey {
    key: String,
    method: &'static str,
    path: String,
}

/// The header where it may be left out.
pub struct OptionalIdempotencyKey(Option<IdempotencyKey>);

impl IdempotencyKey {
    /// The claim of somebody who is known.
    pub fn claim(&self, ctx: &Ctx, body: &[u8]) -> Claim {
        Claim::new(ctx, None, &self.key, self.method, &self.path, body)
    }

    /// The claim of somebody who may be known only by the token of their cart.
    pub fn claim_of_cart(&self, ctx: &Ctx, token: &str, body: &[u8]) -> Claim {
        Claim::new(ctx, Some(token), &self.key, self.method, &self.path, body)
    }
}

impl OptionalIdempotencyKey {
    /// The claim of somebody who is known, if they make one.
    pub fn claim(&self, ctx: &Ctx, body: &[u8]) -> Option<Claim> {
        self.0.as_ref().map(|key| key.claim(ctx, body))
    }
}

/// Reads the header; none when it is not there.
fn read(request: &Request<'_>) -> Result<Option<IdempotencyKey>, Problem> {
    let mut lines = request.headers().get(NAME);
    let Some(key) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Problem::bad_request(format!("{NAME} is there twice: send it once")));
    }
    if !is_key(key) {
        return Err(Problem::bad_request(format!(
            "{NAME} must be 1 to {LONGEST} printable ASCII characters, such as a UUID"
        )));
    }
    let path = request.uri().path().as_str().to_owned();
    Ok(Some(IdempotencyKey { key: key.to_owned(), method: request.method().as_str(), path }))
}

fn is_key(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdempotencyKey {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let missing = || Problem::bad_request(format!("send {NAME}: a text of your own that names this request"));
        match read(request).and_then(|key| key.ok_or_else(missing)) {
            Ok(key) => Outcome::Success(key),
            Err(problem) => Outcome::Error((problem.stash(request), ())),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OptionalIdempotencyKey {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match read(request) {
            Ok(key) => Outcome::Success(Self(key)),
            Err(problem) => Outcome::Error((problem.stash(request), ())),
        }
    }
}

fn described(required: bool) -> RequestHeaderInput {
    let text = StringValidation {
        min_length: Some(1),
        max_length: u32::try_from(LONGEST).ok(),
        pattern: Some("^[ -~]+$".to_owned()),
    };
    let description = "Names this request. Sent again with the same body within 24 hours it has no second effect and is \
                       answered as it was the first time.";
    RequestHeaderInput::Parameter(Parameter {
        name: NAME.to_owned(),
        location: "header".to_owned(),
        description: Some(description.to_owned()),
        required,
        deprecated: false,
        allow_empty_value: false,
        value: ParameterValue::Schema {
            style: None,
            explode: None,
            allow_reserved: false,
            schema: SchemaObject {
                instance_type: Some(InstanceType::String.into()),
                string: Some(Box::new(text)),
                ..SchemaObject::default()
            },
            example: None,
            examples: None,
        },
        extensions: Object::default(),
    })
}

impl OpenApiFromRequest<'_> for IdempotencyKey {
    fn from_request_input(_: &mut OpenApiGenerator, _: String, _: bool) -> rocket_okapi::Result<RequestHeaderInput> {
        Ok(described(true))
    }
}

impl OpenApiFromRequest<'_> for OptionalIdempotencyKey {
    fn from_request_input(_: &mut OpenApiGenerator, _: String, _: bool) -> rocket_okapi::Result<RequestHeaderInput> {
        Ok(described(false))
    }
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn keys_are_short_printable_ascii() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        assert!([" ", "~", "4f6c2f0e-9a51-4c7b", &longest].iter().all(|key| is_key(key)));
        assert!(["", "a\0b", "a\tb", "\u{7f}", "schlüssel", &longer].iter().all(|key| !is_key(key)));
    }
}
