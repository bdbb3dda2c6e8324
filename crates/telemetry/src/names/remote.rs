//! Counted by `remote`: what others write to us, and what is written out to other stores.

use super::REQUEST_SECONDS;

super::define! {
    RECEIVED_SAMPLES = counter("pharos_remote_write_received_samples_total", "Samples and histograms taken from remote write.", &["message"]);
    REJECTED_SAMPLES = counter("pharos_remote_write_rejected_samples_total", "Samples and histograms of remote write requests that were not taken.", &["message"]);
    REFUSED_REQUESTS = counter("pharos_remote_write_refused_requests_total", "Remote write requests of which nothing was taken.", &["reason"]);
    INVALID_LABELS = counter("prometheus_api_remote_write_invalid_labels_samples_total", "Samples and histograms of remote write requests rejected for invalid labels.", &[]);
    SAMPLES_IN = counter("prometheus_remote_storage_samples_in_total", "Samples that came in to be written out.", &[]);
    EXEMPLARS_IN = counter("prometheus_remote_storage_exemplars_in_total", "Exemplars that came in to be written out.", &[]);
    HISTOGRAMS_IN = counter("prometheus_remote_storage_histograms_in_total", "Histograms that came in to be written out.", &[]);
    HIGHEST_TIMESTAMP = gauge("prometheus_remote_storage_highest_timestamp_in_seconds", "Highest timestamp that came in.", &[]);
    SAMPLES = counter("prometheus_remote_storage_samples_total", "Samples sent.", &["remote_name", "url"]);
    SAMPLES_FAILED = counter("prometheus_remote_storage_samples_failed_total", "Samples that failed for good.", &["remote_name", "url"]);
    SAMPLES_RETRIED = counter("prometheus_remote_storage_samples_retried_total", "Samples sent again after a failure.", &["remote_name", "url"]);
    SAMPLES_DROPPED = counter("prometheus_remote_storage_samples_dropped_total", "Samples dropped before they were sent.", &["remote_name", "url", "reason"]);
    SAMPLES_PENDING = gauge("prometheus_remote_storage_samples_pending", "Samples waiting to be sent.", &["remote_name", "url"]);
    PENDING_BYTES = gauge("pharos_remote_write_pending_bytes", "Bytes of the spool that a place was not sent yet.", &["remote_name", "url"]);
    SPOOL_DROPPED_BYTES = counter("pharos_remote_write_spool_dropped_bytes_total", "Bytes of the spool that were dropped before a place was sent them, because the spool was full.", &["remote_name", "url"]);
    EXEMPLARS = counter("prometheus_remote_storage_exemplars_total", "Exemplars sent.", &["remote_name", "url"]);
    HISTOGRAMS = counter("prometheus_remote_storage_histograms_total", "Histograms sent.", &["remote_name", "url"]);
    METADATA = counter("prometheus_remote_storage_metadata_total", "Metadata entries sent.", &["remote_name", "url"]);
    BYTES = counter("prometheus_remote_storage_bytes_total", "Bytes sent, after compression.", &["remote_name", "url"]);
    SHARDS = gauge("prometheus_remote_storage_shards", "Senders at work.", &["remote_name", "url"]);
    SHARDS_MAX = gauge("prometheus_remote_storage_shards_max", "Senders at most.", &["remote_name", "url"]);
    SHARDS_MIN = gauge("prometheus_remote_storage_shards_min", "Senders at least.", &["remote_name", "url"]);
    SHARDS_DESIRED = gauge("prometheus_remote_storage_shards_desired", "Senders that the rate of samples asks for.", &["remote_name", "url"]);
    SHARD_CAPACITY = gauge("prometheus_remote_storage_shard_capacity", "Samples a sender may hold.", &["remote_name", "url"]);
    HIGHEST_SENT_TIMESTAMP = gauge("prometheus_remote_storage_queue_highest_sent_timestamp_seconds", "Highest timestamp sent.", &["remote_name", "url"]);
    BATCH_DURATION = histogram("prometheus_remote_storage_sent_batch_duration_seconds", "Time of a request.", &["remote_name", "url"], REQUEST_SECONDS);
    READ_QUERIES = gauge("prometheus_remote_storage_read_queries", "Remote reads under way.", &[]);
}
