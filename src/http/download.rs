//! A file of the data folder on its way out, read piece by piece.

use super::answer::has_it_already;
use super::papers::described;
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::tokio::fs::File;
use rocket_okapi::okapi::openapi3::Responses;
use rocket_okapi::response::OpenApiResponderInner;

/// How much is sent at once.
const PIECE: usize = 64 * 1024;

/// A packed file, to be kept and not to be shown.
pub struct Packed {
    /// Its name.
    pub name: String,
    /// The open file.
    pub file: File,
    /// Its length.
    pub size: u64,
}

impl<'r> Responder<'r, 'static> for Packed {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let disposition = format!("attachment; filename=\"{}\"", self.name);
        // What has a name stays as it is.
        let tag = Header::new("ETag", format!("\"{}\"", self.name));
        if has_it_already(request, &self.name) {
            return Response::build().header(tag).status(Status::NotModified).ok();
        }
        Response::build()
            .header(tag)
            .header(ContentType::new("application", "gzip"))
            .header(Header::new("Content-Disposition", disposition))
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(usize::try_from(self.size).ok(), self.file)
            .max_chunk_size(PIECE)
            .ok()
    }
}

impl OpenApiResponderInner for Packed {
    fn responses(_: &mut rocket_okapi::r#gen::OpenApiGenerator) -> rocket_okapi::Result<Responses> {
        Ok(described("application/gzip", Some("binary")))
    }
}
