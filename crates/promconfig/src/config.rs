//! The whole of `prometheus.yml`: reading it, and printing it back.

use crate::alerting::AlertingConfig;
use crate::fault::{Fault, Notice};
use crate::global::{GlobalConfig, RuntimeConfig};
use crate::remote::{RemoteReadConfig, RemoteWriteConfig};
use crate::scrape::ScrapeConfig;
use crate::sd::plain::is_glob;
use crate::storage::{OtlpConfig, StorageConfig, TracingConfig};
use crate::yaml::{Fields, Kind, Node, Reader, Value, node};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

section! {
    /// A configuration that was read without fault. Relative paths in it are joined to the directory of their file.
    pub struct Config, check = check_config_section {
        always global: GlobalConfig = GlobalConfig::default(),
        key runtime: RuntimeConfig = RuntimeConfig::default(),
        key alerting: AlertingConfig = AlertingConfig::default(),
        /// Globs, each with at most one star, in the last part.
        key rule_files: Vec<PathBuf> = Vec::new(),
        /// Globs of files with further jobs, which are in [`Config::imported`].
        key scrape_config_files: Vec<PathBuf> = Vec::new(),
        key scrape_configs: Vec<ScrapeConfig> = Vec::new(),
        key storage: StorageConfig = StorageConfig::default(),
        key tracing: Option<TracingConfig> = None,
        key remote_write: Vec<RemoteWriteConfig> = Vec::new(),
        key remote_read: Vec<RemoteReadConfig> = Vec::new(),
        key otlp: OtlpConfig = OtlpConfig::default(),
        /// The jobs of `scrape_config_files`.
        derived imported: Vec<ScrapeConfig> = Vec::new(),
        /// What this configuration asks for that Pharos does not do.
        derived notices: Vec<Notice> = Vec::new(),
    }
}

/// How to read.
#[derive(Clone)]
pub struct LoadOptions {
    /// In agent mode, rules, alerting and remote read are faults.
    pub agent_mode: bool,
    /// Where `external_labels` get their variables.
    pub environment: Arc<dyn Fn(&str) -> Option<String> + Send + Sync>,
}

impl Default for LoadOptions {
    fn default() -> LoadOptions {
        LoadOptions { agent_mode: false, environment: Arc::new(|name| std::env::var(name).ok()) }
    }
}

impl Config {
    /// All jobs: those of the file itself, then the imported ones. Names are unique.
    pub fn jobs(&self) -> impl Iterator<Item = &ScrapeConfig> {
        self.scrape_configs.iter().chain(&self.imported)
    }

    /// What this configuration asks for that Pharos does not do.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The configuration as YAML: defaults filled in, secrets masked.
    pub fn to_yaml(&self) -> String {
        self.print().to_document()
    }
}

impl ScrapeConfig {
    /// One job as YAML: defaults filled in, secrets masked.
    pub fn to_yaml(&self) -> String {
        self.print().to_document()
    }
}

/// Reads a file and the files it imports.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Config, Vec<Fault>> {
    let bytes = base::disk::read(path).map_err(|e| vec![Fault::of_file(path, e.to_string())])?;
    let text = utf8(path, bytes).map_err(|fault| vec![fault])?;
    parse(path, &text, options)
}

/// Reads the text of a file that would stand at `path`, and the files it imports.
pub fn parse(path: &Path, text: &str, options: &LoadOptions) -> Result<Config, Vec<Fault>> {
    let mut reader = Reader::new(path);
    reader.environment = Arc::clone(&options.environment);
    let root = node::parse(text).map_err(|syntax| vec![reader.syntax_fault(&syntax)])?;
    let mut config = Config::default();
    if !root.is_null() {
        config.read(&root, &mut reader);
    }
    if options.agent_mode {
        check_agent_mode(&root, &mut reader);
    }
    reader.faults.sort_by_key(|f| (f.line, f.column));
    import(&mut config, &mut reader);
    config.notices = reader.notices;
    if reader.faults.is_empty() { Ok(config) } else { Err(reader.faults) }
}

/// The faults of a file; none when it is good.
pub fn check_config(path: &Path) -> Vec<Fault> {
    load(path, &LoadOptions::default()).err().unwrap_or_default()
}

/// The text of a file, or the place where it stops being one.
pub(crate) fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line_start = good.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let mut fault = Fault::of_file(path, "yaml: invalid UTF-8");
        fault.line = 1 + good.iter().filter(|b| **b == b'\n').count();
        fault.column = 1 + good.len() - line_start;
        fault
    })
}

fn check_config_section(config: &mut Config, fields: &Fields<'_>, reader: &mut Reader) {
    // A section that is there and empty is not a section of zeroes.
    if !fields.has("global") {
        config.global = GlobalConfig::default();
    }
    if config.runtime.gogc == 0 {
        config.runtime = RuntimeConfig::default();
    }
    check_patterns("rule_files", "rule file", fields, reader);
    check_patterns("scrape_config_files", "scrape config file", fields, reader);
    check_unique("scrape_configs", "job_name", "scrape configs", fields, reader);
    check_unique("remote_write", "name", "remote write configs", fields, reader);
    check_unique("remote_read", "name", "remote read configs", fields, reader);
}

