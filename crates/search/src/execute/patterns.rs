//! Templates of the lines that match, with how often, how bad and when.
//!
//! Of many lines a sample is looked at: whole runs of rows at even distances, and within a thread every n-th line once
//! it has seen many. Counts are of the lines looked at.

use super::histogram::{Buckets, bounded};
use super::plan::Plan;
use super::record::{fetch, text_at};
use super::sweep::{Rows, Runs, pieces, sweep_runs};
use super::template::Miner;
use crate::answer::{LogPattern, Patterns, SearchError};
use crate::ask::{HistogramAsk, PatternsAsk};
use crate::compile::time_column;
use crate::guard::Guard;
use arrow::array::AsArray;
use arrow::datatypes::{DataType, TimestampNanosecondType, UInt8Type};
use events::scan::ColumnRef;
use model::event::{Kind, severity};

/// Rows read at most when no text is searched: 2 M lines of 150 B are 300 MB decoded, about a second of two cores.
const ROWS_MAX: u64 = 2_000_000;
/// Lines a thread masks before it takes only some: masking takes about 0.5 µs a line.
const LINES_MAX: u64 = 500_000;
/// Ranges of severities, and one for those not known.
const SEVERITIES: usize = 7;
/// Templates given at most.
const LIMIT_MAX: usize = 1_000;

pub(crate) fn run(ask: &PatternsAsk, plan: &Plan<'_>) -> Result<Patterns, SearchError> {
    let parameter = |parameter, message: String| Err(SearchError::Parameter { parameter, message });
    if plan.kind == Kind::Span {
        return parameter("kind", "spans have no lines; ask for log or error".to_owned());
    }
    if ask.limit == 0 || ask.limit > LIMIT_MAX {
        return parameter("limit", format!("1 to {LIMIT_MAX}"));
    }
    if ask.buckets == 0 || ask.buckets > HistogramAsk::BUCKETS_MAX {
        return parameter("buckets", format!("1 to {}", HistogramAsk::BUCKETS_MAX));
    }
    let buckets = Buckets::cover(bounded(plan), ask.buckets);
    let wanted = [ColumnRef::view("body"), time_column(), ColumnRef::new("severity", DataType::UInt8)];
    let pieces = pieces(plan, &plan.filter.prune);
    let runs = Runs::of(plan, &pieces, ROWS_MAX);
    let threads = sweep_runs(
        plan,
        &wanted,
        &pieces,
        &runs,
        || Mine::new(buckets),
        |mine, rows| mine.add(rows, &plan.guard),
    )?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_else(|| Mine::new(buckets));
    for other in threads {
        all.join(other);
    }
    let sampled = all.skipped || runs.leave_out();
    let lines = all.found.iter().map(|found| found.count).sum::<u64>() + all.rest;
    if all.rest > 0 {
        plan.guard.warn("there are too many different lines: some have no pattern");
    }
    let patterns = all.answer(ask, plan, &pieces)?;
    let (start_ns, step_ns) = (buckets.start_ns, buckets.step_ns);
    Ok(Patterns { patterns, start_ns, step_ns, lines, sampled, stats: plan.stats() })
}

/// What is known of a template.
#[derive(Clone)]
struct Found {
    count: u64,
    severity: [u64; SEVERITIES],
    first_ns: i64,
    last_ns: i64,
    /// The newest line: piece and row.
    newest: (usize, u64),
    counts: Vec<u64>,
}

struct Mine {
    buckets: Buckets,
    miner: Miner,
    /// By template.
    found: Vec<Found>,
    /// Lines without a template.
    rest: u64,
    seen: u64,
    skipped: bool,
    held: usize,
}

impl Mine {
    fn new(buckets: Buckets) -> Mine {
        Mine {
            buckets,
            miner: Miner::default(),
            found: Vec::new(),
            rest: 0,
            seen: 0,
            skipped: false,
            held: 0,
        }
    }

    fn add(&mut self, rows: &Rows<'_>, guard: &Guard<'_>) -> Result<bool, SearchError> {
        let times = rows.columns[1].as_primitive::<TimestampNanosecondType>().values();
        let severities = rows.columns[2].as_primitive::<UInt8Type>().values();
        let numbers: Vec<u64> = rows.ids.iter().collect();
        rows.each(|row| {
            self.seen += 1;
            // Of each further LINES_MAX lines, a smaller share.
            if self.seen > LINES_MAX && !self.seen.is_multiple_of(self.seen / LINES_MAX + 1) {
                self.skipped = true;
                return;
            }
            let Some(template) = self.miner.line(text_at(&rows.columns[0], row).unwrap_or_default()) else {
                self.rest += 1;
                return;
            };
            let time = times[row];
            let found = self.at(template, time, (rows.piece, numbers[row]));
            found.count += 1;
            found.severity[rank(severities[row])] += 1;
            found.first_ns = found.first_ns.min(time);
            if time > found.last_ns {
                (found.last_ns, found.newest) = (time, (rows.piece, numbers[row]));
            }
            let bucket = self.buckets.of(time);
            self.found[template as usize].counts[bucket] += 1;
        });
        let bytes = self.found.len() * (self.buckets.count * 8 + 700);
        if bytes > self.held {
            guard.hold((bytes - self.held) as u64)?;
            self.held = bytes;
        }
        Ok(true)
    }

