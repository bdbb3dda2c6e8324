//! `/api/pharos/search/tail`: events that match, as they come in, as server-sent events.

use super::{EventError, json, which};
use crate::App;
use crate::json::Out;
use crate::params::Params;
use axum::extract::State;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use model::event::Kind;
use query::Tailed;
use std::convert::Infallible;
use std::sync::Arc;

pub async fn tail(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, EventError> {
    let which = which(&params, app.clock.now_ns(), Kind::Log)?;
    let clip = super::search::clip(&params)?;
    let tailed = app.events.tail(which.kind, &which.query)?;
    let stream = tailed.map(move |what| {
        Ok(match what {
            Tailed::Events(events) => {
                let mut out = Out::new();
                json::clipped_events(&mut out, &events, clip);
                Sent::default().event("events").data(String::from_utf8_lossy(&out))
            }
            Tailed::Dropped(count) => Sent::default().event("dropped").data(format!("{{\"count\":{count}}}")),
        })
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
