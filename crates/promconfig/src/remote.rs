//! The sections `remote_write` and `remote_read`.

use crate::address::Url;
use crate::cloud_auth::{AzureAdConfig, GoogleIamConfig, SigV4Config};
use crate::http::{HEADERS_RESERVED, HttpClientConfig};
use crate::relabel::RelabelConfig;
use crate::targets::LabelMap;
use crate::yaml::{Fields, Reader};
use std::collections::BTreeMap;
use std::time::Duration;

section! {
    /// One place that samples are sent to.
    pub struct RemoteWriteConfig, null = false, check = check_write {
        always url: Url = Url::default(),
        key remote_timeout: Duration = Duration::from_secs(30),
        key headers: BTreeMap<String, String> = BTreeMap::new(),
        key write_relabel_configs: Vec<RelabelConfig> = Vec::new(),
        /// Unique among those that have one.
        key name: String = String::new(),
        key send_exemplars: bool = false,
        key send_native_histograms: bool = false,
        key round_robin_dns: bool = false,
        key protobuf_message: RemoteWriteMessage = RemoteWriteMessage::V1,
        inline http: HttpClientConfig = HttpClientConfig { enable_http2: false, ..HttpClientConfig::default() },
        key queue_config: QueueConfig = QueueConfig::default(),
        key metadata_config: MetadataConfig = MetadataConfig::default(),
        key sigv4: Option<SigV4Config> = None,
        key azuread: Option<AzureAdConfig> = None,
        key google_iam: Option<GoogleIamConfig> = None,
    }
}

choice! {
    /// The message that carries the samples.
    pub enum RemoteWriteMessage, fold = str::to_owned, empty = false, fault = "invalid protobuf_message value: unknown type for remote write protobuf message {}, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request" {
        /// Remote write 1.0.
        #[default]
        V1 = "prometheus.WriteRequest",
        /// Remote write 2.0.
        V2 = "io.prometheus.write.v2.Request",
    }
}

section! {
    /// The queue before one place.
    pub struct QueueConfig, check = check_queue {
        /// Samples that wait in one shard.
        key capacity: i64 = 10_000,
        key max_shards: i64 = 50,
        key min_shards: i64 = 1,
        key max_samples_per_send: i64 = 2_000,
        key batch_send_deadline: Duration = Duration::from_secs(5),
        key min_backoff: Duration = Duration::from_millis(30),
        key max_backoff: Duration = Duration::from_secs(5),
        key retry_on_http_429: bool = false,
        /// Zero means no limit.
        key sample_age_limit: Duration = Duration::ZERO,
    }
}

section! {
    /// How metadata is sent apart from samples (remote write 1.0).
    pub struct MetadataConfig {
        always send: bool = true,
        always send_interval: Duration = Duration::from_secs(60),
        key max_samples_per_send: i64 = 2_000,
    }
}

section! {
    /// One place that queries also read from.
    pub struct RemoteReadConfig, null = false, check = check_read {
        always url: Url = Url::default(),
        key remote_timeout: Duration = Duration::from_secs(60),
        /// Largest frame of a streamed answer, bytes.
        key chunked_read_limit: u64 = 50_000_000,
        key headers: BTreeMap<String, String> = BTreeMap::new(),
        /// Also for times that the own store should have.
        key read_recent: bool = false,
        key name: String = String::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
        /// Only selectors with all of these are sent.
        key required_matchers: LabelMap = LabelMap::default(),
        always filter_external_labels: bool = true,
    }
}

fn check_write(write: &mut RemoteWriteConfig, fields: &Fields<'_>, reader: &mut Reader) {
    require_url("remote_write", fields, reader);
    check_headers(&write.headers, fields, reader);
    let configured: Vec<&str> = [
        ("basic_auth", write.http.basic_auth.is_some()),
        ("authorization", write.http.authorization.is_some()),
        ("oauth2", write.http.oauth2.is_some()),
        ("sigv4", write.sigv4.is_some()),
        ("azuread", write.azuread.is_some()),
        ("google_iam", write.google_iam.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
    .collect();
    // Two of the first three are the client's own fault, reported there.
    let beyond_http = configured.iter().any(|n| ["sigv4", "azuread", "google_iam"].contains(n));
    if configured.len() > 1 && beyond_http {
        let reason = format!(
            "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [{}]",
            configured.join(" ")
        );
        fields.fault(configured[configured.len() - 1], reason, reader);
    }
    for key in ["sigv4", "azuread", "google_iam"] {
        if configured.contains(&key) {
            reader.enter(key);
            reader.notice(fields.at(key), format!("{key} is not supported by Pharos: requests are sent unsigned; put a signing proxy before the receiver"));
            reader.leave();
        }
    }
}

fn check_read(read: &mut RemoteReadConfig, fields: &Fields<'_>, reader: &mut Reader) {
    require_url("remote_read", fields, reader);
    check_headers(&read.headers, fields, reader);
}

fn require_url(section: &str, fields: &Fields<'_>, reader: &mut Reader) {
    if fields.get("url").is_none_or(crate::yaml::Node::is_null) {
        fields.fault("url", format!("url for {section} is empty"), reader);
    }
}

fn check_headers(headers: &BTreeMap<String, String>, fields: &Fields<'_>, reader: &mut Reader) {
    for name in headers.keys() {
        let lower = name.to_ascii_lowercase();
        if lower == "authorization" {
            let reason = "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter";
            fields.fault_below("headers", name, reason, reader);
        } else if HEADERS_RESERVED.contains(&lower.as_str()) || lower == "x-amz-content-sha256" {
            fields.fault_below(
                "headers",
                name,
                format!("{name} is a reserved header. It must not be changed"),
                reader,
            );
        }
    }
}

fn check_queue(queue: &mut QueueConfig, fields: &Fields<'_>, reader: &mut Reader) {
    for (key, value) in [
        ("capacity", queue.capacity),
        ("max_shards", queue.max_shards),
        ("min_shards", queue.min_shards),
        ("max_samples_per_send", queue.max_samples_per_send),
    ] {
        if value <= 0 {
            fields.fault(key, format!("remote write queue {key} must be positive"), reader);
        }
    }
    if queue.min_shards > queue.max_shards && queue.max_shards > 0 {
        fields.fault(
            "min_shards",
            "remote write queue min_shards must not be greater than max_shards",
            reader,
        );
    }
    if queue.min_backoff > queue.max_backoff {
        fields.fault(
            "max_backoff",
            "remote write queue max_backoff must not be less than min_backoff",
            reader,
        );
    }
}
