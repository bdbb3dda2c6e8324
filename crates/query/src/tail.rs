//! The live tail: events that match, as they come in.
//!
//! Who follows gets a look at each batch before it is acknowledged. A follower that is too slow misses batches and is
//! told how many events it did not see; it never slows those who send.

use events::Events;
use futures::{Stream, StreamExt, stream};
use search::TailFilter;
use search::answer::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// Events that one message may hold: a screen shows fifty, and who scrolls back has the search.
const EVENTS_MAX: usize = 500;

/// What a follower is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Tailed {
    /// Oldest first; never empty.
    Events(Vec<Event>),
    /// So many matching events, or batches that nobody looked at, were too many.
    Dropped(u64),
}

/// Follows until it is dropped, or the order comes that all followers end. `place` is given back then.
pub(crate) fn follow(
    events: Events,
    filter: TailFilter,
    place: OwnedSemaphorePermit,
    mut ended: watch::Receiver<bool>,
) -> impl Stream<Item = Tailed> + Send + 'static {
    let batches = events.subscribe(filter.kind());
    let told = stream::unfold((batches, events, filter), |(mut batches, events, filter)| async move {
        loop {
            match batches.recv().await {
                Ok(batch) => {
                    let looking = filter.clone();
                    // Turning a batch into columns takes a millisecond or more.
                    let found = tokio::task::spawn_blocking(move || looking.events(&batch)).await;
                    let Ok(Ok(mut found)) = found else { continue };
                    if found.is_empty() {
                        continue;
                    }
                    let dropped = found.len().saturating_sub(EVENTS_MAX) as u64;
                    found.truncate(EVENTS_MAX);
                    let mut told = vec![Tailed::Events(found)];
                    if dropped > 0 {
                        told.push(Tailed::Dropped(dropped));
                    }
                    return Some((stream::iter(told), (batches, events, filter)));
                }
                Err(RecvError::Lagged(missed)) => {
                    events.note_tail_lag(missed);
                    return Some((stream::iter(vec![Tailed::Dropped(missed)]), (batches, events, filter)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    });
    told.flatten().take_until(Box::pin(async move {
        // Nobody left who could give the order is an end as well.
        let _ = ended.wait_for(|ended| *ended).await;
        drop(place);
    }))
}
