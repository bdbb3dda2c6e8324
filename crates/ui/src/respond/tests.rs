//! Holds with and without `web/dist`: what depends on it asks `is_built` first and checks the other promise.

use super::*;

fn get(path: &str, headers: &[(&'static str, &'static str)]) -> Response<Bytes> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_static(value));
    }
    respond(&Method::GET, path, &map)
}

fn header(response: &Response<Bytes>, name: http::HeaderName) -> &str {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

#[test]
fn a_place_inside_the_application_is_a_page() {
    for path in ["/", "/explore/metrics", "/pipeline/targets", "/graph"] {
        let response = get(path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]);
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let wanted = if crate::is_built() { "id=\"root\"" } else { "make run" };
        assert!(body.contains(wanted), "{path}: {body}");
    }
}

#[test]
fn who_asks_for_no_page_gets_none() {
    for accept in [None, Some("*/*"), Some("application/openmetrics-text"), Some("application/json")] {
        let headers: Vec<_> = accept.map(|a| ("accept", a)).into_iter().collect();
        assert_eq!(get("/metrcs", &headers).status(), StatusCode::NOT_FOUND, "{accept:?}");
        assert_eq!(get("/", &headers).status(), StatusCode::OK, "{accept:?}");
    }
    assert_eq!(respond(&Method::POST, "/v1/metrics", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
}

#[test]
fn places_answer_whoever_asks() {
    let of_names = ["/services/shop.cart", "/trace/0af7651916cd43dd8448eb211c80319c", "/traces/0af7"];
    for path in PLACES.iter().chain(&of_names) {
        for accept in [None, Some("*/*")] {
            let headers: Vec<_> = accept.map(|a| ("accept", a)).into_iter().collect();
            let response = get(path, &headers);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        }
    }
    for path in ["/services/", "/trace/a/b", "/targetz", "/graph/x"] {
        assert_eq!(get(path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn missing_files_and_apis_are_not_found() {
    for path in
        ["/assets/gone-123.js", "/favicon.missing", "/api/v1/nothing", "/api", "/-/nothing", "/v1/traces"]
    {
        let response = get(path, &[]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn paths_cannot_leave_the_folder() {
    for path in ["/../Cargo.toml", "/..%2fCargo.toml", "/assets/../../Cargo.toml", "//etc/passwd"] {
        let body = get(path, &[]).into_body();
        assert!(!String::from_utf8_lossy(&body).contains("[package]"), "{path}");
        assert!(!String::from_utf8_lossy(&body).contains("root:"), "{path}");
    }
}

#[test]
fn only_reading_is_allowed() {
    let response = respond(&Method::POST, "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, ALLOW), "GET, HEAD");
    // What is not here at all is not received elsewhere either.
    for path in ["/loki/api/v1/push", "/services/a/b"] {
        let response = respond(&Method::POST, path, &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.body().starts_with(b"not found: "), "{path}");
    }
}

#[test]
fn head_has_the_headers_and_no_body() {
    let response = respond(&Method::HEAD, "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8");
    assert!(response.body().is_empty());
    let whole = get("/", &[]).into_body().len();
    assert_eq!(header(&response, CONTENT_LENGTH), whole.to_string());
}

#[test]
fn the_page_is_compressed_as_asked_and_not_sent_twice() {
    if !crate::is_built() {
        assert_eq!(header(&get("/", &[]), CACHE_CONTROL), "no-store");
        return;
    }
    let brotli = get("/", &[("accept-encoding", "gzip, deflate, br")]);
    assert_eq!(header(&brotli, CONTENT_ENCODING), "br");
    let gzip = get("/", &[("accept-encoding", "gzip, br;q=0")]);
    assert_eq!(header(&gzip, CONTENT_ENCODING), "gzip");
    let plain = get("/", &[]);
    assert_eq!(header(&plain, CONTENT_ENCODING), "");
    assert_eq!(header(&plain, CACHE_CONTROL), CACHE_ASK);
    assert_ne!(header(&plain, ETAG), header(&gzip, ETAG));

    let mut again = HeaderMap::new();
    again.insert(IF_NONE_MATCH, plain.headers()[ETAG].clone());
    let second = respond(&Method::GET, "/", &again);
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert!(second.body().is_empty());
}

#[test]
fn every_script_the_page_names_is_kept_for_ever() {
    let page = get("/", &[]);
    let text = String::from_utf8_lossy(page.body()).into_owned();
    let scripts: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(scripts.is_empty(), !crate::is_built());
    for script in scripts {
        let response = get(script, &[("accept-encoding", "br")]);
        assert_eq!(response.status(), StatusCode::OK, "{script}");
        assert_eq!(header(&response, CACHE_CONTROL), CACHE_FOREVER, "{script}");
        assert_ne!(header(&response, CONTENT_TYPE), "application/octet-stream", "{script}");
    }
}

#[test]
fn weights_of_zero_refuse() {
    assert!(accepts("gzip, br", "br"));
    assert!(accepts("BR;q=0.5", "br"));
    assert!(!accepts("br;q=0", "br"));
    assert!(!accepts("br;q=bogus", "br"));
    assert!(!accepts("brr", "br"));
    assert!(!accepts("", "br"));
}
