//! `If-Match`: the states a client is ready to change.

use crate::domain::catalog::Revision;
use crate::http::answer::bare_tag;
use crate::http::views::revision_of_tag;
use crate::services::catalog::Preconditions;
use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket_okapi::okapi::openapi3::{Object, Parameter, ParameterValue};
use rocket_okapi::request::{OpenApiFromRequest, RequestHeaderInput};

/// The header, read; absent or `*` allows any state.
pub struct IfMatch(pub Preconditions);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IfMatch {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let lines: Vec<&str> = request.headers().get("If-Match").collect();
        let tags: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
        if tags.is_empty() || tags.contains(&"*") {
            return Outcome::Success(Self(Preconditions(None)));
        }
        // A tag that is none of ours is a state nobody knows: the list stays without it, and nothing matches.
        let revisions: Vec<Revision> = tags.into_iter().filter_map(|t| revision_of_tag(&bare_tag(t)?)).collect();
        Outcome::Success(Self(Preconditions(Some(revisions))))
    }
}

impl OpenApiFromRequest<'_> for IfMatch {
    fn from_request_input(
        generator: &mut rocket_okapi::r#gen::OpenApiGenerator,
        _: String,
        _: bool,
    ) -> rocket_okapi::Result<RequestHeaderInput> {
        Ok(RequestHeaderInput::Parameter(Parameter {
            name: "If-Match".to_owned(),
            location: "header".to_owned(),
            description: Some("Change it only while its `ETag` is this one; 412 otherwise.".to_owned()),
            required: false,
            deprecated: false,
            allow_empty_value: false,
            value: ParameterValue::Schema {
                style: None,
                explode: None,
                allow_reserved: false,
                schema: generator.json_schema::<String>(),
                example: None,
                examples: None,
            },
            extensions: Object::default(),
        }))
    }
}
