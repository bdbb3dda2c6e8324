//! How an HTTP client is configured: authentication, TLS, proxy, headers. The same block stands in scrape jobs,
//! discovery, remote write and read, and Alertmanagers.

use crate::address::Url;
use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::collections::BTreeMap;
use std::path::PathBuf;

section! {
    /// Settings of an HTTP client. At most one of `basic_auth`, `authorization` and `oauth2` is set: `bearer_token`
    /// and `bearer_token_file` have become an `authorization` once the file is read.
    pub struct HttpClientConfig, check = check_http {
        key basic_auth: Option<BasicAuth> = None,
        key authorization: Option<Authorization> = None,
        key oauth2: Option<OAuth2> = None,
        /// Always `None` after reading.
        key bearer_token: Option<Secret> = None,
        /// Always `None` after reading.
        key bearer_token_file: Option<PathBuf> = None,
        key tls_config: TlsConfig = TlsConfig::default(),
        always follow_redirects: bool = true,
        always enable_http2: bool = true,
        inline proxy: ProxyConfig = ProxyConfig::default(),
        key http_headers: BTreeMap<String, HeaderValues> = BTreeMap::new(),
    }
}

section! {
    /// A name and a password, each given, in a file, or named in a secret manager.
    pub struct BasicAuth {
        key username: String = String::new(),
        key username_file: Option<PathBuf> = None,
        key username_ref: String = String::new(),
        key password: Option<Secret> = None,
        key password_file: Option<PathBuf> = None,
        key password_ref: String = String::new(),
    }
}

section! {
    /// `Authorization: TYPE CREDENTIALS`
    pub struct Authorization {
        /// `Bearer` unless said otherwise; never `basic`.
        key r#type: String = "Bearer".to_owned(),
        key credentials: Option<Secret> = None,
        key credentials_file: Option<PathBuf> = None,
        key credentials_ref: String = String::new(),
    }
}

section! {
    /// A token fetched with client credentials (RFC 6749, section 4.4) or a signed assertion (RFC 7523).
    pub struct OAuth2 {
        always client_id: String = String::new(),
        key client_secret: Option<Secret> = None,
        key client_secret_file: Option<PathBuf> = None,
        key client_secret_ref: String = String::new(),
        key client_certificate_key_id: String = String::new(),
        key client_certificate_key: Option<Secret> = None,
        key client_certificate_key_file: Option<PathBuf> = None,
        key client_certificate_key_ref: String = String::new(),
        /// Empty means `client_credentials`.
        key grant_type: String = String::new(),
        key signature_algorithm: String = String::new(),
        key iss: String = String::new(),
        key audience: String = String::new(),
        key claims: BTreeMap<String, String> = BTreeMap::new(),
        key scopes: Vec<String> = Vec::new(),
        always token_url: String = String::new(),
        key endpoint_params: BTreeMap<String, String> = BTreeMap::new(),
        key tls_config: TlsConfig = TlsConfig::default(),
        inline proxy: ProxyConfig = ProxyConfig::default(),
    }
}

section! {
    /// Certificates and versions. Each of CA, certificate and key is given, in a file, or named in a secret manager.
    pub struct TlsConfig, check = check_tls {
        key ca: String = String::new(),
        key cert: String = String::new(),
        key key: Option<Secret> = None,
        key ca_file: Option<PathBuf> = None,
        key cert_file: Option<PathBuf> = None,
        key key_file: Option<PathBuf> = None,
        key ca_ref: String = String::new(),
        key cert_ref: String = String::new(),
        key key_ref: String = String::new(),
        /// The name expected in the server's certificate, when it is not that of the address.
        key server_name: String = String::new(),
        always insecure_skip_verify: bool = false,
        key min_version: Option<TlsVersion> = None,
        key max_version: Option<TlsVersion> = None,
        /// Further protocols offered by ALPN.
        key next_protos: Vec<String> = Vec::new(),
    }
}

choice! {
    /// A version of TLS.
    pub enum TlsVersion, fold = str::to_owned, empty = false, fault = "unknown TLS version: {}" {
        Tls10 = "TLS10",
        Tls11 = "TLS11",
        #[default]
        Tls12 = "TLS12",
        Tls13 = "TLS13",
    }
}

section! {
    /// Through which proxy requests go. At most one of `proxy_url` and `proxy_from_environment` is set.
    pub struct ProxyConfig {
        key proxy_url: Option<Url> = None,
        /// Hosts, domains and networks reached directly, separated by commas.
        key no_proxy: String = String::new(),
        key proxy_from_environment: bool = false,
        /// Headers of the CONNECT request.
        key proxy_connect_header: BTreeMap<String, Vec<Secret>> = BTreeMap::new(),
    }
}

