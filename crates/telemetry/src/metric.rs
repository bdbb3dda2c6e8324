//! The four kinds of metric, each a cheap handle to shared atomics. Counting never blocks, except in a summary.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A summary answers its quantiles from this many last observations: 8 kB each.
const SUMMARY_WINDOW: usize = 1024;

/// The quantiles of every summary: what Prometheus's own dashboards ask for.
pub const QUANTILES: [f64; 5] = [0.01, 0.05, 0.5, 0.9, 0.99];

/// A float in an atomic.
#[derive(Debug, Default)]
struct AtomicF64(AtomicU64);

impl AtomicF64 {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    fn add(&self, by: f64) {
        let mut before = self.0.load(Ordering::Relaxed);
        loop {
            let after = (f64::from_bits(before) + by).to_bits();
            match self.0.compare_exchange_weak(before, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }
}

/// A number that only grows. Exact up to 2⁵³.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicF64>);

impl Counter {
    pub fn inc(&self) {
        self.0.add(1.0);
    }

    /// Adds a number that must not be negative.
    pub fn add(&self, by: f64) {
        debug_assert!(by >= 0.0, "a counter never goes back");
        if by > 0.0 {
            self.0.add(by);
        }
    }

    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicF64>);

impl Gauge {
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    pub fn add(&self, by: f64) {
        self.0.add(by);
    }

    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// Counts of observations below fixed bounds.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    /// Ascending, without +Inf.
    bounds: &'static [f64],
    /// One more than `bounds`; each counts what lies between the bound before and its own.
    counts: Vec<AtomicU64>,
    sum: AtomicF64,
}

impl Histogram {
    pub fn new(bounds: &'static [f64]) -> Histogram {
        debug_assert!(bounds.is_sorted(), "bounds ascend");
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram(Arc::new(Buckets { bounds, counts, sum: AtomicF64::default() }))
    }

    pub fn observe(&self, value: f64) {
        let at = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[at].fetch_add(1, Ordering::Relaxed);
        self.0.sum.add(value);
    }

    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }

    /// `(upper bound, observations at most that large)`, the last with +Inf: how many there were in all.
    pub fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut total = 0;
        let bounds = self.0.bounds.iter().copied().chain([f64::INFINITY]);
        bounds
            .zip(&self.0.counts)
            .map(|(bound, count)| {
                total += count.load(Ordering::Relaxed);
                (bound, total)
            })
            .collect()
    }
}

/// Quantiles over the last observations.
#[derive(Clone, Debug, Default)]
pub struct Summary(Arc<Mutex<Window>>);

#[derive(Debug, Default)]
struct Window {
    /// A ring once it is full.
    last: Vec<f64>,
    next: usize,
    count: u64,
    sum: f64,
}

impl Summary {
    pub fn observe(&self, value: f64) {
        let mut w = self.0.lock();
        w.count += 1;
        w.sum += value;
        if w.last.len() < SUMMARY_WINDOW {
            w.last.push(value);
        } else {
            let at = w.next;
            w.last[at] = value;
        }
        w.next = (w.next + 1) % SUMMARY_WINDOW;
    }

    /// `(count, sum)` of all observations ever made.
    pub fn totals(&self) -> (u64, f64) {
        let w = self.0.lock();
        (w.count, w.sum)
    }

    /// The values at [`QUANTILES`]; NaN before the first observation.
    pub fn quantiles(&self) -> [f64; QUANTILES.len()] {
        let mut sorted = self.0.lock().last.clone();
        sorted.sort_by(f64::total_cmp);
        QUANTILES.map(|q| match sorted.len() {
            0 => f64::NAN,
            n => sorted[((q * n as f64).ceil() as usize).clamp(1, n) - 1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_at_most_its_bounds() {
        let h = Histogram::new(&[1.0, 5.0]);
        for v in [0.5, 1.0, 1.1, 7.0] {
            h.observe(v);
        }
        assert_eq!(h.cumulative(), [(1.0, 2), (5.0, 3), (f64::INFINITY, 4)]);
        assert_eq!(h.sum(), 9.6);
    }

    #[test]
    fn a_summary_forgets_old_values_but_not_their_count() {
        let s = Summary::default();
        assert!(s.quantiles()[2].is_nan());
        for _ in 0..SUMMARY_WINDOW {
            s.observe(1000.0);
        }
        for i in 0..SUMMARY_WINDOW {
            s.observe(i as f64);
        }
        assert_eq!(s.totals().0, 2 * SUMMARY_WINDOW as u64);
        assert_eq!(s.quantiles()[2], (SUMMARY_WINDOW / 2 - 1) as f64);
    }

    #[test]
    fn counters_count_from_many_threads() {
        let c = Counter::default();
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..1000).for_each(|_| c.inc()));
            }
        });
        assert_eq!(c.get(), 4000.0);
    }
}
