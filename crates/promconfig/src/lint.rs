//! Advice about metrics as a program exposes them, and about configurations: nothing here is an error.
//!
//! The rules for metrics are the conventions at <https://prometheus.io/docs/practices/naming/>.

use crate::config::Config;
use crate::fault::Notice;
use model::{Labels, Metadata, metadata::MetricType};
use std::path::Path;
use std::time::Duration;

/// A metric family as it was exposed.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// Without the suffixes of its series.
    pub name: String,
    /// An empty help text is an absent one.
    pub metadata: Metadata,
    /// The labels of its series, without those that its type demands (`le` of a histogram, `quantile` of a summary).
    pub series: Vec<Labels>,
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub metric: String,
    pub text: String,
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.metric, self.text)
    }
}

/// What could be better about a family.
pub fn lint_family(family: &Family) -> Vec<Advice> {
    let mut texts = Vec::new();
    if family.metadata.help.is_empty() {
        texts.push("no help text".to_owned());
    }
    lint_units(&family.name, &mut texts);
    lint_suffixes(family, &mut texts);
    lint_name(family, &mut texts);
    lint_labels(family, &mut texts);
    texts.into_iter().map(|text| Advice { metric: family.name.clone(), text }).collect()
}

/// What could be better about families together: each name once, each series once.
pub fn lint_families(families: &[Family]) -> Vec<Advice> {
    let mut advice: Vec<Advice> = families.iter().flat_map(lint_family).collect();
    for family in families {
        let mut series: Vec<&Labels> = family.series.iter().collect();
        series.sort();
        if series.windows(2).any(|pair| pair[0] == pair[1]) {
            advice.push(Advice { metric: family.name.clone(), text: "metric not unique".to_owned() });
        }
    }
    advice.sort_by(|a, b| (&a.metric, &a.text).cmp(&(&b.metric, &b.text)));
    advice.dedup();
    advice
}

/// A unit and what should be used instead of it; itself for base units.
const UNITS: [(&str, &str); 25] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
    ("feet", "meters"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mebi",
    "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

fn lint_units(name: &str, texts: &mut Vec<String>) {
    let lookup = |word: &str| UNITS.iter().find(|(unit, _)| *unit == word).map(|(_, base)| *base);
    let unit = name.split('_').find_map(|word| {
        let prefixed = || PREFIXES.iter().find_map(|p| word.strip_prefix(p).and_then(lookup));
        lookup(word).or_else(prefixed).map(|base| (word, base))
    });
    if let Some((unit, base)) = unit
        && unit != base
    {
        texts.push(format!("use base unit \"{base}\" instead of \"{unit}\""));
    }
    let name = name.to_ascii_lowercase();
    if name.split('_').skip(1).any(|word| ABBREVIATIONS.contains(&word)) {
        texts.push("metric names should not contain abbreviated units".to_owned());
    }
}

fn lint_suffixes(family: &Family, texts: &mut Vec<String>) {
    let kind = family.metadata.metric_type;
    // What has no type may be anything.
    if kind == MetricType::Unknown {
        return;
    }
    let ends = |suffix: &str| family.name.ends_with(suffix);
    let histogram = matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram);
    let summary = kind == MetricType::Summary;
    let rules = [
        (kind == MetricType::Counter && !ends("_total"), "counter metrics should have \"_total\" suffix"),
        (
            kind != MetricType::Counter && ends("_total"),
            "non-counter metrics should not have \"_total\" suffix",
        ),
        (!histogram && ends("_bucket"), "non-histogram metrics should not have \"_bucket\" suffix"),
        (
            !histogram && !summary && ends("_count"),
            "non-histogram and non-summary metrics should not have \"_count\" suffix",
        ),
        (
            !histogram && !summary && ends("_sum"),
            "non-histogram and non-summary metrics should not have \"_sum\" suffix",
        ),
    ];
    texts.extend(rules.iter().filter(|(broken, _)| *broken).map(|(_, text)| (*text).to_owned()));
}