    fn at(&mut self, template: u32, time: i64, newest: (usize, u64)) -> &mut Found {
        let new = || Found {
            count: 0,
            severity: [0; SEVERITIES],
            first_ns: time,
            last_ns: time,
            newest,
            counts: vec![0; self.buckets.count],
        };
        if template as usize >= self.found.len() {
            self.found.resize_with(template as usize + 1, new);
        }
        &mut self.found[template as usize]
    }

    fn join(&mut self, other: Mine) {
        self.rest += other.rest;
        self.skipped |= other.skipped;
        for (template, theirs) in other.found.into_iter().enumerate().filter(|(_, found)| found.count > 0) {
            let Some(into) = self.miner.masked_line(&other.miner.text(template as u32)) else {
                self.rest += theirs.count;
                continue;
            };
            let mine = self.at(into, theirs.last_ns, theirs.newest);
            mine.count += theirs.count;
            mine.severity.iter_mut().zip(theirs.severity).for_each(|(a, b)| *a += b);
            mine.counts.iter_mut().zip(theirs.counts).for_each(|(a, b)| *a += b);
            mine.first_ns = mine.first_ns.min(theirs.first_ns);
            if theirs.last_ns > mine.last_ns {
                (mine.last_ns, mine.newest) = (theirs.last_ns, theirs.newest);
            }
        }
    }

    fn answer(
        self,
        ask: &PatternsAsk,
        plan: &Plan<'_>,
        pieces: &[events::scan::Part],
    ) -> Result<Vec<LogPattern>, SearchError> {
        // Templates that grew alike are one.
        let mut by_text: std::collections::BTreeMap<String, Found> = std::collections::BTreeMap::new();
        for (template, found) in self.found.into_iter().enumerate().filter(|(_, found)| found.count > 0) {
            match by_text.entry(self.miner.text(template as u32)) {
                std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(found)),
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let mine = entry.get_mut();
                    mine.count += found.count;
                    mine.severity.iter_mut().zip(found.severity).for_each(|(a, b)| *a += b);
                    mine.counts.iter_mut().zip(found.counts).for_each(|(a, b)| *a += b);
                    mine.first_ns = mine.first_ns.min(found.first_ns);
                    if found.last_ns > mine.last_ns {
                        (mine.last_ns, mine.newest) = (found.last_ns, found.newest);
                    }
                }
            }
        }
        let mut ranked: Vec<(String, Found)> = by_text.into_iter().collect();
        ranked.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
        ranked.truncate(ask.limit);
        let newest: Vec<(usize, u64)> = ranked.iter().map(|(_, found)| found.newest).collect();
        let samples = fetch(plan, pieces, &newest)?;
        let pattern = |((template, found), sample): ((String, Found), Option<crate::answer::Event>)| {
            Some(LogPattern {
                template,
                count: found.count,
                severity: names(&found.severity),
                sample: sample?,
                first_ns: found.first_ns,
                last_ns: found.last_ns,
                counts: found.counts,
            })
        };
        Ok(ranked.into_iter().zip(samples).filter_map(pattern).collect())
    }
}

/// The place of a severity among the ranges: 0 for not known, 6 for fatal.
fn rank(number: u8) -> usize {
    match number {
        1..=24 => usize::from(number).div_ceil(4),
        _ => 0,
    }
}

fn names(counts: &[u64; SEVERITIES]) -> Vec<(&'static str, u64)> {
    let name = |rank: usize| severity::name((rank * 4) as u8);
    (0..SEVERITIES).rev().filter(|rank| counts[*rank] > 0).map(|rank| (name(rank), counts[rank])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_their_ranges() {
        assert_eq!([0, 1, 4, 5, 17, 20, 21, 24, 99].map(rank), [0, 1, 1, 2, 5, 5, 6, 6, 0]);
        assert_eq!(names(&[3, 0, 0, 0, 0, 2, 1]), [("fatal", 1), ("error", 2), ("", 3)]);
    }
}
