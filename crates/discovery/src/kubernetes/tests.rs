//! Kubernetes discovery against a server that lists and watches as the API server does.

use super::*;
use crate::http::testing::{Answer, Received, Server};
use model::Labels;
use parking_lot::Mutex;
use promconfig::{KubernetesAttach, KubernetesNamespaces, KubernetesSelector, Url};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const P: &str = "__meta_kubernetes_";

/// Objects by resource, and events to be watched.
struct Cluster {
    lists: BTreeMap<&'static str, Vec<Value>>,
    events: BTreeMap<&'static str, Vec<Value>>,
}

fn pod(name: &str, ip: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": "u1",
            "labels": {"app.kubernetes.io/name": "web"}, "annotations": {"prometheus.io/scrape": "yes"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": true}]
        },
        "spec": {
            "nodeName": "n1",
            "containers": [
                {"name": "main", "image": "web:1", "ports": [
                    {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                    {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}]},
                {"name": "quiet", "image": "quiet:1"}],
            "initContainers": [{"name": "setup", "image": "setup:1"}]
        },
        "status": {
            "phase": "Running", "podIP": ip, "hostIP": "192.0.2.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "main", "containerID": "containerd://abc"}]
        }
    })
}

fn node() -> Value {
    json!({
        "metadata": {"name": "n1", "labels": {"zone": "z"}, "annotations": {"a": "b"}},
        "spec": {"providerID": "cloud:///n1"},
        "status": {
            "addresses": [{"type": "Hostname", "address": "n1.local"},
                          {"type": "InternalIP", "address": "192.0.2.1"},
                          {"type": "InternalIP", "address": "192.0.2.9"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}
        }
    })
}

fn service() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "front"}},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "loadBalancerIP": "203.0.113.5",
                 "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}
    })
}

fn namespace() -> Value {
    json!({"metadata": {"name": "shop", "labels": {"team": "a"}, "annotations": {"cost": "c"}}})
}

fn pod_reference(name: &str) -> Value {
    json!({"kind": "Pod", "namespace": "shop", "name": name})
}

fn answer(cluster: &Cluster, request: &Received) -> Answer {
    let resource = request.path.rsplit('/').next().unwrap_or("");
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    if query.contains_key("watch") {
        let events = cluster.events.get(resource).cloned().unwrap_or_default();
        let lines: String = events.iter().map(|e| format!("{e}\n")).collect();
        // Events come once: a watch from a later version stays silent.
        let body = if query["resourceVersion"] == "100" { lines } else { String::new() };
        return Answer::ok("application/json", body).open();
    }
    let Some(items) = cluster.lists.get(resource) else {
        return Answer::new(403).body(json!({"code": 403, "message": "forbidden"}).to_string());
    };
    // Two pages, one object the first.
    let next = query.get("continue").map_or(0, |c| c.parse::<usize>().unwrap());
    let page: Vec<&Value> = items.iter().skip(next).take(1).collect();
    let more = if next + 1 < items.len() { (next + 1).to_string() } else { String::new() };
    let list = json!({"metadata": {"resourceVersion": "100", "continue": more}, "items": page});
    Answer::ok("application/json", list.to_string())
}

/// Runs a discovery until its groups satisfy a condition; gives them and the requests made.
async fn discover(
    cluster: Cluster,
    mut config: KubernetesSd,
    until: impl Fn(&BTreeMap<String, TargetGroup>) -> bool,
) -> (BTreeMap<String, TargetGroup>, Vec<Received>) {
    let server = Server::start(move |request| answer(&cluster, request)).await;
    config.api_server = Some(Url::parse(&server.url("")).unwrap());
    let discovery = KubernetesDiscovery::new(&config, &Clock::system(), &Registry::new()).unwrap();
    let groups: Arc<Mutex<BTreeMap<String, TargetGroup>>> = Arc::default();
    let (sink, changed) = (Arc::clone(&groups), Arc::new(Notify::new()));
    let told = Arc::clone(&changed);
    let updates = Updates::new(move |new| {
        for group in new {
            if group.targets.is_empty() {
                sink.lock().remove(&group.source);
            } else {
                sink.lock().insert(group.source.clone(), group);
            }
        }
        told.notify_one();
    });
    let task = tokio::spawn(discovery.run(updates));
    while !until(&groups.lock()) {
        changed.notified().await;
    }
    task.abort();
    let groups = groups.lock().clone();
    (groups, server.requests())
}

