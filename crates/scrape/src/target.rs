//! Targets: what discovery found, made ready to be scraped by the rules of a job.

use base::units::{format_duration, parse_duration};
use discovery::TargetGroup;
use model::{Labels, LabelsBuilder};
use pipeline::Relabel;
use promconfig::ScrapeConfig;
use std::collections::BTreeMap;
use std::time::Duration;
use url::{Url, form_urlencoded};

/// Labels with this prefix are never stored.
const PRIVATE: &str = "__";
/// Labels with this prefix are for relabeling only.
const META: &str = "__meta_";
const PARAM: &str = "__param_";

/// Whether a target answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Health {
    /// It has not been scraped yet.
    #[default]
    Unknown,
    Up,
    Down,
}

impl Health {
    /// The word of the HTTP API.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Unknown => "unknown",
            Health::Up => "up",
            Health::Down => "down",
        }
    }
}

/// One endpoint to scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What every series of the target gets.
    pub labels: Labels,
    pub url: Url,
    /// The URL as the configuration has it: a default port that is named stays.
    pub shown_url: String,
    pub interval: Duration,
    pub timeout: Duration,
    /// Equal for targets with the same URL and the same labels, private ones too: one of them is scraped.
    pub hash: u64,
}

/// What a discovered target becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Populated {
    Target(Box<Target>),
    /// A rule dropped it.
    Dropped,
}

/// The labels of a discovered target before relabeling: its own, its group's, and the job's settings.
pub fn discovered_labels(target: &Labels, group: &TargetGroup, config: &ScrapeConfig) -> Labels {
    let mut builder = target.to_builder();
    let default = |builder: &mut LabelsBuilder, name: &str, value: &str| {
        if builder.get(name).is_none() {
            builder.set(name, value);
        }
    };
    for (name, value) in group.labels.iter() {
        default(&mut builder, name, value);
    }
    default(&mut builder, "job", &config.job_name);
    default(&mut builder, "__scrape_interval__", &format_duration(config.scrape_interval));
    default(&mut builder, "__scrape_timeout__", &format_duration(config.scrape_timeout));
    default(&mut builder, "__metrics_path__", &config.metrics_path);
    default(&mut builder, "__scheme__", &config.scheme);
    for (name, values) in &config.params {
        if let Some(value) = values.first() {
            default(&mut builder, &format!("{PARAM}{name}"), value);
        }
    }
    builder.build()
}

/// Applies the rules of a job. An error says what is wrong with the labels that come out.
pub fn populate(discovered: &Labels, relabel: &Relabel, config: &ScrapeConfig) -> Result<Populated, String> {
    let mut builder = discovered.to_builder();
    if !relabel.apply(&mut builder) || builder.is_empty() {
        return Ok(Populated::Dropped);
    }
    let address = builder.get("__address__").unwrap_or("").to_owned();
    if address.is_empty() {
        return Err("no address".to_owned());
    }
    if address.contains('/') {
        return Err(format!("{address:?} is not a valid hostname"));
    }
    let time = |builder: &LabelsBuilder, label: &str, what: &str| {
        let text = builder.get(label).unwrap_or("").to_owned();
        let duration = parse_duration(&text).map_err(|e| format!("error parsing scrape {what}: {e}"))?;
        if duration.is_zero() { Err(format!("scrape {what} cannot be 0")) } else { Ok((duration, text)) }
    };
    let (interval, interval_text) = time(&builder, "__scrape_interval__", "interval")?;
    let (timeout, timeout_text) = time(&builder, "__scrape_timeout__", "timeout")?;
    if timeout > interval {
        return Err(format!(
            "scrape timeout cannot be greater than scrape interval ({timeout_text:?} > {interval_text:?})"
        ));
    }
    builder.retain(|name, _| !name.starts_with(META));
    if builder.get("instance").is_none() {
        builder.set("instance", &address);
    }
    let all = builder.build();
    let (url, shown_url) = target_url(&all, config)?;
    let labels = Labels::from_sorted(all.iter().filter(|(name, _)| !name.starts_with(PRIVATE)));
    let hash = all.hash64() ^ xxhash_rust::xxh3::xxh3_64(shown_url.as_bytes()).rotate_left(1);
    Ok(Populated::Target(Box::new(Target { labels, url, shown_url, interval, timeout, hash })))
}

