//! Discovery of containers (`docker`) and of swarm services, tasks and nodes (`dockerswarm`).

use crate::address::Url;
use crate::http::HttpClientConfig;
use crate::yaml::{Fields, Reader};
use std::time::Duration;

section! {
    /// Containers of one Docker engine.
    pub struct DockerSd, null = false, check = check_docker {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        /// `unix:///var/run/docker.sock`, `tcp://…` or `http(s)://…`
        always host: String = String::new(),
        /// For containers that publish no port.
        key port: i64 = 80,
        key filters: Vec<DockerFilter> = Vec::new(),
        /// For containers in the host's network.
        key host_networking_host: String = "localhost".to_owned(),
        key refresh_interval: Duration = Duration::from_secs(60),
        /// Only the first network of a container.
        always match_first_network: bool = true,
    }
}

section! {
    /// What a swarm runs.
    pub struct DockerSwarmSd, null = false, check = check_swarm {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        always host: String = String::new(),
        always role: DockerSwarmRole = DockerSwarmRole::Services,
        key port: i64 = 80,
        key filters: Vec<DockerFilter> = Vec::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
    }
}

choice! {
    pub enum DockerSwarmRole, fold = str::to_owned, empty = true, fault = "invalid role {}, expected tasks, services, or nodes" {
        #[default]
        Services = "services",
        Tasks = "tasks",
        Nodes = "nodes",
    }
}

section! {
    /// A filter of the engine's API.
    pub struct DockerFilter {
        always name: String = String::new(),
        always values: Vec<String> = Vec::new(),
    }
}

fn check_docker(sd: &mut DockerSd, fields: &Fields<'_>, reader: &mut Reader) {
    check_host(&sd.host, fields, reader);
}

fn check_swarm(sd: &mut DockerSwarmSd, fields: &Fields<'_>, reader: &mut Reader) {
    check_host(&sd.host, fields, reader);
    if !fields.has("role") {
        fields.fault("role", "role missing (one of: tasks, services, nodes)", reader);
    }
}

fn check_host(host: &str, fields: &Fields<'_>, reader: &mut Reader) {
    if host.is_empty() {
        fields.fault("host", "host missing", reader);
    } else if let Err(reason) = Url::parse(host) {
        fields.fault("host", reason, reader);
    }
}
