//! What is in force: the command line over the environment over `pharos.yaml` over the defaults.

use crate::cli::ServeArgs;
use base::units::{format_duration, format_size, parse_duration, parse_size};
use promconfig::{Fault, load_settings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tsdb::{Downsample, KeepRule};

const LISTEN: &str = "127.0.0.1:9090";
const DATA: &str = "./pharos-data";
const DAY: u64 = 86_400;
const RETENTION: Duration = Duration::from_secs(15 * DAY);
const RETENTION_LOGS: Duration = Duration::from_secs(30 * DAY);
const RETENTION_TRACES: Duration = Duration::from_secs(14 * DAY);
const RETENTION_ERRORS: Duration = Duration::from_secs(90 * DAY);
const QUERY_TIMEOUT: Duration = Duration::from_secs(120);
const QUERY_SAMPLES: u64 = 50_000_000;
const QUERY_CONCURRENCY: usize = 20;
const LOOKBACK: Duration = Duration::from_secs(300);
/// What the program itself needs leaves nothing below this.
const MEMORY_MIN: u64 = 64 << 20;
/// Of the disk that holds the data, what may be used when nobody says: the rest is everybody else's.
const DISK_PERCENT: u64 = 80;
/// When neither the machine nor its cgroup says how much memory there is.
const MEMORY_UNKNOWN: u64 = 2 << 30;

/// Everything `serve` needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub config: Option<PathBuf>,
    pub single_port: bool,
    /// Listens where the replaced programs do, too.
    pub drop_in: bool,
    pub postgres: Option<SocketAddr>,
    pub sampling_strategies: Option<PathBuf>,
    pub insecure: bool,
    pub prometheus_config: Option<PathBuf>,
    pub memory_bytes: u64,
    /// `None`: 80 % of the disk that holds the data.
    pub disk_bytes: Option<u64>,
    pub retention: Duration,
    pub retention_logs: Duration,
    pub retention_traces: Duration,
    pub retention_errors: Duration,
    pub keep: Vec<KeepRule>,
    pub out_of_order_window: Duration,
    pub accept_any_time: bool,
    pub series_max: Option<u64>,
    pub query_timeout: Duration,
    pub query_samples_max: u64,
    pub query_concurrency: usize,
    pub lookback: Duration,
    pub log: String,
}

