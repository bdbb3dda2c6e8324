//! From a record of the spool to what one place is to be sent: external labels, relabeling, and what it does not
//! want left out.
//!
//! What became of a series is remembered by the hash of its labels, so that relabeling costs once a series.

use super::meter::Count;
use model::{Labels, LabelsBuilder, Metadata, MetricType};
use pipeline::Relabel;
use promconfig::{RemoteWriteConfig, RemoteWriteMessage};
use std::collections::{BTreeMap, HashMap};
use wire::proto::ProtoError;
use wire::remote::{Item, Message, Request, Scratch, TimeSeries};
use wire::snappy;

/// Series whose relabeling is remembered: at about 300 B each, 60 MB at most; then all are forgotten at once, which
/// costs a second of relabeling.
const REMEMBERED_MAX: usize = 200_000;
/// A record is one committed batch.
const RECORD_BYTES_MAX: usize = 1 << 30;

/// See the module.
pub struct Outgoing {
    external_labels: Vec<(String, String)>,
    relabel: Relabel,
    send_exemplars: bool,
    send_histograms: bool,
    /// Version 2 carries metadata with the series, and start timestamps.
    message: RemoteWriteMessage,
    /// Samples older than this are not worth sending; 0 for no limit.
    age_max_ms: i64,
    remembered: HashMap<u128, Option<Labels>>,
    pub families: HashMap<String, Metadata>,
    unpacked: Vec<u8>,
    scratch: Scratch,
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeftOut {
    pub too_old: usize,
    pub relabeled: usize,
    /// The record could not be read.
    pub damaged: bool,
}

impl Outgoing {
    pub fn new(config: &RemoteWriteConfig, external_labels: &BTreeMap<String, String>) -> Outgoing {
        Outgoing {
            external_labels: external_labels.clone().into_iter().collect(),
            relabel: Relabel::new(&config.write_relabel_configs),
            send_exemplars: config.send_exemplars,
            send_histograms: config.send_native_histograms,
            message: config.protobuf_message,
            age_max_ms: config.queue_config.sample_age_limit.as_millis() as i64,
            remembered: HashMap::new(),
            families: HashMap::new(),
            unpacked: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Appends what is to be sent of a record.
    pub fn take(&mut self, record: &[u8], now_ms: i64, out: &mut Vec<TimeSeries>) -> LeftOut {
        let (mut unpacked, mut scratch) =
            (std::mem::take(&mut self.unpacked), std::mem::take(&mut self.scratch));
        let mut left_out = LeftOut::default();
        let oldest = if self.age_max_ms > 0 { now_ms - self.age_max_ms } else { i64::MIN };
        match snappy::decompress(record, &mut unpacked, RECORD_BYTES_MAX) {
            Ok(bytes) => {
                left_out.damaged = self.read(bytes, &mut scratch, oldest, out, &mut left_out).is_err();
            }
            Err(_) => left_out.damaged = true,
        }
        (self.unpacked, self.scratch) = (unpacked, scratch);
        left_out
    }

    fn read(
        &mut self,
        bytes: &[u8],
        scratch: &mut Scratch,
        oldest: i64,
        out: &mut Vec<TimeSeries>,
        left_out: &mut LeftOut,
    ) -> Result<(), ProtoError> {
        let mut request = Request::new(Message::V2, bytes, scratch)?;
        while let Some(item) = request.next()? {
            let Item::Series(series) = item else { continue };
            if self.remembered.len() >= REMEMBERED_MAX {
                self.remembered.clear();
            }
            let labels = match series.key.and_then(|key| self.remembered.get(&key)) {
                Some(labels) => labels.clone(),
                None => {
                    let labels = series.labels().ok().and_then(|labels| self.relabel(&labels));
                    if let Some(key) = series.key {
                        self.remembered.insert(key, labels.clone());
                    }
                    labels
                }
            };
            let Some(labels) = labels else {
                left_out.relabeled += series.samples.len() + series.histogram_count();
                continue;
            };
            let mut sent = TimeSeries {
                samples: series.samples.to_vec(),
                histograms: Vec::new(),
                exemplars: Vec::new(),
                metadata: self.metadata(&labels),
                labels,
            };
            if self.send_histograms {
                sent.histograms = series.histograms().collect::<Result<_, _>>()?;
            }
            if self.send_exemplars {
                sent.exemplars =
                    series.exemplars().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            }
            let before = sent.samples.len() + sent.histograms.len();
            sent.samples.retain(|s| s.timestamp >= oldest);
            sent.histograms.retain(|h| h.timestamp >= oldest);
            left_out.too_old += before - sent.samples.len() - sent.histograms.len();
            if Count::of(std::slice::from_ref(&sent)).all() > 0 {
                out.push(sent);
            }
        }
        Ok(())
    }

    /// Labels with the external ones, relabeled; `None` when the series is dropped.
    fn relabel(&self, labels: &Labels) -> Option<Labels> {
        if self.external_labels.is_empty() {
            return self.relabel.apply_to(labels);
        }
        let mut builder: LabelsBuilder = labels.to_builder();
        for (name, value) in &self.external_labels {
            // What the sample says of itself counts.
            if builder.get(name).is_none() {
                builder.set(name, value);
            }
        }
        self.relabel.apply(&mut builder).then(|| builder.build())
    }

    fn metadata(&self, labels: &Labels) -> Option<Metadata> {
        if self.message == RemoteWriteMessage::V1 {
            return None;
        }
        let name = labels.metric_name();
        let of = |family: &str| self.families.get(family);
        let parts = ["_bucket", "_count", "_sum"];
        let family = of(name).or_else(|| {
            let base = parts.iter().find_map(|s| name.strip_suffix(s)).and_then(of);
            base.filter(|m| {
                matches!(
                    m.metric_type,
                    MetricType::Histogram | MetricType::Summary | MetricType::GaugeHistogram
                )
            })
        });
        family.cloned()
    }
}

#[cfg(test)]
mod tests;
