//! Labels that objects give to targets.

use super::objects::{Container, ContainerPort, Namespace, Node, ObjectMeta, Pod, Service};
use crate::group::{Pairs, sanitize};

/// The prefix of all labels of this discovery.
const P: &str = "__meta_kubernetes_";

/// `{prefix}_label_*`, `_labelpresent_*`, `_annotation_*`, `_annotationpresent_*`.
fn add_maps(pairs: &mut Pairs, prefix: &str, meta: &ObjectMeta) {
    for (what, map) in [("label", &meta.labels), ("annotation", &meta.annotations)] {
        for (name, value) in map.iter().flatten() {
            let name = sanitize(name);
            pairs.add(format!("{P}{prefix}_{what}_{name}"), value);
            pairs.add(format!("{P}{prefix}_{what}present_{name}"), "true");
        }
    }
}

/// Name, labels and annotations of an object: `role` is the middle of the labels' names.
pub fn object(role: &str, meta: &ObjectMeta) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add(format!("{P}{role}_name"), &meta.name);
    add_maps(&mut pairs, role, meta);
    pairs
}

pub fn namespace_name(name: &str) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add(format!("{P}namespace"), name);
    pairs
}

/// What `attach_metadata: {namespace: true}` adds.
pub fn namespace(namespace: &Namespace) -> Pairs {
    let mut pairs = Pairs::default();
    add_maps(&mut pairs, "namespace", &namespace.metadata);
    pairs
}

/// What `attach_metadata: {node: true}` adds.
pub fn attached_node(node: &Node) -> Pairs {
    object("node", &node.metadata)
}

pub fn node(node: &Node) -> Pairs {
    let mut pairs = object("node", &node.metadata);
    pairs.add(format!("{P}node_provider_id"), &node.spec.provider_id);
    pairs
}

pub fn service(service: &Service) -> Pairs {
    let mut pairs = object("service", &service.metadata);
    pairs.extend(&namespace_name(&service.metadata.namespace));
    pairs
}

pub fn pod(pod: &Pod) -> Pairs {
    let mut pairs = object("pod", &pod.metadata);
    pairs.add(format!("{P}pod_ip"), &pod.status.pod_ip);
    pairs.add(format!("{P}pod_ready"), ready(pod));
    pairs.add(format!("{P}pod_phase"), &pod.status.phase);
    pairs.add(format!("{P}pod_node_name"), &pod.spec.node_name);
    pairs.add(format!("{P}pod_host_ip"), &pod.status.host_ip);
    pairs.add(format!("{P}pod_uid"), &pod.metadata.uid);
    let owners = pod.metadata.owner_references.iter().flatten();
    if let Some(controller) = owners.into_iter().find(|o| o.controller == Some(true)) {
        pairs.add(format!("{P}pod_controller_kind"), &controller.kind);
        pairs.add(format!("{P}pod_controller_name"), &controller.name);
    }
    pairs
}

fn ready(pod: &Pod) -> String {
    let condition = pod.status.conditions.iter().flatten().find(|c| c.r#type == "Ready");
    condition.map_or("unknown".to_owned(), |c| c.status.to_lowercase())
}

/// A container of a pod, and whether it is one that only runs at the start.
pub fn containers(pod: &Pod) -> impl Iterator<Item = (&Container, bool)> {
    let init = pod.spec.init_containers.iter().flatten();
    pod.spec.containers.iter().map(|c| (c, false)).chain(init.map(|c| (c, true)))
}

pub fn container(pod: &Pod, container: &Container, init: bool) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add(format!("{P}pod_container_name"), &container.name);
    pairs.add(format!("{P}pod_container_image"), &container.image);
    pairs.add(format!("{P}pod_container_init"), init.to_string());
    let statuses = if init { &pod.status.init_container_statuses } else { &pod.status.container_statuses };
    let status = statuses.iter().flatten().find(|s| s.name == container.name);
    pairs.add_if(format!("{P}pod_container_id"), status.map(|s| &s.container_id));
    pairs
}

pub fn container_port(port: &ContainerPort) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add(format!("{P}pod_container_port_number"), port.container_port.to_string());
    pairs.add(format!("{P}pod_container_port_name"), &port.name);
    pairs.add(format!("{P}pod_container_port_protocol"), &port.protocol);
    pairs
}
