//! The ports beside the main one, each with its API at the root.
//!
//! A port that somebody else has is a warning, not an end: the main address serves everything under its prefix.

use crate::connections::Connections;
use axum::Router;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

/// One port and what is answered there.
pub struct Port {
    /// For the log: `OTLP over gRPC`.
    pub name: &'static str,
    pub number: u16,
    pub router: Router,
}

/// The ports that could be opened.
pub struct Listeners {
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
}

impl Listeners {
    /// Opens the ports on the address of the main one. Sends nothing back: who is not there is in the log.
    pub async fn open(ip: IpAddr, ports: Vec<Port>, connections: &Connections) -> Listeners {
        let (stop, _) = watch::channel(false);
        let mut servers = JoinSet::new();
        for port in ports {
            let address = SocketAddr::new(ip, port.number);
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    info!(%address, "{}", port.name);
                    let (connections, stopped) = (connections.clone(), stop.subscribe());
                    servers.spawn(async move { connections.serve(listener, port.router, stopped).await });
                }
                Err(error) => {
                    warn!(%address, "{} is not listened to: {error}; the main address takes it too", port.name);
                }
            }
        }
        Listeners { stop, servers }
    }

    /// Takes no more connections and waits for those that are being answered, but not longer than this.
    pub async fn close(mut self, at_most: Duration) {
        self.stop.send_replace(true);
        let answered = async { while self.servers.join_next().await.is_some() {} };
        if tokio::time::timeout(at_most, answered).await.is_err() {
            warn!("some connections were still open after {} s", at_most.as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn a_taken_port_leaves_the_others_open() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let taken = TcpListener::bind((ip, 0)).await.unwrap();
        let free = TcpListener::bind((ip, 0)).await.unwrap().local_addr().unwrap().port();
        let router = || Router::new().route("/", get(|| async { "here" }));
        let ports = vec![
            Port { name: "taken", number: taken.local_addr().unwrap().port(), router: router() },
            Port { name: "free", number: free, router: router() },
        ];
        let listeners = Listeners::open(ip, ports, &Connections::new(1024, &base::Clock::system())).await;
        let mut stream = TcpStream::connect((ip, free)).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        listeners.close(Duration::from_secs(5)).await;
        assert!(TcpStream::connect((ip, free)).await.is_err());
    }
}
