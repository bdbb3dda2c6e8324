//! Prometheus's own configuration files: what it loads must load, what it refuses must be refused for its reason.

use promconfig::{Config, Fault, LoadOptions, load};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The material beside the checkout, if it is there.
fn material(folder: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance").join(folder);
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no {}", root.display());
    None
}

/// Without variables, so that the machine's own do not matter.
fn options() -> LoadOptions {
    LoadOptions { agent_mode: false, environment: Arc::new(|_| None) }
}

fn read(path: &Path) -> Result<Config, Vec<Fault>> {
    load(path, &options())
}

fn joined(faults: &[Fault]) -> String {
    faults.iter().map(|f| f.to_string()).collect::<Vec<_>>().join("\n")
}

/// Files whose names say neither good nor bad, that load outside agent mode.
const GOOD_OTHERS: [&str; 11] = [
    "agent_mode.with_alert_manager.yml",
    "agent_mode.with_alert_relabels.yml",
    "agent_mode.with_remote_reads.yml",
    "agent_mode.with_rule_files.yml",
    "agent_mode.without_remote_writes.yml",
    "otlp_empty.yml",
    "scrape_config_default_validation_mode.yml",
    "scrape_config_global_validation_mode.yml",
    "scrape_config_local_global_validation_mode.yml",
    "scrape_config_local_infer_escaping.yml",
    "scrape_config_local_validation_mode.yml",
];

const BAD_OTHERS: [&str; 3] = [
    "config_with_deprecated_am_api_config.yml",
    "otlp_allow_utf8.incompatible.yml",
    "otlp_no_translation.incompatible.yml",
];

fn files(folder: &Path, good: bool) -> Vec<PathBuf> {
    let suffix = if good { ".good.yml" } else { ".bad.yml" };
    let others: &[&str] = if good { &GOOD_OTHERS } else { &BAD_OTHERS };
    let mut files = base::disk::list(folder).unwrap();
    files.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(suffix) || others.contains(&&*name)
    });
    files
}

