//! A page of events, newest or oldest first.
//!
//! Two passes: the first finds which rows are on the page by their times alone; the second reads all columns of those
//! rows. Order is by time, then by the hash of the event's id, so that paging is stable wherever the rows lie: a cursor
//! names the last event given, and how many of the very same were given.
//!
//! The first pass goes through the range in windows, from the end that is asked for: a page is mostly full after the
//! first, and pages of rows outside of it are not read. Within a window parts are read in the order of their times, and
//! a part that cannot reach the page any more is passed over.

use super::plan::Plan;
use super::record::{RecordReader, fetch_with};
use super::sweep::{Reading, on_threads, pieces};
use crate::answer::{Event, EventId, EventsPage, SearchError};
use crate::ask::{EventsAsk, Order, TimeRange};
use crate::compile::time_column;
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use events::scan::{Part, Prune};
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// A range with fewer rows than this is read at once: windows would only read some pages twice. Tests have few rows.
const WINDOW_ROWS_MIN: u64 = if cfg!(test) { 32 } else { 1 << 20 };
/// Each window is so many times as long as the one before.
const WINDOW_GROWTH: i64 = 8;
/// Events of one time are made whole so many at once.
const TIE_ROWS: usize = if cfg!(test) { 4 } else { 1_024 };

pub(crate) fn run(ask: &EventsAsk, plan: &Plan<'_>) -> Result<EventsPage, SearchError> {
    if ask.limit == 0 || ask.limit > EventsAsk::LIMIT_MAX {
        let message = format!("1 to {}", EventsAsk::LIMIT_MAX);
        return Err(SearchError::Parameter { parameter: "limit", message });
    }
    let after = match &ask.cursor {
        None => None,
        Some(cursor) => Some(Place::parse(cursor, plan).ok_or_else(|| SearchError::Parameter {
            parameter: "cursor",
            message: "not a cursor of this search".to_owned(),
        })?),
    };
    let found = page(plan, ask.limit + 1, after, ask.order)?;
    let mut events = found;
    let more = events.len() > ask.limit;
    events.truncate(ask.limit);
    let next = match events.last() {
        Some(last) if more => Some(Place::of(last.id, &events, after).to_string()),
        _ => None,
    };
    Ok(EventsPage { events, next, stats: plan.stats() })
}

/// Where a page begins: behind `seen` events with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub id: EventId,
    pub seen: u32,
}

impl Place {
    fn of(id: EventId, events: &[Event], after: Option<Place>) -> Place {
        let same = events.iter().filter(|event| event.id == id).count() as u32;
        let before = after.filter(|place| place.id == id).map_or(0, |place| place.seen);
        Place { id, seen: same + before }
    }

    fn parse(text: &str, plan: &Plan<'_>) -> Option<Place> {
        let (id, seen) = text.split_once('.')?;
        let id = EventId::parse(id).filter(|id| id.kind == plan.kind)?;
        Some(Place { id, seen: seen.parse().ok()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.seen)
    }
}

/// Up to `limit` events behind a place, in order.
pub(crate) fn page(
    plan: &Plan<'_>,
    limit: usize,
    after: Option<Place>,
    order: Order,
) -> Result<Vec<Event>, SearchError> {
    let mut range = plan.range;
    if let Some(place) = after {
        let time = place.id.time_ns;
        match order {
            Order::NewestFirst => range.end_ns = range.end_ns.min(time.saturating_add(1)),
            Order::OldestFirst => range.start_ns = range.start_ns.max(time),
        }
    }
    let finder = Finder { plan, order, tie: after.map(|place| place.id.time_ns) };
    let mut best = Best::new(order, limit, finder.tie);
    for window in windows(plan, range, order) {
        best = finder.window(window, best)?;
        if best.is_full() || plan.guard.is_exhausted() {
            break;
        }
    }
    finder.fetch(best, limit, after)
}

/// The range in pieces, in the order asked for.
pub(crate) fn windows(plan: &Plan<'_>, range: TimeRange, order: Order) -> Vec<TimeRange> {
    if plan.filter.is_nothing() || range.start_ns >= range.end_ns {
        return Vec::new();
    }
    let prune = Prune { start_ns: range.start_ns, end_ns: range.end_ns, ..plan.filter.prune.clone() };
    let parts = plan.snapshot.parts(&prune);
    let first = parts.iter().map(|part| part.time_range().0).min().unwrap_or(0).max(range.start_ns);
    let last =
        parts.iter().map(|part| part.time_range().1).max().unwrap_or(0).saturating_add(1).min(range.end_ns);
    let rows: u64 = parts.iter().map(Part::rows).sum();
    if rows < WINDOW_ROWS_MIN || first >= last {
        return vec![range];
    }
    // The first window holds about so many rows if they come evenly.
    let span = last.saturating_sub(first);
    let mut length = (span / (rows / (WINDOW_ROWS_MIN / 16)).max(1) as i64).max(1);
    let mut windows = Vec::new();
    match order {
        Order::NewestFirst => {
            let mut end_ns = range.end_ns;
            let mut start_ns = last.saturating_sub(length).max(first);
            while start_ns > first {
                windows.push(TimeRange { start_ns, end_ns });
                length = length.saturating_mul(WINDOW_GROWTH);
                end_ns = start_ns;
                start_ns = start_ns.saturating_sub(length);
            }
            windows.push(TimeRange { start_ns: range.start_ns, end_ns });
        }
        Order::OldestFirst => {
            let mut start_ns = range.start_ns;
            let mut end_ns = first.saturating_add(length).min(last);
            while end_ns < last {
                windows.push(TimeRange { start_ns, end_ns });
                length = length.saturating_mul(WINDOW_GROWTH);
                start_ns = end_ns;
                end_ns = end_ns.saturating_add(length);
            }
            windows.push(TimeRange { start_ns, end_ns: range.end_ns });
        }
    }
    windows
}

/// What a row that was found takes: its place, and its share of the table.
const ROW_BYTES: u64 = 40;

/// Rows by time, the first of the order first.
type Found = BTreeMap<i64, Vec<(u32, u64)>>;

/// The first rows of an order: all rows of a time or none.
struct Best {
    order: Order,
    limit: usize,
    /// Rows of this time may have been given already: they do not count.
    tie: Option<i64>,
    /// By time, turned round for the newest first.
    found: Found,
    /// Rows that count.
    rows: usize,
    /// All rows there are: of the last time there may be any number.
    stored: u64,
    /// So many of them memory was taken for.
    held: u64,
    /// Parts that the rows are of.
    parts: Vec<Part>,
}

impl Best {
    fn new(order: Order, limit: usize, tie: Option<i64>) -> Best {
        Best { order, limit, tie, found: Found::new(), rows: 0, stored: 0, held: 0, parts: Vec::new() }
    }