/// Where a target is scraped: for the request, and as people see it.
fn target_url(labels: &Labels, config: &ScrapeConfig) -> Result<(Url, String), String> {
    let scheme = labels.value("__scheme__");
    let address = labels.value("__address__");
    if !matches!(scheme, "http" | "https") {
        return Err(format!("invalid scheme: {scheme:?}"));
    }
    let mut params: BTreeMap<&str, Vec<&str>> =
        config.params.iter().map(|(k, v)| (k.as_str(), v.iter().map(String::as_str).collect())).collect();
    for (name, value) in labels.iter() {
        let Some(name) = name.strip_prefix(PARAM) else { continue };
        let values = params.entry(name).or_default();
        match values.first_mut() {
            Some(first) => *first = value,
            None => values.push(value),
        }
    }
    let base = format!("{scheme}://{address}");
    let mut url = Url::parse(&base).map_err(|e| format!("invalid address {address:?}: {e}"))?;
    url.set_path(labels.value("__metrics_path__"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, values) in &params {
        for value in values {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let mut shown = format!("{base}{}", url.path());
    if !query.is_empty() {
        shown = format!("{shown}?{query}");
        url.set_query(Some(&query));
    }
    Ok((url, shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::testing;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn labels(pairs: Pairs<'_>) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    fn populated(yaml: &str, target: Pairs<'_>, group: Pairs<'_>) -> Result<Populated, String> {
        let job = testing::job(yaml);
        let group = TargetGroup { labels: labels(group), ..TargetGroup::default() };
        let discovered = discovered_labels(&labels(target), &group, &job.config);
        populate(&discovered, &job.relabel, &job.config)
    }

    fn target(yaml: &str, target: Pairs<'_>, group: Pairs<'_>) -> Target {
        match populated(yaml, target, group) {
            Ok(Populated::Target(target)) => *target,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn settings_become_labels_and_labels_settings() {
        let job = testing::job("params: {module: [a, b]}\nscrape_interval: 90s");
        let group = TargetGroup {
            labels: labels(&[("job", "from group"), ("x", "group")]),
            ..TargetGroup::default()
        };
        let found = discovered_labels(&labels(&[("__address__", "h:1"), ("x", "own")]), &group, &job.config);
        let want = labels(&[
            ("__address__", "h:1"),
            ("__metrics_path__", "/metrics"),
            ("__param_module", "a"),
            ("__scheme__", "http"),
            ("__scrape_interval__", "1m30s"),
            ("__scrape_timeout__", "10s"),
            ("job", "from group"),
            ("x", "own"),
        ]);
        assert_eq!(found, want);
        let Ok(Populated::Target(t)) = populate(&found, &job.relabel, &job.config) else { panic!("kept") };
        assert_eq!(t.labels, labels(&[("instance", "h:1"), ("job", "from group"), ("x", "own")]));
        assert_eq!(t.shown_url, "http://h:1/metrics?module=a&module=b");
        assert_eq!(t.interval, Duration::from_secs(90));
    }

    #[test]
    fn rules_may_change_everything() {
        let yaml = "relabel_configs:\n\
            - {source_labels: [__address__], target_label: __param_target}\n\
            - {source_labels: [__param_target], target_label: instance}\n\
            - {target_label: __address__, replacement: 'prober:9115'}\n\
            - {target_label: __scheme__, replacement: https}\n\
            - {target_label: __metrics_path__, replacement: /probe}\n\
            - {target_label: __scrape_interval__, replacement: 5s}\n\
            - {target_label: __scrape_timeout__, replacement: 1s}\n";
        let t = target(yaml, &[("__address__", "http-host"), ("__meta_a", "b")], &[]);
        assert_eq!(t.shown_url, "https://prober:9115/probe?target=http-host");
        assert_eq!(t.labels, labels(&[("instance", "http-host"), ("job", "test")]));
        assert_eq!((t.interval, t.timeout), (Duration::from_secs(5), Duration::from_secs(1)));
    }

    #[test]
    fn addresses_stay_as_they_are() {
        let t = target("scheme: https", &[("__address__", "host:443")], &[]);
        assert_eq!(
            (t.shown_url.as_str(), t.labels.value("instance")),
            ("https://host:443/metrics", "host:443")
        );
        let t = target("", &[("__address__", "[::1]")], &[]);
        assert_eq!((t.shown_url.as_str(), t.labels.value("instance")), ("http://[::1]/metrics", "[::1]"));
        let t = target("metrics_path: a b?c", &[("__address__", "h")], &[]);
        assert_eq!(t.shown_url, "http://h/a%20b%3Fc");
    }

    #[test]
    fn equal_targets_have_equal_hashes() {
        let hash = |pairs: Pairs<'_>| target("", pairs, &[]).hash;
        let one = hash(&[("__address__", "h:1"), ("__meta_x", "1")]);
        assert_eq!(one, hash(&[("__address__", "h:1"), ("__meta_x", "2")]));
        assert_ne!(one, hash(&[("__address__", "h:1"), ("a", "b")]));
        assert_ne!(one, hash(&[("__address__", "h:1"), ("__metrics_path__", "/x"), ("instance", "h:1")]));
    }

    #[test]
    fn says_why_a_target_cannot_be() {
        let check = |yaml: &str, pairs: Pairs<'_>, want: &str| {
            assert_eq!(populated(yaml, pairs, &[]), Err(want.to_owned()));
        };
        check("", &[("a", "b")], "no address");
        check("", &[("__address__", "http://h/x")], "\"http://h/x\" is not a valid hostname");
        check("", &[("__address__", "h"), ("__scheme__", "ftp")], "invalid scheme: \"ftp\"");
        check(
            "",
            &[("__address__", "h"), ("__scrape_interval__", "soon")],
            "error parsing scrape interval: not a valid duration string: \"soon\"",
        );
        check("", &[("__address__", "h"), ("__scrape_timeout__", "0")], "scrape timeout cannot be 0");
        check(
            "",
            &[("__address__", "h"), ("__scrape_interval__", "1s")],
            "scrape timeout cannot be greater than scrape interval (\"10s\" > \"1s\")",
        );
        let drop = "relabel_configs: [{source_labels: [a], regex: b, action: drop}]";
        assert_eq!(populated(drop, &[("a", "b")], &[]), Ok(Populated::Dropped));
    }
}
