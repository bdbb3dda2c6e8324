//! The service graph: who calls whom, how often, how long it takes and how often it fails.
//!
//! A call has two halves: the span of the client and that of the server, whose parent it is. The first to come waits
//! for the other, for a while. A client whose server never comes called something that sends no traces: what its
//! attributes name becomes a *virtual node*, with what the client saw of it. A server without a parent was called by
//! a `user`. A database sends no traces: its call is complete with the client's half. A message has one producer and
//! any number of consumers.
//!
//! Bounds: halves that wait, relations, and names of nodes (`nodes`).

use super::bounds::Durations;
use super::calls::{Service, Witness};
use super::nodes::{NodeId, Nodes};
use super::peers::Roles;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::event::{Batch, SpanId, SpanKind, SpanRow, Status, TraceId};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// The node that calls what nobody calls.
const USER: &str = "user";

/// How two nodes are connected: the label `connection_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Connection {
    /// A request between services that both send traces.
    Request,
    Messaging,
    Database,
    /// One side sends no traces.
    Virtual,
}

impl Connection {
    /// The value of the label; empty is no label.
    pub fn name(self) -> &'static str {
        match self {
            Connection::Request => "",
            Connection::Messaging => "messaging_system",
            Connection::Database => "database",
            Connection::Virtual => "virtual_node",
        }
    }
}

/// The span that both halves know: the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct HalfKey {
    trace_id: TraceId,
    span_id: SpanId,
}

/// A half that waits.
#[derive(Clone, Copy, Debug)]
struct Half {
    is_client: bool,
    node: NodeId,
    /// Of a client: whom its attributes name.
    peer: Option<NodeId>,
    connection: Connection,
    failed: bool,
    /// Of a producer: a consumer has come, others may.
    is_met: bool,
    witness: Witness,
    since_ms: i64,
}

/// What is known of the calls from one node to another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Relation {
    pub total: u64,
    pub failed: u64,
    pub server: Durations,
    pub client: Durations,
    /// Since it was last taken.
    pub witness: Option<Witness>,
    seen_ms: i64,
    pub is_written: bool,
}

type RelationKey = (NodeId, NodeId, Connection);

/// What a relation is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RelationNames {
    pub client: Arc<str>,
    pub server: Arc<str>,
    pub connection: Connection,
    pub key: u128,
}

/// What became of halves, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct EdgeCounts {
    pub paired: u64,
    pub virtual_node: u64,
    /// The other half did not come, and nothing names it.
    pub expired: u64,
    /// There was no room to wait.
    pub dropped: u64,
    /// Calls counted under `__overflow__`.
    pub overflowed: u64,
}

/// What the graph may hold, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GraphLimits {
    pub waiting_max: usize,
    pub relations_max: usize,
    pub wait_ms: i64,
}

pub(crate) struct Graph {
    limits: GraphLimits,
    waiting: HashMap<HalfKey, Half>,
    relations: HashMap<RelationKey, Relation>,
    nodes: Nodes,
    pub counts: EdgeCounts,
}

