//! Exemplars: single observations that point at a trace.

use crate::Labels;

/// One exemplar. `timestamp` is `None` when its source gave none.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// Usually `trace_id` and `span_id`; at most 128 UTF-8 characters in all (OpenMetrics 1.0, "Exemplars").
    pub labels: Labels,
    pub value: f64,
    /// Unix milliseconds.
    pub timestamp: Option<i64>,
}
