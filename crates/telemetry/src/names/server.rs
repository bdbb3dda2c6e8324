//! Set by `server`.

super::define! {
    BUILD_INFO = gauge("prometheus_build_info", "Always 1; the labels say what was built.", &["version", "revision", "branch", "goversion", "goos", "goarch", "tags"]);
    PHAROS_BUILD_INFO = gauge("pharos_build_info", "Always 1; the labels say what was built.", &["version", "revision"]);
    READY = gauge("prometheus_ready", "Whether the server has started.", &[]);
    CONFIG_LAST_RELOAD_SUCCESSFUL = gauge("prometheus_config_last_reload_successful", "Whether the last reading of the configuration succeeded.", &[]);
    CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP = gauge("prometheus_config_last_reload_success_timestamp_seconds", "When the configuration was last read with success.", &[]);
    MEMORY_LIMIT_BYTES = gauge("pharos_memory_limit_bytes", "The memory budget.", &[]);
    MEMORY_RESERVED_BYTES = gauge("pharos_memory_reserved_bytes", "What is taken from the memory budget.", &[]);
    CONNECTIONS = gauge("pharos_http_connections", "Connections over HTTP that are open, on all ports.", &[]);
    CONNECTIONS_LIMIT = gauge("pharos_http_connections_limit", "How many of them may be open at once; others wait.", &[]);
    LOG_MESSAGES = counter("pharos_log_messages_total", "Messages logged, by level.", &["level"]);
}
