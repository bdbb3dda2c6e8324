//! What Pharos says about itself: every metric of its own, named in one place.
//!
//! A [`Registry`] is made once, at start, and handed to whoever counts. A metric exists from the moment somebody
//! asks for it by its definition in [`names`]; asking twice gives the same one. Nobody makes a metric whose
//! definition is not there, so that the list in `names` is the documentation.
//!
//! Invariants: a metric has one definition; a family has a bounded number of children, past which all further
//! label values share one child called `other`. This crate knows no exposition format: [`Registry::collect`] gives
//! families as plain data, and `wire` writes them.

pub mod metric;
pub mod names;
pub mod process;
pub mod registry;
mod seldom;

pub use metric::{Counter, Gauge, Histogram, Summary};
pub use names::{Def, Kind};
pub use registry::{
    CounterFamily, Family, GaugeFamily, HistogramFamily, Observer, Registry, Sample, SummaryFamily,
};
pub use seldom::Seldom;
