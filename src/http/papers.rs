//! What is looked at or printed instead of read by a program: a page, or a PDF.

use super::answer::{Answer, Audience};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket_okapi::okapi::openapi3::{MediaType, RefOr, Response, Responses};
use rocket_okapi::okapi::schemars::schema::{InstanceType, SchemaObject};
use rocket_okapi::response::OpenApiResponderInner;
use sha2::{Digest, Sha256};

/// A page of HTML that needs nothing beside itself. It may use the styles in it, and nothing else: no script, no
/// picture, no other style.
pub struct Page(pub String);

/// A PDF, and what it is called when it is kept.
pub struct PdfFile {
    /// Its name, without what it ends in.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The policy of a page: its own style sheets are named by their hashes.
fn policy(page: &str) -> String {
    let sheets = page.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next());
    let hash = |sheet: &str| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(sheet)));
    let styles: String = sheets.map(hash).collect();
    let styles = if styles.is_empty() { " 'none'".to_owned() } else { styles };
    format!(
        "default-src 'none'; style-src{styles}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
         object-src 'none'"
    )
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let policy = policy(&self.0);
        let mut response = Answer::<()>::encoded(self.0.into(), Audience::Nobody).respond_to(request)?;
        response.set_header(Header::new("Content-Security-Policy", policy));
        if response.status() == Status::Ok {
            response.set_header(ContentType::HTML);
        }
        Ok(response)
    }
}

impl<'r> Responder<'r, 'static> for PdfFile {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Answer::<()>::encoded(self.bytes.into(), Audience::Nobody).respond_to(request)?;
        if response.status() == Status::Ok {
            response.set_header(ContentType::PDF);
            let disposition = format!("inline; filename=\"{}.pdf\"", self.name);
            response.set_header(Header::new("Content-Disposition", disposition));
        }
        Ok(response)
    }
}

impl OpenApiResponderInner for Page {
    fn responses(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        Ok(described("text/html", None))
    }
}

impl OpenApiResponderInner for PdfFile {
    fn responses(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        Ok(described("application/pdf", Some("binary")))
    }
}

/// An answer that is no JSON.
pub fn described(kind: &str, format: Option<&str>) -> Responses {
    let schema = SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: format.map(str::to_owned),
        ..SchemaObject::default()
    };
    let media = MediaType { schema: Some(schema), ..MediaType::default() };
    let response = Response {
        description: "Done".to_owned(),
        content: std::iter::once((kind.to_owned(), media)).collect(),
        ..Response::default()
    };
    let mut responses = Responses::default();
    responses.responses.insert("200".to_owned(), RefOr::Object(response));
    responses
}
