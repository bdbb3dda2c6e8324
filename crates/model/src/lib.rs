//! The things Pharos stores, as every other crate knows them: labels, samples, histograms, exemplars, metadata,
//! and wide events.
//!
//! Pure data. No I/O, no serialisation, no clock: what goes over a wire or onto a disk has types of its own in
//! `wire`, `wal` and `tsdb`, converted by hand, so that nothing here is bound to a format.
//!
//! Times are Unix milliseconds (`i64`) unless a name says otherwise.

pub mod event;
pub mod exemplar;
pub mod histogram;
pub mod labels;
pub mod matcher;
pub mod metadata;
pub mod number;
pub mod sample;

pub use exemplar::Exemplar;
pub use histogram::{CounterResetHint, FloatHistogram, Histogram, Span};
pub use labels::{Labels, LabelsBuilder, METRIC_NAME};
pub use matcher::{MatchOp, Matcher, MatcherError};
pub use metadata::{Metadata, MetricType};
pub use sample::{HistogramSample, STALE_NAN_BITS, Samples, is_stale, stale_nan};
