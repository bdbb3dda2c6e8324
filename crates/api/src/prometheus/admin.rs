//! `/api/v1/admin/tsdb/*` and `/-/*`: what changes the store or the process.

use crate::App;
use crate::params::Params;
use crate::reply::{Answer, ApiError, ErrorType, success_value, text_response};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use tsdb::AdminError;

pub async fn delete_series(State(app): State<Arc<App>>, params: Params) -> Answer {
    let matchers = params.matchers()?;
    if matchers.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let start_ms = params.time("start")?.unwrap_or(i64::MIN);
    let end_ms = params.time("end")?.unwrap_or(i64::MAX);
    let db = app.db.clone();
    app.blocking(move || db.delete_series(&matchers, start_ms, end_ms)).await?.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub async fn clean_tombstones(State(app): State<Arc<App>>) -> Answer {
    let db = app.db.clone();
    app.blocking(move || db.clean_tombstones()).await?.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub async fn snapshot(State(app): State<Arc<App>>, params: Params) -> Answer {
    let skip_head = match params.get("skip_head") {
        None | Some("false" | "0" | "f") => false,
        Some("true" | "1" | "t") => true,
        Some(other) => {
            return Err(ApiError::parameter("skip_head", format!("unable to parse boolean from {other:?}")));
        }
    };
    let db = app.db.clone();
    let name = app.blocking(move || db.snapshot(skip_head)).await?.map_err(failed)?;
    Ok(success_value(&json!({"name": name})))
}

fn failed(error: AdminError) -> ApiError {
    match error {
        AdminError::DiskFull => ApiError::new(ErrorType::Unavailable, error.to_string()),
        other => ApiError::internal(other),
    }
}

pub async fn healthy() -> Response {
    text_response(StatusCode::OK, "Prometheus Server is Healthy.\n")
}

pub async fn ready() -> Response {
    text_response(StatusCode::OK, "Prometheus Server is Ready.\n")
}

pub async fn reload(State(app): State<Arc<App>>) -> Response {
    match app.control.reload().await {
        Ok(()) => text_response(StatusCode::OK, ""),
        Err(faults) => text_response(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("failed to reload config: nothing was changed\n{}\n", faults.join("\n")),
        ),
    }
}

pub async fn quit(State(app): State<Arc<App>>) -> Response {
    app.control.quit();
    text_response(StatusCode::OK, "Requesting termination... Goodbye!")
}

/// Refuses what a page of another site makes a browser send: on a loopback address nobody has to log in, so where
/// a request comes from is all that tells the operator's own screen from a hostile page. Browsers name the site
/// (`Sec-Fetch-Site`) or at least the origin; other clients send neither and pass.
pub async fn same_site(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return text_response(
            StatusCode::FORBIDDEN,
            "this action cannot be asked for by a page of another site\n",
        );
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let foreign_origin = match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
        (None, _) => false,
    };
    foreign_origin || matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn only_pages_of_other_sites_are_foreign() {
        let check = |pairs: &[(&'static str, &'static str)], want: bool| {
            let all = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
            assert_eq!(is_foreign(&all.collect()), want, "{pairs:?}");
        };
        check(&[("host", "localhost:9090")], false);
        check(&[("host", "localhost:9090"), ("sec-fetch-site", "same-origin")], false);
        check(&[("host", "a:9090"), ("origin", "http://a:9090")], false);
        check(&[("host", "a:9090"), ("origin", "http://b")], true);
        check(&[("host", "a:9090"), ("origin", "null")], true);
        check(&[("host", "a:9090"), ("sec-fetch-site", "cross-site")], true);
    }
}
