//! A simulated shop: eleven services whose requests call each other, as traces and logs.
//!
//! What is realistic, and why it matters to a store:
//! - Services, routes and statements are few and come with Zipf's law; a few hold most of the traffic.
//! - Ids (traces, spans, messages, requests) are random: they do not compress, as in life.
//! - Users, products and carts are drawn by Zipf's law from 200,000: many distinct values, some hot.
//! - Durations are log-normal, one request in 125 fails, failures climb to the callers, and carry a stack trace.
//! - A trace has 3 to 60 spans in several services; each service's sender posts 512 at a time, so the spans of one
//!   trace arrive in several requests.
//! - Every instance's clock is off by up to 15 ms.
//! - A log line is a template with numbers and ids in it; six in ten belong to a trace.
//!
//! Everything follows from one seed.

use super::proto::Message;
use base::random::Random;
use std::fmt::Write as _;

/// What SDKs send at once (OpenTelemetry's default of batch processors).
pub const BATCH: usize = 512;
/// A word that no template has: [`Shop::plant`] puts it into the next log line.
pub const RARE: &str = "zephyrquartz";
/// Users, products, carts.
const THINGS: u64 = 200_000;
/// One request in so many fails.
const FAILS_ONE_IN: u64 = 125;
const SKEW_NS_MAX: i64 = 15_000_000;
const MS: f64 = 1e6;

