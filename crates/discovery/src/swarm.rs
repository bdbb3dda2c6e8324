//! Services, tasks and nodes of a Docker swarm, `dockerswarm_sd_configs`.

use crate::docker::Engine;
use crate::group::{Pairs, TargetGroup, join_host_port, sanitize};
use crate::refresh::Refresher;
use base::Clock;
use model::Labels;
use promconfig::{DockerSwarmRole, DockerSwarmSd};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

type StringMap = Option<BTreeMap<String, String>>;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    spec: ServiceSpec,
    endpoint: ServiceEndpoint,
    update_status: Option<State>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ServiceSpec {
    name: String,
    labels: StringMap,
    mode: Mode,
    task_template: TaskSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Mode {
    replicated: Option<serde_json::Value>,
    global: Option<serde_json::Value>,
}

impl Mode {
    fn as_str(&self) -> &'static str {
        match (&self.global, &self.replicated) {
            (Some(_), _) => "global",
            (None, Some(_)) => "replicated",
            (None, None) => "",
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct TaskSpec {
    container_spec: Option<ContainerSpec>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ContainerSpec {
    image: String,
    hostname: String,
    labels: StringMap,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ServiceEndpoint {
    ports: Option<Vec<PortConfig>>,
    #[serde(rename = "VirtualIPs")]
    virtual_ips: Option<Vec<VirtualIp>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "PascalCase", default)]
struct PortConfig {
    name: String,
    protocol: String,
    published_port: u32,
    publish_mode: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct VirtualIp {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "Addr")]
    address: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    state: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Task {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(rename = "NodeID")]
    node_id: String,
    slot: i64,
    desired_state: String,
    spec: TaskSpec,
    status: TaskStatus,
    networks_attachments: Option<Vec<Attachment>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct TaskStatus {
    state: String,
    container_status: Option<ContainerStatus>,
    port_status: PortStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct PortStatus {
    ports: Option<Vec<PortConfig>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Attachment {
    network: AttachedNetwork,
    addresses: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AttachedNetwork {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    #[serde(rename = "ID")]
    id: String,
    spec: NodeSpec,
    description: NodeDescription,
    status: NodeStatus,
    manager_status: Option<ManagerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct NodeSpec {
    labels: StringMap,
    role: String,
    availability: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct NodeDescription {
    hostname: String,
    platform: Platform,
    engine: EngineInfo,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Platform {
    #[serde(rename = "Architecture")]
    architecture: String,
    #[serde(rename = "OS")]
    os: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct EngineInfo {
    engine_version: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct NodeStatus {
    state: String,
    addr: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ManagerStatus {
    leader: bool,
    reachability: String,
    addr: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Inspected {
    config: Option<ContainerSpec>,
}

pub struct SwarmDiscovery {
    engine: Engine,
    config: DockerSwarmSd,
}

impl SwarmDiscovery {
    pub fn new(config: &DockerSwarmSd, clock: &Clock) -> Result<SwarmDiscovery, String> {
        let engine = Engine::new(&config.host, &config.http, config.refresh_interval, clock)?;
        Ok(SwarmDiscovery { engine, config: config.clone() })
    }

    async fn services(&self) -> Result<Vec<Labels>, String> {
        let services: Vec<Service> = self.engine.get("services", &self.config.filters).await?;
        let networks = self.engine.network_labels("__meta_dockerswarm_").await?;
        let mut targets = Vec::new();
        for service in &services {
            let mut common = service_labels(service);
            let spec = service.spec.task_template.container_spec.as_ref();
            common.add_if("__meta_dockerswarm_service_task_container_hostname", spec.map(|s| &s.hostname));
            common.add_if("__meta_dockerswarm_service_task_container_image", spec.map(|s| &s.image));
            let updating = service.update_status.as_ref().map(|s| &s.state);
            common.add_if("__meta_dockerswarm_service_updating_status", updating);
            for vip in service.endpoint.virtual_ips.iter().flatten() {
                let mut shared = common.clone();
                if let Some(labels) = networks.get(&vip.network_id) {
                    shared.extend(labels);
                }
                let ip = without_prefix_length(&vip.address);
                for_ports(&service.endpoint.ports, ip, self.config.port, |port, address| {
                    let mut pairs = shared.clone();
                    if let Some(port) = port {
                        pairs.add("__meta_dockerswarm_service_endpoint_port_name", &port.name);
                        pairs
                            .add("__meta_dockerswarm_service_endpoint_port_publish_mode", &port.publish_mode);
                    }
                    pairs.add("__address__", address);
                    targets.push(pairs.build());
                });
            }
        }
        Ok(targets)
    }

    async fn nodes(&self) -> Result<Vec<Labels>, String> {
        let nodes: Vec<Node> = self.engine.get("nodes", &self.config.filters).await?;
        let target = |node: &Node| {
            let mut pairs = node_labels(node);
            pairs.add("__meta_dockerswarm_node_engine_version", &node.description.engine.engine_version);
            if let Some(manager) = &node.manager_status {
                pairs.add("__meta_dockerswarm_node_manager_leader", manager.leader.to_string());
                pairs.add("__meta_dockerswarm_node_manager_reachability", &manager.reachability);
                pairs.add("__meta_dockerswarm_node_manager_address", &manager.addr);
            }
            pairs.add("__address__", join_host_port(&node.status.addr, self.config.port));
            pairs.build()
        };
        Ok(nodes.iter().map(target).collect())
    }

    async fn tasks(&self) -> Result<Vec<Labels>, String> {
        let tasks: Vec<Task> = self.engine.get("tasks", &self.config.filters).await?;
        let services: Vec<Service> = self.engine.get("services", &[]).await?;
        let nodes: Vec<Node> = self.engine.get("nodes", &[]).await?;
        let networks = self.engine.network_labels("__meta_dockerswarm_").await?;
        let services: HashMap<&str, &Service> = services.iter().map(|s| (s.id.as_str(), s)).collect();
        let nodes: HashMap<&str, &Node> = nodes.iter().map(|n| (n.id.as_str(), n)).collect();
        let mut targets = Vec::new();
        for task in &tasks {
            let container = self.container_labels(task).await;
            let service = services.get(task.service_id.as_str()).copied();
            let node = nodes.get(task.node_id.as_str()).copied();
            let common = task_labels(task, container, service, node);
            add_published(task, node, &common, &mut targets);
            let no_ports = None;
            let ports = service.map_or(&no_ports, |s| &s.endpoint.ports);
            for attachment in task.networks_attachments.iter().flatten() {
                let mut shared = common.clone();
                if let Some(labels) = networks.get(&attachment.network.id) {
                    shared.extend(labels);
                }
                for address in attachment.addresses.iter().flatten() {
                    for_ports(ports, without_prefix_length(address), self.config.port, |port, address| {
                        let mut pairs = shared.clone();
                        let mode = port.map(|p| &p.publish_mode);
                        pairs.add_if("__meta_dockerswarm_task_port_publish_mode", mode);
                        pairs.add("__address__", address);
                        targets.push(pairs.build());
                    });
                }
            }
        }
        Ok(targets)
    }

    /// Labels of the running container, its image's among them. Only the node it runs on knows: elsewhere none.
    async fn container_labels(&self, task: &Task) -> StringMap {
        let id = task.status.container_status.as_ref().map(|c| c.id.as_str()).filter(|id| !id.is_empty())?;
        let inspected: Inspected = self.engine.get(&format!("containers/{id}/json"), &[]).await.ok()?;
        inspected.config?.labels
    }
}

impl Refresher for SwarmDiscovery {
    async fn refresh(&mut self) -> Result<Vec<TargetGroup>, String> {
        let targets = match self.config.role {
            DockerSwarmRole::Services => self.services().await?,
            DockerSwarmRole::Tasks => self.tasks().await?,
            DockerSwarmRole::Nodes => self.nodes().await?,
        };
        Ok(vec![TargetGroup::new("DockerSwarm", targets)])
    }
}

/// What services and their tasks have in common.
fn service_labels(service: &Service) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add("__meta_dockerswarm_service_id", &service.id);
    pairs.add("__meta_dockerswarm_service_name", &service.spec.name);
    pairs.add("__meta_dockerswarm_service_mode", service.spec.mode.as_str());
    for (name, value) in service.spec.labels.iter().flatten() {
        pairs.add(format!("__meta_dockerswarm_service_label_{}", sanitize(name)), value);
    }
    pairs
}

/// What nodes and the tasks on them have in common.
fn node_labels(node: &Node) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add("__meta_dockerswarm_node_id", &node.id);
    pairs.add("__meta_dockerswarm_node_role", &node.spec.role);
    pairs.add("__meta_dockerswarm_node_address", &node.status.addr);
    pairs.add("__meta_dockerswarm_node_availability", &node.spec.availability);
    pairs.add("__meta_dockerswarm_node_hostname", &node.description.hostname);
    pairs.add("__meta_dockerswarm_node_platform_architecture", &node.description.platform.architecture);
    pairs.add("__meta_dockerswarm_node_platform_os", &node.description.platform.os);
    pairs.add("__meta_dockerswarm_node_status", &node.status.state);
    for (name, value) in node.spec.labels.iter().flatten() {
        pairs.add(format!("__meta_dockerswarm_node_label_{}", sanitize(name)), value);
    }
    pairs
}

fn task_labels(task: &Task, container: StringMap, service: Option<&Service>, node: Option<&Node>) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add("__meta_dockerswarm_task_id", &task.id);
    pairs.add("__meta_dockerswarm_task_desired_state", &task.desired_state);
    pairs.add("__meta_dockerswarm_task_state", &task.status.state);
    pairs.add("__meta_dockerswarm_task_slot", task.slot.to_string());
    let container_id = task.status.container_status.as_ref().map(|c| &c.id);
    pairs.add_if("__meta_dockerswarm_task_container_id", container_id);
    if let Some(spec) = &task.spec.container_spec {
        // The labels of the task come last: they override those of the image.
        for (name, value) in container.iter().flatten().chain(spec.labels.iter().flatten()) {
            pairs.add(format!("__meta_dockerswarm_container_label_{}", sanitize(name)), value);
        }
    }
    if let Some(service) = service {
        pairs.extend(&service_labels(service));
    }
    if let Some(node) = node {
        pairs.extend(&node_labels(node));
    }
    pairs
}

/// Ports that a task publishes on its node.
fn add_published(task: &Task, node: Option<&Node>, common: &Pairs, targets: &mut Vec<Labels>) {
    let host = node.map_or("", |n| n.status.addr.as_str());
    for port in task.status.port_status.ports.iter().flatten().filter(|p| p.protocol == "tcp") {
        let mut pairs = common.clone();
        pairs.add("__meta_dockerswarm_task_port_publish_mode", &port.publish_mode);
        pairs.add("__address__", join_host_port(host, port.published_port));
        targets.push(pairs.build());
    }
}

/// Visits every TCP port with its address, or the configured port when there is none.
fn for_ports(
    ports: &Option<Vec<PortConfig>>,
    ip: &str,
    fallback: i64,
    mut visit: impl FnMut(Option<&PortConfig>, String),
) {
    let mut any = false;
    for port in ports.iter().flatten().filter(|p| p.protocol == "tcp") {
        visit(Some(port), join_host_port(ip, port.published_port));
        any = true;
    }
    if !any {
        visit(None, join_host_port(ip, fallback));
    }
}

/// `10.0.0.2` of `10.0.0.2/24`
fn without_prefix_length(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

#[cfg(test)]
mod tests;
