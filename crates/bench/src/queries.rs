//! What dashboards ask: the panels of the node_exporter dashboards people really use, as range queries.

/// `(what it shows, PromQL)`
pub const DASHBOARD: [(&str, &str); 18] = [
    (
        "one host, CPU by mode",
        r#"sum by (mode) (rate(node_cpu_seconds_total{instance="host-003.example:9100"}[5m]))"#,
    ),
    ("fleet, CPU busy", r#"100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100"#),
    ("fleet, load", "node_load1"),
    ("fleet, memory used", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
    ("fleet, network in", "sum by (instance) (rate(node_network_receive_bytes_total[5m]))"),
    ("fleet, network out by device", r#"rate(node_network_transmit_bytes_total{device!="lo"}[5m])"#),
    ("fleet, disk written", "sum by (instance) (rate(node_disk_written_bytes_total[5m]))"),
    ("fleet, disk time", "max by (instance) (rate(node_disk_io_time_seconds_total[5m]))"),
    ("fleet, file systems", "node_filesystem_avail_bytes / node_filesystem_size_bytes"),
    ("fleet, interrupts", "sum by (instance) (rate(node_interrupts_total[5m]))"),
    ("top interrupts", "topk(5, sum by (type) (rate(node_interrupts_total[5m])))"),
    ("context switches", "sum(rate(node_context_switches_total[5m]))"),
    ("processes by state", "sum by (state) (node_processes_state)"),
    ("one host, everything of TCP", r#"{__name__=~"node_netstat_Tcp_.*", instance="host-007.example:9100"}"#),
    ("sockets", "sum by (instance) (node_sockstat_TCP_inuse)"),
    ("highest CPU of an hour", "max_over_time(node_load1[1h])"),
    ("predicted disk", "predict_linear(node_filesystem_avail_bytes[30m], 4 * 3600)"),
    ("count of series by job", r#"count by (job) ({__name__=~"node_.+"})"#),
];
