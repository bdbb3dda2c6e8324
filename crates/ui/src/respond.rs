//! From a request to an answer. Pure: method, path and headers in, a whole response out.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::asset::{self, Asset, Encoding};

/// Hashed names: a year, the longest that caches are asked to honour (RFC 9111 sets no limit; clients clamp to it).
const CACHE_FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else: keep it, but ask whether it changed.
const CACHE_ASK: &str = "no-cache";

/// All that the screen needs comes from where it was loaded. Styles may be inline: the editor and the component library
/// place their rules at run time.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// Where the page is, whoever asks: its own places, and those of Prometheus's and Jaeger's that lead to them.
const PLACES: [&str; 22] = [
    "/",
    "/explore/metrics",
    "/logs",
    "/map",
    "/pipeline/receivers",
    "/pipeline/targets",
    "/services",
    "/settings/status",
    "/traces",
    // Prometheus's.
    "/agent",
    "/alertmanager-discovery",
    "/alerts",
    "/config",
    "/flags",
    "/graph",
    "/query",
    "/rules",
    "/service-discovery",
    "/status",
    "/targets",
    "/tsdb-status",
    // Jaeger's.
    "/search",
];
/// Places with a name behind them, which may have dots.
const PLACES_OF: [&str; 3] = ["/services/", "/traces/", "/trace/"];

/// What a program without the screen answers, with status 200: nothing is broken, a step is missing.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Pharos</title>\
<style>body{font:15px/1.6 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color-scheme:light dark}\
code{font-family:ui-monospace,monospace}</style>\
<h1>The screen is not in this program</h1>\
<p>The server runs and its API answers, but it was compiled before the screen was built. \
Run <code>make run</code> in the project's folder: it builds both and starts again.</p></html>";

/// A router that answers every path: give it to `Router::fallback_service` after all other routes.
pub fn router() -> Router {
    Router::new().fallback(|request: Request| async move {
        let (parts, _) = request.into_parts();
        respond(&parts.method, parts.uri.path(), &parts.headers).map(Body::from)
    })
}

/// The answer for one request. `path` is the path of the URL, as sent.
pub fn respond(method: &Method, path: &str, headers: &HeaderMap) -> Response<Bytes> {
    if is_api(path) {
        return plain(StatusCode::NOT_FOUND, "not found: this version has no such path\n");
    }
    if method != Method::GET && method != Method::HEAD {
        if !is_place(path) && asset::find(path.trim_start_matches('/')).is_none() {
            return plain(StatusCode::NOT_FOUND, "not found: nothing is received at this path\n");
        }
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "the screen only answers GET and HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let wants_page = is_place(path)
        || headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    let mut response = match resolve(path).filter(|file| *file != "index.html" || wants_page) {
        Some(file) => serve(file, headers),
        None if !may_be_place(path) || !wants_page => plain(StatusCode::NOT_FOUND, "not found\n"),
        None => not_built(),
    };
    if method == Method::HEAD {
        // What GET would send (RFC 9110, section 9.3.2); without it the length of the empty body would be told.
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        *response.body_mut() = Bytes::new();
    }
    response
}

/// The file that a path means: itself, or the application's page for a place inside it.
fn resolve(path: &str) -> Option<&str> {
    let file = path.trim_start_matches('/');
    if !file.is_empty() && asset::find(file).is_some() {
        return Some(file);
    }
    (may_be_place(path) && asset::find("index.html").is_some()).then_some("index.html")
}

/// Whether there is a page: other paths lead nowhere, which the page says to a browser.
fn is_place(path: &str) -> bool {
    let is_of =
        |place: &&str| path.strip_prefix(*place).is_some_and(|name| !name.is_empty() && !name.contains('/'));
    PLACES.contains(&path) || PLACES_OF.iter().any(is_of)
}

/// A missing script must be a 404, not a page of HTML that the browser then fails to run.
fn may_be_place(path: &str) -> bool {
    let is_file_name =
        path.starts_with("/assets/") || path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    is_place(path) || !is_file_name
}

/// Clients of an API must never take the screen for an answer.
fn is_api(path: &str) -> bool {
    path == "/api" || ["/api/", "/v1/", "/-/"].iter().any(|prefix| path.starts_with(prefix))
}

fn serve(file: &str, headers: &HeaderMap) -> Response<Bytes> {
    let (asset, encoding) = pick(file, headers.get(ACCEPT_ENCODING));
    let tag = entity_tag(&asset.hash);
    let fresh =
        headers.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|sent| matches_tag(sent, &tag));
    let bytes = match asset.bytes {
        _ if fresh => Bytes::new(),
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = Response::new(bytes);
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let out = response.headers_mut();
    let cache = if asset::is_immutable(file) { CACHE_FOREVER } else { CACHE_ASK };
    out.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(ETAG, tag);
    }
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset::content_type(file)));
    if let Some(token) = encoding.token() {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(token));
    }
    protect(out, file);
    response
}

fn protect(out: &mut HeaderMap, file: &str) {
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if file.ends_with(".html") {
        out.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Queries live in the address: they stay here when somebody follows a link out.
        out.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
}

/// The smallest form the client takes. `resolve` has seen the plain file, so it is there.
fn pick(file: &str, accept: Option<&HeaderValue>) -> (Asset, Encoding) {
    let accept = accept.and_then(|v| v.to_str().ok()).unwrap_or("");
    for encoding in [Encoding::Brotli, Encoding::Gzip] {
        if accepts(accept, encoding.token().unwrap_or(""))
            && let Some(asset) = asset::find_encoded(file, encoding)
        {
            return (asset, encoding);
        }
    }
    let empty = Asset { bytes: std::borrow::Cow::Borrowed(&[]), hash: [0; 32] };
    (asset::find(file).unwrap_or(empty), Encoding::Identity)
}

/// Whether `Accept-Encoding` names the coding with a weight above zero (RFC 9110, section 12.5.3).
fn accepts(header: &str, token: &str) -> bool {
    header.split(',').any(|part| {
        let mut fields = part.split(';').map(str::trim);
        let named = fields.next().is_some_and(|name| name.eq_ignore_ascii_case(token));
        let weight = fields.find_map(|f| f.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        named && weight.is_some_and(|w| w > 0.0)
    })
}

fn entity_tag(hash: &[u8; 32]) -> String {
    // 16 hex digits of SHA-256: 64 bits tell apart the few versions that one cache ever sees.
    let hex: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn matches_tag(sent: &str, tag: &str) -> bool {
    sent.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

fn not_built() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(NOT_BUILT.as_bytes()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests;
