//! Aggregates: what is asked of each group, and what is kept of it while rows come.

use super::super::columns::Wanted;
use super::super::distinct::{Distinct, hash_of};
use super::super::keys::{KeyCoder, KeyPlan};
use super::super::numbers::NumberPlan;
use super::super::plan::Plan;
use super::super::sketch::Sketch;
use super::super::sweep::Rows;
use crate::answer::{Cell, CellType, Unit};
use crate::lang::closest;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, UInt8Type};
use events::scan::ColumnRef;
use model::event::{Kind, severity};

#[derive(Debug)]
pub(super) enum Aggregate {
    Count,
    /// Events a second of the range.
    Rate,
    /// The share of failed ones.
    ErrorRate(Failed),
    Number(NumberOf, Option<NumberPlan>),
    Distinct(Option<KeyPlan>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NumberOf {
    Sum,
    Avg,
    Min,
    Max,
    Quantile(f64),
}

/// How it is seen that an event stands for a failure.
#[derive(Debug)]
pub(super) enum Failed {
    /// The status of a span, in this column.
    Status(usize),
    Severity(usize),
    Always,
}

const NAMES: [&str; 13] = [
    "count",
    "rate",
    "error_rate",
    "sum",
    "avg",
    "min",
    "max",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "count_distinct",
];

impl Aggregate {
    pub fn parse(text: &str, plan: &Plan<'_>, wanted: &mut Wanted) -> Result<Aggregate, String> {
        let text = text.trim();
        let (name, field) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => match rest.strip_suffix(')') {
                Some(field) => (name, Some(field.trim()).filter(|field| !field.is_empty() && *field != "*")),
                None => return Err(format!("`{text}`: the parenthesis is not closed")),
            },
        };
        match (name, field) {
            ("count", None) => return Ok(Aggregate::Count),
            ("rate", None) => return Ok(Aggregate::Rate),
            ("error_rate", None) => return Ok(Aggregate::ErrorRate(Failed::new(plan.kind, wanted))),
            _ => {}
        }
        let number = match name {
            "sum" => NumberOf::Sum,
            "avg" | "mean" => NumberOf::Avg,
            "min" => NumberOf::Min,
            "max" => NumberOf::Max,
            "median" => NumberOf::Quantile(0.5),
            "count" | "rate" | "error_rate" => return Err(format!("{name} takes no field")),
            "count_distinct" => {
                let field = field.ok_or("count_distinct needs a field: count_distinct(user.id)")?;
                let key = KeyPlan::new(plan.kind, field, plan.columns(), wanted);
                return Ok(Aggregate::Distinct(known(key, field, plan)));
            }
            name => match name.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok()) {
                Some(percent) if (0.0..=100.0).contains(&percent) => NumberOf::Quantile(percent / 100.0),
                _ => {
                    let near =
                        closest(name, NAMES).map_or(String::new(), |name| format!("; did you mean {name}?"));
                    return Err(format!("there is no aggregate `{name}`{near}"));
                }
            },
        };
        let field = field.ok_or_else(|| format!("{name} needs a field: {name}(duration)"))?;
        let numbers = NumberPlan::new(plan.kind, field, plan.columns(), wanted);
        Ok(Aggregate::Number(number, known(numbers, field, plan)))
    }

    pub fn cell_type(&self) -> (CellType, Option<Unit>) {
        match self {
            Aggregate::Count | Aggregate::Distinct(_) => (CellType::Int, None),
            Aggregate::Rate => (CellType::Double, Some(Unit::PerSecond)),
            Aggregate::ErrorRate(_) => (CellType::Double, Some(Unit::Ratio)),
            Aggregate::Number(number, plan) => {
                let whole = plan.as_ref().is_some_and(|plan| plan.whole);
                let unit = plan.as_ref().filter(|plan| plan.duration).map(|_| Unit::Nanoseconds);
                let exact = matches!(number, NumberOf::Sum | NumberOf::Min | NumberOf::Max);
                // A duration is a whole number of nanoseconds, of an average too.
                let whole = whole && (exact || unit.is_some());
                (if whole { CellType::Int } else { CellType::Double }, unit)
            }
        }
    }
}

fn known<T>(found: Option<T>, field: &str, plan: &Plan<'_>) -> Option<T> {
    if found.is_none() {
        plan.guard.warn(format!("no event in this range has the field {field}"));
    }
    found
}

