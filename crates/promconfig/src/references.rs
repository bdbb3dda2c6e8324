//! What a configuration names and is not there: files of rules, targets, certificates, passwords.
//!
//! A configuration with such gaps is good, since files may come later; whoever checks one wants to be told.

use crate::config::Config;
use crate::http::HttpClientConfig;
use crate::sd::{SdConfig, SdConfigs};
use crate::targets::load_target_groups;
use crate::{Fault, glob};
use std::path::{Path, PathBuf};

/// What is missing or cannot be read, in the order of the configuration: file, and what is wrong with it.
pub fn check_references(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for pattern in &config.rule_files {
        // A pattern may match nothing; a name must be there.
        if !has_pattern(pattern) && !base::disk::exists(pattern) {
            faults.push(Fault::of_file(pattern, "does not point to an existing rule file"));
        }
    }
    for job in config.jobs() {
        let who = format!("scrape job {:?}", job.job_name);
        check_client(&job.http, &who, &mut faults);
        check_discovery(&job.sd_configs, &who, &mut faults);
    }
    for manager in &config.alerting.alertmanagers {
        check_client(&manager.http, "an Alertmanager", &mut faults);
        check_discovery(&manager.sd_configs, "an Alertmanager", &mut faults);
    }
    for write in &config.remote_write {
        check_client(&write.http, "remote_write", &mut faults);
    }
    for read in &config.remote_read {
        check_client(&read.http, "remote_read", &mut faults);
    }
    faults
}

/// The rule files that are there now, each once, in the order of the configuration.
pub fn rule_paths(config: &Config) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in &config.rule_files {
        for path in glob::expand(pattern).unwrap_or_default() {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

fn has_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn check_client(http: &HttpClientConfig, who: &str, faults: &mut Vec<Fault>) {
    let mut files: Vec<(&str, &PathBuf)> = Vec::new();
    if let Some(basic) = &http.basic_auth {
        files.extend(basic.username_file.iter().map(|f| ("username_file", f)));
        files.extend(basic.password_file.iter().map(|f| ("password_file", f)));
    }
    if let Some(authorization) = &http.authorization {
        files.extend(authorization.credentials_file.iter().map(|f| ("credentials_file", f)));
    }
    if let Some(oauth2) = &http.oauth2 {
        files.extend(oauth2.client_secret_file.iter().map(|f| ("client_secret_file", f)));
    }
    files.extend(http.tls_config.ca_file.iter().map(|f| ("ca_file", f)));
    files.extend(http.tls_config.cert_file.iter().map(|f| ("cert_file", f)));
    files.extend(http.tls_config.key_file.iter().map(|f| ("key_file", f)));
    for values in http.http_headers.values() {
        files.extend(values.files.iter().map(|f| ("a file of http_headers", f)));
    }
    for (what, path) in files {
        if !base::disk::exists(path) {
            faults.push(Fault::of_file(path, format!("{what} of {who} does not exist")));
        }
    }
}

fn check_discovery(configs: &SdConfigs, who: &str, faults: &mut Vec<Fault>) {
    for config in configs.iter() {
        match config {
            SdConfig::File(sd) => sd.files.iter().for_each(|pattern| check_targets(pattern, who, faults)),
            SdConfig::Http(sd) => check_client(&sd.http, who, faults),
            SdConfig::Docker(sd) => check_client(&sd.http, who, faults),
            SdConfig::DockerSwarm(sd) => check_client(&sd.http, who, faults),
            SdConfig::Kubernetes(sd) => check_client(&sd.http, who, faults),
            SdConfig::Static(_) | SdConfig::Dns(_) | SdConfig::Unsupported(_) => {}
        }
    }
}

fn check_targets(pattern: &Path, who: &str, faults: &mut Vec<Fault>) {
    let paths = glob::expand(pattern).unwrap_or_default();
    if paths.is_empty() {
        faults.push(Fault::of_file(pattern, format!("file of targets of {who} does not exist")));
    }
    for path in paths {
        faults.extend(load_target_groups(&path).err().unwrap_or_default());
    }
}
