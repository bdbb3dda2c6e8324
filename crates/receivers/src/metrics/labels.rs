//! Labels of a series: from the attributes of a point, its scope and its resource.
//!
//! Each series also has a *key*, a hash of those attributes as they came, with which a series that was seen before
//! is found without making a label. The key covers all that the labels depend on, the settings too, so that after a
//! change of the settings every series is made anew.

use super::names::{NameError, Namer, Shape};
use super::value;
use model::{Labels, LabelsBuilder, METRIC_NAME};
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use promconfig::OtlpConfig;
use std::cell::OnceCell;
use std::collections::HashSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The attributes that name a service: they become `job` and `instance`.
pub(crate) const SERVICE_NAME: &str = "service.name";
pub(crate) const SERVICE_NAMESPACE: &str = "service.namespace";
pub(crate) const SERVICE_INSTANCE_ID: &str = "service.instance.id";
const IDENTIFYING: [&str; 3] = [SERVICE_NAMESPACE, SERVICE_NAME, SERVICE_INSTANCE_ID];

/// The `otlp` section of the configuration, made ready.
#[derive(Debug)]
pub(crate) struct Settings {
    pub namer: Namer,
    promote: Promote,
    keep_identifying: bool,
    pub histograms_to_nhcb: bool,
    pub scope_metadata: bool,
    /// Of all the above.
    seed: u64,
}

/// Which attributes of a resource become labels of its series.
#[derive(Debug)]
enum Promote {
    Only(HashSet<String>),
    AllBut(HashSet<String>),
}

impl Settings {
    pub fn new(config: &OtlpConfig) -> Settings {
        let set = |names: &[String]| names.iter().cloned().collect();
        Settings {
            namer: Namer::new(config),
            promote: if config.promote_all_resource_attributes {
                Promote::AllBut(set(&config.ignore_resource_attributes))
            } else {
                Promote::Only(set(&config.promote_resource_attributes))
            },
            keep_identifying: config.keep_identifying_resource_attributes,
            histograms_to_nhcb: config.convert_histograms_to_nhcb,
            scope_metadata: config.promote_scope_metadata,
            seed: xxh3_64(format!("{config:?}").as_bytes()),
        }
    }
}

/// Whose series they are.
pub(crate) struct Owner<'a> {
    settings: &'a Settings,
    attributes: &'a [KeyValue],
    key: u128,
    /// Made when the first series is.
    own: OnceCell<Result<LabelsBuilder, NameError>>,
}

impl<'a> Owner<'a> {
    pub fn new(settings: &'a Settings, attributes: &'a [KeyValue]) -> Owner<'a> {
        let mut bytes = settings.seed.to_le_bytes().to_vec();
        value::put_key(&mut bytes, attributes);
        Owner { settings, attributes, key: xxh3_128(&bytes), own: OnceCell::new() }
    }

    pub fn key(&self) -> u128 {
        self.key
    }

    /// Promoted attributes of the resource.
    fn promoted(&self) -> &Result<LabelsBuilder, NameError> {
        self.own.get_or_init(|| {
            let mut labels = LabelsBuilder::new();
            for attribute in self.attributes {
                let wanted = match &self.settings.promote {
                    Promote::Only(names) => names.contains(&attribute.key),
                    Promote::AllBut(names) => !names.contains(&attribute.key),
                };
                if wanted && let Some(v) = &attribute.value {
                    labels.set(&self.settings.namer.label(&attribute.key)?, &value::text(v));
                }
            }
            Ok(labels)
        })
    }

    fn put_identity(&self, labels: &mut LabelsBuilder) {
        if let Some(name) = value::find(self.attributes, SERVICE_NAME) {
            match value::find(self.attributes, SERVICE_NAMESPACE) {
                Some(namespace) => labels.set("job", &format!("{namespace}/{name}")),
                None => labels.set("job", &name),
            };
        }
        if let Some(instance) = value::find(self.attributes, SERVICE_INSTANCE_ID) {
            labels.set("instance", &instance);
        }
    }

    /// The labels of `target_info`. `None` when it would say nothing: without an identity, or with nothing but one.
    pub fn target_info(&self) -> Result<Option<Labels>, NameError> {
        let has_more = self.attributes.iter().any(|a| !IDENTIFYING.contains(&a.key.as_str()));
        if !has_more {
            return Ok(None);
        }
        let left_out: &[&str] = if self.settings.keep_identifying { &[] } else { &IDENTIFYING };
        let mut labels = self.settings.plain(self.attributes, left_out)?;
        self.put_identity(&mut labels);
        let identified = labels.get("job").is_some() || labels.get("instance").is_some();
        labels.set(METRIC_NAME, "target_info");
        Ok(identified.then(|| labels.build()))
    }
}

