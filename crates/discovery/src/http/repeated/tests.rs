//! Requests asked again, against servers in this process.

use super::*;
use crate::http::ConnectError;
use crate::http::testing::{Answer, Server};
use base::Clock;
use parking_lot::Mutex;
use promconfig::{Authorization, BasicAuth, HttpClientConfig, ProxyConfig, Secret};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use url::Url;

fn client(config: &HttpClientConfig) -> HttpClient {
    HttpClient::new(config, &Clock::system()).unwrap()
}

fn plain() -> HttpClientConfig {
    HttpClientConfig::default()
}

fn repeated(config: &HttpClientConfig, url: &str) -> Repeated {
    let request = Request::get(Url::parse(url).unwrap()).header("accept", "x/y").unwrap();
    Repeated::new(&client(config), request, Duration::from_secs(15))
}

async fn ask(repeated: &mut Repeated) -> Result<(u16, String), HttpError> {
    let whole = repeated.ask(b"left over".to_vec(), 1 << 20).await?;
    Ok((whole.head.status.as_u16(), String::from_utf8(whole.body.to_vec()).unwrap()))
}

/// A server that gives each connection, in order, what it shall answer to its requests, and then closes it.
struct Script {
    address: String,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn start(connections: Vec<Vec<&'static str>>) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (count, heads): (Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>) = Default::default();
        let (counted, seen) = (Arc::clone(&count), Arc::clone(&heads));
        tokio::spawn(async move {
            for answers in connections {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                for answer in answers {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => break,
                        }
                    }
                    seen.lock().push(String::from_utf8(head).unwrap());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        Script { address, connections: count, heads }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

const A: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
const B: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n";

#[tokio::test]
async fn one_connection_serves_all_requests() {
    let server = Script::start(vec![vec![A, B, A]]).await;
    let mut repeated = repeated(&plain(), &server.url("/m?x=%20y#z"));
    for want in ["a", "b", "a"] {
        assert_eq!(ask(&mut repeated).await.unwrap(), (200, want.to_owned()));
    }
    assert_eq!(server.connections(), 1);
    let want = format!(
        "GET /m?x=%20y HTTP/1.1\r\nhost: {}\r\naccept: x/y\r\nuser-agent: {}\r\n\r\n",
        server.address,
        crate::http::USER_AGENT
    );
    assert_eq!(*server.heads.lock(), vec![want; 3]);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_anew() {
    let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
    for first in [vec![A], vec![A, ""], vec![A, late]] {
        let answers_late = first.len() == 2 && !first[1].is_empty();
        let server = Script::start(vec![first, vec![B]]).await;
        let mut repeated = repeated(&plain(), &server.url("/"));
        assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
        if answers_late {
            assert_eq!(ask(&mut repeated).await.unwrap().0, 408, "an answer is an answer");
        }
        assert_eq!(ask(&mut repeated).await.unwrap().1, "b");
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_new_connection_that_answers_nothing_is_an_error() {
    let server = Script::start(vec![vec![""], vec![A]]).await;
    let mut repeated = repeated(&plain(), &server.url("/"));
    let error = ask(&mut repeated).await.unwrap_err();
    assert!(matches!(&error, HttpError::Protocol(_)), "{error:?}");
    assert_eq!(server.connections(), 1, "it is not asked twice");
    assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
}

#[tokio::test]
async fn an_answer_given_up_takes_its_connection_along() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let server = Script::start(vec![vec![A, half, A], vec![B]]).await;
    let mut repeated = repeated(&plain(), &server.url("/"));
    assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
    let given_up = tokio::time::timeout(Duration::from_millis(50), ask(&mut repeated)).await;
    assert!(given_up.is_err());
    assert_eq!(ask(&mut repeated).await.unwrap().1, "b");
}

#[tokio::test]
async fn requests_that_are_rare_keep_no_connection() {
    let server = Script::start(vec![vec![A], vec![B]]).await;
    let request = Request::get(Url::parse(&server.url("/")).unwrap());
    let mut repeated = Repeated::new(&client(&plain()), request, IDLE_MAX + Duration::from_secs(1));
    for want in ["a", "b"] {
        assert_eq!(ask(&mut repeated).await.unwrap().1, want);
        assert!(repeated.stream.is_none());
    }
}

#[tokio::test]
async fn another_request_goes_over_the_same_connection() {
    let server = Script::start(vec![vec![A, B], vec![A]]).await;
    let (first, second) = (client(&plain()), client(&plain()));
    let request = |path: &str| Request::get(Url::parse(&server.url(path)).unwrap());
    let mut repeated = Repeated::new(&first, request("/1"), Duration::from_secs(15));
    assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
    repeated.renew(&first, request("/2"));
    assert_eq!(ask(&mut repeated).await.unwrap().1, "b");
    assert_eq!(server.connections(), 1);
    repeated.renew(&second, request("/3"));
    assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
    assert_eq!(server.connections(), 2, "another client has other settings");
    let paths: Vec<String> = server.heads.lock().iter().map(|h| h[5..6].to_owned()).collect();
    assert_eq!(paths, ["1", "2", "3"]);
}

#[tokio::test]
async fn credentials_that_never_change_are_sent() {
    let basic = BasicAuth {
        username: "me".to_owned(),
        password: Some(Secret::new("secret")),
        ..BasicAuth::default()
    };
    let server = Script::start(vec![vec![A, A]]).await;
    let config = HttpClientConfig { basic_auth: Some(basic), ..plain() };
    let mut repeated = repeated(&config, &server.url("/"));
    assert_eq!(ask(&mut repeated).await.unwrap().1, "a");
    assert!(matches!(repeated.way, Way::Own(_)));
    assert!(server.heads.lock()[0].contains("authorization: Basic bWU6c2VjcmV0\r\n"));
}

#[tokio::test]
async fn the_general_client_asks_where_requests_differ() {
    let server = Server::start(|request| Answer::ok("text/plain", request.header("authorization"))).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let authorization = Authorization {
        r#type: "Bearer".to_owned(),
        credentials_file: Some(path.clone()),
        ..Authorization::default()
    };
    let config = HttpClientConfig { authorization: Some(authorization), ..plain() };
    let mut with_file = repeated(&config, &server.url("/"));
    for token in ["one", "two"] {
        base::disk::write_atomic(&path, token.as_bytes()).unwrap();
        assert_eq!(ask(&mut with_file).await.unwrap(), (200, format!("Bearer {token}")));
    }
    assert!(matches!(with_file.way, Way::General));
    let proxy_url = Some(promconfig::Url::parse(&server.url("")).unwrap());
    let proxy = ProxyConfig { proxy_url, ..ProxyConfig::default() };
    let mut proxied = repeated(&HttpClientConfig { proxy, ..plain() }, "http://elsewhere.example/x");
    assert_eq!(ask(&mut proxied).await.unwrap().0, 200);
    assert_eq!(server.requests().last().unwrap().uri, "http://elsewhere.example/x");
    let mut missing = repeated(&plain(), "ftp://x/");
    assert!(matches!(ask(&mut missing).await, Err(HttpError::Url(_))));
}

#[tokio::test]
async fn redirects_are_followed_if_the_settings_say_so() {
    let server = Server::start(|request| match request.path.as_str() {
        "/there" => Answer::ok("text/plain", "there"),
        _ => Answer::new(302).header("location", "/there"),
    })
    .await;
    let mut following = repeated(&plain(), &server.url("/"));
    for _ in 0..2 {
        assert_eq!(ask(&mut following).await.unwrap(), (200, "there".to_owned()));
    }
    let mut staying = repeated(&HttpClientConfig { follow_redirects: false, ..plain() }, &server.url("/"));
    assert_eq!(ask(&mut staying).await.unwrap(), (302, String::new()));
}

#[tokio::test]
async fn failures_are_told_apart_and_limits_hold() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = ask(&mut repeated(&plain(), &format!("http://{address}/"))).await.unwrap_err();
    assert!(matches!(&refused, HttpError::Connect(ConnectError::Dial { refused: true, .. })), "{refused}");
    let cut = Script::start(vec![vec!["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"]]).await;
    let cut = ask(&mut repeated(&plain(), &cut.url("/"))).await.unwrap_err();
    assert!(matches!(&cut, HttpError::Body(_)), "{cut:?}");
    let server = Script::start(vec![vec![A]]).await;
    let large = repeated(&plain(), &server.url("/")).ask(Vec::new(), 1).await.unwrap_err();
    assert!(matches!(large, HttpError::BodyTooLarge { limit_bytes: 1 }));
}
