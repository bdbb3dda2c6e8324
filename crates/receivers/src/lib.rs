//! What brings telemetry in over the network, from the decoded message to the disk: OTLP, Zipkin and Jaeger.
//!
//! ```text
//!  spans, logs (model::event::Batch) ──▶ EventReceiver ──▶ times checked, errors found ──▶ EventSink (the event store)
//!                                             └─▶ Derived: RED metrics, service graph ──▶ tsdb, every interval
//!  metrics (OTLP message) ─────────────▶ MetricReceiver ──▶ series ──▶ tsdb
//! ```
//!
//! Modules: `source` (the doors), `outcome` (what became of a request), `ledger` (what was taken and turned away, as
//! counters and as a table), `events`, `metrics`, `derived`, `sampling` (how much of its traces a client should send).
//!
//! Whoever gets an `Ok` finds on disk what was accepted. Nothing here knows of HTTP, gRPC or JSON bodies: `wire`
//! decodes, `api` speaks.

mod derived;
mod events;
mod ledger;
mod metrics;
mod outcome;
mod own;
mod sampling;
mod sink;
mod source;

pub use derived::{Derived, DerivedOptions, DerivedStats};
pub use events::{EventLimits, EventReceiver};
pub use ledger::{Ledger, Reason, ReceiverRow, RefusalRow};
pub use metrics::{DeltaLimits, MetricOptions, MetricReceiver};
pub use outcome::{MESSAGES_MAX, Outcome, Refused};
pub use own::{Own, OwnLayer, OwnWriter};
pub use sampling::{OperationRate, PerOperation, Strategies, StrategiesError, Strategy, StrategyKind};
pub use sink::EventSink;
pub use source::{Signal, Source};
