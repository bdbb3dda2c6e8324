//! Groups of targets from objects, role by role.

use super::labels;
use super::objects::*;
use super::reflector::Store;
use crate::group::{Pairs, TargetGroup, join_host_port, sanitize};
use model::Labels;
use std::sync::Arc;

const P: &str = "__meta_kubernetes_";

/// The objects that labels of a target may come from. Stores that a role does not need are empty.
#[derive(Clone, Default)]
pub struct Around {
    pub pods: Store<Pod>,
    pub services: Store<Service>,
    /// Filled when node metadata are attached.
    pub nodes: Store<Node>,
    /// Filled when namespace metadata are attached.
    pub namespaces: Store<Namespace>,
}

impl Around {
    fn namespace(&self, name: &str) -> Pairs {
        let mut pairs = labels::namespace_name(name);
        if let Some(namespace) = self.namespaces.get(name) {
            pairs.extend(&labels::namespace(&namespace));
        }
        pairs
    }

    fn node(&self, name: Option<&str>) -> Pairs {
        name.and_then(|n| self.nodes.get(n)).map_or_else(Pairs::default, |n| labels::attached_node(&n))
    }

    fn referred_pod(&self, reference: Option<&ObjectReference>) -> Option<Arc<Pod>> {
        let reference = reference.filter(|r| r.kind == "Pod")?;
        self.pods.get(&format!("{}/{}", reference.namespace, reference.name))
    }
}

/// Where the groups of an object come from.
pub fn source(role: &str, key: &str) -> String {
    format!("{role}/{key}")
}

