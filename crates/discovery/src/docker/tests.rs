//! Docker discovery against a server that answers as a daemon does.

use super::*;
use crate::http::testing::{Answer, Server};
use model::Labels;

const CONTAINERS: &str = r#"[
 {"Id": "c1", "Names": ["/web"], "Labels": {"com.example/tier": "front"},
  "Ports": [{"IP": "0.0.0.0", "PrivatePort": 8080, "PublicPort": 80, "Type": "tcp"},
            {"PrivatePort": 53, "Type": "udp"}, {"PrivatePort": 9100, "Type": "tcp"}],
  "HostConfig": {"NetworkMode": "backend"},
  "NetworkSettings": {"Networks": {
     "backend": {"NetworkID": "n1", "IPAddress": "172.18.0.2"},
     "zone": {"NetworkID": "n2", "IPAddress": "172.19.0.2"}}}},
 {"Id": "c2", "Names": ["/sidecar"], "Labels": null, "Ports": [],
  "HostConfig": {"NetworkMode": "container:c1"}, "NetworkSettings": {"Networks": {}}},
 {"Id": "c3", "Names": ["/agent"], "Ports": [],
  "HostConfig": {"NetworkMode": "host"},
  "NetworkSettings": {"Networks": {"host": {"NetworkID": "n3", "IPAddress": ""}}}},
 {"Id": "c4", "Names": [], "HostConfig": {}},
 {"Id": "c5", "Names": ["/ring"], "HostConfig": {"NetworkMode": "container:c5"}, "NetworkSettings": {"Networks": {}}}
]"#;

const NETWORKS: &str = r#"[
 {"Id": "n1", "Name": "backend", "Scope": "local", "Internal": false, "Ingress": false, "Labels": {"a.b": "c"}},
 {"Id": "n3", "Name": "host", "Scope": "local", "Internal": false, "Ingress": false, "Labels": {}}
]"#;

fn daemon(request: &crate::http::testing::Received) -> Answer {
    match request.path.as_str() {
        "/containers/json" => Answer::ok("application/json", CONTAINERS),
        "/networks" => Answer::ok("application/json", NETWORKS),
        _ => Answer::new(404).body(r#"{"message": "page not found"}"#),
    }
}

async fn targets(config: DockerSd) -> Vec<Labels> {
    let mut groups = DockerDiscovery::new(&config, &Clock::system()).unwrap().refresh().await.unwrap();
    assert_eq!((groups.len(), groups[0].source.as_str()), (1, "Docker"));
    groups.remove(0).targets
}

#[tokio::test]
async fn each_port_of_the_first_network_is_a_target() {
    let server = Server::start(daemon).await;
    let config = DockerSd { host: server.url(""), ..DockerSd::default() };
    let targets = targets(config).await;
    let want = Labels::from_pairs([
        ("__address__", "172.18.0.2:8080"),
        ("__meta_docker_container_id", "c1"),
        ("__meta_docker_container_label_com_example_tier", "front"),
        ("__meta_docker_container_name", "/web"),
        ("__meta_docker_container_network_mode", "backend"),
        ("__meta_docker_network_id", "n1"),
        ("__meta_docker_network_ingress", "false"),
        ("__meta_docker_network_internal", "false"),
        ("__meta_docker_network_ip", "172.18.0.2"),
        ("__meta_docker_network_label_a_b", "c"),
        ("__meta_docker_network_name", "backend"),
        ("__meta_docker_network_scope", "local"),
        ("__meta_docker_port_private", "8080"),
        ("__meta_docker_port_public", "80"),
        ("__meta_docker_port_public_ip", "0.0.0.0"),
    ]);
    assert_eq!(targets[0], want);
    let addresses: Vec<&str> = targets.iter().map(|t| t.value("__address__")).collect();
    // The sidecar shares the network of c1 and exposes nothing; the agent is on the host's.
    assert_eq!(addresses, ["172.18.0.2:8080", "172.18.0.2:9100", "172.18.0.2:80", "localhost"]);
}

#[tokio::test]
async fn all_networks_filters_and_the_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let server = Server::start_unix(&path, daemon);
    let config = DockerSd {
        host: format!("unix://{}", path.display()),
        match_first_network: false,
        port: 9999,
        host_networking_host: "node".to_owned(),
        filters: vec![DockerFilter { name: "status".to_owned(), values: vec!["running".to_owned()] }],
        ..DockerSd::default()
    };
    let targets = targets(config).await;
    let addresses: Vec<&str> = targets.iter().map(|t| t.value("__address__")).collect();
    let want = [
        "172.18.0.2:8080",
        "172.18.0.2:9100",
        "172.19.0.2:8080",
        "172.19.0.2:9100",
        "172.18.0.2:9999",
        "172.19.0.2:9999",
        "node",
    ];
    assert_eq!(addresses, want);
    let query =
        url::form_urlencoded::parse(server.requests()[0].query.as_bytes()).next().unwrap().1.into_owned();
    assert_eq!(query, r#"{"status":["running"]}"#);
}

#[tokio::test]
async fn failures_carry_the_daemons_words() {
    let server = Server::start(|_| Answer::new(500).body(r#"{"message": "daemon is tired"}"#)).await;
    let config = DockerSd { host: server.url(""), ..DockerSd::default() };
    let error = DockerDiscovery::new(&config, &Clock::system()).unwrap().refresh().await.unwrap_err();
    assert!(error.contains("500") && error.contains("daemon is tired"), "{error}");
    let server = Server::start(|_| Answer::ok("application/json", "[{")).await;
    let config = DockerSd { host: server.url(""), ..DockerSd::default() };
    assert!(DockerDiscovery::new(&config, &Clock::system()).unwrap().refresh().await.is_err());
    for host in ["ftp://x", "npipe://x", "not a url"] {
        let config = DockerSd { host: host.to_owned(), ..DockerSd::default() };
        assert!(DockerDiscovery::new(&config, &Clock::system()).is_err(), "{host}");
    }
}
