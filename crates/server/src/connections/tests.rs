use super::*;
use axum::routing::get;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn with(descriptors: u64) -> Connections {
    Connections::new(descriptors, &Clock::system())
}

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn start(connections: &Connections, router: Router) -> Running {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let connections = connections.clone();
    let task = tokio::spawn(async move { connections.serve(listener, router, stopped).await });
    Running { address, stop, task }
}

fn here() -> Router {
    Router::new().route("/", get(|| async { "here" }))
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(LAST_REQUEST).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn connections_leave_descriptors_to_the_stores() {
    assert_eq!(with(1024).max(), 512);
    assert_eq!(with(1 << 20).max(), 16_384);
    assert_eq!(with(0).max(), 1);
}

#[tokio::test]
async fn who_finds_no_place_waits_for_one() {
    let connections = with(4);
    let running = start(&connections, here()).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    for stream in [&mut first, &mut second] {
        stream.write_all(REQUEST).await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
    }
    assert_eq!(connections.open(), 2);
    let mut third = TcpStream::connect(running.address).await.unwrap();
    third.write_all(LAST_REQUEST).await.unwrap();
    let mut answer = String::new();
    let mut asking = pin!(third.read_to_string(&mut answer));
    tokio::select! {
        biased;
        _ = &mut asking => panic!("answered without a place"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    drop(first);
    asking.await.unwrap();
    assert!(answer.ends_with("here"), "{answer}");
}

#[tokio::test]
async fn a_head_that_never_ends_gives_its_place_back() {
    let connections = Connections { head_timeout: Duration::from_millis(50), ..with(2) };
    let running = start(&connections, here()).await;
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let mut quick = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut quick).await.ends_with("here"));
    assert_eq!(slow.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0, "it got no answer");
}

#[tokio::test]
async fn who_says_nothing_is_closed_and_who_asked_is_not() {
    let connections = Connections { head_timeout: Duration::from_millis(200), ..with(1024) };
    let going = Router::new().route("/", get(|| async { tokio::time::sleep(Duration::from_secs(1)).await }));
    let running = start(&connections, going).await;
    let mut silent = [b"".as_slice(), b"PRI * HTTP/2.0"];
    for said in &mut silent {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(said).await.unwrap();
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0);
    }
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut slow).await.starts_with("HTTP/1.1 200"), "an answer may take longer than a head");
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_the_end() {
    let (begun, mut begin) = mpsc::channel::<()>(1);
    let (go, going) = watch::channel(false);
    let router = Router::new().route(
        "/",
        get(move || {
            let (begun, mut going) = (begun.clone(), going.clone());
            async move {
                begun.send(()).await.unwrap();
                going.wait_for(|go| *go).await.unwrap();
                "late"
            }
        }),
    );
    let connections = with(1024);
    let running = start(&connections, router).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    begin.recv().await.unwrap();
    running.stop.send_replace(true);
    assert_eq!(idle.read_to_end(&mut Vec::new()).await.unwrap(), 0, "nobody waits for an idle one");
    assert!(!running.task.is_finished());
    go.send_replace(true);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("late"), "{answer}");
    running.task.await.unwrap();
    assert_eq!(connections.open(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}
