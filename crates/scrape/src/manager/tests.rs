//! Pools and loops against servers in this process. Nothing here measures time: tests wait for what must come.

use super::*;
use crate::target::Health;
use base::{Budget, disk};
use discovery::TargetGroup;
use discovery::http::testing::{Answer, ConnectProxy, Identity, Received, Server};
use model::{Matcher, is_stale};
use promconfig::{Config, LoadOptions};
use std::ops::ControlFlow;
use std::path::Path;
use tsdb::{Background, Options as DbOptions};

struct House {
    manager: Manager,
    db: Db,
    registry: Registry,
    _dir: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        House::seeded(0)
    }

    fn seeded(seed: u64) -> House {
        House::with(|options| Options { seed, ..options })
    }

    fn with(change: impl FnOnce(Options) -> Options) -> House {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let options = DbOptions {
            clock: clock.clone(),
            budget: Budget::new("test", 1 << 30),
            background: Background::Manual,
            ..DbOptions::new(dir.path())
        };
        let db = Db::open(options).unwrap();
        let registry = Registry::new();
        let manager = Manager::new(change(Options::new(db.clone(), &clock, &registry)));
        House { manager, db, registry, _dir: dir }
    }

    fn apply(&self, yaml: &str) {
        self.manager.apply(config(yaml).jobs()).unwrap();
    }

    fn sync(&self, jobs: &[(&str, &[&str])]) {
        let group = |addresses: &[&str]| {
            let targets = addresses.iter().map(|a| Labels::from_pairs([("__address__", a)])).collect();
            vec![Arc::new(TargetGroup::new("test", targets))]
        };
        let sets: TargetSets =
            jobs.iter().map(|(job, addresses)| ((*job).to_owned(), group(addresses))).collect();
        self.manager.sync(Arc::new(sets));
    }

    fn targets(&self) -> Vec<TargetStatus> {
        self.manager.active_targets(None)
    }

    fn of(&self, address: &str) -> TargetStatus {
        let targets = self.targets();
        targets.into_iter().find(|t| t.scrape_url.contains(address)).expect("the target")
    }

    /// Waits until the target of an address has been scraped.
    async fn scraped(&self, address: &str) -> TargetStatus {
        wait_for(|| self.of(address).health != Health::Unknown).await;
        self.of(address)
    }

    /// All values of a series name, in order.
    fn values(&self, name: &str) -> Vec<f64> {
        let selected = self.db.select(&[Matcher::equal("__name__", name)], 0, i64::MAX).unwrap();
        let mut all = Vec::new();
        selected
            .read(0..selected.len(), &mut |_, samples| {
                all.extend_from_slice(samples.values);
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }
}

fn config(yaml: &str) -> Config {
    promconfig::parse(Path::new("test.yml"), yaml, &LoadOptions::default())
        .unwrap_or_else(|e| panic!("{e:?}"))
}

/// One job called `j` with these settings, scraped at an interval that is its timeout too.
fn every(interval: &str, settings: &str) -> String {
    let indented: String = settings.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "scrape_configs:\n  - job_name: j\n    scrape_interval: {interval}\n    scrape_timeout: {interval}\n{indented}"
    )
}

/// One that is scraped often, and not so often that a busy machine would miss its timeout.
fn job(settings: &str) -> String {
    every("500ms", settings)
}

/// What becomes of an address in a job.
fn target(address: &str, config: &ScrapeConfig) -> Target {
    let labels = Labels::from_pairs([("__address__", address)]);
    let discovered = crate::target::discovered_labels(&labels, &TargetGroup::default(), config);
    match crate::target::populate(&discovered, &pipeline::Relabel::default(), config) {
        Ok(crate::target::Populated::Target(target)) => *target,
        other => panic!("{other:?}"),
    }
}

