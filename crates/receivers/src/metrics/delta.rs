//! Deltas are summed up: what a sender says happened since it last spoke becomes the running totals that PromQL
//! knows.
//!
//! One state a stream (a series of the sender), bounded in number and bytes. A stream of which nothing was heard for
//! long is forgotten, and begins anew when it comes back, as after a restart of this process: its total then starts
//! from nothing, which PromQL sees as the restart of a counter.
//!
//! A request changes states before it is known whether it can be written. When it cannot, it is undone, so that the
//! sender may send it again: unless somebody built on the state meanwhile, for then the deltas will be written with
//! theirs, and sending them again is refused as out of order. Either way they count once.

use super::classic::Classic;
use super::target::Fault;
use crate::Reason;
use hashbrown::HashMap;
use model::FloatHistogram;
use std::time::Duration;

/// What is kept of delta streams.
#[derive(Clone, Copy, Debug)]
pub struct DeltaLimits {
    pub streams_max: usize,
    /// Of all states together, about.
    pub bytes_max: usize,
    /// A stream is forgotten after this long without a point.
    pub idle: Duration,
}

impl Default for DeltaLimits {
    fn default() -> DeltaLimits {
        // 100,000 numbers take 10 MB; 64 MiB hold them beside 40,000 histograms of 160 buckets.
        DeltaLimits { streams_max: 100_000, bytes_max: 64 << 20, idle: Duration::from_secs(3_600) }
    }
}

/// Time between two looks for streams to forget.
const SWEEP_MS: i64 = 60_000;
/// When there is no room, streams idle for this long make some.
const CROWDED_IDLE_MS: i64 = 5 * 60_000;
/// And there is a look at most this often.
const CROWDED_SWEEP_MS: i64 = 5_000;

/// A running total.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Total {
    Number(f64),
    Classic(Classic),
    Native(FloatHistogram),
}

impl Total {
    fn bytes(&self) -> usize {
        size_of::<Stream>()
            + size_of::<u128>()
            + match self {
                Total::Number(_) => 0,
                Total::Classic(c) => (c.bounds.len() + c.counts.len()) * 8,
                Total::Native(h) => h.size_bytes(),
            }
    }

