//! Discovery that needs no platform: files, an HTTP endpoint, DNS.

use crate::address::Url;
use crate::http::HttpClientConfig;
use crate::yaml::{Fields, Node, Reader};
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// Files of target groups, watched.
    pub struct FileSd, null = false, check = check_file {
        /// Globs; a star only in the last part. They end in json, yml or yaml.
        always files: Vec<PathBuf> = Vec::new(),
        key refresh_interval: Duration = Duration::from_secs(300),
    }
}

section! {
    /// An endpoint that answers with target groups in JSON.
    pub struct HttpSd, null = false, check = check_http_sd {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        always url: Url = Url::default(),
    }
}

section! {
    /// Names looked up again and again.
    pub struct DnsSd, null = false, check = check_dns {
        always names: Vec<String> = Vec::new(),
        key refresh_interval: Duration = Duration::from_secs(30),
        always r#type: DnsRecord = DnsRecord::Srv,
        /// Not 0 unless the type is SRV, which carries a port itself.
        key port: u16 = 0,
    }
}

choice! {
    /// A type of DNS record.
    pub enum DnsRecord, fold = str::to_uppercase, empty = false, fault = "invalid DNS-SD records type {}" {
        #[default]
        Srv = "SRV",
        A = "A",
        Aaaa = "AAAA",
        Mx = "MX",
        Ns = "NS",
    }
}

fn check_file(sd: &mut FileSd, fields: &Fields<'_>, reader: &mut Reader) {
    if sd.files.is_empty() {
        let reason = "file service discovery config must contain at least one path name";
        fields.fault("files", reason, reader);
    }
    for path in &sd.files {
        let text = path.to_string_lossy();
        if !is_file_pattern(&text) {
            fields.fault("files", format!("path name {text:?} is not valid for file discovery"), reader);
        }
    }
}

/// One star at most, in the last part, and a known extension.
fn is_file_pattern(text: &str) -> bool {
    let Some((stem, extension)) = text.rsplit_once('.') else { return false };
    matches!(extension, "json" | "yml" | "yaml" | "JSON" | "YML" | "YAML") && is_glob(stem)
}

/// Whether a star stands nowhere but in the last part, and once.
pub(crate) fn is_glob(text: &str) -> bool {
    text.split_once('*').is_none_or(|(_, after)| !after.contains('/'))
}

/// A URL with a scheme that is spoken and a host.
pub(crate) fn check_http_url(url: &Url, fields: &Fields<'_>, reader: &mut Reader) {
    if fields.get("url").is_none_or(Node::is_null) {
        fields.fault("url", "URL is missing", reader);
    } else if !matches!(url.scheme().as_str(), "http" | "https") {
        fields.fault("url", "URL scheme must be 'http' or 'https'", reader);
    } else if url.host().is_empty() {
        fields.fault("url", "host is missing in URL", reader);
    }
}

fn check_http_sd(sd: &mut HttpSd, fields: &Fields<'_>, reader: &mut Reader) {
    check_http_url(&sd.url, fields, reader);
}

fn check_dns(sd: &mut DnsSd, fields: &Fields<'_>, reader: &mut Reader) {
    if sd.names.is_empty() {
        fields.fault("names", "DNS-SD config must contain at least one SRV record name", reader);
    }
    if sd.r#type != DnsRecord::Srv && sd.port == 0 {
        fields.fault("port", "a port is required in DNS-SD configs for all record types except SRV", reader);
    }
}
