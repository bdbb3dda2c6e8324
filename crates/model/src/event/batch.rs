//! Events of one kind that came together.

use super::{Attr, KeyId, Kind, Link, LogRow, Resource, Run, Scope, SpanEvent, SpanRow, Text, Value};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// Rows, and what they refer to. Tables are public to be read; they are written by the methods, which keep the
/// references inside.
#[derive(Clone, Debug)]
pub struct Batch {
    pub kind: Kind,
    pub text: String,
    pub keys: Vec<Text>,
    pub attrs: Vec<Attr>,
    pub resources: Vec<Resource>,
    pub scopes: Vec<Scope>,
    /// When `kind` is [`Kind::Span`].
    pub spans: Vec<SpanRow>,
    pub span_events: Vec<SpanEvent>,
    pub links: Vec<Link>,
    /// When `kind` is [`Kind::Log`] or [`Kind::Error`].
    pub logs: Vec<LogRow>,
    /// Numbers of `keys` by the hash of their text.
    index: HashTable<u32>,
}

/// A batch whose references do not fit its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchError {
    /// What was out of bounds.
    pub what: &'static str,
}

impl std::fmt::Display for BatchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a batch of events refers to {} that it does not have", self.what)
    }
}

impl std::error::Error for BatchError {}

/// Two batches are the same when their tables are.
impl PartialEq for Batch {
    fn eq(&self, other: &Batch) -> bool {
        self.kind == other.kind
            && self.text == other.text
            && self.keys == other.keys
            && self.attrs == other.attrs
            && self.resources == other.resources
            && self.scopes == other.scopes
            && self.spans == other.spans
            && self.span_events == other.span_events
            && self.links == other.links
            && self.logs == other.logs
    }
}

impl Batch {
    pub fn new(kind: Kind) -> Batch {
        Batch {
            kind,
            text: String::new(),
            keys: Vec::new(),
            attrs: Vec::new(),
            resources: Vec::new(),
            scopes: Vec::new(),
            spans: Vec::new(),
            span_events: Vec::new(),
            links: Vec::new(),
            logs: Vec::new(),
            index: HashTable::new(),
        }
    }

    /// Events in it.
    pub fn len(&self) -> usize {
        match self.kind {
            Kind::Span => self.spans.len(),
            Kind::Log | Kind::Error => self.logs.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About what it holds in memory.
    pub fn bytes(&self) -> usize {
        self.text.capacity()
            + self.attrs.capacity() * size_of::<Attr>()
            + self.spans.capacity() * size_of::<SpanRow>()
            + self.span_events.capacity() * size_of::<SpanEvent>()
            + self.links.capacity() * size_of::<Link>()
            + self.logs.capacity() * size_of::<LogRow>()
            + self.resources.capacity() * size_of::<Resource>()
            + self.scopes.capacity() * size_of::<Scope>()
            + self.keys.capacity() * (size_of::<Text>() + size_of::<u32>() * 2)
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.keys.clear();
        self.attrs.clear();
        self.resources.clear();
        self.scopes.clear();
        self.spans.clear();
        self.span_events.clear();
        self.links.clear();
        self.logs.clear();
        self.index.clear();
    }

    pub fn get(&self, text: Text) -> &str {
        &self.text[text.start as usize..text.start as usize + text.len as usize]
    }

    pub fn key(&self, key: KeyId) -> &str {
        self.get(self.keys[key.0 as usize])
    }

    pub fn attrs(&self, run: Run) -> &[Attr] {
        &self.attrs[run.range()]
    }

    /// The value of an attribute in a run, if it is there. A key that is there twice: the first.
    pub fn attr(&self, run: Run, key: &str) -> Option<Value> {
        self.attrs(run).iter().find(|attr| self.key(attr.key) == key).map(|attr| attr.value)
    }

    /// The value of an attribute in a run when it is text.
    pub fn attr_str(&self, run: Run, key: &str) -> Option<&str> {
        match self.attr(run, key)? {
            Value::Str(text) => Some(self.get(text)),
            _ => None,
        }
    }

    /// Adds text. A batch holds less than 4 GiB: a request is limited to far less.
    pub fn push_text(&mut self, text: &str) -> Text {
        if text.is_empty() {
            return Text::EMPTY;
        }
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Text { start, len: text.len() as u32 }
    }

    /// The number of a key, added when it is new.
    pub fn intern_key(&mut self, key: &str) -> KeyId {
        let hash = xxh3_64(key.as_bytes());
        let (text, keys) = (&self.text, &self.keys);
        let of = |at: &u32| {
            let key = keys[*at as usize];
            &text.as_bytes()[key.start as usize..key.start as usize + key.len as usize]
        };
        if let Some(&found) = self.index.find(hash, |at| of(at) == key.as_bytes()) {
            return KeyId(found);
        }
        let number = keys.len() as u32;
        self.index.insert_unique(hash, number, |at| xxh3_64(of(at)));
        let at = self.push_text(key);
        self.keys.push(at);
        KeyId(number)
    }

    /// Adds an attribute; the caller's run ends after it.
    pub fn push_attr(&mut self, key: &str, value: Value) {
        let key = self.intern_key(key);
        self.attrs.push(Attr { key, value });
    }

    /// The run of the attributes pushed since there were `start` of them.
    pub fn attrs_since(&self, start: usize) -> Run {
        Run { start: start as u32, len: (self.attrs.len() - start) as u32 }
    }

    /// The run of the span events pushed since there were `start` of them.
    pub fn span_events_since(&self, start: usize) -> Run {
        Run { start: start as u32, len: (self.span_events.len() - start) as u32 }
    }

    /// The run of the links pushed since there were `start` of them.
    pub fn links_since(&self, start: usize) -> Run {
        Run { start: start as u32, len: (self.links.len() - start) as u32 }
    }

    /// Makes the tables consistent again after they were filled without the methods (from a disk): checks every
    /// reference and indexes the keys.
    pub fn check(&mut self) -> Result<(), BatchError> {
        let bounds = Bounds { batch: self };
        bounds.all()?;
        self.index.clear();
        let (text, keys) = (&self.text, &self.keys);
        let of = |at: &u32| {
            let key = keys[*at as usize];
            &text.as_bytes()[key.start as usize..key.start as usize + key.len as usize]
        };
        for number in 0..keys.len() as u32 {
            self.index.insert_unique(xxh3_64(of(&number)), number, |at| xxh3_64(of(at)));
        }
        Ok(())
    }
}

struct Bounds<'a> {
    batch: &'a Batch,
}

impl Bounds<'_> {
    fn all(&self) -> Result<(), BatchError> {
        let batch = self.batch;
        batch.keys.iter().try_for_each(|key| self.text(*key))?;
        for attr in &batch.attrs {
            if attr.key.0 as usize >= batch.keys.len() {
                return Err(BatchError { what: "a key" });
            }
            if let Value::Str(text) | Value::Bytes(text) | Value::Json(text) = attr.value {
                self.text(text)?;
            }
        }
        for r in &batch.resources {
            self.texts(&[r.service, r.environment, r.release, r.host, r.schema_url])?;
            self.attrs(r.attrs)?;
        }
        for s in &batch.scopes {
            self.texts(&[s.name, s.version])?;
            self.attrs(s.attrs)?;
        }
        batch.spans.iter().try_for_each(|span| self.span(span))?;
        for event in &batch.span_events {
            self.text(event.name)?;
            self.attrs(event.attrs)?;
        }
        for link in &batch.links {
            self.text(link.trace_state)?;
            self.attrs(link.attrs)?;
        }
        for log in &batch.logs {
            self.sources(log.resource, log.scope)?;
            self.texts(&[log.severity_text, log.body, log.event_name])?;
            self.attrs(log.attrs)?;
        }
        Ok(())
    }

