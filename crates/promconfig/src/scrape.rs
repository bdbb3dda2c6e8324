//! The section `scrape_configs`: one job an element.

use crate::fault::Line;
use crate::global::{ScrapeProtocol, check_protocols};
use crate::http::HttpClientConfig;
use crate::names::{NameEscaping, NameValidation};
use crate::relabel::RelabelConfig;
use crate::sd::{SdConfig, SdConfigs};
use crate::size::ByteSize;
use crate::yaml::{Fields, Node, Reader};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// One job, with all that it inherits from `global` filled in.
    pub struct ScrapeConfig, null = false, before = before_scrape, check = check_scrape {
        /// Not empty, unique in the configuration.
        always job_name: String = String::new(),
        key honor_labels: bool = false,
        always honor_timestamps: bool = true,
        always track_timestamps_staleness: bool = false,
        key params: BTreeMap<String, Vec<String>> = BTreeMap::new(),
        key scrape_interval: Duration = Duration::ZERO,
        /// Never more than `scrape_interval`.
        key scrape_timeout: Duration = Duration::ZERO,
        /// Not empty, most wanted first.
        key scrape_protocols: Vec<ScrapeProtocol> = Vec::new(),
        /// For answers without a usable content type.
        key fallback_scrape_protocol: Option<ScrapeProtocol> = None,
        always scrape_native_histograms: bool = false,
        always always_scrape_classic_histograms: bool = false,
        always convert_classic_histograms_to_nhcb: bool = false,
        key scrape_failure_log_file: Option<PathBuf> = None,
        key metrics_path: String = "/metrics".to_owned(),
        key scheme: String = "http".to_owned(),
        always enable_compression: bool = true,
        /// 0 in this and the following means no limit.
        key body_size_limit: ByteSize = ByteSize(0),
        key sample_limit: u64 = 0,
        key target_limit: u64 = 0,
        key label_limit: u64 = 0,
        key label_name_length_limit: u64 = 0,
        key label_value_length_limit: u64 = 0,
        key native_histogram_bucket_limit: u64 = 0,
        key native_histogram_min_bucket_factor: f64 = 0.0,
        key keep_dropped_targets: u64 = 0,
        key metric_name_validation_scheme: NameValidation = NameValidation::Utf8,
        key metric_name_escaping_scheme: NameEscaping = NameEscaping::AllowUtf8,
        always extra_scrape_metrics: bool = false,
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key relabel_configs: Vec<RelabelConfig> = Vec::new(),
        key metric_relabel_configs: Vec<RelabelConfig> = Vec::new(),
        inline sd_configs: SdConfigs = SdConfigs::default(),
        /// Where the job stands in its file.
        derived line: Line = Line(0),
    }
}

/// The rule for names must be known before relabel rules are checked by it.
fn before_scrape(fields: &Fields<'_>, reader: &mut Reader) {
    let own = fields.get("metric_name_validation_scheme").and_then(Node::scalar_text);
    reader.names = own.and_then(NameValidation::parse).unwrap_or(reader.global.metric_name_validation_scheme);
}

fn check_scrape(job: &mut ScrapeConfig, fields: &Fields<'_>, reader: &mut Reader) {
    job.line = Line(fields.node().line);
    if job.job_name.is_empty() {
        fields.fault("job_name", "job_name is empty", reader);
    }
    if job.relabel_configs.is_empty() {
        check_static_targets(&job.sd_configs, fields, reader);
    }
    check_times(job, fields, reader);
    check_protocols(
        &job.scrape_protocols,
        fields,
        &format!("for scrape config with job name {:?}", job.job_name),
        reader,
    );
    check_names(job, fields, reader);
    inherit(job, fields, reader);
    reader.names = reader.global.metric_name_validation_scheme;
}

