//! Prometheus's chunk encodings, as streamed remote read sends them: XOR for floats, float histograms.
//!
//! Layouts: `tsdb/docs/format/chunks.md` of prometheus/prometheus. A chunk holds up to 65,535 samples; we cut at
//! [`SAMPLES_MAX`], as Prometheus aims to. Reading is there for tests and for tools that look at what was sent.

mod bits;
pub mod histogram;
pub mod xor;

pub use histogram::encode_histograms;
pub use xor::{decode_xor, encode_xor};

/// Samples a chunk: what Prometheus aims for.
pub const SAMPLES_MAX: usize = 120;

/// The numbers of the encodings in `prometheus.Chunk.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Xor = 1,
    FloatHistogram = 3,
}

/// An encoded chunk and the time it covers, both ends inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub encoding: Encoding,
    pub min_time_ms: i64,
    pub max_time_ms: i64,
    pub data: Vec<u8>,
}
