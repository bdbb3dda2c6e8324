//! The client against servers in this process.

use super::testing::{Answer, ConnectProxy, Identity, Server, get};
use super::*;
use base::disk;
use promconfig::{Authorization, BasicAuth, HeaderValues, OAuth2, ProxyConfig, Secret, TlsConfig};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

fn client(config: &HttpClientConfig) -> HttpClient {
    HttpClient::new(config, &Clock::system()).unwrap()
}

fn plain() -> HttpClientConfig {
    HttpClientConfig::default()
}

fn trusting(identity: &Identity) -> HttpClientConfig {
    let tls_config = TlsConfig { ca: identity.certificate.clone(), ..TlsConfig::default() };
    HttpClientConfig { tls_config, ..plain() }
}

fn proxied(url: String) -> ProxyConfig {
    ProxyConfig { proxy_url: Some(promconfig::Url::parse(&url).unwrap()), ..ProxyConfig::default() }
}

async fn error(config: &HttpClientConfig, url: &str) -> HttpError {
    get(&client(config), url).await.unwrap_err()
}

#[tokio::test]
async fn asks_and_reads() {
    let server = Server::start(|_| Answer::ok("text/plain", "hello ").body("world")).await;
    let got = get(&client(&plain()), &server.url("/a?b=c")).await.unwrap();
    assert_eq!(got, (200, "hello world".to_owned()));
    let request = &server.requests()[0];
    assert_eq!((request.path.as_str(), request.query.as_str()), ("/a", "b=c"));
    assert_eq!(request.header("user-agent"), USER_AGENT);
    assert_eq!(request.header("host"), server.address());
    assert!(!request.http2);
}

#[tokio::test]
async fn basic_auth_is_sent_and_its_file_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    disk::write_atomic(&path, b"first\n").unwrap();
    let basic =
        BasicAuth { username: "me".into(), password_file: Some(path.clone()), ..BasicAuth::default() };
    let client = client(&HttpClientConfig { basic_auth: Some(basic), ..plain() });
    let server = Server::start(|_| Answer::new(200)).await;
    get(&client, &server.url("/")).await.unwrap();
    disk::write_atomic(&path, b"second").unwrap();
    get(&client, &server.url("/")).await.unwrap();
    let sent: Vec<String> = server.requests().iter().map(|r| r.header("authorization").to_owned()).collect();
    assert_eq!(sent, ["Basic bWU6Zmlyc3Q=", "Basic bWU6c2Vjb25k"]);
    disk::remove_file(&path).unwrap();
    let error = get(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(&error, HttpError::Credentials(text) if text.contains("password")), "{error}");
}

#[tokio::test]
async fn other_authorization_and_headers_are_sent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("header");
    disk::write_atomic(&path, b"from file").unwrap();
    let credentials = Some(Secret::new("tok"));
    let authorization = Authorization { r#type: "Token".to_owned(), credentials, ..Authorization::default() };
    let values = HeaderValues {
        values: vec!["plain".to_owned()],
        secrets: vec![Secret::new("hidden")],
        files: vec![path],
    };
    let http_headers = BTreeMap::from([("X-Mine".to_owned(), values)]);
    let config = HttpClientConfig { authorization: Some(authorization), http_headers, ..plain() };
    let server = Server::start(|_| Answer::new(200)).await;
    get(&client(&config), &server.url("/")).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), "Token tok");
    let values: Vec<_> = request.headers.get_all("x-mine").iter().map(|v| v.to_str().unwrap()).collect();
    assert_eq!(values, ["plain", "hidden", "from file"]);
}

fn oauth2(token_url: String) -> HttpClientConfig {
    let oauth2 = OAuth2 {
        client_id: "id".to_owned(),
        client_secret: Some(Secret::new("s e")),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        endpoint_params: BTreeMap::from([("audience".to_owned(), "x".to_owned())]),
        token_url,
        ..OAuth2::default()
    };
    HttpClientConfig { oauth2: Some(oauth2), ..plain() }
}