async fn wait_for(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn metrics(_: &Received) -> Answer {
    Answer::ok("text/plain; version=0.0.4", "a 1\n")
}

#[tokio::test]
async fn scrapes_what_discovery_found() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    house.apply(&job("params: {x: [y]}"));
    house.sync(&[("j", &[server.address()])]);
    let target = house.scraped(server.address()).await;
    assert_eq!((target.health, target.last_error.as_str()), (Health::Up, ""));
    assert_eq!(target.scrape_url, server.url("/metrics?x=y"));
    assert_eq!(target.labels.value("instance"), server.address());
    assert_eq!(target.discovered_labels.value("__param_x"), "y");
    assert_eq!((target.scrape_pool.as_str(), target.scrape_interval), ("j", Duration::from_millis(500)));
    assert!(target.last_scrape_ms.is_some());
    let request = &server.requests()[0];
    assert_eq!(request.header("accept-encoding"), "gzip");
    assert_eq!(request.header("x-prometheus-scrape-timeout-seconds"), "0.5");
    assert!(
        request
            .header("accept")
            .starts_with("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6")
    );
    wait_for(|| house.values("a").len() >= 3).await;
    house.manager.stop().await;
    assert!(house.values("up").iter().all(|v| *v == 1.0));
    let stored = house.values("a").len();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(house.values("a").len(), stored, "nothing is written after the stop");
    assert!(house.values("a").iter().all(|v| !is_stale(*v)), "a stop ends no series");
}

#[tokio::test]
async fn a_thread_of_its_own_scrapes_bodies_of_all_sizes() {
    // Too long to be stored on the thread of the loops: 1.2 MB.
    let long: String = (0..60_000).map(|i| format!("long{{n=\"{i:06}\"}} 1\n")).collect();
    let server = Server::start(move |request| match request.path.as_str() {
        "/long" => Answer::ok("text/plain; version=0.0.4", &long),
        _ => metrics(request),
    })
    .await;
    let house = House::with(|options| Options { own_thread: true, ..options });
    let job = |name, path| {
        format!("  - {{job_name: {name}, metrics_path: {path}, scrape_interval: 5s, scrape_timeout: 5s}}\n")
    };
    house.apply(&format!("scrape_configs:\n{}{}", job("short", "/metrics"), job("long", "/long")));
    house.sync(&[("short", &[server.address()]), ("long", &[server.address()])]);
    wait_for(|| house.targets().iter().all(|t| t.health != Health::Unknown)).await;
    house.manager.stop().await;
    assert!(house.values("up").iter().all(|v| *v == 1.0));
    assert_eq!(house.values("long").len() % 60_000, 0);
    assert!(!house.values("long").is_empty() && !house.values("a").is_empty());
    // The thread ends with the last handle; what it stored stays.
    drop(house.manager);
}

#[tokio::test]
async fn a_slow_target_delays_no_other() {
    let quick = Server::start(metrics).await;
    let slow = Server::start(|_| Answer::silence()).await;
    let yaml = "scrape_configs:\n  - {job_name: slow, scrape_interval: 1h, scrape_timeout: 1h}\n  \
                - {job_name: quick, scrape_interval: 200ms, scrape_timeout: 200ms}\n";
    // The seed lets the hourly scrape begin now.
    let hash = target(slow.address(), config(yaml).jobs().next().unwrap()).hash;
    let soon = (Clock::system().now_ms() + 100).rem_euclid(3_600_000) as u64;
    let house = House::seeded(hash ^ soon);
    house.apply(yaml);
    house.sync(&[("quick", &[quick.address()]), ("slow", &[slow.address()])]);
    wait_for(|| slow.requests().len() == 1).await;
    let before = quick.requests().len();
    wait_for(|| quick.requests().len() >= before + 3).await;
    assert_eq!(house.of(slow.address()).health, Health::Unknown, "its answer is still awaited");
    house.manager.stop().await;
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let house = House::new();
    let server = Server::start(|request| match request.path.as_str() {
        "/unauthorized" => Answer::new(401),
        "/html" => Answer::ok("text/html", "<html>"),
        "/broken" => Answer::ok("text/plain", "a b c\n"),
        "/cut" => Answer::ok("text/plain", "a 1\n").header("content-length", "100").cut(),
        _ => Answer::new(404),
    })
    .await;
    for (path, error, advice) in [
        ("/unauthorized", "server returned HTTP status 401 Unauthorized", "set basic_auth"),
        ("/missing", "server returned HTTP status 404 Not Found", "check metrics_path"),
        ("/html", "unsupported Content-Type", "fallback_scrape_protocol"),
        ("/broken", "", "near line 1"),
        ("/cut", &format!("Get \"{}\": ", server.url("/cut")), "ended early"),
    ] {
        house.apply(&every("1s", &format!("metrics_path: {path}")));
        house.sync(&[("j", &[server.address()])]);
        let target = house.scraped(path).await;
        assert_eq!(target.health, Health::Down);
        assert!(target.last_error.contains(error), "{}", target.last_error);
        let given = target.advice.unwrap();
        assert!(given.contains(advice), "{given}");
    }
    house.manager.stop().await;
}

