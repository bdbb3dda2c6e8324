//! Discovery of targets as configured: seven kinds in full, the others read and checked but not run.

pub mod docker;
pub mod kubernetes;
mod others;
pub mod plain;

pub use docker::{DockerFilter, DockerSd, DockerSwarmRole, DockerSwarmSd};
pub use kubernetes::{
    KubernetesAttach, KubernetesNamespaces, KubernetesRole, KubernetesSd, KubernetesSelector,
};
pub use plain::{DnsRecord, DnsSd, FileSd, HttpSd};

use crate::targets::TargetGroup;
use crate::yaml::{Fields, Kind, Node, Reader, Section, Value, Yaml, values};

/// One way to find targets.
#[derive(Clone, Debug, PartialEq)]
pub enum SdConfig {
    /// All of a job's `static_configs` together.
    Static(Vec<TargetGroup>),
    File(FileSd),
    Http(Box<HttpSd>),
    Dns(DnsSd),
    Docker(Box<DockerSd>),
    DockerSwarm(Box<DockerSwarmSd>),
    Kubernetes(Box<KubernetesSd>),
    /// Read and checked; finds nothing. A notice has said so.
    Unsupported(UnsupportedSd),
}

impl SdConfig {
    /// The key under which it stands: `file_sd_configs`.
    pub fn key(&self) -> &'static str {
        match self {
            SdConfig::Static(_) => "static_configs",
            SdConfig::File(_) => "file_sd_configs",
            SdConfig::Http(_) => "http_sd_configs",
            SdConfig::Dns(_) => "dns_sd_configs",
            SdConfig::Docker(_) => "docker_sd_configs",
            SdConfig::DockerSwarm(_) => "dockerswarm_sd_configs",
            SdConfig::Kubernetes(_) => "kubernetes_sd_configs",
            SdConfig::Unsupported(other) => other.key,
        }
    }

    fn print(&self) -> Yaml {
        match self {
            SdConfig::Static(groups) => groups.print(),
            SdConfig::File(sd) => sd.print(),
            SdConfig::Http(sd) => sd.print(),
            SdConfig::Dns(sd) => sd.print(),
            SdConfig::Docker(sd) => sd.print(),
            SdConfig::DockerSwarm(sd) => sd.print(),
            SdConfig::Kubernetes(sd) => sd.print(),
            SdConfig::Unsupported(other) => other.settings.clone(),
        }
    }
}

/// A kind that Pharos knows the settings of, and no more.
#[derive(Clone, Debug, PartialEq)]
pub struct UnsupportedSd {
    /// `consul_sd_configs`
    pub key: &'static str,
    /// What was configured, to print: defaults filled in, secrets masked.
    settings: Yaml,
}

/// All the ways of one job, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SdConfigs(pub Vec<SdConfig>);

impl std::ops::Deref for SdConfigs {
    type Target = [SdConfig];
    fn deref(&self) -> &[SdConfig] {
        &self.0
    }
}

impl Section for SdConfigs {
    fn start() -> SdConfigs {
        SdConfigs::default()
    }

    fn zero() -> SdConfigs {
        SdConfigs::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn read_fields(&mut self, fields: &mut Fields<'_>, reader: &mut Reader) {
        self.read_list(fields, "file_sd_configs", SdConfig::File, reader);
        self.read_list(fields, "http_sd_configs", |sd| SdConfig::Http(Box::new(sd)), reader);
        self.read_list(fields, "dns_sd_configs", SdConfig::Dns, reader);
        self.read_list(fields, "docker_sd_configs", |sd| SdConfig::Docker(Box::new(sd)), reader);
        self.read_list(fields, "dockerswarm_sd_configs", |sd| SdConfig::DockerSwarm(Box::new(sd)), reader);
        self.read_list(fields, "kubernetes_sd_configs", |sd| SdConfig::Kubernetes(Box::new(sd)), reader);
        let mut groups: Vec<TargetGroup> = Vec::new();
        fields.read("static_configs", &mut groups, reader);
        if !groups.is_empty() {
            self.0.push(SdConfig::Static(groups));
        }
        for (key, read) in others::KINDS {
            self.read_other(fields, key, *read, reader);
        }
        self.0.sort_by_key(SdConfig::key);
    }

    fn print_fields(&self, out: &mut Vec<(String, Yaml)>) {
        for config in &self.0 {
            let printed = config.print();
            match (out.last_mut(), config) {
                (_, SdConfig::Static(_)) => out.push((config.key().to_owned(), printed)),
                (Some((key, Yaml::Seq(items))), _) if key == config.key() => items.push(printed),
                _ => out.push((config.key().to_owned(), Yaml::Seq(vec![printed]))),
            }
        }
    }
}

impl SdConfigs {
    fn read_list<T: Value>(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        wrap: impl Fn(T) -> SdConfig,
        reader: &mut Reader,
    ) {
        let mut list: Vec<T> = Vec::new();
        fields.read(key, &mut list, reader);
        self.0.extend(list.into_iter().map(wrap));
    }

    fn read_other(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        read: others::ReadKind,
        reader: &mut Reader,
    ) {
        let Some(node) = fields.take(key).filter(|n| !n.is_null()) else { return };
        reader.enter(key);
        if let Some(items) = values::sequence(node, reader) {
            for (index, item) in items.iter().enumerate() {
                reader.enter_index(index);
                if item.is_null() {
                    reader.fault(item, format!("empty or null section in {key}"));
                } else {
                    self.0.push(SdConfig::Unsupported(UnsupportedSd { key, settings: read(item, reader) }));
                }
                reader.leave();
            }
        }
        if has_items(node) {
            let text = format!("{key} is not supported by Pharos: use file_sd_configs or http_sd_configs");
            reader.notice(fields.at(key), text);
        }
        reader.leave();
    }
}

fn has_items(node: &Node) -> bool {
    matches!(&node.kind, Kind::Seq(items) if !items.is_empty())
}
