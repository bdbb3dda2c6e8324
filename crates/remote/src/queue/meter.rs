//! The metrics of remote write out, under Prometheus's names.

use telemetry::names::remote as names;
use telemetry::{Counter, Gauge, Histogram, Registry};
use wire::remote::TimeSeries;

/// What comes in, whoever it is for.
pub struct Inflow {
    samples: Counter,
    histograms: Counter,
    exemplars: Counter,
    highest: Gauge,
    lost: Counter,
}

impl Inflow {
    pub fn new(registry: &Registry) -> Inflow {
        Inflow {
            samples: registry.counter(&names::SAMPLES_IN),
            histograms: registry.counter(&names::HISTOGRAMS_IN),
            exemplars: registry.counter(&names::EXEMPLARS_IN),
            highest: registry.gauge(&names::HIGHEST_TIMESTAMP),
            lost: registry.counters(&names::SAMPLES_DROPPED).with(&["", "", "spool_failed"]),
        }
    }

    pub fn count(&self, series: &[TimeSeries]) {
        let count = Count::of(series);
        self.samples.add(count.samples as f64);
        self.histograms.add(count.histograms as f64);
        self.exemplars.add(count.exemplars as f64);
        if let Some(ms) = count.newest_ms {
            self.highest.set(self.highest.get().max(seconds(ms)));
        }
    }

    pub fn lost(&self, series: &[TimeSeries]) {
        self.lost.add(Count::of(series).all() as f64);
    }
}

/// What is in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub samples: usize,
    pub histograms: usize,
    pub exemplars: usize,
    pub newest_ms: Option<i64>,
}

impl Count {
    pub fn of(series: &[TimeSeries]) -> Count {
        let mut count = Count::default();
        for series in series {
            count.samples += series.samples.len();
            count.histograms += series.histograms.len();
            count.exemplars += series.exemplars.len();
            let times = series.samples.iter().map(|s| s.timestamp);
            count.newest_ms =
                times.chain(series.histograms.iter().map(|h| h.timestamp)).chain(count.newest_ms).max();
        }
        count
    }

    /// What a request's size is measured in.
    pub fn all(&self) -> usize {
        self.samples + self.histograms + self.exemplars
    }
}

pub fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// The metrics of one endpoint.
pub struct Meter {
    registry: Registry,
    name: String,
    url: String,
    pub samples: Counter,
    pub histograms: Counter,
    pub exemplars: Counter,
    pub metadata: Counter,
    pub failed: Counter,
    pub retried: Counter,
    pub too_old: Counter,
    pub relabeled: Counter,
    pub damaged: Counter,
    pub spool_dropped: Counter,
    pub bytes: Counter,
    pub pending: Gauge,
    pub pending_bytes: Gauge,
    pub shards: Gauge,
    pub shards_desired: Gauge,
    pub highest_sent: Gauge,
    pub duration: Histogram,
}

impl Meter {
    pub fn new(registry: &Registry, name: &str, url: &str) -> Meter {
        let both = [name, url];
        let dropped = |reason| registry.counters(&names::SAMPLES_DROPPED).with(&[name, url, reason]);
        Meter {
            registry: registry.clone(),
            name: name.to_owned(),
            url: url.to_owned(),
            samples: registry.counters(&names::SAMPLES).with(&both),
            histograms: registry.counters(&names::HISTOGRAMS).with(&both),
            exemplars: registry.counters(&names::EXEMPLARS).with(&both),
            metadata: registry.counters(&names::METADATA).with(&both),
            failed: registry.counters(&names::SAMPLES_FAILED).with(&both),
            retried: registry.counters(&names::SAMPLES_RETRIED).with(&both),
            too_old: dropped("too_old"),
            relabeled: dropped("dropped_series"),
            damaged: dropped("damaged"),
            spool_dropped: registry.counters(&names::SPOOL_DROPPED_BYTES).with(&both),
            bytes: registry.counters(&names::BYTES).with(&both),
            pending: registry.gauges(&names::SAMPLES_PENDING).with(&both),
            pending_bytes: registry.gauges(&names::PENDING_BYTES).with(&both),
            shards: registry.gauges(&names::SHARDS).with(&both),
            shards_desired: registry.gauges(&names::SHARDS_DESIRED).with(&both),
            highest_sent: registry.gauges(&names::HIGHEST_SENT_TIMESTAMP).with(&both),
            duration: registry.histograms(&names::BATCH_DURATION).with(&both),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Limits that do not change.
    pub fn limits(&self, min: usize, max: usize, capacity: usize) {
        let both = [self.name.as_str(), self.url.as_str()];
        self.registry.gauges(&names::SHARDS_MIN).with(&both).set(min as f64);
        self.registry.gauges(&names::SHARDS_MAX).with(&both).set(max as f64);
        self.registry.gauges(&names::SHARD_CAPACITY).with(&both).set(capacity as f64);
    }

    pub fn sent(&self, count: &Count, bytes: usize) {
        self.samples.add(count.samples as f64);
        self.histograms.add(count.histograms as f64);
        self.exemplars.add(count.exemplars as f64);
        self.bytes.add(bytes as f64);
        if let Some(ms) = count.newest_ms {
            self.highest_sent.set(self.highest_sent.get().max(seconds(ms)));
        }
    }
}

impl Meter {
    /// Takes the gauges out of the registry: a place that is not sent to has nothing pending.
    pub fn forget(&self) {
        let both = [self.name.as_str(), self.url.as_str()];
        for def in [
            &names::SAMPLES_PENDING,
            &names::PENDING_BYTES,
            &names::SHARDS,
            &names::SHARDS_DESIRED,
            &names::SHARDS_MIN,
            &names::SHARDS_MAX,
            &names::SHARD_CAPACITY,
            &names::HIGHEST_SENT_TIMESTAMP,
        ] {
            self.registry.gauges(def).remove(&both);
        }
    }
}
