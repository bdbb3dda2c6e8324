//! Figures about the store, for `/api/v1/status/tsdb`, `/metrics` and the screen.

/// The head as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadStats {
    pub series: u64,
    pub label_pairs: u64,
    /// Runs of samples that share a timeline.
    pub chunks: u64,
    /// Samples held, floats and histograms.
    pub samples: u64,
    /// First and last sample held, Unix milliseconds; `None` when it is empty.
    pub min_ms: Option<i64>,
    pub max_ms: Option<i64>,
    /// Memory held, estimated.
    pub bytes: u64,
    /// Length of the log on disk.
    pub wal_bytes: u64,
    pub exemplars: u64,
    /// Since the store was opened.
    pub samples_appended: u64,
    pub samples_out_of_order: u64,
    pub series_created: u64,
    pub series_removed: u64,
    pub flushes: u64,
    pub flushes_failed: u64,
    pub merges: u64,
    pub merges_failed: u64,
}

/// The four top lists of the head, each descending by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cardinality {
    pub series: u64,
    pub label_pairs: u64,
    pub series_by_metric: Vec<(String, u64)>,
    pub values_by_label: Vec<(String, u64)>,
    pub bytes_by_label: Vec<(String, u64)>,
    /// `name=value`
    pub series_by_pair: Vec<(String, u64)>,
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    pub replayed_samples: u64,
    pub replayed_series: u64,
    pub replayed_bytes: u64,
    pub took_ms: u64,
    /// Bytes of the log that could not be read: one entry a place, each logged as well.
    pub damage: Vec<Damage>,
    /// Block files that could not be opened, with the reason; they are left where they are.
    pub bad_blocks: Vec<(std::path::PathBuf, String)>,
}

/// A part of the log that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: std::path::PathBuf,
    /// Where the last good record ends.
    pub offset: u64,
    pub dropped_bytes: u64,
    pub reason: String,
}
