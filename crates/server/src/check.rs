//! `pharos check`: reads files as the server would and prints what is wrong with them.
//!
//! Faults go to standard error, a line each, and make the exit code 2; what is only worth knowing is printed and
//! changes nothing.

use crate::cli::Check;
use model::{Labels, MetricType};
use promconfig::lint::{Family, lint_config, lint_families};
use promconfig::{Fault, LoadOptions, RuleOptions};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use wire::exposition::{Entry, Options, Parser, Protocol};

/// Exit code of a bad file.
const BAD: u8 = 2;
/// An interval longer than this loses its series between scrapes.
const LOOKBACK: Duration = Duration::from_secs(300);

pub fn run(what: Check) -> ExitCode {
    let good = match what {
        Check::Config { files } => files.iter().map(|f| config(f)).fold(true, |all, one| all & one),
        Check::Rules { files } => {
            files.iter().map(|f| rules(f, RuleOptions::default())).fold(true, |all, one| all & one)
        }
        Check::Metrics { files } => metrics(&files),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::from(BAD) }
}

/// A prometheus.yml, and the rule files it names. Other files that it names and that are not there are only told:
/// they may be there where the server runs.
fn config(path: &Path) -> bool {
    let config = match promconfig::load(path, &LoadOptions::default()) {
        Ok(config) => config,
        Err(faults) => return report(&faults),
    };
    promconfig::check_references(&config).iter().for_each(|missing| println!("warning: {missing}"));
    config.notices().iter().for_each(|notice| println!("warning: {notice}"));
    lint_config(path, &config, LOOKBACK).iter().for_each(|notice| println!("warning: {notice}"));
    let options =
        RuleOptions { names: config.global.metric_name_validation_scheme, ..RuleOptions::default() };
    let rule_files = promconfig::rule_paths(&config);
    let good = rule_files.iter().map(|f| rules(f, options)).fold(true, |all, one| all & one);
    if good {
        println!("{}: good, {} jobs, {} rule files", path.display(), config.jobs().count(), rule_files.len());
    }
    good
}

fn rules(path: &Path, options: RuleOptions) -> bool {
    match promconfig::load_rules(path, options, &expression) {
        Ok(file) => {
            promconfig::lint_rules(&file).iter().for_each(|notice| println!("warning: {notice}"));
            let count: usize = file.groups.iter().map(|g| g.rules.len()).sum();
            println!("{}: good, {} groups, {count} rules", path.display(), file.groups.len());
            true
        }
        Err(faults) => report(&faults),
    }
}

/// Whether an expression is PromQL; the error is where and why.
pub fn expression(text: &str) -> Result<(), (usize, String)> {
    match promql::parse(text, &promql::ParseOptions::all()) {
        Ok(_) => Ok(()),
        Err(errors) => {
            let at = errors.0.first().map_or(0, |e| e.pos.start);
            Err((at, errors.to_string()))
        }
    }
}

fn report(faults: &[Fault]) -> bool {
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    faults.is_empty()
}

fn metrics(files: &[PathBuf]) -> bool {
    if files.is_empty() {
        let mut body = Vec::new();
        if let Err(why) = std::io::stdin().read_to_end(&mut body) {
            eprintln!("standard input: {why}");
            return false;
        }
        return exposition("standard input", &body);
    }
    let check = |path: &PathBuf| match base::disk::read(path) {
        Ok(body) => exposition(&path.display().to_string(), &body),
        Err(why) => {
            eprintln!("{}: {why}", path.display());
            false
        }
    };
    files.iter().map(check).fold(true, |all, one| all & one)
}

/// Faults of the format and advice about the metrics both make it bad, as promtool has it.
fn exposition(name: &str, body: &[u8]) -> bool {
    let protocol = if body.ends_with(b"# EOF\n") {
        Protocol::OpenMetricsText1_0_0
    } else {
        Protocol::PrometheusText0_0_4
    };
    match families(body, protocol) {
        Ok(families) => {
            let advice = lint_families(&families);
            advice.iter().for_each(|a| eprintln!("{name}: {a}"));
            advice.is_empty()
        }
        Err((line, reason)) => {
            eprintln!("{name}:{line}: {reason}");
            false
        }
    }
}

/// The families of an exposition: a series goes to the family that has its name, or whose type gives it a suffix.
fn families(body: &[u8], protocol: Protocol) -> Result<Vec<Family>, (usize, String)> {
    let mut found: BTreeMap<String, Family> = BTreeMap::new();
    let mut parser = Parser::new(body, protocol, Options::default());
    while let Some(entry) = parser.next().map_err(|e| (e.line, e.to_string()))? {
        match entry {
            Entry::Type { family, metric_type } => {
                named(&mut found, family).metadata.metric_type = metric_type
            }
            Entry::Help { family, help } => named(&mut found, family).metadata.help = help.into_owned(),
            Entry::Unit { family, unit } => named(&mut found, family).metadata.unit = unit.to_owned(),
            Entry::Series(series) => {
                add_series(&mut found, &series.labels().map_err(|e| (e.line, e.to_string()))?);
            }
            Entry::Histogram(series) => {
                add_series(&mut found, &series.labels().map_err(|e| (e.line, e.to_string()))?);
            }
            Entry::Comment(_) => {}
        }
    }
    Ok(found.into_values().collect())
}

fn named<'f>(found: &'f mut BTreeMap<String, Family>, name: &str) -> &'f mut Family {
    found.entry(name.to_owned()).or_insert_with(|| Family { name: name.to_owned(), ..Family::default() })
}

fn add_series(found: &mut BTreeMap<String, Family>, labels: &Labels) {
    const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];
    let name = labels.metric_name();
    let edge_of = |metric_type| match metric_type {
        MetricType::Histogram | MetricType::GaugeHistogram => Some("le"),
        MetricType::Summary => Some("quantile"),
        _ => None,
    };
    let is_composed =
        |base: &&str| found.get(*base).is_some_and(|f| edge_of(f.metadata.metric_type).is_some());
    let base = PARTS.iter().filter_map(|suffix| name.strip_suffix(suffix)).find(is_composed);
    let family = named(found, base.unwrap_or(name));
    let edge = edge_of(family.metadata.metric_type);
    let own = labels.without(&[model::METRIC_NAME, edge.unwrap_or("")]);
    // The parts of a histogram or summary are one series of it.
    if edge.is_none() || !family.series.contains(&own) {
        family.series.push(own);
    }
}