#[tokio::test]
async fn a_timeout_is_a_failure() {
    let (house, server) = (House::new(), Server::start(|_| Answer::silence()).await);
    house.apply(&every("50ms", ""));
    house.sync(&[("j", &[server.address()])]);
    let target = house.scraped(server.address()).await;
    assert_eq!(target.last_error, format!("Get \"{}\": context deadline exceeded", server.url("/metrics")));
    assert!(target.advice.unwrap().contains("scrape_timeout of 50ms"));
    wait_for(|| !house.values("up").is_empty()).await;
    assert_eq!(house.values("up")[0], 0.0);
    house.manager.stop().await;
}

#[tokio::test]
async fn a_target_that_is_gone_ends_its_series() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    house.apply(&job(""));
    house.sync(&[("j", &[server.address()])]);
    wait_for(|| house.values("a").len() >= 2).await;
    house.sync(&[("j", &[])]);
    assert!(house.targets().is_empty());
    wait_for(|| house.values("a").last().is_some_and(|v| is_stale(*v))).await;
    wait_for(|| house.values("up").last().is_some_and(|v| is_stale(*v))).await;
    house.manager.stop().await;
}

#[tokio::test]
async fn a_reload_leaves_unchanged_loops_alone() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    let two = |other: &str| format!("{}  - job_name: other\n    scrape_interval: {other}\n", job(""));
    house.apply(&two("60s"));
    house.sync(&[("j", &[server.address()]), ("other", &[])]);
    house.scraped(server.address()).await;
    house.apply(&two("30s"));
    assert_eq!(house.of(server.address()).health, Health::Up, "a new loop would know nothing yet");
    assert_eq!(house.manager.pools(), ["j", "other"]);
    assert_eq!(house.manager.pool_config("other").unwrap().scrape_interval, Duration::from_secs(30));
    house.apply(&job(""));
    assert_eq!(house.manager.pools(), ["j"]);
    house.manager.stop().await;
}

#[tokio::test]
async fn a_changed_job_is_taken_up_by_its_running_loop() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    house.apply(&job(""));
    house.sync(&[("j", &[server.address()])]);
    house.scraped(server.address()).await;
    house.apply(&job("metric_relabel_configs: [{source_labels: [__name__], regex: a, target_label: __name__, replacement: b}]"));
    assert_eq!(house.of(server.address()).health, Health::Up);
    wait_for(|| house.values("b").len() >= 2).await;
    assert!(is_stale(*house.values("a").last().unwrap()));
    house.manager.stop().await;
}

#[tokio::test]
async fn over_the_target_limit_none_is_scraped() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    let port = server.address().rsplit_once(':').unwrap().1;
    let other = format!("localhost:{port}");
    house.apply(&job("target_limit: 1"));
    house.sync(&[("j", &[server.address(), &other])]);
    let target = house.scraped(server.address()).await;
    assert_eq!(target.last_error, "target_limit exceeded (number of targets: 2, limit: 1)");
    assert!(server.requests().is_empty());
    house.sync(&[("j", &[server.address()])]);
    wait_for(|| house.of(server.address()).health == Health::Up).await;
    house.manager.stop().await;
}

#[tokio::test]
async fn dropped_targets_are_kept_up_to_a_number() {
    let house = House::new();
    let drop = "{source_labels: [__address__], regex: 'drop.*', action: drop}";
    let yaml = every("1h", &format!("keep_dropped_targets: 2\nrelabel_configs: [{drop}]"));
    house.apply(&yaml);
    house.sync(&[("j", &["drop1:1", "drop2:1", "drop3:1", "keep:1", "keep:1"])]);
    assert_eq!(house.targets().len(), 1, "equal targets are one");
    let dropped = house.manager.dropped_targets(Some("j"));
    let addresses: Vec<&str> = dropped.iter().map(|d| d.discovered_labels.value("__address__")).collect();
    assert_eq!(addresses, ["drop1:1", "drop2:1"]);
    assert_eq!(house.manager.dropped_counts()["j"], 3);
    assert!(house.manager.active_targets(Some("other")).is_empty());
    let steps = house.manager.relabel_steps("j", &dropped[0].discovered_labels).unwrap();
    assert_eq!(steps.len(), 1);
    assert!(!steps[0].1.keep);
    assert!(house.manager.relabel_steps("other", &Labels::empty()).is_none());
    house.manager.stop().await;
}

