//! A copy of the objects under one path, kept up to date by a list and then watches.

use super::client::{ApiClient, Event, Selector, WatchError};
use super::objects::Object;
use crate::refresh::Updates;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Counter, CounterFamily};
use tokio::sync::Notify;

/// Waiting after a failure: doubled each time, to a bound.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Objects of one kind. Cloning gives a handle to the same ones.
pub struct Store<T>(Arc<Mutex<Objects<T>>>);

struct Objects<T> {
    by_key: BTreeMap<String, Arc<T>>,
    /// Keys that changed since they were last asked for.
    changed: BTreeSet<String>,
    /// Lists that have not been read for the first time yet.
    unread: usize,
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Store<T> {
        Store(Arc::clone(&self.0))
    }
}

impl<T> Default for Store<T> {
    fn default() -> Store<T> {
        let objects = Objects { by_key: BTreeMap::new(), changed: BTreeSet::new(), unread: 0 };
        Store(Arc::new(Mutex::new(objects)))
    }
}

impl<T: Object> Store<T> {
    pub fn get(&self, key: &str) -> Option<Arc<T>> {
        self.0.lock().by_key.get(key).cloned()
    }

    pub fn all(&self) -> Vec<Arc<T>> {
        self.0.lock().by_key.values().cloned().collect()
    }

    /// Whether every list has been read.
    pub fn is_read(&self) -> bool {
        self.0.lock().unread == 0
    }

    /// The keys that changed since the last call.
    pub fn take_changed(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.0.lock().changed)
    }

    /// Says that one more list will be read into the store.
    pub fn expect_list(&self) {
        self.0.lock().unread += 1;
    }

    fn set(&self, object: T) {
        let mut objects = self.0.lock();
        let key = object.key();
        objects.changed.insert(key.clone());
        objects.by_key.insert(key, Arc::new(object));
    }

    fn delete(&self, key: &str) {
        let mut objects = self.0.lock();
        objects.changed.insert(key.to_owned());
        objects.by_key.remove(key);
    }

    /// Replaces what one list gave last by what it gives now.
    fn replace(&self, before: &mut BTreeSet<String>, list: Vec<T>) {
        let now: BTreeSet<String> = list.iter().map(Object::key).collect();
        for gone in before.difference(&now) {
            self.delete(gone);
        }
        for object in list {
            self.set(object);
        }
        *before = now;
    }
}

/// Keeps a store in step with a path of the API.
pub struct Reflector<T> {
    pub client: ApiClient,
    pub path: String,
    pub selector: Selector,
    pub store: Store<T>,
    /// Told after every change.
    pub changed: Arc<Notify>,
    pub updates: Updates,
    pub role: &'static str,
    pub events: CounterFamily,
    pub failures: Counter,
}

impl<T: Object> Reflector<T> {
    /// Runs for ever.
    pub async fn run(self) {
        let (mut keys, mut first, mut wait) = (BTreeSet::new(), true, RETRY_FIRST);
        loop {
            match self.follow(&mut keys, &mut first).await {
                // The version is too old, which is no fault: list again.
                Err(WatchError::Expired) => wait = RETRY_FIRST,
                Err(WatchError::Other(error)) => {
                    self.failures.inc();
                    tracing::warn!(error, "kubernetes discovery failed; keeping the targets found before");
                    self.updates.failed(error);
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MAX);
                }
                Ok(never) => match never {},
            }
        }
    }

    /// Lists, then watches until something goes wrong.
    async fn follow(
        &self,
        keys: &mut BTreeSet<String>,
        first: &mut bool,
    ) -> Result<std::convert::Infallible, WatchError> {
        let (list, mut version) = self.client.list::<T>(&self.path, &self.selector).await?;
        self.store.replace(keys, list);
        if std::mem::take(first) {
            self.store.0.lock().unread -= 1;
        }
        self.updates.succeeded();
        self.changed.notify_one();
        loop {
            let mut watch = self.client.watch(&self.path, &self.selector, &version).await?;
            while let Some(event) = watch.next::<T>().await? {
                self.take(event, keys);
            }
            if watch.version == version {
                // A server that ends watches at once must not be asked in a busy loop.
                tokio::time::sleep(RETRY_FIRST).await;
            }
            version = watch.version;
        }
    }

    fn take(&self, event: Event<T>, keys: &mut BTreeSet<String>) {
        let name = match event {
            Event::Bookmark => return,
            Event::Set(object) => {
                let added = keys.insert(object.key());
                self.store.set(object);
                if added { "add" } else { "update" }
            }
            Event::Deleted(object) => {
                let key = object.key();
                keys.remove(&key);
                self.store.delete(&key);
                "delete"
            }
        };
        self.events.with(&[self.role, name]).inc();
        self.changed.notify_one();
    }
}
