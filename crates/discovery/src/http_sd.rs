//! Targets from an HTTP endpoint, `http_sd_configs`: a JSON list of groups, asked for at an interval.

use crate::group::{Pairs, TargetGroup};
use crate::http::{HttpClient, Request};
use crate::refresh::Refresher;
use base::Clock;
use http::header;
use model::Labels;
use promconfig::HttpSd;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use telemetry::Counter;
use url::Url;

/// A hundred thousand targets with a few labels each take some 20 MB.
const BODY_BYTES_MAX: u64 = 64 << 20;

pub struct HttpDiscovery {
    client: HttpClient,
    url: Url,
    refresh_interval: Duration,
    failures: Counter,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl HttpDiscovery {
    pub fn new(config: &HttpSd, clock: &Clock, failures: Counter) -> Result<HttpDiscovery, String> {
        Ok(HttpDiscovery {
            client: HttpClient::new(&config.http, clock).map_err(|e| e.to_string())?,
            url: Url::parse(config.url.as_str()).map_err(|e| e.to_string())?,
            refresh_interval: config.refresh_interval,
            failures,
        })
    }

    async fn ask(&self) -> Result<Vec<TargetGroup>, String> {
        let seconds = self.refresh_interval.as_secs_f64().to_string();
        let request = Request::get(self.url.clone())
            .header("accept", "application/json")
            .and_then(|r| r.header("accept-encoding", "gzip"))
            .and_then(|r| r.header("x-prometheus-refresh-interval-seconds", &seconds))
            .map_err(|e| e.to_string())?;
        let answer = self.client.fetch(request, self.refresh_interval, BODY_BYTES_MAX).await;
        let (status, headers, body) = answer.map_err(|e| format!("Get {:?}: {e}", shown(&self.url)))?;
        if status != http::StatusCode::OK {
            return Err(format!("server returned HTTP status {status}"));
        }
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        if !is_json(content_type) {
            return Err(format!("unsupported content type {content_type:?}"));
        }
        parse(&body, self.url.as_str())
    }
}

impl Refresher for HttpDiscovery {
    async fn refresh(&mut self) -> Result<Vec<TargetGroup>, String> {
        let result = self.ask().await;
        if result.is_err() {
            self.failures.inc();
        }
        result
    }
}

/// The URL without a password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() {
        let _ = url.set_password(Some("xxxxx"));
    }
    url.into()
}

/// `application/json`, in UTF-8 if it says.
fn is_json(content_type: &str) -> bool {
    let lower = content_type.to_ascii_lowercase();
    let (media, parameter) = lower.split_once(';').unwrap_or((&lower, "charset=utf-8"));
    media == "application/json" && matches!(parameter.trim(), "charset=utf-8" | "charset=\"utf-8\"")
}

fn parse(body: &[u8], url: &str) -> Result<Vec<TargetGroup>, String> {
    let groups: Vec<Option<Group>> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let convert = |(index, group): (usize, Option<Group>)| {
        let group = group.ok_or_else(|| "nil target group item found".to_owned())?;
        let mut labels = Pairs(group.labels.unwrap_or_default().into_iter().collect());
        labels.add("__meta_url", url);
        Ok(TargetGroup {
            source: format!("{url}:{index}"),
            targets: group.targets.iter().map(|t| Labels::from_pairs([("__address__", t)])).collect(),
            labels: labels.build(),
        })
    };
    groups.into_iter().enumerate().map(convert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Answer, Server};

    async fn ask(content_type: &str, body: &str, status: u16) -> Result<Vec<TargetGroup>, String> {
        let (content_type, body) = (content_type.to_owned(), body.to_owned());
        let server =
            Server::start(move |_| Answer::new(status).header("content-type", &content_type).body(&body))
                .await;
        let config = HttpSd { url: promconfig::Url::parse(&server.url("/sd")).unwrap(), ..HttpSd::default() };
        let mut discovery = HttpDiscovery::new(&config, &Clock::system(), Counter::default()).unwrap();
        let result = discovery.refresh().await;
        assert_eq!(discovery.failures.get(), if result.is_err() { 1.0 } else { 0.0 });
        let request = server.requests().remove(0);
        assert_eq!(request.header("x-prometheus-refresh-interval-seconds"), "60");
        assert_eq!(request.header("accept"), "application/json");
        result
    }

    #[tokio::test]
    async fn reads_groups() {
        let body = r#"[{"targets": ["a:1", "b:2"], "labels": {"env": "x"}}, {"targets": ["c:3"]}]"#;
        let groups = ask("application/json; charset=utf-8", body, 200).await.unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].targets[1].value("__address__"), "b:2");
        assert_eq!(groups[0].labels.value("env"), "x");
        assert!(groups[1].labels.value("__meta_url").ends_with("/sd"));
        assert!(groups[1].source.ends_with("/sd:1"));
    }

    #[tokio::test]
    async fn refuses_what_is_not_a_list_of_groups() {
        let check = async |content_type: &str, body: &str, status, want: &str| {
            let error = ask(content_type, body, status).await.unwrap_err();
            assert!(error.contains(want), "{error}");
        };
        check("application/json", "[", 200, "EOF").await;
        check("application/json", "[null]", 200, "nil target group").await;
        check("text/html", "[]", 200, "unsupported content type").await;
        check("application/json;charset=latin1", "[]", 200, "unsupported content type").await;
        check("application/json", "[]", 503, "503").await;
    }
}
