//! Where the evaluator gets its series. The stores implement this; `promql` knows none of them.
//!
//! A selection is made in two steps: first the labels of what matches, then, in ranges that threads can share, the
//! samples. Sample buffers are lent, not given, so that a source can decode page after page into the same memory.

use model::{Labels, Matcher, Samples};
use std::ops::Range;

/// What to read: series that pass all matchers, and of them the samples in `start_ms < t <= end_ms`.
#[derive(Clone, Debug)]
pub struct Selection {
    pub matchers: Vec<Matcher>,
    /// Exclusive. Unix milliseconds.
    pub start_ms: i64,
    /// Inclusive. Unix milliseconds.
    pub end_ms: i64,
    pub hints: Hints,
}

/// What the query does with the series: a source may use it (downsampling, remote read) or not.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Step of the query, 0 for an instant query.
    pub step_ms: i64,
    /// Range of the selector, 0 for an instant selector.
    pub range_ms: i64,
    /// The function or aggregation directly around the selector.
    pub function: Option<String>,
    /// Labels of the aggregation directly around the selector.
    pub grouping: Vec<String>,
    /// Whether `grouping` says what stays (`by`) or what goes (`without`).
    pub by: bool,
}

/// A store of series.
pub trait SeriesSource: Send + Sync {
    /// Finds what matches.
    fn select(&self, selection: &Selection) -> Result<Box<dyn SeriesSet>, SourceError>;
}

/// The series of one selection, sorted by labels, each once.
pub trait SeriesSet: Send + Sync {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn labels(&self, index: usize) -> &Labels;

    /// Reads series of a range of indexes in any order, each once; several threads may read at once.
    /// A visitor's error ends the reading and is returned.
    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError>;

    /// What the source has to say beside the series (for instance that a remote did not answer).
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a source could not answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SourceError {
    /// The query was cancelled, ran out of time or over a limit: the evaluator knows which.
    #[error("query stopped")]
    Stopped,
    /// The store failed.
    #[error("{0}")]
    Storage(String),
}
