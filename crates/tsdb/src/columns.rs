//! The samples of one series as columns in memory: what reads fill, merge and lend.

use model::{HistogramSample, Samples};

/// Reused from series to series. Timestamps ascend strictly within floats and within histograms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub timestamps: Vec<i64>,
    pub values: Vec<f64>,
    /// Empty, or as long as `timestamps`.
    pub starts: Vec<i64>,
    pub histograms: Vec<HistogramSample>,
}

impl Columns {
    pub fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
        self.starts.clear();
        self.histograms.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty() && self.histograms.is_empty()
    }

    pub fn samples(&self) -> Samples<'_> {
        Samples {
            timestamps: &self.timestamps,
            values: &self.values,
            start_timestamps: &self.starts,
            histograms: &self.histograms,
        }
    }

    /// Adds samples of the same series that were written after those here. Of samples at one time the newer
    /// write is kept, be it a float or a histogram.
    pub fn merge(&mut self, newer: Samples<'_>) {
        if newer.timestamps.is_empty() && newer.histograms.is_empty() {
            return;
        }
        let mixed = !self.histograms.is_empty() || !newer.histograms.is_empty();
        self.merge_floats(newer);
        self.merge_histograms(newer.histograms);
        if mixed {
            self.drop_doubles(newer);
        }
    }

    fn merge_floats(&mut self, newer: Samples<'_>) {
        let Some(first) = newer.timestamps.first() else { return };
        let with_starts = !self.starts.is_empty() || !newer.start_timestamps.is_empty();
        if with_starts {
            self.starts.resize(self.timestamps.len(), 0);
        }
        // What is newer nearly always lies behind: then it is a copy.
        if self.timestamps.last().is_none_or(|last| last < first) {
            self.timestamps.extend_from_slice(newer.timestamps);
            self.values.extend_from_slice(newer.values);
            if with_starts {
                self.starts.extend_from_slice(newer.start_timestamps);
                self.starts.resize(self.timestamps.len(), 0);
            }
            return;
        }
        let keep = self.timestamps.partition_point(|t| t < first);
        let old_timestamps = self.timestamps.split_off(keep);
        let old_values = self.values.split_off(keep);
        let old_starts = if with_starts { self.starts.split_off(keep) } else { Vec::new() };
        let new_start = |i: usize| newer.start_timestamps.get(i).copied().unwrap_or(0);
        let mut old = 0;
        for (i, t) in newer.timestamps.iter().enumerate() {
            while old < old_timestamps.len() && old_timestamps[old] <= *t {
                if old_timestamps[old] < *t {
                    self.timestamps.push(old_timestamps[old]);
                    self.values.push(old_values[old]);
                    self.starts.extend(old_starts.get(old));
                }
                old += 1;
            }
            self.timestamps.push(*t);
            self.values.push(newer.values[i]);
            if with_starts {
                self.starts.push(new_start(i));
            }
        }
        self.timestamps.extend_from_slice(&old_timestamps[old..]);
        self.values.extend_from_slice(&old_values[old..]);
        if with_starts {
            self.starts.extend_from_slice(&old_starts[old..]);
        }
    }

    fn merge_histograms(&mut self, newer: &[HistogramSample]) {
        let Some(first) = newer.first() else { return };
        let keep = self.histograms.partition_point(|h| h.timestamp < first.timestamp);
        let mut old = self.histograms.split_off(keep).into_iter().peekable();
        for sample in newer {
            while let Some(before) = old.next_if(|h| h.timestamp <= sample.timestamp) {
                if before.timestamp < sample.timestamp {
                    self.histograms.push(before);
                }
            }
            self.histograms.push(sample.clone());
        }
        self.histograms.extend(old);
    }

    /// A time that has both a float and a histogram keeps the one that `newer` brought.
    fn drop_doubles(&mut self, newer: Samples<'_>) {
        let newer_is_float = |t: i64| newer.timestamps.binary_search(&t).is_ok();
        let timestamps = &self.timestamps;
        self.histograms
            .retain(|h| timestamps.binary_search(&h.timestamp).is_err() || !newer_is_float(h.timestamp));
        let histograms = &self.histograms;
        let has_histogram = |t: i64| histograms.binary_search_by_key(&t, |h| h.timestamp).is_ok();
        if self.timestamps.iter().any(|t| has_histogram(*t)) {
            let keep: Vec<bool> = self.timestamps.iter().map(|t| !has_histogram(*t)).collect();
            retain(&mut self.timestamps, &keep);
            retain(&mut self.values, &keep);
            retain(&mut self.starts, &keep);
        }
    }

    /// Removes the samples in `min_ms ..= max_ms`. Returns whether there were any.
    pub fn remove(&mut self, min_ms: i64, max_ms: i64) -> bool {
        let from = self.timestamps.partition_point(|t| *t < min_ms);
        let to = self.timestamps.partition_point(|t| *t <= max_ms).max(from);
        self.timestamps.drain(from..to);
        self.values.drain(from..to);
        if !self.starts.is_empty() {
            self.starts.drain(from..to);
        }
        let before = self.histograms.len();
        self.histograms.retain(|h| h.timestamp < min_ms || h.timestamp > max_ms);
        to > from || self.histograms.len() < before
    }

    /// Keeps the floats from index `base` on whose time is in `start_excl < t <= end_incl`; those before `base` stay.
    pub fn clip_floats(&mut self, base: usize, start_excl: i64, end_incl: i64) {
        let to = base + self.timestamps[base..].partition_point(|t| *t <= end_incl);
        self.timestamps.truncate(to);
        self.values.truncate(to);
        let from = base + self.timestamps[base..].partition_point(|t| *t <= start_excl);
        if from > base {
            self.timestamps.drain(base..from);
            self.values.drain(base..from);
        }
    }
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    column.retain(|_| *keep.next().unwrap_or(&true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn columns(samples: &BTreeMap<i64, (bool, i64)>, starts: bool) -> Columns {
        let mut c = Columns::default();
        for (t, (histogram, n)) in samples {
            if *histogram {
                let histogram = Arc::new(model::FloatHistogram { sum: *n as f64, ..Default::default() });
                c.histograms.push(HistogramSample { timestamp: *t, start_timestamp: 0, histogram });
            } else {
                c.timestamps.push(*t);
                c.values.push(*n as f64);
                if starts {
                    c.starts.push(*n);
                }
            }
        }
        c
    }

    fn samples() -> impl Strategy<Value = BTreeMap<i64, (bool, i64)>> {
        prop::collection::btree_map(0i64..30, (any::<bool>(), 1i64..1000), 0..20)
    }

    proptest! {
        #[test]
        fn newer_wins(old in samples(), new in samples(), starts in any::<(bool, bool)>()) {
            let mut merged = columns(&old, starts.0);
            let newer = columns(&new, starts.1);
            merged.merge(newer.samples());
            let mut want = old.clone();
            want.extend(new.clone());
            let mut got = BTreeMap::new();
            for (i, t) in merged.timestamps.iter().enumerate() {
                prop_assert!(got.insert(*t, (false, merged.values[i] as i64)).is_none());
                if !merged.starts.is_empty() {
                    let has = if new.contains_key(t) { starts.1 } else { starts.0 };
                    prop_assert_eq!(merged.starts[i], if has { merged.values[i] as i64 } else { 0 });
                }
            }
            for h in &merged.histograms {
                prop_assert!(got.insert(h.timestamp, (true, h.histogram.sum as i64)).is_none());
            }
            prop_assert_eq!(got, want);
            prop_assert!(merged.timestamps.is_sorted() && merged.histograms.is_sorted_by_key(|h| h.timestamp));
        }
    }
}