impl Settings {
    /// Attributes as labels. Keys that become the same name have their values joined, in the order of the keys.
    fn plain(&self, attributes: &[KeyValue], left_out: &[&str]) -> Result<LabelsBuilder, NameError> {
        let mut sorted: Vec<&KeyValue> =
            attributes.iter().filter(|a| !left_out.contains(&a.key.as_str())).collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        let mut labels = LabelsBuilder::new();
        let mut previous: Option<&str> = None;
        for attribute in sorted {
            // The same key again says nothing that may count.
            if previous.replace(&attribute.key) == Some(attribute.key.as_str()) {
                continue;
            }
            let name = self.namer.label(&attribute.key)?;
            let text = attribute.value.as_ref().map(value::text).unwrap_or_default();
            match labels.get(&name) {
                Some(existing) => {
                    let joined = format!("{existing};{text}");
                    labels.set(&name, &joined);
                }
                None => {
                    labels.set(&name, &text);
                }
            }
        }
        Ok(labels)
    }
}

/// The instrumentation scope, as far as it becomes labels.
pub(crate) struct Scope<'a> {
    name: &'a str,
    version: &'a str,
    schema_url: &'a str,
    attributes: &'a [KeyValue],
}

impl<'a> Scope<'a> {
    /// `None` when the settings do not want it, or it has no name.
    pub fn new(
        settings: &Settings,
        scope: Option<&'a InstrumentationScope>,
        schema_url: &'a str,
    ) -> Option<Scope<'a>> {
        let scope = scope.filter(|s| settings.scope_metadata && !s.name.is_empty())?;
        Some(Scope { name: &scope.name, version: &scope.version, schema_url, attributes: &scope.attributes })
    }

    fn put_key(&self, out: &mut Vec<u8>) {
        for text in [self.name, self.version, self.schema_url] {
            value::put_bytes(out, text.as_bytes());
        }
        value::put_key(out, self.attributes);
    }

    fn put(&self, namer: &Namer, labels: &mut LabelsBuilder) -> Result<(), NameError> {
        for attribute in self.attributes {
            let name = namer.label(&format!("otel_scope_{}", attribute.key))?;
            labels.set(&name, &attribute.value.as_ref().map(value::text).unwrap_or_default());
        }
        labels.set("otel_scope_name", self.name);
        labels.set("otel_scope_version", self.version);
        labels.set("otel_scope_schema_url", self.schema_url);
        Ok(())
    }
}

/// A metric on its way: what its series share.
pub(crate) struct Family<'a> {
    pub owner: &'a Owner<'a>,
    pub scope: Option<&'a Scope<'a>>,
    /// As the sender wrote them.
    pub name: &'a str,
    pub unit: &'a str,
    pub help: &'a str,
    pub shape: Shape,
    built: OnceCell<Result<String, NameError>>,
    /// The bytes that the keys of its series begin with.
    key: Vec<u8>,
}

