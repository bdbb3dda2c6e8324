//! DNS discovery against a name server in this process.

use super::*;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, NS, SRV};
use hickory_resolver::proto::rr::{Name, Record};
use hickory_resolver::proto::xfer::Protocol;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// What the zone holds.
fn records(asked: &str, kind: RecordType) -> Result<Vec<RData>, ResponseCode> {
    match (asked, kind) {
        ("_http._tcp.example.", RecordType::SRV) => Ok(vec![
            RData::SRV(SRV::new(1, 1, 9100, name("a.example."))),
            RData::SRV(SRV::new(1, 1, 9101, name("b.example."))),
        ]),
        ("web.example.", RecordType::A) => {
            Ok(vec![RData::CNAME(CNAME(name("real.example."))), RData::A(A(Ipv4Addr::new(192, 0, 2, 7)))])
        }
        ("example.", RecordType::MX) => Ok(vec![RData::MX(MX::new(10, name("mail.example.")))]),
        ("example.", RecordType::NS) => Ok(vec![RData::NS(NS(name("ns.example.")))]),
        ("broken.example.", _) => Err(ResponseCode::ServFail),
        _ => Err(ResponseCode::NXDomain),
    }
}

async fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((n, from)) = socket.recv_from(&mut buffer).await {
            let request = Message::from_vec(&buffer[..n]).unwrap();
            let query = request.queries()[0].clone();
            let mut answer = Message::new();
            answer.set_id(request.id()).set_message_type(MessageType::Response).add_query(query.clone());
            match records(&query.name().to_ascii(), query.query_type()) {
                Ok(found) => {
                    let mut owner = query.name().clone();
                    for data in found {
                        let next = if let RData::CNAME(to) = &data { to.0.clone() } else { owner.clone() };
                        answer.add_answer(Record::from_rdata(owner, 60, data));
                        owner = next;
                    }
                }
                Err(code) => {
                    answer.set_response_code(code);
                }
            }
            let _ = socket.send_to(&answer.to_vec().unwrap(), from).await;
        }
    });
    address
}

async fn discovery(r#type: DnsRecord, names: &[&str], registry: &Registry) -> DnsDiscovery {
    let server = NameServerConfig::new(server().await, Protocol::Udp);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioConnectionProvider::default());
    builder.options_mut().attempts = 1;
    let names = names.iter().map(|n| (*n).to_owned()).collect();
    let config = DnsSd { names, r#type, port: 80, ..DnsSd::default() };
    DnsDiscovery::with_resolver(&config, registry, builder.build())
}

async fn targets(r#type: DnsRecord, name: &str) -> Vec<Labels> {
    let groups = discovery(r#type, &[name], &Registry::new()).await.refresh().await.unwrap();
    assert_eq!((groups.len(), groups[0].source.as_str()), (1, name));
    groups[0].targets.clone()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

#[tokio::test]
async fn srv_records_carry_their_port() {
    let mut found = targets(DnsRecord::Srv, "_http._tcp.example.").await;
    found.sort();
    let want = labels(&[
        ("__address__", "a.example:9100"),
        ("__meta_dns_name", "_http._tcp.example."),
        ("__meta_dns_srv_record_port", "9100"),
        ("__meta_dns_srv_record_target", "a.example."),
    ]);
    assert_eq!(found[0], want);
    assert_eq!(found[1].value("__address__"), "b.example:9101");
}

#[tokio::test]
async fn other_records_use_the_configured_port() {
    let want = labels(&[("__address__", "192.0.2.7:80"), ("__meta_dns_name", "web.example.")]);
    assert_eq!(targets(DnsRecord::A, "web.example.").await, [want]);
    let mx = targets(DnsRecord::Mx, "example.").await;
    assert_eq!(mx[0].value("__address__"), "mail.example:80");
    assert_eq!(mx[0].value("__meta_dns_mx_record_target"), "mail.example.");
    let ns = targets(DnsRecord::Ns, "example.").await;
    assert_eq!(ns[0].value("__meta_dns_ns_record_target"), "ns.example.");
}

#[tokio::test]
async fn a_name_that_does_not_exist_has_no_targets() {
    assert!(targets(DnsRecord::A, "nobody.example.").await.is_empty());
}

#[tokio::test]
async fn a_failure_keeps_what_is_known() {
    let registry = Registry::new();
    let mut both = discovery(DnsRecord::A, &["web.example.", "broken.example."], &registry).await;
    let groups = both.refresh().await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(registry.counter(&names::DNS_LOOKUP_FAILURES).get(), 1.0);
    let mut broken = discovery(DnsRecord::A, &["broken.example."], &registry).await;
    assert!(broken.refresh().await.unwrap_err().contains("broken.example."));
}
