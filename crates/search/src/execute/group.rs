//! Groups by the values of fields, with aggregates of each.

mod aggregate;

use super::columns::Wanted;
use super::keys::{Interner, KeyCoder, KeyPlan};
use super::plan::Plan;
use super::sweep::{Rows, pieces, sweep};
use super::table::GroupTable;
use crate::answer::{Cell, CellType, GroupColumn, Groups, SearchError};
use crate::ask::GroupAsk;
use crate::guard::Guard;
use crate::lang::closest;
use aggregate::{Aggregate, State};
use std::cmp::Ordering;

/// Groups of one question: with three aggregates each some 200 B, 100 MB, which the budget must have room for.
const GROUPS_MAX: usize = 500_000;

pub(crate) fn run(ask: &GroupAsk, plan: &Plan<'_>) -> Result<Groups, SearchError> {
    let question = Question::new(ask, plan)?;
    let pieces = pieces(plan, &plan.filter.prune);
    let threads = sweep(
        plan,
        &question.wanted.0,
        &pieces,
        || Part::new(&question),
        |part, rows| part.add(rows, &question, &plan.guard),
    )?;
    let mut parts = threads.into_iter();
    let mut all = parts.next().unwrap_or_else(|| Part::new(&question));
    for part in parts {
        all.join(&part, &question, &plan.guard)?;
    }
    question.answer(ask, all, plan)
}

struct Question {
    wanted: Wanted,
    /// Empty where no event has the field.
    keys: Vec<KeyPlan>,
    aggregates: Vec<Aggregate>,
    names: Vec<String>,
}

impl Question {
    fn new(ask: &GroupAsk, plan: &Plan<'_>) -> Result<Question, SearchError> {
        let parameter = |parameter, message: String| SearchError::Parameter { parameter, message };
        if ask.by.len() > GroupAsk::KEYS_MAX {
            return Err(parameter("by", format!("at most {} fields", GroupAsk::KEYS_MAX)));
        }
        if ask.aggregates.len() > GroupAsk::AGGREGATES_MAX {
            return Err(parameter("agg", format!("at most {} aggregates", GroupAsk::AGGREGATES_MAX)));
        }
        if ask.limit == 0 || ask.limit > GroupAsk::LIMIT_MAX {
            return Err(parameter("limit", format!("1 to {}", GroupAsk::LIMIT_MAX)));
        }
        let mut wanted = Wanted::default();
        let mut keys = Vec::new();
        for field in &ask.by {
            let key = KeyPlan::new(plan.kind, field, plan.columns(), &mut wanted);
            keys.push(key.unwrap_or_else(|| {
                plan.guard.warn(format!("no event in this range has the field {field}"));
                KeyPlan::default()
            }));
        }
        let count = ["count".to_owned()];
        let names = if ask.aggregates.is_empty() { &count[..] } else { &ask.aggregates[..] };
        let mut aggregates = Vec::new();
        for name in names {
            aggregates.push(Aggregate::parse(name, plan, &mut wanted).map_err(|m| parameter("agg", m))?);
        }
        let names = ask.by.iter().chain(names).cloned().collect();
        Ok(Question { wanted, keys, aggregates, names })
    }

    fn columns(&self) -> Vec<GroupColumn> {
        let keys = self.keys.len();
        let column = |(at, name): (usize, &String)| {
            let (value_type, unit) = match at.checked_sub(keys) {
                None => (CellType::Str, None),
                Some(at) => self.aggregates[at].cell_type(),
            };
            GroupColumn { name: name.clone(), value_type, unit }
        };
        self.names.iter().enumerate().map(column).collect()
    }

    /// The column to sort by, and whether the largest comes first.
    fn order(&self, ask: &GroupAsk) -> Result<(usize, bool), SearchError> {
        let Some(order) = &ask.order else { return Ok((self.keys.len(), true)) };
        let (name, descending) = match order.strip_prefix('-') {
            Some(name) => (name, true),
            None => (order.as_str(), false),
        };
        match self.names.iter().position(|known| known == name) {
            Some(at) => Ok((at, descending)),
            None => {
                let near = closest(name, self.names.iter().map(String::as_str));
                let hint = near.map_or(String::new(), |name| format!("; did you mean {name}?"));
                let message = format!("there is no column {name}{hint}");
                Err(SearchError::Parameter { parameter: "order", message })
            }
        }
    }

    fn answer(&self, ask: &GroupAsk, all: Part, plan: &Plan<'_>) -> Result<Groups, SearchError> {
        let seconds = plan.range.end_ns.saturating_sub(plan.range.start_ns) as f64 / 1e9;
        let mut rows = Vec::with_capacity(all.table.len());
        for group in 0..all.table.len() {
            let keys = all.table.codes(group).iter().zip(&all.coders);
            let mut row: Vec<Cell> = keys
                .map(|(code, coder)| {
                    coder.interner.text(*code).map_or(Cell::Null, |text| Cell::Str(text.to_string()))
                })
                .collect();
            let states = all.states.iter().zip(&self.aggregates);
            row.extend(
                states.map(|(state, aggregate)| state.cell(group, all.counts[group], seconds, aggregate)),
            );
            rows.push(row);
        }
        // Without keys there is one group, even of nothing.
        if self.keys.is_empty() && rows.is_empty() {
            let part = Part::new(self);
            let states = part.states.iter().zip(&self.aggregates);
            rows.push(states.map(|(state, aggregate)| state.cell(0, 0, seconds, aggregate)).collect());
        }
        let (by, descending) = self.order(ask)?;
        rows.sort_by(|a, b| compare(&a[by], &b[by], descending).then_with(|| all_cells(a, b)));
        let groups = rows.len() as u64;
        rows.truncate(ask.limit);
        let mut stats = plan.stats();
        stats.matched_rows = (!stats.partial).then(|| all.counts.iter().sum());
        Ok(Groups { columns: self.columns(), rows, groups, stats })
    }
}

