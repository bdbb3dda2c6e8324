//! `/api/v1/query`, `/query_range`, `/query_exemplars`, `/format_query`, `/parse_query`.

use crate::App;
use crate::json::{self, Out};
use crate::params::Params;
use crate::prometheus::tree;
use crate::reply::{Answer, ApiError, ErrorType, json_response, success, success_value};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures::StreamExt;
use model::is_stale;
use promql::{Points, QueryError, QueryResult, SampleValue, SeriesResult, TimeRange, Value, VectorSample};
use query::{Ask, Times};
use std::sync::Arc;
use std::time::Duration;

/// Points a series: enough for a pixel each on any screen, and Prometheus's own limit.
const POINTS_MAX: i64 = 11_000;
/// Warnings, and infos, that an answer repeats: Prometheus's own number.
const NOTES_MAX: usize = 10;
/// An answer longer than this is sent in pieces while the rest is written: 1 MB is some 15,000 points.
const PIECE_BYTES: usize = 1 << 20;

/// `/api/v1/query`
pub async fn instant(State(app): State<Arc<App>>, params: Params) -> Answer {
    let limit = params.limit()?;
    let time_ms = params.time("time")?.unwrap_or_else(|| app.clock.now_ms());
    let ask = ask(&params, Times::Instant(time_ms))?;
    let result = app.query.run(ask).await.map_err(failed)?;
    Ok(answer(result, limit, stats_wanted(&params)))
}

/// `/api/v1/query_range`
pub async fn range(State(app): State<Arc<App>>, params: Params) -> Answer {
    let limit = params.limit()?;
    let range = time_range(&params)?;
    let result = app.query.run(ask(&params, Times::Range(range))?).await.map_err(failed)?;
    Ok(answer(result, limit, stats_wanted(&params)))
}

