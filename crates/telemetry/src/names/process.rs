//! Read from the operating system by [`crate::process`].

super::define! {
    CPU_SECONDS_TOTAL = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", &[]);
    RESIDENT_MEMORY_BYTES = gauge("process_resident_memory_bytes", "Resident memory size in bytes.", &[]);
    VIRTUAL_MEMORY_BYTES = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", &[]);
    OPEN_FDS = gauge("process_open_fds", "Number of open file descriptors.", &[]);
    MAX_FDS = gauge("process_max_fds", "Maximum number of open file descriptors.", &[]);
    START_TIME_SECONDS = gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", &[]);
}
