//! Series over all steps of a query at once: a column of floats, and one of histograms where there are any.
//!
//! A step without a float holds the staleness marker in its column. No other value has its bits: selectors skip
//! markers, and arithmetic on NaN gives quiet NaNs, which the marker is not. That makes a column eight bytes a step,
//! and the check for a hole one comparison.

use crate::limits::Load;
use model::{FloatHistogram, Labels, STALE_NAN_BITS};
use std::sync::Arc;

pub(crate) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

#[inline(always)]
pub(crate) fn is_absent(v: f64) -> bool {
    v.to_bits() == STALE_NAN_BITS
}

/// Whether a column has a hole (or, of samples, a staleness marker). Without an early exit and without comparisons this
/// is a few vector instructions: `x - 1 & !x` has the highest bit when `x` is 0, and else only when `x` had it not.
#[inline]
pub(crate) fn has_absent(column: &[f64]) -> bool {
    let zero = |v: &f64| {
        let x = v.to_bits() ^ STALE_NAN_BITS;
        x.wrapping_sub(1) & !x
    };
    column.iter().fold(0, |any, v| any | zero(v)) >> 63 != 0
}

/// The times at which an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub start: i64,
    /// At least 1.
    pub step: i64,
    pub steps: usize,
}

impl Grid {
    #[inline]
    pub fn at(&self, step: usize) -> i64 {
        self.start + step as i64 * self.step
    }

    pub fn end(&self) -> i64 {
        self.at(self.steps.saturating_sub(1))
    }

    /// Only the first step.
    pub fn once(&self) -> Grid {
        Grid { steps: self.steps.min(1), ..*self }
    }
}

pub(crate) type Histograms = Vec<Option<Arc<FloatHistogram>>>;

/// One series. A step has a float or a histogram, or neither.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub labels: Labels,
    /// With delayed name removal: the name goes in the end.
    pub drop_name: bool,
    /// As long as the grid, or empty when there are only histograms.
    pub floats: Vec<f64>,
    /// As long as the grid, or empty when there are none.
    pub hists: Histograms,
}

/// A step of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Absent,
    Float(f64),
    Hist(&'a Arc<FloatHistogram>),
}

impl Series {
    pub fn floats(labels: Labels, floats: Vec<f64>) -> Series {
        Series { labels, drop_name: false, floats, hists: Vec::new() }
    }

    #[inline]
    pub fn cell(&self, step: usize) -> Cell<'_> {
        cell(&self.floats, &self.hists, step)
    }

    #[inline]
    pub fn is_present(&self, step: usize) -> bool {
        self.floats.get(step).is_some_and(|v| !is_absent(*v))
            || self.hists.get(step).is_some_and(|h| h.is_some())
    }

    pub fn is_empty(&self) -> bool {
        self.floats.iter().all(|v| is_absent(*v)) && self.hists.iter().all(Option::is_none)
    }

    /// Sets a step, making the column when it is the first.
    pub fn set(&mut self, step: usize, steps: usize, cell: Cell<'_>) {
        match cell {
            Cell::Absent => {}
            Cell::Float(v) => {
                if self.floats.is_empty() {
                    self.floats.resize(steps, ABSENT);
                }
                self.floats[step] = v;
            }
            Cell::Hist(h) => {
                if self.hists.is_empty() {
                    self.hists.resize(steps, None);
                }
                self.hists[step] = Some(Arc::clone(h));
            }
        }
    }

    /// Removes a step.
    pub fn clear(&mut self, step: usize) {
        if let Some(v) = self.floats.get_mut(step) {
            *v = ABSENT;
        }
        if let Some(h) = self.hists.get_mut(step) {
            *h = None;
        }
    }

    pub fn load(&self) -> Load {
        load(&self.floats, &self.hists)
    }
}