    fn span(&self, span: &SpanRow) -> Result<(), BatchError> {
        self.sources(span.resource, span.scope)?;
        self.texts(&[span.trace_state, span.name, span.status_message])?;
        self.attrs(span.attrs)?;
        self.run(span.events, self.batch.span_events.len(), "a span event")?;
        self.run(span.links, self.batch.links.len(), "a link")
    }

    fn sources(&self, resource: u32, scope: u32) -> Result<(), BatchError> {
        if resource as usize >= self.batch.resources.len() {
            return Err(BatchError { what: "a resource" });
        }
        if scope as usize >= self.batch.scopes.len() {
            return Err(BatchError { what: "a scope" });
        }
        Ok(())
    }

    fn texts(&self, texts: &[Text]) -> Result<(), BatchError> {
        texts.iter().try_for_each(|text| self.text(*text))
    }

    fn text(&self, text: Text) -> Result<(), BatchError> {
        let (start, end) = (text.start as usize, text.start as usize + text.len as usize);
        match self.batch.text.get(start..end) {
            Some(_) => Ok(()),
            None => Err(BatchError { what: "a text" }),
        }
    }

    fn attrs(&self, run: Run) -> Result<(), BatchError> {
        self.run(run, self.batch.attrs.len(), "an attribute")
    }

    fn run(&self, run: Run, len: usize, what: &'static str) -> Result<(), BatchError> {
        if run.range().end > len { Err(BatchError { what }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let mut batch = Batch::new(Kind::Log);
        let text = batch.push_text("hé");
        batch.push_attr("a", Value::Str(text));
        batch.push_attr("b", Value::Int(1));
        batch.push_attr("a", Value::Bool(true));
        batch.resources.push(Resource { service: text, attrs: batch.attrs_since(0), ..Resource::default() });
        batch.scopes.push(Scope::default());
        batch.logs.push(LogRow { body: text, ..LogRow::default() });
        batch
    }

    #[test]
    fn keys_are_interned_and_found() {
        let batch = batch();
        assert_eq!(batch.keys.len(), 2);
        assert_eq!(batch.attr(batch.resources[0].attrs, "b"), Some(Value::Int(1)));
        assert_eq!(batch.attr_str(batch.resources[0].attrs, "a"), Some("hé"));
        assert_eq!(batch.attr_str(batch.resources[0].attrs, "b"), None);
        assert_eq!(batch.attr(batch.resources[0].attrs, "c"), None);
    }

    #[test]
    fn what_refers_outside_is_found() {
        assert_eq!(batch().check(), Ok(()));
        type Harm = fn(&mut Batch);
        let harms: [(Harm, &str); 6] = [
            (|b| b.logs[0].body.len = 99, "a text"),
            (|b| b.logs[0].body = Text { start: 2, len: 1 }, "a text"), // the middle of é
            (|b| b.logs[0].attrs.len = 99, "an attribute"),
            (|b| b.logs[0].resource = 1, "a resource"),
            (|b| b.logs[0].scope = 1, "a scope"),
            (|b| b.attrs[0].key = KeyId(7), "a key"),
        ];
        for (harm, what) in harms {
            let mut batch = batch();
            harm(&mut batch);
            assert_eq!(batch.check(), Err(BatchError { what }));
        }
    }
}
