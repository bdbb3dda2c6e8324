//! Counted by `events`, read by `server` from its statistics.

super::define! {
    APPENDED = counter("pharos_events_appended_total", "Events taken, by kind.", &["kind"]);
    MEMORY_EVENTS = gauge("pharos_events_memory", "Events in no file yet, by kind.", &["kind"]);
    FILES = gauge("pharos_events_files", "Files of events, by kind.", &["kind"]);
    FILE_EVENTS = gauge("pharos_events_file_rows", "Events in files, by kind.", &["kind"]);
    FILE_BYTES = gauge("pharos_events_file_bytes", "Bytes of files of events, by kind.", &["kind"]);
    COLUMNS = gauge("pharos_events_columns", "Columns of attributes, by kind.", &["kind"]);
    MEMORY_BYTES = gauge("pharos_events_memory_bytes", "Memory held by events in no file yet.", &[]);
    LOG_BYTES = gauge("pharos_events_log_bytes", "Bytes of the log of events.", &[]);
    FLUSHES = counter("pharos_events_flushes_total", "Flushes of events to files.", &[]);
    FLUSHES_FAILED = counter("pharos_events_flushes_failed_total", "Flushes of events that failed.", &[]);
    MERGES = counter("pharos_events_merges_total", "Merges of files of events.", &[]);
    MERGES_FAILED = counter("pharos_events_merges_failed_total", "Merges of files of events that failed.", &[]);
    OVER_BUDGET = counter("pharos_events_over_budget_total", "Batches of events refused for want of memory.", &[]);
    DISK_FULL = gauge("pharos_events_disk_full", "Whether events are refused because the disk is full.", &[]);
    DAMAGE = counter("pharos_events_damage_total", "Pieces of files of events that could not be read.", &[]);
    LOG_DAMAGE = counter("pharos_events_log_corruptions_total", "Places of the log of events that could not be read at the start.", &[]);
    OVERFLOWED = counter("pharos_events_attributes_overflowed_total", "Attributes without a column of their own.", &[]);
    TAIL_MISSED = counter("pharos_events_tail_missed_total", "Batches that readers of the live tail missed.", &[]);
}
