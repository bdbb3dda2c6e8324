//! `kubeconfig` files: which server, and who we are there.
//!
//! <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>. Credential plugins (`exec`, `auth-provider`) are
//! programs to be run and are not supported.

use base::disk;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use promconfig::{Authorization, BasicAuth, HttpClientConfig, ProxyConfig, Secret, TlsConfig};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    #[serde(rename = "current-context")]
    current_context: String,
    contexts: Vec<Named<Context>>,
    clusters: Vec<Named<Cluster>>,
    users: Vec<Named<User>>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user")]
    value: T,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: Option<PathBuf>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: bool,
    tls_server_name: String,
    proxy_url: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_certificate_data: Option<String>,
    client_key: Option<PathBuf>,
    client_key_data: Option<String>,
    username: Option<String>,
    password: Option<String>,
    exec: Option<serde_json::Value>,
    auth_provider: Option<serde_json::Value>,
}

/// The server of the current context, and the client settings for it.
pub fn read(path: &Path) -> Result<(String, HttpClientConfig), String> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let text = disk::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    parse(&text, directory).map_err(fail)
}

fn parse(text: &str, directory: &Path) -> Result<(String, HttpClientConfig), String> {
    let file: File = serde_yaml_ng::from_str(text).map_err(|e| e.to_string())?;
    let context = find(&file.contexts, &file.current_context, "context")?;
    let cluster = find(&file.clusters, &context.cluster, "cluster")?;
    let nobody = User::default();
    let user = if context.user.is_empty() { &nobody } else { find(&file.users, &context.user, "user")? };
    if user.exec.is_some() || user.auth_provider.is_some() {
        let reason = "credential plugins (exec, auth-provider) are not supported: use a token, a certificate or a password";
        return Err(format!("user {:?}: {reason}", context.user));
    }
    let beside = |path: &Option<PathBuf>| path.as_ref().map(|p| directory.join(p));
    let tls_config = TlsConfig {
        ca: decoded(&cluster.certificate_authority_data)?.unwrap_or_default(),
        ca_file: beside(&cluster.certificate_authority),
        cert: decoded(&user.client_certificate_data)?.unwrap_or_default(),
        cert_file: beside(&user.client_certificate),
        key: decoded(&user.client_key_data)?.map(Secret::new),
        key_file: beside(&user.client_key),
        server_name: cluster.tls_server_name.clone(),
        insecure_skip_verify: cluster.insecure_skip_tls_verify,
        ..TlsConfig::default()
    };
    let token = user.token.clone().map(Secret::new);
    let authorization = (token.is_some() || user.token_file.is_some()).then(|| Authorization {
        credentials: token,
        credentials_file: beside(&user.token_file),
        ..Authorization::default()
    });
    let basic_auth = user.username.as_ref().filter(|_| authorization.is_none()).map(|name| BasicAuth {
        username: name.clone(),
        password: user.password.clone().map(Secret::new),
        ..BasicAuth::default()
    });
    let proxy_url = cluster.proxy_url.as_deref().map(promconfig::Url::parse).transpose()?;
    let proxy = ProxyConfig { proxy_url, ..ProxyConfig::default() };
    let http =
        HttpClientConfig { basic_auth, authorization, tls_config, proxy, ..HttpClientConfig::default() };
    Ok((cluster.server.clone(), http))
}

fn find<'a, T>(list: &'a [Named<T>], name: &str, what: &str) -> Result<&'a T, String> {
    list.iter().find(|n| n.name == name).map(|n| &n.value).ok_or_else(|| format!("no {what} {name:?}"))
}

fn decoded(data: &Option<String>) -> Result<Option<String>, String> {
    let Some(data) = data else { return Ok(None) };
    let bytes = BASE64.decode(data.trim()).map_err(|e| format!("data is not base64: {e}"))?;
    String::from_utf8(bytes).map(Some).map_err(|_| "data is not PEM text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
apiVersion: v1
kind: Config
current-context: work
contexts:
- name: work
  context: {cluster: c1, user: u1}
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: Q0EgUEVN
    tls-server-name: kube
users:
- name: u1
  user: {client-certificate: pki/me.crt, client-key: pki/me.key, token: abc}
"#;

    #[test]
    fn reads_the_current_context() {
        let (server, http) = parse(FILE, Path::new("/home/me/.kube")).unwrap();
        assert_eq!(server, "https://10.0.0.1:6443");
        assert_eq!(http.tls_config.ca, "CA PEM");
        assert_eq!(http.tls_config.server_name, "kube");
        assert_eq!(http.tls_config.cert_file.unwrap(), Path::new("/home/me/.kube/pki/me.crt"));
        assert_eq!(http.authorization.unwrap().credentials.unwrap().expose(), "abc");
    }

    #[test]
    fn says_what_is_missing() {
        let check = |from: &str, to: &str, want: &str| {
            let error = parse(&FILE.replace(from, to), Path::new("/")).unwrap_err();
            assert!(error.contains(want), "{error}");
        };
        check("current-context: work", "current-context: home", "no context \"home\"");
        check("token: abc", "exec: {command: aws}", "exec");
        check("Q0EgUEVN", "no-base-64!", "base64");
        check("users:", "users: [", "line");
    }
}
