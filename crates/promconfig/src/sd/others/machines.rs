//! Clouds with more settings, and managers of machines.

use super::{one_of, require};
use crate::address::Url;
use crate::http::{HttpClientConfig, TlsConfig};
use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::path::PathBuf;
use std::time::Duration;

section! {
    pub struct OciSd, check = check_oci {
        key auth: String = String::new(),
        key region: String = String::new(),
        key tenancy: String = String::new(),
        key user: String = String::new(),
        key fingerprint: String = String::new(),
        key key_file: Option<PathBuf> = None,
        key key_passphrase: Option<Secret> = None,
        key compartments: Vec<String> = Vec::new(),
        key port: i64 = 80,
        key refresh_interval: Duration = Duration::from_secs(60),
    }
}

fn check_oci(_: &mut OciSd, fields: &Fields<'_>, reader: &mut Reader) {
    let methods =
        ["api_key", "user_principal", "instance_principal", "resource_principal", "workload_identity"];
    one_of("auth", &methods, "unknown OCI SD authentication method \"{}\"", fields, reader);
}

section! {
    pub struct OpenstackSd, check = check_openstack {
        key identity_endpoint: String = String::new(),
        key username: String = String::new(),
        key userid: String = String::new(),
        key password: Option<Secret> = None,
        key project_name: String = String::new(),
        key project_id: String = String::new(),
        key domain_name: String = String::new(),
        key domain_id: String = String::new(),
        key application_credential_name: String = String::new(),
        key application_credential_id: String = String::new(),
        key application_credential_secret: Option<Secret> = None,
        key role: String = String::new(),
        key region: String = String::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key all_tenants: bool = false,
        key tls_config: TlsConfig = TlsConfig::default(),
        key availability: String = "public".to_owned(),
    }
}

fn check_openstack(_: &mut OpenstackSd, fields: &Fields<'_>, reader: &mut Reader) {
    let needed = [
        ("role", "role missing (one of: instance, hypervisor, loadbalancer)"),
        ("region", "openstack SD configuration requires a region"),
    ];
    require(fields, &needed, reader);
    let roles = ["instance", "hypervisor", "loadbalancer"];
    one_of("role", &roles, "unknown OpenStack SD role \"{}\"", fields, reader);
    let reason = "unknown availability {}, must be one of admin, internal or public";
    one_of("availability", &["public", "internal", "admin"], reason, fields, reader);
}

section! {
    pub struct ScalewaySd, check = check_scaleway {
        key project_id: String = String::new(),
        key api_url: String = "https://api.scaleway.com".to_owned(),
        key zone: String = "fr-par-1".to_owned(),
        key access_key: String = String::new(),
        key secret_key: Option<Secret> = None,
        key secret_key_file: Option<PathBuf> = None,
        key name_filter: String = String::new(),
        key tags_filter: Vec<String> = Vec::new(),
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key role: String = String::new(),
    }
}

fn check_scaleway(scaleway: &mut ScalewaySd, fields: &Fields<'_>, reader: &mut Reader) {
    let needed = [
        ("role", "role missing (one of: instance, baremetal)"),
        ("project_id", "project_id is mandatory"),
        ("access_key", "access_key is mandatory"),
    ];
    require(fields, &needed, reader);
    one_of("role", &["instance", "baremetal"], "unknown role \"{}\"", fields, reader);
    match (&scaleway.secret_key, &scaleway.secret_key_file) {
        (None, None) => {
            fields.fault("secret_key", "one of secret_key & secret_key_file must be configured", reader);
        }
        (Some(_), Some(_)) => {
            let reason = "at most one of secret_key & secret_key_file must be configured";
            fields.fault("secret_key_file", reason, reader);
        }
        _ => {}
    }
}

section! {
    pub struct StackitSd, check = check_stackit {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: i64 = 80,
        key region: String = "eu01".to_owned(),
        key endpoint: String = String::new(),
        key project: String = String::new(),
        key service_account_key: Option<Secret> = None,
        key private_key: Option<Secret> = None,
        key service_account_key_path: String = String::new(),
        key private_key_path: String = String::new(),
        key credentials_file_path: String = String::new(),
    }
}

fn check_stackit(stackit: &mut StackitSd, fields: &Fields<'_>, reader: &mut Reader) {
    if stackit.endpoint.is_empty() && stackit.region.is_empty() {
        fields.fault("region", "endpoint or region missing", reader);
    }
    if let Err(reason) = Url::parse(&stackit.endpoint) {
        fields.fault("endpoint", format!("invalid endpoint {:?}: {reason}", stackit.endpoint), reader);
    }
}

section! {
    pub struct TritonSd, check = check_triton {
        key account: String = String::new(),
        key role: String = "container".to_owned(),
        key dns_suffix: String = String::new(),
        key endpoint: String = String::new(),
        key groups: Vec<String> = Vec::new(),
        key port: i64 = 9163,
        key refresh_interval: Duration = Duration::from_secs(60),
        key tls_config: TlsConfig = TlsConfig::default(),
        key version: i64 = 1,
    }
}

fn check_triton(triton: &mut TritonSd, fields: &Fields<'_>, reader: &mut Reader) {
    one_of("role", &["container", "cn"], "triton SD role must be 'container' or 'cn'", fields, reader);
    let needed = [
        ("account", "triton SD configuration requires an account"),
        ("dns_suffix", "triton SD configuration requires a dns_suffix"),
        ("endpoint", "triton SD configuration requires an endpoint"),
    ];
    require(fields, &needed, reader);
    if triton.refresh_interval.is_zero() {
        let reason = "triton SD configuration requires RefreshInterval to be a positive integer";
        fields.fault("refresh_interval", reason, reader);
    }
}

section! {
    pub struct UyuniSd, check = check_uyuni {
        key server: String = String::new(),
        key username: String = String::new(),
        key password: Option<Secret> = None,
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key entitlement: String = "monitoring_entitled".to_owned(),
        key separator: String = ",".to_owned(),
        key refresh_interval: Duration = Duration::from_secs(60),
    }
}

fn check_uyuni(uyuni: &mut UyuniSd, fields: &Fields<'_>, reader: &mut Reader) {
    let needed = [
        ("server", "Uyuni SD configuration requires server host"),
        ("username", "Uyuni SD configuration requires a username"),
        ("password", "Uyuni SD configuration requires a password"),
    ];
    require(fields, &needed, reader);
    if let Err(reason) = Url::parse(&uyuni.server) {
        fields.fault("server", format!("Uyuni Server URL is not valid: {reason}"), reader);
    }
}
