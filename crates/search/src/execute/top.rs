//! The most frequent values of a field.

use super::columns::Wanted;
use super::group::translate;
use super::keys::{KeyCoder, KeyPlan};
use super::plan::Plan;
use super::sweep::{Rows, pieces, sweep};
use crate::answer::{SearchError, Top, TopValue};
use crate::ask::TopAsk;
use crate::guard::Guard;

/// Different values counted by a thread: 1,000,000 of ~100 B are 100 MB, which the budget must have room for. Of more,
/// those that are met later are only counted as different.
const VALUES_MAX: usize = 1_000_000;
/// Values given at most.
const LIMIT_MAX: usize = 1_000;

pub(crate) fn run(ask: &TopAsk, plan: &Plan<'_>) -> Result<Top, SearchError> {
    if ask.limit == 0 || ask.limit > LIMIT_MAX {
        return Err(SearchError::Parameter { parameter: "limit", message: format!("1 to {LIMIT_MAX}") });
    }
    let mut wanted = Wanted::default();
    let key = KeyPlan::new(plan.kind, &ask.field, plan.columns(), &mut wanted).unwrap_or_else(|| {
        plan.guard.warn(format!("no event in this range has the field {}", ask.field));
        KeyPlan::default()
    });
    let pieces = pieces(plan, &plan.filter.prune);
    let threads =
        sweep(plan, &wanted.0, &pieces, || Counts::new(&key), |counts, rows| counts.add(rows, &plan.guard))?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_else(|| Counts::new(&key));
    for other in threads {
        all.join(&other);
    }
    Ok(all.answer(ask, plan))
}

struct Counts {
    coder: KeyCoder,
    /// By code; of 0 the events without the field.
    counts: Vec<u64>,
    codes: Vec<u32>,
    held: usize,
}

impl Counts {
    fn new(key: &KeyPlan) -> Counts {
        Counts { coder: KeyCoder::new(key), counts: vec![0], codes: Vec::new(), held: 0 }
    }

    fn add(&mut self, rows: &Rows<'_>, guard: &Guard<'_>) -> Result<bool, SearchError> {
        self.coder.codes(rows.columns, rows.len, rows.mask, &mut self.codes);
        self.counts.resize(self.coder.interner.len() + 1, 0);
        let (counts, codes) = (&mut self.counts, &self.codes);
        rows.each(|row| counts[codes[row] as usize] += 1);
        let bytes = self.coder.interner.bytes() + self.counts.len() * 8;
        if bytes > self.held {
            guard.hold((bytes - self.held) as u64)?;
            self.held = bytes;
        }
        if self.counts.len() > VALUES_MAX {
            guard.mark_partial(format!(
                "the field has more than {VALUES_MAX} values: only some events were counted"
            ));
            return Ok(false);
        }
        Ok(true)
    }

    fn join(&mut self, other: &Counts) {
        let codes = translate(&mut self.coder.interner, &other.coder.interner);
        self.counts.resize(self.coder.interner.len() + 1, 0);
        for (code, count) in other.counts.iter().enumerate() {
            self.counts[codes[code] as usize] += count;
        }
    }

    fn answer(self, ask: &TopAsk, plan: &Plan<'_>) -> Top {
        let total: u64 = self.counts.iter().sum();
        let interner = &self.coder.interner;
        // Values met only on rows that did not match have no count.
        let mut found: Vec<(u64, u32)> = (1..self.counts.len() as u32)
            .map(|code| (self.counts[code as usize], code))
            .filter(|(count, _)| *count > 0)
            .collect();
        let distinct = found.len() as u64;
        let text = |code: u32| interner.text(code).map_or("", |text| text);
        found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| text(a.1).cmp(text(b.1))));
        found.truncate(ask.limit);
        let value = |(count, code): (u64, u32)| TopValue { value: text(code).to_owned(), count };
        let mut stats = plan.stats();
        stats.matched_rows = (!stats.partial).then_some(total);
        Top {
            field: ask.field.clone(),
            values: found.into_iter().map(value).collect(),
            total,
            missing: self.counts[0],
            distinct,
            distinct_exact: !stats.partial,
            stats,
        }
    }
}