impl Settings {
    /// Puts the sources together. The error is one line a fault.
    pub fn new(args: &ServeArgs) -> Result<Settings, Vec<String>> {
        let file = match &args.config {
            Some(path) => load_settings(path).map_err(lines)?,
            None => promconfig::Settings::default(),
        };
        let mut faults = Vec::new();
        let mut duration =
            |flag: &str, given: &Option<String>, in_file: Option<Duration>, default: Duration| match given
                .as_deref()
                .map(parse_duration)
            {
                Some(Ok(value)) => value,
                Some(Err(why)) => {
                    faults.push(format!("--{flag}: {why}"));
                    default
                }
                None => in_file.unwrap_or(default),
            };
        let retention =
            duration("retention-metrics", &args.retention_metrics, file.retention_metrics, RETENTION);
        let retention_logs =
            duration("retention-logs", &args.retention_logs, file.retention_logs, RETENTION_LOGS);
        let retention_traces =
            duration("retention-traces", &args.retention_traces, file.retention_traces, RETENTION_TRACES);
        let retention_errors =
            duration("retention-errors", &args.retention_errors, file.retention_errors, RETENTION_ERRORS);
        let query_timeout = duration("query-timeout", &args.query_timeout, file.query_timeout, QUERY_TIMEOUT);
        let lookback =
            duration("query-lookback-delta", &args.query_lookback_delta, file.query_lookback_delta, LOOKBACK);
        let mut size =
            |flag: &str, given: &Option<String>, in_file: Option<u64>| match given.as_deref().map(parse_size)
            {
                Some(Ok(value)) => Some(value),
                Some(Err(why)) => {
                    faults.push(format!("--{flag}: {why}"));
                    None
                }
                None => in_file,
            };
        let memory = size("memory", &args.memory, file.memory.map(|m| m.0));
        let disk_bytes = size("disk", &args.disk, file.disk.map(|d| d.0));
        let listen = match (args.listen, file.listen.as_deref().unwrap_or(LISTEN).parse()) {
            (Some(listen), _) | (None, Ok(listen)) => listen,
            (None, Err(_)) => {
                faults.push("listen: not an address such as 127.0.0.1:9090".to_owned());
                SocketAddr::from(([127, 0, 0, 1], 9090))
            }
        };
        let postgres = match (args.postgres, file.postgres.as_deref().map(str::parse)) {
            (Some(address), _) | (None, Some(Ok(address))) => Some(address),
            (None, Some(Err(_))) => {
                faults.push("postgres: not an address such as 127.0.0.1:5432".to_owned());
                None
            }
            (None, None) => None,
        };
        let settings = Settings {
            data: args.data.clone().or(file.data).unwrap_or_else(|| DATA.into()),
            listen,
            config: args.config.clone(),
            single_port: args.single_port.or(file.single_port).unwrap_or(false),
            drop_in: args.drop_in.or(file.drop_in).unwrap_or(false),
            postgres,
            sampling_strategies: args.sampling_strategies.clone().or(file.sampling_strategies),
            insecure: args.insecure.or(file.insecure).unwrap_or(false),
            prometheus_config: args.prometheus_config.clone().or(file.prometheus_config),
            memory_bytes: memory.unwrap_or_else(default_memory),
            disk_bytes,
            retention,
            retention_logs,
            retention_traces,
            retention_errors,
            keep: keep_rules(&file.retention, &mut faults),
            out_of_order_window: file.out_of_order_window.unwrap_or(Duration::ZERO),
            accept_any_time: file.accept_any_time.unwrap_or(false),
            series_max: file.max_series,
            query_timeout,
            query_samples_max: args
                .query_max_samples
                .map(|n| n as u64)
                .or(file.query_max_samples)
                .unwrap_or(QUERY_SAMPLES),
            query_concurrency: args
                .query_max_concurrency
                .or(file.query_max_concurrency.map(|n| n as usize))
                .unwrap_or(QUERY_CONCURRENCY),
            lookback,
            log: args.log.clone().or(file.log).unwrap_or_else(|| "info".to_owned()),
        };
        settings.refuse_open_door(&mut faults);
        if settings.memory_bytes < MEMORY_MIN {
            faults.push(format!(
                "--memory: {} is too little; 64MB is the least",
                format_size(settings.memory_bytes)
            ));
        }
        for (flag, kept) in [
            ("metrics", settings.retention),
            ("logs", settings.retention_logs),
            ("traces", settings.retention_traces),
            ("errors", settings.retention_errors),
        ] {
            if kept.is_zero() {
                faults.push(format!("--retention-{flag}: must be more than 0"));
            }
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// Nobody has to log in, so nobody else may be able to reach it, unless somebody says that is meant.
    fn refuse_open_door(&self, faults: &mut Vec<String>) {
        let open = [("listen", Some(self.listen)), ("postgres", self.postgres)];
        for (flag, address) in open.into_iter().filter_map(|(flag, a)| Some((flag, a?))) {
            if address.ip().is_loopback() || self.insecure {
                continue;
            }
            faults.push(format!(
                "--{flag}: {address} can be reached by others and there are no users to log in; listen on 127.0.0.1, or say --insecure if the network is trusted"
            ));
        }
    }

    /// What everything that is kept may take on disk. The data directory must be there.
    pub fn disk_limit(&self) -> std::io::Result<u64> {
        match self.disk_bytes {
            Some(bytes) => Ok(bytes),
            None => Ok(base::disk::space(&self.data)?.total_bytes / 100 * DISK_PERCENT),
        }
    }

    /// By flag, as `/api/v1/status/flags` shows them.
    pub fn flags(&self) -> BTreeMap<String, String> {
        let path = |p: &Option<PathBuf>| p.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
        [
            ("data", self.data.display().to_string()),
            ("listen", self.listen.to_string()),
            ("config", path(&self.config)),
            ("single-port", self.single_port.to_string()),
            ("drop-in", self.drop_in.to_string()),
            ("postgres", self.postgres.map(|a| a.to_string()).unwrap_or_default()),
            ("sampling-strategies", path(&self.sampling_strategies)),
            ("insecure", self.insecure.to_string()),
            ("prometheus-config", path(&self.prometheus_config)),
            ("memory", format_size(self.memory_bytes)),
            ("disk", self.disk_bytes.map_or_else(|| "80 % of the disk".to_owned(), format_size)),
            ("retention-metrics", format_duration(self.retention)),
            ("retention-logs", format_duration(self.retention_logs)),
            ("retention-traces", format_duration(self.retention_traces)),
            ("retention-errors", format_duration(self.retention_errors)),
            ("query-timeout", format_duration(self.query_timeout)),
            ("query-max-samples", self.query_samples_max.to_string()),
            ("query-max-concurrency", self.query_concurrency.to_string()),
            ("query-lookback-delta", format_duration(self.lookback)),
            ("log", self.log.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn lines(faults: Vec<Fault>) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

fn keep_rules(rules: &[promconfig::RetentionRule], faults: &mut Vec<String>) -> Vec<KeepRule> {
    let mut keep = Vec::new();
    for rule in rules {
        match promql::parse_selector(&rule.r#match) {
            Ok(matchers) => keep.push(KeepRule {
                matchers,
                keep_ms: rule.keep.map_or(i64::MAX, |d| d.as_millis() as i64),
                downsample: rule.downsample.as_ref().map(|d| Downsample {
                    after_ms: d.after.as_millis() as i64,
                    step_ms: d.step.as_millis() as i64,
                }),
            }),
            Err(why) => faults.push(format!("retention: match {:?}: {why}", rule.r#match)),
        }
    }
    keep
}

/// Half of what the machine or the cgroup has, whichever is less.
fn default_memory() -> u64 {
    let read = |path: &str| base::disk::read_to_string(Path::new(path)).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let kb = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
        kb.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
    });
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|path| read(path)?.trim().parse::<u64>().ok());
    machine.into_iter().chain(cgroup).min().unwrap_or(MEMORY_UNKNOWN * 2) / 2
}