fn lint_name(family: &Family, texts: &mut Vec<String>) {
    let kind = family.metadata.metric_type;
    let lower = family.name.to_ascii_lowercase();
    // `go_info` is of type gauge by convention, and the word info is no type in the text format.
    let named = !matches!(kind, MetricType::Unknown | MetricType::Info)
        && lower.split('_').skip(1).any(|word| word == kind.as_str());
    if named {
        texts.push(format!("metric name should not include type '{}'", kind.as_str()));
    }
    if family.name.contains(':') {
        texts.push("metric names should not contain ':'".to_owned());
    }
    if is_camel_case(&family.name) {
        texts.push("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
}

fn lint_labels(family: &Family, texts: &mut Vec<String>) {
    let kind = family.metadata.metric_type;
    let mut names: Vec<&str> = family.series.iter().flat_map(|s| s.iter().map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if kind != MetricType::Unknown && kind != MetricType::Histogram && name == "le" {
            texts.push("non-histogram metrics should not have \"le\" label".to_owned());
        }
        if kind != MetricType::Unknown && kind != MetricType::Summary && name == "quantile" {
            texts.push("non-summary metrics should not have \"quantile\" label".to_owned());
        }
        if is_camel_case(name) {
            texts.push("label names should be written in 'snake_case' not 'camelCase'".to_owned());
        }
    }
}

/// A lower-case letter before an upper-case one.
fn is_camel_case(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// Jobs scraped less often than a query looks back: their series seem to end between two scrapes.
pub fn lint_config(file: &Path, config: &Config, lookback: Duration) -> Vec<Notice> {
    let long = config.jobs().filter(|job| job.scrape_interval >= lookback);
    long.map(|job| Notice {
        file: file.into(),
        line: job.line.0,
        field: "scrape_interval".to_owned(),
        text: format!(
            "too long scrape interval found, data point will be marked as stale. job: {}, interval: {}",
            job.job_name,
            base::units::format_duration(job.scrape_interval)
        ),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(name: &str, kind: MetricType, labels: &[&str]) -> Family {
        let metadata = Metadata { metric_type: kind, help: "h".to_owned(), unit: String::new() };
        let series = vec![Labels::from_pairs(labels.iter().map(|l| (*l, "v")))];
        Family { name: name.to_owned(), metadata, series }
    }

    fn texts(family: &Family) -> Vec<String> {
        lint_family(family).into_iter().map(|a| a.text).collect()
    }

    #[test]
    fn has_nothing_to_say_of_good_names() {
        assert!(texts(&family("http_requests_total", MetricType::Counter, &["code"])).is_empty());
        assert!(texts(&family("request_duration_seconds", MetricType::Histogram, &["le"])).is_empty());
        assert!(texts(&family("go_info", MetricType::Gauge, &["version"])).is_empty());
        assert!(texts(&family("anything_count", MetricType::Unknown, &["le"])).is_empty());
    }

    #[test]
    fn advises() {
        let check = |name: &str, kind, labels: &[&str], want: &str| {
            let texts = texts(&family(name, kind, labels));
            assert!(texts.iter().any(|t| t.contains(want)), "{name}: {texts:?}");
        };
        check("http_requests", MetricType::Counter, &[], "should have \"_total\"");
        check("http_requests_total", MetricType::Gauge, &[], "should not have \"_total\"");
        check(
            "x_milliseconds",
            MetricType::Gauge,
            &[],
            "use base unit \"seconds\" instead of \"milliseconds\"",
        );
        check("x_duration_ms", MetricType::Gauge, &[], "abbreviated");
        check("x_bucket", MetricType::Gauge, &[], "\"_bucket\"");
        check("x_sum", MetricType::Gauge, &[], "\"_sum\"");
        check("x_gauge", MetricType::Gauge, &[], "should not include type 'gauge'");
        check("a:b", MetricType::Gauge, &[], "':'");
        check("httpRequests", MetricType::Gauge, &[], "snake_case");
        check("x", MetricType::Gauge, &["le"], "\"le\"");
        check("x", MetricType::Gauge, &["quantile"], "\"quantile\"");
        check("x", MetricType::Gauge, &["fooBar"], "label names");
        let mut bare = family("x", MetricType::Gauge, &[]);
        bare.metadata.help.clear();
        assert_eq!(texts(&bare), ["no help text"]);
    }

    #[test]
    fn notices_repeated_series() {
        let mut twice = family("x", MetricType::Gauge, &["a"]);
        twice.series.push(twice.series[0].clone());
        assert_eq!(lint_families(&[twice])[0].text, "metric not unique");
    }
}
