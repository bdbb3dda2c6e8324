//! Which series pass matchers, which names and values they have.
//!
//! The meaning of matchers is Prometheus's: an absent label has the value `""`, so a matcher that accepts `""` only
//! excludes, and one that does not only includes. Each is turned into numbers of values; the fewest series first,
//! and when what is left is small, series are looked at instead of postings.

use crate::block::BlockError;
use crate::block::format::OpenFile;
use crate::block::index::{Index, Name};
use crate::block::index_writer::SERIES_PER_PAGE;
use crate::block::runs::Runs;
use model::{MatchOp, Matcher};
use std::ops::ControlFlow;

/// Looking at the labels of one series costs about as much as this many postings.
const POSTINGS_PER_SERIES: u64 = 8;

/// What a matcher means for one label of the block.
struct Constraint<'a> {
    number: u32,
    name: &'a Name,
    /// Numbers of values, ascending.
    values: Vec<u32>,
    /// Whether series with these values stay, or go.
    stays: bool,
}

impl Constraint<'_> {
    /// About how many series have these values.
    fn series(&self) -> u64 {
        self.name.series * self.values.len() as u64 / u64::from(self.name.values).max(1)
    }
}

pub(crate) fn select(file: &OpenFile, index: &Index, matchers: &[Matcher]) -> Result<Runs, BlockError> {
    let mut constraints = Vec::new();
    for matcher in matchers {
        let Some(number) = index.name(file, matcher.name())? else {
            if matcher.matches_empty() {
                continue;
            }
            return Ok(Runs::default());
        };
        let name = &index.names(file)?[number as usize];
        let stays = !matcher.matches_empty();
        let values = values_where(file, index, name, matcher, stays)?;
        match (values.is_empty(), stays) {
            (true, true) => return Ok(Runs::default()),
            (true, false) => {}
            (false, _) => constraints.push(Constraint { number, name, values, stays }),
        }
    }
    // Those that stay before those that go, the fewest series first.
    constraints.sort_by_key(|c| (!c.stays, c.series()));
    let mut set = Runs::below(file.footer.meta.series as u32);
    for c in &constraints {
        set = if c.series() > POSTINGS_PER_SERIES * set.len() as u64 {
            filter(file, index, &set, c)?
        } else {
            let postings = index.postings(file, c.name, &c.values)?;
            if c.stays { set.intersect(&postings) } else { set.subtract(&postings) }
        };
        if set.is_empty() {
            break;
        }
    }
    Ok(set)
}

/// Applies a constraint by looking at each series.
fn filter(file: &OpenFile, index: &Index, set: &Runs, c: &Constraint<'_>) -> Result<Runs, BlockError> {
    let mut kept = Vec::new();
    each_series(file, index, set, |ordinal, page, i| {
        let listed = page.value(i, c.number).is_some_and(|v| c.values.binary_search(&v).is_ok());
        if listed == c.stays {
            kept.push(ordinal);
        }
    })?;
    Ok(Runs::from_ordinals(&kept))
}

fn each_series(
    file: &OpenFile,
    index: &Index,
    set: &Runs,
    mut visit: impl FnMut(u32, &crate::block::index::SeriesPage, usize),
) -> Result<(), BlockError> {
    for run in &set.0 {
        let mut ordinal = run.start;
        while ordinal < run.end {
            let (page, place) = index.series_page(file, ordinal)?;
            let left = SERIES_PER_PAGE.min(place + (run.end - ordinal) as usize).min(page.len());
            for i in place..left {
                visit(ordinal, &page, i);
                ordinal += 1;
            }
        }
    }
    Ok(())
}

/// Numbers of the values that the matcher accepts (`accepted`) or refuses.
fn values_where(
    file: &OpenFile,
    index: &Index,
    name: &Name,
    matcher: &Matcher,
    accepted: bool,
) -> Result<Vec<u32>, BlockError> {
    let positive = matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex);
    let regex = matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex);
    let all = || (0..name.values).collect();
    // "Listed" is what `=` or `=~` accepts.
    let listed = accepted == positive;
    match (matcher.literals(), listed) {
        (Some(literals), true) => return numbers_of(file, index, name, &literals),
        // No value is empty.
        (Some(literals), false) if literals.iter().all(|l| l.is_empty()) => return Ok(all()),
        _ => {}
    }
    if regex && listed && matches!(matcher.value(), ".+" | ".*") {
        return Ok(all());
    }
    let prefix = if listed { matcher.prefix() } else { "" };
    let (first, _) = index.lower_bound(file, name, prefix)?;
    let mut numbers = Vec::new();
    index.values(file, name, first..name.values, &mut |number, value| {
        if !value.starts_with(prefix) {
            return ControlFlow::Break(());
        }
        if matcher.matches(value) == accepted {
            numbers.push(number);
        }
        ControlFlow::Continue(())
    })?;
    Ok(numbers)
}

fn numbers_of(file: &OpenFile, index: &Index, name: &Name, values: &[&str]) -> Result<Vec<u32>, BlockError> {
    let mut numbers = Vec::new();
    for value in values.iter().filter(|v| !v.is_empty()) {
        if let (number, true) = index.lower_bound(file, name, value)? {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

/// Names of labels of the series that pass, ascending.
pub(crate) fn label_names(
    file: &OpenFile,
    index: &Index,
    matchers: &[Matcher],
) -> Result<Vec<String>, BlockError> {
    let names = index.names(file)?;
    let mut has = vec![matchers.is_empty(); names.len()];
    if !matchers.is_empty() {
        let set = select(file, index, matchers)?;
        each_series(file, index, &set, |_, page, i| {
            for name in page.names(i) {
                if let Some(slot) = has.get_mut(*name as usize) {
                    *slot = true;
                }
            }
        })?;
    }
    Ok(names.iter().zip(has).filter(|(_, has)| *has).map(|(n, _)| n.name.clone()).collect())
}

/// Values of a label among the series that pass, ascending.
pub(crate) fn label_values(
    file: &OpenFile,
    index: &Index,
    name: &str,
    matchers: &[Matcher],
) -> Result<Vec<String>, BlockError> {
    let Some(number) = index.name(file, name)? else { return Ok(Vec::new()) };
    let name = &index.names(file)?[number as usize];
    let mut has = vec![matchers.is_empty(); name.values as usize];
    if !matchers.is_empty() {
        let set = select(file, index, matchers)?;
        each_series(file, index, &set, |_, page, i| {
            if let Some(slot) = page.value(i, number).and_then(|v| has.get_mut(v as usize)) {
                *slot = true;
            }
        })?;
    }
    let mut values = Vec::new();
    index.values(file, name, 0..name.values, &mut |number, value| {
        if has.get(number as usize) == Some(&true) {
            values.push(value.to_owned());
        }
        ControlFlow::Continue(())
    })?;
    Ok(values)
}
