//! The sections `global` and `runtime`.

use crate::names::{NameEscaping, NameValidation};
use crate::size::ByteSize;
use crate::yaml::{Fields, Node, Reader, Value, Yaml, values};
use model::Labels;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// What holds unless a job says otherwise.
    pub struct GlobalConfig, check = check_global {
        key scrape_interval: Duration = Duration::from_secs(60),
        /// Never more than `scrape_interval`.
        key scrape_timeout: Duration = Duration::from_secs(10),
        /// Empty when not configured: what a job negotiates then depends on its native histograms.
        key scrape_protocols: Vec<ScrapeProtocol> = Vec::new(),
        key evaluation_interval: Duration = Duration::from_secs(60),
        key rule_query_offset: Duration = Duration::ZERO,
        key query_log_file: Option<PathBuf> = None,
        key scrape_failure_log_file: Option<PathBuf> = None,
        /// `$VAR` and `${VAR}` are already replaced from the environment.
        key external_labels: ExternalLabels = ExternalLabels::default(),
        /// 0 in this and the following means no limit.
        key body_size_limit: ByteSize = ByteSize(0),
        key sample_limit: u64 = 0,
        key target_limit: u64 = 0,
        key label_limit: u64 = 0,
        key label_name_length_limit: u64 = 0,
        key label_value_length_limit: u64 = 0,
        key keep_dropped_targets: u64 = 0,
        key metric_name_validation_scheme: NameValidation = NameValidation::Utf8,
        key metric_name_escaping_scheme: NameEscaping = NameEscaping::AllowUtf8,
        always scrape_native_histograms: bool = false,
        key convert_classic_histograms_to_nhcb: bool = false,
        key always_scrape_classic_histograms: bool = false,
        key extra_scrape_metrics: bool = false,
    }
}

choice! {
    /// A format of exposition to negotiate.
    pub enum ScrapeProtocol, fold = str::to_owned, empty = false, fault = "unknown scrape protocol {}, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]" {
        PrometheusProto = "PrometheusProto",
        #[default]
        PrometheusText0_0_4 = "PrometheusText0.0.4",
        PrometheusText1_0_0 = "PrometheusText1.0.0",
        OpenMetricsText0_0_1 = "OpenMetricsText0.0.1",
        OpenMetricsText1_0_0 = "OpenMetricsText1.0.0",
    }
}

impl ScrapeProtocol {
    /// What jobs negotiate unless told otherwise, most wanted first.
    pub const DEFAULT_ORDER: [ScrapeProtocol; 4] = [
        ScrapeProtocol::OpenMetricsText1_0_0,
        ScrapeProtocol::OpenMetricsText0_0_1,
        ScrapeProtocol::PrometheusText1_0_0,
        ScrapeProtocol::PrometheusText0_0_4,
    ];

    /// The same with protobuf first: only it carries native histograms.
    pub const PROTO_FIRST_ORDER: [ScrapeProtocol; 5] = [
        ScrapeProtocol::PrometheusProto,
        ScrapeProtocol::OpenMetricsText1_0_0,
        ScrapeProtocol::OpenMetricsText0_0_1,
        ScrapeProtocol::PrometheusText1_0_0,
        ScrapeProtocol::PrometheusText0_0_4,
    ];

    /// The media type with its parameters, as in `Accept` and `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            ScrapeProtocol::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            ScrapeProtocol::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            ScrapeProtocol::PrometheusText1_0_0 => "text/plain;version=1.0.0",
            ScrapeProtocol::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            ScrapeProtocol::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
        }
    }
}

section! {
    /// Tuning of Prometheus's own runtime: read, and without effect here.
    pub struct RuntimeConfig {
        key gogc: i64 = 75,
    }
}

/// Labels that are added to everything that leaves this server. Empty values are dropped.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ExternalLabels(pub Labels);

impl std::ops::Deref for ExternalLabels {
    type Target = Labels;
    fn deref(&self) -> &Labels {
        &self.0
    }
}

