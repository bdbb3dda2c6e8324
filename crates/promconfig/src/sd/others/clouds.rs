//! Clouds, A to H and what is as plain as they are.

use super::{one_of, require};
use crate::http::HttpClientConfig;
use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::path::PathBuf;
use std::time::Duration;

section! {
    pub struct AzureSd, check = check_azure {
        key environment: String = "AzurePublicCloud".to_owned(),
        key authentication_method: String = "OAuth".to_owned(),
        key port: i64 = 80,
        key subscription_id: String = String::new(),
        key tenant_id: String = String::new(),
        key client_id: String = String::new(),
        key client_secret: Option<Secret> = None,
        key refresh_interval: Duration = Duration::from_secs(300),
        key resource_group: String = String::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
    }
}

fn check_azure(azure: &mut AzureSd, fields: &Fields<'_>, reader: &mut Reader) {
    require(fields, &[("subscription_id", "azure SD configuration requires a subscription_id")], reader);
    if azure.authentication_method == "OAuth" {
        let needed = [
            ("tenant_id", "azure SD configuration requires a tenant_id"),
            ("client_id", "azure SD configuration requires a client_id"),
            ("client_secret", "azure SD configuration requires a client_secret"),
        ];
        require(fields, &needed, reader);
    }
    one_of(
        "authentication_method",
        &["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"],
        "unknown authentication_type \"{}\". Supported types are \"OAuth\", \"ManagedIdentity\" or \"SDK\"",
        fields,
        reader,
    );
}

section! {
    pub struct DigitalOceanSd, check = check_digitalocean {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key role: String = String::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
    }
}

fn check_digitalocean(_: &mut DigitalOceanSd, fields: &Fields<'_>, reader: &mut Reader) {
    one_of("role", &["droplets", "databases"], "unknown role \"{}\"", fields, reader);
}

section! {
    pub struct GceSd, check = check_gce {
        key project: String = String::new(),
        key zone: String = String::new(),
        key filter: String = String::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key tag_separator: String = ",".to_owned(),
    }
}

fn check_gce(_: &mut GceSd, fields: &Fields<'_>, reader: &mut Reader) {
    let needed = [
        ("project", "GCE SD configuration requires a project"),
        ("zone", "GCE SD configuration requires a zone"),
    ];
    require(fields, &needed, reader);
}

section! {
    pub struct HetznerSd, check = check_hetzner {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key role: String = String::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key label_selector: String = String::new(),
    }
}

fn check_hetzner(_: &mut HetznerSd, fields: &Fields<'_>, reader: &mut Reader) {
    require(fields, &[("role", "role missing (one of: robot, hcloud)")], reader);
    one_of("role", &["robot", "hcloud"], "unknown role \"{}\"", fields, reader);
}

section! {
    pub struct IonosSd, check = check_ionos {
        key datacenter_id: String = String::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
    }
}

fn check_ionos(_: &mut IonosSd, fields: &Fields<'_>, reader: &mut Reader) {
    require(fields, &[("datacenter_id", "datacenter id can't be empty")], reader);
}

section! {
    pub struct LinodeSd {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key tag_separator: String = ",".to_owned(),
        key region: String = String::new(),
    }
}

section! {
    pub struct OutscaleSd, check = check_outscale {
        key endpoint: String = String::new(),
        key region: String = "eu-west-2".to_owned(),
        key access_key: String = String::new(),
        key secret_key: Option<Secret> = None,
        key secret_key_file: Option<PathBuf> = None,
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        inline http: HttpClientConfig = HttpClientConfig::default(),
    }
}

fn check_outscale(outscale: &mut OutscaleSd, fields: &Fields<'_>, reader: &mut Reader) {
    if outscale.region.is_empty() {
        fields.fault("region", "outscale SD configuration requires a region", reader);
    }
    require(
        fields,
        &[("access_key", "outscale SD configuration requires access_key and secret_key")],
        reader,
    );
    match (&outscale.secret_key, &outscale.secret_key_file) {
        (None, None) => {
            let reason = "outscale SD configuration requires access_key and secret_key: one of secret_key & secret_key_file must be configured";
            fields.fault("secret_key", reason, reader);
        }
        (Some(_), Some(_)) => {
            let reason = "at most one of secret_key & secret_key_file must be configured";
            fields.fault("secret_key_file", reason, reader);
        }
        _ => {}
    }
}

section! {
    pub struct OvhCloudSd, check = check_ovh {
        key endpoint: String = "ovh-eu".to_owned(),
        key application_key: String = String::new(),
        key application_secret: Option<Secret> = None,
        key consumer_key: Option<Secret> = None,
        key refresh_interval: Duration = Duration::from_secs(60),
        key service: String = String::new(),
    }
}

fn check_ovh(ovh: &mut OvhCloudSd, fields: &Fields<'_>, reader: &mut Reader) {
    if ovh.endpoint.is_empty() {
        fields.fault("endpoint", "endpoint can not be empty", reader);
    }
    let needed = [
        ("application_key", "application key can not be empty"),
        ("application_secret", "application secret can not be empty"),
        ("consumer_key", "consumer key can not be empty"),
        ("service", "unknown service: "),
    ];
    require(fields, &needed, reader);
    one_of("service", &["vps", "dedicated_server"], "unknown service: {}", fields, reader);
}

section! {
    pub struct VultrSd {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
    }
}
