//! What stands around an event: others of the same service and host, before and after it.

use super::events::{Place, page};
use super::plan::Plan;
use super::services::ServiceNames;
use crate::answer::{Context, Event, EventId, Record, SearchError};
use crate::ask::{ContextAsk, Control, Order, TimeRange, Which};
use crate::lang::quoted;
use events::scan::Snapshot;

/// Events given on each side at most.
const SIDE_MAX: usize = 1_000;
/// Events of one moment among which the one is looked for.
const MOMENT_MAX: usize = 100_000;

/// An event by its id.
pub(crate) fn find(
    snapshot: &Snapshot,
    id: EventId,
    names: &ServiceNames,
    control: &Control,
) -> Result<Event, SearchError> {
    let range = TimeRange { start_ns: id.time_ns, end_ns: id.time_ns.saturating_add(1) };
    let which = Which { kind: id.kind, query: String::new(), range };
    let plan = Plan::new(snapshot, &which, names, control)?;
    let page = page(&plan, MOMENT_MAX, None, Order::OldestFirst)?;
    page.events.into_iter().find(|event| event.id == id).ok_or_else(|| plan.not_found())
}

pub(crate) fn run(
    snapshot: &Snapshot,
    ask: &ContextAsk,
    names: &ServiceNames,
    control: &Control,
) -> Result<Context, SearchError> {
    if ask.before > SIDE_MAX || ask.after > SIDE_MAX {
        let message = format!("at most {SIDE_MAX} on each side");
        return Err(SearchError::Parameter { parameter: "before", message });
    }
    let event = find(snapshot, ask.id, names, control)?;
    let resource = match &event.record {
        Record::Span(span) => &span.resource,
        Record::Log(log) => &log.resource,
    };
    let mut query = format!("service={}", quoted(&resource.service));
    if !resource.host.is_empty() {
        query.push_str(&format!(" host={}", quoted(&resource.host)));
    }
    let which = Which { kind: ask.id.kind, query, range: TimeRange::ALL };
    let plan = Plan::new(snapshot, &which, names, control)?;
    let place = Some(Place { id: ask.id, number: 1 });
    let side = |limit: usize, order| match limit {
        0 => Ok(Vec::new()),
        limit => page(&plan, limit, place, order).map(|page| page.events),
    };
    let mut before = side(ask.before, Order::NewestFirst)?;
    before.reverse();
    let after = side(ask.after, Order::OldestFirst)?;
    Ok(Context { before, event, after, stats: plan.stats() })
}
