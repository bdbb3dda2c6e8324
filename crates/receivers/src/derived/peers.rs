//! Who a client called, as far as its span says it.
//!
//! The keys of a batch are looked at once; a span's attributes are then sorted by number.

use model::event::{Batch, KeyId, SpanRow, Text, Value};

/// What an attribute says of the other side. In the order in which names are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    DatabaseName,
    OldDatabaseName,
    PeerService,
    ServerAddress,
    OldPeerName,
    PeerAddress,
    OldPeerAddress,
    RpcService,
    HttpHost,
    MessagingSystem,
    DatabaseSystem,
    OldDatabaseSystem,
}

const ROLES: usize = 12;

/// OpenTelemetry's names, the current ones and those they replaced.
fn role(key: &str) -> Option<Role> {
    Some(match key {
        "db.namespace" => Role::DatabaseName,
        "db.name" => Role::OldDatabaseName,
        "peer.service" => Role::PeerService,
        "server.address" => Role::ServerAddress,
        "net.peer.name" => Role::OldPeerName,
        "network.peer.address" => Role::PeerAddress,
        "net.sock.peer.addr" => Role::OldPeerAddress,
        "rpc.service" => Role::RpcService,
        "http.host" => Role::HttpHost,
        "messaging.system" => Role::MessagingSystem,
        "db.system.name" => Role::DatabaseSystem,
        "db.system" => Role::OldDatabaseSystem,
        _ => return None,
    })
}

/// Zipkin's way: the server's span has the id of the client's.
const SHARED: &str = "zipkin.shared";

/// The roles of the keys of a batch, by number.
pub(crate) struct Roles {
    of_keys: Vec<Option<Role>>,
    /// The number of [`SHARED`], when a span of the batch has it.
    shared: Option<KeyId>,
}

/// The other side of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Peer<'a> {
    pub name: &'a str,
    pub is_database: bool,
}

impl Roles {
    pub fn of(batch: &Batch) -> Roles {
        let shared = batch.keys.iter().position(|key| batch.get(*key) == SHARED);
        Roles {
            of_keys: batch.keys.iter().map(|key| role(batch.get(*key))).collect(),
            shared: shared.map(|number| KeyId(number as u32)),
        }
    }

    /// Whether a server's span has the id of its client's.
    pub fn is_shared(&self, batch: &Batch, span: &SpanRow) -> bool {
        let Some(shared) = self.shared else { return false };
        batch.attrs(span.attrs).iter().any(|a| a.key == shared && a.value == Value::Bool(true))
    }

    /// `None` when the attributes do not name one.
    pub fn peer<'a>(&self, batch: &'a Batch, span: &SpanRow) -> Option<Peer<'a>> {
        let mut found: [Option<Text>; ROLES] = [None; ROLES];
        for attr in batch.attrs(span.attrs) {
            if let (Some(role), Value::Str(text)) = (self.of_keys[attr.key.0 as usize], attr.value)
                && !text.is_empty()
            {
                found[role as usize] = Some(text);
            }
        }
        let has = |roles: &[Role]| roles.iter().any(|role| found[*role as usize].is_some());
        let is_database =
            has(&[Role::DatabaseName, Role::OldDatabaseName, Role::DatabaseSystem, Role::OldDatabaseSystem]);
        let name = found.into_iter().flatten().next()?;
        Some(Peer { name: batch.get(name), is_database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Kind;

    fn peer(attrs: &[(&str, &str)]) -> Option<(String, bool)> {
        let mut batch = Batch::new(Kind::Span);
        for (key, value) in attrs {
            let text = batch.push_text(value);
            batch.push_attr(key, Value::Str(text));
        }
        batch.push_attr("http.status_code", Value::Int(200));
        let span = SpanRow { attrs: batch.attrs_since(0), ..SpanRow::default() };
        Roles::of(&batch).peer(&batch, &span).map(|p| (p.name.to_owned(), p.is_database))
    }

    #[test]
    fn the_best_name_wins() {
        let cases: [(&[(&str, &str)], Option<(&str, bool)>); 7] = [
            (&[], None),
            (&[("http.route", "/x")], None),
            (&[("server.address", "h"), ("peer.service", "pay")], Some(("pay", false))),
            (&[("net.peer.name", "h"), ("net.sock.peer.addr", "10.0.0.1")], Some(("h", false))),
            (
                &[("db.system", "postgresql"), ("server.address", "pg"), ("db.name", "shop")],
                Some(("shop", true)),
            ),
            (&[("db.system.name", "redis"), ("server.address", "cache")], Some(("cache", true))),
            (&[("db.system", "redis"), ("peer.service", "")], Some(("redis", true))),
        ];
        for (attrs, want) in cases {
            assert_eq!(peer(attrs), want.map(|(n, d)| (n.to_owned(), d)), "{attrs:?}");
        }
    }
}