/// `start`, `end` and `step`, checked as Prometheus checks them.
pub fn time_range(params: &Params) -> Result<TimeRange, ApiError> {
    let missing = |name: &str| ApiError::parameter(name, "cannot parse \"\" to a valid timestamp");
    let start_ms = params.time("start")?.ok_or_else(|| missing("start"))?;
    let end_ms = params.time("end")?.ok_or_else(|| missing("end"))?;
    if end_ms < start_ms {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let step = params.duration("step")?;
    let step_ms = step.ok_or_else(|| ApiError::parameter("step", "cannot parse \"\" to a valid duration"))?;
    if step_ms <= 0 {
        let why = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(ApiError::parameter("step", why));
    }
    if (end_ms.saturating_sub(start_ms)) / step_ms > POINTS_MAX {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    Ok(TimeRange { start_ms, end_ms, step_ms })
}

fn ask(params: &Params, times: Times) -> Result<Ask, ApiError> {
    let mut ask = Ask::new(params.get("query").unwrap_or_default(), times);
    ask.timeout = params.duration("timeout")?.map(|ms| Duration::from_millis(ms.max(0) as u64));
    ask.lookback_ms = params.duration("lookback_delta")?;
    ask.per_step_stats = params.get("stats") == Some("all");
    Ok(ask)
}

fn stats_wanted(params: &Params) -> bool {
    params.get("stats").is_some()
}

/// The type and code of a query that failed.
pub fn failed(error: QueryError) -> ApiError {
    let kind = match &error {
        QueryError::Parse(_) | QueryError::Unfit(_) => ErrorType::BadData,
        QueryError::Execution(_) | QueryError::TooManySamples(_) | QueryError::OverBudget(_) => {
            ErrorType::Execution
        }
        QueryError::Timeout(_) => ErrorType::Timeout,
        QueryError::Canceled(_) => ErrorType::Canceled,
        QueryError::Storage(_) | QueryError::Internal(_) => ErrorType::Internal,
    };
    let message = match kind {
        ErrorType::BadData => format!("invalid parameter \"query\": {error}"),
        _ => error.to_string(),
    };
    ApiError::new(kind, message)
}

/// Writes a result. A long one is streamed: the head of it is on its way while the tail is written.
fn answer(mut result: QueryResult, limit: Option<usize>, stats: bool) -> Response {
    if let Some(limit) = limit {
        let cut = match &mut result.value {
            Value::Vector(samples) if samples.len() > limit => {
                samples.truncate(limit);
                true
            }
            Value::Matrix(series) if series.len() > limit => {
                series.truncate(limit);
                true
            }
            _ => false,
        };
        if cut {
            result.warnings.push("results truncated due to limit".to_owned());
        }
    }
    let mut out = Out::with_capacity(4096);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":\"");
    out.extend_from_slice(result.value.type_name().as_bytes());
    out.extend_from_slice(b"\",\"result\":");
    let tail = tail(&result, stats);
    let series = match result.value {
        Value::Scalar { t_ms, value } => {
            point(&mut out, t_ms, |out| json::value(out, value));
            return whole(out, &tail);
        }
        Value::String { t_ms, value } => {
            point(&mut out, t_ms, |out| json::string(out, &value));
            return whole(out, &tail);
        }
        Value::Vector(samples) => {
            json::array(&mut out, &samples, vector_sample);
            return whole(out, &tail);
        }
        Value::Matrix(series) => series,
    };
    out.push(b'[');
    let mut matrix =
        Matrix { series: series.into_iter(), first: true, stamps: Stamps::default(), row: Out::new() };
    if !matrix.fill(&mut out) {
        out.push(b']');
        return whole(out, &tail);
    }
    let pieces = futures::stream::unfold(Some((out, matrix, tail)), |state| async move {
        let (mut out, mut matrix, tail) = state?;
        if out.len() < PIECE_BYTES && !matrix.fill(&mut out) {
            out.push(b']');
            out.extend_from_slice(&tail);
            return Some((Ok::<_, std::convert::Infallible>(Bytes::from(out)), None));
        }
        let piece = Bytes::from(std::mem::take(&mut out));
        Some((Ok(piece), Some((out, matrix, tail))))
    });
    // Fused: the compression above asks once more after the end.
    json_response(StatusCode::OK, Body::from_stream(pieces.fuse()))
}

/// A matrix on its way out.
struct Matrix {
    series: std::vec::IntoIter<SeriesResult>,
    first: bool,
    stamps: Stamps,
    /// Scratch: the points of one series.
    row: Out,
}

impl Matrix {
    /// Writes series until a piece is full; false when there are no more.
    fn fill(&mut self, out: &mut Out) -> bool {
        while out.len() < PIECE_BYTES {
            let Some(series) = self.series.next() else { return false };
            if !std::mem::take(&mut self.first) {
                out.push(b',');
            }
            self.series(out, &series);
        }
        true
    }

    fn series(&mut self, out: &mut Out, series: &SeriesResult) {
        out.extend_from_slice(b"{\"metric\":");
        json::labels(out, &series.labels);
        if !series.floats.is_empty() {
            out.extend_from_slice(b",\"values\":");
            self.points(out, &series.floats);
        }
        if !series.histograms.is_empty() {
            out.extend_from_slice(b",\"histograms\":");
            json::array(out, &series.histograms, |out, (t, h)| point(out, *t, |out| json::histogram(out, h)));
        }
        out.push(b'}');
    }

    fn points(&mut self, out: &mut Out, points: &Points) {
        let Points::Grid { start_ms, step_ms, values } = points else {
            return json::array(out, points, |out, (t, v)| point(out, t, |out| json::value(out, v)));
        };
        self.stamps.prepare(*start_ms, *step_ms, values.len());
        let room = values.len() * POINT_BYTES_MAX;
        if self.row.len() < room {
            self.row.resize(room, 0);
        }
        let mut at = 0;
        for (value, stamp) in values.iter().zip(&self.stamps.texts).filter(|(v, _)| !is_stale(**v)) {
            let place = self.row[at..].first_chunk_mut().expect("there is room for a point a step");
            at += put_point(place, stamp, *value);
        }
        // Every point begins with a comma; the first one's place is that of the bracket.
        self.row[0] = b'[';
        out.extend_from_slice(&self.row[..at]);
        out.push(b']');
    }
}

/// No time needs more, with what stands around it: 16 digits of seconds, as times are below 2⁶⁰ ms, a sign, milliseconds.
const STAMP_BYTES_MAX: usize = 31;
/// A stamp, a number, a quote and a bracket.
const POINT_BYTES_MAX: usize = STAMP_BYTES_MAX + json::FLOAT_BYTES_MAX + 2;

/// The opening of a point, `,[1700000000,"`, and its length. Copied whole, as that is cheaper than copying by length.
#[derive(Clone, Copy)]
struct Stamp {
    text: [u8; STAMP_BYTES_MAX],
    length: u8,
}

/// The stamps of a grid, written once for all its series.
#[derive(Default)]
struct Stamps {
    grid: Option<(i64, i64)>,
    texts: Vec<Stamp>,
}

impl Stamps {
    fn prepare(&mut self, start_ms: i64, step_ms: i64, steps: usize) {
        if self.grid != Some((start_ms, step_ms)) {
            (self.grid, self.texts) = (Some((start_ms, step_ms)), Vec::new());
        }
        let mut text = Out::new();
        for step in self.texts.len()..steps {
            text.clear();
            text.extend_from_slice(b",[");
            json::timestamp(&mut text, start_ms + step as i64 * step_ms);
            text.extend_from_slice(b",\"");
            let mut stamp = Stamp { text: [0; STAMP_BYTES_MAX], length: text.len() as u8 };
            stamp.text[..text.len()].copy_from_slice(&text);
            self.texts.push(stamp);
        }
    }
}

/// `,[1700000000,"1.5"]`. Returns its length.
#[inline]
fn put_point(place: &mut [u8; POINT_BYTES_MAX], stamp: &Stamp, value: f64) -> usize {
    place[..STAMP_BYTES_MAX].copy_from_slice(&stamp.text);
    let mut at = usize::from(stamp.length);
    let number = place[at..].first_chunk_mut().expect("a stamp leaves room for a number");
    at += json::put_float(number, value);
    place[at..at + 2].copy_from_slice(b"\"]");
    at + 2
}

fn whole(mut out: Out, tail: &[u8]) -> Response {
    out.extend_from_slice(tail);
    json_response(StatusCode::OK, Body::from(out))
}

/// What follows the result: statistics, warnings, infos.
fn tail(result: &QueryResult, stats: bool) -> Out {
    let mut out = Out::new();
    if stats {
        let s = &result.stats;
        let total = s.prepare + s.eval + s.finish;
        let per_step: Vec<_> =
            s.samples_per_step.iter().map(|(t, n)| serde_json::json!([*t as f64 / 1000.0, n])).collect();
        let mut samples = serde_json::json!({
            "totalQueryableSamples": s.samples_total,
            "peakSamples": s.samples_peak,
        });
        if !per_step.is_empty() {
            samples["totalQueryableSamplesPerStep"] = per_step.into();
        }
        let json = serde_json::json!({
            "timings": {
                "evalTotalTime": total.as_secs_f64(),
                "resultSortTime": s.finish.as_secs_f64(),
                "queryPreparationTime": s.prepare.as_secs_f64(),
                "innerEvalTime": s.eval.as_secs_f64(),
                "execQueueTime": 0.0,
                "execTotalTime": total.as_secs_f64(),
            },
            "samples": samples,
        });
        out.extend_from_slice(format!(",\"stats\":{json}").as_bytes());
    }
    out.push(b'}');
    for (name, kind, notes) in [("warnings", "warning", &result.warnings), ("infos", "info", &result.infos)] {
        if notes.is_empty() {
            continue;
        }
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        let omitted = notes.len().saturating_sub(NOTES_MAX);
        let rest = (omitted > 0).then(|| format!("{omitted} more {kind} annotations omitted"));
        json::strings(&mut out, notes.iter().take(NOTES_MAX).chain(&rest));
    }
    out.push(b'}');
    out
}

/// `[time, …]`
fn point(out: &mut Out, t_ms: i64, write: impl FnOnce(&mut Out)) {
    out.push(b'[');
    json::timestamp(out, t_ms);
    out.push(b',');
    write(out);
    out.push(b']');
}

fn vector_sample(out: &mut Out, sample: &VectorSample) {
    out.extend_from_slice(b"{\"metric\":");
    json::labels(out, &sample.labels);
    match &sample.value {
        SampleValue::Float(value) => {
            out.extend_from_slice(b",\"value\":");
            point(out, sample.t_ms, |out| json::value(out, *value));
        }
        SampleValue::Histogram(histogram) => {
            out.extend_from_slice(b",\"histogram\":");
            point(out, sample.t_ms, |out| json::histogram(out, histogram));
        }
    }
    out.push(b'}');
}

/// `/api/v1/query_exemplars`: the exemplars of every selector in the query.
pub async fn exemplars(State(app): State<Arc<App>>, params: Params) -> Answer {
    let start_ms = params.time("start")?.unwrap_or(i64::MIN);
    let end_ms = params.time("end")?.unwrap_or(i64::MAX);
    if end_ms < start_ms {
        return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
    }
    let query = params.get("query").unwrap_or_default();
    let expr = app.query.engine().parse(query).map_err(failed)?;
    let sets: Vec<_> = expr.selectors().iter().map(|s| s.matchers.clone()).collect();
    let found = app.reading(move |db| db.exemplars(&sets, start_ms, end_ms)).await?;
    Ok(success(|out| {
        json::array(out, &found, |out, (labels, exemplars)| {
            out.extend_from_slice(b"{\"seriesLabels\":");
            json::labels(out, labels);
            out.extend_from_slice(b",\"exemplars\":");
            json::array(out, exemplars, |out, exemplar| {
                out.extend_from_slice(b"{\"labels\":");
                json::labels(out, &exemplar.labels);
                out.extend_from_slice(b",\"value\":");
                json::value(out, exemplar.value);
                out.extend_from_slice(b",\"timestamp\":");
                json::timestamp(out, exemplar.timestamp.unwrap_or(0));
                out.push(b'}');
            });
            out.push(b'}');
        });
    }))
}

/// `/api/v1/format_query`
pub async fn format(State(app): State<Arc<App>>, params: Params) -> Answer {
    let expr = app.query.engine().parse(params.get("query").unwrap_or_default()).map_err(failed)?;
    let text = promql::print::pretty(&expr);
    Ok(success(|out| json::string(out, &text)))
}

/// `/api/v1/parse_query`
pub async fn parse(State(app): State<Arc<App>>, params: Params) -> Answer {
    let expr = app.query.engine().parse(params.get("query").unwrap_or_default()).map_err(failed)?;
    Ok(success_value(&tree::tree(&expr)))
}