    /// Adds a delta. `false` when the two do not fit together: then the stream begins anew.
    fn add(&mut self, delta: &Total) -> bool {
        match (self, delta) {
            (Total::Number(total), Total::Number(delta)) => {
                *total += delta;
                true
            }
            (Total::Classic(total), Total::Classic(delta)) => total.add(delta),
            (Total::Native(total), Total::Native(delta)) => total.add(delta).is_ok(),
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
struct Stream {
    /// Of the first delta that is in the total.
    start_ns: u64,
    last_ns: u64,
    seen_ms: i64,
    total: Total,
}

/// A delta on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub start_ns: u64,
    pub time_ns: u64,
    pub now_ms: i64,
}

/// A state as it was before a request.
pub(crate) struct Undo {
    key: u128,
    time_ns: u64,
    before: Option<Stream>,
}

/// A total after a delta.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub total: Total,
    pub start_ns: u64,
    /// The stream began with this delta.
    pub is_first: bool,
}

/// All streams.
pub(crate) struct DeltaStreams {
    limits: DeltaLimits,
    streams: HashMap<u128, Stream>,
    bytes: usize,
    next_sweep_ms: i64,
    next_crowded_sweep_ms: i64,
    /// Streams forgotten, since this was last asked.
    expired: u64,
}

impl DeltaStreams {
    pub fn new(limits: DeltaLimits) -> DeltaStreams {
        DeltaStreams {
            limits,
            streams: HashMap::new(),
            bytes: 0,
            next_sweep_ms: 0,
            next_crowded_sweep_ms: 0,
            expired: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.streams.len()
    }

    pub fn take_expired(&mut self) -> u64 {
        std::mem::take(&mut self.expired)
    }

    /// Adds a delta to the total of its stream.
    pub fn add(
        &mut self,
        key: u128,
        moment: Moment,
        delta: Total,
        undo: &mut Vec<Undo>,
    ) -> Result<Step, Fault> {
        self.sweep(moment.now_ms);
        let Some(stream) = self.streams.get_mut(&key) else {
            return self.begin(key, moment, delta, undo);
        };
        if moment.time_ns <= stream.last_ns {
            return Err(Fault::point(Reason::OutOfOrder, "out of order delta"));
        }
        if moment.start_ns != 0 && moment.start_ns < stream.start_ns {
            let message = "out of order delta: it starts before its stream does";
            return Err(Fault::point(Reason::OutOfOrder, message));
        }
        let before = stream.clone();
        let fits = stream.total.add(&delta);
        if !fits {
            (stream.total, stream.start_ns) = (delta, moment.start_ns);
        }
        // A histogram grows with each bucket that it was not in before.
        let bytes = self.bytes - before.total.bytes() + stream.total.bytes();
        if bytes > self.limits.bytes_max && stream.total.bytes() > before.total.bytes() {
            *stream = before;
            return Err(self.full());
        }
        self.bytes = bytes;
        (stream.last_ns, stream.seen_ms) = (moment.time_ns, moment.now_ms);
        let step = Step { total: stream.total.clone(), start_ns: stream.start_ns, is_first: !fits };
        undo.push(Undo { key, time_ns: moment.time_ns, before: Some(before) });
        Ok(step)
    }

    fn begin(
        &mut self,
        key: u128,
        moment: Moment,
        total: Total,
        undo: &mut Vec<Undo>,
    ) -> Result<Step, Fault> {
        let bytes = total.bytes();
        if !self.has_room(bytes) {
            self.sweep_crowded(moment.now_ms);
        }
        if !self.has_room(bytes) {
            return Err(self.full());
        }
        let Moment { start_ns, time_ns, now_ms } = moment;
        self.bytes += bytes;
        self.streams
            .insert(key, Stream { start_ns, last_ns: time_ns, seen_ms: now_ms, total: total.clone() });
        undo.push(Undo { key, time_ns, before: None });
        Ok(Step { total, start_ns, is_first: true })
    }

    fn full(&self) -> Fault {
        let DeltaLimits { streams_max, bytes_max, .. } = self.limits;
        let (streams, bytes) = (self.len(), self.bytes);
        let message = format!(
            "too many streams of deltas: {streams} of {streams_max}, in {bytes} of {bytes_max} bytes; send cumulative values"
        );
        Fault::point(Reason::Limit, message)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.streams.len() < self.limits.streams_max && self.bytes + bytes <= self.limits.bytes_max
    }

    /// Takes back what a request did, newest first.
    pub fn undo(&mut self, undo: Vec<Undo>) {
        for Undo { key, time_ns, before } in undo.into_iter().rev() {
            let Some(stream) = self.streams.get_mut(&key).filter(|s| s.last_ns == time_ns) else { continue };
            self.bytes -= stream.total.bytes();
            match before {
                Some(before) => {
                    self.bytes += before.total.bytes();
                    *stream = before;
                }
                None => {
                    self.streams.remove(&key);
                }
            }
        }
    }

    fn sweep(&mut self, now_ms: i64) {
        if now_ms >= self.next_sweep_ms {
            self.forget(now_ms.saturating_sub(self.limits.idle.as_millis() as i64));
            self.next_sweep_ms = now_ms + SWEEP_MS;
        }
    }

    fn sweep_crowded(&mut self, now_ms: i64) {
        if now_ms >= self.next_crowded_sweep_ms {
            self.forget(now_ms - CROWDED_IDLE_MS);
            self.next_crowded_sweep_ms = now_ms + CROWDED_SWEEP_MS;
        }
    }

    fn forget(&mut self, seen_before_ms: i64) {
        let (mut freed, mut forgotten) = (0, 0);
        self.streams.retain(|_, stream| {
            let stays = stream.seen_ms >= seen_before_ms;
            if !stays {
                freed += stream.total.bytes();
                forgotten += 1;
            }
            stays
        });
        self.bytes -= freed;
        self.expired += forgotten;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn streams(streams_max: usize) -> DeltaStreams {
        DeltaStreams::new(DeltaLimits { streams_max, ..DeltaLimits::default() })
    }

    fn at(start: u64, time: u64) -> Moment {
        Moment { start_ns: start, time_ns: time, now_ms: time as i64 }
    }

    fn add(s: &mut DeltaStreams, key: u128, moment: Moment, delta: f64) -> Result<(f64, bool), Fault> {
        let step = s.add(key, moment, Total::Number(delta), &mut Vec::new())?;
        match step.total {
            Total::Number(total) => Ok((total, step.is_first)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn deltas_add_up_and_disorder_is_refused() {
        let mut s = streams(9);
        assert_eq!(add(&mut s, 1, at(10, 20), 5.0), Ok((5.0, true)));
        assert_eq!(add(&mut s, 1, at(20, 30), 2.0), Ok((7.0, false)));
        assert_eq!(add(&mut s, 2, at(20, 30), 1.0), Ok((1.0, true)));
        for late in [at(20, 30), at(10, 25), at(5, 40)] {
            assert!(matches!(add(&mut s, 1, late, 1.0), Err(Fault::Point(Reason::OutOfOrder, _))));
        }
        assert_eq!(add(&mut s, 1, at(50, 60), 1.0), Ok((8.0, false)));
    }

    #[test]
    fn other_bounds_begin_anew() {
        let classic = |bounds: &[f64]| {
            let counts = vec![1; bounds.len() + 1];
            let count = counts.iter().sum();
            Total::Classic(Classic { bounds: bounds.to_vec(), counts, count, sum: Some(1.0) })
        };
        let (mut s, mut undo) = (streams(9), Vec::new());
        s.add(1, at(1, 2), classic(&[1.0]), &mut undo).unwrap();
        let step = s.add(1, at(2, 3), classic(&[1.0, 2.0]), &mut undo).unwrap();
        assert_eq!(step, Step { total: classic(&[1.0, 2.0]), start_ns: 2, is_first: true });
    }

    #[test]
    fn what_was_not_written_is_undone() {
        let (mut s, mut undo) = (streams(9), Vec::new());
        add(&mut s, 1, at(0, 1), 5.0).unwrap();
        let bytes = s.bytes;
        for (key, time) in [(1, 2), (1, 3), (2, 3)] {
            s.add(key, at(0, time), Total::Number(1.0), &mut undo).unwrap();
        }
        s.undo(undo);
        assert_eq!((s.len(), s.bytes), (1, bytes));
        assert_eq!(add(&mut s, 1, at(0, 2), 1.0), Ok((6.0, false)));
    }

    #[test]
    fn what_others_built_on_stays() {
        let (mut s, mut undo) = (streams(9), Vec::new());
        s.add(1, at(0, 1), Total::Number(1.0), &mut undo).unwrap();
        assert_eq!(add(&mut s, 1, at(0, 2), 2.0), Ok((3.0, false)));
        s.undo(undo);
        assert_eq!(add(&mut s, 1, at(0, 3), 1.0), Ok((4.0, false)));
    }

    #[test]
    fn the_number_is_bounded_and_the_idle_make_room() {
        let mut s = streams(2);
        let now = |ms: i64| Moment { start_ns: 0, time_ns: ms as u64, now_ms: ms };
        add(&mut s, 1, now(1), 1.0).unwrap();
        add(&mut s, 2, now(6 * MINUTE), 1.0).unwrap();
        // The first was quiet for six minutes.
        assert_eq!(add(&mut s, 3, now(6 * MINUTE + 1), 1.0), Ok((1.0, true)));
        assert_eq!(s.take_expired(), 1);
        let full = add(&mut s, 4, now(6 * MINUTE + 2), 1.0);
        assert!(matches!(full, Err(Fault::Point(Reason::Limit, _))), "{full:?}");
        // An hour later all are forgotten.
        assert_eq!(add(&mut s, 2, now(70 * MINUTE), 1.0), Ok((1.0, true)));
        assert_eq!(s.len(), 1);
    }

    #[test]
    fn a_histogram_does_not_grow_beyond_all_bounds() {
        let native = |index: i32| {
            Total::Native(FloatHistogram {
                count: 1.0,
                sum: 1.0,
                positive_spans: vec![model::Span { offset: index, length: 1 }],
                positive_buckets: vec![1.0],
                ..FloatHistogram::default()
            })
        };
        let bytes_max = 10_000;
        let mut s = DeltaStreams::new(DeltaLimits { bytes_max, ..DeltaLimits::default() });
        let mut refused = 0;
        // Each in a bucket of its own.
        for n in 1..=2_000u64 {
            let added = s.add(1, at(n, n + 1), native(n as i32 * 10), &mut Vec::new());
            refused += usize::from(matches!(added, Err(Fault::Point(Reason::Limit, _))));
            assert!(s.bytes <= bytes_max, "{}", s.bytes);
        }
        assert!((1_000..2_000).contains(&refused), "{refused}");
        // What needs no more room is taken.
        assert!(s.add(1, at(3_000, 3_001), native(10), &mut Vec::new()).is_ok());
        assert_eq!(s.bytes, s.streams.values().map(|stream| stream.total.bytes()).sum::<usize>());
    }

    #[test]
    fn native_histograms_of_different_scale_add_up() {
        let native = |schema: i32, index: i32| {
            Total::Native(FloatHistogram {
                schema,
                count: 1.0,
                sum: 1.0,
                zero_threshold: 1e-128,
                positive_spans: vec![model::Span { offset: index, length: 1 }],
                positive_buckets: vec![1.0],
                ..FloatHistogram::default()
            })
        };
        let (mut s, mut undo) = (streams(9), Vec::new());
        s.add(1, at(1, 2), native(2, 4), &mut undo).unwrap();
        let step = s.add(1, at(2, 3), native(1, 2), &mut undo).unwrap();
        match step.total {
            Total::Native(h) => {
                assert_eq!((h.schema, h.count, h.sum), (1, 2.0, 2.0));
                assert_eq!(h.positive_buckets, [2.0]);
            }
            other => panic!("{other:?}"),
        }
        assert!(!step.is_first);
    }
}
