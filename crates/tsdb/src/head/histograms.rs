//! The native histograms of one series between two flushes: each as its difference to the one before.

use crate::histogram::{put_histogram, take_histogram};
use model::{FloatHistogram, HistogramSample};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct HistogramColumn {
    /// Time and start of each.
    index: Vec<(i64, i64)>,
    bytes: Vec<u8>,
    /// Time and content of the last one, also of the last before the last flush.
    last: Option<(i64, Arc<FloatHistogram>)>,
}

impl HistogramColumn {
    /// An empty one that remembers the last histogram.
    pub fn successor(&self) -> HistogramColumn {
        HistogramColumn { last: self.last.clone(), ..HistogramColumn::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The last histogram, if it is of this time.
    pub fn last_at(&self, t: i64) -> Option<&Arc<FloatHistogram>> {
        self.last.as_ref().filter(|(last, _)| *last == t).map(|(_, h)| h)
    }

    /// Appends one after the last. Returns the bytes it takes.
    pub fn push(&mut self, t: i64, start: i64, h: &Arc<FloatHistogram>) -> usize {
        let from = self.bytes.len();
        let before = self.last.as_ref().filter(|_| !self.index.is_empty());
        put_histogram(&mut self.bytes, h, before.map(|(_, h)| &**h));
        self.index.push((t, start));
        let first = if self.last.is_none() { self.last_bytes(h) } else { 0 };
        self.last = Some((t, Arc::clone(h)));
        first + size_of::<(i64, i64)>() + self.bytes.len() - from
    }

    fn last_bytes(&self, h: &FloatHistogram) -> usize {
        size_of::<HistogramColumn>() + h.size_bytes()
    }

    /// Memory held, estimated.
    pub fn bytes(&self) -> usize {
        let last = self.last.as_ref().map_or(0, |(_, h)| self.last_bytes(h));
        last + self.index.len() * size_of::<(i64, i64)>() + self.bytes.len()
    }

    pub fn read(&self, start_excl: i64, end_incl: i64, out: &mut Vec<HistogramSample>) {
        let mut rest = &self.bytes[..];
        let mut before: Option<Arc<FloatHistogram>> = None;
        for (t, start) in &self.index {
            if *t > end_incl {
                break;
            }
            let h = take_histogram(&mut rest, before.as_deref()).expect("what was put is there");
            let h = Arc::new(h);
            if *t > start_excl {
                let histogram = Arc::clone(&h);
                out.push(HistogramSample { timestamp: *t, start_timestamp: *start, histogram });
            }
            before = Some(h);
        }
    }
}
