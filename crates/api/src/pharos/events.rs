//! `/api/pharos/search…`, `/api/pharos/traces…`, `/api/pharos/sql`: wide events for the screen and for scripts.
//!
//! Times come as RFC 3339 or Unix seconds and go out as RFC 3339 with nanoseconds; durations go out in nanoseconds as
//! `…_ns`. An error is `{"error":{"code","message","position","hint"}}`.

mod fail;
pub(crate) mod json;
mod search;
mod sql;
mod tail;
mod traces;

pub(crate) use fail::EventError;

use crate::App;
use crate::params::Params;
use ::search::ask::{TimeRange, Which};
use axum::Router;
use axum::routing::get;
use model::event::Kind;
use search::complete;
use std::sync::Arc;

/// What is looked at when nobody says when.
const RANGE_NS: i64 = 3_600_000_000_000;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/pharos/search", get(search::events).post(search::events))
        .route("/api/pharos/search/histogram", get(search::histogram))
        .route("/api/pharos/search/top", get(search::top))
        .route("/api/pharos/search/fields", get(search::fields))
        .route("/api/pharos/search/group", get(search::group))
        .route("/api/pharos/search/patterns", get(search::patterns))
        .route("/api/pharos/search/context", get(search::context))
        .route("/api/pharos/search/complete", get(complete))
        .route("/api/pharos/search/tail", get(tail::tail))
        .route("/api/pharos/traces", get(traces::search))
        .route("/api/pharos/traces/{id}", get(traces::by_id))
        .route("/api/pharos/sql", get(sql::sql).post(sql::sql))
}

/// `kind`, `q`, `start`, `end`.
pub(crate) fn which(params: &Params, now_ns: i64, default: Kind) -> Result<Which, EventError> {
    let kind = match params.get("kind") {
        None => default,
        Some(name) => {
            Kind::parse(name).ok_or_else(|| EventError::parameter("kind", "must be log, span or error"))?
        }
    };
    let query = params.get("q").unwrap_or("").to_owned();
    Ok(Which { kind, query, range: range(params, now_ns)? })
}

/// `start` and `end`; the last hour when they are not said.
pub(crate) fn range(params: &Params, now_ns: i64) -> Result<TimeRange, EventError> {
    let time = |name: &'static str| {
        params.get(name).map(|text| parse_ns(text).ok_or_else(|| not_a_time(name, text))).transpose()
    };
    let end_ns = time("end")?.unwrap_or(now_ns.saturating_add(1));
    let start_ns = time("start")?.unwrap_or(end_ns.saturating_sub(RANGE_NS));
    if start_ns > end_ns {
        return Err(EventError::parameter("start", "is after end"));
    }
    Ok(TimeRange { start_ns, end_ns })
}

fn not_a_time(name: &'static str, text: &str) -> EventError {
    EventError::parameter(name, format!("{text:?} is neither RFC 3339 nor Unix seconds"))
}

/// RFC 3339, or Unix seconds with up to nine decimals, without the rounding of floats.
pub(crate) fn parse_ns(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain {
        return match text.parse::<jiff::Timestamp>() {
            Ok(time) => i64::try_from(time.as_nanosecond()).ok(),
            // A number such as 1.7e9.
            Err(_) => text.parse::<f64>().ok().filter(|s| s.abs() < 9.2e9).map(|s| (s * 1e9) as i64),
        };
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.contains('.') {
        return None;
    }
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut ns = 0;
    for place in 0..9 {
        ns = ns * 10 + i64::from(fraction.as_bytes().get(place).map_or(0, |b| b - b'0'));
    }
    let whole = seconds.checked_mul(1_000_000_000)?.checked_add(ns)?;
    Some(if text.starts_with('-') { -whole } else { whole })
}

/// A number of things; `default` when it is not said, refused over `max`.
pub(crate) fn count(
    params: &Params,
    name: &'static str,
    default: usize,
    max: usize,
) -> Result<usize, EventError> {
    match params.get(name) {
        None => Ok(default),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n <= max => Ok(n),
            Ok(n) => {
                Err(EventError::parameter(name, format!("{n} is more than {max}, the most there can be")))
            }
            Err(_) => Err(EventError::parameter(name, format!("{text:?} is not a number"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_nanosecond() {
        assert_eq!(parse_ns("1700000000.123456789"), Some(1_700_000_000_123_456_789));
        assert_eq!(parse_ns("1700000000"), Some(1_700_000_000_000_000_000));
        assert_eq!(parse_ns("-1.5"), Some(-1_500_000_000));
        assert_eq!(parse_ns("1.7e9"), Some(1_700_000_000_000_000_000));
        assert_eq!(parse_ns("2023-11-14T22:13:20.123456789Z"), Some(1_700_000_000_123_456_789));
        for bad in ["", "-", "now", "1.2.3", "99999999999999999999", "NaN", "inf", "1e300"] {
            assert_eq!(parse_ns(bad), None, "{bad}");
        }
    }
}
