//! The façade: every question that can be asked.

use crate::answer::{
    Cell, Context, Dependencies, Event, EventId, EventsPage, Fields, Groups, Histogram, Operation, Patterns,
    SearchError, Top, Trace, TracesPage,
};
use crate::ask::{
    ContextAsk, Control, EventsAsk, FieldsAsk, GroupAsk, HistogramAsk, PatternsAsk, TimeRange, TopAsk,
    TracesAsk, Which,
};
use crate::execute::plan::Plan;
use crate::execute::services::ServiceNames;
use crate::execute::{context, dependencies, events, fields, group, histogram, patterns, top, trace, traces};
use crate::guard::Guard;
use crate::lang::{self, Completion, Field, FieldScope, KnownField};
use ::events::scan::{Prune, Snapshot};
use model::event::{Kind, SpanKind, TraceId};
use std::sync::Arc;

/// Answers questions about snapshots. One for a program: it remembers what files hold. Cloning gives a handle to the
/// same one.
///
/// Each call works on the calling thread and on others that it starts; the snapshot must be of the kind asked about.
#[derive(Clone, Default)]
pub struct Search {
    names: Arc<ServiceNames>,
}

impl Search {
    pub fn new() -> Search {
        Search::default()
    }

    /// A page of events.
    pub fn events(
        &self,
        snapshot: &Snapshot,
        ask: &EventsAsk,
        control: &Control,
    ) -> Result<EventsPage, SearchError> {
        events::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    /// One event, by its id.
    pub fn event(&self, snapshot: &Snapshot, id: EventId, control: &Control) -> Result<Event, SearchError> {
        context::find(snapshot, id, &self.names, control)
    }

    pub fn histogram(
        &self,
        snapshot: &Snapshot,
        ask: &HistogramAsk,
        control: &Control,
    ) -> Result<Histogram, SearchError> {
        histogram::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    pub fn top(&self, snapshot: &Snapshot, ask: &TopAsk, control: &Control) -> Result<Top, SearchError> {
        top::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    pub fn fields(
        &self,
        snapshot: &Snapshot,
        ask: &FieldsAsk,
        control: &Control,
    ) -> Result<Fields, SearchError> {
        fields::run(&self.plan(snapshot, &ask.which, control)?)
    }

    pub fn group(
        &self,
        snapshot: &Snapshot,
        ask: &GroupAsk,
        control: &Control,
    ) -> Result<Groups, SearchError> {
        group::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    pub fn patterns(
        &self,
        snapshot: &Snapshot,
        ask: &PatternsAsk,
        control: &Control,
    ) -> Result<Patterns, SearchError> {
        patterns::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    pub fn context(
        &self,
        snapshot: &Snapshot,
        ask: &ContextAsk,
        control: &Control,
    ) -> Result<Context, SearchError> {
        context::run(snapshot, ask, &self.names, control)
    }

    /// Traces with a span that matches. The snapshot is of [`Kind::Span`], as in all that follow.
    pub fn traces(
        &self,
        snapshot: &Snapshot,
        ask: &TracesAsk,
        control: &Control,
    ) -> Result<TracesPage, SearchError> {
        traces::run(ask, &self.plan(snapshot, &ask.which, control)?)
    }

    /// A trace whole. [`TimeRange::ALL`] finds it wherever it is; a range saves opening files.
    pub fn trace(
        &self,
        snapshot: &Snapshot,
        id: TraceId,
        range: TimeRange,
        control: &Control,
    ) -> Result<Trace, SearchError> {
        let plan = self.everything(snapshot, range, control)?;
        trace::whole(&plan, &[id])?.pop().ok_or_else(|| plan.not_found())
    }

    /// Those of some traces that there are, whole, in the order of the ids, each once.
    pub fn whole_traces(
        &self,
        snapshot: &Snapshot,
        ids: &[TraceId],
        range: TimeRange,
        control: &Control,
    ) -> Result<Vec<Trace>, SearchError> {
        trace::whole(&self.everything(snapshot, range, control)?, ids)
    }

    /// The names of the services with events about that time, sorted. Of any kind.
    pub fn services(
        &self,
        snapshot: &Snapshot,
        range: TimeRange,
        control: &Control,
    ) -> Result<Vec<String>, SearchError> {
        let guard = Guard::new(control)?;
        let snapshot = snapshot.with_cancel(control.cancel.clone());
        self.names.all(&snapshot, &Prune::time(range.start_ns, range.end_ns), &guard)
    }

    /// The operations of a service, or of all, the most frequent first.
    pub fn operations(
        &self,
        snapshot: &Snapshot,
        service: Option<&str>,
        kind: Option<SpanKind>,
        range: TimeRange,
        control: &Control,
    ) -> Result<Vec<Operation>, SearchError> {
        let mut query = service.map_or(String::new(), |name| format!("service={}", lang::quoted(name)));
        if let Some(kind) = kind {
            query.push_str(&format!(" kind={}", kind.name()));
        }
        let ask = GroupAsk {
            which: Which { kind: Kind::Span, query, range },
            by: vec!["name".to_owned(), "kind".to_owned()],
            aggregates: Vec::new(),
            limit: GroupAsk::LIMIT_MAX,
            order: None,
        };
        let groups = self.group(snapshot, &ask, control)?;
        let operation = |row: Vec<Cell>| match row.as_slice() {
            [Cell::Str(name), Cell::Str(kind), Cell::Int(spans)] => Some(Operation {
                name: name.clone(),
                kind: SpanKind::parse(kind).unwrap_or_default(),
                spans: *spans as u64,
            }),
            _ => None,
        };
        Ok(groups.rows.into_iter().filter_map(operation).collect())
    }

    /// Calls between services.
    pub fn dependencies(
        &self,
        snapshot: &Snapshot,
        range: TimeRange,
        control: &Control,
    ) -> Result<Dependencies, SearchError> {
        dependencies::run(&self.everything(snapshot, range, control)?)
    }

    /// What may stand at a byte of a query. Values come from events of the range, at most those that the control
    /// allows to be looked at.
    pub fn complete(
        &self,
        snapshot: &Snapshot,
        query: &str,
        cursor: usize,
        range: TimeRange,
        control: &Control,
    ) -> Completion {
        let columns = snapshot.columns();
        let fields: Vec<KnownField> =
            columns.iter().filter_map(|column| fields::known(columns, column)).collect();
        lang::complete(query, cursor, &fields, |field, prefix| {
            self.values(snapshot, field, prefix, range, control)
        })
    }

    /// Values of a field that begin with a text, and how often each was met. What goes wrong is no reason to offer
    /// nothing else.
    fn values(
        &self,
        snapshot: &Snapshot,
        field: &Field,
        prefix: &str,
        range: TimeRange,
        control: &Control,
    ) -> Vec<(String, String)> {
        let written = lang::print_field(field);
        let fixed = fields::fixed_values(snapshot.kind(), field);
        if !fixed.is_empty() {
            let begins = |value: &&&str| value.starts_with(&prefix.to_lowercase());
            return fixed.iter().filter(begins).map(|value| (value.to_string(), String::new())).collect();
        }
        if field.scope == FieldScope::Any && field.name == "service" {
            let names = self.services(snapshot, range, control).unwrap_or_default();
            let begins = |name: &String| name.to_lowercase().starts_with(&prefix.to_lowercase());
            return names.into_iter().filter(begins).map(|name| (name, String::new())).collect();
        }
        let query =
            if prefix.is_empty() { format!("{written}:*") } else { fields::prefix_query(field, prefix) };
        let which = Which { kind: snapshot.kind(), query, range };
        let ask = TopAsk {
            which,
            field: format!("{}{}", field.scope.prefix(), field.name),
            limit: lang::OPTIONS_MAX,
        };
        let top = self.top(snapshot, &ask, control).map(|top| top.values).unwrap_or_default();
        top.into_iter().map(|value| (value.value, value.count.to_string())).collect()
    }

    fn plan<'a>(
        &self,
        snapshot: &Snapshot,
        which: &Which,
        control: &'a Control,
    ) -> Result<Plan<'a>, SearchError> {
        Plan::new(snapshot, which, &self.names, control)
    }

    fn everything<'a>(
        &self,
        snapshot: &Snapshot,
        range: TimeRange,
        control: &'a Control,
    ) -> Result<Plan<'a>, SearchError> {
        self.plan(snapshot, &Which { kind: snapshot.kind(), query: String::new(), range }, control)
    }
}
