//! What a store is opened with.

use base::{Budget, Clock};
use model::Matcher;
use std::path::PathBuf;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// See the fields; [`Options::new`] has Prometheus's defaults.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything lies under it: `wal/`, `blocks/`, `snapshots/`.
    pub dir: PathBuf,
    /// Where snapshots are made; on the same file system as `dir`, because blocks are linked. `None`: `dir/snapshots`.
    pub snapshots: Option<PathBuf>,
    pub clock: Clock,
    /// What the head and reads may hold in memory.
    pub budget: Budget,
    /// Blocks whose last sample is older than the newest sample by more than this are deleted.
    pub retention_ms: i64,
    /// The oldest blocks are deleted while blocks and log together are larger.
    pub retention_bytes: Option<u64>,
    /// Shorter lives for some series; the first rule that matches a series counts.
    pub keep: Vec<KeepRule>,
    /// How much older than the newest sample of the store a sample may be that does not come in order; 0 for none.
    pub out_of_order_window_ms: i64,
    /// Accept samples of any age for series that have none newer (imports, 1970, replayed scripts).
    pub accept_any_time: bool,
    /// Exemplars held in all; 0 for none.
    pub exemplars_max: usize,
    /// Series in the head.
    pub series_max: Option<u64>,
    /// Span of the smallest whole block.
    pub block_range_ms: i64,
    /// The head is written to a block when it holds this many samples, so that what a crash leaves in the log is
    /// replayed in under a second: 20 million samples at 30 million a second.
    pub head_samples_max: u64,
    /// Length at which a segment of the log is closed.
    pub wal_segment_bytes: u64,
    pub background: Background,
}

/// Who flushes, merges and deletes what is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Threads of the store's own, until [`crate::Db::close`].
    Threads,
    /// Whoever calls [`crate::Db::tick`]: for tests, and for tools that only read.
    Manual,
}

/// A shorter life for the series that pass all matchers.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepRule {
    pub matchers: Vec<Matcher>,
    /// Samples older than the newest of the store by more than this are dropped.
    pub keep_ms: i64,
    pub downsample: Option<Downsample>,
}

/// Of samples older than `after_ms` keep one a `step_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downsample {
    pub after_ms: i64,
    pub step_ms: i64,
}

impl Options {
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        Options {
            dir: dir.into(),
            snapshots: None,
            clock: Clock::system(),
            budget: Budget::new("metrics", 4 << 30),
            retention_ms: 15 * DAY_MS,
            retention_bytes: None,
            keep: Vec::new(),
            out_of_order_window_ms: 0,
            accept_any_time: false,
            exemplars_max: 100_000,
            series_max: None,
            block_range_ms: 2 * HOUR_MS,
            head_samples_max: 20_000_000,
            wal_segment_bytes: 64 << 20,
            background: Background::Threads,
        }
    }
}
