//! What scraping counts, as handles made once.

use telemetry::names::scrape as names;
use telemetry::{Counter, CounterFamily, GaugeFamily, Histogram, Registry, SummaryFamily};

#[derive(Clone)]
pub struct Metrics {
    pub interval_length: SummaryFamily,
    pub pool_targets: GaugeFamily,
    pub pool_target_limit: GaugeFamily,
    pub pool_syncs: CounterFamily,
    pub sync_length: SummaryFamily,
    pub sync_failed: CounterFamily,
    pub pools: Counter,
    pub pools_failed: Counter,
    pub pool_reloads: Counter,
    pub pool_reloads_failed: Counter,
    pub exceeded_target_limit: Counter,
    pub exceeded_label_limits: Counter,
    pub exceeded_sample_limit: Counter,
    pub exceeded_body_size_limit: Counter,
    pub exceeded_bucket_limit: Counter,
    pub cache_flush_forced: Counter,
    pub duplicate_timestamp: Counter,
    pub out_of_order: Counter,
    pub out_of_bounds: Counter,
    pub exemplar_out_of_order: Counter,
    pub scrapes: CounterFamily,
    pub append_seconds: Histogram,
}

impl Metrics {
    pub fn new(registry: &Registry) -> Metrics {
        Metrics {
            interval_length: registry.summaries(&names::INTERVAL_LENGTH),
            pool_targets: registry.gauges(&names::POOL_TARGETS),
            pool_target_limit: registry.gauges(&names::POOL_TARGET_LIMIT),
            pool_syncs: registry.counters(&names::POOL_SYNCS),
            sync_length: registry.summaries(&names::SYNC_LENGTH),
            sync_failed: registry.counters(&names::SYNC_FAILED),
            pools: registry.counter(&names::POOLS),
            pools_failed: registry.counter(&names::POOLS_FAILED),
            pool_reloads: registry.counter(&names::POOL_RELOADS),
            pool_reloads_failed: registry.counter(&names::POOL_RELOADS_FAILED),
            exceeded_target_limit: registry.counter(&names::EXCEEDED_TARGET_LIMIT),
            exceeded_label_limits: registry.counter(&names::EXCEEDED_LABEL_LIMITS),
            exceeded_sample_limit: registry.counter(&names::EXCEEDED_SAMPLE_LIMIT),
            exceeded_body_size_limit: registry.counter(&names::EXCEEDED_BODY_SIZE_LIMIT),
            exceeded_bucket_limit: registry.counter(&names::EXCEEDED_BUCKET_LIMIT),
            cache_flush_forced: registry.counter(&names::CACHE_FLUSH_FORCED),
            duplicate_timestamp: registry.counter(&names::DUPLICATE_TIMESTAMP),
            out_of_order: registry.counter(&names::OUT_OF_ORDER),
            out_of_bounds: registry.counter(&names::OUT_OF_BOUNDS),
            exemplar_out_of_order: registry.counter(&names::EXEMPLAR_OUT_OF_ORDER),
            scrapes: registry.counters(&names::SCRAPES),
            append_seconds: registry.histogram(&names::SCRAPE_APPEND_SECONDS),
        }
    }

    /// Forgets what is counted for a job that is gone.
    pub fn forget_job(&self, job: &str) {
        self.pool_targets.remove(&[job]);
        self.pool_target_limit.remove(&[job]);
        self.pool_syncs.remove(&[job]);
        self.sync_length.remove(&[job]);
        self.sync_failed.remove(&[job]);
    }
}
