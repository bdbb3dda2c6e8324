//! A job as its loops need it: compiled once, shared by all targets of the pool.

use crate::failure_log::FailureLog;
use crate::limits::{LabelLimits, schema_of_factor};
use base::Clock;
use discovery::{HttpClient, HttpError};
use pipeline::Relabel;
use promconfig::ScrapeConfig;
use std::sync::Arc;
use wire::exposition::{self, EscapingScheme, Protocol, accept_header};

/// A body may be so large when `body_size_limit` sets no limit: five million samples, more than any exporter has; and
/// what a bomb may take of the memory.
const BODY_BYTES_MAX: u64 = 512 << 20;

pub struct Job {
    pub config: ScrapeConfig,
    pub relabel: Relabel,
    pub metric_relabel: Relabel,
    pub client: HttpClient,
    pub accept: String,
    pub fallback: Option<Protocol>,
    pub parsing: exposition::Options,
    pub label_limits: LabelLimits,
    /// The finest resolution of native histograms that is stored.
    pub schema_max: i32,
    pub failure_log: Option<Arc<FailureLog>>,
}

impl Job {
    /// `before` is the job of the same name until now: its client goes on when its settings did not change.
    pub fn new(
        config: &ScrapeConfig,
        start_timestamps: bool,
        failure_log: Option<Arc<FailureLog>>,
        before: Option<&Job>,
        clock: &Clock,
    ) -> Result<Job, HttpError> {
        let client = match before {
            Some(job) if job.config.http == config.http => job.client.clone(),
            _ => HttpClient::new(&config.http, clock)?,
        };
        let protocols: Vec<Protocol> =
            config.scrape_protocols.iter().filter_map(|p| protocol(p.as_str())).collect();
        let escaping = EscapingScheme::parse(config.metric_name_escaping_scheme.as_str()).unwrap_or_default();
        Ok(Job {
            relabel: Relabel::new(&config.relabel_configs),
            metric_relabel: Relabel::new(&config.metric_relabel_configs),
            client,
            accept: accept_header(&protocols, escaping),
            fallback: config.fallback_scrape_protocol.and_then(|p| protocol(p.as_str())),
            parsing: exposition::Options {
                start_timestamps,
                ignore_native_histograms: !config.scrape_native_histograms,
                keep_classic_histograms: config.always_scrape_classic_histograms,
                convert_classic_histograms: config.convert_classic_histograms_to_nhcb,
            },
            label_limits: LabelLimits::new(config),
            schema_max: schema_of_factor(config.native_histogram_min_bucket_factor),
            failure_log,
            config: config.clone(),
        })
    }

    /// A body of so many bytes or more is refused.
    pub fn body_bytes_limit(&self) -> u64 {
        match self.config.body_size_limit.0 {
            0 => BODY_BYTES_MAX,
            limit => limit,
        }
    }

    /// Whether series that one job stored would get the same labels from the other.
    pub fn labels_alike(&self, other: &Job) -> bool {
        self.config.honor_labels == other.config.honor_labels
            && self.config.metric_relabel_configs == other.config.metric_relabel_configs
            && self.config.metric_name_validation_scheme == other.config.metric_name_validation_scheme
            && self.label_limits == other.label_limits
    }
}

/// The configuration and the codec name the protocols alike.
fn protocol(name: &str) -> Option<Protocol> {
    Protocol::parse(name)
}

#[cfg(test)]
pub mod testing {
    use super::*;
    use promconfig::{LoadOptions, parse};
    use std::path::Path;

    /// A job called `test` with these settings on top.
    pub fn config(yaml: &str) -> ScrapeConfig {
        let indented: String = yaml.lines().map(|line| format!("    {line}\n")).collect();
        let text = format!("scrape_configs:\n  - job_name: test\n{indented}");
        let mut config = parse(Path::new("test.yml"), &text, &LoadOptions::default()).unwrap();
        config.scrape_configs.remove(0)
    }

    pub fn job(yaml: &str) -> Job {
        Job::new(&config(yaml), false, None, None, &Clock::system()).unwrap()
    }

    #[test]
    fn protocols_have_the_same_names() {
        for known in promconfig::ScrapeProtocol::PROTO_FIRST_ORDER {
            assert!(protocol(known.as_str()).is_some(), "{known}");
        }
        let job = job("metric_name_validation_scheme: legacy");
        assert!(job.accept.contains("escaping=underscores"), "{}", job.accept);
    }
}
