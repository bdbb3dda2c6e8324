//! The file of `--web.config.file`: TLS, headers and users of the server's own port.

use crate::config::utf8;
use crate::fault::Fault;
use crate::http::TlsVersion;
use crate::secret::Secret;
use crate::yaml::{Fields, Reader, Value, node};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

section! {
    pub struct WebConfig {
        key tls_server_config: Option<TlsServerConfig> = None,
        key http_server_config: HttpServerConfig = HttpServerConfig::default(),
        /// Names and bcrypt hashes of passwords.
        key basic_auth_users: BTreeMap<String, Secret> = BTreeMap::new(),
    }
}

section! {
    pub struct TlsServerConfig, check = check_tls_server {
        key cert: String = String::new(),
        key cert_file: Option<PathBuf> = None,
        key key: Option<Secret> = None,
        key key_file: Option<PathBuf> = None,
        key client_ca: String = String::new(),
        key client_ca_file: Option<PathBuf> = None,
        /// Whether clients show certificates, as Go names it.
        key client_auth_type: String = String::new(),
        key client_allowed_sans: Vec<String> = Vec::new(),
        key min_version: TlsVersion = TlsVersion::Tls12,
        key max_version: TlsVersion = TlsVersion::Tls13,
        key cipher_suites: Vec<String> = Vec::new(),
        key prefer_server_cipher_suites: bool = true,
        key curve_preferences: Vec<String> = Vec::new(),
    }
}

section! {
    pub struct HttpServerConfig, check = check_http_server {
        always http2: bool = true,
        key headers: BTreeMap<String, String> = BTreeMap::new(),
    }
}

/// Reads a file.
pub fn load_web_config(path: &Path) -> Result<WebConfig, Vec<Fault>> {
    let bytes = base::disk::read(path).map_err(|e| vec![Fault::of_file(path, e.to_string())])?;
    let text = utf8(path, bytes).map_err(|fault| vec![fault])?;
    let mut reader = Reader::new(path);
    let root = node::parse(&text).map_err(|syntax| vec![reader.syntax_fault(&syntax)])?;
    let mut config = WebConfig::default();
    if !root.is_null() {
        config.read(&root, &mut reader);
    }
    if reader.faults.is_empty() { Ok(config) } else { Err(reader.faults) }
}

const CLIENT_AUTH: [&str; 6] = [
    "",
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
];

/// Response headers that may be set, each to any value or to those listed.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

fn check_tls_server(tls: &mut TlsServerConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let ways = [
        ("cert", !tls.cert.is_empty(), tls.cert_file.is_some(), true),
        ("key", tls.key.is_some(), tls.key_file.is_some(), true),
        ("client_ca", !tls.client_ca.is_empty(), tls.client_ca_file.is_some(), false),
    ];
    for (name, given, file, needed) in ways {
        if given && file {
            fields.fault(name, format!("cannot specify both {name} and {name}_file"), reader);
        }
        if needed && !given && !file {
            fields.fault(&format!("{name}_file"), format!("missing one of {name} or {name}_file"), reader);
        }
    }
    if !CLIENT_AUTH.contains(&tls.client_auth_type.as_str()) {
        fields.fault("client_auth_type", format!("invalid ClientAuth: {}", tls.client_auth_type), reader);
    }
    if tls.min_version > tls.max_version {
        fields.fault("min_version", "min_version must not be above max_version", reader);
    }
}

fn check_http_server(http: &mut HttpServerConfig, fields: &Fields<'_>, reader: &mut Reader) {
    for (name, value) in &http.headers {
        match HEADERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            None => {
                let reason = format!("HTTP header {name:?} can not be configured");
                fields.fault_below("headers", name, reason, reader);
            }
            Some((_, allowed))
                if !allowed.is_empty() && !allowed.contains(&value.as_str()) && !value.is_empty() =>
            {
                let reason = format!("invalid value for {name}. Expected one of: {}", allowed.join(", "));
                fields.fault_below("headers", name, reason, reader);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WebConfig, Vec<String>> {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("web.yml");
        base::disk::write_atomic(&path, text.as_bytes()).unwrap();
        load_web_config(&path)
            .map_err(|faults| faults.iter().map(|f| f.field.clone() + ": " + &f.reason).collect())
    }

    #[test]
    fn reads_tls_headers_and_users() {
        let config = read(
            "tls_server_config: {cert_file: c, key_file: k, client_auth_type: RequestClientCert}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\nbasic_auth_users: {me: hash}\n",
        )
        .unwrap();
        let tls = config.tls_server_config.unwrap();
        assert!(tls.cert_file.unwrap().ends_with("c") && tls.min_version == TlsVersion::Tls12);
        assert_eq!(config.basic_auth_users["me"].expose(), "hash");
        assert_eq!(read("").unwrap(), WebConfig::default());
    }

    #[test]
    fn refuses_what_cannot_be() {
        let faults = read(
            "tls_server_config: {cert: a, cert_file: b, client_auth_type: Maybe, min_version: TLS13, max_version: TLS12}\nhttp_server_config: {headers: {X-Frame-Options: maybe, Foo: bar}}\n",
        )
        .unwrap_err();
        assert_eq!(
            faults,
            [
                "tls_server_config.cert: cannot specify both cert and cert_file",
                "tls_server_config.key_file: missing one of key or key_file",
                "tls_server_config.client_auth_type: invalid ClientAuth: Maybe",
                "tls_server_config.min_version: min_version must not be above max_version",
                "http_server_config.headers.Foo: HTTP header \"Foo\" can not be configured",
                "http_server_config.headers.X-Frame-Options: invalid value for X-Frame-Options. Expected one of: deny, sameorigin",
            ]
        );
    }
}
