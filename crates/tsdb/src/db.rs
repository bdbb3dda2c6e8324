//! The store as its users see it.

use crate::appender::Appender;
use crate::background;
use crate::block::BlockMeta;
use crate::error::{AdminError, OpenError, ReadError};
use crate::observer::Observer;
use crate::open;
use crate::options::{Background, Options};
use crate::selected::Selected;
use crate::stats::{Cardinality, HeadStats, Recovery};
use crate::store::Store;
use model::{Exemplar, Labels, Matcher, Metadata};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// An open store. Cloning is cheap; clones are the same store, which is closed with the last of them.
#[derive(Clone)]
pub struct Db(Arc<Handle>);

struct Handle {
    store: Arc<Store>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Db {
    /// Opens or creates the store under `options.dir`: opens its blocks and replays its log.
    pub fn open(options: Options) -> Result<Db, OpenError> {
        let background = options.background;
        let store = Arc::new(open::open(options)?);
        let threads = match background {
            Background::Threads => background::start(&store),
            Background::Manual => Vec::new(),
        };
        Ok(Db(Arc::new(Handle { store, threads: Mutex::new(threads) })))
    }

    /// What [`Db::open`] found and what it had to leave.
    pub fn recovery(&self) -> &Recovery {
        &self.0.store.recovery
    }

    pub fn options(&self) -> &Options {
        &self.0.store.options
    }

    /// Tells this observer of every batch that is taken from now on. The first one stays; later ones are not told.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.0.store.observer.set(observer);
    }

    /// Starts a batch.
    pub fn appender(&self) -> Appender {
        Appender::new(Arc::clone(&self.0.store))
    }

    /// The series that pass all matchers, with their samples in `start_ms_exclusive < t <= end_ms_inclusive`. Series
    /// that turn out to have none there may be among them.
    pub fn select(
        &self,
        matchers: &[Matcher],
        start_ms_exclusive: i64,
        end_ms_inclusive: i64,
    ) -> Result<Selected, ReadError> {
        self.0.store.select(matchers, start_ms_exclusive, end_ms_inclusive)
    }

    /// The label sets that pass all matchers of at least one set and have samples in `start_ms ..= end_ms`,
    /// sorted. No set selects nothing; `limit` 0 is no limit.
    pub fn series(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError> {
        self.0.store.series(matcher_sets, start_ms, end_ms, limit)
    }

    /// Names of labels of series that pass one of the sets (no set: of all), ascending. Times choose blocks and
    /// head as a whole, as in Prometheus.
    pub fn label_names(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        self.0.store.label_names(matcher_sets, start_ms, end_ms, limit)
    }

    /// Values of a label among the series that pass one of the sets (no set: of all), ascending.
    pub fn label_values(
        &self,
        name: &str,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        self.0.store.label_values(name, matcher_sets, start_ms, end_ms, limit)
    }

    /// Exemplars of series that pass one of the sets, in `start_ms ..= end_ms`, by series, in the order they came.
    pub fn exemplars(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        self.0.store.exemplars.lock().select(matcher_sets, start_ms, end_ms)
    }

    /// Type, help and unit by metric family, sorted.
    pub fn metadata(&self) -> Vec<(String, Metadata)> {
        self.0.store.metadata.lock().iter().map(|(f, m)| (f.clone(), m.clone())).collect()
    }

    /// Deletes the samples in `start_ms ..= end_ms` of the series that pass all matchers of one of the sets.
    pub fn delete_series(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), AdminError> {
        self.0.store.delete_series(matcher_sets, start_ms, end_ms)
    }

    /// Rewrites the blocks that hold deleted samples, so that their space is free again.
    pub fn clean_tombstones(&self) -> Result<(), AdminError> {
        self.0.store.clean_tombstones()
    }

    /// Makes `snapshots/<name>`, a directory that can be opened as a store, with all blocks and, unless it is to
    /// be left out, the head, which is flushed for it. Returns the name.
    pub fn snapshot(&self, skip_head: bool) -> Result<String, AdminError> {
        self.0.store.snapshot(skip_head)
    }

    pub fn head_stats(&self) -> HeadStats {
        self.0.store.head_stats()
    }

    /// The `limit` largest of each list, of the head.
    pub fn cardinality(&self, limit: usize) -> Cardinality {
        self.0.store.cardinality(limit)
    }

    /// The open blocks, by time.
    pub fn blocks(&self) -> Vec<BlockMeta> {
        let mut metas: Vec<_> = self.0.store.view().blocks.iter().map(|b| b.meta().clone()).collect();
        metas.sort_by_key(|m| (m.min_ms, m.max_ms, m.id));
        metas
    }

    /// Writes the head to blocks now.
    pub fn flush(&self) -> Result<(), AdminError> {
        self.0.store.flush()
    }

    /// Does the merges that are due now, until none is.
    pub fn compact(&self) -> Result<(), AdminError> {
        self.0.store.compact()
    }

    /// Does what is due now: flush, merge, retention. Only needed with [`crate::Background::Manual`].
    pub fn tick(&self) -> Result<(), AdminError> {
        self.0.store.tick()
    }

    /// Syncs the log and ends the threads. Commits fail from now on; reads go on. What is in the head stays in the
    /// log and is replayed at the next start.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Handle {
    fn close(&self) {
        if self.store.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        // Whoever commits now has passed the question whether the store is closed: wait for them.
        drop(self.store.gate.write());
        self.store.stopper.stop();
        self.store.bell.ring();
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join();
        }
        if let Err(error) = self.store.log.sync_all() {
            tracing::error!(%error, "the log could not be synced at the end");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