#[tokio::test]
async fn a_token_is_fetched_once_until_it_expires() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let tokens = Server::start(move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        Answer::ok(
            "application/json",
            format!(r#"{{"access_token":"t{n}","token_type":"bearer","expires_in":60}}"#),
        )
    })
    .await;
    let server = Server::start(|_| Answer::new(200)).await;
    let clock = Clock::manual(0);
    let client = HttpClient::new(&oauth2(tokens.url("/token")), &clock).unwrap();
    for seconds in [0, 49, 2] {
        clock.advance(Duration::from_secs(seconds));
        get(&client, &server.url("/")).await.unwrap();
    }
    let sent: Vec<String> = server.requests().iter().map(|r| r.header("authorization").to_owned()).collect();
    assert_eq!(sent, ["Bearer t0", "Bearer t0", "Bearer t1"]);
    let request = &tokens.requests()[0];
    assert_eq!(request.header("authorization"), "Basic aWQ6cytl");
    assert_eq!(request.body, "grant_type=client_credentials&scope=a+b&audience=x");
}

#[tokio::test]
async fn a_token_server_may_want_the_secret_in_the_form() {
    let tokens = Server::start(|request| {
        if request.header("authorization").is_empty() {
            Answer::ok("application/json", r#"{"access_token":"t","expires_in":"60"}"#)
        } else {
            Answer::new(401)
        }
    })
    .await;
    let server = Server::start(|_| Answer::new(200)).await;
    get(&client(&oauth2(tokens.url("/token"))), &server.url("/")).await.unwrap();
    assert!(tokens.requests()[1].body.ends_with(b"client_id=id&client_secret=s+e"));
    let refusing = Server::start(|_| Answer::new(400).body("bad client")).await;
    let error = error(&oauth2(refusing.url("/token")), &server.url("/")).await;
    assert!(error.to_string().contains("bad client"), "{error}");
    assert!(!error.to_string().contains("s e"));
}

#[tokio::test]
async fn redirects_are_followed_and_credentials_stay_home() {
    let other = Server::start(|_| Answer::ok("text/plain", "there")).await;
    let away = other.url("/there");
    let server = Server::start(move |request| match request.path.as_str() {
        "/circle" => Answer::new(302).header("location", "/circle"),
        "/away" => Answer::new(307).header("location", &away),
        "/near" => Answer::new(301).header("location", "/here"),
        _ => Answer::ok("text/plain", request.method.as_str()),
    })
    .await;
    let basic = BasicAuth { username: "me".into(), ..BasicAuth::default() };
    let config = HttpClientConfig { basic_auth: Some(basic), ..plain() };
    let client = client(&config);
    assert_eq!(get(&client, &server.url("/near")).await.unwrap().1, "GET");
    assert!(!server.requests()[1].header("authorization").is_empty());
    assert_eq!(get(&client, &server.url("/away")).await.unwrap().1, "there");
    assert_eq!(other.requests()[0].header("authorization"), "");
    assert!(matches!(get(&client, &server.url("/circle")).await, Err(HttpError::Redirects)));

    let post = Request::post(Url::parse(&server.url("/near")).unwrap(), "text/plain", "body");
    assert_eq!(client.send(post).await.unwrap().read(100).await.unwrap(), b"GET");
    let post = Request::post(Url::parse(&server.url("/away")).unwrap(), "text/plain", "body");
    client.send(post).await.unwrap();
    assert_eq!((other.requests()[1].method.as_str(), &other.requests()[1].body[..]), ("POST", &b"body"[..]));

    let staying = HttpClientConfig { follow_redirects: false, ..config };
    assert_eq!(get(&self::client(&staying), &server.url("/near")).await.unwrap().0, 301);
}

#[tokio::test]
async fn tls_trusts_what_it_is_told_to() {
    let identity = Identity::new(&["127.0.0.1", "localhost"]);
    let server = Server::start_tls(&identity, |_| Answer::ok("text/plain", "secret")).await;
    let url = server.url("/");
    assert_eq!(get(&client(&trusting(&identity)), &url).await.unwrap().1, "secret");
    assert!(server.requests()[0].http2, "h2 is negotiated");
    let one = HttpClientConfig { enable_http2: false, ..trusting(&identity) };
    get(&client(&one), &url).await.unwrap();
    assert!(!server.requests()[1].http2);

    let stranger = error(&trusting(&Identity::new(&["127.0.0.1"])), &url).await;
    let unknown = matches!(&stranger, HttpError::Connect(ConnectError::Tls { unknown_authority: true, .. }));
    assert!(unknown, "{stranger}");
    let careless = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    get(&client(&HttpClientConfig { tls_config: careless, ..plain() }), &url).await.unwrap();
}

#[tokio::test]
async fn tls_expects_the_configured_name() {
    let identity = Identity::new(&["service.internal"]);
    let server = Server::start_tls(&identity, |_| Answer::new(200)).await;
    let mut config = trusting(&identity);
    let error = error(&config, &server.url("/")).await;
    assert!(matches!(&error, HttpError::Connect(ConnectError::Tls { .. })), "{error}");
    config.tls_config.server_name = "service.internal".to_owned();
    get(&client(&config), &server.url("/")).await.unwrap();
}

#[tokio::test]
async fn certificates_are_read_again_when_they_change() {
    let dir = tempfile::tempdir().unwrap();
    let (right, wrong) = (Identity::new(&["127.0.0.1"]), Identity::new(&["127.0.0.1"]));
    let server = Server::start_tls(&right, |_| Answer::new(200)).await;
    let (ca_file, _) = wrong.write(dir.path(), "ca");
    let tls_config = TlsConfig { ca_file: Some(ca_file.clone()), ..TlsConfig::default() };
    let client = client(&HttpClientConfig { tls_config, ..plain() });
    get(&client, &server.url("/")).await.unwrap_err();
    // Longer, so that it counts as changed even within one tick of the file system's clock.
    disk::write_atomic(&ca_file, format!("# anew\n{}", right.certificate).as_bytes()).unwrap();
    get(&client, &server.url("/")).await.unwrap();
}

#[test]
fn tls_settings_that_make_no_sense_are_refused() {
    let refused = |tls_config| {
        let config = HttpClientConfig { tls_config, ..plain() };
        HttpClient::new(&config, &Clock::system()).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let text = refused(TlsConfig { ca_file: Some("/no/such/file".into()), ..TlsConfig::default() });
    assert!(text.contains("/no/such/file"), "{text}");
    assert!(
        refused(TlsConfig { ca: "no pem".into(), ..TlsConfig::default() }).contains("no PEM certificate")
    );
    assert!(refused(TlsConfig { server_name: "a b".into(), ..TlsConfig::default() }).contains("server_name"));
    let old = TlsConfig { max_version: Some(promconfig::TlsVersion::Tls11), ..TlsConfig::default() };
    assert!(refused(old).contains("max_version"));
}

#[tokio::test]
async fn plain_requests_go_to_the_proxy_whole() {
    let proxy = Server::start(|_| Answer::ok("text/plain", "from the proxy")).await;
    let config = HttpClientConfig { proxy: proxied(format!("http://u:p@{}", proxy.address())), ..plain() };
    let got = get(&client(&config), "http://far.example:8080/metrics").await.unwrap();
    assert_eq!(got.1, "from the proxy");
    let request = &proxy.requests()[0];
    assert_eq!(request.uri, "http://far.example:8080/metrics");
    assert_eq!(request.header("proxy-authorization"), "Basic dTpw");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let identity = Identity::new(&["127.0.0.1"]);
    let server = Server::start_tls(&identity, |_| Answer::ok("text/plain", "inside")).await;
    let proxy = ConnectProxy::start(None).await;
    let mut config = trusting(&identity);
    config.proxy = proxied(format!("http://u:p@{}", proxy.address));
    config.proxy.proxy_connect_header = BTreeMap::from([("X-Key".to_owned(), vec![Secret::new("k")])]);
    assert_eq!(get(&client(&config), &server.url("/")).await.unwrap().1, "inside");
    let head = proxy.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with(&format!("connect {} http/1.1\r\n", server.address())), "{head}");
    assert!(head.contains("proxy-authorization: basic dtpw\r\n") && head.contains("x-key: k\r\n"), "{head}");
    assert_eq!(proxy.tunnels(), 1);
    // Loopback needs no proxy once there are exceptions.
    config.proxy.no_proxy = "other".to_owned();
    get(&client(&config), &server.url("/")).await.unwrap();
    assert_eq!(proxy.tunnels(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let proxy = ConnectProxy::start(Some("407 Proxy Authentication Required")).await;
    let config = HttpClientConfig { proxy: proxied(format!("http://u:secret@{}", proxy.address)), ..plain() };
    let error = error(&config, "https://far.example/").await;
    assert!(matches!(&error, HttpError::Connect(ConnectError::Proxy { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("407 Proxy Authentication Required") && !text.contains("secret"), "{text}");
    assert!(
        HttpClient::new(
            &HttpClientConfig { proxy: proxied("socks5://x:1".to_owned()), ..plain() },
            &Clock::system()
        )
        .is_err()
    );
}

#[tokio::test]
async fn failures_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = error(&plain(), &format!("http://{address}/")).await;
    assert!(matches!(&refused, HttpError::Connect(ConnectError::Dial { refused: true, .. })), "{refused}");
    assert_eq!(refused.to_string(), format!("dial tcp {address}: connect: connection refused"));

    let server =
        Server::start(|_| Answer::new(200).header("content-length", "100").body("short").cut()).await;
    let cut = error(&plain(), &server.url("/")).await;
    assert!(matches!(&cut, HttpError::Body(_)), "{cut:?}");

    let not_tls = error(&plain(), &format!("https://{}/", server.address())).await;
    assert!(matches!(&not_tls, HttpError::Connect(ConnectError::Tls { .. })), "{not_tls}");

    let scheme = error(&plain(), "ftp://x/").await;
    assert_eq!(scheme.to_string(), "invalid URL: unsupported protocol scheme \"ftp\"");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let server = Server::start(|request| match request.path.as_str() {
        "/declared" => Answer::new(200).header("content-length", "10").body("0123456789"),
        _ => Answer::new(200).body("01234").body("56789"),
    })
    .await;
    let client = client(&plain());
    for path in ["/declared", "/chunked"] {
        let read = async |limit| {
            let request = Request::get(Url::parse(&server.url(path)).unwrap());
            client.send(request).await.unwrap().read(limit).await
        };
        assert_eq!(read(11).await.unwrap().len(), 10, "{path}");
        assert!(matches!(read(10).await, Err(HttpError::BodyTooLarge { limit_bytes: 10 })), "{path}");
    }
}

#[tokio::test]
async fn fetch_gives_up_after_its_time() {
    let server = Server::start(|_| Answer::silence()).await;
    let request = Request::get(Url::parse(&server.url("/")).unwrap());
    let result = client(&plain()).fetch(request, Duration::from_millis(20), 100).await;
    assert!(matches!(result, Err(HttpError::Timeout)));
}

#[tokio::test]
async fn a_unix_socket_takes_every_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.sock");
    let _server = Server::start_unix(&path, |request| Answer::ok("text/plain", &request.path));
    let client = HttpClient::over_unix_socket(path, &plain(), &Clock::system()).unwrap();
    assert_eq!(get(&client, "http://whatever/v1/x").await.unwrap().1, "/v1/x");
}
