//! Targets from DNS records, `dns_sd_configs`.

use crate::group::{Pairs, TargetGroup, join_host_port};
use crate::refresh::Refresher;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::proto::{ProtoError, ProtoErrorKind};
use hickory_resolver::{ResolveError, TokioResolver};
use model::Labels;
use promconfig::{DnsRecord, DnsSd};
use std::collections::HashMap;
use telemetry::names::discovery as names;
use telemetry::{Counter, Registry};

pub struct DnsDiscovery {
    resolver: TokioResolver,
    config: DnsSd,
    /// What each name gave last: it stands while a lookup fails.
    last: HashMap<String, TargetGroup>,
    lookups: Counter,
    failures: Counter,
}

impl DnsDiscovery {
    /// Asks the servers of the system's configuration.
    pub fn new(config: &DnsSd, registry: &Registry) -> Result<DnsDiscovery, String> {
        let builder = TokioResolver::builder_tokio().map_err(|e| format!("DNS configuration: {e}"))?;
        Ok(DnsDiscovery::with_resolver(config, registry, builder.build()))
    }

    fn with_resolver(config: &DnsSd, registry: &Registry, resolver: TokioResolver) -> DnsDiscovery {
        DnsDiscovery {
            resolver,
            config: config.clone(),
            last: HashMap::new(),
            lookups: registry.counter(&names::DNS_LOOKUPS),
            failures: registry.counter(&names::DNS_LOOKUP_FAILURES),
        }
    }

    async fn lookup(&self, name: &str) -> Result<TargetGroup, String> {
        self.lookups.inc();
        let kind = match self.config.r#type {
            DnsRecord::Srv => RecordType::SRV,
            DnsRecord::A => RecordType::A,
            DnsRecord::Aaaa => RecordType::AAAA,
            DnsRecord::Mx => RecordType::MX,
            DnsRecord::Ns => RecordType::NS,
        };
        match self.resolver.lookup(name, kind).await {
            Ok(found) => {
                let targets = found.iter().filter_map(|data| self.target(name, data)).collect();
                Ok(TargetGroup::new(name, targets))
            }
            // A name that does not exist, or has no such record, has no targets; that is an answer.
            Err(e) if says_none(&e) => Ok(TargetGroup::gone(name)),
            Err(e) => {
                self.failures.inc();
                Err(format!("lookup {name}: {e}"))
            }
        }
    }

    /// The target that a record stands for; records of other types (a CNAME on the way) are none.
    fn target(&self, name: &str, data: &RData) -> Option<Labels> {
        let port = self.config.port;
        let mut pairs = Pairs::default();
        pairs.add("__meta_dns_name", name);
        let address = match data {
            RData::SRV(srv) => {
                let target = srv.target().to_ascii();
                pairs.add("__meta_dns_srv_record_target", &target);
                pairs.add("__meta_dns_srv_record_port", srv.port().to_string());
                // The root's dot would make a name that certificates and hosts do not know.
                join_host_port(target.trim_end_matches('.'), srv.port())
            }
            RData::A(ip) => join_host_port(&ip.to_string(), port),
            RData::AAAA(ip) => join_host_port(&ip.to_string(), port),
            RData::MX(mx) => {
                let target = mx.exchange().to_ascii();
                pairs.add("__meta_dns_mx_record_target", &target);
                join_host_port(target.trim_end_matches('.'), port)
            }
            RData::NS(ns) => {
                let target = ns.to_ascii();
                pairs.add("__meta_dns_ns_record_target", &target);
                join_host_port(target.trim_end_matches('.'), port)
            }
            _ => return None,
        };
        pairs.add("__address__", address);
        Some(pairs.build())
    }
}

fn says_none(error: &ResolveError) -> bool {
    match error.proto().map(ProtoError::kind) {
        Some(ProtoErrorKind::NoRecordsFound { response_code, .. }) => {
            matches!(response_code, ResponseCode::NXDomain | ResponseCode::NoError)
        }
        _ => false,
    }
}

impl Refresher for DnsDiscovery {
    async fn refresh(&mut self) -> Result<Vec<TargetGroup>, String> {
        let mut errors = Vec::new();
        for name in &self.config.names.clone() {
            match self.lookup(name).await {
                Ok(group) => {
                    self.last.insert(name.clone(), group);
                }
                Err(error) => errors.push(error),
            }
        }
        match errors.is_empty() {
            true => Ok(self.last.values().cloned().collect()),
            // Some names may have answered, but a success would hide the failure of the others.
            false if errors.len() == self.config.names.len() => Err(errors.join("; ")),
            false => {
                tracing::warn!(errors = errors.join("; "), "some DNS lookups failed");
                Ok(self.last.values().cloned().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
