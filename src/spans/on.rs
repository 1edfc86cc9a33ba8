//! Spans by the library of OpenTelemetry, given to a collector over HTTP, as the variables `OTEL_…` say.
//!
//! The library gathers them on a thread of its own and gives up those that are too many, so a collector that hangs holds
//! nobody up.

use async_trait::async_trait;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

/// Requests that are known to their writes at once; those of more stand alone.
const MOST_OPEN: usize = 10_000;
/// How long the collector may take, unless the environment says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take when the program ends.
const FAREWELL: Duration = Duration::from_secs(3);
/// Most of an answer that is read.
const MOST_BYTES: u64 = 256 * 1024;

static TRACING: OnceLock<Tracing> = OnceLock::new();

struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    /// The requests that are being answered, by their ids.
    open: Mutex<HashMap<String, SpanContext>>,
}

impl Tracing {
    fn open(&self) -> MutexGuard<'_, HashMap<String, SpanContext>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, span: SpanBuilder, parent: &Context) -> Span {
        span.start_with_context(&self.tracer, parent)
    }
}

/// Spans on their way to a collector, until it is dropped.
pub struct Exporting;

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Some(Err(error)) = TRACING.get().map(|tracing| tracing.provider.shutdown_with_timeout(FAREWELL)) {
            tracing::warn!(%error, "the last spans could not be given to the collector");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A variable for spans alone, or the one for everything.
fn either(name: &str) -> Option<String> {
    let one = variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
    one.or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
}

/// Begins to give spans to the collector that the environment names; without one there are none.
pub fn begin() -> Result<Exporting, String> {
    let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    let Some(endpoint) = either("ENDPOINT").filter(|_| !is_off) else { return Ok(Exporting) };
    if let Some(other) = either("PROTOCOL").filter(|protocol| protocol != "http/protobuf") {
        return Err(format!("OTEL_EXPORTER_OTLP_PROTOCOL: {other:?} is not spoken, only \"http/protobuf\" is"));
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Caller::new())
        .build()
        .map_err(|error| format!("the variables OTEL_EXPORTER_OTLP_…: {error}"))?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
    let tracer = provider.tracer("nexus");
    if TRACING.set(Tracing { provider, tracer, open: Mutex::default() }).is_err() {
        return Err("spans are given to a collector already".to_owned());
    }
    tracing::info!(%endpoint, "spans are given to a collector");
    Ok(Exporting)
}

/// Who tells: the shop, unless the environment has another name for it.
fn resource() -> Resource {
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|list| list.contains("service.name="));
    let resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if named { resource.build() } else { resource.with_service_name("nexus").build() }
}

/// Calls the collector, from the thread of the library that gathers spans.
#[derive(Debug)]
struct Caller(ureq::Agent);

impl Caller {
    fn new() -> Self {
        let given = either("TIMEOUT").and_then(|text| text.trim().parse().ok()).map(Duration::from_millis);
        let config = ureq::Agent::config_builder().timeout_global(Some(given.unwrap_or(PATIENCE))).max_redirects(0);
        Self(config.http_status_as_error(false).build().into())
    }
}

#[async_trait]
impl HttpClient for Caller {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, mut body) = self.0.run(request.map(|bytes| bytes.to_vec()))?.into_parts();
        let bytes = body.with_config().limit(MOST_BYTES).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }
}

/// Headers that say what a request belongs to.
const BELONGING: [&str; 2] = ["traceparent", "tracestate"];

/// A request that is being answered.
pub struct RequestSpan(Option<Open>);

struct Open {
    tracing: &'static Tracing,
    id: String,
    span: Mutex<Span>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.tracing.open().remove(&self.id);
    }
}

impl RequestSpan {
    /// Begins, below what the headers name.
    pub fn begin<'h>(id: &str, header: impl Fn(&str) -> Option<&'h str>) -> Self {
        let Some(tracing) = TRACING.get() else { return Self(None) };
        let given = BELONGING.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?.to_owned())));
        let given: HashMap<String, String> = given.collect();
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &given);
        let span = tracing.start(SpanBuilder::from_name("request").with_kind(SpanKind::Server), &parent);
        let mut open = tracing.open();
        if open.len() < MOST_OPEN {
            open.insert(id.to_owned(), span.span_context().clone());
        }
        drop(open);
        Self(Some(Open { tracing, id: id.to_owned(), span: Mutex::new(span) }))
    }

    /// Has been answered.
    pub fn end(&self, method: &'static str, route: Option<&str>, status: u16) {
        let Some(open) = &self.0 else { return };
        let mut span = open.span.lock().unwrap_or_else(PoisonError::into_inner);
        span.update_name(route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")));
        span.set_attribute(KeyValue::new("http.request.method", method));
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        span.set_attribute(KeyValue::new("nexus.request_id", open.id.clone()));
        if let Some(route) = route {
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// A write that is being done.
pub struct WriteSpan {
    tracing: &'static Tracing,
    work: String,
    began: SystemTime,
    did: SystemTime,
    actions: String,
    parent: Option<SpanContext>,
    good: bool,
}

impl WriteSpan {
    /// Begins.
    pub fn begin() -> Option<Self> {
        let (tracing, now) = (TRACING.get()?, SystemTime::now());
        let (work, actions) = (String::new(), String::new());
        Some(Self { tracing, work, began: now, did: now, actions, parent: None, good: false })
    }

    /// Has done its work, or given it up. The request it was for is known by what it told the audit log.
    pub fn did(&mut self, work: String, actions: String, request_id: Option<&str>, good: bool) {
        self.did = SystemTime::now();
        self.parent = request_id.and_then(|id| self.tracing.open().get(id).cloned());
        (self.work, self.actions, self.good) = (work, actions, good);
    }
}

/// Writes of one commit have ended.
pub fn written(writes: Vec<WriteSpan>, committed: bool) {
    let (now, together) = (SystemTime::now(), i64::try_from(writes.len()).unwrap_or(i64::MAX));
    for write in writes {
        let WriteSpan { tracing, work, began, did, actions, parent, good } = write;
        let parent = parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let waited = now.duration_since(did).unwrap_or_default().as_secs_f64();
        let mut attributes = vec![
            KeyValue::new("db.system.name", "sqlite"),
            KeyValue::new("nexus.write.kept", good && committed),
            KeyValue::new("nexus.write.commit_seconds", waited),
            KeyValue::new("nexus.write.together", together),
        ];
        if !actions.is_empty() {
            attributes.push(KeyValue::new("nexus.write.actions", actions));
        }
        let span = SpanBuilder::from_name(format!("write {work}")).with_start_time(began).with_attributes(attributes);
        let mut span = tracing.start(span, &parent);
        if !committed {
            span.set_status(Status::error("the commit failed"));
        }
        span.end_with_timestamp(now);
    }
}

/// A statement that reads took long.
pub fn read_was_slow(sql: &str, took: Duration) {
    let Some(tracing) = TRACING.get() else { return };
    let now = SystemTime::now();
    let attributes = vec![KeyValue::new("db.system.name", "sqlite"), KeyValue::new("db.query.text", sql.to_owned())];
    let span = SpanBuilder::from_name("slow read").with_kind(SpanKind::Client).with_attributes(attributes);
    let mut span = tracing.start(span.with_start_time(now - took), &Context::new());
    span.end_with_timestamp(now);
}
