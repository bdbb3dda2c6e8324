//! Counted by `scrape`.

use super::REQUEST_SECONDS;

super::define! {
    INTERVAL_LENGTH = summary("prometheus_target_interval_length_seconds", "Actual time between two scrapes.", &["interval"]);
    POOL_TARGETS = gauge("prometheus_target_scrape_pool_targets", "Targets of a pool.", &["scrape_job"]);
    POOL_TARGET_LIMIT = gauge("prometheus_target_scrape_pool_target_limit", "Most targets a pool may have, 0 for no limit.", &["scrape_job"]);
    POOL_SYNCS = counter("prometheus_target_scrape_pool_sync_total", "Times the targets of a pool were taken over.", &["scrape_job"]);
    SYNC_LENGTH = summary("prometheus_target_sync_length_seconds", "Time it took to take over the targets of a pool.", &["scrape_job"]);
    SYNC_FAILED = counter("prometheus_target_sync_failed_total", "Targets that could not be made.", &["scrape_job"]);
    POOLS = counter("prometheus_target_scrape_pools_total", "Pools made.", &[]);
    POOLS_FAILED = counter("prometheus_target_scrape_pools_failed_total", "Pools that could not be made.", &[]);
    POOL_RELOADS = counter("prometheus_target_scrape_pool_reloads_total", "Pools given a new configuration.", &[]);
    POOL_RELOADS_FAILED = counter("prometheus_target_scrape_pool_reloads_failed_total", "Pools whose new configuration failed.", &[]);
    EXCEEDED_TARGET_LIMIT = counter("prometheus_target_scrape_pool_exceeded_target_limit_total", "Times a pool had more targets than its limit.", &[]);
    EXCEEDED_LABEL_LIMITS = counter("prometheus_target_scrape_pool_exceeded_label_limits_total", "Scrapes with a series over a label limit.", &[]);
    EXCEEDED_SAMPLE_LIMIT = counter("prometheus_target_scrapes_exceeded_sample_limit_total", "Scrapes with more samples than the limit.", &[]);
    EXCEEDED_BODY_SIZE_LIMIT = counter("prometheus_target_scrapes_exceeded_body_size_limit_total", "Scrapes with a body over the limit.", &[]);
    EXCEEDED_BUCKET_LIMIT = counter("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total", "Scrapes with a native histogram that no reduction brought under the bucket limit.", &[]);
    CACHE_FLUSH_FORCED = counter("prometheus_target_scrapes_cache_flush_forced_total", "Caches cleared because failed scrapes made them grow.", &[]);
    DUPLICATE_TIMESTAMP = counter("prometheus_target_scrapes_sample_duplicate_timestamp_total", "Samples refused: another value of that time is there.", &[]);
    OUT_OF_ORDER = counter("prometheus_target_scrapes_sample_out_of_order_total", "Samples refused: a later one is there.", &[]);
    OUT_OF_BOUNDS = counter("prometheus_target_scrapes_sample_out_of_bounds_total", "Samples refused: too old, or too far ahead.", &[]);
    EXEMPLAR_OUT_OF_ORDER = counter("prometheus_target_scrapes_exemplar_out_of_order_total", "Exemplars refused: a later one is there.", &[]);
    METADATA_ENTRIES = gauge("prometheus_target_metadata_cache_entries", "Metric families with metadata, by pool.", &["scrape_job"]);
    METADATA_BYTES = gauge("prometheus_target_metadata_cache_bytes", "Bytes of metadata, by pool.", &["scrape_job"]);
    SCRAPES = counter("pharos_scrapes_total", "Scrapes, by what became of them.", &["outcome"]);
    SCRAPE_APPEND_SECONDS = histogram("pharos_scrape_append_seconds", "Time to parse and store the body of one scrape.", &[], REQUEST_SECONDS);
}