pub fn node(node: &Node) -> TargetGroup {
    let mut group = TargetGroup::gone(source("node", &node.key()));
    let addresses: Vec<&NodeAddress> = node.status.addresses.iter().flatten().collect();
    let order = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];
    let Some(chosen) = order.iter().find_map(|kind| addresses.iter().find(|a| a.r#type == *kind)) else {
        return group;
    };
    let mut target = Pairs::default();
    let port = node.status.daemon_endpoints.kubelet_endpoint.port;
    target.add("__address__", join_host_port(&chosen.address, port));
    target.add("instance", &node.metadata.name);
    // Of several addresses of one kind the first counts.
    for address in addresses.iter().rev() {
        target.add(format!("{P}node_address_{}", sanitize(&address.r#type)), &address.address);
    }
    group.labels = labels::node(node).build();
    group.targets.push(target.build());
    group
}

pub fn service(service: &Service, around: &Around) -> TargetGroup {
    let meta = &service.metadata;
    let mut group = TargetGroup::gone(source("svc", &service.key()));
    let mut shared = around.namespace(&meta.namespace);
    shared.extend(&labels::service(service));
    group.labels = shared.build();
    for port in service.spec.ports.iter().flatten() {
        let mut target = Pairs::default();
        let host = format!("{}.{}.svc", meta.name, meta.namespace);
        target.add("__address__", join_host_port(&host, port.port));
        target.add(format!("{P}service_port_name"), &port.name);
        target.add(format!("{P}service_port_number"), port.port.to_string());
        target.add(format!("{P}service_port_protocol"), &port.protocol);
        target.add(format!("{P}service_type"), &service.spec.r#type);
        match service.spec.r#type.as_str() {
            "ExternalName" => target.add(format!("{P}service_external_name"), &service.spec.external_name),
            _ => target.add(format!("{P}service_cluster_ip"), &service.spec.cluster_ip),
        }
        if service.spec.r#type == "LoadBalancer" {
            target.add(format!("{P}service_loadbalancer_ip"), &service.spec.load_balancer_ip);
        }
        group.targets.push(target.build());
    }
    group
}

pub fn pod(pod: &Pod, around: &Around) -> TargetGroup {
    let mut group = TargetGroup::gone(source("pod", &pod.key()));
    // A pod without address is starting, or gone.
    if pod.status.pod_ip.is_empty() {
        return group;
    }
    let mut shared = labels::pod(pod);
    shared.extend(&around.namespace(&pod.metadata.namespace));
    shared.extend(&around.node(Some(&pod.spec.node_name)));
    group.labels = shared.build();
    for (container, init) in labels::containers(pod) {
        let common = labels::container(pod, container, init);
        let ports: Vec<&ContainerPort> = container.ports.iter().flatten().collect();
        if ports.is_empty() {
            // Rules may add a port; the default one of the scheme is used otherwise.
            let mut target = common.clone();
            target.add("__address__", &pod.status.pod_ip);
            group.targets.push(target.build());
        }
        for port in ports {
            let mut target = common.clone();
            target.extend(&labels::container_port(port));
            target.add("__address__", join_host_port(&pod.status.pod_ip, port.container_port));
            group.targets.push(target.build());
        }
    }
    group
}

/// Pods met behind endpoints, with the ports that were made targets: their other ports become targets too.
#[derive(Default)]
struct SeenPods(Vec<(Arc<Pod>, Vec<i32>)>);

impl SeenPods {
    fn add(&mut self, pod: &Arc<Pod>, port: Option<i32>) {
        let at = match self.0.iter().position(|(known, _)| known.key() == pod.key()) {
            Some(at) => at,
            None => {
                self.0.push((Arc::clone(pod), Vec::new()));
                self.0.len() - 1
            }
        };
        self.0[at].1.extend(port);
    }

    /// Targets for the container ports that no endpoint has.
    fn other_ports(&self, around: &Around) -> Vec<Labels> {
        let mut targets = Vec::new();
        for (pod, seen) in self.0.iter().filter(|(pod, _)| !pod.status.pod_ip.is_empty()) {
            for (container, init) in labels::containers(pod) {
                for port in container.ports.iter().flatten().filter(|p| !seen.contains(&p.container_port)) {
                    let mut target = around.node(Some(&pod.spec.node_name));
                    target.extend(&labels::container(pod, container, init));
                    target.extend(&labels::container_port(port));
                    target.extend(&labels::pod(pod));
                    target.add("__address__", join_host_port(&pod.status.pod_ip, port.container_port));
                    targets.push(target.build());
                }
            }
        }
        targets
    }
}

/// Labels of the pod behind an endpoint, and of its container that listens on the port.
fn add_pod(target: &mut Pairs, pod: &Pod, port: Option<i32>) {
    target.extend(&labels::pod(pod));
    for (container, init) in labels::containers(pod) {
        let found = container.ports.iter().flatten().find(|p| Some(p.container_port) == port);
        if let Some(container_port) = found {
            target.extend(&labels::container(pod, container, init));
            target.extend(&labels::container_port(container_port));
        }
    }
}

pub fn endpoints(endpoints: &Endpoints, around: &Around) -> TargetGroup {
    let meta = &endpoints.metadata;
    let mut group = TargetGroup::gone(source("endpoints", &endpoints.key()));
    let mut shared = around.namespace(&meta.namespace);
    shared.extend(&labels::object("endpoints", meta));
    if let Some(service) = around.services.get(&endpoints.key()) {
        shared.extend(&labels::service(&service));
    }
    group.labels = shared.build();
    let mut seen = SeenPods::default();
    for subset in endpoints.subsets.iter().flatten() {
        for port in subset.ports.iter().flatten() {
            let ready = subset.addresses.iter().flatten().map(|a| (a, "true"));
            let not_ready = subset.not_ready_addresses.iter().flatten().map(|a| (a, "false"));
            for (address, ready) in ready.chain(not_ready) {
                let mut target = endpoint(address, port, ready);
                target.extend(&around.node(address.node_name.as_deref()));
                if let Some(pod) = around.referred_pod(address.target_ref.as_ref()) {
                    add_pod(&mut target, &pod, Some(port.port));
                    seen.add(&pod, Some(port.port));
                }
                group.targets.push(target.build());
            }
        }
    }
    group.targets.extend(seen.other_ports(around));
    group
}

fn endpoint(address: &EndpointAddress, port: &ServicePort, ready: &str) -> Pairs {
    let mut target = Pairs::default();
    target.add("__address__", join_host_port(&address.ip, port.port));
    target.add(format!("{P}endpoint_port_name"), &port.name);
    target.add(format!("{P}endpoint_port_protocol"), &port.protocol);
    target.add(format!("{P}endpoint_ready"), ready);
    if let Some(reference) = &address.target_ref {
        target.add(format!("{P}endpoint_address_target_kind"), &reference.kind);
        target.add(format!("{P}endpoint_address_target_name"), &reference.name);
    }
    target.add_if(format!("{P}endpoint_node_name"), address.node_name.as_ref());
    target.add(format!("{P}endpoint_hostname"), &address.hostname);
    target
}

pub fn endpoint_slice(slice: &EndpointSlice, around: &Around) -> TargetGroup {
    let meta = &slice.metadata;
    let mut group = TargetGroup::gone(source("endpointslice", &slice.key()));
    let mut shared = around.namespace(&meta.namespace);
    shared.add(format!("{P}endpointslice_address_type"), &slice.address_type);
    shared.extend(&labels::object("endpointslice", meta));
    let service = meta.labels.as_ref().and_then(|l| l.get("kubernetes.io/service-name"));
    if let Some(service) = service.and_then(|s| around.services.get(&format!("{}/{s}", meta.namespace))) {
        shared.extend(&labels::service(&service));
    }
    group.labels = shared.build();
    let mut seen = SeenPods::default();
    for endpoint in slice.endpoints.iter().flatten() {
        for port in slice.ports.iter().flatten() {
            for address in &endpoint.addresses {
                let mut target = slice_endpoint(address, endpoint, port);
                let on_node = endpoint.target_ref.as_ref().filter(|r| r.kind == "Node").map(|r| &r.name);
                target.extend(&around.node(on_node.or(endpoint.node_name.as_ref()).map(String::as_str)));
                if let Some(pod) = around.referred_pod(endpoint.target_ref.as_ref()) {
                    add_pod(&mut target, &pod, port.port);
                    seen.add(&pod, port.port);
                }
                group.targets.push(target.build());
            }
        }
    }
    group.targets.extend(seen.other_ports(around));
    group
}

fn slice_endpoint(address: &str, endpoint: &SliceEndpoint, port: &SlicePort) -> Pairs {
    let mut target = Pairs::default();
    target.add("__address__", port.port.map_or(address.to_owned(), |p| join_host_port(address, p)));
    target.add_if(format!("{P}endpointslice_port_name"), port.name.as_ref());
    target.add_if(format!("{P}endpointslice_port_protocol"), port.protocol.as_ref());
    target.add_if(format!("{P}endpointslice_port"), port.port.map(|p| p.to_string()));
    target.add_if(format!("{P}endpointslice_port_app_protocol"), port.app_protocol.as_ref());
    let conditions = &endpoint.conditions;
    for (name, value) in [
        ("ready", conditions.ready),
        ("serving", conditions.serving),
        ("terminating", conditions.terminating),
    ] {
        let label = format!("{P}endpointslice_endpoint_conditions_{name}");
        target.add_if(label, value.map(|v| v.to_string()));
    }
    target.add_if(format!("{P}endpointslice_endpoint_hostname"), endpoint.hostname.as_ref());
    if let Some(reference) = &endpoint.target_ref {
        target.add(format!("{P}endpointslice_address_target_kind"), &reference.kind);
        target.add(format!("{P}endpointslice_address_target_name"), &reference.name);
    }
    target.add_if(format!("{P}endpointslice_endpoint_node_name"), endpoint.node_name.as_ref());
    target.add_if(format!("{P}endpointslice_endpoint_zone"), endpoint.zone.as_ref());
    for (name, value) in endpoint.deprecated_topology.iter().flatten() {
        let name = sanitize(name);
        target.add(format!("{P}endpointslice_endpoint_topology_{name}"), value);
        target.add(format!("{P}endpointslice_endpoint_topology_present_{name}"), "true");
    }
    target
}

pub fn ingress(ingress: &Ingress, around: &Around) -> TargetGroup {
    let mut group = TargetGroup::gone(source("ingress", &ingress.key()));
    let mut shared = around.namespace(&ingress.metadata.namespace);
    shared.extend(&labels::object("ingress", &ingress.metadata));
    shared.add_if(format!("{P}ingress_class_name"), ingress.spec.ingress_class_name.as_ref());
    group.labels = shared.build();
    let tls_hosts: Vec<&String> =
        ingress.spec.tls.iter().flatten().flat_map(|t| t.hosts.iter().flatten()).collect();
    for rule in ingress.spec.rules.iter().flatten() {
        let secure = tls_hosts.iter().any(|pattern| matches_host(pattern, &rule.host));
        let paths = rule.http.as_ref().and_then(|h| h.paths.as_ref());
        let all: Vec<&str> = match paths {
            Some(paths) => {
                paths.iter().map(|p| if p.path.is_empty() { "/" } else { p.path.as_str() }).collect()
            }
            None => vec!["/"],
        };
        for path in all {
            let mut target = Pairs::default();
            target.add("__address__", &rule.host);
            target.add(format!("{P}ingress_scheme"), if secure { "https" } else { "http" });
            target.add(format!("{P}ingress_host"), &rule.host);
            target.add(format!("{P}ingress_path"), path);
            group.targets.push(target.build());
        }
    }
    group
}

/// Whether a host is the one of a certificate; `*.example.com` stands for one part.
fn matches_host(pattern: &str, host: &str) -> bool {
    if pattern == host {
        return true;
    }
    let wildcard = pattern.strip_prefix("*.");
    wildcard.is_some_and(|suffix| host.split_once('.').is_some_and(|(_, rest)| rest == suffix))
}
