//! Containers of a Docker daemon, `docker_sd_configs`: one target for each network and port.
//!
//! Speaks the Engine API over HTTP, TLS or a Unix socket, without a version in the path: the daemon answers with its
//! newest. <https://docs.docker.com/reference/api/engine/>

use crate::group::{Pairs, TargetGroup, join_host_port, sanitize};
use crate::http::{HttpClient, Request};
use crate::refresh::Refresher;
use base::Clock;
use promconfig::{DockerFilter, DockerSd, HttpClientConfig};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// A thousand containers with many labels take some 5 MB.
const BODY_BYTES_MAX: u64 = 64 << 20;
/// Containers whose network is another's, at most in a row: a ring of them must end.
const SHARED_NETWORK_DEPTH_MAX: usize = 16;

/// Asks a Docker daemon.
pub struct Engine {
    client: HttpClient,
    base: Url,
    timeout: Duration,
}

impl Engine {
    /// `host` is `unix:///path`, `tcp://host:port`, `http://…` or `https://…`.
    pub fn new(
        host: &str,
        http: &HttpClientConfig,
        timeout: Duration,
        clock: &Clock,
    ) -> Result<Engine, String> {
        let fail = |e: &dyn std::fmt::Display| format!("docker host {host:?}: {e}");
        if let Some(path) = host.strip_prefix("unix://") {
            let client =
                HttpClient::over_unix_socket(PathBuf::from(path), http, clock).map_err(|e| fail(&e))?;
            return Ok(Engine { client, base: Url::parse("http://docker/").map_err(|e| fail(&e))?, timeout });
        }
        let tls = !http.tls_config.ca.is_empty() || http.tls_config.ca_file.is_some();
        let base = match host.strip_prefix("tcp://") {
            Some(rest) if tls => format!("https://{rest}"),
            Some(rest) => format!("http://{rest}"),
            None => host.to_owned(),
        };
        let base = Url::parse(&base).map_err(|e| fail(&e))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(fail(&"only unix, tcp, http and https addresses are supported"));
        }
        let client = HttpClient::new(http, clock).map_err(|e| fail(&e))?;
        Ok(Engine { client, base, timeout })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, filters: &[DockerFilter]) -> Result<T, String> {
        let mut url = self.base.join(path).map_err(|e| e.to_string())?;
        if !filters.is_empty() {
            let filters: BTreeMap<&str, &Vec<String>> =
                filters.iter().map(|f| (f.name.as_str(), &f.values)).collect();
            let filters = serde_json::to_string(&filters).map_err(|e| e.to_string())?;
            url.query_pairs_mut().append_pair("filters", &filters);
        }
        let (status, _, body) = self
            .client
            .fetch(Request::get(url), self.timeout, BODY_BYTES_MAX)
            .await
            .map_err(|e| format!("docker: {path}: {e}"))?;
        if !status.is_success() {
            #[derive(Deserialize)]
            struct Failure {
                message: String,
            }
            let message = serde_json::from_slice::<Failure>(&body).map_or(String::new(), |f| f.message);
            return Err(format!("docker: {path}: {status} {message}"));
        }
        serde_json::from_slice(&body).map_err(|e| format!("docker: {path}: {e}"))
    }

    /// Labels of every network, by id; `prefix` is `__meta_docker_` or `__meta_dockerswarm_`.
    pub async fn network_labels(&self, prefix: &str) -> Result<HashMap<String, Pairs>, String> {
        let networks: Vec<Network> = self.get("networks", &[]).await?;
        let labels = |n: Network| {
            let mut pairs = Pairs::default();
            pairs.add(format!("{prefix}network_id"), &n.id);
            pairs.add(format!("{prefix}network_name"), &n.name);
            pairs.add(format!("{prefix}network_scope"), &n.scope);
            pairs.add(format!("{prefix}network_internal"), n.internal.to_string());
            pairs.add(format!("{prefix}network_ingress"), n.ingress.to_string());
            for (name, value) in n.labels.iter().flatten() {
                pairs.add(format!("{prefix}network_label_{}", sanitize(name)), value);
            }
            (n.id, pairs)
        };
        Ok(networks.into_iter().map(labels).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Network {
    #[serde(rename = "Id")]
    id: String,
    name: String,
    scope: String,
    internal: bool,
    ingress: bool,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Container {
    #[serde(rename = "Id")]
    id: String,
    names: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    ports: Option<Vec<Port>>,
    host_config: HostConfig,
    network_settings: Option<NetworkSettings>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "IPAddress")]
    address: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    r#type: String,
}

pub struct DockerDiscovery {
    engine: Engine,
    config: DockerSd,
}

impl DockerDiscovery {
    pub fn new(config: &DockerSd, clock: &Clock) -> Result<DockerDiscovery, String> {
        let engine = Engine::new(&config.host, &config.http, config.refresh_interval, clock)?;
        Ok(DockerDiscovery { engine, config: config.clone() })
    }

    fn targets(&self, containers: &[Container], networks: &HashMap<String, Pairs>) -> Vec<model::Labels> {
        let by_id: HashMap<&str, &Container> = containers.iter().map(|c| (c.id.as_str(), c)).collect();
        let mut targets = Vec::new();
        for container in containers {
            let Some(name) = container.names.as_ref().and_then(|n| n.first()) else { continue };
            let mode = &container.host_config.network_mode;
            let mut common = Pairs::default();
            common.add("__meta_docker_container_id", &container.id);
            common.add("__meta_docker_container_name", name);
            common.add("__meta_docker_container_network_mode", mode);
            for (label, value) in container.labels.iter().flatten() {
                common.add(format!("__meta_docker_container_label_{}", sanitize(label)), value);
            }
            for endpoint in self.endpoints(container, &by_id) {
                let mut shared = common.clone();
                shared.add("__meta_docker_network_ip", &endpoint.address);
                if let Some(labels) = networks.get(&endpoint.network_id) {
                    shared.extend(labels);
                }
                self.add_ports(container, &endpoint, &shared, &mut targets);
            }
        }
        targets
    }

    /// The networks of a container, or of the container whose network it shares.
    fn endpoints(&self, container: &Container, by_id: &HashMap<&str, &Container>) -> Vec<Endpoint> {
        let mut owner = container;
        for _ in 0..SHARED_NETWORK_DEPTH_MAX {
            let networks = owner.network_settings.as_ref().and_then(|s| s.networks.as_ref());
            if let Some(networks) = networks.filter(|n| !n.is_empty()) {
                let mut endpoints: Vec<Endpoint> = networks.values().flatten().cloned().collect();
                if self.config.match_first_network {
                    endpoints.truncate(1);
                }
                return endpoints;
            }
            let connected = owner.host_config.network_mode.strip_prefix("container:");
            match connected.and_then(|id| by_id.get(id)) {
                Some(other) => owner = other,
                None => return Vec::new(),
            }
        }
        Vec::new()
    }

    fn add_ports(
        &self,
        container: &Container,
        endpoint: &Endpoint,
        shared: &Pairs,
        to: &mut Vec<model::Labels>,
    ) {
        let before = to.len();
        for port in container.ports.iter().flatten().filter(|p| p.r#type == "tcp") {
            let mut pairs = shared.clone();
            pairs.add("__meta_docker_port_private", port.private_port.to_string());
            if port.public_port > 0 {
                pairs.add("__meta_docker_port_public", port.public_port.to_string());
                pairs.add("__meta_docker_port_public_ip", &port.ip);
            }
            pairs.add("__address__", join_host_port(&endpoint.address, port.private_port));
            to.push(pairs.build());
        }
        if to.len() == before {
            // No port is exposed: the configured one is guessed. In host mode nobody knows.
            let mut pairs = shared.clone();
            let address = match container.host_config.network_mode.as_str() {
                "host" => self.config.host_networking_host.clone(),
                _ => join_host_port(&endpoint.address, self.config.port),
            };
            pairs.add("__address__", address);
            to.push(pairs.build());
        }
    }
}

impl Refresher for DockerDiscovery {
    async fn refresh(&mut self) -> Result<Vec<TargetGroup>, String> {
        let containers: Vec<Container> = self.engine.get("containers/json", &self.config.filters).await?;
        let networks = self.engine.network_labels("__meta_docker_").await?;
        Ok(vec![TargetGroup::new("Docker", self.targets(&containers, &networks))])
    }
}

#[cfg(test)]
mod tests;
