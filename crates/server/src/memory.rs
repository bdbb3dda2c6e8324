//! The ceiling of memory: what of it may be reserved, and that freed memory goes back before it is met.
//!
//! The allocator is jemalloc, for C libraries too: others keep what was freed on one thread for that thread, which at full
//! speed and with heavy questions was a gigabyte. It keeps what was freed for ten seconds, in case it is wanted again: after
//! half a second a scrape costs a sixth more. When the process comes near its ceiling, and only then, all goes back at once.

use base::Stopper;
use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

/// What is not reserved by anybody: the program itself (70 MB), requests on their way in, files being written and merged,
/// batches between the steps of a question. Measured with 512 MB at full speed: about 200 MB …
const ASIDE_BYTES: u64 = 192_000_000;
/// … and a part that grows with what there is, in percent, …
const ASIDE_PERCENT: u64 = 15;
/// … but never more than this.
const ASIDE_PERCENT_MAX: u64 = 50;

/// From so much of the ceiling on, freed memory goes back at once, in percent.
const NEAR_PERCENT: u64 = 50;
/// And again when it has grown by so much since, in percent of the ceiling: what is held and not free would be asked for in
/// vain twenty times a second.
const GROWN_PERCENT: u64 = 1;
/// No faster is memory taken to grow.
const GROWTH_BYTES_A_SECOND: u64 = 1_000_000_000;
/// How often is looked when it is near: 50 MB come between two looks.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(50);
/// And when it is far: a look costs 20 µs, which twenty times a second was a tenth of what 44 scrapes a second cost.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(1);

/// What of a ceiling may be reserved.
pub fn reservable(ceiling_bytes: u64) -> u64 {
    let aside = ASIDE_BYTES + ceiling_bytes / 100 * ASIDE_PERCENT;
    ceiling_bytes - aside.min(ceiling_bytes / 100 * ASIDE_PERCENT_MAX)
}

/// How long what is resident needs to come near, at the least.
fn pause(resident_bytes: u64, near_bytes: u64) -> Duration {
    let away_bytes = near_bytes.saturating_sub(resident_bytes);
    Duration::from_millis(away_bytes / (GROWTH_BYTES_A_SECOND / 1000)).clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX)
}

/// The thread that looks.
pub struct Keeper {
    stopper: Stopper,
    thread: JoinHandle<()>,
}

impl Keeper {
    pub fn start(ceiling_bytes: u64) -> io::Result<Keeper> {
        let stopper = Stopper::new();
        let shutdown = stopper.shutdown();
        let (near_bytes, grown_bytes) =
            (ceiling_bytes / 100 * NEAR_PERCENT, ceiling_bytes / 100 * GROWN_PERCENT);
        let resident = || telemetry::process::resident_bytes().unwrap_or(0);
        let look = move || {
            // The least that was left since it was last told.
            let (mut left, mut bytes) = (0, 0);
            while !shutdown.wait(pause(bytes, near_bytes)) {
                bytes = resident();
                left = bytes.min(left);
                if bytes > near_bytes.max(left + grown_bytes) {
                    allocator::let_go();
                    bytes = resident();
                    left = bytes;
                }
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(look)?;
        Ok(Keeper { stopper, thread })
    }

    pub fn stop(self) {
        self.stopper.stop();
        if self.thread.join().is_err() {
            tracing::warn!("the thread that keeps the ceiling of memory ended in a panic");
        }
    }
}

#[allow(unsafe_code)] // the allocator reads a symbol, and the call has no safe wrapper
mod allocator {
    use std::ptr::null_mut;

    /// Freed pages go back after ten seconds, by a thread of the allocator. Four arenas, because two a core suffice and
    /// each keeps pages of its own.
    // SAFETY: jemalloc reads this name as a pointer to text that ends with a zero; the pointer comes first in a slice.
    #[unsafe(export_name = "malloc_conf")]
    static SETTINGS: &[u8] =
        b"narenas:4,dirty_decay_ms:10000,muzzy_decay_ms:0,background_thread:true,thp:never\0";

    /// Gives back what is free: the free pages of all arenas.
    pub fn let_go() {
        // SAFETY: the name ends with a zero, and this call takes and gives nothing.
        let failed = unsafe {
            tikv_jemalloc_sys::mallctl(c"arena.4096.purge".as_ptr(), null_mut(), null_mut(), null_mut(), 0)
        };
        debug_assert_eq!(failed, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_left_to_reserve_and_something_set_aside() {
        for (ceiling, reserved) in [(64_000_000, 32_000_000), (512_000_000, 256_000_000)] {
            assert_eq!(reservable(ceiling), reserved);
        }
        assert_eq!(reservable(16_000_000_000), 16_000_000_000 - 192_000_000 - 2_400_000_000);
    }

    #[test]
    fn looks_often_only_when_the_ceiling_can_be_met_soon() {
        let near = 4_000_000_000;
        assert_eq!(pause(100_000_000, near), LOOK_EVERY_MAX);
        assert_eq!(pause(3_800_000_000, near), Duration::from_millis(200));
        for resident in [near - 1, near, 2 * near] {
            assert_eq!(pause(resident, near), LOOK_EVERY_MIN);
        }
    }

    #[test]
    fn what_is_free_can_be_given_back_at_any_time() {
        let held: Vec<Vec<u8>> = (0..100).map(|n| vec![n; 100_000]).collect();
        allocator::let_go();
        assert!(held.iter().enumerate().all(|(n, bytes)| bytes.iter().all(|byte| *byte == n as u8)));
        let keeper = Keeper::start(1).unwrap();
        drop(held);
        keeper.stop();
    }
}
