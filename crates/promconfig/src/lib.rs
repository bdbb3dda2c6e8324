//! Prometheus's configuration files, read into types: `prometheus.yml`, rule files, files of targets.
//!
//! [`load`] reads a configuration and the files it imports. Every fault is found in one reading and knows its file,
//! line and field. What comes back is complete: defaults filled in, jobs have inherited from `global`, relative
//! paths are joined to the directory of their file, regular expressions are compiled. What a good file asks for and
//! Pharos does not do is a [`Notice`].
//!
//! Nothing here acts on a configuration: scraping, discovery and remote writing know how.

#[macro_use]
mod yaml;

pub mod address;
pub mod alerting;
pub mod cloud_auth;
pub mod config;
pub mod fault;
pub mod glob;
pub mod global;
pub mod http;
pub mod lint;
pub mod names;
pub mod pattern;
pub mod references;
pub mod relabel;
pub mod remote;
pub mod rules;
pub mod scrape;
pub mod sd;
pub mod secret;
pub mod settings;
pub mod size;
pub mod storage;
pub mod targets;
pub mod web;

pub use address::Url;
pub use alerting::{AlertingConfig, AlertmanagerConfig};
pub use config::{Config, LoadOptions, check_config, load, parse};
pub use fault::{Fault, Line, Notice};
pub use global::{ExternalLabels, GlobalConfig, ScrapeProtocol};
pub use http::{
    Authorization, BasicAuth, HeaderValues, HttpClientConfig, OAuth2, ProxyConfig, TlsConfig, TlsVersion,
};
pub use names::{NameEscaping, NameValidation};
pub use pattern::Pattern;
pub use references::{check_references, rule_paths};
pub use relabel::{RelabelAction, RelabelConfig};
pub use remote::{MetadataConfig, QueueConfig, RemoteReadConfig, RemoteWriteConfig, RemoteWriteMessage};
pub use rules::{
    CheckExpr, Rule, RuleFile, RuleGroup, RuleOptions, check_rules, lint_rules, load_rules, parse_rules,
};
pub use scrape::ScrapeConfig;
pub use sd::{
    DnsRecord, DnsSd, DockerFilter, DockerSd, DockerSwarmRole, DockerSwarmSd, FileSd, HttpSd,
    KubernetesAttach, KubernetesNamespaces, KubernetesRole, KubernetesSd, KubernetesSelector, SdConfig,
    SdConfigs, UnsupportedSd,
};
pub use secret::Secret;
pub use settings::{DownsampleRule, RetentionRule, Settings, load_settings};
pub use size::ByteSize;
pub use storage::{
    ExemplarsConfig, OtlpConfig, RetentionConfig, StorageConfig, TracingConfig, TranslationStrategy,
    TsdbConfig,
};
pub use targets::{LabelMap, TargetGroup, load_target_groups, parse_target_groups};
