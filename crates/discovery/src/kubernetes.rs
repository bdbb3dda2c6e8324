//! What runs in a Kubernetes cluster, `kubernetes_sd_configs`: roles node, pod, service, endpoints, endpointslice and
//! ingress.
//!
//! Each kind of object that the role needs is copied by a [`reflector`]; when every copy is complete, and whenever
//! one changes, [`targets`] makes groups of them. Only the parts of objects that become labels are kept. The API is
//! spoken as plain JSON: six kinds of objects do not pay for a client library.

mod client;
mod kubeconfig;
mod labels;
mod objects;
mod reflector;
mod targets;
#[cfg(test)]
mod tests;

use crate::group::TargetGroup;
use crate::refresh::Updates;
use base::Clock;
use client::{ApiClient, Selector};
use objects::{EndpointSlice, Endpoints, Ingress, Node, Object, Pod, Service};
use promconfig::{KubernetesRole, KubernetesSd};
use reflector::{Reflector, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use targets::Around;
use telemetry::Registry;
use telemetry::names::discovery as names;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Changes are gathered for so long: making groups for a large cluster is work.
const GATHER: Duration = Duration::from_millis(500);

const CORE: &str = "api/v1";
const DISCOVERY: &str = "apis/discovery.k8s.io/v1";
const NETWORKING: &str = "apis/networking.k8s.io/v1";

/// The discoverer of one configuration.
pub struct KubernetesDiscovery {
    client: ApiClient,
    config: KubernetesSd,
    /// Empty: all of them.
    namespaces: Vec<String>,
    registry: Registry,
}

impl KubernetesDiscovery {
    pub fn new(
        config: &KubernetesSd,
        clock: &Clock,
        registry: &Registry,
    ) -> Result<KubernetesDiscovery, String> {
        let mut namespaces = config.namespaces.names.clone();
        if config.namespaces.own_namespace {
            namespaces.push(client::own_namespace()?);
        }
        let client = ApiClient::new(config, clock)?;
        Ok(KubernetesDiscovery { client, config: config.clone(), namespaces, registry: registry.clone() })
    }

    pub async fn run(self, updates: Updates) {
        use KubernetesRole as R;
        let around = Around::default();
        let mut tasks =
            Tasks { changed: Arc::new(Notify::new()), updates, set: JoinSet::new(), discovery: &self };
        if self.config.attach_metadata.namespace && self.config.role != R::Node {
            tasks.follow_cluster("namespaces", None, &around.namespaces);
        }
        if self.config.attach_metadata.node
            && matches!(self.config.role, R::Pod | R::Endpoints | R::EndpointSlice)
        {
            tasks.follow_cluster("nodes", Some(R::Node), &around.nodes);
        }
        if matches!(self.config.role, R::Endpoints | R::EndpointSlice) {
            tasks.follow(CORE, "pods", R::Pod, &around.pods);
            tasks.follow(CORE, "services", R::Service, &around.services);
        }
        match self.config.role {
            R::Node => {
                let nodes: Store<Node> = Store::default();
                tasks.follow_cluster("nodes", Some(R::Node), &nodes);
                tasks.publish(nodes, around, "node", |node, _| targets::node(node)).await;
            }
            R::Pod => {
                let pods: Store<Pod> = Store::default();
                tasks.follow(CORE, "pods", R::Pod, &pods);
                tasks.publish(pods, around, "pod", targets::pod).await;
            }
            R::Service => {
                let services: Store<Service> = Store::default();
                tasks.follow(CORE, "services", R::Service, &services);
                tasks.publish(services, around, "svc", targets::service).await;
            }
            R::Endpoints => {
                let endpoints: Store<Endpoints> = Store::default();
                tasks.follow(CORE, "endpoints", R::Endpoints, &endpoints);
                tasks.publish(endpoints, around, "endpoints", targets::endpoints).await;
            }
            R::EndpointSlice => {
                let slices: Store<EndpointSlice> = Store::default();
                tasks.follow(DISCOVERY, "endpointslices", R::EndpointSlice, &slices);
                tasks.publish(slices, around, "endpointslice", targets::endpoint_slice).await;
            }
            R::Ingress => {
                let ingresses: Store<Ingress> = Store::default();
                tasks.follow(NETWORKING, "ingresses", R::Ingress, &ingresses);
                tasks.publish(ingresses, around, "ingress", targets::ingress).await;
            }
        }
    }

    fn selector(&self, role: KubernetesRole) -> Selector {
        let selector = self.config.selectors.iter().find(|s| s.role == role);
        selector
            .map_or_else(Selector::default, |s| Selector { label: s.label.clone(), field: s.field.clone() })
    }
}

/// The reflectors of one discoverer. They end with it.
struct Tasks<'a> {
    changed: Arc<Notify>,
    updates: Updates,
    set: JoinSet<()>,
    discovery: &'a KubernetesDiscovery,
}

