//! A page of events, newest or oldest first.
//!
//! Two passes: the first finds which rows are on the page by their times alone; the second reads all columns of those
//! rows.
//!
//! Order is by time; events of one time are in the order of their services, and within one in the order they arrived.
//! Where rows lie changes while somebody turns pages, their order does not: memory is newer than files and keeps what
//! came first before the rest, files keep rows of one service and time as they came, and are merged in the order of
//! their times, by which they are taken here too. A cursor names the last event given and its number among those of its
//! time: the name finds it, the number tells copies of it apart.
//!
//! The first pass goes through the range in windows, from the end that is asked for: a page is mostly full after the
//! first, and pages of rows outside of it are not read. Within a window parts are read in the order of their times, and
//! a part that cannot reach the page any more is passed over.

use super::plan::Plan;
use super::record::{RecordReader, fetch_with};
use super::sweep::{Reading, on_threads, pieces};
use crate::answer::{Event, EventId, EventsPage, Record, SearchError};
use crate::ask::{EventsAsk, Order, TimeRange};
use crate::compile::time_column;
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use events::scan::{Part, Prune};
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A range with fewer rows than this is read at once: windows would only read some pages twice. Tests have few rows.
const WINDOW_ROWS_MIN: u64 = if cfg!(test) { 32 } else { 1 << 20 };
/// Each window is so many times as long as the one before.
const WINDOW_GROWTH: i64 = 8;
/// Of more events of one time only names are read, so many at once, before some are made whole.
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
    let Page { mut events, before } = page(plan, ask.limit + 1, after, ask.order)?;
    let more = events.len() > ask.limit;
    events.truncate(ask.limit);
    let next = match events.last() {
        Some(last) if more => {
            let time = last.id.time_ns;
            let here = events.iter().filter(|event| event.id.time_ns == time).count();
            let before = if after.is_some_and(|place| place.id.time_ns == time) { before } else { 0 };
            Some(Place { id: last.id, number: (before + here) as u32 }.to_string())
        }
        _ => None,
    };
    Ok(EventsPage { events, next, stats: plan.stats() })
}

/// Where a page begins: behind this event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub id: EventId,
    /// Its number among the events of its time, in the order asked for, from 1.
    pub number: u32,
}

impl Place {
    fn parse(text: &str, plan: &Plan<'_>) -> Option<Place> {
        let (id, number) = text.split_once('.')?;
        let id = EventId::parse(id).filter(|id| id.kind == plan.kind)?;
        Some(Place { id, number: number.parse().ok()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.number)
    }
}

/// Events in order.
#[derive(Default)]
pub(crate) struct Page {
    pub events: Vec<Event>,
    /// So many events of the time of the place stand before the page.
    before: usize,
}

/// Up to `limit` events behind a place, in order.
pub(crate) fn page(
    plan: &Plan<'_>,
    limit: usize,
    after: Option<Place>,
    order: Order,
) -> Result<Page, SearchError> {
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
    /// Of each part, which rows came first. Those of one window can be compared, and all of one time are of one.
    ages: Vec<Age>,
}

/// When the rows of a part came, against those of other parts: files before memory; files by their first and last times
/// and their place among others, memory by its place.
type Age = (bool, i64, i64, i64);

/// The ages of pieces in the order of the snapshot. Pieces of one part have one age: their rows are numbered.
fn ages(pieces: &[Part]) -> Vec<Age> {
    let mut ages: Vec<Age> = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let before = at.checked_sub(1).filter(|before| pieces[*before].name() == piece.name());
        let (first, last) = piece.time_range();
        ages.push(match before {
            Some(before) => ages[before],
            None if piece.is_file() => (false, first, last, at as i64),
            // What came last stands first.
            None => (true, 0, 0, -(at as i64)),
        });
    }
    ages
}