fn role(role: KubernetesRole) -> KubernetesSd {
    KubernetesSd { role, ..KubernetesSd::default() }
}

fn lists(lists: impl IntoIterator<Item = (&'static str, Vec<Value>)>) -> Cluster {
    Cluster { lists: lists.into_iter().collect(), events: BTreeMap::new() }
}

fn meta(labels: &Labels, name: &str) -> String {
    labels.value(&format!("{P}{name}")).to_owned()
}

fn addresses(group: &TargetGroup) -> Vec<&str> {
    group.targets.iter().map(|t| t.value("__address__")).collect()
}

#[tokio::test]
async fn nodes() {
    let cluster = lists([("nodes", vec![node()])]);
    let (groups, _) = discover(cluster, role(KubernetesRole::Node), |g| g.len() == 1).await;
    let group = &groups["node/n1"];
    let want = Labels::from_pairs([
        ("__address__", "192.0.2.1:10250"),
        ("__meta_kubernetes_node_address_Hostname", "n1.local"),
        ("__meta_kubernetes_node_address_InternalIP", "192.0.2.1"),
        ("instance", "n1"),
    ]);
    assert_eq!(group.targets, [want]);
    assert_eq!(meta(&group.labels, "node_name"), "n1");
    assert_eq!(meta(&group.labels, "node_provider_id"), "cloud:///n1");
    assert_eq!(meta(&group.labels, "node_label_zone"), "z");
    assert_eq!(meta(&group.labels, "node_labelpresent_zone"), "true");
    assert_eq!(meta(&group.labels, "node_annotation_a"), "b");
    assert_eq!(meta(&group.labels, "node_annotationpresent_a"), "true");
}

#[tokio::test]
async fn pods_of_the_selected_namespace() {
    let cluster = lists([
        ("pods", vec![pod("web-1", "10.1.0.5"), pod("starting", "")]),
        ("nodes", vec![node()]),
        ("namespaces", vec![namespace()]),
    ]);
    let mut config = role(KubernetesRole::Pod);
    config.namespaces =
        KubernetesNamespaces { names: vec!["shop".to_owned()], ..KubernetesNamespaces::default() };
    config.attach_metadata = KubernetesAttach { node: true, namespace: true };
    config.selectors = vec![KubernetesSelector {
        role: KubernetesRole::Pod,
        label: "app=web".to_owned(),
        field: "spec.nodeName=n1".to_owned(),
    }];
    let (groups, requests) = discover(cluster, config, |g| g.len() == 1).await;
    let group = &groups["pod/shop/web-1"];
    assert_eq!(addresses(group), ["10.1.0.5:8080", "10.1.0.5:9090", "10.1.0.5", "10.1.0.5"]);
    for (name, value) in [
        ("namespace", "shop"),
        ("pod_name", "web-1"),
        ("pod_ip", "10.1.0.5"),
        ("pod_ready", "true"),
        ("pod_phase", "Running"),
        ("pod_node_name", "n1"),
        ("pod_host_ip", "192.0.2.1"),
        ("pod_uid", "u1"),
        ("pod_controller_kind", "ReplicaSet"),
        ("pod_controller_name", "web-1"),
        ("pod_label_app_kubernetes_io_name", "web"),
        ("pod_labelpresent_app_kubernetes_io_name", "true"),
        ("pod_annotation_prometheus_io_scrape", "yes"),
        ("node_label_zone", "z"),
        ("namespace_label_team", "a"),
        ("namespace_annotation_cost", "c"),
    ] {
        assert_eq!(meta(&group.labels, name), value, "{name}");
    }
    let port = Labels::from_pairs([
        ("__address__", "10.1.0.5:8080"),
        ("__meta_kubernetes_pod_container_id", "containerd://abc"),
        ("__meta_kubernetes_pod_container_image", "web:1"),
        ("__meta_kubernetes_pod_container_init", "false"),
        ("__meta_kubernetes_pod_container_name", "main"),
        ("__meta_kubernetes_pod_container_port_name", "http"),
        ("__meta_kubernetes_pod_container_port_number", "8080"),
        ("__meta_kubernetes_pod_container_port_protocol", "TCP"),
    ]);
    assert_eq!(group.targets[0], port);
    assert_eq!(meta(&group.targets[3], "pod_container_init"), "true");
    let pods = requests.iter().find(|r| r.path.ends_with("/pods")).unwrap();
    assert_eq!(pods.path, "/api/v1/namespaces/shop/pods");
    assert!(
        pods.query.contains("labelSelector=app%3Dweb")
            && pods.query.contains("fieldSelector=spec.nodeName%3Dn1")
    );
    let pages =
        requests.iter().filter(|r| r.path.ends_with("/pods") && r.query.contains("continue=")).count();
    assert_eq!(pages, 1, "the second page was read");
}

#[tokio::test]
async fn services() {
    let external = json!({"metadata": {"name": "db", "namespace": "shop"},
        "spec": {"type": "ExternalName", "externalName": "db.example", "ports": [{"port": 5432}]}});
    let cluster = lists([("services", vec![service(), external])]);
    let (groups, _) = discover(cluster, role(KubernetesRole::Service), |g| g.len() == 2).await;
    let group = &groups["svc/shop/web"];
    let want = Labels::from_pairs([
        ("__address__", "web.shop.svc:80"),
        ("__meta_kubernetes_service_cluster_ip", "10.0.0.1"),
        ("__meta_kubernetes_service_loadbalancer_ip", "203.0.113.5"),
        ("__meta_kubernetes_service_port_name", "http"),
        ("__meta_kubernetes_service_port_number", "80"),
        ("__meta_kubernetes_service_port_protocol", "TCP"),
        ("__meta_kubernetes_service_type", "LoadBalancer"),
    ]);
    assert_eq!(group.targets, [want]);
    assert_eq!(meta(&group.labels, "service_name"), "web");
    assert_eq!(meta(&group.labels, "service_label_tier"), "front");
    assert_eq!(meta(&group.labels, "namespace"), "shop");
    let external = &groups["svc/shop/db"].targets[0];
    assert_eq!(meta(external, "service_external_name"), "db.example");
    assert_eq!(meta(external, "service_cluster_ip"), "");
}

#[tokio::test]
async fn endpoints_know_their_pods_and_services() {
    let endpoints = json!({
        "metadata": {"name": "web", "namespace": "shop", "labels": {"e": "1"}},
        "subsets": [{
            "addresses": [{"ip": "10.1.0.5", "nodeName": "n1", "hostname": "h", "targetRef": pod_reference("web-1")}],
            "notReadyAddresses": [{"ip": "10.1.0.6"}],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]
        }]
    });
    let cluster = lists([
        ("endpoints", vec![endpoints]),
        ("pods", vec![pod("web-1", "10.1.0.5")]),
        ("services", vec![service()]),
        ("nodes", vec![node()]),
    ]);
    let mut config = role(KubernetesRole::Endpoints);
    config.attach_metadata.node = true;
    let (groups, _) = discover(cluster, config, |g| g.len() == 1).await;
    let group = &groups["endpoints/shop/web"];
    // The last is a port of the pod that no endpoint names.
    assert_eq!(addresses(group), ["10.1.0.5:8080", "10.1.0.6:8080", "10.1.0.5:9090"]);
    assert_eq!(meta(&group.labels, "endpoints_name"), "web");
    assert_eq!(meta(&group.labels, "endpoints_label_e"), "1");
    assert_eq!(meta(&group.labels, "service_name"), "web");
    let [ready, not_ready, other] = &group.targets[..] else { panic!("three targets") };
    for (name, value) in [
        ("endpoint_ready", "true"),
        ("endpoint_port_name", "http"),
        ("endpoint_port_protocol", "TCP"),
        ("endpoint_node_name", "n1"),
        ("endpoint_hostname", "h"),
        ("endpoint_address_target_kind", "Pod"),
        ("endpoint_address_target_name", "web-1"),
        ("pod_name", "web-1"),
        ("pod_container_name", "main"),
        ("pod_container_port_number", "8080"),
        ("node_label_zone", "z"),
    ] {
        assert_eq!(meta(ready, name), value, "{name}");
    }
    assert_eq!(
        (meta(not_ready, "endpoint_ready").as_str(), meta(not_ready, "pod_name").as_str()),
        ("false", "")
    );
    assert_eq!(
        (meta(other, "endpoint_ready").as_str(), meta(other, "pod_container_port_name").as_str()),
        ("", "metrics")
    );
}