#[derive(Clone, Copy)]
enum Shape {
    Server { method: &'static str, route: &'static str },
    Client { method: &'static str, host: &'static str, path: &'static str },
    Sql { operation: &'static str, table: &'static str, statement: &'static str },
    Cache { operation: &'static str, key: &'static str },
    Produce { topic: &'static str },
    Consume { topic: &'static str },
    Internal,
}

struct Op {
    service: usize,
    name: &'static str,
    shape: Shape,
    /// Own time: the median, milliseconds.
    ms: f64,
    /// Operation, percent of the time, at most so many times one after the other.
    children: &'static [(usize, u64, u64)],
    log: &'static str,
}

const SERVICES: [(&str, &str, usize); 11] = [
    ("frontend", "nodejs", 3),
    ("gateway", "go", 3),
    ("checkout", "java", 2),
    ("cart", "dotnet", 2),
    ("catalog", "go", 3),
    ("payment", "java", 2),
    ("users", "python", 2),
    ("search", "rust", 2),
    ("recommend", "python", 2),
    ("shipping", "go", 2),
    ("mailer", "python", 1),
];

macro_rules! ops {
    ($($service:literal $name:literal $shape:expr, $ms:literal, [$($child:expr),*], $log:literal;)*) => {
        &[$(Op { service: $service, name: $name, shape: $shape, ms: $ms, children: &[$($child),*], log: $log }),*]
    };
}

use Shape::*;

/// Requests enter at the first four.
const OPS: &[Op] = ops! {
    0 "GET /" Server { method: "GET", route: "/" }, 4.0, [(4, 100, 1), (5, 60, 1)], "rendered home for user {u} in {n} ms";
    0 "GET /product/:id" Server { method: "GET", route: "/product/:id" }, 3.0, [(6, 100, 1), (5, 80, 1), (7, 30, 1)], "product page {p} viewed by user {u}";
    0 "POST /cart/:id/items" Server { method: "POST", route: "/cart/:id/items" }, 2.0, [(8, 100, 1)], "added product {p} to cart {c}, quantity {q}";
    0 "POST /checkout" Server { method: "POST", route: "/checkout" }, 5.0, [(9, 100, 1)], "checkout of cart {c} by user {u} started, request {r}";
    0 "GET" Client { method: "GET", host: "gateway", path: "/api/catalog?page={q}" }, 0.3, [(10, 100, 1)], "";
    0 "GET" Client { method: "GET", host: "recommend", path: "/recommend/{u}" }, 0.3, [(16, 100, 1)], "";
    0 "GET" Client { method: "GET", host: "gateway", path: "/api/product/{p}" }, 0.3, [(11, 100, 1)], "";
    0 "GET" Client { method: "GET", host: "gateway", path: "/api/search?q=product-{p}" }, 0.3, [(12, 100, 1)], "";
    0 "POST" Client { method: "POST", host: "gateway", path: "/api/cart/{c}/items" }, 0.3, [(13, 100, 1)], "";
    0 "POST" Client { method: "POST", host: "gateway", path: "/api/checkout" }, 0.3, [(14, 100, 1)], "";
    1 "GET /api/catalog" Server { method: "GET", route: "/api/catalog" }, 0.8, [(20, 100, 1)], "GET /api/catalog 200 {n}ms upstream=catalog";
    1 "GET /api/product/{id}" Server { method: "GET", route: "/api/product/{id}" }, 0.6, [(21, 100, 1), (22, 30, 1)], "GET /api/product/{p} 200 {n}ms upstream=catalog";
    1 "GET /api/search" Server { method: "GET", route: "/api/search" }, 0.7, [(23, 100, 1)], "GET /api/search 200 {n}ms upstream=search";
    1 "POST /api/cart/{id}/items" Server { method: "POST", route: "/api/cart/{id}/items" }, 0.7, [(22, 100, 1), (24, 100, 1)], "POST /api/cart/{c}/items 201 {n}ms upstream=cart";
    1 "POST /api/checkout" Server { method: "POST", route: "/api/checkout" }, 0.9, [(22, 100, 1), (25, 100, 1)], "POST /api/checkout 202 {n}ms upstream=checkout";
    4 "GET catalog" Cache { operation: "GET", key: "catalog:page:{q}" }, 0.4, [], "";
    8 "GET /recommend/{user}" Server { method: "GET", route: "/recommend/{user}" }, 6.0, [(17, 100, 1), (18, 60, 1)], "ranked {n} candidates for user {u} model=v{q}";
    8 "GET" Cache { operation: "MGET", key: "affinity:{u}" }, 0.5, [], "";
    8 "predict" Internal, 8.0, [], "";
    4 "list products" Internal, 1.0, [(15, 100, 1), (26, 40, 1)], "cache miss for page {q}, loaded {n} products";
    4 "GET /catalog" Server { method: "GET", route: "/catalog" }, 0.8, [(19, 100, 1)], "served catalog page {q} with {n} products";
    4 "GET /product/{id}" Server { method: "GET", route: "/product/{id}" }, 0.7, [(27, 100, 1), (28, 100, 12)], "product {p} has {q} variants";
    6 "GET /session" Server { method: "GET", route: "/session" }, 0.5, [(29, 100, 1), (30, 20, 1)], "session of user {u} is valid, token {r}";
    7 "GET /query" Server { method: "GET", route: "/query" }, 9.0, [(31, 100, 1)], "query product-{p} matched {n} documents in {q} segments";
    3 "POST /cart/{id}" Server { method: "POST", route: "/cart/{id}" }, 1.2, [(32, 100, 1), (33, 100, 1)], "cart {c} now has {q} items";
    2 "POST /checkout" Server { method: "POST", route: "/checkout" }, 4.0, [(33, 100, 1), (34, 100, 1), (35, 100, 1), (36, 100, 6), (37, 100, 1)], "order {r} of user {u} placed, total {n}.{q} EUR";
    4 "SELECT products" Sql { operation: "SELECT", table: "products", statement: "SELECT id, name, price, stock FROM products ORDER BY rank LIMIT $1 OFFSET $2" }, 3.0, [], "";
    4 "SELECT products" Sql { operation: "SELECT", table: "products", statement: "SELECT id, name, price, stock, description FROM products WHERE id = $1" }, 1.2, [], "";
    4 "SELECT variants" Sql { operation: "SELECT", table: "variants", statement: "SELECT sku, colour, size, stock FROM variants WHERE product_id = $1 AND sku = $2" }, 0.9, [], "";
    6 "GET session" Cache { operation: "GET", key: "session:{u}" }, 0.3, [], "";
    6 "SELECT users" Sql { operation: "SELECT", table: "users", statement: "SELECT id, email, name, created_at FROM users WHERE id = $1" }, 1.5, [], "";
    7 "search index" Internal, 12.0, [], "";
    3 "HSET cart" Cache { operation: "HSET", key: "cart:{c}" }, 0.4, [], "";
    3 "HGETALL cart" Cache { operation: "HGETALL", key: "cart:{c}" }, 0.5, [], "";
    2 "POST" Client { method: "POST", host: "payment", path: "/charge" }, 0.4, [(38, 100, 1)], "";
    2 "INSERT orders" Sql { operation: "INSERT", table: "orders", statement: "INSERT INTO orders (id, user_id, total, currency, created_at) VALUES ($1, $2, $3, $4, $5)" }, 2.5, [], "";
    2 "INSERT order_items" Sql { operation: "INSERT", table: "order_items", statement: "INSERT INTO order_items (order_id, sku, quantity, price) VALUES ($1, $2, $3, $4)" }, 1.0, [], "";
    2 "orders publish" Produce { topic: "orders" }, 0.8, [(39, 100, 1), (40, 100, 1)], "published order {r} to partition {q}";
    5 "POST /charge" Server { method: "POST", route: "/charge" }, 45.0, [(41, 100, 1)], "charged user {u} {n}.{q} EUR, authorisation {r}";
    9 "orders process" Consume { topic: "orders" }, 12.0, [(42, 100, 1)], "shipment for order {r} planned from warehouse {q}";
    10 "orders process" Consume { topic: "orders" }, 30.0, [], "mail for order {r} sent to user {u}";
    5 "INSERT payments" Sql { operation: "INSERT", table: "payments", statement: "INSERT INTO payments (id, order_id, amount, authorisation) VALUES ($1, $2, $3, $4)" }, 2.0, [], "";
    9 "INSERT shipments" Sql { operation: "INSERT", table: "shipments", statement: "INSERT INTO shipments (order_id, warehouse, planned_at) VALUES ($1, $2, $3)" }, 2.0, [], "";
};

/// How often requests enter at each of the first operations, percent.
const ENTRIES: [(usize, u64); 4] = [(0, 40), (1, 42), (2, 12), (3, 6)];

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "shop-app/5.12.0 (Android 15; Pixel 8)",
    "curl/8.14.1",
];

const STACK: &str = "java.lang.IllegalStateException: connection to {h} was reset by peer after {n} ms\n\tat com.shop.net.Pool.acquire(Pool.java:214)\n\tat com.shop.net.Client.execute(Client.java:88)\n\tat com.shop.checkout.PaymentGateway.charge(PaymentGateway.java:131)\n\tat com.shop.checkout.OrderService.place(OrderService.java:77)\n\tat com.shop.checkout.CheckoutController.post(CheckoutController.java:52)\n\tat org.framework.web.Dispatcher.invoke(Dispatcher.java:301)\n\tat org.framework.web.Dispatcher.handle(Dispatcher.java:188)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\nCaused by: java.io.IOException: Connection reset by peer\n\tat java.base/sun.nio.ch.SocketDispatcher.read0(Native Method)\n\t... 24 more";

/// Chatter that belongs to no trace.
const CHATTER: [(&str, u8); 8] = [
    ("connection pool: {q} active, {n} idle, 0 waiting", 5),
    ("gc pause {n} ms, heap {n} MiB of 2048 MiB", 9),
    ("reloaded configuration in {n} ms, checksum {r}", 9),
    ("slow query took {n} ms on table orders", 13),
    ("retrying request {r} after {n} ms, attempt {q}", 13),
    ("health check from 10.0.{q}.{n} ok", 5),
    ("cache eviction: {n} entries, {q} segments", 9),
    ("lease on shard {q} renewed until {n}", 9),
];

/// Where spans and logs of one instance wait until there are [`BATCH`].
struct Instance {
    /// The encoded resource, with its tag.
    resource: Vec<u8>,
    skew_ns: i64,
    spans: Vec<u8>,
    span_count: usize,
    logs: Vec<u8>,
    log_count: usize,
}

/// A request that is full, and how many events it carries.
pub enum Full {
    Spans(Vec<u8>, usize),
    Logs(Vec<u8>, usize),
}

/// What one request is about.
#[derive(Clone, Copy)]
struct Context {
    trace_id: [u8; 16],
    user: u64,
    product: u64,
    cart: u64,
    request: u64,
    /// The operation that fails, if any.
    fails: Option<usize>,
}

pub struct Shop {
    random: Random,
    instances: Vec<Vec<Instance>>,
    full: Vec<Full>,
    /// Reused buffers.
    message: Vec<u8>,
    inner: Vec<u8>,
    line: String,
    planted: bool,
    /// Ids of traces that were made, one in a hundred: for asking.
    pub sample: Vec<[u8; 16]>,
    pub spans: u64,
    pub logs: u64,
    traces: u64,
}

impl Shop {
    pub fn new(seed: u64) -> Shop {
        let mut random = Random::seeded(seed);
        let instances = SERVICES
            .iter()
            .map(|(service, language, count)| {
                (0..*count).map(|n| Instance::new(service, language, n, &mut random)).collect()
            })
            .collect();
        Shop {
            random,
            instances,
            full: Vec::new(),
            message: Vec::new(),
            inner: Vec::new(),
            line: String::new(),
            planted: false,
            sample: Vec::new(),
            spans: 0,
            logs: 0,
            traces: 0,
        }
    }

    /// Puts [`RARE`] into the next log line.
    pub fn plant(&mut self) {
        self.planted = true;
    }

    /// One request through the shop, begun at this time: spans and logs, or only one of the two.
    pub fn request(&mut self, start_ns: i64, with_spans: bool, with_logs: bool) {
        let mut trace_id = [0; 16];
        trace_id[..8].copy_from_slice(&self.random.next_u64().to_be_bytes());
        trace_id[8..].copy_from_slice(&(self.random.next_u64() | 1).to_be_bytes());
        let mut roll = self.random.below(100);
        let entry = ENTRIES.iter().find(|(_, share)| {
            let here = roll < *share;
            roll = roll.saturating_sub(*share);
            here
        });
        let context = Context {
            trace_id,
            user: self.zipf(),
            product: self.zipf(),
            cart: self.zipf(),
            request: self.random.next_u64(),
            fails: (self.random.below(FAILS_ONE_IN) == 0)
                .then(|| self.random.below(OPS.len() as u64) as usize),
        };
        self.traces += 1;
        if self.traces.is_multiple_of(100) && with_spans {
            self.sample.push(trace_id);
        }
        self.run(entry.map_or(0, |(op, _)| *op), &context, 0, start_ns, Asked { with_spans, with_logs });
        if with_logs && self.random.below(10) < 4 {
            let (service, (text, severity)) =
                (self.random.below(SERVICES.len() as u64) as usize, CHATTER[self.random.below(8) as usize]);
            let n = self.random.below(self.instances[service].len() as u64) as usize;
            self.log(service, n, text, severity, &context, None, start_ns);
        }
    }

    /// Requests that are full so far.
    pub fn take(&mut self) -> Vec<Full> {
        std::mem::take(&mut self.full)
    }

    /// The rest, however little.
    pub fn finish(&mut self) -> Vec<Full> {
        for instance in self.instances.iter_mut().flatten() {
            self.full.extend(instance.take_spans());
            self.full.extend(instance.take_logs());
        }
        self.take()
    }

    /// Smaller numbers are likelier: about Zipf's law with exponent 1.
    fn zipf(&mut self) -> u64 {
        (THINGS as f64).powf(self.random.unit()) as u64
    }

    /// Log-normal with this median; one in 300 is ten times slower.
    fn duration_ns(&mut self, median_ms: f64) -> i64 {
        // The sum of four uniform numbers is near enough to normal.
        let normal: f64 = (0..4).map(|_| self.random.unit()).sum::<f64>() * 1.732 - 3.464;
        let slow = if self.random.below(300) == 0 { 10.0 } else { 1.0 };
        (median_ms * MS * (0.5 * normal).exp() * slow) as i64
    }

    /// Runs an operation and those it calls. Returns when it ended and whether it failed.
    fn run(&mut self, op: usize, context: &Context, parent: u64, start_ns: i64, asked: Asked) -> (i64, bool) {
        let spec = &OPS[op];
        let span_id = self.random.next_u64() | 1;
        let n = (context.request % self.instances[spec.service].len() as u64) as usize;
        let own = self.duration_ns(spec.ms);
        let mut at = start_ns + own / 2;
        let mut failed = context.fails == Some(op);
        for (child, percent, most) in spec.children {
            if self.random.below(100) >= *percent {
                continue;
            }
            for _ in 0..1 + self.random.below(*most) {
                let (end, bad) = self.run(*child, context, span_id, at, asked);
                at = end;
                failed |= bad;
            }
        }
        let end_ns = at + own / 2;
        if asked.with_logs && !spec.log.is_empty() {
            let severity = if failed { 17 } else { 9 };
            self.log(spec.service, n, spec.log, severity, context, Some(span_id), end_ns);
        }
        if asked.with_spans {
            self.span(op, n, context, (span_id, parent), (start_ns, end_ns), failed);
        }
        (end_ns, failed)
    }

    fn span(
        &mut self,
        op: usize,
        n: usize,
        context: &Context,
        ids: (u64, u64),
        times: (i64, i64),
        failed: bool,
    ) {
        let spec = &OPS[op];
        let skew = self.instances[spec.service][n].skew_ns;
        let mut body = std::mem::take(&mut self.message);
        body.clear();
        let mut m = Message(&mut body);
        m.bytes(1, &context.trace_id);
        m.bytes(2, &ids.0.to_be_bytes());
        if ids.1 != 0 {
            m.bytes(4, &ids.1.to_be_bytes());
        }
        m.bytes(5, spec.name.as_bytes());
        m.varint(6, spec.shape.kind());
        m.fixed64(7, (times.0 + skew) as u64);
        m.fixed64(8, (times.1 + skew) as u64);
        self.attributes(spec, context, failed, &mut m);
        if failed && context.fails == Some(op) {
            self.exception(spec, context, times.1 + skew, &mut m);
        }
        if failed {
            // Status { message = 2, code = 3 }
            let text = "upstream failed";
            let mut status = vec![0x12, text.len() as u8];
            status.extend_from_slice(text.as_bytes());
            status.extend([0x18, 2]);
            m.bytes(15, &status);
        }
        m.tag_fixed32(16, 0x101);
        let instance = &mut self.instances[spec.service][n];
        Message(&mut instance.spans).bytes(2, &body);
        instance.span_count += 1;
        self.message = body;
        self.spans += 1;
        if instance.span_count == BATCH {
            self.full.extend(instance.take_spans());
        }
    }

    fn attributes(&mut self, spec: &Op, context: &Context, failed: bool, m: &mut Message<'_>) {
        const ATTR: u32 = 9;
        match spec.shape {
            Server { method, route } => {
                self.fill(
                    route.replace(":id", "{p}").replace("{id}", "{p}").replace("{user}", "{u}").as_str(),
                    context,
                );
                m.text(ATTR, "http.request.method", method);
                m.text(ATTR, "http.route", route);
                m.text(ATTR, "url.path", &self.line);
                m.text(ATTR, "url.scheme", "https");
                m.int(ATTR, "http.response.status_code", if failed { 500 } else { 200 });
                m.text(ATTR, "server.address", SERVICES[spec.service].0);
                m.text(
                    ATTR,
                    "client.address",
                    &format!("10.{}.{}.{}", context.user % 4, context.user % 251, context.user % 241),
                );
                m.text(ATTR, "user_agent.original", AGENTS[(context.user % AGENTS.len() as u64) as usize]);
                m.text(ATTR, "network.protocol.version", "1.1");
                m.text(ATTR, "user.id", &context.user.to_string());
            }
            Client { method, host, path } => {
                self.fill(&format!("http://{host}{path}"), context);
                m.text(ATTR, "http.request.method", method);
                m.text(ATTR, "url.full", &self.line);
                m.text(ATTR, "server.address", host);
                m.int(ATTR, "server.port", 8080);
                m.int(ATTR, "http.response.status_code", if failed { 500 } else { 200 });
                m.text(ATTR, "network.peer.address", &format!("10.8.{}.{}", host.len(), context.cart % 3));
            }
            Sql { operation, table, statement } => {
                m.text(ATTR, "db.system.name", "postgresql");
                m.text(ATTR, "db.namespace", "shop");
                m.text(ATTR, "db.operation.name", operation);
                m.text(ATTR, "db.collection.name", table);
                m.text(ATTR, "db.query.text", statement);
                m.text(ATTR, "server.address", "postgres-0.db");
                m.int(ATTR, "server.port", 5432);
                m.int(ATTR, "db.response.returned_rows", self.random.below(50));
            }
            Cache { operation, key } => {
                self.fill(key, context);
                let text = format!("{operation} {}", self.line);
                m.text(ATTR, "db.system.name", "redis");
                m.text(ATTR, "db.operation.name", operation);
                m.text(ATTR, "db.query.text", &text);
                m.text(ATTR, "server.address", "redis-master.cache");
                m.int(ATTR, "server.port", 6379);
            }
            Produce { topic } | Consume { topic } => {
                let consume = matches!(spec.shape, Consume { .. });
                m.text(ATTR, "messaging.system", "kafka");
                m.text(ATTR, "messaging.destination.name", topic);
                m.text(ATTR, "messaging.operation.type", if consume { "process" } else { "publish" });
                m.text(ATTR, "messaging.message.id", &format!("{:016x}", context.request));
                m.int(ATTR, "messaging.kafka.offset", context.request >> 40);
            }
            Internal => {
                m.text(ATTR, "code.function.name", spec.name);
                m.text(ATTR, "thread.name", "worker-1");
                m.int(ATTR, "thread.id", 1 + context.request % 16);
            }
        }
    }

    /// `Event { time = 1, name = 2, attributes = 3 }` in field 11 of a span.
    fn exception(&mut self, spec: &Op, context: &Context, time_ns: i64, m: &mut Message<'_>) {
        self.fill(&STACK.replace("{h}", SERVICES[spec.service].0), context);
        self.inner.clear();
        let mut event = Message(&mut self.inner);
        event.fixed64(1, time_ns as u64);
        event.bytes(2, b"exception");
        event.text(3, "exception.type", "java.lang.IllegalStateException");
        event.text(3, "exception.message", "connection was reset by peer");
        event.text(3, "exception.stacktrace", &self.line);
        m.bytes(11, &self.inner);
    }

    fn log(
        &mut self,
        service: usize,
        n: usize,
        text: &str,
        severity: u8,
        context: &Context,
        span_id: Option<u64>,
        time_ns: i64,
    ) {
        self.fill(text, context);
        if std::mem::take(&mut self.planted) {
            let _ = write!(self.line, " {RARE}");
        }
        if severity >= 17 {
            let line = std::mem::take(&mut self.line);
            self.fill(&STACK.replace("{h}", SERVICES[service].0), context);
            self.line.insert_str(0, &format!("{line} failed: "));
        }
        let instance = &mut self.instances[service][n];
        let mut body = std::mem::take(&mut self.message);
        body.clear();
        let mut m = Message(&mut body);
        m.fixed64(1, (time_ns + instance.skew_ns) as u64);
        m.varint(2, u64::from(severity));
        m.bytes(
            3,
            ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"][usize::from(severity / 4)].as_bytes(),
        );
        self.inner.clear();
        Message(&mut self.inner).bytes(1, self.line.as_bytes());
        m.bytes(5, &self.inner);
        m.text(6, "logger.name", ["http.access", "app.service", "app.db"][text.len() % 3]);
        m.int(6, "thread.id", 1 + context.request % 16);
        if let Some(span_id) = span_id {
            m.text(6, "request.id", &format!("{:016x}", context.request));
            m.bytes(9, &context.trace_id);
            m.bytes(10, &span_id.to_be_bytes());
        }
        m.fixed64(11, (time_ns + instance.skew_ns + 1_000_000) as u64);
        Message(&mut instance.logs).bytes(2, &body);
        instance.log_count += 1;
        self.message = body;
        self.logs += 1;
        if instance.log_count == BATCH {
            self.full.extend(instance.take_logs());
        }
    }

    /// Fills a template into `line`.
    fn fill(&mut self, template: &str, context: &Context) {
        self.line.clear();
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            self.line.push_str(&rest[..at]);
            let _ = match rest.as_bytes().get(at + 1) {
                Some(b'u') => write!(self.line, "{}", context.user),
                Some(b'p') => write!(self.line, "{}", context.product),
                Some(b'c') => write!(self.line, "{}", context.cart),
                Some(b'r') => write!(self.line, "{:016x}", context.request),
                Some(b'q') => write!(self.line, "{}", self.random.below(12)),
                _ => write!(self.line, "{}", self.random.below(900)),
            };
            rest = &rest[at + 3..];
        }
        self.line.push_str(rest);
    }
}

#[derive(Clone, Copy)]
struct Asked {
    with_spans: bool,
    with_logs: bool,
}

impl Shape {
    /// OTLP's number of the span kind.
    fn kind(self) -> u64 {
        match self {
            Internal => 1,
            Server { .. } => 2,
            Client { .. } | Sql { .. } | Cache { .. } => 3,
            Produce { .. } => 4,
            Consume { .. } => 5,
        }
    }
}

impl Message<'_> {
    fn tag_fixed32(&mut self, field: u32, value: u32) {
        const FIXED32: u64 = 5;
        self.varint_tag(u64::from(field) << 3 | FIXED32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn varint_tag(&mut self, mut tag: u64) {
        while tag >= 0x80 {
            self.0.push(tag as u8 | 0x80);
            tag >>= 7;
        }
        self.0.push(tag as u8);
    }
}

impl Instance {
    fn new(service: &str, language: &str, n: usize, random: &mut Random) -> Instance {
        const ATTR: u32 = 1;
        let mut attrs = Vec::new();
        let mut m = Message(&mut attrs);
        let pod = format!("{service}-{:08x}-{n}", random.next_u64() as u32);
        m.text(ATTR, "service.name", service);
        m.text(ATTR, "service.namespace", "shop");
        m.text(ATTR, "service.version", ["2.14.0", "2.14.1", "2.15.0-rc1"][n % 3]);
        m.text(ATTR, "service.instance.id", &format!("{:016x}", random.next_u64()));
        m.text(ATTR, "deployment.environment.name", "production");
        m.text(ATTR, "host.name", &format!("node-{}", random.below(6)));
        m.text(ATTR, "k8s.namespace.name", "shop");
        m.text(ATTR, "k8s.pod.name", &pod);
        m.text(ATTR, "telemetry.sdk.language", language);
        m.text(ATTR, "telemetry.sdk.name", "opentelemetry");
        let mut resource = Vec::new();
        Message(&mut resource).bytes(1, &attrs);
        Instance {
            resource,
            skew_ns: random.below(2 * SKEW_NS_MAX as u64) as i64 - SKEW_NS_MAX,
            spans: Vec::new(),
            span_count: 0,
            logs: Vec::new(),
            log_count: 0,
        }
    }

    fn take_spans(&mut self) -> Option<Full> {
        let (count, events) = (std::mem::take(&mut self.span_count), std::mem::take(&mut self.spans));
        (count > 0).then(|| Full::Spans(self.request(&events), count))
    }

    fn take_logs(&mut self) -> Option<Full> {
        let (count, events) = (std::mem::take(&mut self.log_count), std::mem::take(&mut self.logs));
        (count > 0).then(|| Full::Logs(self.request(&events), count))
    }

    /// `Request { Resource… = 1 { resource = 1, Scope… = 2 { scope = 1, events = 2 … } } }`: both signals are alike.
    fn request(&self, events: &[u8]) -> Vec<u8> {
        let mut scope = Vec::new();
        Message(&mut scope).bytes(1, b"shop");
        let mut group = Vec::with_capacity(events.len() + 32);
        Message(&mut group).bytes(1, &scope);
        group.extend_from_slice(events);
        let mut whole = Vec::with_capacity(group.len() + self.resource.len() + 16);
        whole.extend_from_slice(&self.resource);
        Message(&mut whole).bytes(2, &group);
        let mut request = Vec::with_capacity(whole.len() + 8);
        Message(&mut request).bytes(1, &whole);
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_everything_and_every_event_is_sent() {
        let all = |seed| {
            let mut shop = Shop::new(seed);
            let mut full = Vec::new();
            for i in 0..500 {
                shop.request(i * 1_000_000, true, true);
                full.extend(shop.take());
            }
            full.extend(shop.finish());
            let (mut spans, mut logs, mut bytes) = (0, 0, Vec::new());
            for request in full {
                match request {
                    Full::Spans(body, count) => {
                        spans += count as u64;
                        bytes.push(body);
                    }
                    Full::Logs(body, count) => {
                        logs += count as u64;
                        bytes.push(body);
                    }
                }
            }
            assert_eq!((spans, logs), (shop.spans, shop.logs));
            assert!(spans > 500 * 3 && logs > 500);
            bytes
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }
}