impl Best {
    fn new(order: Order, limit: usize, tie: Option<i64>) -> Best {
        let (parts, ages) = (Vec::new(), Vec::new());
        Best { order, limit, tie, found: Found::new(), rows: 0, stored: 0, held: 0, parts, ages }
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
        let pieces = pieces(self.plan, &prune);
        let mut aged: Vec<(Age, Part)> = ages(&pieces).into_iter().zip(pieces).collect();
        match self.order {
            Order::NewestFirst => aged.sort_by_key(|(_, part)| std::cmp::Reverse(part.time_range().1)),
            Order::OldestFirst => aged.sort_by_key(|(_, part)| part.time_range().0),
        }
        let (ages, pieces): (Vec<Age>, Vec<Part>) = aged.into_iter().unzip();
        let base = best.parts.len() as u32;
        best.parts.extend(pieces.iter().cloned());
        best.ages.extend(ages);
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
    fn fetch(&self, best: Best, limit: usize, after: Option<Place>) -> Result<Page, SearchError> {
        let reader = RecordReader::new(self.plan.columns());
        let (parts, ages) = (&best.parts, &best.ages);
        let mut page = Page::default();
        let mut next: Vec<(u32, u64)> = Vec::new();
        for (key, mut moment) in best.found {
            if page.events.len() + next.len() >= limit {
                break;
            }
            moment.sort_unstable_by_key(|(part, row)| (ages[*part as usize], *row));
            let time = if self.order == Order::NewestFirst { !key } else { key };
            let after = after.filter(|_| Some(time) == self.tie);
            if after.is_none() && moment.len() <= TIE_ROWS {
                next.append(&mut moment);
                continue;
            }
            page.events.extend(self.whole(parts, &reader, &std::mem::take(&mut next))?);
            let room = limit.saturating_sub(page.events.len());
            let (before, chosen) = self.choose(parts, &moment, room, after)?;
            if after.is_some() {
                page.before = before;
            }
            next = chosen;
        }
        page.events.extend(self.whole(parts, &reader, &next)?);
        page.events.truncate(limit);
        Ok(page)
    }

    /// Whole events, in order. Rows of one time are given as they arrived.
    fn whole(
        &self,
        parts: &[Part],
        reader: &RecordReader,
        rows: &[(u32, u64)],
    ) -> Result<Vec<Event>, SearchError> {
        let events = self.rows(parts, reader, rows)?;
        let mut numbered: Vec<(usize, Event)> =
            events.into_iter().enumerate().filter_map(|(number, event)| Some((number, event?))).collect();
        numbered.sort_unstable_by(|(a_number, a), (b_number, b)| {
            let (a_rank, b_rank) = ((a.id.time_ns, service(a)), (b.id.time_ns, service(b)));
            self.turned((a_rank, a_number).cmp(&(b_rank, b_number)))
        });
        Ok(numbered.into_iter().map(|(_, event)| event).collect())
    }

    /// The next ones of many events of one time, which are given as they arrived: how many stand before them, and their
    /// rows as they arrived. Only the names of all are read, some at a time.
    fn choose(
        &self,
        parts: &[Part],
        moment: &[(u32, u64)],
        room: usize,
        after: Option<Place>,
    ) -> Result<(usize, Vec<(u32, u64)>), SearchError> {
        let guard = &self.plan.guard;
        let reader = RecordReader::of_names(self.plan.columns());
        let mut services: HashMap<String, u32> = HashMap::new();
        let mut seats: Vec<Seat> = Vec::with_capacity(moment.len());
        for (chunk, rows) in moment.chunks(TIE_ROWS).enumerate() {
            guard.check()?;
            let held = guard.held();
            for (at, event) in self.rows(parts, &reader, rows)?.into_iter().enumerate() {
                let Some(event) = event else { continue };
                let known = services.len() as u32;
                seats.push(Seat {
                    service: *services.entry_ref(service(&event)).or_insert(known),
                    number: chunk * TIE_ROWS + at,
                    is_last: after.is_some_and(|place| place.id == event.id),
                });
            }
            guard.release(guard.held() - held);
        }
        let mut names: Vec<&str> = vec![""; services.len()];
        services.iter().for_each(|(name, number)| names[*number as usize] = name);
        let rank = |seat: &Seat| (names[seat.service as usize], seat.number);
        seats.sort_unstable_by(|a, b| self.turned(rank(a).cmp(&rank(b))));
        let before = after.map_or(0, |place| {
            let mut copies = seats.iter().enumerate().filter(|(_, seat)| seat.is_last).map(|(at, _)| at + 1);
            // Where others came in between, or went, it is not quite where it was.
            let last = copies.clone().next_back();
            copies.find(|number| *number >= place.number as usize).or(last).unwrap_or(0)
        });
        let mut next: Vec<usize> = seats[before..].iter().take(room).map(|seat| seat.number).collect();
        next.sort_unstable();
        Ok((before, next.into_iter().map(|number| moment[number]).collect()))
    }

    fn turned(&self, oldest_first: Ordering) -> Ordering {
        match self.order {
            Order::NewestFirst => oldest_first.reverse(),
            Order::OldestFirst => oldest_first,
        }
    }

    /// Whole events of rows, in the order of the rows.
    fn rows(
        &self,
        parts: &[Part],
        reader: &RecordReader,
        rows: &[(u32, u64)],
    ) -> Result<Vec<Option<Event>>, SearchError> {
        let wanted: Vec<(usize, u64)> = rows.iter().map(|(part, row)| (*part as usize, *row)).collect();
        fetch_with(self.plan, parts, reader, &wanted)
    }
}

/// An event among others of its time.
struct Seat {
    /// A number for the name.
    service: u32,
    /// Among all of them as they arrived.
    number: usize,
    /// It, or a copy of it, is the last event that was given.
    is_last: bool,
}

fn service(event: &Event) -> &str {
    match &event.record {
        Record::Span(span) => &span.resource.service,
        Record::Log(log) => &log.resource.service,
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
