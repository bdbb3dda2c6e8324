//! The façade over the engine and the store: everything that reads telemetry comes through here, so that limits,
//! cancellation and accounting have one place.
//!
//! Queries run on blocking threads (short ones where they arrive), a bounded number at once; the others wait, and give up
//! when their time is over.
//! A caller that goes away (its future is dropped) takes its query with it.

mod events;
mod metrics;
mod pg;
mod quick;
mod service;
mod source;
mod statements;
mod tail;

pub use events::{EventLimits, EventService};
pub use search::sql::{Format as SqlFormat, SqlError};
pub use service::{Ask, QueryLimits, QueryService, Times};
pub use source::{Damage, StoreSource};
pub use tail::Tailed;
