//! Spans of OpenTelemetry: of each request, of each write and of reads that took long, given to a collector.
//!
//! They are part of a build with the feature `otel` alone; in any other these types are empty and cost nothing, so whoever
//! uses them need not ask. What is told is what the logs tell: routes and not addresses, statements and not values.

#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod on;

#[cfg(not(feature = "otel"))]
pub use off::{RequestSpan, WriteSpan, begin, read_was_slow, written};
#[cfg(feature = "otel")]
pub use on::{RequestSpan, WriteSpan, begin, read_was_slow, written};