impl Value for ExternalLabels {
    fn zero() -> ExternalLabels {
        ExternalLabels::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let names = reader.names;
        let pairs = values::label_pairs(node, names, reader);
        let environment = reader.environment.clone();
        self.0 = Labels::from_pairs(pairs.iter().map(|(n, v)| (n, expand(v, &*environment))));
    }

    fn print(&self) -> Yaml {
        Yaml::Map(self.0.iter().map(|(n, v)| (n.to_owned(), Yaml::Text(v.to_owned()))).collect())
    }
}

/// Replaces `$NAME` and `${NAME}`; `$$` is a dollar sign. An unknown variable is empty.
fn expand(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, tail) = if let Some(inner) = after.strip_prefix('{') {
            // Without a closing brace the reference is dropped, as the original does.
            inner.split_once('}').unwrap_or(("", inner))
        } else if after.starts_with(['$', '*', '#', '@', '!', '?', '-'])
            || after.starts_with(|c: char| c.is_ascii_digit())
        {
            after.split_at(1)
        } else {
            after.split_at(after.find(|c| !is_word(c)).unwrap_or(after.len()))
        };
        match name {
            "$" => out.push('$'),
            "" if !after.starts_with('{') => out.push('$'),
            name => out.push_str(&environment(name).unwrap_or_default()),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn check_global(global: &mut GlobalConfig, fields: &Fields<'_>, reader: &mut Reader) {
    let defaults = GlobalConfig::default();
    if global.scrape_interval.is_zero() {
        global.scrape_interval = defaults.scrape_interval;
    }
    let timeout_set = fields.has("scrape_timeout") && !global.scrape_timeout.is_zero();
    if !timeout_set {
        global.scrape_timeout = defaults.scrape_timeout.min(global.scrape_interval);
    } else if global.scrape_timeout > global.scrape_interval {
        fields.fault("scrape_timeout", "global scrape timeout greater than scrape interval", reader);
    }
    if global.evaluation_interval.is_zero() {
        global.evaluation_interval = defaults.evaluation_interval;
    }
    if !fields.has("metric_name_escaping_scheme")
        && global.metric_name_validation_scheme == NameValidation::Legacy
    {
        global.metric_name_escaping_scheme = NameEscaping::Underscores;
    }
    check_protocols(&global.scrape_protocols, fields, "for global config", reader);
    reader.global = global.clone();
}

/// A configured list of protocols is neither empty nor repeats one.
pub(crate) fn check_protocols(
    protocols: &[ScrapeProtocol],
    fields: &Fields<'_>,
    whose: &str,
    reader: &mut Reader,
) {
    let Some(node) = fields.get("scrape_protocols").filter(|n| !n.is_null()) else { return };
    if matches!(&node.kind, crate::yaml::Kind::Seq(items) if items.is_empty()) {
        fields.fault("scrape_protocols", format!("scrape_protocols cannot be empty {whose}"), reader);
    }
    let repeats = protocols.iter().enumerate().any(|(i, p)| protocols[..i].contains(p));
    if repeats {
        let names: Vec<&str> = protocols.iter().map(|p| p.as_str()).collect();
        let reason = format!("duplicated protocol in scrape_protocols, got [{}] {whose}", names.join(" "));
        fields.fault("scrape_protocols", reason, reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_like_a_shell() {
        let environment = |name: &str| (name == "TEST").then(|| "v".to_owned());
        let check = |text: &str, want: &str| assert_eq!(expand(text, &environment), want, "{text}");
        check("foo", "foo");
        check("${TEST}", "v");
        check("a${TEST}b", "avb");
        check("$TEST-x", "v-x");
        check("foo$${TEST}", "foo${TEST}");
        check("foo$$bar", "foo$bar");
        check("${NONE}x", "x");
        check("cost: 5$", "cost: 5$");
    }
}
