//! `pharos.yaml`: the settings of Pharos itself, read by the same rules as Prometheus's files.
//!
//! Each key is a flag's name with underscores; what a flag cannot say well (rules of retention) is here alone.

use crate::fault::Fault;
use crate::size::ByteSize;
use crate::yaml::{Fields, Reader, Value, node};
use std::path::{Path, PathBuf};
use std::time::Duration;

section! {
    /// What the file says; `None` leaves the flag or its default.
    pub struct Settings {
        key data: Option<PathBuf> = None,
        key listen: Option<String> = None,
        key single_port: Option<bool> = None,
        /// Also listen where the replaced programs do: 9411, 16685, 16686 …
        key drop_in: Option<bool> = None,
        /// Where SQL is spoken over PostgreSQL's protocol.
        key postgres: Option<String> = None,
        /// A file of Jaeger's sampling strategies.
        key sampling_strategies: Option<PathBuf> = None,
        key insecure: Option<bool> = None,
        key prometheus_config: Option<PathBuf> = None,
        key memory: Option<ByteSize> = None,
        key disk: Option<ByteSize> = None,
        key retention_metrics: Option<Duration> = None,
        key retention_logs: Option<Duration> = None,
        key retention_traces: Option<Duration> = None,
        key retention_errors: Option<Duration> = None,
        /// Shorter lives for some series; the first rule that matches a series counts.
        key retention: Vec<RetentionRule> = Vec::new(),
        key out_of_order_window: Option<Duration> = None,
        /// Samples of any age are accepted, those of 1970 too.
        key accept_any_time: Option<bool> = None,
        key max_series: Option<u64> = None,
        key query_timeout: Option<Duration> = None,
        key query_max_samples: Option<u64> = None,
        key query_max_concurrency: Option<u64> = None,
        key query_lookback_delta: Option<Duration> = None,
        key log: Option<String> = None,
    }
}

section! {
    /// `{match: '{__name__=~"debug_.*"}', keep: 2d}`, or `{match: …, downsample: {after: 7d, step: 5m}}`
    pub struct RetentionRule, null = false, check = check_rule {
        /// A PromQL selector.
        key r#match: String = String::new(),
        key keep: Option<Duration> = None,
        key downsample: Option<DownsampleRule> = None,
    }
}

section! {
    /// Of samples older than `after`, one a `step` is kept.
    pub struct DownsampleRule, check = check_downsample {
        key after: Duration = Duration::ZERO,
        key step: Duration = Duration::ZERO,
    }
}

fn check_rule(rule: &mut RetentionRule, fields: &Fields<'_>, reader: &mut Reader) {
    if rule.r#match.is_empty() {
        fields.fault("match", "a selector such as '{__name__=~\"debug_.*\"}' is missing", reader);
    }
    if rule.keep.is_none() && rule.downsample.is_none() {
        fields.fault("keep", "a rule says keep, downsample, or both", reader);
    }
}

fn check_downsample(rule: &mut DownsampleRule, fields: &Fields<'_>, reader: &mut Reader) {
    if rule.step.is_zero() {
        fields.fault("step", "must be more than 0", reader);
    }
}

/// Reads the file. Relative paths in it are joined to its directory.
pub fn load_settings(path: &Path) -> Result<Settings, Vec<Fault>> {
    let text = base::disk::read_to_string(path).map_err(|e| vec![Fault::of_file(path, e.to_string())])?;
    let mut reader = Reader::new(path);
    let root = node::parse(&text).map_err(|syntax| vec![reader.syntax_fault(&syntax)])?;
    let mut settings = Settings::default();
    if !root.is_null() {
        settings.read(&root, &mut reader);
    }
    if reader.faults.is_empty() { Ok(settings) } else { Err(reader.faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Settings, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pharos.yaml");
        base::disk::write_atomic(&path, text.as_bytes()).unwrap();
        let prefix = format!("{}/", dir.path().display());
        load_settings(&path).map_err(|f| f.iter().map(|f| f.to_string().replace(&prefix, "")).collect())
    }

    #[test]
    fn settings_are_read() {
        let rules = "retention:\n  - match: '{__name__=~\"debug_.*\"}'\n    keep: 2d\n";
        let settings =
            load(&format!("memory: 2GB\nretention_metrics: 30d\nsingle_port: true\n{rules}")).unwrap();
        assert_eq!(settings.memory, Some(ByteSize(2 << 30)));
        assert_eq!(settings.retention_metrics, Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(settings.retention[0].keep, Some(Duration::from_secs(2 * 86_400)));
        assert_eq!(load(""), Ok(Settings::default()));
    }

    #[test]
    fn every_fault_has_its_line() {
        let faults = load("memory: much\nretention:\n  - keep: 2d\nnope: 1\n").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("pharos.yaml:1: memory: "), "{faults:?}");
        assert!(faults[1].starts_with("pharos.yaml:3: retention[0].match: "), "{faults:?}");
        assert!(faults[2].starts_with("pharos.yaml:4: nope: "), "{faults:?}");
    }
}
