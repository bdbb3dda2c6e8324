//! Who sees what was taken: remote write out.
//!
//! An observer is told on the thread of the commit, after readers can see the batch and before the commit returns. It
//! must be quick and cannot object. Nothing is put together for it while it wants nothing.

use crate::batch::Batch;
use crate::store::Store;
use crate::{Committed, SeriesRef};
use model::{Exemplar, HistogramSample, Labels};
use std::collections::HashMap;

/// Told of every batch.
pub trait Observer: Send + Sync {
    /// Asked before each batch.
    fn wants(&self) -> bool;

    fn committed(&self, series: Vec<ObservedSeries>);
}

/// What a batch brought for one series; the samples as they were appended.
#[derive(Clone, Debug)]
pub struct ObservedSeries {
    pub labels: Labels,
    pub samples: Vec<ObservedSample>,
    pub histograms: Vec<HistogramSample>,
    pub exemplars: Vec<Exemplar>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservedSample {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// Unix milliseconds, 0 when unknown.
    pub start_timestamp: i64,
    pub value: f64,
}

/// Series of a batch in the order in which they first came.
struct Gathered {
    series: Vec<(u32, ObservedSeries)>,
    places: HashMap<u32, usize>,
}

impl Gathered {
    fn at(&mut self, slot: u32, labels: impl FnOnce() -> Labels) -> &mut ObservedSeries {
        let last = self.series.len().saturating_sub(1);
        let known = match self.series.last() {
            Some((before, _)) if *before == slot => Some(last),
            _ => self.places.get(&slot).copied(),
        };
        let place = known.unwrap_or_else(|| {
            let (samples, histograms, exemplars) = (Vec::new(), Vec::new(), Vec::new());
            self.series.push((slot, ObservedSeries { labels: labels(), samples, histograms, exemplars }));
            self.places.insert(slot, self.series.len() - 1);
            self.series.len() - 1
        });
        &mut self.series[place].1
    }
}

/// Tells the observer of a store, if it has one that wants to know.
pub(crate) fn tell(store: &Store, batch: &Batch, done: &Committed) {
    let Some(observer) = store.observer.get().filter(|o| o.wants()) else { return };
    let index = store.head.index();
    let mut gathered = Gathered { series: Vec::new(), places: HashMap::new() };
    let taken = |slot, generation, t| {
        let series = SeriesRef::new(slot, generation);
        !done.rejected.iter().any(|r| r.series == series && r.timestamp == t)
    };
    let mut starts = batch.starts.iter().peekable();
    for (place, float) in batch.floats.iter().enumerate() {
        let start_timestamp = starts.next_if(|(p, _)| *p as usize == place).map_or(0, |(_, s)| *s);
        if taken(float.slot, float.generation, float.t) {
            let sample =
                ObservedSample { timestamp: float.t, start_timestamp, value: f64::from_bits(float.value) };
            gathered.at(float.slot, || index.labels(float.slot)).samples.push(sample);
        }
    }
    for h in &batch.histograms {
        if taken(h.slot, h.generation, h.t) {
            gathered.at(h.slot, || index.labels(h.slot)).histograms.push(HistogramSample {
                timestamp: h.t,
                start_timestamp: h.start,
                histogram: h.histogram.clone(),
            });
        }
    }
    for e in &batch.exemplars {
        gathered.at(e.slot, || index.labels(e.slot)).exemplars.push(e.exemplar.clone());
    }
    drop(index);
    if !gathered.series.is_empty() {
        observer.committed(gathered.series.into_iter().map(|(_, series)| series).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Background, Db, Durability, Options};
    use base::Clock;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[derive(Default)]
    struct Recorder {
        wants: AtomicBool,
        seen: Mutex<Vec<ObservedSeries>>,
    }

    impl Observer for Recorder {
        fn wants(&self) -> bool {
            self.wants.load(Ordering::Relaxed)
        }

        fn committed(&self, series: Vec<ObservedSeries>) {
            self.seen.lock().extend(series);
        }
    }

    #[test]
    fn what_is_taken_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            clock: Clock::manual(1000),
            background: Background::Manual,
            ..Options::new(dir.path())
        };
        let db = Db::open(options).unwrap();
        let recorder = Arc::new(Recorder::default());
        db.observe(recorder.clone());
        let commit = |points: &[(&str, i64, i64, f64)]| {
            let mut appender = db.appender();
            for (name, t, start, v) in points {
                let series = appender.series(None, &Labels::from_pairs([("__name__", *name)])).unwrap();
                appender.float_with_start(series, *t, *start, *v).unwrap();
            }
            appender.commit(Durability::Buffered).unwrap();
        };
        commit(&[("a", 10, 0, 1.0)]);
        assert!(recorder.seen.lock().is_empty());
        recorder.wants.store(true, Ordering::Relaxed);
        commit(&[("a", 20, 5, 2.0), ("b", 20, 0, 3.0), ("a", 30, 0, 4.0)]);
        let seen = recorder.seen.lock();
        let names: Vec<&str> = seen.iter().map(|s| s.labels.metric_name()).collect();
        assert_eq!(names, ["a", "b"]);
        let sample = |timestamp, start_timestamp, value| ObservedSample { timestamp, start_timestamp, value };
        assert_eq!(seen[0].samples, [sample(20, 5, 2.0), sample(30, 0, 4.0)]);
        assert_eq!(seen[1].samples, [sample(20, 0, 3.0)]);
    }
}
