//! The service graph: who calls whom, how often, how long it takes and how often it fails.
//!
//! A call has two halves: the span of the client and that of the server, whose parent it is. The first to come waits
//! for the other, for a while. A client whose server never comes called something that sends no traces: what its
//! attributes name becomes a *virtual node*, with what the client saw of it. A server without a parent was called by
//! a `user`. A database sends no traces: its call is complete with the client's half. A message has one producer and
//! any number of consumers.
//!
//! Who calls without a span for the call is the parent itself: a server's span under one of another service that is
//! neither client nor producer. Of such a call only the server's half is known. A span has one parent, so a call is
//! counted by one of the two rules, never by both. Parents are remembered for as long as halves wait (`lately`).
//!
//! Bounds: halves that wait, parents that are remembered, relations, and names of nodes (`nodes`).

use super::bounds::Durations;
use super::calls::{Service, Witness};
use super::lately::{Lately, SpanTag};
use super::nodes::{NodeId, Nodes};
use super::peers::Roles;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::event::{Batch, SpanId, SpanKind, SpanRow, Status, TraceId};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// The node that calls what nobody calls.
const USER: &str = "user";
/// Servers under one parent that wait for it, beside the first. Each is compared with the others: 100 take 0.1 µs.
const SIBLINGS_MAX: usize = 100;

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

/// The span that both halves know: the client's, or whichever is the server's parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct HalfKey {
    trace_id: TraceId,
    span_id: SpanId,
}

impl HalfKey {
    fn of(span: &SpanRow) -> HalfKey {
        HalfKey { trace_id: span.trace_id, span_id: span.span_id }
    }

    fn tag(self) -> SpanTag {
        SpanTag::new(self.trace_id, self.span_id)
    }
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
    /// Of a server: others with the same parent wait in `siblings`.
    has_siblings: bool,
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
    /// Servers whose parent another one waits for already, as they came.
    siblings: HashMap<HalfKey, Vec<Half>>,
    siblings_count: usize,
    lately: Lately,
    relations: HashMap<RelationKey, Relation>,
    nodes: Nodes,
    pub counts: EdgeCounts,
}

