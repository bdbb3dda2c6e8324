//! Why a scrape failed, in Prometheus's words.

use discovery::HttpError;
use std::fmt;
use tsdb::{AppendError, CommitError};
use wire::exposition::ParseError;

/// What ended a scrape. One that ends so stores nothing but stale markers and its report.
#[derive(Debug)]
pub enum ScrapeError {
    /// No answer, or one cut off.
    Http {
        url: String,
        error: HttpError,
    },
    Status {
        code: u16,
        line: String,
    },
    ContentType(String),
    Parse {
        error: ParseError,
    },
    BodySizeLimit {
        limit_bytes: u64,
    },
    SampleLimit {
        limit: u64,
    },
    /// A native histogram that no reduction brings under the limit.
    BucketLimit {
        limit: u64,
    },
    /// The text names the limit, the metric and the label.
    LabelLimit(String),
    TargetLimit {
        targets: usize,
        limit: u64,
    },
    /// A series without `__name__`, after relabeling.
    NoName,
    /// A name that the job's rule for names forbids.
    InvalidName(String),
    /// The store refuses a sample for a reason that is not its time.
    Append {
        series: String,
        error: AppendError,
    },
    Commit(CommitError),
    /// Interval and timeout as relabeled make no sense.
    Settings(String),
    /// A fault of our own: storing the body panicked.
    Fault,
}

impl fmt::Display for ScrapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScrapeError::Http { url, error } => write!(f, "Get {url:?}: {error}"),
            ScrapeError::Status { line, .. } => write!(f, "server returned HTTP status {line}"),
            ScrapeError::ContentType(reason) => f.write_str(reason),
            ScrapeError::Parse { error } => write!(f, "{error}"),
            ScrapeError::BodySizeLimit { .. } => f.write_str("body size limit exceeded"),
            ScrapeError::SampleLimit { .. } => f.write_str("sample limit exceeded"),
            ScrapeError::BucketLimit { .. } => f.write_str("histogram bucket limit exceeded"),
            ScrapeError::LabelLimit(reason) => f.write_str(reason),
            ScrapeError::TargetLimit { targets, limit } => {
                write!(f, "target_limit exceeded (number of targets: {targets}, limit: {limit})")
            }
            ScrapeError::NoName => f.write_str("missing metric name (__name__ label)"),
            ScrapeError::InvalidName(series) => write!(f, "invalid metric name or label names: {series}"),
            ScrapeError::Append { series, error } => write!(f, "{error} (series {series})"),
            ScrapeError::Commit(error) => write!(f, "cannot store the scrape: {error}"),
            ScrapeError::Settings(reason) => f.write_str(reason),
            ScrapeError::Fault => f.write_str("storing the scrape failed by a fault of Pharos"),
        }
    }
}
impl std::error::Error for ScrapeError {}

/// Samples that a scrape lost while the rest was stored, and the first series of each kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    pub out_of_order: Loss,
    pub duplicate: Loss,
    pub out_of_bounds: Loss,
    /// New series for which the store has no room.
    pub series_limit: Loss,
    pub exemplars_out_of_order: Loss,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loss {
    pub count: u64,
    /// Of the first one.
    pub series: String,
}

impl Loss {
    pub fn add(&mut self, series: &[u8]) {
        if self.count == 0 {
            self.series = String::from_utf8_lossy(series).into_owned();
        }
        self.count += 1;
    }
}

impl Losses {
    /// One sentence a kind; `None` when nothing was lost.
    pub fn warning(&self) -> Option<String> {
        let kinds = [
            (&self.out_of_order, "out of order"),
            (&self.duplicate, "with a duplicate timestamp"),
            (&self.out_of_bounds, "too old or too far in the future"),
            (&self.series_limit, "of new series over the store's limit of series or memory"),
        ];
        let mut parts: Vec<String> = kinds
            .iter()
            .filter(|(loss, _)| loss.count > 0)
            .map(|(loss, what)| {
                format!("{} samples {what} dropped, the first of {}", loss.count, loss.series)
            })
            .collect();
        if self.exemplars_out_of_order.count > 0 {
            let loss = &self.exemplars_out_of_order;
            parts
                .push(format!("{} exemplars out of order dropped, the first of {}", loss.count, loss.series));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_name_the_first_series() {
        let mut losses = Losses::default();
        assert_eq!(losses.warning(), None);
        losses.out_of_order.add(b"a{b=\"c\"}");
        losses.out_of_order.add(b"d");
        losses.duplicate.add(b"e");
        let want = "2 samples out of order dropped, the first of a{b=\"c\"}; \
                    1 samples with a duplicate timestamp dropped, the first of e";
        assert_eq!(losses.warning().unwrap(), want);
    }
}