#[tokio::test]
async fn credentials_tls_and_proxy_work_together() {
    let house = House::new();
    let identity = Identity::new(&["127.0.0.1"]);
    let dir = tempfile::tempdir().unwrap();
    let (ca, _) = identity.write(dir.path(), "ca");
    let server = Server::start_tls(&identity, |request| match request.header("authorization") {
        "Basic bWU6c2VjcmV0" => metrics(request),
        _ => Answer::new(401),
    })
    .await;
    let proxy = ConnectProxy::start(None).await;
    let settings = format!(
        "scheme: https\nproxy_url: http://{}\nbasic_auth: {{username: me, password: secret}}\ntls_config: {{ca_file: {}}}",
        proxy.address,
        ca.display()
    );
    house.apply(&every("2s", &settings));
    house.sync(&[("j", &[server.address()])]);
    let target = house.scraped(server.address()).await;
    assert_eq!((target.last_error.as_str(), target.health), ("", Health::Up));
    assert_eq!(proxy.tunnels(), 1);
    house.manager.stop().await;
}

#[tokio::test]
async fn a_job_that_cannot_be_set_up_keeps_what_it_had() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    house.apply(&job(""));
    house.sync(&[("j", &[server.address()])]);
    house.scraped(server.address()).await;
    let errors =
        house.manager.apply(config(&job("tls_config: {ca_file: /no/such/file}")).jobs()).unwrap_err();
    assert!(errors[0].contains("job \"j\"") && errors[0].contains("/no/such/file"), "{errors:?}");
    assert_eq!(house.of(server.address()).health, Health::Up);
    assert_eq!(house.registry.counter(&names::POOL_RELOADS_FAILED).get(), 1.0);
    house.manager.stop().await;
}

#[tokio::test]
async fn failed_scrapes_are_logged_to_their_file() {
    let (house, server) = (House::new(), Server::start(|_| Answer::new(500)).await);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("failures.log");
    house.apply(&job(&format!("scrape_failure_log_file: {}", path.display())));
    house.sync(&[("j", &[server.address()])]);
    house.scraped(server.address()).await;
    house.manager.stop().await;
    let text = disk::read_to_string(&path).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["msg"], "server returned HTTP status 500 Internal Server Error");
    assert_eq!(
        (line["job_name"].as_str(), line["target"].as_str()),
        (Some("j"), Some(&*server.url("/metrics")))
    );
}

#[tokio::test]
async fn follows_discovery_and_counts() {
    let (house, server) = (House::new(), Server::start(metrics).await);
    let yaml = format!(
        "{}    static_configs: [{{targets: ['{}'], labels: {{env: x}}}}]\n",
        job(""),
        server.address()
    );
    let config = config(&yaml);
    let found = discovery::Manager::new("scrape", &house.registry, &Clock::system());
    house.manager.apply(config.jobs()).unwrap();
    house.manager.follow(found.updates());
    found.apply(config.jobs().map(|job| (job.job_name.as_str(), &job.sd_configs[..])));
    wait_for(|| house.targets().len() == 1).await;
    let target = house.scraped(server.address()).await;
    assert_eq!(target.labels.value("env"), "x");
    wait_for(|| !house.manager.metadata().is_empty()).await;
    let gauge = |name: &str| {
        let family = house.registry.collect().into_iter().find(|f| f.name == name).unwrap();
        family.samples.iter().find(|s| s.labels[0].1 == "j").map(|s| s.value)
    };
    assert_eq!(gauge("prometheus_target_scrape_pool_targets"), Some(1.0));
    assert_eq!(gauge("prometheus_target_metadata_cache_entries"), Some(0.0));
    house.manager.stop().await;
    assert!(house.targets().is_empty());
}

#[test]
fn global_urls_replace_loopback_addresses() {
    let external =
        External { scheme: "https".to_owned(), host: "pharos.example:8443".to_owned(), listen_port: 9090 };
    let check = |address: &str, want: &str| {
        let target = target(address, &crate::job::testing::config(""));
        assert_eq!(global_url(&target, Some(&external)), want);
    };
    check("localhost:9090", "https://pharos.example:8443/metrics");
    check("127.0.0.1:9100", "http://pharos.example:9100/metrics");
    check("[::1]:9100", "http://pharos.example:9100/metrics");
    check("localhost", "http://pharos.example/metrics");
    check("db:9187", "http://db:9187/metrics");
}
