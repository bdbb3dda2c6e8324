//! `/api/pharos/sql`: statements over events and metrics, as JSON, CSV or an Arrow stream.

use super::{EventError, count};
use crate::App;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::StreamExt;
use query::SqlFormat;
use std::sync::Arc;

/// A person reads a thousand rows; a program says how many it wants.
const ROWS: usize = 10_000;
const ROWS_MAX: usize = 10_000_000;
/// The statement and what is around it.
const BODY_BYTES_MAX: usize = 2 << 20;

#[derive(Default)]
struct Asked {
    query: Option<String>,
    format: Option<String>,
    limit: Option<String>,
}

pub async fn sql(State(app): State<Arc<App>>, request: Request) -> Result<Response, EventError> {
    let asked = read(request).await?;
    let query = asked.query.ok_or_else(|| EventError::parameter("query", "is missing"))?;
    let format = match asked.format.as_deref() {
        None => SqlFormat::Json,
        Some(name) => SqlFormat::parse(name)
            .ok_or_else(|| EventError::parameter("format", "must be json, csv or arrow"))?,
    };
    let limit = match asked.limit {
        None => ROWS,
        Some(text) => count(&crate::params::Params::one("limit", &text), "limit", ROWS, ROWS_MAX)?,
    };
    let rows = app.events.sql(query, format, limit).await?;
    let content_type = match format {
        SqlFormat::Json => "application/json",
        SqlFormat::Csv => "text/csv; charset=utf-8",
        SqlFormat::Arrow => "application/vnd.apache.arrow.stream",
    };
    // Fused: the compression above asks once more after the end.
    let mut response = Response::new(Body::from_stream(rows.fuse()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

/// From the query string; from a form; from JSON; or the body is the statement itself.
async fn read(request: Request) -> Result<Asked, EventError> {
    let mut asked = Asked::default();
    let mut take = |name: &str, value: String| match name {
        "query" => asked.query = Some(value),
        "format" => asked.format = Some(value),
        "limit" => asked.limit = Some(value),
        _ => {}
    };
    let from_query = request.uri().query().unwrap_or("").to_owned();
    url::form_urlencoded::parse(from_query.as_bytes())
        .into_owned()
        .for_each(|(name, value)| take(&name, value));
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let content_type = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if request.method() != axum::http::Method::POST {
        return Ok(asked);
    }
    let body = Bytes::from_request(request, &()).await.map_err(|e| EventError::parameter("body", e))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(EventError::parameter("body", format!("is longer than {BODY_BYTES_MAX} bytes")));
    }
    match content_type.as_str() {
        "application/json" => {
            let json: serde_json::Value =
                serde_json::from_slice(&body).map_err(|e| EventError::parameter("body", e))?;
            for name in ["query", "format", "limit"] {
                match &json[name] {
                    serde_json::Value::String(text) => take(name, text.clone()),
                    serde_json::Value::Number(number) => take(name, number.to_string()),
                    _ => {}
                }
            }
        }
        "application/x-www-form-urlencoded" => {
            url::form_urlencoded::parse(&body).into_owned().for_each(|(name, value)| take(&name, value));
        }
        _ if !body.is_empty() => {
            let text = std::str::from_utf8(&body).map_err(|e| EventError::parameter("body", e))?;
            take("query", text.to_owned());
        }
        _ => {}
    }
    Ok(asked)
}