#[inline]
pub(crate) fn cell<'a>(floats: &[f64], hists: &'a Histograms, step: usize) -> Cell<'a> {
    match floats.get(step) {
        Some(v) if !is_absent(*v) => Cell::Float(*v),
        _ => match hists.get(step) {
            Some(Some(h)) => Cell::Hist(h),
            _ => Cell::Absent,
        },
    }
}

/// The weight of a histogram in samples: 16 bytes each, with 8 for its time.
pub(crate) fn weight(h: &FloatHistogram) -> u64 {
    (h.size_bytes() as u64 + 8) / 16
}

pub(crate) fn load(floats: &[f64], hists: &Histograms) -> Load {
    /// What a series takes beside its columns.
    const SERIES_BYTES: u64 = size_of::<Series>() as u64;
    let present = floats.iter().filter(|v| !is_absent(**v)).count() as u64;
    let histograms: u64 = hists.iter().flatten().map(|h| weight(h)).sum();
    let columns = (floats.len() + hists.len()) as u64 * 8;
    Load { samples: present + histograms, bytes: SERIES_BYTES + columns + histograms * 16 }
}

/// An instant vector over all steps.
pub(crate) type Vector = Vec<Series>;

/// What a node evaluates to.
#[derive(Clone, Debug)]
pub(crate) enum Evaluated {
    /// A value for every step.
    Scalar(Vec<f64>),
    Vector(Vector),
    Text(String),
}

impl Evaluated {
    pub fn load(&self) -> Load {
        match self {
            Evaluated::Text(_) => Load::default(),
            Evaluated::Scalar(v) => Load { samples: v.len() as u64, bytes: v.len() as u64 * 8 },
            Evaluated::Vector(v) => {
                let mut sum = Load::default();
                v.iter().for_each(|s| sum += s.load());
                sum
            }
        }
    }

    pub fn series(&self) -> u64 {
        match self {
            Evaluated::Vector(v) => v.len() as u64,
            _ => 1,
        }
    }
}

/// A row of scratch: what was computed of one series, before it is kept or added up.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub floats: Vec<f64>,
    pub hists: Histograms,
    pub has_floats: bool,
    pub has_hists: bool,
    /// Samples looked at, summed over steps.
    pub seen: u64,
    /// The same by step, when asked for.
    pub seen_per_step: Option<Vec<u64>>,
    pub drop_name: bool,
}

impl Row {
    pub fn new(steps: usize, per_step: bool) -> Row {
        Row { floats: vec![ABSENT; steps], seen_per_step: per_step.then(|| vec![0; steps]), ..Row::default() }
    }

    pub fn reset(&mut self) {
        self.floats.fill(ABSENT);
        if self.has_hists {
            self.hists.clear();
        }
        (self.has_floats, self.has_hists, self.drop_name) = (false, false, false);
    }

    #[inline]
    pub fn put_float(&mut self, step: usize, v: f64) {
        self.floats[step] = v;
        self.has_floats = true;
    }

    pub fn put_hist(&mut self, step: usize, h: Arc<FloatHistogram>) {
        if self.hists.is_empty() {
            self.hists.resize(self.floats.len(), None);
        }
        self.hists[step] = Some(h);
        self.has_hists = true;
    }

    #[inline]
    pub fn see(&mut self, step: usize, samples: u64) {
        self.seen += samples;
        if let Some(per_step) = &mut self.seen_per_step {
            per_step[step] += samples;
        }
    }

    pub fn is_empty(&self) -> bool {
        !self.has_floats && !self.has_hists
    }

    /// A series of what the row holds; the row is empty afterwards.
    pub fn take(&mut self, labels: Labels) -> Series {
        let steps = self.floats.len();
        let floats = if self.has_floats {
            let kept = self.floats.clone();
            self.floats.fill(ABSENT);
            kept
        } else {
            Vec::new()
        };
        let hists = std::mem::take(&mut self.hists);
        let drop_name = self.drop_name;
        (self.has_floats, self.has_hists) = (false, false);
        debug_assert!(hists.is_empty() || hists.len() == steps);
        Series { labels, drop_name, floats, hists }
    }
}
