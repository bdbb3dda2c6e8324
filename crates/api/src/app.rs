//! What handlers share: the stores and engines, and what is known about this process.

use crate::prometheus::queries;
use crate::reply::ApiError;
use crate::uploads::Uploads;
use base::Clock;
use parking_lot::RwLock;
use query::{EventService, QueryService};
use receivers::{EventReceiver, Ledger, MetricReceiver, Strategies};
use remote::Receiver;
use remote::read::ReadServer;
use scrape::Manager;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use telemetry::Registry;
use tokio::sync::broadcast;
use tsdb::Db;

/// Everything a handler may need.
pub struct App {
    pub clock: Clock,
    pub db: Db,
    pub query: QueryService,
    pub events: EventService,
    pub intake: Intake,
    pub receiver: Receiver,
    pub reader: ReadServer,
    pub uploads: Uploads,
    pub scrape: Manager,
    pub registry: Registry,
    pub process: Process,
    pub config: ConfigState,
    pub notifications: Notifications,
    pub control: Box<dyn Control>,
}

/// What brings spans, logs and OTLP metrics in.
pub struct Intake {
    pub events: Arc<EventReceiver>,
    pub metrics: MetricReceiver,
    /// What came by which door, and what was turned away.
    pub ledger: Arc<Ledger>,
    pub strategies: Strategies,
}

/// What does not change while the process lives.
pub struct Process {
    pub version: &'static str,
    pub revision: &'static str,
    pub started_ms: i64,
    /// Flags with the values in force.
    pub flags: BTreeMap<String, String>,
    pub retention: String,
    pub memory_limit_bytes: u64,
}

/// The configuration in force.
#[derive(Default)]
pub struct ConfigState(RwLock<Loaded>);

#[derive(Clone, Default)]
pub struct Loaded {
    /// As it was understood, secrets masked.
    pub yaml: String,
    /// When it was last read without a fault, Unix milliseconds.
    pub loaded_ms: i64,
    /// Whether the last attempt succeeded.
    pub success: bool,
    /// Of the last attempt, when it failed.
    pub faults: Vec<String>,
    pub external_labels: model::Labels,
}

impl ConfigState {
    pub fn get(&self) -> Loaded {
        self.0.read().clone()
    }

    pub fn succeeded(&self, yaml: String, external_labels: model::Labels, now_ms: i64) {
        *self.0.write() =
            Loaded { yaml, loaded_ms: now_ms, success: true, faults: Vec::new(), external_labels };
    }

    /// Keeps the configuration in force and remembers why the new one was refused.
    pub fn failed(&self, faults: Vec<String>) {
        let mut loaded = self.0.write();
        loaded.success = false;
        loaded.faults = faults;
    }
}

/// What only the program itself can do.
pub trait Control: Send + Sync {
    /// Reads the configuration again. The error lists every fault.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Result<(), Vec<String>>> + Send + '_>>;
    /// Begins an orderly stop.
    fn quit(&self);
}

/// What the operator should know now, shown on the screen and pushed to `/notifications/live`.
pub struct Notifications {
    active: RwLock<Vec<Notification>>,
    /// `None` once the program stops: streams end, so that open screens do not hold it up.
    live: RwLock<Option<broadcast::Sender<Notification>>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub text: String,
    pub since_ms: i64,
    pub active: bool,
}

/// A client of the live stream that is this far behind misses the oldest.
const LIVE_BACKLOG: usize = 64;

impl Default for Notifications {
    fn default() -> Notifications {
        Notifications {
            active: RwLock::default(),
            live: RwLock::new(Some(broadcast::channel(LIVE_BACKLOG).0)),
        }
    }
}

impl Notifications {
    pub fn active(&self) -> Vec<Notification> {
        self.active.read().clone()
    }

    /// What changes from now on; `None` when the program is stopping.
    pub fn subscribe(&self) -> Option<broadcast::Receiver<Notification>> {
        self.live.read().as_ref().map(broadcast::Sender::subscribe)
    }

    /// Ends every live stream.
    pub fn close(&self) {
        *self.live.write() = None;
    }

    fn tell(&self, notification: Notification) {
        if let Some(live) = &*self.live.read() {
            // No receiver is no error: nobody is looking.
            let _ = live.send(notification);
        }
    }

    /// `what` is the fixed beginning of the text, by which it is cleared; `why` may change.
    pub fn raise(&self, what: &str, why: &str, now_ms: i64) {
        let text = format!("{what}{why}");
        if self.active.read().iter().any(|n| n.text == text) {
            return;
        }
        self.clear(what);
        let mut active = self.active.write();
        {
            let notification = Notification { text, since_ms: now_ms, active: true };
            active.push(notification.clone());
            self.tell(notification);
        }
    }

    pub fn clear(&self, what: &str) {
        let mut active = self.active.write();
        if let Some(at) = active.iter().position(|n| n.text.starts_with(what)) {
            let mut notification = active.remove(at);
            notification.active = false;
            self.tell(notification);
        }
    }
}

impl App {
    /// Reads the store in a slot of the query service.
    pub async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.query.read(work).await.map_err(queries::failed)
    }

    /// Runs what reads or writes the disk, or computes for long, off the threads that serve connections.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal("the work ended in a panic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_raised_once_and_cleared() {
        let n = Notifications::default();
        let mut live = n.subscribe().unwrap();
        n.raise("a", ": b", 1);
        n.raise("a", ": b", 2);
        n.clear("a");
        n.clear("a");
        assert!(n.active().is_empty());
        assert!(live.try_recv().unwrap().active);
        assert!(!live.try_recv().unwrap().active);
        assert!(live.try_recv().is_err());
        n.close();
        assert!(n.subscribe().is_none());
    }
}