impl Tasks<'_> {
    /// Copies objects of the configured namespaces.
    fn follow<T: Object>(
        &mut self,
        api: &str,
        resource: &'static str,
        role: KubernetesRole,
        store: &Store<T>,
    ) {
        let selector = self.discovery.selector(role);
        if self.discovery.namespaces.is_empty() {
            self.spawn(format!("{api}/{resource}"), selector, resource, store);
            return;
        }
        for namespace in &self.discovery.namespaces {
            self.spawn(format!("{api}/namespaces/{namespace}/{resource}"), selector.clone(), resource, store);
        }
    }

    /// Copies objects that belong to no namespace.
    fn follow_cluster<T: Object>(
        &mut self,
        resource: &'static str,
        role: Option<KubernetesRole>,
        store: &Store<T>,
    ) {
        let selector = role.map_or_else(Selector::default, |role| self.discovery.selector(role));
        self.spawn(format!("{CORE}/{resource}"), selector, resource, store);
    }

    fn spawn<T: Object>(
        &mut self,
        path: String,
        selector: Selector,
        resource: &'static str,
        store: &Store<T>,
    ) {
        store.expect_list();
        let registry = &self.discovery.registry;
        let reflector = Reflector {
            client: self.discovery.client.clone(),
            path,
            selector,
            store: store.clone(),
            changed: Arc::clone(&self.changed),
            updates: self.updates.clone(),
            role: resource.trim_end_matches('s'),
            events: registry.counters(&names::KUBERNETES_EVENTS),
            failures: registry.counter(&names::KUBERNETES_FAILURES),
        };
        self.set.spawn(reflector.run());
    }

    /// Sends the groups of objects that changed, for ever. When something around them changed, the groups of all.
    async fn publish<T: Object>(
        self,
        store: Store<T>,
        around: Around,
        role: &str,
        build: impl Fn(&T, &Around) -> TargetGroup,
    ) {
        let mut first = true;
        loop {
            self.changed.notified().await;
            let complete = store.is_read()
                && around.pods.is_read()
                && around.services.is_read()
                && around.nodes.is_read()
                && around.namespaces.is_read();
            // Before everything is known, targets would lack labels and rules would drop them.
            if !complete {
                continue;
            }
            let mut changed = store.take_changed();
            if around_changed(&around) || std::mem::take(&mut first) {
                changed.extend(store.all().iter().map(|o| o.key()));
            }
            let group = |key: &String| match store.get(key) {
                Some(object) => build(&object, &around),
                None => TargetGroup::gone(targets::source(role, key)),
            };
            self.updates.send(changed.iter().map(group).collect());
            tokio::time::sleep(GATHER).await;
        }
    }
}

fn around_changed(around: &Around) -> bool {
    let any = |keys: BTreeSet<String>| !keys.is_empty();
    // Each must be taken, whatever the others say.
    let (pods, services) = (any(around.pods.take_changed()), any(around.services.take_changed()));
    let (nodes, namespaces) = (any(around.nodes.take_changed()), any(around.namespaces.take_changed()));
    pods || services || nodes || namespaces
}
