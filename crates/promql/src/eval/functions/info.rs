//! `info(v, selector)`: adds labels of info metrics (`target_info` by default) to the series of a vector.
//!
//! A series and an info series belong together when `instance` and `job` are the same. Which info series is current
//! is decided step by step, as of the time that the samples of the vector are from.

use super::super::Evaluator;
use super::super::column::{Cell, Evaluated, Grid, Series, Vector};
use super::super::labels::{ByKey, Part, add_into};
use super::super::pipe::Collect;
use super::super::plan::{Kind, Node, Select};
use super::super::selector::{InstantWork, Take};
use super::super::window::Windows;
use crate::ast::Extent;
use crate::engine::QueryError;
use crate::source::Hints;
use model::{Labels, METRIC_NAME, MatchOp, Matcher};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const IDENTIFYING: [&str; 2] = ["instance", "job"];
const TARGET_INFO: &str = "target_info";

/// Which info metrics, and which of their labels.
struct Wanted {
    names: Vec<Matcher>,
    data: Vec<Matcher>,
}

impl Wanted {
    fn new(selector: Option<&Node>) -> Result<Wanted, QueryError> {
        let matchers = match selector.map(|n| &n.kind) {
            Some(Kind::Select(select)) => select.matchers.clone(),
            _ => Vec::new(),
        };
        let (mut names, data): (Vec<Matcher>, Vec<Matcher>) =
            matchers.into_iter().partition(|m| m.name() == METRIC_NAME);
        if names.is_empty() {
            names.push(Matcher::equal(METRIC_NAME, TARGET_INFO));
        } else if names.iter().all(|m| matches!(m.op(), MatchOp::NotEqual | MatchOp::NotRegex)) {
            // What is only excluded is excluded from all info metrics.
            names.push(regex(METRIC_NAME, ".+_info")?);
        }
        Ok(Wanted { names, data })
    }

    fn is_info(&self, labels: &Labels) -> bool {
        self.names.iter().all(|m| m.matches(labels.metric_name()))
    }

    fn takes(&self, name: &str) -> bool {
        self.data.is_empty() || self.data.iter().any(|m| m.name() == name)
    }

    /// Whether series without any info metric stay.
    fn allows_none(&self) -> bool {
        self.data.iter().all(Matcher::matches_empty)
    }
}

fn regex(name: &str, pattern: &str) -> Result<Matcher, QueryError> {
    Matcher::new(name, MatchOp::Regex, pattern).map_err(|e| QueryError::Internal(e.to_string()))
}

/// The info series of one metric and target.
struct Candidates {
    /// Which info series is current at each step.
    current: Vec<Option<usize>>,
}

impl Evaluator<'_> {
    pub(super) fn info(&mut self, args: &[Node], grid: Grid) -> Result<Evaluated, QueryError> {
        let base = self.eval_vector(&args[0], grid)?;
        let wanted = Wanted::new(args.get(1))?;
        let infos = self.info_series(&args[0], &base, &wanted, grid)?;
        let candidates = candidates(&infos, grid)?;
        let mut out = Joined::default();
        for series in base {
            if wanted.is_info(&series.labels) {
                out.add(series, grid)?;
            } else {
                enrich(&series, &wanted, &infos, &candidates, grid, &mut out)?;
            }
        }
        Ok(Evaluated::Vector(out.series))
    }

    /// The info series of all targets that occur in a vector, with the times of their samples as values.
    fn info_series(
        &mut self,
        arg: &Node,
        base: &[Series],
        wanted: &Wanted,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for series in base.iter().filter(|s| !wanted.is_info(&s.labels)) {
            for name in IDENTIFYING {
                if let Some(value) = series.labels.get(name) {
                    ids.entry(name).or_default().insert(value);
                }
            }
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut matchers = wanted.names.clone();
        matchers.extend(wanted.data.iter().cloned());
        for (name, values) in ids {
            let values: Vec<String> = values.into_iter().map(regex::escape).collect();
            matchers.push(regex(name, &values.join("|"))?);
        }
        let (at, offset) = reference(arg);
        let hints = Hints { step_ms: grid.step, function: Some("info".to_owned()), ..Hints::default() };
        let select = Select { matchers, offset, at, extent: Extent::Plain, stats_only: false, hints };
        let windows = Windows::new(grid, self.lookback, offset, at, Extent::Plain, 0);
        let work = InstantWork { windows, take: Take::InfoTime, drop_name: false };
        let set = self.select(arg.id, &select, windows.reach())?;
        let guard = self.guard;
        let sinks = self.pipe(arg.id, &*set, &work, grid, || Collect::new(guard))?;
        Ok(Collect::gather(sinks))
    }
}

