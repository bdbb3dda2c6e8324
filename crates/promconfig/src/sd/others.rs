//! The kinds of discovery that Pharos does not run: their settings, to check and to print.

mod aws;
mod clouds;
mod machines;
mod registries;

use crate::yaml::{Fields, Node, Reader, Value, Yaml};

/// Reads one element of a list of this kind and gives it back to print.
pub(super) type ReadKind = fn(&Node, &mut Reader) -> Yaml;

/// Every kind and its reader. Those of AWS have a key each beside the common `aws_sd_configs`.
pub(super) const KINDS: &[(&str, ReadKind)] = &[
    ("aws_sd_configs", read::<aws::AwsSd>),
    ("azure_sd_configs", read::<clouds::AzureSd>),
    ("consul_sd_configs", read::<registries::ConsulSd>),
    ("digitalocean_sd_configs", read::<clouds::DigitalOceanSd>),
    ("ec2_sd_configs", read::<aws::Ec2Sd>),
    ("ecs_sd_configs", read::<aws::ClusterSd>),
    ("elasticache_sd_configs", read::<aws::ClusterSd>),
    ("eureka_sd_configs", read::<registries::EurekaSd>),
    ("gce_sd_configs", read::<clouds::GceSd>),
    ("hetzner_sd_configs", read::<clouds::HetznerSd>),
    ("ionos_sd_configs", read::<clouds::IonosSd>),
    ("kuma_sd_configs", read::<registries::KumaSd>),
    ("lightsail_sd_configs", read::<aws::LightsailSd>),
    ("linode_sd_configs", read::<clouds::LinodeSd>),
    ("marathon_sd_configs", read::<registries::MarathonSd>),
    ("msk_sd_configs", read::<aws::ClusterSd>),
    ("nerve_sd_configs", read::<registries::ZookeeperSd>),
    ("nomad_sd_configs", read::<registries::NomadSd>),
    ("oci_sd_configs", read::<machines::OciSd>),
    ("openstack_sd_configs", read::<machines::OpenstackSd>),
    ("outscale_sd_configs", read::<clouds::OutscaleSd>),
    ("ovhcloud_sd_configs", read::<clouds::OvhCloudSd>),
    ("puppetdb_sd_configs", read::<registries::PuppetDbSd>),
    ("rds_sd_configs", read::<aws::ClusterSd>),
    ("scaleway_sd_configs", read::<machines::ScalewaySd>),
    ("serverset_sd_configs", read::<registries::ZookeeperSd>),
    ("stackit_sd_configs", read::<machines::StackitSd>),
    ("triton_sd_configs", read::<machines::TritonSd>),
    ("uyuni_sd_configs", read::<machines::UyuniSd>),
    ("vultr_sd_configs", read::<clouds::VultrSd>),
];

fn read<T: Value>(node: &Node, reader: &mut Reader) -> Yaml {
    let mut value = T::start();
    value.read(node, reader);
    value.print()
}

/// A fault for each field that must be there and is not: `(key, why)`.
fn require(fields: &Fields<'_>, needed: &[(&str, &str)], reader: &mut Reader) {
    for (key, reason) in needed {
        if !fields.has(key) {
            fields.fault(key, *reason, reader);
        }
    }
}

/// A fault when a word is none of those allowed.
fn one_of(key: &str, allowed: &[&str], reason: &str, fields: &Fields<'_>, reader: &mut Reader) {
    let word = fields.get(key).and_then(Node::scalar_text).unwrap_or("");
    if !word.is_empty() && !allowed.contains(&word) {
        fields.fault(key, reason.replace("{}", word), reader);
    }
}
