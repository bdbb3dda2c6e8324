//! Reading parameters: from the query string, and from a form body, which comes first as in Go's `Request.Form`.

use crate::reply::ApiError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use model::Matcher;

/// A form larger than this is not a query anybody wrote: Go's limit is the same.
const FORM_BYTES_MAX: usize = 10 << 20;

/// Times beyond ±292 million years cannot be told in milliseconds; Prometheus draws its line here too.
const TIME_SECONDS_MAX: f64 = (i64::MAX / 1000) as f64;

/// The parameters of a request, in order of appearance.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Params, Response> {
        let mut pairs = Vec::new();
        let query = request.uri().query().unwrap_or("").to_owned();
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with("application/x-www-form-urlencoded"));
        if request.method() != Method::GET && is_form {
            let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
            if body.len() > FORM_BYTES_MAX {
                return Err(ApiError::bad_data("form body larger than 10MB").into_response());
            }
            pairs.extend(url::form_urlencoded::parse(&body).into_owned());
        }
        pairs.extend(url::form_urlencoded::parse(query.as_bytes()).into_owned());
        Ok(Params(pairs))
    }
}

impl Params {
    /// A single parameter that was read elsewhere.
    pub fn one(name: &str, value: &str) -> Params {
        Params(vec![(name.to_owned(), value.to_owned())])
    }

    /// The first value of a parameter; `""` counts as absent, as in Prometheus.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::parameter(name, format!("missing {name}")))
    }

    /// A time parameter in Unix milliseconds.
    pub fn time(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.get(name).map(|text| parse_time(text).map_err(|e| ApiError::parameter(name, e))).transpose()
    }

    /// A duration parameter in milliseconds: a number of seconds, or Prometheus's notation.
    pub fn duration(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.get(name)
            .map(|text| parse_duration_ms(text).map_err(|e| ApiError::parameter(name, e)))
            .transpose()
    }

    /// `limit`: 0 or absent means no limit.
    pub fn limit(&self) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get("limit") else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(n) if n < 0 => Err(ApiError::parameter("limit", "limit must be non-negative")),
            Ok(0) => Ok(None),
            Ok(n) => Ok(Some(n as usize)),
            Err(_) => {
                Err(ApiError::parameter("limit", format!("strconv.Atoi: parsing {text:?}: invalid syntax")))
            }
        }
    }

    /// All `match[]` selectors.
    pub fn matchers(&self) -> Result<Vec<Vec<Matcher>>, ApiError> {
        self.all("match[]").map(parse_matchers).collect()
    }
}

fn parse_matchers(selector: &str) -> Result<Vec<Matcher>, ApiError> {
    let matchers = promql::parse_selector(selector).map_err(|e| ApiError::parameter("match[]", e))?;
    if matchers.iter().all(Matcher::matches_empty) {
        return Err(ApiError::parameter("match[]", "match[] must contain at least one non-empty matcher"));
    }
    Ok(matchers)
}

/// Unix seconds with decimals, or RFC 3339, to Unix milliseconds.
pub fn parse_time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        if !seconds.is_finite() || seconds.abs() > TIME_SECONDS_MAX {
            return Err(format!("cannot parse {text:?} to a valid timestamp"));
        }
        return Ok((seconds * 1000.0).round() as i64);
    }
    text.parse::<jiff::Timestamp>()
        .map(|t| t.as_millisecond())
        .map_err(|_| format!("cannot parse {text:?} to a valid timestamp"))
}

/// Seconds with decimals, or `1h30m`, to milliseconds.
pub fn parse_duration_ms(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = seconds * 1000.0;
        if !ms.is_finite() || ms.abs() > i64::MAX as f64 / 1e6 {
            return Err(format!("cannot parse {text:?} to a valid duration. It overflows int64"));
        }
        return Ok(ms as i64);
    }
    base::units::parse_duration(text)
        .map(|d| d.as_millis() as i64)
        .map_err(|_| format!("cannot parse {text:?} to a valid duration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations() {
        assert_eq!(parse_time("1.5"), Ok(1500));
        assert_eq!(parse_time("2015-06-03T13:21:58.555Z"), Ok(1_433_337_718_555));
        assert_eq!(parse_time("-1"), Ok(-1000));
        assert!(parse_time("now").is_err() && parse_time("NaN").is_err() && parse_time("1e300").is_err());
        assert_eq!(parse_duration_ms("15"), Ok(15_000));
        assert_eq!(parse_duration_ms("1h30m"), Ok(5_400_000));
        assert!(parse_duration_ms("1x").is_err() && parse_duration_ms("1e300").is_err());
    }
}
