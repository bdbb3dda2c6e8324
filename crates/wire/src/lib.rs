//! Foreign bytes and what we make of them: codecs without I/O, a module a protocol.
//!
//! A decoder borrows from the bytes it is given, allocates nothing on the path of a sample, holds every length that
//! a peer declares against a named limit before it allocates, and says of what it refuses which series it was and
//! why. It knows nothing of sockets, stores or status codes.
//!
//! - [`exposition`]: what scrape targets answer: Prometheus text, OpenMetrics, protobuf; and writing the texts.
//! - [`remote`]: remote write 1.0 and 2.0, both directions; remote read.
//! - [`chunk`]: Prometheus's chunk encodings, for streamed remote read.
//! - [`otlp`]: spans, log records and metrics of OpenTelemetry, both encodings and both directions.
//! - [`zipkin`]: lists of spans, JSON and protobuf.
//! - [`histogram`], [`snappy`], [`proto`], [`number`]: what those are made of.

pub mod chunk;
pub mod exposition;
pub mod histogram;
pub mod number;
pub mod otlp;
pub mod proto;
pub mod remote;
pub mod snappy;
pub mod unpack;
pub mod zipkin;
