//! The screen of Jaeger's port: there is one screen, at the main address, and the paths of Jaeger's lead there.
//!
//! The host is the one that was asked: who reached this port reaches the main one by the same name.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};

/// A router that answers every path that no other route has. `main_port` is where the screen is.
pub fn elsewhere(main_port: u16) -> Router {
    Router::new().fallback(move |request: Request| async move {
        let (parts, _) = request.into_parts();
        lead(&parts.method, &parts.uri, &parts.headers, main_port).map(Body::from)
    })
}

fn lead(method: &Method, uri: &Uri, headers: &HeaderMap, main_port: u16) -> Response<Bytes> {
    let reads = method == Method::GET || method == Method::HEAD;
    let target = place(uri.path()).filter(|_| reads).and_then(|place| {
        let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
        let host = host(uri, headers)?;
        HeaderValue::from_str(&format!("http://{host}:{main_port}{place}{query}")).ok()
    });
    let mut response = Response::new(Bytes::new());
    match target {
        Some(target) => {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(LOCATION, target);
        }
        None => {
            *response.status_mut() = StatusCode::NOT_FOUND;
            *response.body_mut() = Bytes::from_static(b"not found: this port has Jaeger's API alone\n");
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, plain);
        }
    }
    response
}

/// Where a place of Jaeger's screen is in ours.
fn place(path: &str) -> Option<&str> {
    match path {
        "/" => Some("/traces"),
        "/search" => Some("/search"),
        "/dependencies" => Some("/map"),
        "/monitor" => Some("/services"),
        _ => path
            .strip_prefix("/trace/")
            .filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(|_| path),
    }
}

/// The name that was asked, without the port.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let asked = uri.authority().map(|authority| authority.as_str());
    let asked = asked.or_else(|| headers.get(HOST)?.to_str().ok())?;
    // An address of IPv6 stands in brackets.
    let name = match asked.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => asked,
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    (!name.is_empty() && name.bytes().all(is_plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(method: Method, path: &str, host: &'static str) -> (u16, String) {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        let response = lead(&method, &path.parse().unwrap(), &headers, 9090);
        let location = response.headers().get(LOCATION).map_or("", |value| value.to_str().unwrap());
        (response.status().as_u16(), location.to_owned())
    }

    #[test]
    fn places_of_jaeger_lead_to_ours() {
        let check = |path, host, want: &str| assert_eq!(led(Method::GET, path, host), (307, want.to_owned()));
        check("/", "localhost:16686", "http://localhost:9090/traces");
        check(
            "/search?service=cart&limit=20",
            "10.0.0.7:16686",
            "http://10.0.0.7:9090/search?service=cart&limit=20",
        );
        check("/trace/0aF1?uiFind=x", "[::1]:16686", "http://[::1]:9090/trace/0aF1?uiFind=x");
        check("/dependencies", "traces.example", "http://traces.example:9090/map");
        check("/monitor", "[::1]", "http://[::1]:9090/services");
    }

    #[test]
    fn what_is_no_place_is_not_found() {
        for path in ["/api/nothing", "/trace/", "/trace/a/b", "/trace/..%2f", "/static/x.js"] {
            assert_eq!(led(Method::GET, path, "localhost:16686"), (404, String::new()), "{path}");
        }
        for host in ["", ":16686", "evil.example/x", "a@b", "a b"] {
            assert_eq!(led(Method::GET, "/", host), (404, String::new()), "{host}");
        }
        assert_eq!(led(Method::POST, "/search", "localhost"), (404, String::new()));
    }
}
