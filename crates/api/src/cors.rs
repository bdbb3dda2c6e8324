//! Cross-origin requests, as Prometheus answers them: any origin may ask, and OPTIONS is answered everywhere.
//!
//! What changes something is guarded by [`crate::prometheus::admin::same_site`] beside this.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

pub async fn cors(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    // A page that sends telemetry puts headers of its own choice on it.
    let telemetry = request.uri().path().starts_with("/v1/") || request.uri().path().starts_with("/otlp/");
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| telemetry).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        allow(response.headers_mut(), origin);
        if let Some(asked) = asked {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        if telemetry {
            allow_telemetry(response.headers_mut());
        }
    }
    response
}

/// A page that is being left sends with `navigator.sendBeacon`, which browsers allow only where credentials are: nothing
/// is answered there that a page could learn from. Browsers ask once in two hours, the longest that Chromium remembers.
fn allow_telemetry(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
        (header::VARY, "Origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
}