impl Graph {
    pub fn new(limits: GraphLimits) -> Graph {
        Graph {
            limits,
            waiting: HashMap::new(),
            siblings: HashMap::new(),
            siblings_count: 0,
            lately: Lately::new(limits.wait_ms),
            relations: HashMap::new(),
            nodes: Nodes::new(),
            counts: EdgeCounts::default(),
        }
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.siblings_count
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
            SpanKind::Server => {
                let is_new = self.server(batch, roles, span, node, Connection::Request, now_ms);
                self.parent(span, node, now_ms) || is_new
            }
            SpanKind::Consumer => {
                let is_new = self.server(batch, roles, span, node, Connection::Messaging, now_ms);
                self.parent(span, node, now_ms) || is_new
            }
            SpanKind::Unspecified | SpanKind::Internal => self.parent(span, node, now_ms),
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
        self.client_came(HalfKey::of(span), half, now_ms)
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
            return self.server_came(HalfKey::of(span), half, now_ms);
        }
        if !span.parent_span_id.is_none() {
            let key = HalfKey { trace_id: span.trace_id, span_id: span.parent_span_id };
            return self.server_came(key, half, now_ms);
        }
        if connection == Connection::Messaging {
            // A consumer may begin a trace of its own and link to the producer's.
            let Some(link) = batch.links[span.links.range()].first() else { return false };
            let key = HalfKey { trace_id: link.trace_id, span_id: link.span_id };
            return self.server_came(key, half, now_ms);
        }
        let user = self.nodes.get(USER);
        self.counts.virtual_node += 1;
        let (relation, is_new) = self.relation((user, node, Connection::Virtual), now_ms);
        relation.count(half.failed, half.witness);
        relation.server.observe(half.witness.duration_ns);
        is_new
    }

    /// Brings a client together with its server, or a producer with its consumers, or lets it wait.
    fn client_came(&mut self, key: HalfKey, client: Half, now_ms: i64) -> bool {
        let is_full = self.waiting() >= self.limits.waiting_max;
        let is_producer = client.connection == Connection::Messaging;
        let first = match self.waiting.entry(key) {
            Entry::Vacant(_) if is_full => {
                self.counts.dropped += 1;
                return false;
            }
            Entry::Vacant(place) => {
                place.insert(client);
                return false;
            }
            Entry::Occupied(place) if place.get().is_client => {
                // The same span again: the first one counts.
                self.counts.dropped += 1;
                return false;
            }
            // More consumers may come to this producer.
            Entry::Occupied(mut place) if is_producer => place.insert(Half { is_met: true, ..client }),
            Entry::Occupied(place) => place.remove(),
        };
        let mut is_new = self.call(&client, &first, now_ms);
        for other in self.take_siblings(key, &first) {
            if is_producer {
                is_new |= self.call(&client, &other, now_ms);
            } else {
                // A second server under one client: the first one counts.
                self.counts.dropped += 1;
            }
        }
        is_new
    }

    /// Brings a server together with its client, or with a parent that called without one, or lets it wait.
    fn server_came(&mut self, key: HalfKey, server: Half, now_ms: i64) -> bool {
        let is_full = self.waiting() >= self.limits.waiting_max;
        let entry = match self.waiting.entry(key) {
            Entry::Occupied(mut place) if place.get().is_client => {
                let client = *place.get();
                if client.connection == Connection::Messaging {
                    place.get_mut().is_met = true;
                } else {
                    place.remove();
                }
                return self.call(&client, &server, now_ms);
            }
            entry => entry,
        };
        if let Some(parent) = self.lately.get(key.tag(), now_ms) {
            return self.bare_call(parent, &server, now_ms);
        }
        match entry {
            _ if is_full => self.counts.dropped += 1,
            Entry::Vacant(place) => {
                place.insert(server);
            }
            Entry::Occupied(mut place) => {
                let siblings = self.siblings.get(&key).map_or(&[][..], Vec::as_slice);
                let is_same = |half: &Half| half.witness.span_id == server.witness.span_id;
                if is_same(place.get()) || siblings.iter().any(is_same) || siblings.len() >= SIBLINGS_MAX {
                    self.counts.dropped += 1;
                    return false;
                }
                place.get_mut().has_siblings = true;
                self.siblings.entry(key).or_default().push(server);
                self.siblings_count += 1;
            }
        }
        false
    }

    /// A span that may have called without a span for the call: takes what waits for it, and is remembered for what
    /// comes.
    fn parent(&mut self, span: &SpanRow, node: NodeId, now_ms: i64) -> bool {
        let key = HalfKey::of(span);
        self.lately.put(key.tag(), node, now_ms);
        // A client with this id is the other half of this very span, as Zipkin has it.
        let Some(first) = self.waiting.get(&key).copied().filter(|half| !half.is_client) else {
            return false;
        };
        self.waiting.remove(&key);
        let siblings = self.take_siblings(key, &first);
        let mut is_new = false;
        for half in std::iter::once(first).chain(siblings) {
            if half.witness.span_id == span.span_id {
                // Itself, which shares its id with a client that is still to come.
                self.waiting.insert(key, Half { has_siblings: false, ..half });
            } else {
                is_new |= self.bare_call(node, &half, now_ms);
            }
        }
        is_new
    }

    fn take_siblings(&mut self, key: HalfKey, first: &Half) -> Vec<Half> {
        if !first.has_siblings {
            return Vec::new();
        }
        let siblings = self.siblings.remove(&key).unwrap_or_default();
        self.siblings_count -= siblings.len();
        siblings
    }

    /// A call of which both halves are there.
    fn call(&mut self, client: &Half, server: &Half, now_ms: i64) -> bool {
        let is_message = [client.connection, server.connection].contains(&Connection::Messaging);
        let connection = if is_message { Connection::Messaging } else { Connection::Request };
        self.counts.paired += 1;
        let (relation, is_new) = self.relation((client.node, server.node, connection), now_ms);
        relation.count(client.failed || server.failed, client.witness);
        relation.client.observe(client.witness.duration_ns);
        relation.server.observe(server.witness.duration_ns);
        is_new
    }

    /// A call without a client's half: what the caller saw of it nobody measured. Within a service it is none.
    fn bare_call(&mut self, caller: NodeId, server: &Half, now_ms: i64) -> bool {
        if caller == server.node {
            return false;
        }
        self.counts.paired += 1;
        let (relation, is_new) = self.relation((caller, server.node, server.connection), now_ms);
        relation.count(server.failed, server.witness);
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
        let expired: Vec<(HalfKey, Half)> =
            self.waiting.extract_if(|_, half| half.since_ms <= until).collect();
        let mut has_new = false;
        for (key, mut half) in expired {
            match half.peer {
                _ if half.is_met => {}
                Some(peer) => {
                    half.connection = Connection::Virtual;
                    self.counts.virtual_node += 1;
                    has_new |= self.alone(&half, peer, now_ms);
                }
                None => self.counts.expired += 1,
            }
            self.follow(key, &half, until);
        }
        has_new
    }

    /// The first of those that came after a half which has gone waits on in its place.
    fn follow(&mut self, key: HalfKey, gone: &Half, until_ms: i64) {
        let mut siblings = self.take_siblings(key, gone);
        let all = siblings.len();
        siblings.retain(|half| half.since_ms > until_ms);
        self.counts.expired += (all - siblings.len()) as u64;
        if siblings.is_empty() {
            return;
        }
        let first = siblings.remove(0);
        self.waiting.insert(key, Half { has_siblings: !siblings.is_empty(), ..first });
        if !siblings.is_empty() {
            self.siblings_count += siblings.len();
            self.siblings.insert(key, siblings);
        }
    }

    /// The relations with their names.
    pub fn relations(&mut self) -> impl Iterator<Item = (RelationNames, &mut Relation)> {
        let nodes = &self.nodes;
        self.relations.iter_mut().map(move |(key, relation)| (names(nodes, *key), relation))
    }

    /// Lets go of relations without a call since; gives back those that had samples.
    pub fn let_go(&mut self, seen_before_ms: i64, now_ms: i64) -> Vec<RelationNames> {
        let nodes = &self.nodes;
        let gone = self
            .relations
            .extract_if(|_, relation| relation.seen_ms < seen_before_ms)
            .filter(|(_, relation)| relation.is_written)
            .map(|(key, _)| names(nodes, key))
            .collect();
        let of_relations = self.relations.keys().flat_map(|(client, server, _)| [*client, *server]);
        let halves = self.waiting.values().chain(self.siblings.values().flatten());
        let of_halves = halves.flat_map(|half| [Some(half.node), half.peer]).flatten();
        let of_parents = self.lately.nodes(now_ms);
        self.nodes.keep_only(of_relations.chain(of_halves).chain(of_parents));
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
            has_siblings: false,
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
