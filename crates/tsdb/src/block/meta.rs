//! What is said of a block as a whole.

use crate::block::BlockId;

/// Kept in the block's footer and in memory while it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockMeta {
    pub id: BlockId,
    /// 0 for what a head flushed; a merge is one above its highest source.
    pub level: u8,
    /// Time of the first sample, Unix milliseconds.
    pub min_ms: i64,
    /// Time of the last sample, inclusive.
    pub max_ms: i64,
    pub series: u64,
    /// Floats and histograms together.
    pub samples: u64,
    pub histograms: u64,
    /// Length of the file.
    pub bytes: u64,
    /// The blocks this one was merged from, when they may still lie beside it after a crash.
    pub sources: Vec<BlockId>,
}

/// The top lists of `/api/v1/status/tsdb`, each descending by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelStats {
    pub series: u64,
    pub label_pairs: u64,
    pub series_by_metric: Vec<(String, u64)>,
    pub values_by_label: Vec<(String, u64)>,
    /// Bytes of the distinct values of a label.
    pub bytes_by_label: Vec<(String, u64)>,
    /// `name=value`
    pub series_by_pair: Vec<(String, u64)>,
}
