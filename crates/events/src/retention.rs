//! What is too old, or too much, goes: a file at a time.

use crate::error::EventsError;
use crate::files::FileEntry;
use crate::store::Store;
use model::event::Kind;

impl Store {
    /// Takes the files that are over their kind's limits out of the catalog.
    pub(crate) fn retain(&self) -> Result<(), EventsError> {
        let _compacting = self.compacting.lock();
        let now_ns = self.options.clock.now_ns();
        for kind in Kind::ALL {
            let keep = self.options.keep(kind);
            let view = self.view();
            let mut files: Vec<FileEntry> =
                view.files.iter().filter(|f| f.meta().kind == kind).cloned().collect();
            drop(view);
            // The newest first.
            files.sort_by_key(|file| std::cmp::Reverse((file.meta().max_time_ns, file.id())));
            let oldest_ns = keep.age.map_or(i64::MIN, |age| {
                now_ns.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX))
            });
            let young = files.iter().take_while(|file| file.meta().max_time_ns >= oldest_ns).count();
            let old = files.split_off(young);
            let mut bytes = 0;
            let fits = |file: &&FileEntry| {
                bytes += file.meta().bytes;
                keep.bytes.is_none_or(|limit| bytes <= limit)
            };
            let few = files.iter().take_while(fits).count();
            let many = files.split_off(few);
            for (gone, counter) in [(old, &self.counters.too_old), (many, &self.counters.too_many)] {
                if !gone.is_empty() {
                    self.replace(&gone, None)?;
                    counter.add(gone.len() as u64);
                    tracing::info!(
                        files = gone.len(),
                        kind = kind.name(),
                        "files of events are over their retention"
                    );
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Keep;
    use crate::testing::{Dir, NOW_NS, batch};
    use model::event::Kind;
    use std::time::Duration;

    #[tokio::test]
    async fn what_is_kept_for_ever_is_kept() {
        let dir = Dir::new();
        let mut options = dir.options();
        options.keep_logs = Keep { age: Some(Duration::from_secs(400 * 365 * 86_400)), bytes: None };
        let events = dir.try_open(options).await.unwrap();
        events.put(batch(Kind::Log, NOW_NS, 3));
        events.flush().await.unwrap();
        events.tick().await.unwrap();
        assert_eq!(events.times(Kind::Log).len(), 3);
        events.close().await;
    }
}
