//! Whether a counter histogram was reset since the one before it.

use super::arithmetic::shared_bounds;
use super::{CounterResetHint, FloatHistogram};

impl FloatHistogram {
    /// Whether this histogram, following `previous`, has started anew: a count went down, a populated bucket is
    /// gone, or the resolution rose. A hint that says reset or no reset is believed.
    pub fn detect_reset(&self, previous: &FloatHistogram) -> bool {
        match self.reset_hint {
            CounterResetHint::Reset => return true,
            CounterResetHint::NotReset => return false,
            // A gauge treated as a counter is compared like one; the caller warns.
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.uses_custom_buckets() {
            if !previous.uses_custom_buckets() {
                return true;
            }
            if self.custom_values != previous.custom_values {
                return self.reset_at_shared_bounds(previous);
            }
        }
        if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        let (previous_zero, threshold) = previous.zero_count_for(self.zero_threshold);
        if threshold != self.zero_threshold || self.zero_count < previous_zero {
            return true;
        }
        let same = self.schema == previous.schema && self.zero_threshold == previous.zero_threshold;
        [true, false].into_iter().any(|positive| self.side_reset(previous, positive, same))
    }

    fn side_reset(&self, previous: &FloatHistogram, positive: bool, same: bool) -> bool {
        let side = |h: &FloatHistogram| -> (usize, usize) {
            if positive {
                (h.positive_spans.len(), h.positive_buckets.len())
            } else {
                (h.negative_spans.len(), h.negative_buckets.len())
            }
        };
        let spans_equal = if positive {
            self.positive_spans == previous.positive_spans
        } else {
            self.negative_spans == previous.negative_spans
        };
        if same && spans_equal && side(self) == side(previous) {
            let (now, before) = if positive {
                (&self.positive_buckets, &previous.positive_buckets)
            } else {
                (&self.negative_buckets, &previous.negative_buckets)
            };
            return now.iter().zip(before).any(|(n, b)| n < b);
        }
        let now = self.side_at(positive, self.zero_threshold, self.schema);
        let before = previous.side_at(positive, self.zero_threshold, self.schema);
        let mut reset = false;
        super::arithmetic::merge(&now, &before, |_, n, b| {
            reset |= match (n, b) {
                (Some(n), Some(b)) => n < b,
                (None, Some(b)) => b != 0.0,
                _ => false,
            };
        });
        reset
    }

    /// Compares at the bounds that both have.
    fn reset_at_shared_bounds(&self, previous: &FloatHistogram) -> bool {
        let shared = shared_bounds(&self.custom_values, &previous.custom_values);
        let rolled_up = |h: &FloatHistogram| {
            let mut counts = vec![0.0; shared.len() + 1];
            h.map_to_bounds(&shared, |i, count| counts[i] += count);
            counts
        };
        rolled_up(self).iter().zip(rolled_up(previous)).any(|(n, b)| *n < b)
    }
}