impl Failed {
    fn new(kind: Kind, wanted: &mut Wanted) -> Failed {
        match kind {
            Kind::Span => Failed::Status(wanted.add(ColumnRef::dictionary("status"))),
            Kind::Log => {
                Failed::Severity(wanted.add(ColumnRef::new("severity", arrow::datatypes::DataType::UInt8)))
            }
            Kind::Error => Failed::Always,
        }
    }

    fn each(&self, rows: &Rows<'_>, groups: &[(u32, u32)], mut failed: impl FnMut(usize)) {
        match self {
            Failed::Always => groups.iter().for_each(|(_, group)| failed(*group as usize)),
            Failed::Severity(column) => {
                let numbers = rows.columns[*column].as_primitive::<UInt8Type>().values();
                let bad = groups.iter().filter(|(row, _)| numbers[*row as usize] >= severity::ERROR);
                bad.for_each(|(_, group)| failed(*group as usize));
            }
            Failed::Status(column) => {
                let Some(status) = rows.columns[*column].as_dictionary_opt::<Int32Type>() else { return };
                let Some(names) = status.values().as_string_opt::<i32>() else { return };
                let table: Vec<bool> = names.iter().map(|name| name == Some("error")).collect();
                if !table.contains(&true) {
                    return;
                }
                let keys = status.keys();
                let is_bad = |row: usize| keys.is_valid(row) && table[keys.value(row) as usize];
                let bad = groups.iter().filter(|(row, _)| is_bad(*row as usize));
                bad.for_each(|(_, group)| failed(*group as usize));
            }
        }
    }
}

/// What is kept of an aggregate, by group.
pub(super) enum State {
    Nothing,
    Failed(Vec<u64>),
    /// Sum and how many.
    Sums(Vec<(f64, u64)>, Vec<f64>),
    /// The least or the largest; NaN for none yet.
    Extremes(Vec<f64>, Vec<f64>, bool),
    Sketches(Vec<Sketch>, Vec<f64>),
    /// Counters, the coder of the field, hashes of its texts by code, and codes of the rows at hand.
    Distinct(Vec<Distinct>, Option<KeyCoder>, Vec<u64>, Vec<u32>),
}

impl State {
    pub fn new(aggregate: &Aggregate) -> State {
        match aggregate {
            Aggregate::Count | Aggregate::Rate => State::Nothing,
            Aggregate::ErrorRate(_) => State::Failed(Vec::new()),
            Aggregate::Number(NumberOf::Sum | NumberOf::Avg, _) => State::Sums(Vec::new(), Vec::new()),
            Aggregate::Number(NumberOf::Min, _) => State::Extremes(Vec::new(), Vec::new(), false),
            Aggregate::Number(NumberOf::Max, _) => State::Extremes(Vec::new(), Vec::new(), true),
            Aggregate::Number(NumberOf::Quantile(_), _) => State::Sketches(Vec::new(), Vec::new()),
            Aggregate::Distinct(key) => {
                State::Distinct(Vec::new(), key.as_ref().map(KeyCoder::new), vec![0], Vec::new())
            }
        }
    }

    fn grow(&mut self, groups: usize) {
        match self {
            State::Nothing => {}
            State::Failed(counts) => counts.resize(groups, 0),
            State::Sums(sums, _) => sums.resize(groups, (0.0, 0)),
            State::Extremes(values, ..) => values.resize(groups, f64::NAN),
            State::Sketches(sketches, _) => sketches.resize_with(groups, Sketch::default),
            State::Distinct(counters, ..) => counters.resize_with(groups, Distinct::default),
        }
    }

