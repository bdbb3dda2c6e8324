//! The store as the engine reads it.

use model::{Labels, Samples};
use promql::{Selection, SeriesSet, SeriesSource, SourceError};
use std::ops::{ControlFlow, Range};
use tsdb::{Db, ReadError, Selected};

/// A [`Db`] as a [`SeriesSource`].
pub struct StoreSource(pub Db);

impl SeriesSource for StoreSource {
    fn select(&self, selection: &Selection) -> Result<Box<dyn SeriesSet>, SourceError> {
        let selected =
            self.0.select(&selection.matchers, selection.start_ms, selection.end_ms).map_err(storage)?;
        Ok(Box::new(StoreSet(selected)))
    }
}

struct StoreSet(Selected);

impl SeriesSet for StoreSet {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.0.labels(index)
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut failed = None;
        self.0
            .read(range, &mut |index, samples| match visit(index, samples) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            })
            .map_err(storage)?;
        failed.map_or(Ok(()), Err)
    }
}

fn storage(error: ReadError) -> SourceError {
    SourceError::Storage(error.to_string())
}