    fn key(&self, time: i64) -> i64 {
        match self.order {
            // Turned round without overflow.
            Order::NewestFirst => !time,
            Order::OldestFirst => time,
        }
    }

    fn is_full(&self) -> bool {
        self.rows >= self.limit
    }

    /// The last key that still has a place; none while there is room.
    fn bound(&self) -> Option<i64> {
        if self.is_full() { self.found.last_key_value().map(|(key, _)| *key) } else { None }
    }

    fn add(&mut self, time: i64, part: u32, row: u64) {
        let key = self.key(time);
        if self.bound().is_some_and(|bound| key > bound) {
            return;
        }
        self.found.entry(key).or_default().push((part, row));
        self.stored += 1;
        if Some(time) != self.tie {
            self.rows += 1;
        }
        // Without the last time there are still enough: it goes.
        while let Some(last) = self.found.last_entry() {
            let counts = self.tie.map(|tie| match self.order {
                Order::NewestFirst => !tie,
                Order::OldestFirst => tie,
            }) != Some(*last.key());
            let rows = if counts { last.get().len() } else { 0 };
            if !counts || self.rows - rows < self.limit {
                break;
            }
            self.stored -= last.remove().len() as u64;
            self.rows -= rows;
        }
    }
}

struct Finder<'a> {
    plan: &'a Plan<'a>,
    order: Order,
    tie: Option<i64>,
}

