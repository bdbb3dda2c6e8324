//! Scraping: asking targets for their metrics on time, and storing what they say.
//!
//! A [`Manager`] has a pool for each job. A pool makes targets of what discovery finds ([`target`]) and runs a loop for
//! each ([`mod@runner`]): wait for the time, fetch ([`fetch`]), then parse, relabel, hold against limits and append
//! ([`ingest`]), and report how it went. A target that is slow makes only itself wait: fetching is a task of its own,
//! and a body that needs much of the CPU goes to a thread that may block, a few at a time.
//!
//! Invariants: one scrape is one batch in the store, its own report included; a series that a target no longer
//! exposes ends with a stale marker; a scrape that fails in the middle leaves nothing but the markers and its
//! report. The path of a sample that was there in the last scrape allocates nothing and reads no label
//! ([`cache`]).

pub mod advice;
mod buffers;
mod cache;
pub mod error;
mod failure_log;
mod fetch;
mod ingest;
mod job;
mod limits;
pub mod manager;
mod metadata;
mod metrics;
mod mutate;
mod own_thread;
mod pool;
mod report;
mod runner;
mod schedule;
pub mod target;

pub use error::ScrapeError;
pub use manager::{External, Manager, Options, RelabelSteps};
pub use metadata::FamilyMeta;
pub use pool::{DroppedTarget, TargetMetadata, TargetStatus};
pub use target::Health;
