//! Targets from files, `file_sd_configs`: JSON or YAML, read again when they change.
//!
//! Files are watched by looking at their time and length, which works on every file system, mounted configuration
//! maps included. A file that cannot be read or understood keeps the targets it gave last, and is reported.

use crate::group::TargetGroup;
use crate::refresh::Updates;
use base::disk;
use model::{Labels, LabelsBuilder};
use promconfig::FileSd;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use telemetry::Counter;

/// How often names, times and lengths of files are looked at.
const POLL: Duration = Duration::from_secs(2);

/// The watcher of one configuration.
pub struct FileDiscovery {
    patterns: Vec<PathBuf>,
    refresh_interval: Duration,
    files: BTreeMap<PathBuf, Known>,
    read_errors: Counter,
}

/// What is known of a file.
#[derive(Default)]
struct Known {
    /// Modification time and length when it was last read.
    state: Option<(i64, u64)>,
    /// How many groups it gave when it was last understood.
    groups: usize,
    error: Option<String>,
}

impl FileDiscovery {
    pub fn new(config: &FileSd, read_errors: Counter) -> FileDiscovery {
        FileDiscovery {
            patterns: config.files.clone(),
            refresh_interval: config.refresh_interval,
            files: BTreeMap::new(),
            read_errors,
        }
    }

    pub async fn run(mut self, updates: Updates) {
        let mut since_refresh = Duration::ZERO;
        loop {
            // A full reading now and then, in case a change kept time and length.
            let force = since_refresh >= self.refresh_interval;
            since_refresh = if force { Duration::ZERO } else { since_refresh + POLL };
            let groups = self.scan(force);
            match self.files.iter().find_map(|(path, f)| Some((path, f.error.as_ref()?))) {
                Some((path, error)) => updates.failed(format!("{}: {error}", path.display())),
                None => updates.succeeded(),
            }
            if !groups.is_empty() {
                updates.send(groups);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The groups that changed since the last scan, groups that are gone among them.
    pub fn scan(&mut self, force: bool) -> Vec<TargetGroup> {
        let mut changed = Vec::new();
        let mut present = Vec::new();
        for pattern in &self.patterns {
            present.extend(promconfig::glob::expand(pattern).unwrap_or_default());
        }
        for path in &present {
            let known = self.files.entry(path.clone()).or_default();
            let state = disk::modified_ms(path).ok().zip(disk::len(path).ok());
            if state.is_some() && state == known.state && !force {
                continue;
            }
            known.state = state;
            match read(path) {
                Ok(groups) => {
                    known.error = None;
                    let gone = groups.len()..known.groups;
                    known.groups = groups.len();
                    changed.extend(groups);
                    changed.extend(gone.map(|i| TargetGroup::gone(source(path, i))));
                }
                Err(error) => {
                    self.read_errors.inc();
                    tracing::warn!(path = %path.display(), error, "cannot read targets; keeping those read before");
                    known.error = Some(error);
                }
            }
        }
        self.files.retain(|path, known| {
            let keep = present.contains(path);
            if !keep {
                changed.extend((0..known.groups).map(|i| TargetGroup::gone(source(path, i))));
            }
            keep
        });
        changed
    }
}

fn source(path: &Path, index: usize) -> String {
    format!("{}:{index}", path.display())
}

fn read(path: &Path) -> Result<Vec<TargetGroup>, String> {
    let text = disk::read_to_string(path).map_err(|e| e.to_string())?;
    let groups = promconfig::parse_target_groups(path, &text).map_err(|faults| {
        faults.first().map_or_else(|| "not a file of target groups".to_owned(), ToString::to_string)
    })?;
    let convert = |(index, group): (usize, &promconfig::TargetGroup)| {
        let mut converted = from_config(group, source(path, index));
        let mut labels = converted.labels.to_builder();
        labels.set("__meta_filepath", &path.to_string_lossy());
        converted.labels = labels.build();
        converted
    };
    Ok(groups.iter().enumerate().map(convert).collect())
}

/// A group as configurations and files write it.
pub fn from_config(group: &promconfig::TargetGroup, source: String) -> TargetGroup {
    let address = |target: &String| Labels::from_pairs([("__address__", target)]);
    let mut labels = LabelsBuilder::new();
    for (name, value) in group.labels.iter() {
        labels.set(name, value);
    }
    TargetGroup { source, targets: group.targets.iter().map(address).collect(), labels: labels.build() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(patterns: &[PathBuf]) -> FileDiscovery {
        let config = FileSd { files: patterns.to_vec(), ..FileSd::default() };
        FileDiscovery::new(&config, Counter::default())
    }

    fn addresses(groups: &[TargetGroup]) -> Vec<&str> {
        groups.iter().flat_map(|g| &g.targets).map(|t| t.value("__address__")).collect()
    }

    #[test]
    fn follows_files_as_they_come_change_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let (yml, json) = (dir.path().join("one.yml"), dir.path().join("two.json"));
        let mut discovery = discovery(&[dir.path().join("*.yml"), json.clone()]);
        assert_eq!(discovery.scan(false), []);

        disk::write_atomic(&yml, b"- targets: [a:1, b:1]\n  labels: {env: prod}\n- targets: [c:1]\n")
            .unwrap();
        disk::write_atomic(&json, br#"[{"targets": ["d:1"], "unknown": 1}]"#).unwrap();
        let groups = discovery.scan(false);
        assert_eq!(addresses(&groups), ["a:1", "b:1", "c:1", "d:1"]);
        assert_eq!(groups[0].labels.value("env"), "prod");
        assert_eq!(groups[0].labels.value("__meta_filepath"), yml.to_str().unwrap());
        assert_eq!(groups[1].source, format!("{}:1", yml.display()));
        assert_eq!(discovery.scan(false), [], "nothing changed");
        assert_eq!(discovery.scan(true).len(), 3, "a forced scan reads all");

        disk::write_atomic(&yml, b"- targets: [new:1]\n").unwrap();
        let groups = discovery.scan(false);
        assert_eq!(addresses(&groups), ["new:1"]);
        assert_eq!(groups[1], TargetGroup::gone(format!("{}:1", yml.display())));

        disk::remove_file(&json).unwrap();
        assert_eq!(discovery.scan(false), [TargetGroup::gone(format!("{}:0", json.display()))]);
    }

    #[test]
    fn a_bad_file_keeps_what_it_gave_and_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("targets.yml");
        let mut discovery = discovery(std::slice::from_ref(&path));
        disk::write_atomic(&path, b"- targets: [a:1]\n").unwrap();
        assert_eq!(addresses(&discovery.scan(false)), ["a:1"]);
        disk::write_atomic(&path, b"- targets: {not: a list}\n").unwrap();
        assert_eq!(discovery.scan(false), []);
        assert!(discovery.files[&path].error.is_some());
        assert_eq!(discovery.read_errors.get(), 1.0);
        disk::write_atomic(&path, b"- targets: [again:1]\n").unwrap();
        assert_eq!(addresses(&discovery.scan(false)), ["again:1"]);
        assert!(discovery.files[&path].error.is_none());
    }
}
