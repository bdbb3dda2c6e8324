//! Discovery of what runs in a Kubernetes cluster.

use crate::address::Url;
use crate::http::HttpClientConfig;
use crate::yaml::{Fields, Node, Reader};
use std::path::PathBuf;

section! {
    pub struct KubernetesSd, null = false, check = check_kubernetes {
        /// Absent: Pharos runs in the cluster and uses its pod's service account.
        key api_server: Option<Url> = None,
        always role: KubernetesRole = KubernetesRole::Pod,
        /// Not together with `api_server` or a client of its own.
        key kubeconfig_file: Option<PathBuf> = None,
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key namespaces: KubernetesNamespaces = KubernetesNamespaces::default(),
        key selectors: Vec<KubernetesSelector> = Vec::new(),
        key attach_metadata: KubernetesAttach = KubernetesAttach::default(),
    }
}

choice! {
    /// What becomes a target.
    pub enum KubernetesRole, fold = str::to_owned, empty = false, fault = "unknown Kubernetes SD role {}" {
        #[default]
        Pod = "pod",
        Node = "node",
        Service = "service",
        Endpoints = "endpoints",
        EndpointSlice = "endpointslice",
        Ingress = "ingress",
    }
}

section! {
    /// Where to look; empty means everywhere.
    pub struct KubernetesNamespaces {
        always own_namespace: bool = false,
        key names: Vec<String> = Vec::new(),
    }
}

section! {
    /// Narrows what is watched of one role.
    pub struct KubernetesSelector {
        always role: KubernetesRole = KubernetesRole::Pod,
        key label: String = String::new(),
        key field: String = String::new(),
    }
}

section! {
    /// Labels taken from objects around the target.
    pub struct KubernetesAttach {
        always node: bool = false,
        always namespace: bool = false,
    }
}

impl KubernetesRole {
    /// The roles whose objects are watched for this one, and so may be selected.
    fn selectable(self) -> Vec<KubernetesRole> {
        use KubernetesRole as R;
        match self {
            R::Endpoints => vec![R::Pod, R::Service, R::Endpoints],
            R::EndpointSlice => vec![R::Pod, R::Service, R::EndpointSlice],
            R::Pod => vec![R::Pod, R::Node],
            role => vec![role],
        }
    }
}

fn check_kubernetes(sd: &mut KubernetesSd, fields: &Fields<'_>, reader: &mut Reader) {
    if !fields.has("role") {
        let reason = "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)";
        fields.fault("role", reason, reader);
    }
    // An empty `api_server` is one that was given.
    let server = fields.get("api_server").is_some_and(|n| !n.is_null());
    let custom_client = sd.http != HttpClientConfig::default();
    let kubeconfig = sd.kubeconfig_file.is_some();
    let own = sd.namespaces.own_namespace;
    let faults = [
        (
            kubeconfig && server,
            "kubeconfig_file",
            "cannot use 'kubeconfig_file' and 'api_server' simultaneously",
        ),
        (
            kubeconfig && custom_client,
            "kubeconfig_file",
            "cannot use a custom HTTP client configuration together with 'kubeconfig_file'",
        ),
        (
            !server && !kubeconfig && custom_client,
            "api_server",
            "to use custom HTTP client configuration please provide the 'api_server' URL explicitly",
        ),
        (
            server && own,
            "namespaces",
            "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously",
        ),
        (
            kubeconfig && own,
            "namespaces",
            "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously",
        ),
    ];
    for (wrong, key, reason) in faults {
        if wrong {
            fields.fault(key, reason, reader);
        }
    }
    check_selectors(sd, fields, reader);
}

