//! `scrape_failure_log_file`: failed scrapes as JSON, a line each.

use base::{Clock, disk};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// One open file. Jobs that name the same path share it.
pub struct FailureLog {
    file: Mutex<File>,
    clock: Clock,
}

impl FailureLog {
    pub fn open(path: &Path, clock: &Clock) -> io::Result<FailureLog> {
        Ok(FailureLog { file: Mutex::new(disk::open_append(path)?), clock: clock.clone() })
    }

    /// A line that cannot be written is lost: scraping goes on.
    pub fn write(&self, job: &str, target: &str, error: &str) {
        let time = Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or_default();
        let line = serde_json::json!({
            "time": time.to_string(), "level": "ERROR", "msg": error, "job_name": job, "target": target,
        });
        let _ = writeln!(self.file.lock(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_line_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("failures.log");
        let clock = Clock::manual(1_000);
        FailureLog::open(&path, &clock).unwrap().write("j", "http://t/metrics", "no \"way\"");
        FailureLog::open(&path, &clock).unwrap().write("j", "http://t/metrics", "again");
        let text = disk::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["msg"], "no \"way\"");
        assert_eq!(lines[0]["time"], "1970-01-01T00:00:01Z");
        assert_eq!(lines[1]["job_name"], "j");
    }
}
