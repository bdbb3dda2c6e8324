//! The language of event search, and SQL, over the event store.
