//! When a target is scraped, and which time its samples get.
//!
//! The times of a target are a comb on the wall clock: its interval, shifted by an offset that comes from a hash of
//! the target, so that the scrapes of many targets are spread and a restart does not move them. A scrape that starts
//! within a tolerance of its tooth gets the tooth's time, so that timestamps are regular and cost nothing to store.

use std::time::Duration;

/// As Prometheus: wider, and samples would lie visibly; narrower, and timers would miss it.
const TOLERANCE_MS_MAX: i64 = 2;

/// The comb of one target. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    interval_ms: i64,
    /// When the next scrape is due.
    next_ms: i64,
}

impl Schedule {
    /// `hash` decides the offset; equal hashes and intervals give equal combs, at any time.
    pub fn new(interval: Duration, hash: u64, now_ms: i64) -> Schedule {
        let interval_ms = (interval.as_millis() as i64).max(1);
        let offset = (hash % interval_ms as u64) as i64;
        let since_tooth = (now_ms - offset).rem_euclid(interval_ms);
        let next_ms = if since_tooth == 0 { now_ms } else { now_ms - since_tooth + interval_ms };
        Schedule { interval_ms, next_ms }
    }

    pub fn due_ms(&self) -> i64 {
        self.next_ms
    }

    /// How long to wait.
    pub fn wait(&self, now_ms: i64) -> Duration {
        Duration::from_millis((self.next_ms - now_ms).max(0) as u64)
    }

    /// Takes the scrape that starts now: the time of its samples. Teeth that were missed are skipped.
    pub fn take(&mut self, now_ms: i64) -> i64 {
        let tolerance = TOLERANCE_MS_MAX.min(self.interval_ms / 100);
        // A clock that went back keeps the comb it had.
        let missed = (now_ms - self.next_ms).max(0) / self.interval_ms;
        let tooth = self.next_ms + missed * self.interval_ms;
        self.next_ms = tooth + self.interval_ms;
        if (now_ms - tooth).abs() <= tolerance { tooth } else { now_ms }
    }

    /// Whether the clock went back so far that waiting for the next tooth would leave a gap.
    pub fn is_astray(&self, now_ms: i64) -> bool {
        self.next_ms - now_ms > 2 * self.interval_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn combs_do_not_depend_on_when_they_are_made() {
        for now in [0, 1, 14_999, 15_000, 1_000_000_007] {
            let schedule = Schedule::new(seconds(15), 20_003, now);
            assert_eq!(schedule.due_ms().rem_euclid(15_000), 5_003);
            assert!((0..15_000).contains(&(schedule.due_ms() - now)), "{now}");
        }
    }

    #[test]
    fn spreads_by_hash() {
        let offsets: std::collections::BTreeSet<i64> =
            (0..100).map(|i| Schedule::new(seconds(10), i * 97_003, 0).due_ms() / 1000).collect();
        assert_eq!(offsets.len(), 10, "every second of ten has a target");
    }

    #[test]
    fn aligns_within_the_tolerance_only() {
        let mut schedule = Schedule::new(seconds(1), 0, 1);
        assert_eq!(schedule.wait(1), Duration::from_millis(999));
        assert_eq!(schedule.take(1000), 1000);
        assert_eq!(schedule.take(2002), 2000);
        assert_eq!(schedule.take(3003), 3003);
        assert_eq!(schedule.take(4001), 4000);
        // One percent of a short interval is less than two milliseconds.
        let mut schedule = Schedule::new(Duration::from_millis(100), 0, 1);
        assert_eq!(schedule.take(101), 100);
        assert_eq!(schedule.take(202), 202);
    }

    #[test]
    fn skips_what_was_missed() {
        let mut schedule = Schedule::new(seconds(1), 0, 1);
        assert_eq!(schedule.take(3500), 3500);
        assert_eq!(schedule.due_ms(), 4000);
        assert_eq!(schedule.wait(4100), Duration::ZERO);
        assert!(!schedule.is_astray(3000));
        assert!(schedule.is_astray(1000));
    }
}