fn check_selectors(sd: &KubernetesSd, fields: &Fields<'_>, reader: &mut Reader) {
    let allowed = sd.role.selectable();
    let node = fields.at("selectors");
    reader.enter("selectors");
    for (index, selector) in sd.selectors.iter().enumerate() {
        reader.enter_index(index);
        let node = selector_node(fields.get("selectors"), index).unwrap_or(node);
        if sd.selectors[..index].iter().any(|s| s.role == selector.role) {
            reader.fault(node, format!("duplicated selector role: {}", selector.role));
        }
        if !allowed.contains(&selector.role) {
            let names: Vec<&str> = allowed.iter().map(|r| r.as_str()).collect();
            reader.fault(node, format!("{} role supports only {} selectors", sd.role, names.join(", ")));
        }
        if let Err(reason) = check_field_selector(&selector.field) {
            reader.fault(node.key("field").unwrap_or(node), reason);
        }
        if let Err(reason) = check_label_selector(&selector.label) {
            reader.fault(node.key("label").unwrap_or(node), reason);
        }
        reader.leave();
    }
    reader.leave();
}

fn selector_node(list: Option<&Node>, index: usize) -> Option<&Node> {
    match &list?.kind {
        crate::yaml::Kind::Seq(items) => items.get(index).map(|n| &**n),
        _ => None,
    }
}

/// `key=value`, `key==value`, `key!=value`, separated by commas.
fn check_field_selector(text: &str) -> Result<(), String> {
    for term in text.split(',').filter(|t| !t.is_empty()) {
        if !term.contains('=') {
            return Err(format!("invalid selector: '{text}'; can't understand '{term}'"));
        }
    }
    Ok(())
}

/// `key`, `!key`, `key=value`, `key!=value`, `key in (a, b)`, `key notin (a)`, separated by commas.
fn check_label_selector(text: &str) -> Result<(), String> {
    let fail = |term: &str| Err(format!("invalid label selector: '{text}'; can't understand '{term}'"));
    for term in split_outside_parentheses(text) {
        let term = term.trim();
        if term.is_empty() {
            if text.trim().is_empty() {
                continue;
            }
            return fail(term);
        }
        let words: Vec<&str> = term.split_whitespace().collect();
        let ok = if let Some(key) = term.strip_prefix('!') {
            is_label_key(key.trim())
        } else if words.len() > 1 && matches!(words[1].trim_end_matches('('), "in" | "notin") {
            is_label_key(words[0]) && term.ends_with(')') && term.matches('(').count() == 1
        } else if let Some((key, value)) = term.split_once('=') {
            let key = key.trim_end().trim_end_matches('!').trim_end();
            let value = value.strip_prefix('=').unwrap_or(value).trim();
            is_label_key(key) && is_label_value(value)
        } else if let Some((key, number)) = term.split_once(['<', '>']) {
            is_label_key(key.trim()) && number.trim().parse::<i64>().is_ok()
        } else {
            is_label_key(term)
        };
        if !ok {
            return fail(term);
        }
    }
    Ok(())
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// An optional domain with a slash, and a name.
fn is_label_key(key: &str) -> bool {
    let name = key.split_once('/').map_or(key, |(_, name)| name);
    !name.is_empty() && is_label_value(name) && !key.contains(char::is_whitespace)
}

/// At most 63 of letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit.
fn is_label_value(value: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    value.len() <= 63
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && edge(value.chars().next())
        && edge(value.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_selectors() {
        for good in [
            "",
            "a=b",
            "a==b,c!=d",
            "foo in (x, y),bar",
            "!x",
            "a notin (b)",
            "app.k8s.io/name=x",
            "n>3",
            "a=",
        ] {
            assert_eq!(check_label_selector(good), Ok(()), "{good}");
        }
        for bad in ["a=b c", "a in x", "=b", "a=b,,c", "a b"] {
            assert!(check_label_selector(bad).is_err(), "{bad}");
        }
        assert_eq!(check_field_selector("metadata.status=Running,a!=b"), Ok(()));
        let reason = check_field_selector("metadata.status-Running").unwrap_err();
        assert_eq!(
            reason,
            "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'"
        );
    }
}
