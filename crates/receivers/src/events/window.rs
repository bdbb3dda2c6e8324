//! Times that make sense: an event far ahead of the clock, or older than what is kept, would be lost or in the way.

use crate::{Outcome, Reason};
use model::event::{Batch, Kind, LogRow};
use std::time::Duration;

/// The times that are taken, Unix nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    now_ns: i64,
    oldest_ns: i64,
    newest_ns: i64,
}

enum Judgement {
    Good,
    NotSet,
    TooOld,
    TooNew,
}

impl Window {
    pub fn new(now_ns: i64, ahead_max: Duration, age_max: Option<Duration>) -> Window {
        let ns = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
        Window {
            now_ns,
            oldest_ns: age_max.map_or(i64::MIN, |age| now_ns.saturating_sub(ns(age))),
            newest_ns: now_ns.saturating_add(ns(ahead_max)),
        }
    }

    pub fn holds(&self, time_ns: i64) -> bool {
        matches!(self.judge(time_ns), Judgement::Good)
    }

    fn judge(&self, time_ns: i64) -> Judgement {
        if time_ns == 0 {
            Judgement::NotSet
        } else if time_ns < self.oldest_ns {
            Judgement::TooOld
        } else if time_ns > self.newest_ns {
            Judgement::TooNew
        } else {
            Judgement::Good
        }
    }

    /// Fills in the times of log records and takes out the rows that are out of the window.
    pub fn check(&self, batch: &mut Batch, outcome: &mut Outcome) {
        let Batch { spans, logs, text, kind, .. } = batch;
        match kind {
            Kind::Span => spans.retain(|row| {
                let bounds = row.name.start as usize..(row.name.start + row.name.len) as usize;
                let what = || format!("span {:?} of trace {}", &text[bounds.clone()], row.trace_id);
                self.keeps(row.start_ns, "start time", &what, outcome)
            }),
            Kind::Log | Kind::Error => logs.retain_mut(|row| {
                self.fill(row);
                let what = || "log record".to_owned();
                self.keeps(row.time_ns, "time", &what, outcome)
            }),
        }
    }

    /// A record without a time has that at which it was observed, at the latest now.
    fn fill(&self, row: &mut LogRow) {
        if row.observed_ns == 0 {
            row.observed_ns = self.now_ns;
        }
        if row.time_ns == 0 {
            row.time_ns = row.observed_ns;
        }
    }

    fn keeps(&self, time_ns: i64, which: &str, what: &dyn Fn() -> String, outcome: &mut Outcome) -> bool {
        let (reason, why) = match self.judge(time_ns) {
            Judgement::Good => return true,
            Judgement::NotSet => (Reason::NoTime, "is not set".to_owned()),
            Judgement::TooOld => {
                let ago = Duration::from_nanos(self.now_ns.saturating_sub(time_ns).unsigned_abs());
                (Reason::TooOld, format!("is {} days ago, older than what is kept", ago.as_secs() / 86_400))
            }
            Judgement::TooNew => {
                let ahead = Duration::from_nanos(time_ns.saturating_sub(self.now_ns).unsigned_abs());
                (Reason::TooNew, format!("is {} hours ahead of the clock here", ahead.as_secs() / 3_600))
            }
        };
        outcome.reject(reason, 1, || format!("{}: its {which} {why}", what()));
        false
    }
}
