//! Samples deleted from a block since it was written.

/// A closed range of time, Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub min_ms: i64,
    pub max_ms: i64,
}
