//! What a scrape says of itself: `up` and its kin, written with the samples of every scrape.

use crate::mutate::report_labels;
use model::{Labels, Metadata, MetricType, stale_nan};
use tsdb::{AppendError, Appender, SeriesRef};

/// How a scrape went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    pub up: bool,
    pub duration_seconds: f64,
    /// Samples in the body.
    pub scraped: u64,
    /// Samples left after relabeling.
    pub post_relabeling: u64,
    /// Series that were not in the scrape before.
    pub series_added: u64,
    /// Length of the decoded body; −1 when it was over its limit.
    pub body_bytes: i64,
}

/// What is written only with `extra_scrape_metrics`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extra {
    pub timeout_seconds: f64,
    pub sample_limit: u64,
}

/// Name, help and unit of each report series, the extra ones last.
const SERIES: [(&str, &str, &str); 8] = [
    ("up", "Whether the target could be scraped.", ""),
    ("scrape_duration_seconds", "How long the last scrape took.", "seconds"),
    ("scrape_samples_scraped", "Samples in the last scrape.", "samples"),
    ("scrape_samples_post_metric_relabeling", "Samples of the last scrape left after relabeling.", "samples"),
    ("scrape_series_added", "Series that the last scrape brought anew.", "series"),
    ("scrape_timeout_seconds", "The scrape timeout of the target.", "seconds"),
    ("scrape_sample_limit", "The sample limit of the target, 0 for none.", "samples"),
    ("scrape_body_size_bytes", "Length of the last body; -1 when it was over its limit.", "bytes"),
];
/// How many of them are always written.
const ALWAYS: usize = 5;

/// The report series of one target.
#[derive(Debug, Default)]
pub struct ReportSeries {
    series: [Option<SeriesRef>; SERIES.len()],
}

impl ReportSeries {
    pub fn append(
        &mut self,
        appender: &mut Appender,
        target: &Labels,
        t: i64,
        report: &Report,
        extra: Option<Extra>,
    ) -> Result<(), AppendError> {
        let extra_values = extra.map_or([0.0; 2], |e| [e.timeout_seconds, e.sample_limit as f64]);
        let values = [
            f64::from(u8::from(report.up)),
            report.duration_seconds,
            report.scraped as f64,
            report.post_relabeling as f64,
            report.series_added as f64,
            extra_values[0],
            extra_values[1],
            report.body_bytes as f64,
        ];
        let count = if extra.is_some() { SERIES.len() } else { ALWAYS };
        for (index, value) in values.into_iter().enumerate().take(count) {
            self.one(appender, target, index, t, value)?;
        }
        Ok(())
    }

    /// Ends all of them, because the target is gone.
    pub fn append_stale(
        &mut self,
        appender: &mut Appender,
        target: &Labels,
        t: i64,
    ) -> Result<(), AppendError> {
        for index in 0..SERIES.len() {
            if self.series[index].is_some() {
                self.one(appender, target, index, t, stale_nan())?;
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        appender: &mut Appender,
        target: &Labels,
        index: usize,
        t: i64,
        value: f64,
    ) -> Result<(), AppendError> {
        let (name, help, unit) = SERIES[index];
        let result = match self.series[index] {
            Some(series) => appender.float(series, t, value),
            None => Err(AppendError::UnknownSeries),
        };
        let result = match result {
            Err(AppendError::UnknownSeries) => {
                let series = appender.series(None, &report_labels(name, target))?;
                if self.series[index].replace(series).is_none() {
                    let metadata = Metadata {
                        metric_type: MetricType::Gauge,
                        help: help.to_owned(),
                        unit: unit.to_owned(),
                    };
                    appender.metadata(name, &metadata);
                }
                appender.float(series, t, value)
            }
            result => result,
        };
        match result {
            // Expected when a target goes and comes back with a loop of its own.
            Err(
                AppendError::OutOfOrder { .. }
                | AppendError::TooOld { .. }
                | AppendError::DuplicateTimestamp { .. },
            ) => Ok(()),
            result => result,
        }
    }
}