#[tokio::test]
async fn endpoint_slices() {
    let slice = json!({
        "metadata": {"name": "web-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.0.5"], "conditions": {"ready": true, "serving": true, "terminating": false},
                       "hostname": "h", "nodeName": "n1", "zone": "z1", "targetRef": pod_reference("web-1"),
                       "deprecatedTopology": {"top/ology": "v"}}],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]
    });
    let cluster = lists([
        ("endpointslices", vec![slice]),
        ("pods", vec![pod("web-1", "10.1.0.5")]),
        ("services", vec![service()]),
    ]);
    let (groups, requests) = discover(cluster, role(KubernetesRole::EndpointSlice), |g| g.len() == 1).await;
    let group = &groups["endpointslice/shop/web-x"];
    assert_eq!(addresses(group), ["10.1.0.5:8080", "10.1.0.5:9090"]);
    assert_eq!(meta(&group.labels, "endpointslice_name"), "web-x");
    assert_eq!(meta(&group.labels, "endpointslice_address_type"), "IPv4");
    assert_eq!(meta(&group.labels, "service_label_tier"), "front");
    for (name, value) in [
        ("endpointslice_port", "8080"),
        ("endpointslice_port_name", "http"),
        ("endpointslice_port_protocol", "TCP"),
        ("endpointslice_port_app_protocol", "http"),
        ("endpointslice_endpoint_conditions_ready", "true"),
        ("endpointslice_endpoint_conditions_serving", "true"),
        ("endpointslice_endpoint_conditions_terminating", "false"),
        ("endpointslice_endpoint_hostname", "h"),
        ("endpointslice_endpoint_node_name", "n1"),
        ("endpointslice_endpoint_zone", "z1"),
        ("endpointslice_endpoint_topology_top_ology", "v"),
        ("endpointslice_address_target_kind", "Pod"),
        ("endpointslice_address_target_name", "web-1"),
        ("pod_container_name", "main"),
    ] {
        assert_eq!(meta(&group.targets[0], name), value, "{name}");
    }
    assert!(requests.iter().any(|r| r.path == "/apis/discovery.k8s.io/v1/endpointslices"));
}

