//! Counted by `tsdb`, read by `server` from its statistics.

use super::DISK_SECONDS;

super::define! {
    HEAD_SERIES = gauge("prometheus_tsdb_head_series", "Series in the head.", &[]);
    HEAD_SERIES_CREATED = counter("prometheus_tsdb_head_series_created_total", "Series that entered the head.", &[]);
    HEAD_SERIES_REMOVED = counter("prometheus_tsdb_head_series_removed_total", "Series that left the head.", &[]);
    HEAD_SAMPLES_APPENDED = counter("prometheus_tsdb_head_samples_appended_total", "Samples stored, by type.", &["type"]);
    HEAD_OUT_OF_ORDER_APPENDED = counter("prometheus_tsdb_head_out_of_order_samples_appended_total", "Out-of-order samples stored, by type.", &["type"]);
    HEAD_CHUNKS = gauge("prometheus_tsdb_head_chunks", "Chunks in the head.", &[]);
    HEAD_CHUNKS_CREATED = counter("prometheus_tsdb_head_chunks_created_total", "Chunks begun in the head.", &[]);
    HEAD_CHUNKS_REMOVED = counter("prometheus_tsdb_head_chunks_removed_total", "Chunks that left the head.", &[]);
    HEAD_MIN_TIME = gauge("prometheus_tsdb_head_min_time", "Earliest time in the head, Unix milliseconds.", &[]);
    HEAD_MAX_TIME = gauge("prometheus_tsdb_head_max_time", "Latest time in the head, Unix milliseconds.", &[]);
    HEAD_MIN_TIME_SECONDS = gauge("prometheus_tsdb_head_min_time_seconds", "Earliest time in the head, Unix seconds.", &[]);
    HEAD_MAX_TIME_SECONDS = gauge("prometheus_tsdb_head_max_time_seconds", "Latest time in the head, Unix seconds.", &[]);
    LOWEST_TIMESTAMP = gauge("prometheus_tsdb_lowest_timestamp", "Earliest time in the store, Unix milliseconds.", &[]);
    LOWEST_TIMESTAMP_SECONDS = gauge("prometheus_tsdb_lowest_timestamp_seconds", "Earliest time in the store, Unix seconds.", &[]);
    OUT_OF_ORDER_SAMPLES = counter("prometheus_tsdb_out_of_order_samples_total", "Samples refused as out of order, by type.", &["type"]);
    OUT_OF_BOUND_SAMPLES = counter("prometheus_tsdb_out_of_bound_samples_total", "Samples refused as out of bounds, by type.", &["type"]);
    TOO_OLD_SAMPLES = counter("prometheus_tsdb_too_old_samples_total", "Samples refused as older than the out-of-order window, by type.", &["type"]);
    DUPLICATE_SAMPLES = counter("pharos_tsdb_duplicate_samples_total", "Samples refused: another value of that time is there.", &[]);
    BLOCKS_LOADED = gauge("prometheus_tsdb_blocks_loaded", "Blocks in use.", &[]);
    BLOCKS_BYTES = gauge("prometheus_tsdb_storage_blocks_bytes", "Bytes of all blocks.", &[]);
    SYMBOL_TABLE_BYTES = gauge("prometheus_tsdb_symbol_table_size_bytes", "Bytes of interned label names and values.", &[]);
    RETENTION_LIMIT_BYTES = gauge("prometheus_tsdb_retention_limit_bytes", "Bytes the store may keep, 0 for no limit.", &[]);
    RETENTION_LIMIT_SECONDS = gauge("prometheus_tsdb_retention_limit_seconds", "How long samples are kept.", &[]);
    SIZE_RETENTIONS = counter("prometheus_tsdb_size_retentions_total", "Blocks deleted because of their size.", &[]);
    TIME_RETENTIONS = counter("prometheus_tsdb_time_retentions_total", "Blocks deleted because of their age.", &[]);
    COMPACTIONS = counter("prometheus_tsdb_compactions_total", "Blocks written by flush or merge.", &[]);
    COMPACTIONS_FAILED = counter("prometheus_tsdb_compactions_failed_total", "Flushes and merges that failed.", &[]);
    COMPACTIONS_TRIGGERED = counter("prometheus_tsdb_compactions_triggered_total", "Flushes and merges begun.", &[]);
    WAL_CORRUPTIONS = counter("prometheus_tsdb_wal_corruptions_total", "Damaged places found in the log.", &[]);
    WAL_SEGMENT = gauge("prometheus_tsdb_wal_segment_current", "Number of the log segment being written.", &[]);
    WAL_BYTES = gauge("prometheus_tsdb_wal_storage_size_bytes", "Bytes of the log.", &[]);
    WAL_FSYNC = histogram("prometheus_tsdb_wal_fsync_duration_seconds", "Time to make the log durable.", &[], DISK_SECONDS);
    WAL_WRITES_FAILED = counter("prometheus_tsdb_wal_writes_failed_total", "Writes to the log that failed.", &[]);
    REPLAY_SECONDS = gauge("prometheus_tsdb_data_replay_duration_seconds", "How long the last replay of the log took.", &[]);
    CLEAN_START = gauge("prometheus_tsdb_clean_start", "Whether the last stop was clean.", &[]);
    EXEMPLARS_IN_STORAGE = gauge("prometheus_tsdb_exemplar_exemplars_in_storage", "Exemplars kept.", &[]);
    EXEMPLARS_MAX = gauge("prometheus_tsdb_exemplar_max_exemplars", "Exemplars that may be kept.", &[]);
    EXEMPLARS_APPENDED = counter("prometheus_tsdb_exemplar_exemplars_appended_total", "Exemplars stored.", &[]);
    EXEMPLARS_OUT_OF_ORDER = counter("prometheus_tsdb_exemplar_out_of_order_exemplars_total", "Exemplars refused as out of order.", &[]);
    EXEMPLAR_SERIES = gauge("prometheus_tsdb_exemplar_series_with_exemplars_in_storage", "Series with exemplars.", &[]);
    TOMBSTONE_CLEANUPS = counter("pharos_tsdb_tombstone_cleanups_total", "Blocks rewritten without what was deleted.", &[]);
    DISK_FULL = gauge("pharos_tsdb_disk_full", "Whether writes are refused because the disk is full.", &[]);
}
