//! Resources that sent spans: `traces_target_info`, with their attributes as labels.

use super::calls::shortened;
use super::write::TARGET_INFO;
use crate::metrics::{Namer, SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE};
use hashbrown::HashMap;
use model::event::{Batch, Resource, Run, Value};
use model::{Labels, LabelsBuilder, METRIC_NAME};
use promconfig::OtlpConfig;
use std::borrow::Cow;
use xxhash_rust::xxh3::Xxh3;

/// Resources known; more are left out. 2,000 × 6 kB are 12 MB.
const RESOURCES_MAX: usize = 2_000;
/// Names and values of the labels of one resource together; attributes beyond are no labels. Those of a pod come to 2 kB.
const LABEL_BYTES_MAX: usize = 4_096;

/// All resources, by a hash of their attributes.
#[derive(Default)]
pub(crate) struct Infos {
    known: HashMap<u128, Info>,
}

struct Info {
    /// `None` when there is nothing to say of it.
    labels: Option<Labels>,
    seen_ms: i64,
    is_written: bool,
}

/// A resource that was let go.
pub(crate) struct EndedInfo {
    pub key: u128,
    pub labels: Labels,
}

impl Infos {
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is a series to write that was not there.
    pub fn observe(&mut self, batch: &Batch, resource: &Resource, now_ms: i64) -> bool {
        let key = key(batch, resource.attrs);
        if let Some(known) = self.known.get_mut(&key) {
            known.seen_ms = now_ms;
            return false;
        }
        if self.known.len() >= RESOURCES_MAX {
            return false;
        }
        let labels = labels(batch, resource.attrs);
        let is_new = labels.is_some();
        self.known.insert(key, Info { labels, seen_ms: now_ms, is_written: false });
        is_new
    }

    /// All, or those without samples.
    pub fn take(&self, all: bool) -> Vec<(u128, Labels)> {
        let wanted = self.known.iter().filter(|(_, info)| all || !info.is_written);
        wanted.filter_map(|(key, info)| Some((*key, info.labels.clone()?))).collect()
    }

    pub fn written(&mut self, keys: impl Iterator<Item = u128>) {
        for key in keys {
            if let Some(info) = self.known.get_mut(&key) {
                info.is_written = true;
            }
        }
    }

    pub fn let_go(&mut self, seen_before_ms: i64) -> Vec<EndedInfo> {
        self.known
            .extract_if(|_, info| info.seen_ms < seen_before_ms)
            .filter(|(_, info)| info.is_written)
            .filter_map(|(key, info)| Some(EndedInfo { key, labels: info.labels? }))
            .collect()
    }
}

fn key(batch: &Batch, run: Run) -> u128 {
    let mut hash = Xxh3::with_seed(u64::from(b'i'));
    for attr in batch.attrs(run) {
        hash.update(batch.key(attr.key).as_bytes());
        let value = text(batch, attr.value);
        hash.update(&[0, attr.value.kind() as u8]);
        hash.update(value.as_bytes());
        hash.update(&[0]);
    }
    hash.digest128()
}

fn text(batch: &Batch, value: Value) -> Cow<'_, str> {
    match value {
        Value::Str(t) | Value::Bytes(t) | Value::Json(t) => Cow::Borrowed(batch.get(t)),
        Value::Bool(b) => Cow::Borrowed(if b { "true" } else { "false" }),
        Value::Int(i) => Cow::Owned(i.to_string()),
        Value::Double(d) => Cow::Owned(d.to_string()),
    }
}

/// `None` without a service, or with nothing but its name.
fn labels(batch: &Batch, run: Run) -> Option<Labels> {
    let namer = Namer::new(&OtlpConfig::default());
    let (mut labels, mut bytes) = (LabelsBuilder::new(), 0);
    let identity = [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE_ID];
    for attr in batch.attrs(run) {
        let key = batch.key(attr.key);
        if let (false, Ok(name)) = (identity.contains(&key), namer.label(key)) {
            let value = text(batch, attr.value);
            let value = shortened(&value);
            if bytes + name.len() + value.len() <= LABEL_BYTES_MAX {
                bytes += name.len() + value.len();
                labels.set(&name, value);
            }
        }
    }
    if labels.is_empty() {
        return None;
    }
    let name = shortened(batch.attr_str(run, SERVICE_NAME).filter(|name| !name.is_empty())?);
    match batch.attr_str(run, SERVICE_NAMESPACE).filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => labels.set("job", &format!("{}/{name}", shortened(namespace))),
        None => labels.set("job", name),
    };
    if let Some(instance) = batch.attr_str(run, SERVICE_INSTANCE_ID) {
        labels.set("instance", shortened(instance));
    }
    labels.set(METRIC_NAME, TARGET_INFO);
    Some(labels.build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Kind;

    #[test]
    fn the_labels_of_a_resource_are_bounded() {
        let mut batch = Batch::new(Kind::Span);
        let long = "x".repeat(100_000);
        for key in [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE_ID] {
            let text = batch.push_text(&long);
            batch.push_attr(key, Value::Str(text));
        }
        for n in 0..1_000 {
            let text = batch.push_text(&long);
            batch.push_attr(&format!("key.{n}"), Value::Str(text));
        }
        batch.push_attr("small", Value::Int(7));
        let labels = labels(&batch, batch.attrs_since(0)).unwrap();
        let bytes: usize = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(bytes < 6_144, "{bytes}");
        // What still has room is there.
        assert_eq!((labels.get("key_0").map(str::len), labels.get("small")), (Some(512), Some("7")));
    }
}