#[tokio::test]
async fn ingresses() {
    let ingress = json!({
        "metadata": {"name": "front", "namespace": "shop"},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["*.example.com"]}],
            "rules": [
                {"host": "a.example.com", "http": {"paths": [{"path": "/x"}, {"path": ""}]}},
                {"host": "b.c.example.com"}]
        }
    });
    let (groups, _) =
        discover(lists([("ingresses", vec![ingress])]), role(KubernetesRole::Ingress), |g| g.len() == 1)
            .await;
    let group = &groups["ingress/shop/front"];
    assert_eq!(meta(&group.labels, "ingress_class_name"), "nginx");
    let seen: Vec<_> = group
        .targets
        .iter()
        .map(|t| (meta(t, "ingress_scheme"), t.value("__address__").to_owned(), meta(t, "ingress_path")))
        .collect();
    let want =
        [("https", "a.example.com", "/x"), ("https", "a.example.com", "/"), ("http", "b.c.example.com", "/")];
    let want: Vec<_> =
        want.iter().map(|(s, h, p)| ((*s).to_owned(), (*h).to_owned(), (*p).to_owned())).collect();
    assert_eq!(seen, want);
}

#[tokio::test]
async fn watches_add_change_and_delete() {
    let mut cluster = lists([("pods", vec![pod("stays", "10.1.0.1"), pod("goes", "10.1.0.2")])]);
    let versioned = |mut object: Value| {
        object["metadata"]["resourceVersion"] = json!("101");
        object
    };
    let events = vec![
        json!({"type": "ADDED", "object": versioned(pod("comes", "10.1.0.3"))}),
        json!({"type": "MODIFIED", "object": versioned(pod("stays", "10.1.0.9"))}),
        json!({"type": "DELETED", "object": versioned(pod("goes", "10.1.0.2"))}),
        json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "102"}}}),
    ];
    cluster.events.insert("pods", events);
    let moved = |g: &BTreeMap<String, TargetGroup>| {
        g.get("pod/shop/stays").is_some_and(|p| addresses(p)[0].starts_with("10.1.0.9"))
            && g.contains_key("pod/shop/comes")
            && !g.contains_key("pod/shop/goes")
    };
    let (groups, _) = discover(cluster, role(KubernetesRole::Pod), moved).await;
    assert_eq!(groups.len(), 2);
}

