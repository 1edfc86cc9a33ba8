//! Answers that are kept under an idempotency key and sent again as they were, byte for byte.

use super::answer::{Answer, Audience};
use super::problem::Problem;
use crate::services::idempotency::Rendered;
use bytes::Bytes;
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket_okapi::okapi::openapi3::Responses;
use rocket_okapi::response::OpenApiResponderInner;
use schemars::JsonSchema;
use std::io::Cursor;
use std::marker::PhantomData;

/// An answer as it was rendered; `T` is what the API description says of it.
pub struct Kept<T> {
    rendered: Rendered,
    shape: PhantomData<fn() -> T>,
}

impl<T> From<Rendered> for Kept<T> {
    fn from(rendered: Rendered) -> Self {
        Self { rendered, shape: PhantomData }
    }
}

impl<T> Answer<T> {
    /// The answer as it can be kept.
    pub fn rendered(self) -> Rendered {
        let (body, location) = self.into_parts();
        Rendered { status: if location.is_some() { 201 } else { 200 }, body: body.to_vec(), location }
    }
}

impl Problem {
    /// A refusal that had an effect, as it can be kept; `request` is the first that was answered so.
    pub fn rendered_for(mut self, request: &str) -> Rendered {
        request.clone_into(&mut self.instance);
        Rendered { status: self.status, body: serde_json::to_vec(&self).unwrap_or_default(), location: None }
    }
}

impl<'r, T> Responder<'r, 'static> for Kept<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let Rendered { status, body, location } = self.rendered;
        if status < 400 {
            let answer = Answer::<T>::encoded(Bytes::from(body), Audience::Nobody);
            return location.into_iter().fold(answer, Answer::created_at).respond_to(request);
        }
        let mut response = Response::build();
        response
            .status(Status::new(status))
            .header(ContentType::new("application", "problem+json"))
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(body.len(), Cursor::new(body))
            .ok()
    }
}

impl<T: JsonSchema> OpenApiResponderInner for Kept<T> {
    fn responses(generator: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        Answer::<T>::responses(generator)
    }
}
