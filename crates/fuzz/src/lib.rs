//! Fuzz targets of every decoder: functions that take any bytes and must come back.
//!
//! A target asserts what holds for whatever it is given (what was accepted is well formed, what is written reads
//! back, two ways to read agree), and must not panic, hang, or take memory out of proportion. The same functions
//! are run in two ways:
//!
//! - `cargo test -p fuzz`: thousands of mutations of the seeds, the same in every run (`tests/smoke.rs`);
//! - with cargo-fuzz and a nightly compiler, coverage-guided and without end: `cd crates/fuzz && cargo +nightly fuzz
//!   run NAME`. Its crate lies in `fuzz/`, outside the workspace, because it does not build on stable.
//!
//! A crash found either way becomes a seed here and a case in the tests of the decoder.

mod exposition;
pub mod mutate;
mod otlp;
mod query;
mod remote;
mod store;

/// One decoder under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Of its cargo-fuzz program too.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Good inputs, of which mutations are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Peak of memory: so much a byte of input …
    pub bytes_a_byte_max: u64,
    /// … and so much whatever the input.
    pub bytes_max: u64,
    /// Mutations in a test run: fewer where each costs files.
    pub rounds: u32,
}

/// A target whose decoder borrows from its input: what it builds is a small multiple of it.
const BORROWING: Target =
    Target { name: "", run: |_| {}, seeds: Vec::new, bytes_a_byte_max: 64, bytes_max: 1 << 20, rounds: 3000 };

/// All targets.
pub const TARGETS: [Target; 19] = [
    Target { name: "text", run: exposition::text, seeds: exposition::text_seeds, ..BORROWING },
    Target { name: "openmetrics", run: exposition::openmetrics, seeds: exposition::text_seeds, ..BORROWING },
    Target { name: "protobuf", run: exposition::protobuf, seeds: exposition::protobuf_seeds, ..BORROWING },
    Target {
        name: "content_type",
        run: exposition::content_type,
        seeds: exposition::content_type_seeds,
        ..BORROWING
    },
    Target { name: "snappy", run: remote::snappy, seeds: remote::snappy_seeds, ..BORROWING },
    Target { name: "write_v1", run: remote::write_v1, seeds: remote::write_v1_seeds, ..BORROWING },
    Target { name: "write_v2", run: remote::write_v2, seeds: remote::write_v2_seeds, ..BORROWING },
    // A regular expression may be compiled into 100 MiB: the limit of `model::Matcher`.
    Target { name: "read", run: remote::read, seeds: remote::read_seeds, bytes_max: 256 << 20, ..BORROWING },
    Target { name: "xor_chunk", run: remote::xor_chunk, seeds: remote::xor_chunk_seeds, ..BORROWING },
    Target {
        name: "promql",
        run: query::promql,
        seeds: query::promql_seeds,
        bytes_max: 256 << 20,
        bytes_a_byte_max: 4096,
        ..BORROWING
    },
    Target {
        name: "promql_series",
        run: query::series,
        seeds: query::series_seeds,
        bytes_max: 64 << 20,
        ..BORROWING
    },
    // A regular expression may be compiled into 1 MiB, and a query has several.
    Target {
        name: "search",
        run: query::search,
        seeds: query::search_seeds,
        bytes_max: 64 << 20,
        bytes_a_byte_max: 4096,
        ..BORROWING
    },
    // Rows of a batch, the records of it that own their texts, and what is written of them, twice.
    Target {
        name: "otlp_traces",
        run: otlp::traces,
        seeds: otlp::traces_seeds,
        bytes_a_byte_max: 512,
        ..BORROWING
    },
    Target {
        name: "otlp_logs",
        run: otlp::logs,
        seeds: otlp::logs_seeds,
        bytes_a_byte_max: 512,
        ..BORROWING
    },
    Target {
        name: "otlp_metrics",
        run: otlp::metrics,
        seeds: otlp::metrics_seeds,
        bytes_a_byte_max: 128,
        ..BORROWING
    },
    Target { name: "otlp_json", run: otlp::json, seeds: otlp::json_seeds, ..BORROWING },
    Target {
        name: "zipkin",
        run: otlp::zipkin,
        seeds: otlp::zipkin_seeds,
        bytes_a_byte_max: 128,
        ..BORROWING
    },
    Target { name: "wal", run: store::wal, seeds: store::wal_seeds, rounds: 500, ..BORROWING },
    Target {
        name: "block",
        run: store::block,
        seeds: store::block_seeds,
        bytes_max: 64 << 20,
        rounds: 500,
        ..BORROWING
    },
];

/// Runs one target by name: what the cargo-fuzz programs call.
///
/// # Panics
/// When there is no such target, and when the target finds something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|t| t.name == name).expect("a target of this name");
    (target.run)(data);
}
