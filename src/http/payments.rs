//! `/payments/{provider}/webhook`: messages of payment providers. Nobody signs in here; the signature counts, and it is
//! over the very bytes of the body.

use super::answer::{Managed, Nothing};
use super::guards::Uncounted;
use super::limits::Limits;
use super::problem::Problem;
use crate::services::payments::{Received, WebhookRefusal};
use crate::services::{Ctx, Shop};
use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::post;
use rocket::request::Request;
use rocket_okapi::okapi::openapi3::{MediaType, RequestBody};
use rocket_okapi::okapi::schemars::schema::{InstanceType, SchemaObject};
use rocket_okapi::openapi;
use rocket_okapi::request::OpenApiFromData;
use std::sync::Arc;

/// The largest message, in KiB.
const LIMIT_KIB: u64 = 64;

/// # Take a message of a payment provider
/// Only a message that the provider has signed is taken, and each of them once. Those that are not taken count against
/// the budget of their sender.
#[openapi(tag = "Selling")]
#[post("/payments/<provider>/webhook", data = "<message>")]
pub async fn payment_webhook(
    client: Uncounted,
    provider: &str,
    message: Message,
    limits: Managed<'_, Limits>,
    shop: Managed<'_, Arc<Shop>>,
) -> Result<Nothing, Problem> {
    let (address, ctx) = (client.address(), Ctx::shop().from(client.0));
    let headers: Vec<(&str, &str)> = message.headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    match shop.payment_message(&ctx, provider, &message.body, &headers).await? {
        Received::Taken => Ok(Nothing),
        Received::Refused(refusal) => {
            limits.write(address)?;
            Err(refused(refusal))
        }
    }
}

fn refused(refusal: WebhookRefusal) -> Problem {
    let title = "The message is not taken";
    match refusal {
        WebhookRefusal::Disabled => {
            let detail = "the shop takes no messages of this provider, or has no secret to tell which are genuine";
            Problem::new(404, "not-found", "There is no such thing", detail)
        }
        WebhookRefusal::Signature(why) => Problem::new(400, "bad-signature", title, why),
        WebhookRefusal::Malformed => {
            Problem::new(400, "bad-request", title, "it is signed, but not a message that can be understood")
        }
    }
}

/// The bytes and headers of a message.
pub struct Message {
    body: Vec<u8>,
    headers: Vec<(String, String)>,
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Message {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self, ()> {
        let refuse = |problem: Problem| Outcome::Error((problem.stash(request), ()));
        let declared = request.headers().get_one("Content-Length").and_then(|length| length.parse::<u64>().ok());
        let too_large =
            || Problem::new(413, "too-large", "The body is too large", format!("at most {LIMIT_KIB} KiB are read"));
        if declared.is_some_and(|bytes| bytes > LIMIT_KIB * 1024) {
            return refuse(too_large());
        }
        match data.open(LIMIT_KIB.kibibytes()).into_bytes().await {
            Ok(bytes) if declared.is_some_and(|length| bytes.len() as u64 != length) => {
                refuse(Problem::bad_request("the body ended early"))
            }
            Ok(bytes) if bytes.is_complete() => {
                let text = |header: rocket::http::Header<'_>| (header.name.to_string(), header.value.into_owned());
                let headers = request.headers().iter().map(text).collect();
                Outcome::Success(Self { body: bytes.into_inner(), headers })
            }
            Ok(_) => refuse(too_large()),
            Err(_) => refuse(Problem::bad_request("the body ended early")),
        }
    }
}

impl<'r> OpenApiFromData<'r> for Message {
    fn request_body(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<RequestBody> {
        let schema = SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            format: Some("binary".to_owned()),
            ..SchemaObject::default()
        };
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        Ok(RequestBody {
            description: Some("What the provider sends, byte for byte.".to_owned()),
            content: std::iter::once(("application/octet-stream".to_owned(), media)).collect(),
            required: true,
            ..RequestBody::default()
        })
    }
}
