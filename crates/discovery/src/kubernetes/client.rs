//! The Kubernetes API: where it is, lists in pages, and watches as streams of events.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/>

use super::kubeconfig;
use super::objects::Object;
use crate::http::{HttpClient, Request, Response};
use base::{Clock, disk};
use promconfig::{Authorization, HttpClientConfig, KubernetesSd, TlsConfig};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Objects a page of a list.
const PAGE: &str = "500";
/// A page of 500 objects of 100 kB each.
const PAGE_BYTES_MAX: u64 = 64 << 20;
/// How long a page may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// The server ends a watch after this time; one that ends is begun anew.
const WATCH_SECONDS: &str = "300";
/// One object on a watch; etcd holds none over 1.5 MB.
const EVENT_BYTES_MAX: usize = 16 << 20;

/// Where a pod finds its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A client of one API server.
#[derive(Clone)]
pub struct ApiClient {
    http: HttpClient,
    base: Url,
}

/// What narrows a list or watch.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub label: String,
    pub field: String,
}

/// One event of a watch.
pub enum Event<T> {
    /// Added or modified.
    Set(T),
    Deleted(T),
    /// Nothing happened up to this version.
    Bookmark,
}

/// Why a list or watch ended.
#[derive(Debug, PartialEq)]
pub enum WatchError {
    /// The version is too old to watch from: list again.
    Expired,
    Other(String),
}

#[derive(Deserialize)]
#[serde(bound = "T: Object")]
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    resource_version: String,
    r#continue: String,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a serde_json::value::RawValue,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Versioned {
    metadata: ListMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    code: u16,
    message: String,
}

impl ApiClient {
    pub fn new(config: &KubernetesSd, clock: &Clock) -> Result<ApiClient, String> {
        let (server, http) = if let Some(path) = &config.kubeconfig_file {
            kubeconfig::read(path)?
        } else {
            match config.api_server.as_ref().map(|u| u.as_str()).filter(|u| !u.is_empty()) {
                Some(server) => (server.to_owned(), config.http.clone()),
                None => in_cluster(|name| std::env::var(name).ok())?,
            }
        };
        let mut base = Url::parse(&server).map_err(|e| format!("api_server {server:?}: {e}"))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = HttpClient::new(&http, clock).map_err(|e| e.to_string())?;
        Ok(ApiClient { http, base })
    }

    /// All objects under a path, and the version at which they were like that.
    pub async fn list<T: Object>(
        &self,
        path: &str,
        selector: &Selector,
    ) -> Result<(Vec<T>, String), WatchError> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let mut url = self.url(path, selector)?;
            url.query_pairs_mut().append_pair("limit", PAGE);
            if !next.is_empty() {
                url.query_pairs_mut().append_pair("continue", &next);
            }
            let request = json_request(url)?;
            let answer = self.http.fetch(request, PAGE_TIMEOUT, PAGE_BYTES_MAX).await;
            let (status, _, body) = answer.map_err(|e| other(path, e))?;
            if !status.is_success() {
                return Err(failure(path, status.as_u16(), &body));
            }
            let list: List<T> = serde_json::from_slice(&body).map_err(|e| other(path, e))?;
            all.extend(list.items.into_iter().flatten());
            if list.metadata.r#continue.is_empty() {
                return Ok((all, list.metadata.resource_version));
            }
            next = list.metadata.r#continue;
        }
    }

    /// What happens under a path after a version.
    pub async fn watch(&self, path: &str, selector: &Selector, version: &str) -> Result<Watch, WatchError> {
        let mut url = self.url(path, selector)?;
        url.query_pairs_mut()
            .append_pair("watch", "1")
            .append_pair("allowWatchBookmarks", "true")
            .append_pair("timeoutSeconds", WATCH_SECONDS)
            .append_pair("resourceVersion", version);
        let send = self.http.send(json_request(url)?);
        let response = match tokio::time::timeout(PAGE_TIMEOUT, send).await {
            Ok(response) => response.map_err(|e| other(path, e))?,
            Err(_) => return Err(other(path, "no answer")),
        };
        if !response.status.is_success() {
            let status = response.status.as_u16();
            let body = response.read(PAGE_BYTES_MAX).await.unwrap_or_default();
            return Err(failure(path, status, &body));
        }
        Ok(Watch { response, buffer: Vec::new(), searched: 0, version: version.to_owned() })
    }

    fn url(&self, path: &str, selector: &Selector) -> Result<Url, WatchError> {
        let mut url = self.base.join(path).map_err(|e| other(path, e))?;
        for (name, value) in [("labelSelector", &selector.label), ("fieldSelector", &selector.field)] {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(url)
    }
}

