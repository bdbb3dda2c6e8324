//! The zero bucket: two histograms can be combined only when theirs are equally wide.

use super::FloatHistogram;

impl FloatHistogram {
    /// What zero count and threshold would be with a threshold of at least `threshold`, which must not be below
    /// the present one. A threshold within a populated bucket moves to that bucket's outer bound.
    pub(super) fn zero_count_for(&self, mut threshold: f64) -> (f64, f64) {
        if threshold <= self.zero_threshold || threshold.is_nan() {
            return (self.zero_count, self.zero_threshold);
        }
        'widen: loop {
            let mut count = self.zero_count;
            for b in self.positive() {
                if b.lower >= threshold {
                    break;
                }
                count += b.count;
                if b.upper > threshold {
                    if b.count != 0.0 {
                        threshold = b.upper;
                    }
                    break;
                }
            }
            for b in self.negative() {
                if b.upper <= -threshold {
                    break;
                }
                count += b.count;
                if b.lower < -threshold {
                    if b.count != 0.0 {
                        // The positive side was counted with the old threshold: start over.
                        threshold = -b.lower;
                        continue 'widen;
                    }
                    break;
                }
            }
            return (count, threshold);
        }
    }

    /// Widens the zero bucket and drops the buckets it swallows.
    fn widen_zero(&mut self, threshold: f64) {
        (self.zero_count, self.zero_threshold) = self.zero_count_for(threshold);
        let swallowed = self.positive().take_while(|b| b.lower < self.zero_threshold).count();
        self.positive_buckets[..swallowed].fill(0.0);
        let swallowed = self.negative().take_while(|b| b.upper > -self.zero_threshold).count();
        self.negative_buckets[..swallowed].fill(0.0);
        self.compact();
    }

    /// Widens the zero bucket until both histograms could share it. Returns the zero count of the other.
    pub(super) fn reconcile_zero(&mut self, other: &FloatHistogram) -> f64 {
        let (mut count, mut threshold) = (other.zero_count, other.zero_threshold);
        while threshold != self.zero_threshold {
            if self.zero_threshold > threshold {
                (count, threshold) = other.zero_count_for(self.zero_threshold);
            }
            if threshold > self.zero_threshold {
                self.widen_zero(threshold);
            }
            if threshold.is_nan() || self.zero_threshold.is_nan() {
                break;
            }
        }
        count
    }
}
