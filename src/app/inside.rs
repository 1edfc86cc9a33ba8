//! The short way from the edge to the shop: requests become the framework's without a connection between, answers become
//! the edge's. What the framework would read differently from a connection is left to a connection.

use crate::edge::{Broken, Inside, Voice, WHOLE_BYTES, Work};
use bytes::{Bytes, BytesMut};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode, http::request};
use rocket::http::{Header, Method, uri::Origin};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Build, Rocket};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Bytes of an answer that are handed over at once.
const WHOLE: usize = WHOLE_BYTES as usize;
/// Bytes of a longer one that are handed over at a time.
const PIECE: usize = 32 * 1024;

/// The shop, for whoever asks in this process.
pub(super) struct Indoors(Arc<Client>);

impl Indoors {
    /// On a server that never listens.
    pub(super) async fn new(server: Rocket<Build>) -> Result<Self, rocket::Error> {
        Ok(Self(Arc::new(Client::untracked(server).await?)))
    }
}

impl Inside for Indoors {
    fn ask(&self, request: hyper::Request<Bytes>, voice: Voice) -> Result<Work, Box<hyper::Request<Bytes>>> {
        let Some((method, origin)) = method_of(request.method()).zip(origin_of(&request)) else {
            return Err(Box::new(request));
        };
        if request.headers().values().any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
            return Err(Box::new(request));
        }
        let (head, body) = request.into_parts();
        Ok(Box::pin(answer(self.0.clone(), (method, origin, head), body, voice)))
    }
}

fn method_of(method: &hyper::Method) -> Option<Method> {
    Some(match *method {
        hyper::Method::GET => Method::Get,
        hyper::Method::HEAD => Method::Head,
        hyper::Method::POST => Method::Post,
        hyper::Method::PUT => Method::Put,
        hyper::Method::PATCH => Method::Patch,
        hyper::Method::DELETE => Method::Delete,
        hyper::Method::OPTIONS => Method::Options,
        _ => return None,
    })
}

/// The address, if both ways read it alike.
fn origin_of(request: &hyper::Request<Bytes>) -> Option<Origin<'static>> {
    let text = request.uri().path_and_query()?.as_str();
    if text.starts_with("//") {
        return None;
    }
    Origin::parse_owned(text.to_owned()).ok()
}

async fn answer(
    shop: Arc<Client>,
    (method, origin, head): (Method, Origin<'static>, request::Parts),
    body: Bytes,
    voice: Voice,
) -> Result<Option<Response<Bytes>>, Broken> {
    let mut request = shop.req(method, origin);
    // As on a connection from the edge: who it is for is said under the seal.
    request.set_remote(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    for (name, value) in &head.headers {
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| Broken)?;
        request.add_header(Header::new(name.as_str().to_owned(), value.to_owned()));
    }
    request.set_body(body);
    let mut said = request.dispatch().await;
    let size = said.body().preset_size();
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(said.status().code).map_err(|_| Broken)?;
    *response.headers_mut() = headers_of(&said, size)?;
    if method == Method::Head || said.body().is_none() || is_bare(&said) {
        return Ok(Some(response.map(|()| Bytes::new())));
    }
    match size {
        Some(size) if size <= WHOLE => {
            let bytes = whole(&mut said, size).await?;
            Ok(Some(response.map(|()| bytes)))
        }
        size => {
            voice.begin(response.map(|()| size.and_then(|size| u64::try_from(size).ok())));
            let room = size.map_or(said.body().max_chunk_size(), |_| PIECE);
            loop {
                let mut piece = BytesMut::with_capacity(room);
                match said.read_buf(&mut piece).await {
                    Ok(0) => return Ok(None),
                    Ok(_) => voice.say(piece.freeze()).await?,
                    Err(_) => return Err(Broken),
                }
            }
        }
    }
}

fn headers_of(said: &LocalResponse<'_>, size: Option<usize>) -> Result<HeaderMap, Broken> {
    let mut headers = HeaderMap::with_capacity(said.headers().len() + 3);
    for header in said.headers().iter() {
        let name = HeaderName::from_bytes(header.name.as_str().as_bytes()).map_err(|_| Broken)?;
        headers.append(name, HeaderValue::from_bytes(header.value.as_bytes()).map_err(|_| Broken)?);
    }
    if let Some(size) = size.filter(|_| !is_bare(said)) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    }
    Ok(headers)
}

/// Whether an answer of this status has no body, so that nothing is said of its length.
fn is_bare(said: &LocalResponse<'_>) -> bool {
    said.status().code < 200 || matches!(said.status().code, 204 | 304)
}

/// All of a body that says how long it is.
async fn whole(said: &mut LocalResponse<'_>, size: usize) -> Result<Bytes, Broken> {
    let mut bytes = BytesMut::with_capacity(size);
    while bytes.len() < size {
        if said.read_buf(&mut bytes).await.map_err(|_| Broken)? == 0 {
            return Err(Broken);
        }
    }
    bytes.truncate(size);
    Ok(bytes.freeze())
}