/// What has no value is last, whatever the order.
fn compare(a: &Cell, b: &Cell, descending: bool) -> Ordering {
    let number = |cell: &Cell| match cell {
        Cell::Int(value) => *value as f64,
        Cell::Double(value) => *value,
        _ => f64::NAN,
    };
    match (a, b) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Greater,
        (_, Cell::Null) => Ordering::Less,
        (Cell::Str(a), Cell::Str(b)) if descending => b.cmp(a),
        (Cell::Str(a), Cell::Str(b)) => a.cmp(b),
        (a, b) if descending => number(b).total_cmp(&number(a)),
        (a, b) => number(a).total_cmp(&number(b)),
    }
}

/// So that equal rows come in one order each time.
fn all_cells(a: &[Cell], b: &[Cell]) -> Ordering {
    a.iter().zip(b).map(|(a, b)| compare(a, b, false)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// What one thread has found.
struct Part {
    coders: Vec<KeyCoder>,
    table: GroupTable,
    counts: Vec<u64>,
    states: Vec<State>,
    codes: Vec<Vec<u32>>,
    /// Row and group of each row that matches.
    groups: Vec<(u32, u32)>,
    /// Bytes that the guard holds for this.
    held: usize,
}

impl Part {
    fn new(question: &Question) -> Part {
        let keys = question.keys.len();
        Part {
            coders: question.keys.iter().map(KeyCoder::new).collect(),
            table: GroupTable::new(keys),
            counts: Vec::new(),
            states: question.aggregates.iter().map(State::new).collect(),
            codes: vec![Vec::new(); keys],
            groups: Vec::new(),
            held: 0,
        }
    }

    fn add(&mut self, rows: &Rows<'_>, question: &Question, guard: &Guard<'_>) -> Result<bool, SearchError> {
        for (coder, codes) in self.coders.iter_mut().zip(&mut self.codes) {
            coder.codes(rows.columns, rows.len, rows.mask, codes);
        }
        let largest: Vec<u32> = self.coders.iter().map(|coder| coder.interner.len() as u32).collect();
        self.table.reserve(&largest);
        match rows.mask {
            None => self.table.groups(&self.codes, 0..rows.len, &mut self.groups),
            Some(mask) => self.table.groups(&self.codes, mask.set_indices(), &mut self.groups),
        }
        self.counts.resize(self.table.len(), 0);
        for (_, group) in &self.groups {
            self.counts[*group as usize] += 1;
        }
        for (state, aggregate) in self.states.iter_mut().zip(&question.aggregates) {
            state.add(aggregate, rows, &self.groups, self.table.len());
        }
        self.hold(guard)?;
        if self.table.len() > GROUPS_MAX {
            guard.mark_partial(format!(
                "there are more than {GROUPS_MAX} groups: only some events were counted"
            ));
            return Ok(false);
        }
        Ok(true)
    }

    fn hold(&mut self, guard: &Guard<'_>) -> Result<(), SearchError> {
        let interners: usize = self.coders.iter().map(|coder| coder.interner.bytes()).sum();
        let states: usize = self.states.iter().map(State::bytes).sum();
        let bytes = interners + self.table.bytes() + self.counts.len() * 8 + states;
        if bytes > self.held {
            guard.hold((bytes - self.held) as u64)?;
            self.held = bytes;
        }
        Ok(())
    }

    fn join(&mut self, other: &Part, question: &Question, guard: &Guard<'_>) -> Result<(), SearchError> {
        let translated: Vec<Vec<u32>> = self
            .coders
            .iter_mut()
            .zip(&other.coders)
            .map(|(mine, theirs)| translate(&mut mine.interner, &theirs.interner))
            .collect();
        let largest: Vec<u32> = self.coders.iter().map(|coder| coder.interner.len() as u32).collect();
        self.table.reserve(&largest);
        for group in 0..other.table.len() {
            let codes = other.table.codes(group);
            let mut into = Vec::new();
            let keys: Vec<Vec<u32>> =
                codes.iter().zip(&translated).map(|(c, t)| vec![t[*c as usize]]).collect();
            self.table.groups(&keys, 0..1, &mut into);
            let into = into[0].1 as usize;
            self.counts.resize(self.table.len(), 0);
            self.counts[into] += other.counts[group];
            for ((state, theirs), _) in self.states.iter_mut().zip(&other.states).zip(&question.aggregates) {
                state.join(into, theirs, group, self.table.len());
            }
        }
        self.hold(guard)
    }
}

/// The codes of another thread's texts here.
pub(super) fn translate(mine: &mut Interner, theirs: &Interner) -> Vec<u32> {
    let mut codes = vec![0];
    codes.extend((1..=theirs.len() as u32).filter_map(|code| theirs.text(code)).map(|text| mine.code(text)));
    codes
}
