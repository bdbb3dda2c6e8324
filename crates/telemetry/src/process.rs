//! The `process_*` metrics every Prometheus client library exposes, read from `/proc/self`. On systems without
//! `/proc` they are absent.

use crate::Registry;
use crate::names::process as names;
use base::disk;
use std::path::Path;

/// `USER_HZ`, the unit of CPU times in `/proc`: 100 on every architecture Linux runs on today (proc(5)).
const TICKS_A_SECOND: f64 = 100.0;
/// The unit of `rss` in `/proc/self/stat`.
const PAGE_BYTES: f64 = 4096.0;

/// What `/proc/self/stat` says of this process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stat {
    pub cpu_seconds: f64,
    pub virtual_bytes: f64,
    pub resident_bytes: f64,
    /// After the start of the machine.
    pub started_seconds: f64,
}

/// Makes the process metrics part of a registry.
pub fn register(registry: &Registry) {
    registry.observe(&names::CPU_SECONDS_TOTAL, |o| with_stat(|s| o.value(&[], s.cpu_seconds)));
    registry.observe(&names::RESIDENT_MEMORY_BYTES, |o| with_stat(|s| o.value(&[], s.resident_bytes)));
    registry.observe(&names::VIRTUAL_MEMORY_BYTES, |o| with_stat(|s| o.value(&[], s.virtual_bytes)));
    registry.observe(&names::OPEN_FDS, |o| {
        if let Ok(entries) = disk::list(Path::new("/proc/self/fd")) {
            // One of them is the directory being listed.
            o.value(&[], entries.len().saturating_sub(1) as f64);
        }
    });
    registry.observe(&names::MAX_FDS, |o| {
        if let Some(max) =
            disk::read_to_string(Path::new("/proc/self/limits")).ok().as_deref().and_then(max_fds)
        {
            o.value(&[], max);
        }
    });
    let started = start_time();
    registry.observe(&names::START_TIME_SECONDS, move |o| {
        if let Some(at) = started {
            o.value(&[], at);
        }
    });
}

/// Memory of this process that is in RAM now, if the system tells.
pub fn resident_bytes() -> Option<u64> {
    let mut bytes = None;
    with_stat(|s| bytes = Some(s.resident_bytes as u64));
    bytes
}

/// Threads of this process now; 0 when the system does not tell.
pub fn threads() -> usize {
    disk::list(Path::new("/proc/self/task")).map_or(0, |tasks| tasks.len())
}

/// Start of this process, Unix seconds.
pub fn start_time() -> Option<f64> {
    let boot = disk::read_to_string(Path::new("/proc/stat")).ok()?;
    let boot: f64 = boot.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    let mut started = None;
    with_stat(|s| started = Some(boot + s.started_seconds));
    started
}

fn with_stat(use_it: impl FnOnce(Stat)) {
    if let Some(stat) =
        disk::read_to_string(Path::new("/proc/self/stat")).ok().as_deref().and_then(parse_stat)
    {
        use_it(stat);
    }
}

/// proc(5), `/proc/pid/stat`. The second field is the command in parentheses and may contain anything.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, after_command) = text.rsplit_once(") ")?;
    // Field 3 (state) is the first here.
    let fields: Vec<&str> = after_command.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Stat {
        cpu_seconds: (field(14)? + field(15)?) / TICKS_A_SECOND,
        started_seconds: field(22)? / TICKS_A_SECOND,
        virtual_bytes: field(23)?,
        resident_bytes: field(24)? * PAGE_BYTES,
    })
}

fn max_fds(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_stat_line_with_an_odd_command() {
        let line = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 700 1000000 25 18446744073709551615";
        let want = Stat {
            cpu_seconds: 3.0,
            started_seconds: 7.0,
            virtual_bytes: 1e6,
            resident_bytes: 25.0 * 4096.0,
        };
        assert_eq!(parse_stat(line), Some(want));
        assert_eq!(parse_stat("42 (a"), None);
        assert_eq!(parse_stat("42 (a) S 1"), None);
    }

    #[test]
    fn reads_the_limit() {
        assert_eq!(max_fds("Limit  Soft\nMax open files            1024   4096   files\n"), Some(1024.0));
        assert_eq!(max_fds("nothing"), None);
    }
}
