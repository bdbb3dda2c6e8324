//! Swarm discovery against a server that answers as a manager does.

use super::*;
use crate::http::testing::{Answer, Received, Server};

const SERVICES: &str = r#"[
 {"ID": "s1", "Spec": {"Name": "web", "Labels": {"team": "a"}, "Mode": {"Replicated": {"Replicas": 2}},
   "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1", "Hostname": "h"}}},
  "Endpoint": {"Ports": [{"Name": "http", "Protocol": "tcp", "PublishedPort": 80, "PublishMode": "ingress"},
                         {"Protocol": "udp", "PublishedPort": 53}],
               "VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.0.5/24"}]},
  "UpdateStatus": {"State": "completed"}},
 {"ID": "s2", "Spec": {"Name": "agent", "Mode": {"Global": {}}, "TaskTemplate": {"ContainerSpec": {"Image": "agent"}}},
  "Endpoint": {"VirtualIPs": [{"NetworkID": "n9", "Addr": "10.0.0.6/24"}]}}
]"#;

const NODES: &str = r#"[
 {"ID": "node1", "Spec": {"Labels": {"rack": "1"}, "Role": "manager", "Availability": "active"},
  "Description": {"Hostname": "alpha", "Platform": {"Architecture": "x86_64", "OS": "linux"},
                  "Engine": {"EngineVersion": "27.1"}},
  "Status": {"State": "ready", "Addr": "192.0.2.1"},
  "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "192.0.2.1:2377"}}
]"#;

const TASKS: &str = r#"[
 {"ID": "t1", "ServiceID": "s1", "NodeID": "node1", "Slot": 2, "DesiredState": "running",
  "Spec": {"ContainerSpec": {"Image": "nginx:1", "Labels": {"own": "spec", "both": "spec"}}},
  "Status": {"State": "running", "ContainerStatus": {"ContainerID": "abc"},
             "PortStatus": {"Ports": [{"Protocol": "tcp", "PublishedPort": 8081, "PublishMode": "host"}]}},
  "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["10.0.0.7/24"]}]},
 {"ID": "t2", "ServiceID": "s2", "NodeID": "gone", "DesiredState": "shutdown",
  "Spec": {}, "Status": {"State": "shutdown"},
  "NetworksAttachments": [{"Network": {"ID": "n9"}, "Addresses": ["10.0.0.8/24"]}]}
]"#;

const NETWORKS: &str = r#"[{"Id": "n1", "Name": "overlay", "Scope": "swarm", "Ingress": true}]"#;

fn manager(request: &Received) -> Answer {
    let body = match request.path.as_str() {
        "/services" => SERVICES,
        "/nodes" => NODES,
        "/tasks" => TASKS,
        "/networks" => NETWORKS,
        "/containers/abc/json" => r#"{"Config": {"Labels": {"image": "yes", "both": "image"}}}"#,
        _ => return Answer::new(404),
    };
    Answer::ok("application/json", body)
}

async fn targets(role: DockerSwarmRole) -> Vec<Labels> {
    let server = Server::start(manager).await;
    let config = DockerSwarmSd { host: server.url(""), role, ..DockerSwarmSd::default() };
    let mut groups = SwarmDiscovery::new(&config, &Clock::system()).unwrap().refresh().await.unwrap();
    assert_eq!(groups[0].source, "DockerSwarm");
    groups.remove(0).targets
}

fn check(got: &Labels, want: &[(&str, &str)]) {
    // The common prefix is left out.
    let full = |name: &str| {
        if name == "__address__" { name.to_owned() } else { format!("__meta_dockerswarm_{name}") }
    };
    assert_eq!(*got, Labels::from_pairs(want.iter().map(|(n, v)| (full(n), *v))));
}

#[tokio::test]
async fn services() {
    let targets = targets(DockerSwarmRole::Services).await;
    assert_eq!(targets.len(), 2);
    check(
        &targets[0],
        &[
            ("__address__", "10.0.0.5:80"),
            ("network_id", "n1"),
            ("network_ingress", "true"),
            ("network_internal", "false"),
            ("network_name", "overlay"),
            ("network_scope", "swarm"),
            ("service_endpoint_port_name", "http"),
            ("service_endpoint_port_publish_mode", "ingress"),
            ("service_id", "s1"),
            ("service_label_team", "a"),
            ("service_mode", "replicated"),
            ("service_name", "web"),
            ("service_task_container_hostname", "h"),
            ("service_task_container_image", "nginx:1"),
            ("service_updating_status", "completed"),
        ],
    );
    check(
        &targets[1],
        &[
            ("__address__", "10.0.0.6:80"),
            ("service_id", "s2"),
            ("service_mode", "global"),
            ("service_name", "agent"),
            ("service_task_container_image", "agent"),
        ],
    );
}

#[tokio::test]
async fn nodes() {
    let targets = targets(DockerSwarmRole::Nodes).await;
    check(
        &targets[0],
        &[
            ("__address__", "192.0.2.1:80"),
            ("node_address", "192.0.2.1"),
            ("node_availability", "active"),
            ("node_engine_version", "27.1"),
            ("node_hostname", "alpha"),
            ("node_id", "node1"),
            ("node_label_rack", "1"),
            ("node_manager_address", "192.0.2.1:2377"),
            ("node_manager_leader", "true"),
            ("node_manager_reachability", "reachable"),
            ("node_platform_architecture", "x86_64"),
            ("node_platform_os", "linux"),
            ("node_role", "manager"),
            ("node_status", "ready"),
        ],
    );
}

#[tokio::test]
async fn tasks() {
    let targets = targets(DockerSwarmRole::Tasks).await;
    let addresses: Vec<&str> = targets.iter().map(|t| t.value("__address__")).collect();
    assert_eq!(addresses, ["192.0.2.1:8081", "10.0.0.7:80", "10.0.0.8:80"]);
    let first = &targets[0];
    let value = |name: &str| first.value(&format!("__meta_dockerswarm_{name}")).to_owned();
    assert_eq!(value("task_id"), "t1");
    assert_eq!(value("task_slot"), "2");
    assert_eq!(value("task_state"), "running");
    assert_eq!(value("task_container_id"), "abc");
    assert_eq!(value("task_port_publish_mode"), "host");
    assert_eq!(value("container_label_image"), "yes");
    assert_eq!(value("container_label_both"), "spec", "the task overrides the image");
    assert_eq!((value("service_name"), value("node_hostname")), ("web".to_owned(), "alpha".to_owned()));
    assert_eq!(targets[1].value("__meta_dockerswarm_network_name"), "overlay");
    assert_eq!(targets[2].value("__meta_dockerswarm_task_desired_state"), "shutdown");
}
