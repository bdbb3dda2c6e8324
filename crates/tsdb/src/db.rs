//! The store as its users see it.

use crate::appender::{Appender, SeriesRef};
use crate::block::BlockMeta;
use crate::error::{AdminError, OpenError, ReadError};
use crate::options::Options;
use crate::selected::{Selected, SelectedSeries};
use crate::stats::{Cardinality, HeadStats, Recovery};
use model::{Exemplar, HistogramSample, Labels, Matcher, Metadata};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An open store. Cloning is cheap; clones are the same store.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    options: Options,
    recovery: Recovery,
    naive: Mutex<Naive>,
}

#[derive(Default)]
pub(crate) struct Naive {
    pub keys: HashMap<u128, SeriesRef>,
    pub by_labels: BTreeMap<Labels, SeriesRef>,
    pub series: Vec<(Labels, NaiveSeries)>,
    pub metadata: BTreeMap<String, Metadata>,
}

#[derive(Default)]
pub(crate) struct NaiveSeries {
    pub floats: BTreeMap<i64, (i64, f64)>,
    pub histograms: BTreeMap<i64, HistogramSample>,
    pub exemplars: Vec<Exemplar>,
}

impl Db {
    /// Opens or creates the store under `options.dir`: opens its blocks and replays its log.
    pub fn open(options: Options) -> Result<Db, OpenError> {
        Ok(Db(Arc::new(Inner { options, recovery: Recovery::default(), naive: Mutex::default() })))
    }

    /// What [`Db::open`] found and what it had to leave.
    pub fn recovery(&self) -> &Recovery {
        &self.0.recovery
    }

    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Starts a batch.
    pub fn appender(&self) -> Appender {
        Appender::new(self.clone())
    }

    pub(crate) fn naive(&self) -> MutexGuard<'_, Naive> {
        self.0.naive.lock()
    }

    /// The series that pass all matchers, with their samples in `start_ms_exclusive < t <= end_ms_inclusive`.
    pub fn select(
        &self,
        matchers: &[Matcher],
        start_ms_exclusive: i64,
        end_ms_inclusive: i64,
    ) -> Result<Selected, ReadError> {
        let naive = self.naive();
        let mut series = Vec::new();
        let range =
            (std::ops::Bound::Excluded(start_ms_exclusive), std::ops::Bound::Included(end_ms_inclusive));
        for (labels, at) in &naive.by_labels {
            if start_ms_exclusive >= end_ms_inclusive || !passes(labels, matchers) {
                continue;
            }
            let data = &naive.series[at.0 as usize].1;
            let floats: Vec<_> = data.floats.range(range).collect();
            let histograms: Vec<_> = data.histograms.range(range).map(|(_, h)| h.clone()).collect();
            if floats.is_empty() && histograms.is_empty() {
                continue;
            }
            series.push(SelectedSeries {
                labels: labels.clone(),
                timestamps: floats.iter().map(|(t, _)| **t).collect(),
                values: floats.iter().map(|(_, (_, v))| *v).collect(),
                starts: floats.iter().map(|(_, (s, _))| *s).collect(),
                histograms,
            });
        }
        Ok(Selected { series })
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
        let mut found = BTreeSet::new();
        for set in matcher_sets {
            let selected = self.select(set, start_ms.saturating_sub(1), end_ms)?;
            found.extend((0..selected.len()).map(|i| selected.labels(i).clone()));
        }
        Ok(take(found, limit))
    }

    /// Names of labels of series that pass one of the sets (no set: of all), ascending.
    pub fn label_names(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let all = [Vec::new()];
        let sets = if matcher_sets.is_empty() { &all } else { matcher_sets };
        let series = self.series(sets, start_ms, end_ms, 0)?;
        let names = series.iter().flat_map(|l| l.iter().map(|(n, _)| n.to_owned())).collect();
        Ok(take(names, limit))
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
        let all = [Vec::new()];
        let sets = if matcher_sets.is_empty() { &all } else { matcher_sets };
        let series = self.series(sets, start_ms, end_ms, 0)?;
        let values = series.iter().filter_map(|l| l.get(name).map(str::to_owned)).collect();
        Ok(take(values, limit))
    }

    /// Exemplars of series that pass one of the sets, in `start_ms ..= end_ms`, by series, ascending in time.
    pub fn exemplars(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        let naive = self.naive();
        let mut found = Vec::new();
        for (labels, at) in &naive.by_labels {
            let inside = |e: &&Exemplar| e.timestamp.is_none_or(|t| start_ms <= t && t <= end_ms);
            let all: Vec<_> =
                naive.series[at.0 as usize].1.exemplars.iter().filter(inside).cloned().collect();
            if !all.is_empty() && matcher_sets.iter().any(|set| passes(labels, set)) {
                found.push((labels.clone(), all));
            }
        }
        found
    }

    /// Type, help and unit by metric family, sorted.
    pub fn metadata(&self) -> Vec<(String, Metadata)> {
        self.naive().metadata.iter().map(|(f, m)| (f.clone(), m.clone())).collect()
    }

    /// Deletes the samples in `start_ms ..= end_ms` of the series that pass all matchers of one of the sets.
    pub fn delete_series(
        &self,
        matcher_sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), AdminError> {
        for (labels, data) in &mut self.naive().series {
            if matcher_sets.iter().any(|set| passes(labels, set)) {
                data.floats.retain(|t, _| *t < start_ms || *t > end_ms);
                data.histograms.retain(|t, _| *t < start_ms || *t > end_ms);
            }
        }
        Ok(())
    }

    /// Rewrites the blocks that hold deleted samples, so that their space is free again.
    pub fn clean_tombstones(&self) -> Result<(), AdminError> {
        Ok(())
    }

    /// Makes `snapshots/<name>` with all blocks and, unless it is to be left out, the head. Returns the name.
    pub fn snapshot(&self, skip_head: bool) -> Result<String, AdminError> {
        let _ = skip_head;
        let name = format!("{}", self.0.options.clock.now_ms());
        base::disk::create_dir_all(&self.0.options.dir.join("snapshots").join(&name))
            .map_err(AdminError::io)?;
        Ok(name)
    }

    pub fn head_stats(&self) -> HeadStats {
        HeadStats { series: self.naive().series.len() as u64, ..HeadStats::default() }
    }

    /// The `limit` largest of each list.
    pub fn cardinality(&self, limit: usize) -> Cardinality {
        let _ = limit;
        Cardinality { series: self.naive().series.len() as u64, ..Cardinality::default() }
    }

    /// The open blocks, oldest first.
    pub fn blocks(&self) -> Vec<BlockMeta> {
        Vec::new()
    }

    /// Writes the head to blocks now.
    pub fn flush(&self) -> Result<(), AdminError> {
        Ok(())
    }

    /// Does the merges that are due now, until none is.
    pub fn compact(&self) -> Result<(), AdminError> {
        Ok(())
    }

    /// Does what is due now: flush, merge, retention. Only needed with [`crate::Background::Manual`].
    pub fn tick(&self) -> Result<(), AdminError> {
        Ok(())
    }

    /// Syncs the log and ends the threads. Commits fail from now on; reads go on.
    pub fn close(&self) {}
}

fn passes(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|m| m.matches(labels.value(m.name())))
}

fn take<T>(all: BTreeSet<T>, limit: usize) -> Vec<T> {
    let limit = if limit == 0 { usize::MAX } else { limit };
    all.into_iter().take(limit).collect()
}