    /// Takes the rows in; `groups` are row and group of each that matches, of `count` groups.
    pub fn add(&mut self, aggregate: &Aggregate, rows: &Rows<'_>, groups: &[(u32, u32)], count: usize) {
        self.grow(count);
        match (self, aggregate) {
            (State::Failed(counts), Aggregate::ErrorRate(failed)) => {
                failed.each(rows, groups, |group| counts[group] += 1);
            }
            (State::Sums(sums, scratch), Aggregate::Number(_, Some(plan))) => {
                plan.read(rows.columns, rows.len, scratch);
                for (row, group) in groups {
                    let value = scratch[*row as usize];
                    if !value.is_nan() {
                        let sum = &mut sums[*group as usize];
                        sum.0 += value;
                        sum.1 += 1;
                    }
                }
            }
            (State::Extremes(extremes, scratch, largest), Aggregate::Number(_, Some(plan))) => {
                plan.read(rows.columns, rows.len, scratch);
                for (row, group) in groups {
                    let (value, extreme) = (scratch[*row as usize], &mut extremes[*group as usize]);
                    // Of a number and what is none, both give the number.
                    *extreme = if *largest { extreme.max(value) } else { extreme.min(value) };
                }
            }
            (State::Sketches(sketches, scratch), Aggregate::Number(_, Some(plan))) => {
                plan.read(rows.columns, rows.len, scratch);
                for (row, group) in groups {
                    sketches[*group as usize].add(scratch[*row as usize]);
                }
            }
            (State::Distinct(counters, Some(coder), hashes, codes), _) => {
                coder.codes(rows.columns, rows.len, rows.mask, codes);
                let known = hashes.len() as u32..=coder.interner.len() as u32;
                hashes.extend(
                    known.filter_map(|code| coder.interner.text(code)).map(|text| hash_of(text.as_bytes())),
                );
                for (row, group) in groups {
                    match codes[*row as usize] {
                        0 => {}
                        code => counters[*group as usize].add(hashes[code as usize]),
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes in a group of another thread.
    pub fn join(&mut self, into: usize, other: &State, from: usize, count: usize) {
        self.grow(count);
        match (self, other) {
            (State::Failed(mine), State::Failed(theirs)) => mine[into] += theirs[from],
            (State::Sums(mine, _), State::Sums(theirs, _)) => {
                mine[into].0 += theirs[from].0;
                mine[into].1 += theirs[from].1;
            }
            (State::Extremes(mine, _, largest), State::Extremes(theirs, ..)) => {
                let (a, b) = (mine[into], theirs[from]);
                mine[into] = if *largest { a.max(b) } else { a.min(b) };
            }
            (State::Sketches(mine, _), State::Sketches(theirs, _)) => mine[into].merge(&theirs[from]),
            (State::Distinct(mine, ..), State::Distinct(theirs, ..)) => mine[into].merge(&theirs[from]),
            _ => {}
        }
    }

    /// The value of a group of `count` events.
    pub fn cell(&self, group: usize, count: u64, seconds: f64, aggregate: &Aggregate) -> Cell {
        let number = |value: Option<f64>| match value.filter(|value| !value.is_nan()) {
            None => Cell::Null,
            Some(value) if aggregate.cell_type().0 == CellType::Int => Cell::Int(value.round() as i64),
            Some(value) => Cell::Double(value),
        };
        match (self, aggregate) {
            (_, Aggregate::Rate) if seconds > 0.0 => Cell::Double(count as f64 / seconds),
            (_, Aggregate::Rate) => Cell::Null,
            (State::Nothing, _) => Cell::Int(count as i64),
            (State::Failed(_), _) if count == 0 => Cell::Null,
            (State::Failed(failed), _) => Cell::Double(failed[group] as f64 / count as f64),
            (State::Sums(sums, _), Aggregate::Number(NumberOf::Avg, _)) => {
                number(sums.get(group).filter(|(_, n)| *n > 0).map(|(sum, n)| sum / *n as f64))
            }
            (State::Sums(sums, _), _) => number(sums.get(group).filter(|(_, n)| *n > 0).map(|(sum, _)| *sum)),
            (State::Extremes(values, ..), _) => number(values.get(group).copied()),
            (State::Sketches(sketches, _), Aggregate::Number(NumberOf::Quantile(q), _)) => {
                number(sketches.get(group).and_then(|sketch| sketch.quantile(*q)))
            }
            (State::Sketches(..), _) => Cell::Null,
            (State::Distinct(counters, ..), _) => {
                Cell::Int(counters.get(group).map_or(0, Distinct::count) as i64)
            }
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            State::Nothing => 0,
            State::Failed(counts) => counts.len() * 8,
            State::Sums(sums, _) => sums.len() * 16,
            State::Extremes(values, ..) => values.len() * 8,
            State::Sketches(sketches, _) => sketches.iter().map(|s| s.bytes() + size_of::<Sketch>()).sum(),
            State::Distinct(counters, coder, hashes, _) => {
                let interner = coder.as_ref().map_or(0, |coder| coder.interner.bytes());
                counters.iter().map(|c| c.bytes() + size_of::<Distinct>()).sum::<usize>()
                    + interner
                    + hashes.len() * 8
            }
        }
    }
}