#[test]
fn what_prometheus_loads_loads() {
    let Some(folder) = material("prometheus-config") else { return };
    let mut bad = Vec::new();
    for path in files(&folder, true) {
        if let Err(faults) = read(&path) {
            bad.push(joined(&faults));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn what_prometheus_refuses_is_refused_with_place_and_reason() {
    let Some(folder) = material("prometheus-config") else { return };
    let mut wrong = Vec::new();
    for path in files(&folder, false) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "static_config.bad.yml" {
            continue; // one element of static_configs, tested below
        }
        match read(&path) {
            Ok(_) => wrong.push(format!("{name}: loads")),
            Err(faults) => {
                for fault in &faults {
                    if fault.line == 0 || fault.field.is_empty() {
                        wrong.push(format!("{name}: without line and field: {fault}"));
                    }
                }
                let text = joined(&faults);
                match REASONS.iter().find(|(file, _)| *file == name) {
                    Some((_, reason)) if text.contains(reason) => {}
                    Some((_, reason)) => wrong.push(format!("{name}: wanted {reason:?} in\n{text}")),
                    None => println!("{name}: no reason written down:\n{text}"),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A part of what must be said of each file.
const REASONS: &[(&str, &str)] = &[
    ("jobname.bad.yml", r#"job_name is empty"#),
    ("jobname_dup.bad.yml", r#"found multiple scrape configs with job name "prometheus""#),
    ("scrape_interval.bad.yml", r#"scrape timeout greater than scrape interval"#),
    ("labelname.bad.yml", r#""\xff" is not a valid label name"#),
    ("labelvalue.bad.yml", r#""\xff" is not a valid label value"#),
    ("regex.bad.yml", r#"error parsing regexp"#),
    ("modulus_missing.bad.yml", r#"relabel configuration for hashmod requires non-zero modulus"#),
    ("labelkeep.bad.yml", r#"labelkeep action requires only 'regex', and no other fields"#),
    ("labelkeep2.bad.yml", r#"labelkeep action requires only 'regex', and no other fields"#),
    ("labelkeep3.bad.yml", r#"labelkeep action requires only 'regex', and no other fields"#),
    ("labelkeep4.bad.yml", r#"labelkeep action requires only 'regex', and no other fields"#),
    ("labelkeep5.bad.yml", r#"labelkeep action requires only 'regex', and no other fields"#),
    ("labeldrop.bad.yml", r#"labeldrop action requires only 'regex', and no other fields"#),
    ("labeldrop2.bad.yml", r#"labeldrop action requires only 'regex', and no other fields"#),
    ("labeldrop3.bad.yml", r#"labeldrop action requires only 'regex', and no other fields"#),
    ("labeldrop4.bad.yml", r#"labeldrop action requires only 'regex', and no other fields"#),
    ("labeldrop5.bad.yml", r#"labeldrop action requires only 'regex', and no other fields"#),
    ("dropequal.bad.yml", r#"relabel configuration for dropequal action requires 'target_label' value"#),
    (
        "dropequal1.bad.yml",
        r#"dropequal action requires only 'source_labels' and `target_label`, and no other fields"#,
    ),
    ("keepequal.bad.yml", r#"relabel configuration for keepequal action requires 'target_label' value"#),
    (
        "keepequal1.bad.yml",
        r#"keepequal action requires only 'source_labels' and `target_label`, and no other fields"#,
    ),
    ("labelmap.bad.yml", r#"!!binary value contains invalid base64 data"#),
    ("lowercase.bad.yml", r#"relabel configuration for lowercase action requires 'target_label' value"#),
    ("lowercase3.bad.yml", r#"'replacement' can not be set for lowercase action"#),
    ("uppercase.bad.yml", r#"relabel configuration for uppercase action requires 'target_label' value"#),
    ("uppercase3.bad.yml", r#"'replacement' can not be set for uppercase action"#),
    ("rules.bad.yml", r#"invalid rule file path"#),
    ("unknown_attr.bad.yml", r#"field consult_sd_configs not found"#),
    ("bearertoken.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    (
        "bearertoken_basicauth.bad.yml",
        r#"at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"#,
    ),
    (
        "kubernetes_http_config_without_api_server.bad.yml",
        r#"to use custom HTTP client configuration please provide the 'api_server' URL explicitly"#,
    ),
    (
        "kubernetes_kubeconfig_with_own_namespace.bad.yml",
        r#"cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously"#,
    ),
    (
        "kubernetes_api_server_with_own_namespace.bad.yml",
        r#"cannot use 'api_server' and 'namespaces.own_namespace' simultaneously"#,
    ),
    (
        "kubernetes_kubeconfig_with_apiserver.bad.yml",
        r#"cannot use 'kubeconfig_file' and 'api_server' simultaneously"#,
    ),
    (
        "kubernetes_kubeconfig_with_http_config.bad.yml",
        r#"cannot use a custom HTTP client configuration together with 'kubeconfig_file'"#,
    ),
    (
        "kubernetes_bearertoken.bad.yml",
        r#"at most one of bearer_token & bearer_token_file must be configured"#,
    ),
    ("kubernetes_role.bad.yml", r#"role"#),
    (
        "kubernetes_selectors_endpoints.bad.yml",
        r#"endpoints role supports only pod, service, endpoints selectors"#,
    ),
    ("kubernetes_selectors_ingress.bad.yml", r#"ingress role supports only ingress selectors"#),
    ("kubernetes_selectors_node.bad.yml", r#"node role supports only node selectors"#),
    ("kubernetes_selectors_pod.bad.yml", r#"pod role supports only pod"#),
    ("kubernetes_selectors_service.bad.yml", r#"service role supports only service selectors"#),
    ("kubernetes_namespace_discovery.bad.yml", r#"field foo not found"#),
    ("kubernetes_selectors_duplicated_role.bad.yml", r#"duplicated selector role: pod"#),
    (
        "kubernetes_selectors_incorrect_selector.bad.yml",
        r#"invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'"#,
    ),
    (
        "kubernetes_bearertoken_basicauth.bad.yml",
        r#"at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"#,
    ),
    (
        "kubernetes_authorization_basicauth.bad.yml",
        r#"at most one of basic_auth, oauth2 & authorization must be configured"#,
    ),
    ("marathon_no_servers.bad.yml", r#"marathon_sd: must contain at least one Marathon server"#),
    (
        "marathon_authtoken_authtokenfile.bad.yml",
        r#"marathon_sd: at most one of auth_token & auth_token_file must be configured"#,
    ),
    (
        "marathon_authtoken_basicauth.bad.yml",
        r#"marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured"#,
    ),
    (
        "marathon_authtoken_bearertoken.bad.yml",
        r#"marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured"#,
    ),
    (
        "marathon_authtoken_authorization.bad.yml",
        r#"marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured"#,
    ),
    ("openstack_role.bad.yml", r#"unknown OpenStack SD role"#),
    (
        "openstack_availability.bad.yml",
        r#"unknown availability invalid, must be one of admin, internal or public"#,
    ),
    ("url_in_targetgroup.bad.yml", r#""http://bad" is not a valid hostname"#),
    (
        "target_label_missing.bad.yml",
        r#"relabel configuration for replace action requires 'target_label' value"#,
    ),
    (
        "target_label_hashmod_missing.bad.yml",
        r#"relabel configuration for hashmod action requires 'target_label' value"#,
    ),
    ("unknown_global_attr.bad.yml", r#"field nonexistent_field not found"#),
    ("remote_read_url_missing.bad.yml", r#"url for remote_read is empty"#),
    (
        "remote_write_header.bad.yml",
        r#"x-prometheus-remote-write-version is a reserved header. It must not be changed"#,
    ),
    (
        "remote_read_header.bad.yml",
        r#"x-prometheus-remote-write-version is a reserved header. It must not be changed"#,
    ),
    (
        "remote_write_authorization_header.bad.yml",
        r#"authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter"#,
    ),
    (
        "remote_write_wrong_msg.bad.yml",
        r#"invalid protobuf_message value: unknown type for remote write protobuf message"#,
    ),
    ("remote_write_url_missing.bad.yml", r#"url for remote_write is empty"#),
    ("remote_write_dup.bad.yml", r#"found multiple remote write configs with job name "queue1""#),
    ("remote_read_dup.bad.yml", r#"found multiple remote read configs with job name "queue1""#),
    (
        "remote_write_queue_capacity_zero.bad.yml",
        r#"queue_config.capacity: remote write queue capacity must be positive"#,
    ),
    (
        "remote_write_queue_max_backoff_less_than_min.bad.yml",
        r#"max_backoff must not be less than min_backoff"#,
    ),
    (
        "remote_write_queue_max_samples_per_send_zero.bad.yml",
        r#"remote write queue max_samples_per_send must be positive"#,
    ),
    ("remote_write_queue_max_shards_zero.bad.yml", r#"remote write queue max_shards must be positive"#),
    (
        "remote_write_queue_min_shards_greater_than_max.bad.yml",
        r#"min_shards must not be greater than max_shards"#,
    ),
    ("remote_write_queue_min_shards_zero.bad.yml", r#"remote write queue min_shards must be positive"#),
    ("ec2_filters_empty_values.bad.yml", r#"EC2 SD configuration filter values cannot be empty"#),
    ("ec2_token_file.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    ("lightsail_token_file.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    ("section_key_dup.bad.yml", r#"field scrape_configs already set"#),
    ("azure_client_id_missing.bad.yml", r#"azure SD configuration requires a client_id"#),
    ("azure_client_secret_missing.bad.yml", r#"azure SD configuration requires a client_secret"#),
    ("azure_subscription_id_missing.bad.yml", r#"azure SD configuration requires a subscription_id"#),
    ("azure_tenant_id_missing.bad.yml", r#"azure SD configuration requires a tenant_id"#),
    (
        "azure_authentication_method.bad.yml",
        r#"unknown authentication_type "invalid". Supported types are "OAuth", "ManagedIdentity" or "SDK""#,
    ),
    (
        "azure_bearertoken_basicauth.bad.yml",
        r#"at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"#,
    ),
    ("empty_scrape_config.bad.yml", r#"empty or null scrape config section"#),
    ("empty_rw_config.bad.yml", r#"empty or null remote write config section"#),
    ("empty_rr_config.bad.yml", r#"empty or null remote read config section"#),
    ("empty_target_relabel_config.bad.yml", r#"empty or null target relabeling rule"#),
    ("empty_metric_relabel_config.bad.yml", r#"empty or null metric relabeling rule"#),
    ("empty_alert_relabel_config.bad.yml", r#"empty or null alert relabeling rule"#),
    ("empty_alertmanager_relabel_config.bad.yml", r#"empty or null Alertmanager target relabeling rule"#),
    ("empty_rw_relabel_config.bad.yml", r#"empty or null relabeling rule in remote write config"#),
    ("empty_static_config.bad.yml", r#"empty or null section in static_configs"#),
    ("puppetdb_no_query.bad.yml", r#"query missing"#),
    ("puppetdb_no_url.bad.yml", r#"URL is missing"#),
    ("puppetdb_bad_url.bad.yml", r#"host is missing in URL"#),
    ("puppetdb_no_scheme.bad.yml", r#"URL scheme must be 'http' or 'https'"#),
    ("puppetdb_token_file.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    ("hetzner_role.bad.yml", r#"unknown role"#),
    ("eureka_no_server.bad.yml", r#"empty or null eureka server"#),
    ("eureka_invalid_server.bad.yml", r#"invalid eureka server URL"#),
    ("scaleway_role.bad.yml", r#"unknown role "invalid""#),
    ("scaleway_no_secret.bad.yml", r#"one of secret_key & secret_key_file must be configured"#),
    ("scaleway_two_secrets.bad.yml", r#"at most one of secret_key & secret_key_file must be configured"#),
    ("scrape_body_size_limit.bad.yml", r#"units: unknown unit  in 100"#),
    ("http_url_no_scheme.bad.yml", r#"URL scheme must be 'http' or 'https'"#),
    ("http_url_no_host.bad.yml", r#"host is missing in URL"#),
    ("http_token_file.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    ("http_url_bad_scheme.bad.yml", r#"URL scheme must be 'http' or 'https'"#),
    ("empty_scrape_config_action.bad.yml", r#"relabel action cannot be empty"#),
    ("tracing_missing_endpoint.bad.yml", r#"tracing endpoint must be set"#),
    (
        "tracing_invalid_header.bad.yml",
        r#"x-prometheus-remote-write-version is a reserved header. It must not be changed"#,
    ),
    (
        "tracing_invalid_authorization_header.bad.yml",
        r#"authorization header configuration is not yet supported"#,
    ),
    ("tracing_invalid_compression.bad.yml", r#"invalid compression type foo provided, valid options: gzip"#),
    ("uyuni_no_server.bad.yml", r#"Uyuni SD configuration requires server host"#),
    ("uyuni_token_file.bad.yml", r#"at most one of bearer_token & bearer_token_file must be configured"#),
    ("ionos_datacenter.bad.yml", r#"datacenter id can't be empty"#),
    ("ovhcloud_no_secret.bad.yml", r#"application secret can not be empty"#),
    ("ovhcloud_bad_service.bad.yml", r#"unknown service: fakeservice"#),
    ("scrape_config_files_glob.bad.yml", r#"invalid scrape config file path "scrape_configs/*/*""#),
    (
        "scrape_config_files_scrape_protocols.bad.yml",
        r#"unknown scrape protocol "prometheusproto", supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]"#,
    ),
    (
        "scrape_config_files_scrape_protocols2.bad.yml",
        r#"duplicated protocol in scrape_protocols, got [OpenMetricsText1.0.0 PrometheusProto OpenMetricsText1.0.0] for scrape config with job name "node""#,
    ),
    (
        "scrape_config_files_fallback_scrape_protocol1.bad.yml",
        r#"fallback_scrape_protocol: unknown scrape protocol "prometheusproto""#,
    ),
    (
        "scrape_config_files_fallback_scrape_protocol2.bad.yml",
        r#"fallback_scrape_protocol: expected text, found a list"#,
    ),
    ("scrape_config_files.bad.yml", r#"scrape timeout greater than scrape interval"#),
    ("scrape_config_files_global.bad.yml", r#"scrape timeout greater than scrape interval"#),
    (
        "scrape_config_files_duplicate.bad.yml",
        r#"found multiple scrape configs with job name "prometheus", first found in main config file"#,
    ),
    (
        "scrape_config_files_double_import.bad.yml",
        r#"found multiple scrape configs with job name "prometheus""#,
    ),
    (
        "scrape_config_files_global_duplicate.bad.yml",
        r#"found multiple scrape configs with job name "prometheus""#,
    ),
    (
        "scrape_config_utf8_conflicting.bad.yml",
        r#"utf8 metric names requested but validation scheme is not set to UTF8"#,
    ),
    ("stackit_endpoint.bad.yml", r#"invalid endpoint"#),
    ("oci_authentication_method.bad.yml", r#"unknown OCI SD authentication method "invalid""#),
    ("otlp_allow_utf8.bad.yml", r#"unsupported OTLP translation strategy "Invalid""#),
    (
        "otlp_allow_utf8.incompatible.yml",
        r#"OTLP translation strategy "NoUTF8EscapingWithSuffixes" is not allowed when UTF8 is disabled"#,
    ),
    (
        "otlp_no_translation.incompatible.yml",
        r#"OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled"#,
    ),
    (
        "otlp_promote_all_resource_attributes.bad.yml",
        r#"'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously"#,
    ),
    (
        "otlp_ignore_resource_attributes_without_promote_all.bad.yml",
        r#"'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true"#,
    ),
    (
        "otlp_sanitize_promote_resource_attributes.bad.yml",
        r#"duplicated promoted OTel resource attribute "k8s.job.name""#,
    ),
    ("otlp_sanitize_ignore_resource_attributes.bad.yml", r#"empty ignored OTel resource attribute"#),
    ("outscale_no_region.bad.yml", r#"outscale SD configuration requires a region"#),
    ("outscale_no_secret.bad.yml", r#"outscale SD configuration requires access_key and secret_key"#),
    ("outscale_two_secrets.bad.yml", r#"at most one of secret_key & secret_key_file must be configured"#),
    ("tsdb_chunk_encoding_floats.bad.yml", r#"unknown chunk encoding "xor3""#),
    ("tsdb_chunk_encoding_floats_wrong_case.bad.yml", r#"unknown chunk encoding "XOR""#),
    ("tsdb_chunk_encoding_floats_wrong_case_xor2.bad.yml", r#"unknown chunk encoding "XOR2""#),
    ("tsdb_retention_percentage.bad.yml", r#"must be in the range [0, 100]"#),
    ("tsdb_retention_percentage_negative.bad.yml", r#"must be in the range [0, 100]"#),
    ("tsdb_retention_size.bad.yml", r#"-1GB is negative"#),
    ("tsdb_retention_time.bad.yml", r#"not a valid duration string"#),
    (
        "config_with_deprecated_am_api_config.yml",
        r#"expected Alertmanager api version to be one of [v2] but got "v1""#,
    ),
    ("metric_name_validation_scheme.bad.yml", r#"unrecognized name validation scheme"#),
];

#[test]
fn agents_refuse_what_prometheus_agents_refuse() {
    let Some(folder) = material("prometheus-config") else { return };
    let agent = LoadOptions { agent_mode: true, ..options() };
    for (name, field) in [
        ("agent_mode.with_alert_manager.yml", "alerting"),
        ("agent_mode.with_alert_relabels.yml", "alerting"),
        ("agent_mode.with_rule_files.yml", "rule_files"),
        ("agent_mode.with_remote_reads.yml", "remote_read"),
    ] {
        let faults = load(&folder.join(name), &agent).unwrap_err();
        assert_eq!(faults.len(), 1, "{name}");
        assert_eq!(faults[0].reason, format!("field {field} is not allowed in agent mode"));
    }
    for name in ["agent_mode.without_remote_writes.yml", "agent_mode.good.yml"] {
        assert!(load(&folder.join(name), &agent).is_ok(), "{name}");
    }
}

#[test]
fn variables_are_expanded() {
    let Some(folder) = material("prometheus-config") else { return };
    let labels = |value: Option<&'static str>| {
        let environment = Arc::new(move |name: &str| value.filter(|_| name == "TEST").map(str::to_owned));
        let config =
            load(&folder.join("external_labels.good.yml"), &LoadOptions { agent_mode: false, environment })
                .unwrap();
        config.global.external_labels.to_string()
    };
    assert_eq!(labels(None), r#"{bar="foo", baz="foobar", qux="foo${TEST}", xyz="foo$bar"}"#);
    assert_eq!(
        labels(Some("TestValue")),
        r#"{bar="foo", baz="fooTestValuebar", foo="TestValue", qux="foo${TEST}", xyz="foo$bar"}"#
    );
}

#[test]
fn printing_hides_secrets_and_reads_back() {
    let Some(folder) = material("prometheus-config") else { return };
    let config = read(&folder.join("conf.good.yml")).unwrap();
    let yaml = config.to_yaml();
    assert!(!yaml.contains("mysecret"));
    assert!(yaml.matches("<secret>").count() >= 25, "{}", yaml.matches("<secret>").count());
    for path in files(&folder, true) {
        if path.ends_with("external_labels.good.yml") {
            continue; // what is expanded once is expanded again
        }
        let config = read(&path).unwrap();
        let printed = config.to_yaml();
        let again = promconfig::parse(&path, &printed, &options())
            .unwrap_or_else(|faults| panic!("{}: {}\n{printed}", path.display(), joined(&faults)));
        assert_eq!(again.to_yaml(), printed, "{}", path.display());
    }
}

#[test]
fn one_bad_static_config_is_refused() {
    let Some(folder) = material("prometheus-config") else { return };
    let text = base::disk::read_to_string(&folder.join("static_config.bad.yml")).unwrap();
    let listed: String =
        text.lines().enumerate().map(|(i, l)| format!("{}{l}\n", if i == 0 { "- " } else { "  " })).collect();
    let faults = promconfig::parse_target_groups(Path::new("targets.yml"), &listed).unwrap_err();
    assert!(joined(&faults).contains(r#""\xff" is not a valid label name"#), "{}", joined(&faults));
}

#[test]
fn promtool_files_are_judged_alike() {
    let Some(folder) = material("promtool") else { return };
    let config = |name: &str| read(&folder.join(name));
    for good in [
        "prometheus-config.good.yml",
        "prometheus-config.lint.yml",
        "prometheus-config.lint.too_long_scrape_interval.yml",
        "prometheus-aws-sd-empty-region.good.yml",
        "url_in_scrape_targetgroup_with_relabel_config.good.yml",
        "url_in_alert_targetgroup_with_relabel_config.good.yml",
        "authorization_credentials_file.good.yml",
        "config_with_service_discovery_files.yml",
        "config_with_tls_files.yml",
    ] {
        let config = config(good).unwrap_or_else(|f| panic!("{good}: {}", joined(&f)));
        let missing = promconfig::check_references(&config);
        assert_eq!(!missing.is_empty(), good.starts_with("config_with"), "{good}: {}", joined(&missing));
    }
    let faults = config("prometheus-config.bad.yml").unwrap_err();
    assert!(
        joined(&faults).contains(":1: not-prometheus: field not-prometheus not found"),
        "{}",
        joined(&faults)
    );
    let unchecked = config("authorization_credentials_file.bad.yml").unwrap();
    assert_eq!(promconfig::check_references(&unchecked).len(), 1);
    for good in ["good-sd-file.json", "good-sd-file.yaml", "good-sd-file.yml"] {
        let groups = promconfig::load_target_groups(&folder.join(good)).unwrap();
        assert!(groups.iter().any(|g| g.targets == ["localhost:9100"]), "{good}");
    }
    let faults = promconfig::load_target_groups(&folder.join("bad-sd-file-format.yml")).unwrap_err();
    assert!(joined(&faults).contains("targats: field targats not found (did you mean targets?)"));
    assert!(promconfig::load_target_groups(&folder.join("bad-sd-file-extension.nonexistent")).is_err());
}

#[test]
fn rule_files_are_judged_alike() {
    let Some(folder) = material("promtool") else { return };
    let anything = |_: &str| Ok(());
    let check = |name: &str| promconfig::check_rules(&folder.join(name), &anything);
    for good in
        ["rules.yml", "rules_duplicates.yml", "rules_large.yml", "prometheus-rules.lint.yml", "features.yml"]
    {
        assert_eq!(check(good), [], "{good}");
    }
    let faults = check("rules_extrafields.yml");
    let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["groups[0].namespace", "groups[1].ownership"]);
    let lints = |name: &str| {
        let file = promconfig::load_rules(&folder.join(name), Default::default(), &anything).unwrap();
        promconfig::lint_rules(&file).len()
    };
    assert_eq!(
        (lints("rules.yml"), lints("rules_duplicates.yml"), lints("prometheus-rules.lint.yml")),
        (0, 2, 1)
    );
    let refuse = |text: &str| match text.trim_end().strip_suffix('+') {
        Some(head) => Err((head.len() + 1, "unexpected end of input".to_owned())),
        None => Ok(()),
    };
    let faults = promconfig::check_rules(&folder.join("bad-rules-syntax.yml"), &refuse);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].to_string().contains(":7: groups[0].rules[0].expr: could not parse expression"),
        "{}",
        faults[0]
    );
}
