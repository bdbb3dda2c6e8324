use super::*;
use crate::{
    NameEscaping, NameValidation, RelabelAction, ScrapeProtocol, SdConfig, Secret, TranslationStrategy,
    check_references, lint,
};
use std::time::Duration;

fn options() -> LoadOptions {
    LoadOptions { agent_mode: false, environment: Arc::new(|name| (name == "HOME").then(|| "h".to_owned())) }
}

fn good(text: &str) -> Config {
    parse(Path::new("dir/p.yml"), text, &options()).unwrap_or_else(|faults| {
        let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

fn faults(text: &str) -> Vec<String> {
    match parse(Path::new("p.yml"), text, &options()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(Fault::to_string).collect(),
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn nothing_is_the_defaults() {
    for text in ["", "global:\n", "global: {}\nruntime:\n", "# nothing\n"] {
        let config = good(text);
        assert_eq!(config, Config::default(), "{text}");
        assert_eq!((config.global.scrape_interval, config.global.scrape_timeout), (seconds(60), seconds(10)));
        assert_eq!(config.runtime.gogc, 75);
    }
}

#[test]
fn jobs_inherit() {
    let config = good(
        "global:\n  scrape_interval: 5s\n  sample_limit: 7\n  scrape_native_histograms: true\n  label_limit: 3\n  body_size_limit: 1MB\n\
         scrape_configs:\n- job_name: a\n- job_name: b\n  scrape_interval: 2m\n  sample_limit: 9\n  scrape_native_histograms: false\n\
         - job_name: c\n  scrape_timeout: 1s\n  scrape_protocols: [PrometheusText1.0.0]\n",
    );
    let [a, b, c] = config.scrape_configs.as_slice() else { panic!() };
    // The default timeout of 10s is more than the interval.
    assert_eq!((a.scrape_interval, a.scrape_timeout, a.sample_limit), (seconds(5), seconds(5), 7));
    assert_eq!(a.scrape_protocols, ScrapeProtocol::PROTO_FIRST_ORDER);
    assert!(a.scrape_native_histograms && a.honor_timestamps && a.enable_compression);
    assert_eq!((b.scrape_interval, b.scrape_timeout, b.sample_limit), (seconds(120), seconds(5), 9));
    assert_eq!(b.scrape_protocols, ScrapeProtocol::DEFAULT_ORDER);
    assert_eq!((c.scrape_timeout, c.label_limit, c.body_size_limit.0), (seconds(1), 3, 1 << 20));
    assert_eq!(c.scrape_protocols, [ScrapeProtocol::PrometheusText1_0_0]);
    assert_eq!(
        (a.metrics_path.as_str(), a.scheme.as_str(), a.http.follow_redirects),
        ("/metrics", "http", true)
    );
}

#[test]
fn names_and_their_escaping_follow_each_other() {
    let job = |global: &str, own: &str| {
        let config = good(&format!("global: {{{global}}}\nscrape_configs:\n- {{job_name: a, {own}}}\n"));
        let job = &config.scrape_configs[0];
        (job.metric_name_validation_scheme, job.metric_name_escaping_scheme)
    };
    use NameEscaping as E;
    use NameValidation as V;
    assert_eq!(job("", ""), (V::Utf8, E::AllowUtf8));
    assert_eq!(job("metric_name_validation_scheme: legacy", ""), (V::Legacy, E::Underscores));
    assert_eq!(job("", "metric_name_validation_scheme: legacy"), (V::Legacy, E::Underscores));
    assert_eq!(
        job("metric_name_validation_scheme: legacy, metric_name_escaping_scheme: dots", ""),
        (V::Legacy, E::Dots)
    );
    assert_eq!(
        job("metric_name_validation_scheme: legacy", "metric_name_validation_scheme: utf8"),
        (V::Utf8, E::AllowUtf8)
    );
}

#[test]
fn legacy_names_hold_for_relabel_rules_of_their_job() {
    let text = |scheme: &str| {
        format!(
            "scrape_configs:\n- job_name: a\n  relabel_configs: [{{target_label: a.b}}]\n  metric_name_validation_scheme: {scheme}\n- job_name: b\n  relabel_configs: [{{target_label: a.b}}]\n"
        )
    };
    assert_eq!(good(&text("utf8")).scrape_configs[0].relabel_configs[0].names, NameValidation::Utf8);
    assert_eq!(
        faults(&text("legacy")),
        [
            "p.yml:3: scrape_configs[0].relabel_configs[0].target_label: \"a.b\" is invalid 'target_label' for replace action"
        ]
    );
}

#[test]
fn every_fault_is_reported_with_its_place() {
    let text = "globall: 1\nglobal:\n  scrape_interval: 5x\n  scrape_timeout: [1]\nscrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n  honor_labels: maybe\n  sample_limit: -1\n  tls_config:\n    min_version: TLS9\n    cert_file: x\n- job_name: a\n  scrape_interval: 1s\n  scrape_timeout: 2s\nremote_write:\n- {url: \"http://x y\", name: q}\n";
    assert_eq!(
        faults(text),
        [
            "p.yml:1: globall: field globall not found (did you mean global?)",
            "p.yml:3: global.scrape_interval: unknown unit \"x\" in duration \"5x\" (write it like 30s, 5m or 1h30m)",
            "p.yml:4: global.scrape_timeout: expected text, found a list",
            "p.yml:7: scrape_configs[0].scrape_intervall: field scrape_intervall not found (did you mean scrape_interval?)",
            "p.yml:8: scrape_configs[0].honor_labels: expected true or false, found \"maybe\"",
            "p.yml:9: scrape_configs[0].sample_limit: -1 is out of range, expected 0 to 18446744073709551615",
            "p.yml:11: scrape_configs[0].tls_config.min_version: unknown TLS version: \"TLS9\"",
            "p.yml:12: scrape_configs[0].tls_config.cert_file: exactly one of key or key_file must be configured when a client certificate is configured",
            "p.yml:13: scrape_configs[1].job_name: found multiple scrape configs with job name \"a\", first on line 6",
            "p.yml:15: scrape_configs[1].scrape_timeout: scrape timeout greater than scrape interval for scrape config with job name \"a\"",
            "p.yml:17: remote_write[0].url: parse \"http://x y\": invalid character in host name",
        ]
    );
}

#[test]
fn syntax_faults_have_a_line() {
    let found = faults("global:\n  a: [1\nb: 2\n");
    assert!(found.len() == 1 && found[0].starts_with("p.yml:3: yaml: "), "{found:?}");
    let fault = utf8(Path::new("p"), b"a: 1\nb: \xff".to_vec()).unwrap_err();
    assert_eq!(fault.to_string(), "p:2: yaml: invalid UTF-8");
    assert_eq!(check_config(Path::new("/nonexistent/p.yml")).len(), 1);
}

#[test]
fn anchors_and_merges_work() {
    let config = good(
        "scrape_configs:\n- &base\n  job_name: a\n  scrape_interval: 7s\n  static_configs: &targets [{targets: [\"x:1\"]}]\n- <<: *base\n  job_name: b\n- job_name: c\n  static_configs: *targets\n",
    );
    let [_, b, c] = config.scrape_configs.as_slice() else { panic!() };
    assert_eq!((b.job_name.as_str(), b.scrape_interval), ("b", seconds(7)));
    assert_eq!(b.sd_configs, c.sd_configs);
}

#[test]
fn bearer_tokens_become_authorization() {
    let config =
        good("scrape_configs:\n- {job_name: a, bearer_token: t}\n- {job_name: b, bearer_token_file: f}\n");
    let [a, b] = config.scrape_configs.as_slice() else { panic!() };
    let authorization = a.http.authorization.as_ref().unwrap();
    assert_eq!(
        (authorization.r#type.as_str(), &authorization.credentials),
        ("Bearer", &Some(Secret::new("t")))
    );
    assert_eq!(b.http.authorization.as_ref().unwrap().credentials_file, Some("dir/f".into()));
    assert!(a.http.bearer_token.is_none());
}

#[test]
fn paths_are_joined_to_the_directory() {
    let config = good("rule_files: [a.yml, ../b/*.yml, /c.yml]\nglobal: {query_log_file: q}\n");
    let paths: Vec<String> = config.rule_files.iter().map(|p| p.display().to_string()).collect();
    assert_eq!(paths, ["dir/a.yml", "b/*.yml", "/c.yml"]);
    assert_eq!(config.global.query_log_file, Some("dir/q".into()));
}

#[test]
fn external_labels_expand() {
    let config = good("global: {external_labels: {a: \"$HOME-x\", b: \"${NONE}\", c: \"$$x\"}}\n");
    assert_eq!(config.global.external_labels.to_string(), "{a=\"h-x\", c=\"$x\"}");
}

#[test]
fn supported_discovery_is_typed_and_the_rest_is_noticed() {
    let config = good(
        "scrape_configs:\n- job_name: a\n  static_configs: [{targets: [\"x:1\"], labels: {a: b}}]\n  consul_sd_configs: [{token: hidden}]\n  dns_sd_configs: [{names: [x], type: a, port: 9}]\n  kubernetes_sd_configs: [{role: pod}]\n  dockerswarm_sd_configs: [{host: \"unix:///d\", role: tasks}]\n",
    );
    let keys: Vec<&str> = config.scrape_configs[0].sd_configs.iter().map(SdConfig::key).collect();
    assert_eq!(
        keys,
        [
            "consul_sd_configs",
            "dns_sd_configs",
            "dockerswarm_sd_configs",
            "kubernetes_sd_configs",
            "static_configs"
        ]
    );
    let notices: Vec<String> = config.notices().iter().map(Notice::to_string).collect();
    assert_eq!(
        notices,
        [
            "dir/p.yml:4: scrape_configs[0].consul_sd_configs: consul_sd_configs is not supported by Pharos: use file_sd_configs or http_sd_configs"
        ]
    );
    assert!(!config.to_yaml().contains("hidden"));
}

#[test]
fn urls_among_targets_are_faults_unless_relabeled() {
    let text =
        "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets:\n    - ok:1\n    - http://bad\n";
    assert_eq!(
        faults(text),
        ["p.yml:6: scrape_configs[0].static_configs[0].targets: \"http://bad\" is not a valid hostname"]
    );
    good(&format!("{text}  relabel_configs: [{{target_label: x, replacement: y}}]\n"));
}

#[test]
fn relabel_defaults_and_null_expressions() {
    let config = good(
        "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - {source_labels: [a, b], target_label: c}\n  - {regex: , target_label: c, action: Replace}\n",
    );
    let [plain, null] = config.scrape_configs[0].relabel_configs.as_slice() else { panic!() };
    assert!(plain.matches_all() && plain.regex.is_match("any\nthing"));
    assert_eq!((&*plain.separator, &*plain.replacement, plain.action), (";", "$1", RelabelAction::Replace));
    assert!(!null.matches_all() && null.regex.is_match("") && !null.regex.is_match("x"));
}

#[test]
fn remote_write_defaults_and_otlp() {
    let config = good("remote_write: [{url: \"http://me:pw@x/w\"}]\nremote_read: [{url: \"http://x\"}]\n");
    let write = &config.remote_write[0];
    assert!(!write.http.enable_http2 && config.remote_read[0].http.enable_http2);
    assert_eq!((write.queue_config.capacity, write.queue_config.max_shards), (10_000, 50));
    assert!(config.to_yaml().contains("http://me:xxxxx@x/w"));
    assert_eq!(config.otlp.translation_strategy, TranslationStrategy::UnderscoreEscapingWithSuffixes);
    assert!(config.otlp.label_name_underscore_sanitization);
}

#[test]
fn agent_mode_refuses_what_agents_do_not() {
    let agent = LoadOptions { agent_mode: true, ..options() };
    let text = "rule_files: [a]\nremote_read: [{url: \"http://x\"}]\nalerting: {alertmanagers: [{}]}\n";
    let faults = parse(Path::new("p.yml"), text, &agent).unwrap_err();
    assert_eq!(faults.len(), 3);
    assert!(parse(Path::new("p.yml"), "alerting:\nrule_files: []\n", &agent).is_ok());
}

#[test]
fn imports_files_and_their_faults() {
    let root = tempfile::tempdir().unwrap();
    let write =
        |name: &str, text: &str| base::disk::write_atomic(&root.path().join(name), text.as_bytes()).unwrap();
    write(
        "p.yml",
        "global: {sample_limit: 3}\nscrape_config_files: [\"jobs*.yml\"]\nscrape_configs: [{job_name: a}]\n",
    );
    write("jobs1.yml", "scrape_configs:\n- job_name: b\n  tls_config: {ca_file: ca}\n");
    let config = load(&root.path().join("p.yml"), &options()).unwrap();
    let names: Vec<&str> = config.jobs().map(|j| j.job_name.as_str()).collect();
    assert_eq!((names, config.imported[0].sample_limit), (vec!["a", "b"], 3));
    assert!(!config.to_yaml().contains("job_name: b"));
    write("jobs2.yml", "scrape_configs:\n- job_name: b\n- job_name: a\n  nope: 1\n");
    let faults = load(&root.path().join("p.yml"), &options()).unwrap_err();
    let places: Vec<(String, usize)> =
        faults.iter().map(|f| (f.file.file_name().unwrap().to_string_lossy().into_owned(), f.line)).collect();
    assert_eq!(
        places,
        [("jobs2.yml".into(), 2), ("jobs2.yml".into(), 3), ("jobs2.yml".into(), 4)],
        "{faults:?}"
    );
}

#[test]
fn says_what_is_named_and_not_there() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p.yml");
    let text = "rule_files: [none.yml, \"no*.yml\"]\nscrape_configs:\n- job_name: a\n  scrape_interval: 10m\n  basic_auth: {password_file: pw}\n  file_sd_configs: [{files: [t.json]}]\n";
    base::disk::write_atomic(&root.path().join("t.json"), br#"[{"targets": ["a:1"], "extra": 1}]"#).unwrap();
    let config = parse(&path, text, &options()).unwrap();
    let missing: Vec<String> = check_references(&config).iter().map(|f| f.reason.clone()).collect();
    assert_eq!(
        missing,
        ["does not point to an existing rule file", "password_file of scrape job \"a\" does not exist"]
    );
    let lints = lint::lint_config(&path, &config, seconds(300));
    assert_eq!((lints.len(), lints[0].line), (1, 3));
}

#[test]
fn what_is_printed_reads_back() {
    let text = "global: {scrape_interval: 1m30s, external_labels: {a: \"1\"}, scrape_protocols: [PrometheusProto]}\nscrape_configs:\n- job_name: 'a: b'\n  params: {m: [x, \"true\"]}\n  body_size_limit: 1536KB\n  native_histogram_min_bucket_factor: 1.1\n  http_headers: {X-A: {values: [v]}}\n  proxy_url: http://p:1\n  proxy_connect_header: {Foo: [s]}\n  relabel_configs:\n  - {source_labels: [__address__, \"a b\"], separator: '', regex: \"(.+):\\\\d+\", target_label: i, replacement: '${1}'}\n  - {action: labeldrop, regex: \"x|y\"}\n  static_configs: [{targets: [\"h:1\"], labels: {q: \"multi\\nline\"}}]\n  kubernetes_sd_configs: [{role: pod, namespaces: {names: [n]}, selectors: [{role: pod, label: \"a=b\"}]}]\nremote_write: [{url: \"http://x\", queue_config: {retry_on_http_429: true}, metadata_config: {send: false}}]\nremote_read: [{url: \"http://x\", filter_external_labels: false, required_matchers: {a: b}}]\nalerting: {alertmanagers: [{timeout: 3s}]}\nstorage: {tsdb: {retention: {time: 30d, size: 1GB}}, exemplars: {max_exemplars: 5}}\notlp: {promote_all_resource_attributes: true, label_name_underscore_sanitization: false}\ntracing: {endpoint: \"x:1\", sampling_fraction: 0.5}\n";
    let config = good(text);
    let mut again =
        parse(Path::new("p.yml"), &config.to_yaml(), &options()).unwrap_or_else(|f| panic!("{f:?}"));
    assert_eq!(again.to_yaml(), config.to_yaml());
    // A secret does not survive printing; everything else does.
    let header = again.scrape_configs[0].http.proxy.proxy_connect_header.get_mut("Foo").unwrap();
    assert_eq!(header[0].expose(), crate::secret::MASK);
    header[0] = Secret::new("s");
    assert_eq!(again, config);
}

#[test]
fn configurations_may_cross_threads() {
    fn check<T: Send + Sync>() {}
    check::<Config>();
    check::<LoadOptions>();
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the text, reading ends with a configuration or with faults.
        #[test]
        fn any_text_is_read_or_refused(text in "([a-z_]{0,6}(: |:\\n|- |\\n|  |\\[|\\{|&a |\\*a|<<: |\"|'|[0-9]+s?)){0,30}") {
            if let Err(faults) = parse(Path::new("p.yml"), &text, &options()) {
                prop_assert!(!faults.is_empty());
            }
        }

        /// What is configured comes out as configured.
        #[test]
        fn jobs_survive_printing(
            name in "[^\\p{C}]{1,12}", interval in 11u64..4000, limit in 0u64..9, honor: bool,
            target in "[a-z]{1,5}:[0-9]{1,4}", label in "\\PC{0,8}",
        ) {
            let quote = |t: &str| format!("'{}'", t.replace('\'', "''"));
            let text = format!(
                "scrape_configs:\n- job_name: {}\n  scrape_interval: {interval}s\n  sample_limit: {limit}\n  honor_labels: {honor}\n  static_configs:\n  - targets: [\"{target}\"]\n    labels: {{l: {}}}\n",
                quote(&name), quote(&label),
            );
            let config = good(&text);
            prop_assert_eq!(&config.scrape_configs[0].job_name, &name);
            prop_assert_eq!(good(&config.to_yaml()), config);
        }
    }
}