#[tokio::test]
async fn a_refusal_is_reported() {
    let server =
        Server::start(|_| Answer::new(403).body(r#"{"code": 403, "message": "no rights to pods"}"#)).await;
    let mut config = role(KubernetesRole::Pod);
    config.api_server = Some(Url::parse(&server.url("")).unwrap());
    let registry = Registry::new();
    let discovery = KubernetesDiscovery::new(&config, &Clock::system(), &registry).unwrap();
    let updates = Updates::new(|_| {});
    let task = tokio::spawn(discovery.run(updates.clone()));
    while updates.last_error().is_none() {
        tokio::task::yield_now().await;
    }
    task.abort();
    let error = updates.last_error().unwrap();
    assert!(error.contains("403") && error.contains("no rights to pods"), "{error}");
    assert_eq!(registry.counter(&names::KUBERNETES_FAILURES).get(), 1.0);
}

#[tokio::test]
async fn an_expired_version_is_listed_anew() {
    let lists = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&lists);
    let server = Server::start(move |request| {
        if request.query.contains("watch=1") {
            let gone = json!({"type": "ERROR", "object": {"code": 410, "message": "too old"}});
            return Answer::ok("application/json", format!("{gone}\n")).open();
        }
        let mut n = counted.lock();
        *n += 1;
        let items = vec![pod(&format!("p{n}"), "10.1.0.1")];
        Answer::ok(
            "application/json",
            json!({"metadata": {"resourceVersion": "1"}, "items": items}).to_string(),
        )
    })
    .await;
    let mut config = role(KubernetesRole::Pod);
    config.api_server = Some(Url::parse(&server.url("")).unwrap());
    let discovery = KubernetesDiscovery::new(&config, &Clock::system(), &Registry::new()).unwrap();
    let updates = Updates::new(|_| {});
    let task = tokio::spawn(discovery.run(updates.clone()));
    while *lists.lock() < 3 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert_eq!(updates.last_error(), None, "an old version is no fault");
}