/// The time that the samples of an expression are from, by its first selector: a fixed one, or an offset to the step.
fn reference(node: &Node) -> (Option<i64>, i64) {
    fn walk(node: &Node, (at, offset): (Option<i64>, i64)) -> Option<(Option<i64>, i64)> {
        let through = |new_at: Option<i64>, new_offset: i64| match (new_at, at) {
            (Some(_), _) => (new_at, new_offset),
            (None, at) => (at, offset.saturating_add(new_offset)),
        };
        match &node.kind {
            Kind::Select(s) => Some(through(s.at, s.offset)),
            Kind::Range(r) => Some(through(r.select.at, r.select.offset)),
            Kind::Subquery(s) => walk(&s.expr, through(s.at, s.offset)),
            _ => node.children().into_iter().find_map(|child| walk(child, (at, offset))),
        }
    }
    walk(node, (None, 0)).unwrap_or((None, 0))
}

/// Finds for each metric and target which info series is current when: the one with the latest sample.
fn candidates(infos: &[Series], grid: Grid) -> Result<BTreeMap<String, ByKey<Candidates>>, QueryError> {
    let target = target();
    let mut by_name: BTreeMap<String, ByKey<Candidates>> = BTreeMap::new();
    let mut buffer = Vec::new();
    for (i, info) in infos.iter().enumerate() {
        let of_target = by_name.entry(info.labels.metric_name().to_owned()).or_default();
        let candidates = of_target
            .entry(target.key(&info.labels, &mut buffer))
            .or_insert_with(|| Candidates { current: vec![None; grid.steps] });
        for step in 0..grid.steps {
            let Cell::Float(t) = info.cell(step) else { continue };
            let rival = candidates.current[step].map(|j| (j, infos[j].floats[step]));
            match rival {
                Some((_, other)) if other > t => {}
                Some((j, other)) if other == t => {
                    let (a, b, t) = (&infos[j].labels, &info.labels, t as i64);
                    let text =
                        format!("found duplicate series for info metric: existing {a} @ {t}, new {b} @ {t}");
                    return Err(QueryError::Execution(text));
                }
                _ => candidates.current[step] = Some(i),
            }
        }
    }
    Ok(by_name)
}

fn target() -> Part {
    Part::by(&IDENTIFYING.map(str::to_owned))
}

/// Series put together step by step.
#[derive(Default)]
struct Joined {
    series: Vector,
    by_labels: HashMap<Labels, usize>,
}

impl Joined {
    fn at(&mut self, labels: Labels, drop_name: bool) -> usize {
        let next = self.series.len();
        let at = *self.by_labels.entry(labels.clone()).or_insert(next);
        if at == next {
            self.series.push(Series { drop_name, ..Series::floats(labels, Vec::new()) });
        }
        at
    }

    fn add(&mut self, series: Series, grid: Grid) -> Result<(), QueryError> {
        let at = self.at(series.labels.clone(), series.drop_name);
        add_into(&mut self.series[at], &series, grid.steps)
    }
}

fn enrich(
    series: &Series,
    wanted: &Wanted,
    infos: &[Series],
    candidates: &BTreeMap<String, ByKey<Candidates>>,
    grid: Grid,
    out: &mut Joined,
) -> Result<(), QueryError> {
    let key = target().key(&series.labels, &mut Vec::new());
    let matching: Vec<&Candidates> = candidates.values().filter_map(|c| c.get(&key)).collect();
    // The combination of info series seldom changes from step to step.
    let mut last: Option<(Vec<usize>, Option<usize>)> = None;
    for step in 0..grid.steps {
        let cell = series.cell(step);
        if matches!(cell, Cell::Absent) {
            continue;
        }
        let current: Vec<usize> = matching.iter().filter_map(|c| c.current[step]).collect();
        let target = match &last {
            Some((combination, target)) if *combination == current => *target,
            _ => {
                let labels = joined_labels(series, wanted, infos, &current)?;
                labels.map(|labels| out.at(labels, series.drop_name))
            }
        };
        last = Some((current, target));
        let Some(target) = target else { continue };
        let into = &mut out.series[target];
        if into.is_present(step) {
            return Err(super::super::labels::duplicate());
        }
        into.set(step, grid.steps, cell);
    }
    Ok(())
}

/// The labels of a series with those of its info series; `None` when it has none and needs some.
fn joined_labels(
    series: &Series,
    wanted: &Wanted,
    infos: &[Series],
    current: &[usize],
) -> Result<Option<Labels>, QueryError> {
    if current.is_empty() && !wanted.allows_none() {
        return Ok(None);
    }
    let mut builder = series.labels.to_builder();
    let mut added: BTreeMap<&str, &str> = BTreeMap::new();
    for info in current {
        for (name, value) in infos[*info].labels.iter() {
            if name == METRIC_NAME || !wanted.takes(name) {
                continue;
            }
            if added.get(name).is_some_and(|v| *v != value) {
                return Err(QueryError::Execution(format!("conflicting label: {name}")));
            }
            if series.labels.get(name).is_none() {
                added.insert(name, value);
                builder.set(name, value);
            }
        }
    }
    Ok(Some(builder.build()))
}
