//! The store as the engine reads it.

use model::{Labels, Samples};
use parking_lot::Mutex;
use promql::{Selection, SeriesSet, SeriesSource, SourceError};
use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use tsdb::{Db, ReadError, Selected};

/// Damaged places that are remembered: enough to see that a disk is going, few enough to show.
const DAMAGE_MAX: usize = 100;

/// What reads found damaged, in words that name file and place. Cloning gives a handle to the same list.
#[derive(Clone, Default)]
pub struct Damage(Arc<Mutex<BTreeSet<String>>>);

impl Damage {
    /// Each place once.
    pub fn met(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }

    fn note(&self, error: &ReadError) {
        let mut met = self.0.lock();
        if met.len() < DAMAGE_MAX && matches!(error, ReadError::Block(_)) {
            met.insert(error.to_string());
        }
    }
}

/// A [`Db`] as a [`SeriesSource`].
pub struct StoreSource {
    pub db: Db,
    pub damage: Damage,
}

impl SeriesSource for StoreSource {
    fn select(&self, selection: &Selection) -> Result<Box<dyn SeriesSet>, SourceError> {
        let selected = self.db.select(&selection.matchers, selection.start_ms, selection.end_ms);
        let selected = selected.map_err(|e| storage(&self.damage, &e))?;
        Ok(Box::new(StoreSet { selected, damage: self.damage.clone() }))
    }
}

struct StoreSet {
    selected: Selected,
    damage: Damage,
}

impl SeriesSet for StoreSet {
    fn len(&self) -> usize {
        self.selected.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.selected.labels(index)
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut failed = None;
        self.selected
            .read(range, &mut |index, samples| match visit(index, samples) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            })
            .map_err(|e| storage(&self.damage, &e))?;
        failed.map_or(Ok(()), Err)
    }
}

fn storage(damage: &Damage, error: &ReadError) -> SourceError {
    damage.note(error);
    SourceError::Storage(error.to_string())
}
