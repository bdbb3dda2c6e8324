//! Counted by `receivers`: what comes in over the network, and what is derived from it.

super::define! {
    REQUESTS = counter("pharos_receiver_requests_total", "Requests that came in.", &["receiver", "signal"]);
    BYTES = counter("pharos_receiver_bytes_total", "Bytes of requests that came in, packed as they were.", &["receiver", "signal"]);
    ACCEPTED = counter("pharos_receiver_accepted_total", "Spans, log records and data points that were taken.", &["receiver", "signal"]);
    REFUSED = counter("pharos_receiver_refused_total", "Spans, log records and data points that were not taken.", &["receiver", "signal", "reason"]);
    REFUSED_REQUESTS = counter("pharos_receiver_refused_requests_total", "Requests of which nothing was taken.", &["receiver", "signal", "reason"]);
    DELTA_STREAMS = gauge("pharos_receiver_delta_streams", "Streams of deltas that are summed up.", &[]);
    DELTA_EXPIRED = counter("pharos_receiver_delta_streams_expired_total", "Streams of deltas forgotten because nothing came for long.", &[]);
    EXEMPLARS_REFUSED = counter("pharos_receiver_exemplars_refused_total", "Exemplars of OTLP metrics that were not taken.", &[]);
    DERIVED_SERIES = gauge("pharos_derived_combinations", "Combinations of labels that metrics are derived for.", &["kind"]);
    DERIVED_OVERFLOW = counter("pharos_derived_overflow_total", "Spans and edges counted under overflow because there were too many combinations.", &["kind"]);
    DERIVED_FLUSH_FAILED = counter("pharos_derived_flushes_failed_total", "Times derived metrics could not be written.", &[]);
    EDGES_WAITING = gauge("pharos_derived_edges_waiting", "Halves of calls between services that wait for the other half.", &[]);
    EDGES = counter("pharos_derived_edges_total", "Calls between services, by what became of them.", &["outcome"]);
}