fn check_times(job: &mut ScrapeConfig, fields: &Fields<'_>, reader: &mut Reader) {
    if job.scrape_interval.is_zero() {
        job.scrape_interval = reader.global.scrape_interval;
    }
    if job.scrape_timeout > job.scrape_interval {
        let reason = format!(
            "scrape timeout greater than scrape interval for scrape config with job name {:?}",
            job.job_name
        );
        fields.fault("scrape_timeout", reason, reader);
    }
    if job.scrape_timeout.is_zero() {
        job.scrape_timeout = reader.global.scrape_timeout.min(job.scrape_interval);
    }
}

fn check_names(job: &mut ScrapeConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let validation_set = fields.has("metric_name_validation_scheme");
    if !validation_set {
        job.metric_name_validation_scheme = reader.global.metric_name_validation_scheme;
    }
    let legacy = job.metric_name_validation_scheme == NameValidation::Legacy;
    if !fields.has("metric_name_escaping_scheme") {
        // A job that only asks for legacy names must not inherit an escaping that contradicts it.
        job.metric_name_escaping_scheme = match (validation_set, legacy) {
            (false, _) => reader.global.metric_name_escaping_scheme,
            (true, true) => NameEscaping::Underscores,
            (true, false) => NameEscaping::AllowUtf8,
        };
    }
    if legacy && job.metric_name_escaping_scheme == NameEscaping::AllowUtf8 {
        let reason = "utf8 metric names requested but validation scheme is not set to UTF8";
        fields.fault("metric_name_escaping_scheme", reason, reader);
    }
}

fn inherit(job: &mut ScrapeConfig, fields: &Fields<'_>, reader: &Reader) {
    let global = &reader.global;
    if job.body_size_limit.0 == 0 {
        job.body_size_limit = global.body_size_limit;
    }
    for (own, inherited) in [
        (&mut job.sample_limit, global.sample_limit),
        (&mut job.target_limit, global.target_limit),
        (&mut job.label_limit, global.label_limit),
        (&mut job.label_name_length_limit, global.label_name_length_limit),
        (&mut job.label_value_length_limit, global.label_value_length_limit),
        (&mut job.keep_dropped_targets, global.keep_dropped_targets),
    ] {
        if *own == 0 {
            *own = inherited;
        }
    }
    for (key, own, inherited) in [
        ("scrape_native_histograms", &mut job.scrape_native_histograms, global.scrape_native_histograms),
        (
            "always_scrape_classic_histograms",
            &mut job.always_scrape_classic_histograms,
            global.always_scrape_classic_histograms,
        ),
        (
            "convert_classic_histograms_to_nhcb",
            &mut job.convert_classic_histograms_to_nhcb,
            global.convert_classic_histograms_to_nhcb,
        ),
        ("extra_scrape_metrics", &mut job.extra_scrape_metrics, global.extra_scrape_metrics),
    ] {
        if !fields.has(key) {
            *own = inherited;
        }
    }
    if job.scrape_failure_log_file.is_none() {
        job.scrape_failure_log_file.clone_from(&global.scrape_failure_log_file);
    }
    if job.scrape_protocols.is_empty() {
        job.scrape_protocols = if !global.scrape_protocols.is_empty() {
            global.scrape_protocols.clone()
        } else if job.scrape_native_histograms {
            ScrapeProtocol::PROTO_FIRST_ORDER.to_vec()
        } else {
            ScrapeProtocol::DEFAULT_ORDER.to_vec()
        };
    }
}

/// People write URLs where host and port belong. With relabel rules, the address may still become one.
pub(crate) fn check_static_targets(configs: &SdConfigs, fields: &Fields<'_>, reader: &mut Reader) {
    for config in configs.iter() {
        let SdConfig::Static(groups) = config else { continue };
        for (index, group) in groups.iter().enumerate() {
            for target in group.targets.iter().filter(|t| t.contains('/')) {
                reader.enter("static_configs");
                reader.enter_index(index);
                let node = crate::targets::target_node(fields.get("static_configs"), index, target);
                reader.enter("targets");
                reader.fault(node.unwrap_or(fields.node()), format!("{target:?} is not a valid hostname"));
                reader.leave();
                reader.leave();
                reader.leave();
            }
        }
    }
}