/// A watch under way.
pub struct Watch {
    response: Response,
    buffer: Vec<u8>,
    /// No line ends before this.
    searched: usize,
    /// Of the last event: where a new watch goes on.
    pub version: String,
}

impl Watch {
    /// The next event; `None` when the server has ended the watch.
    pub async fn next<T: Object>(&mut self) -> Result<Option<Event<T>>, WatchError> {
        loop {
            let end = self.buffer[self.searched..].iter().position(|b| *b == b'\n');
            if let Some(end) = end.map(|at| self.searched + at) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                self.searched = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return self.event(&line).map(Some);
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > EVENT_BYTES_MAX {
                return Err(other("watch", "an event is too large"));
            }
            match self.response.chunk().await.map_err(|e| other("watch", e))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    fn event<T: Object>(&mut self, line: &[u8]) -> Result<Event<T>, WatchError> {
        let bad = |e: serde_json::Error| other("watch", e);
        let raw: RawEvent<'_> = serde_json::from_slice(line).map_err(bad)?;
        if raw.r#type == "ERROR" {
            let status: Status = serde_json::from_str(raw.object.get()).map_err(bad)?;
            return Err(if status.code == 410 {
                WatchError::Expired
            } else {
                other("watch", status.message)
            });
        }
        let versioned: Versioned = serde_json::from_str(raw.object.get()).map_err(bad)?;
        self.version = versioned.metadata.resource_version;
        Ok(match raw.r#type {
            "BOOKMARK" => Event::Bookmark,
            "DELETED" => Event::Deleted(serde_json::from_str(raw.object.get()).map_err(bad)?),
            _ => Event::Set(serde_json::from_str(raw.object.get()).map_err(bad)?),
        })
    }
}

fn json_request(url: Url) -> Result<Request, WatchError> {
    Request::get(url).header("accept", "application/json").map_err(|e| WatchError::Other(e.to_string()))
}

fn other(path: &str, reason: impl std::fmt::Display) -> WatchError {
    WatchError::Other(format!("kubernetes: {path}: {reason}"))
}

fn failure(path: &str, status: u16, body: &[u8]) -> WatchError {
    if status == 410 {
        return WatchError::Expired;
    }
    let message = serde_json::from_slice::<Status>(body).unwrap_or_default().message;
    other(path, format!("{status} {message}"))
}

/// The server and credentials that every pod is given.
fn in_cluster(get: impl Fn(&str) -> Option<String>) -> Result<(String, HttpClientConfig), String> {
    let (Some(host), Some(port)) = (get("KUBERNETES_SERVICE_HOST"), get("KUBERNETES_SERVICE_PORT")) else {
        return Err(
            "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined; \
                    elsewhere set api_server or kubeconfig_file"
                .to_owned(),
        );
    };
    let file = |name: &str| Some(PathBuf::from(ACCOUNT).join(name));
    let http = HttpClientConfig {
        authorization: Some(Authorization { credentials_file: file("token"), ..Authorization::default() }),
        tls_config: TlsConfig { ca_file: file("ca.crt"), ..TlsConfig::default() },
        ..HttpClientConfig::default()
    };
    Ok((format!("https://{}", crate::group::join_host_port(&host, port)), http))
}

/// The namespace this pod runs in.
pub fn own_namespace() -> Result<String, String> {
    let path = Path::new(ACCOUNT).join("namespace");
    disk::read_to_string(&path)
        .map(|text| text.trim().to_owned())
        .map_err(|e| format!("could not determine the pod's namespace: {}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_knows_its_cluster() {
        let env = |name: &str| match name {
            "KUBERNETES_SERVICE_HOST" => Some("fd00::1".to_owned()),
            "KUBERNETES_SERVICE_PORT" => Some("443".to_owned()),
            _ => None,
        };
        let (server, http) = in_cluster(env).unwrap();
        assert_eq!(server, "https://[fd00::1]:443");
        let token = http.authorization.unwrap().credentials_file.unwrap();
        assert!(token.ends_with("serviceaccount/token"));
        assert!(in_cluster(|_| None).unwrap_err().contains("api_server"));
    }
}