section! {
    /// The values of one header: all of the three lists together.
    pub struct HeaderValues {
        key values: Vec<String> = Vec::new(),
        key secrets: Vec<Secret> = Vec::new(),
        key files: Vec<PathBuf> = Vec::new(),
    }
}

/// Headers that a client sets itself, or that change the connection (`authorization` apart): none may be configured.
pub(crate) const HEADERS_RESERVED: [&str; 15] = [
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-amz-date",
    "x-amz-security-token",
];

/// Reserved as well, each in some places only.
const HEADERS_RESERVED_FOR_CLIENTS: [&str; 3] =
    ["authorization", "x-prometheus-scrape-timeout-seconds", "x-amz-content-sha256"];

impl HttpClientConfig {
    /// Whether any of the ways to authenticate is set.
    pub fn has_auth(&self) -> bool {
        self.basic_auth.is_some() || self.authorization.is_some() || self.oauth2.is_some()
    }
}

/// How many are true.
pub(crate) fn count(conditions: &[bool]) -> usize {
    conditions.iter().filter(|c| **c).count()
}

fn check_http(http: &mut HttpClientConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let bearer = http.bearer_token.is_some() || http.bearer_token_file.is_some();
    if http.bearer_token.is_some() && http.bearer_token_file.is_some() {
        let reason = "at most one of bearer_token & bearer_token_file must be configured";
        fields.fault("bearer_token_file", reason, reader);
    }
    let bearer_key = if http.bearer_token.is_some() { "bearer_token" } else { "bearer_token_file" };
    if bearer && (http.basic_auth.is_some() || http.oauth2.is_some()) {
        let reason = "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured";
        fields.fault(bearer_key, reason, reader);
    }
    if let Some(basic) = &http.basic_auth {
        check_basic(basic, fields, reader);
    }
    if bearer && http.authorization.is_some() {
        let reason = "authorization is not compatible with bearer_token & bearer_token_file";
        fields.fault(bearer_key, reason, reader);
    }
    if let Some(authorization) = &mut http.authorization {
        check_authorization(authorization, fields, reader);
    }
    if count(&[http.basic_auth.is_some(), http.oauth2.is_some(), http.authorization.is_some()]) > 1 {
        let reason = "at most one of basic_auth, oauth2 & authorization must be configured";
        let key = if http.authorization.is_some() { "authorization" } else { "oauth2" };
        fields.fault(key, reason, reader);
    }
    if let Some(oauth2) = &http.oauth2 {
        check_oauth2(oauth2, fields, reader);
    }
    check_proxy(&http.proxy, fields, reader);
    for name in http.http_headers.keys() {
        let lower = name.to_ascii_lowercase();
        let lower = lower.as_str();
        if HEADERS_RESERVED.contains(&lower) || HEADERS_RESERVED_FOR_CLIENTS.contains(&lower) {
            let reason = format!("setting header {name:?} is not allowed");
            fields.fault("http_headers", reason, reader);
        }
    }
    if http.authorization.is_none() && bearer {
        http.authorization = Some(Authorization {
            credentials: http.bearer_token.take(),
            credentials_file: http.bearer_token_file.take(),
            ..Authorization::default()
        });
    }
    (http.bearer_token, http.bearer_token_file) = (None, None);
}

fn check_basic(basic: &BasicAuth, fields: &Fields<'_>, reader: &mut Reader) {
    if count(&[!basic.username.is_empty(), basic.username_file.is_some(), !basic.username_ref.is_empty()]) > 1
    {
        let reason = "at most one of basic_auth username, username_file & username_ref must be configured";
        fields.fault("basic_auth", reason, reader);
    }
    if count(&[basic.password.is_some(), basic.password_file.is_some(), !basic.password_ref.is_empty()]) > 1 {
        let reason = "at most one of basic_auth password, password_file & password_ref must be configured";
        fields.fault("basic_auth", reason, reader);
    }
}

