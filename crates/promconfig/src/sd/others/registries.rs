//! Registries of services: what programs announce themselves to.

use super::require;
use crate::address::Url;
use crate::http::HttpClientConfig;
use crate::sd::plain::check_http_url;
use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

section! {
    pub struct ConsulSd, check = check_consul {
        key server: String = "localhost:8500".to_owned(),
        key path_prefix: String = String::new(),
        key token: Option<Secret> = None,
        key datacenter: String = String::new(),
        key namespace: String = String::new(),
        key partition: String = String::new(),
        key tag_separator: String = ",".to_owned(),
        key scheme: String = "http".to_owned(),
        key username: String = String::new(),
        key password: Option<Secret> = None,
        always allow_stale: bool = true,
        key refresh_interval: Duration = Duration::from_secs(30),
        key services: Vec<String> = Vec::new(),
        key tags: Vec<String> = Vec::new(),
        key node_meta: BTreeMap<String, String> = BTreeMap::new(),
        key filter: String = String::new(),
        key health_filter: String = String::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
    }
}

fn check_consul(consul: &mut ConsulSd, fields: &Fields<'_>, reader: &mut Reader) {
    if consul.server.trim().is_empty() {
        fields.fault("server", "consul SD configuration requires a server address", reader);
    }
    let named = !consul.username.is_empty() || consul.password.is_some();
    if named && consul.http.basic_auth.is_some() {
        let reason =
            "at most one of consul SD configuration username and password and basic auth can be configured";
        fields.fault("username", reason, reader);
    }
    if consul.token.is_some() && (consul.http.authorization.is_some() || consul.http.oauth2.is_some()) {
        let reason = "at most one of consul SD token, authorization, or oauth2 can be configured";
        fields.fault("token", reason, reader);
    }
}

section! {
    pub struct EurekaSd, check = check_eureka {
        key server: String = String::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(30),
    }
}

fn check_eureka(eureka: &mut EurekaSd, fields: &Fields<'_>, reader: &mut Reader) {
    if eureka.server.is_empty() {
        fields.fault("server", "eureka_sd: empty or null eureka server", reader);
        return;
    }
    match Url::parse(&eureka.server) {
        Err(reason) => fields.fault("server", reason, reader),
        Ok(url) if url.scheme().is_empty() || url.host().is_empty() => {
            fields.fault("server", "eureka_sd: invalid eureka server URL", reader);
        }
        Ok(_) => {}
    }
}

section! {
    pub struct KumaSd, check = check_kuma {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(15),
        key fetch_timeout: Duration = Duration::from_secs(120),
        key server: String = String::new(),
        key client_id: String = String::new(),
    }
}

fn check_kuma(kuma: &mut KumaSd, fields: &Fields<'_>, reader: &mut Reader) {
    match Url::parse(&kuma.server) {
        _ if kuma.server.is_empty() => fields.fault("server", "kuma SD server must not be empty", reader),
        Err(reason) => fields.fault("server", reason, reader),
        Ok(url) if url.scheme().is_empty() || url.host().is_empty() => {
            fields.fault("server", "kuma SD server must not be empty and have a scheme", reader);
        }
        Ok(_) => {}
    }
}

section! {
    pub struct MarathonSd, check = check_marathon {
        key servers: Vec<String> = Vec::new(),
        key refresh_interval: Duration = Duration::from_secs(30),
        key auth_token: Option<Secret> = None,
        key auth_token_file: Option<PathBuf> = None,
        inline http: HttpClientConfig = HttpClientConfig::default(),
    }
}

fn check_marathon(marathon: &mut MarathonSd, fields: &Fields<'_>, reader: &mut Reader) {
    if marathon.servers.is_empty() {
        fields.fault("servers", "marathon_sd: must contain at least one Marathon server", reader);
    }
    let token = marathon.auth_token.is_some() || marathon.auth_token_file.is_some();
    let key = if marathon.auth_token.is_some() { "auth_token" } else { "auth_token_file" };
    if marathon.auth_token.is_some() && marathon.auth_token_file.is_some() {
        let reason = "marathon_sd: at most one of auth_token & auth_token_file must be configured";
        fields.fault("auth_token_file", reason, reader);
    }
    if token && marathon.http.basic_auth.is_some() {
        let reason =
            "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured";
        fields.fault(key, reason, reader);
    }
    if token && (fields.has("bearer_token") || fields.has("bearer_token_file")) {
        let reason = "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured";
        fields.fault(key, reason, reader);
    }
    if token && fields.has("authorization") {
        let reason =
            "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured";
        fields.fault(key, reason, reader);
    }
}

section! {
    /// Nerve and Serverset: both lie in ZooKeeper.
    pub struct ZookeeperSd, check = check_zookeeper {
        key servers: Vec<String> = Vec::new(),
        key paths: Vec<String> = Vec::new(),
        key timeout: Duration = Duration::from_secs(10),
    }
}

fn check_zookeeper(zookeeper: &mut ZookeeperSd, fields: &Fields<'_>, reader: &mut Reader) {
    if zookeeper.servers.is_empty() {
        fields.fault("servers", "must contain at least one Zookeeper server", reader);
    }
    if zookeeper.paths.is_empty() {
        fields.fault("paths", "must contain at least one path", reader);
    }
    for path in zookeeper.paths.iter().filter(|p| !p.starts_with('/')) {
        fields.fault("paths", format!("paths must begin with '/': {path}"), reader);
    }
}

section! {
    pub struct NomadSd, check = check_nomad {
        always allow_stale: bool = true,
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key namespace: String = "default".to_owned(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key region: String = "global".to_owned(),
        key server: String = "http://localhost:4646".to_owned(),
        key tag_separator: String = ",".to_owned(),
    }
}

fn check_nomad(nomad: &mut NomadSd, fields: &Fields<'_>, reader: &mut Reader) {
    if nomad.server.trim().is_empty() {
        fields.fault("server", "nomad SD configuration requires a server address", reader);
    }
}

section! {
    pub struct PuppetDbSd, check = check_puppetdb {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key url: Url = Url::default(),
        key query: String = String::new(),
        key include_parameters: bool = false,
        key port: i64 = 80,
    }
}

fn check_puppetdb(puppetdb: &mut PuppetDbSd, fields: &Fields<'_>, reader: &mut Reader) {
    check_http_url(&puppetdb.url, fields, reader);
    require(fields, &[("query", "query missing")], reader);
}