impl Finder<'_> {
    /// Adds the rows of a window to the best.
    fn window(&self, window: TimeRange, mut best: Best) -> Result<Best, SearchError> {
        let mut prune = self.plan.filter.prune.clone();
        (prune.start_ns, prune.end_ns) = (window.start_ns, window.end_ns);
        let mut pieces = pieces(self.plan, &prune);
        match self.order {
            Order::NewestFirst => pieces.sort_by_key(|part| std::cmp::Reverse(part.time_range().1)),
            Order::OldestFirst => pieces.sort_by_key(|part| part.time_range().0),
        }
        let base = best.parts.len() as u32;
        best.parts.extend(pieces.iter().cloned());
        let best = Mutex::new(best);
        on_threads(
            self.plan,
            &pieces,
            || (),
            |(), piece, part| self.piece(part, base + piece as u32, window, &prune, &best),
        )?;
        Ok(best.into_inner())
    }

    fn piece(
        &self,
        part: &Part,
        number: u32,
        window: TimeRange,
        prune: &Prune,
        best: &Mutex<Best>,
    ) -> Result<bool, SearchError> {
        let mut range = window;
        let (first, last) = part.time_range();
        if let Some(bound) = best.lock().bound() {
            // What lies beyond the last place need not be read.
            match self.order {
                Order::NewestFirst => range.start_ns = range.start_ns.max(!bound),
                Order::OldestFirst => range.end_ns = range.end_ns.min(bound.saturating_add(1)),
            }
            if last < range.start_ns || first >= range.end_ns {
                return Ok(true);
            }
        }
        let mut prune = prune.clone();
        (prune.start_ns, prune.end_ns) = (range.start_ns, range.end_ns);
        let wanted = [time_column()];
        let reading = Reading {
            filter: &self.plan.filter,
            range,
            guard: &self.plan.guard,
            wanted: &wanted,
            runs: None,
        };
        reading.part(part, &prune, number as usize, &mut |rows| {
            let times = rows.columns[0].as_primitive::<TimestampNanosecondType>().values();
            // A glance at the bound without the lock for each row.
            let bound = best.lock().bound();
            let mut kept: Vec<(i64, usize)> = Vec::new();
            rows.each(|row| {
                let key = if self.order == Order::NewestFirst { !times[row] } else { times[row] };
                if bound.is_none_or(|bound| key <= bound) {
                    kept.push((times[row], row));
                }
            });
            if kept.is_empty() {
                return Ok(true);
            }
            let mut best = best.lock();
            let ids: Vec<u64> = rows.ids.iter().collect();
            for (time, row) in kept {
                best.add(time, number, ids[row]);
            }
            let more = best.stored.saturating_sub(best.held);
            best.held += more;
            self.plan.guard.hold(more * ROW_BYTES)?;
            Ok(true)
        })
    }

    /// Makes the rows whole, in order, and leaves out what was given before.
    fn fetch(&self, best: Best, limit: usize, after: Option<Place>) -> Result<Vec<Event>, SearchError> {
        let reader = RecordReader::new(self.plan.columns());
        let mut page: Vec<Event> = Vec::new();
        let mut single: Vec<(u32, u64)> = Vec::new();
        for (key, mut rows) in best.found {
            if page.len() + single.len() >= limit {
                break;
            }
            let time = if self.order == Order::NewestFirst { !key } else { key };
            if rows.len() == 1 && Some(time) != self.tie {
                single.append(&mut rows);
                continue;
            }
            page.extend(self.rows(&best.parts, &reader, &std::mem::take(&mut single))?);
            let room = limit.saturating_sub(page.len());
            page.extend(self.tied(
                &best.parts,
                &reader,
                &rows,
                room,
                after.filter(|_| Some(time) == self.tie),
            )?);
        }
        page.extend(self.rows(&best.parts, &reader, &single)?);
        page.truncate(limit);
        Ok(page)
    }

    /// The first of events of one time.
    fn tied(
        &self,
        parts: &[Part],
        reader: &RecordReader,
        rows: &[(u32, u64)],
        room: usize,
        after: Option<Place>,
    ) -> Result<Vec<Event>, SearchError> {
        let seen = after.map_or(0, |place| place.seen as usize);
        let mut kept: Vec<Event> = Vec::new();
        for rows in rows.chunks(TIE_ROWS) {
            self.plan.guard.check()?;
            let (held, before) = (self.plan.guard.held(), kept.len());
            kept.extend(self.rows(parts, reader, rows)?);
            let all = kept.len();
            kept.retain(|event| after.is_none_or(|place| self.rank(event.id) >= self.rank(place.id)));
            kept.sort_by_key(|event| self.rank(event.id));
            kept.truncate(room + seen);
            // Of a million events of one moment nearly all are let go at once.
            let taken = self.plan.guard.held() - held;
            self.plan.guard.release(taken * (all - kept.len()) as u64 / (all - before).max(1) as u64);
        }
        if let Some(place) = after {
            let given = kept.iter().take_while(|event| event.id == place.id).count().min(seen);
            kept.drain(..given);
        }
        kept.truncate(room);
        Ok(kept)
    }

    /// The place of an event among those of its time: turned round with the order, so that both go the same way.
    fn rank(&self, id: EventId) -> u64 {
        if self.order == Order::NewestFirst { !id.hash } else { id.hash }
    }

    /// Whole events of rows, in the order of the rows.
    fn rows(
        &self,
        parts: &[Part],
        reader: &RecordReader,
        rows: &[(u32, u64)],
    ) -> Result<Vec<Event>, SearchError> {
        let wanted: Vec<(usize, u64)> = rows.iter().map(|(part, row)| (*part as usize, *row)).collect();
        Ok(fetch_with(self.plan, parts, reader, &wanted)?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Search;
    use crate::testing::{Log, SECOND, Store, control, log_batch, which};
    use base::Budget;
    use model::event::Kind;

    #[test]
    fn a_page_of_very_many_events_of_one_moment_takes_little_memory() {
        let line = |n: usize| Log { time: SECOND, service: "a", body: format!("line {n}"), ..Log::default() };
        let logs: Vec<Log> = (0..4_000).map(line).collect();
        let store = Store::new(&log_batch(&logs), &[2_000]);
        let mut control = control();
        control.budget = Budget::new("test", 4 << 20);
        let ask =
            EventsAsk { which: which(Kind::Log, ""), limit: 3, cursor: None, order: Order::NewestFirst };
        let page = Search::new().events(&store.snapshot, &ask, &control).unwrap();
        assert_eq!((page.events.len(), page.next.is_some()), (3, true));
    }

    #[test]
    fn rows_of_one_time_stay_together_and_are_all_counted() {
        let mut best = Best::new(Order::NewestFirst, 2, None);
        (0..1_000).for_each(|row| best.add(7, 0, row));
        assert_eq!((best.rows, best.stored), (1_000, 1_000));
        best.add(9, 0, 1_000);
        assert_eq!((best.rows, best.stored), (1_001, 1_001));
        // Two newer ones: nothing of that time has a place any more.
        best.add(8, 0, 1_001);
        assert_eq!((best.rows, best.stored), (2, 2));
    }
}