fn check_authorization(authorization: &mut Authorization, fields: &Fields<'_>, reader: &mut Reader) {
    let given = [
        authorization.credentials.is_some(),
        authorization.credentials_file.is_some(),
        !authorization.credentials_ref.is_empty(),
    ];
    if count(&given) > 1 {
        let reason = "at most one of authorization credentials & credentials_file must be configured";
        fields.fault("authorization", reason, reader);
    }
    authorization.r#type = authorization.r#type.trim().to_owned();
    if authorization.r#type.is_empty() {
        authorization.r#type = "Bearer".to_owned();
    }
    if authorization.r#type.eq_ignore_ascii_case("basic") {
        let reason = "authorization type cannot be set to \"basic\", use \"basic_auth\" instead";
        fields.fault("authorization", reason, reader);
    }
}

/// The grant type with an assertion instead of a secret (RFC 7523).
const GRANT_JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn check_oauth2(oauth2: &OAuth2, fields: &Fields<'_>, reader: &mut Reader) {
    let mut fault = |reason: &str| fields.fault("oauth2", reason, reader);
    if oauth2.client_id.is_empty() {
        fault("oauth2 client_id must be configured");
    }
    if oauth2.token_url.is_empty() {
        fault("oauth2 token_url must be configured");
    }
    match oauth2.grant_type.as_str() {
        "" | "client_credentials" => {
            let given = [
                oauth2.client_secret.is_some(),
                oauth2.client_secret_file.is_some(),
                !oauth2.client_secret_ref.is_empty(),
            ];
            if count(&given) > 1 {
                fault(
                    "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured",
                );
            }
        }
        GRANT_JWT => {
            let given = [
                oauth2.client_certificate_key.is_some(),
                oauth2.client_certificate_key_file.is_some(),
                !oauth2.client_certificate_key_ref.is_empty(),
            ];
            if count(&given) > 1 {
                fault(
                    "at most one of client_certificate_key, client_certificate_key_file & client_certificate_key_ref must be configured using grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer",
                );
            }
            if !matches!(oauth2.signature_algorithm.as_str(), "" | "RS256" | "RS384" | "RS512") {
                fault("oauth2 signature_algorithm must be one of RS256, RS384 or RS512");
            }
        }
        _ => fault(
            "oauth2 grant_type must be one of client_credentials or urn:ietf:params:oauth:grant-type:jwt-bearer",
        ),
    }
    check_proxy(&oauth2.proxy, fields, reader);
}

fn check_proxy(proxy: &ProxyConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let url = proxy.proxy_url.as_ref().is_some_and(|u| !u.as_str().is_empty());
    if !proxy.proxy_connect_header.is_empty() && !proxy.proxy_from_environment && !url {
        let reason = "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured";
        fields.fault("proxy_connect_header", reason, reader);
    }
    if proxy.proxy_from_environment && url {
        let reason = "if proxy_from_environment is configured, proxy_url must not be configured";
        fields.fault("proxy_from_environment", reason, reader);
    }
    if proxy.proxy_from_environment && !proxy.no_proxy.is_empty() {
        let reason = "if proxy_from_environment is configured, no_proxy must not be configured";
        fields.fault("proxy_from_environment", reason, reader);
    }
    if !url && !proxy.no_proxy.is_empty() {
        let reason = "if no_proxy is configured, proxy_url must also be configured";
        fields.fault("no_proxy", reason, reader);
    }
}

fn check_tls(tls: &mut TlsConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let given = [
        ("ca", [!tls.ca.is_empty(), tls.ca_file.is_some(), !tls.ca_ref.is_empty()]),
        ("cert", [!tls.cert.is_empty(), tls.cert_file.is_some(), !tls.cert_ref.is_empty()]),
        ("key", [tls.key.is_some(), tls.key_file.is_some(), !tls.key_ref.is_empty()]),
    ];
    for (name, ways) in given {
        if count(&ways) > 1 {
            let reason = format!("at most one of {name}, {name}_file & {name}_ref must be configured");
            fields.fault(&given_key(name, fields), reason, reader);
        }
    }
    let (cert, key) = (given[1].1.contains(&true), given[2].1.contains(&true));
    if cert && !key {
        let reason =
            "exactly one of key or key_file must be configured when a client certificate is configured";
        fields.fault(&given_key("cert", fields), reason, reader);
    }
    if key && !cert {
        let reason = "exactly one of cert or cert_file must be configured when a client key is configured";
        fields.fault(&given_key("key", fields), reason, reader);
    }
}

/// The key under which a part was given: the plain one last, since a file is the common way.
fn given_key(name: &str, fields: &Fields<'_>) -> String {
    let keys = [format!("{name}_file"), format!("{name}_ref"), name.to_owned()];
    keys.iter().find(|k| fields.has(k)).unwrap_or(&keys[0]).clone()
}