fn items<'a>(fields: &Fields<'a>, key: &str) -> &'a [Rc<Node>] {
    match fields.get(key).map(|n| &n.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}

fn check_patterns(key: &str, what: &str, fields: &Fields<'_>, reader: &mut Reader) {
    reader.enter(key);
    for (index, item) in items(fields, key).iter().enumerate() {
        let text = item.scalar_text().unwrap_or("");
        if !is_glob(text) {
            reader.enter_index(index);
            reader.fault(item, format!("invalid {what} path {text:?}"));
            reader.leave();
        }
    }
    reader.leave();
}

fn check_unique(key: &str, name_key: &str, what: &str, fields: &Fields<'_>, reader: &mut Reader) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, item) in items(fields, key).iter().enumerate() {
        let Some(node) = item.get(name_key) else { continue };
        let Some(name) = node.scalar_text().filter(|n| !n.is_empty()) else { continue };
        if let Some(line) = seen.insert(name, node.line) {
            reader.enter(key);
            reader.enter_index(index);
            reader.enter(name_key);
            reader.fault(node, format!("found multiple {what} with job name {name:?}, first on line {line}"));
            reader.leave();
            reader.leave();
            reader.leave();
        }
    }
}

fn check_agent_mode(root: &Node, reader: &mut Reader) {
    let has = |node: Option<&Node>| match node.map(|n| &n.kind) {
        Some(Kind::Seq(items)) => !items.is_empty(),
        _ => false,
    };
    let alerting = root.get("alerting");
    let faults = [
        (
            "alerting",
            ["alertmanagers", "alert_relabel_configs"].iter().any(|k| has(alerting.and_then(|a| a.get(k)))),
        ),
        ("rule_files", has(root.get("rule_files"))),
        ("remote_read", has(root.get("remote_read"))),
    ];
    for (key, set) in faults {
        if set {
            reader.enter(key);
            reader.fault(root.key(key).unwrap_or(root), format!("field {key} is not allowed in agent mode"));
            reader.leave();
        }
    }
}

section! {
    /// A file that `scrape_config_files` names.
    pub(crate) struct Imported {
        key scrape_configs: Vec<ScrapeConfig> = Vec::new(),
    }
}

/// Reads the files of `scrape_config_files`. Their faults and notices join those of the main file.
fn import(config: &mut Config, main: &mut Reader) {
    let mut jobs: HashMap<String, String> =
        config.scrape_configs.iter().map(|j| (j.job_name.clone(), "main config file".to_owned())).collect();
    for pattern in &config.scrape_config_files {
        let paths = match crate::glob::expand(pattern) {
            Ok(paths) => paths,
            Err(e) => {
                let reason = format!("error retrieving scrape config files for {:?}: {e}", pattern.display());
                main.faults.push(Fault::of_file(pattern, reason));
                continue;
            }
        };
        for path in paths {
            config.imported.extend(import_file(&path, &mut jobs, main));
        }
    }
}

fn import_file(path: &Path, jobs: &mut HashMap<String, String>, main: &mut Reader) -> Vec<ScrapeConfig> {
    let text = base::disk::read(path)
        .map_err(|e| Fault::of_file(path, e.to_string()))
        .and_then(|bytes| utf8(path, bytes));
    let text = match text {
        Ok(text) => text,
        Err(fault) => {
            main.faults.push(fault);
            return Vec::new();
        }
    };
    let mut reader = Reader::new(path);
    reader.environment = Arc::clone(&main.environment);
    reader.global = main.global.clone();
    reader.names = main.global.metric_name_validation_scheme;
    let mut imported = Imported::default();
    match node::parse(&text) {
        Ok(root) if root.is_null() => {}
        Ok(root) => {
            imported.read(&root, &mut reader);
            check_imported_names(&root, path, jobs, &mut reader);
        }
        Err(syntax) => reader.faults.push(reader.syntax_fault(&syntax)),
    }
    reader.faults.sort_by_key(|f| (f.line, f.column));
    main.faults.append(&mut reader.faults);
    main.notices.append(&mut reader.notices);
    imported.scrape_configs
}

fn check_imported_names(root: &Node, path: &Path, jobs: &mut HashMap<String, String>, reader: &mut Reader) {
    let Some(Kind::Seq(items)) = root.get("scrape_configs").map(|n| &n.kind) else { return };
    for (index, item) in items.iter().enumerate() {
        let Some(node) = item.get("job_name") else { continue };
        let Some(name) = node.scalar_text().filter(|n| !n.is_empty()) else { continue };
        if let Some(first) = jobs.get(name) {
            reader.enter("scrape_configs");
            reader.enter_index(index);
            reader.enter("job_name");
            let reason =
                format!("found multiple scrape configs with job name {name:?}, first found in {first}");
            reader.fault(node, reason);
            reader.leave();
            reader.leave();
            reader.leave();
        } else {
            jobs.insert(name.to_owned(), format!("{:?}", path.display()));
        }
    }
}

#[cfg(test)]
mod tests;