impl<'a> Family<'a> {
    pub fn new(
        owner: &'a Owner<'a>,
        scope: Option<&'a Scope<'a>>,
        (name, unit, help): (&'a str, &'a str, &'a str),
        shape: Shape,
    ) -> Family<'a> {
        let mut key = owner.key.to_le_bytes().to_vec();
        if let Some(scope) = scope {
            scope.put_key(&mut key);
        }
        key.push(shape as u8);
        value::put_bytes(&mut key, name.as_bytes());
        value::put_bytes(&mut key, unit.as_bytes());
        Family { owner, scope, name, unit, help, shape, built: OnceCell::new(), key }
    }

    pub fn settings(&self) -> &'a Settings {
        self.owner.settings
    }

    /// The name that its series begin with.
    pub fn built(&self) -> Result<&str, NameError> {
        let built =
            self.built.get_or_init(|| self.owner.settings.namer.metric(self.name, self.unit, self.shape));
        built.as_deref().map_err(Clone::clone)
    }

    /// What is told apart by these attributes.
    pub fn series<'s>(&'s self, attributes: &'s [KeyValue], scratch: &mut Vec<u8>) -> SeriesOf<'s> {
        scratch.clear();
        scratch.extend_from_slice(&self.key);
        value::put_key(scratch, attributes);
        SeriesOf { family: self, attributes, key: xxh3_128(scratch), base: OnceCell::new() }
    }
}

/// The series of one point: one, or those of a histogram or summary.
pub(crate) struct SeriesOf<'a> {
    pub family: &'a Family<'a>,
    attributes: &'a [KeyValue],
    pub key: u128,
    base: OnceCell<Result<LabelsBuilder, NameError>>,
}

/// Which of the series of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part {
    Whole,
    Sum,
    Count,
    /// Up to this bound; +Inf for all.
    Bucket(f64),
    Quantile(f64),
}

impl Part {
    fn tag(self) -> (u8, f64) {
        match self {
            Part::Whole => (0, 0.0),
            Part::Sum => (1, 0.0),
            Part::Count => (2, 0.0),
            Part::Bucket(bound) => (3, bound),
            Part::Quantile(quantile) => (4, quantile),
        }
    }
}

impl SeriesOf<'_> {
    pub fn key(&self, part: Part) -> u128 {
        let (tag, number) = part.tag();
        if tag == 0 {
            return self.key;
        }
        let mut bytes = [0; 25];
        bytes[..16].copy_from_slice(&self.key.to_le_bytes());
        bytes[16] = tag;
        bytes[17..].copy_from_slice(&number.to_bits().to_le_bytes());
        xxh3_128(&bytes)
    }

    pub fn labels(&self, part: Part) -> Result<Labels, NameError> {
        let name = self.family.built()?;
        let base = self.base.get_or_init(|| self.base_labels()).as_ref().map_err(Clone::clone)?;
        let mut labels = base.clone();
        let suffix = match part {
            Part::Whole => "",
            Part::Sum => "_sum",
            Part::Count => "_count",
            Part::Bucket(bound) => {
                labels.set("le", &model::number::format_f(bound));
                "_bucket"
            }
            Part::Quantile(quantile) => {
                labels.set("quantile", &model::number::format_f(quantile));
                ""
            }
        };
        labels.set(METRIC_NAME, &format!("{name}{suffix}"));
        Ok(labels.build())
    }

    fn base_labels(&self) -> Result<LabelsBuilder, NameError> {
        let (settings, owner) = (self.family.settings(), self.family.owner);
        let mut labels = settings.plain(self.attributes, &[METRIC_NAME])?;
        for (name, text) in owner.promoted().as_ref().map_err(Clone::clone)?.iter() {
            if labels.get(name).is_none() {
                labels.set(name, text);
            }
        }
        owner.put_identity(&mut labels);
        if let Some(scope) = self.family.scope {
            scope.put(&settings.namer, &mut labels)?;
        }
        Ok(labels)
    }
}
