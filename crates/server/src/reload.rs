//! The configuration in force, and how another takes its place: at start, on SIGHUP, by `/-/reload`.
//!
//! A new configuration is read as a whole before anything changes. A bad one changes nothing; it is in the answer,
//! in the log and among the notifications.

use crate::settings::Settings;
use api::{App, Control};
use base::Clock;
use discovery::Manager as Discovery;
use promconfig::{Config, LoadOptions};
use remote::{Queue, QueueOptions};
use scrape::{Manager as Scrape, Options as ScrapeOptions};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use telemetry::{Gauge, Registry, names};
use tokio::sync::Notify;
use tracing::{error, info, warn};
use tsdb::Db;

/// Shown while the file on disk is not what is in force.
const RELOAD_FAILED: &str = "Configuration reload has failed.";

/// Shown while the configuration asks for something that is not done.
const UNDONE: &str = "The configuration asks for what this version does not do:";

/// What a good configuration asks for and nobody does, a line each.
fn undone(config: &Config) -> Vec<String> {
    let mut undone: Vec<String> = config.notices().iter().map(ToString::to_string).collect();
    if !config.rule_files.is_empty() {
        undone.push("rule_files: rules are checked by `pharos check rules` and not evaluated".to_owned());
    }
    if !config.alerting.alertmanagers.is_empty() {
        undone.push("alerting: no alert is sent to any Alertmanager".to_owned());
    }
    if !config.remote_read.is_empty() {
        undone.push("remote_read: other stores are not asked".to_owned());
    }
    undone
}

/// ` the first (and 2 more)`
fn with_more(first: &str, count: usize) -> String {
    if count > 1 { format!(" {first} (and {} more)", count - 1) } else { format!(" {first}") }
}

/// Reads the configuration that the settings name. Without one, Pharos watches itself.
pub fn load(settings: &Settings) -> Result<Config, Vec<String>> {
    let lines = |faults: Vec<promconfig::Fault>| faults.iter().map(ToString::to_string).collect();
    match &settings.prometheus_config {
        Some(path) => promconfig::load(path, &LoadOptions::default()).map_err(lines),
        None => {
            let text = format!(
                "global: {{scrape_interval: 15s}}\nscrape_configs:\n  - job_name: pharos\n    static_configs: [{{targets: [{:?}]}}]\n",
                settings.listen.to_string()
            );
            promconfig::parse(Path::new("built-in"), &text, &LoadOptions::default()).map_err(lines)
        }
    }
}

/// What runs by the configuration. Cloning gives a handle to the same program.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: Clock,
    discovery: Discovery,
    scrape: Scrape,
    /// What is written on to other stores.
    queue: Arc<Queue>,
    app: OnceLock<Weak<App>>,
    quit: Notify,
    success: Gauge,
    success_at: Gauge,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

impl Program {
    /// Opens what writes on to others; nothing is scraped or sent before [`Program::apply`].
    pub fn start(
        settings: &Settings,
        db: &Db,
        registry: &Registry,
        clock: &Clock,
    ) -> std::io::Result<Program> {
        let families = db.clone();
        let options = QueueOptions {
            dir: settings.data.join("remote-write"),
            spool_bytes_max: remote::queue::SPOOL_BYTES_MAX,
            clock: clock.clone(),
            families: Arc::new(move || families.metadata()),
        };
        let queue = Arc::new(Queue::open(options, registry)?);
        db.observe(queue.clone());
        let discovery = Discovery::new("scrape", registry, clock);
        let scrape = Scrape::new(ScrapeOptions {
            own_thread: true,
            ..ScrapeOptions::new(db.clone(), clock, registry)
        });
        scrape.follow(discovery.updates());
        Ok(Program(Arc::new(Inner {
            settings: settings.clone(),
            clock: clock.clone(),
            discovery,
            scrape,
            queue,
            app: OnceLock::new(),
            quit: Notify::new(),
            success: registry.gauge(&names::server::CONFIG_LAST_RELOAD_SUCCESSFUL),
            success_at: registry.gauge(&names::server::CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP),
            reloading: tokio::sync::Mutex::new(()),
        })))
    }

    pub fn scrape(&self) -> Scrape {
        self.0.scrape.clone()
    }

    /// Whom to tell of what is in force. Called once.
    pub fn attach(&self, app: &Arc<App>) {
        let attached = self.0.app.set(Arc::downgrade(app));
        debug_assert!(attached.is_ok(), "attached twice");
    }

    fn app(&self) -> Option<Arc<App>> {
        self.0.app.get()?.upgrade()
    }

    /// Puts a configuration in force.
    pub fn apply(&self, config: Config) {
        let inner = &*self.0;
        let undone = undone(&config);
        undone.iter().for_each(|what| warn!("{what}"));
        if let Err(failed) = inner.scrape.apply(config.jobs()) {
            failed.iter().for_each(|why| error!("{why}"));
        }
        let external: BTreeMap<String, String> =
            config.global.external_labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        if let Err(failed) = inner.queue.apply(&external, &config.remote_write) {
            error!("{failed}");
        }
        inner.discovery.apply(config.jobs().map(|job| (job.job_name.as_str(), &job.sd_configs[..])));
        let now_ms = inner.clock.now_ms();
        inner.success.set(1.0);
        inner.success_at.set(now_ms as f64 / 1000.0);
        if let Some(app) = self.app() {
            app.config.succeeded(config.to_yaml(), config.global.external_labels.0.clone(), now_ms);
            app.reader.set_external_labels(external);
            app.notifications.clear(RELOAD_FAILED);
            app.notifications.clear(UNDONE);
            if let Some(first) = undone.first() {
                app.notifications.raise(UNDONE, &with_more(first, undone.len()), now_ms);
            }
        }
        info!(jobs = config.jobs().count(), "configuration in force");
    }

    /// Reads the configuration again and says in the log how it went.
    pub async fn reload_logged(&self) {
        if let Err(faults) = self.reload().await {
            faults.iter().for_each(|fault| error!("reload: {fault}"));
        }
    }

    /// Returns when somebody asks the program to end.
    pub async fn quitting(&self) {
        self.0.quit.notified().await;
    }

    /// Ends scraping, then sending; what was scraped is in the store when this returns, and what was not sent waits
    /// on disk.
    pub async fn stop(&self) {
        self.0.scrape.stop().await;
        self.0.queue.stop().await;
    }

    fn failed(&self, faults: &[String]) {
        self.0.success.set(0.0);
        if let Some(app) = self.app() {
            app.config.failed(faults.to_vec());
            let why = faults.first().map(|first| with_more(first, faults.len())).unwrap_or_default();
            app.notifications.raise(RELOAD_FAILED, &why, self.0.clock.now_ms());
        }
    }
}

impl Control for Program {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Result<(), Vec<String>>> + Send + '_>> {
        Box::pin(async move {
            let _one_at_a_time = self.0.reloading.lock().await;
            let settings = self.0.settings.clone();
            let loaded = tokio::task::spawn_blocking(move || load(&settings)).await;
            match loaded
                .unwrap_or_else(|_| Err(vec!["reading the configuration ended in a panic".to_owned()]))
            {
                Ok(config) => {
                    self.apply(config);
                    Ok(())
                }
                Err(faults) => {
                    self.failed(&faults);
                    Err(faults)
                }
            }
        })
    }

    fn quit(&self) {
        self.0.quit.notify_one();
    }
}