impl Graph {
    pub fn new(limits: GraphLimits) -> Graph {
        Graph {
            limits,
            waiting: HashMap::new(),
            relations: HashMap::new(),
            nodes: Nodes::new(),
            counts: EdgeCounts::default(),
        }
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn len(&self) -> usize {
        self.relations.len()
    }

    pub fn node(&mut self, service: Service<'_>) -> NodeId {
        self.nodes.get(service.name)
    }

    /// Takes a span of a node. Whether it made a relation that was not there.
    #[inline]
    pub fn observe(
        &mut self,
        batch: &Batch,
        roles: &Roles,
        span: &SpanRow,
        node: NodeId,
        now_ms: i64,
    ) -> bool {
        match span.kind {
            SpanKind::Client => self.client(batch, roles, span, node, Connection::Request, now_ms),
            SpanKind::Producer => self.client(batch, roles, span, node, Connection::Messaging, now_ms),
            SpanKind::Server => self.server(batch, roles, span, node, Connection::Request, now_ms),
            SpanKind::Consumer => self.server(batch, roles, span, node, Connection::Messaging, now_ms),
            SpanKind::Unspecified | SpanKind::Internal => false,
        }
    }

    fn client(
        &mut self,
        batch: &Batch,
        roles: &Roles,
        span: &SpanRow,
        node: NodeId,
        connection: Connection,
        now_ms: i64,
    ) -> bool {
        let peer = roles.peer(batch, span);
        let mut half = Half::new(true, span, node, connection, now_ms);
        if let Some(peer) = peer {
            let peer_node = self.nodes.get(peer.name);
            if peer.is_database && connection == Connection::Request {
                half.connection = Connection::Database;
                self.counts.paired += 1;
                return self.alone(&half, peer_node, now_ms);
            }
            half.peer = Some(peer_node);
        }
        self.meet(HalfKey { trace_id: span.trace_id, span_id: span.span_id }, half, now_ms)
    }

    fn server(
        &mut self,
        batch: &Batch,
        roles: &Roles,
        span: &SpanRow,
        node: NodeId,
        connection: Connection,
        now_ms: i64,
    ) -> bool {
        let half = Half::new(false, span, node, connection, now_ms);
        if roles.is_shared(batch, span) {
            return self.meet(HalfKey { trace_id: span.trace_id, span_id: span.span_id }, half, now_ms);
        }
        if !span.parent_span_id.is_none() {
            let key = HalfKey { trace_id: span.trace_id, span_id: span.parent_span_id };
            return self.meet(key, half, now_ms);
        }
        if connection == Connection::Messaging {
            // A consumer may begin a trace of its own and link to the producer's.
            let Some(link) = batch.links[span.links.range()].first() else { return false };
            return self.meet(HalfKey { trace_id: link.trace_id, span_id: link.span_id }, half, now_ms);
        }
        let user = self.nodes.get(USER);
        self.counts.virtual_node += 1;
        let (relation, is_new) = self.relation((user, node, Connection::Virtual), now_ms);
        relation.count(half.failed, half.witness);
        relation.server.observe(half.witness.duration_ns);
        is_new
    }

    /// Brings a half together with the other, or lets it wait.
    fn meet(&mut self, key: HalfKey, half: Half, now_ms: i64) -> bool {
        let is_full = self.waiting.len() >= self.limits.waiting_max;
        let other = match self.waiting.entry(key) {
            Entry::Vacant(_) if is_full => {
                self.counts.dropped += 1;
                return false;
            }
            Entry::Vacant(place) => {
                place.insert(half);
                return false;
            }
            Entry::Occupied(mut place) => {
                let other = *place.get();
                if other.is_client == half.is_client {
                    // The same span again, or a second server under one client: the first one counts.
                    self.counts.dropped += 1;
                    return false;
                }
                if other.is_client && other.connection == Connection::Messaging {
                    place.get_mut().is_met = true;
                } else if half.is_client && half.connection == Connection::Messaging {
                    // More consumers may come to this producer.
                    place.insert(Half { is_met: true, ..half });
                } else {
                    place.remove();
                }
                other
            }
        };
        let (client, server) = if half.is_client { (half, other) } else { (other, half) };
        let is_message = [client.connection, server.connection].contains(&Connection::Messaging);
        let connection = if is_message { Connection::Messaging } else { Connection::Request };
        self.counts.paired += 1;
        let (relation, is_new) = self.relation((client.node, server.node, connection), now_ms);
        relation.count(client.failed || server.failed, client.witness);
        relation.client.observe(client.witness.duration_ns);
        relation.server.observe(server.witness.duration_ns);
        is_new
    }

    /// A call of which only the client's half will ever come: its view counts for both.
    fn alone(&mut self, client: &Half, server: NodeId, now_ms: i64) -> bool {
        let (relation, is_new) = self.relation((client.node, server, client.connection), now_ms);
        relation.count(client.failed, client.witness);
        relation.client.observe(client.witness.duration_ns);
        relation.server.observe(client.witness.duration_ns);
        is_new
    }

    /// The relation, and whether it is new.
    fn relation(&mut self, key: RelationKey, now_ms: i64) -> (&mut Relation, bool) {
        let mut key = key;
        if self.relations.len() >= self.limits.relations_max && !self.relations.contains_key(&key) {
            let rest = self.nodes.get(super::calls::OVERFLOW);
            key = (rest, rest, key.2);
            self.counts.overflowed += 1;
        }
        let relation = self.relations.entry(key).or_default();
        relation.seen_ms = now_ms;
        let is_new = relation.total == 0;
        (relation, is_new)
    }

    /// Ends the wait of halves whose time is over. Whether a relation is new.
    pub fn expire(&mut self, now_ms: i64) -> bool {
        let until = now_ms - self.limits.wait_ms;
        let expired: Vec<Half> =
            self.waiting.extract_if(|_, half| half.since_ms <= until).map(|(_, half)| half).collect();
        let mut has_new = false;
        for mut half in expired {
            match half.peer {
                _ if half.is_met => {}
                Some(peer) => {
                    half.connection = Connection::Virtual;
                    self.counts.virtual_node += 1;
                    has_new |= self.alone(&half, peer, now_ms);
                }
                None => self.counts.expired += 1,
            }
        }
        has_new
    }

    /// The relations with their names.
    pub fn relations(&mut self) -> impl Iterator<Item = (RelationNames, &mut Relation)> {
        let nodes = &self.nodes;
        self.relations.iter_mut().map(move |(key, relation)| (names(nodes, *key), relation))
    }

    /// Lets go of relations without a call since; gives back those that had samples.
    pub fn let_go(&mut self, seen_before_ms: i64) -> Vec<RelationNames> {
        let nodes = &self.nodes;
        let gone = self
            .relations
            .extract_if(|_, relation| relation.seen_ms < seen_before_ms)
            .filter(|(_, relation)| relation.is_written)
            .map(|(key, _)| names(nodes, key))
            .collect();
        let of_relations = self.relations.keys().flat_map(|(client, server, _)| [*client, *server]);
        let of_halves = self.waiting.values().flat_map(|half| [Some(half.node), half.peer]).flatten();
        self.nodes.keep_only(of_relations.chain(of_halves));
        gone
    }
}

fn names(nodes: &Nodes, (client, server, connection): RelationKey) -> RelationNames {
    let (client, server) = (nodes.name(client), nodes.name(server));
    let mut bytes = vec![b'r', connection as u8];
    for text in [&client, &server] {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    RelationNames { client, server, connection, key: xxh3_128(&bytes) }
}

impl Half {
    fn new(is_client: bool, span: &SpanRow, node: NodeId, connection: Connection, now_ms: i64) -> Half {
        Half {
            is_client,
            node,
            peer: None,
            connection,
            failed: span.status == Status::Error,
            is_met: false,
            witness: Witness {
                trace_id: span.trace_id,
                span_id: span.span_id,
                duration_ns: span.duration_ns,
            },
            since_ms: now_ms,
        }
    }
}

impl Relation {
    fn count(&mut self, failed: bool, witness: Witness) {
        self.total += 1;
        self.failed += u64::from(failed);
        self.witness = Some(witness);
    }
}

#[cfg(test)]
mod tests;
