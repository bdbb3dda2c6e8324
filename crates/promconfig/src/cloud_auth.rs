//! Ways to sign in that belong to one cloud each. They are read and checked; Pharos does not sign with them.

use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::path::PathBuf;

section! {
    /// Signature version 4 of AWS.
    pub struct SigV4Config, check = check_sigv4 {
        key region: String = String::new(),
        key access_key: String = String::new(),
        key secret_key: Option<Secret> = None,
        key profile: String = String::new(),
        key role_arn: String = String::new(),
        key external_id: String = String::new(),
        key use_fips_sts_endpoint: bool = false,
        key service_name: String = String::new(),
    }
}

section! {
    /// Microsoft Entra.
    pub struct AzureAdConfig, check = check_azure {
        key managed_identity: Option<AzureManagedIdentity> = None,
        key workload_identity: Option<AzureWorkloadIdentity> = None,
        key oauth: Option<AzureOAuth> = None,
        key sdk: Option<AzureSdk> = None,
        key certificate: Option<AzureCertificate> = None,
        key cloud: String = "AzurePublic".to_owned(),
        key scope: String = String::new(),
    }
}

section! {
    pub struct AzureManagedIdentity {
        key client_id: String = String::new(),
    }
}

section! {
    pub struct AzureWorkloadIdentity {
        key client_id: String = String::new(),
        key tenant_id: String = String::new(),
        key token_file_path: String = String::new(),
    }
}

section! {
    pub struct AzureOAuth {
        key client_id: String = String::new(),
        key client_secret: Option<Secret> = None,
        key tenant_id: String = String::new(),
    }
}

section! {
    pub struct AzureSdk {
        key tenant_id: String = String::new(),
    }
}

section! {
    pub struct AzureCertificate {
        key client_id: String = String::new(),
        key certificate_path: Option<PathBuf> = None,
        key tenant_id: String = String::new(),
        key send_certificate_chain: bool = false,
    }
}

section! {
    /// Google Cloud.
    pub struct GoogleIamConfig {
        key credentials_file: Option<PathBuf> = None,
    }
}

fn check_sigv4(sigv4: &mut SigV4Config, fields: &Fields<'_>, reader: &mut Reader) {
    if sigv4.access_key.is_empty() != sigv4.secret_key.is_none() {
        let reason = "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config";
        fields.fault("access_key", reason, reader);
    }
}

fn check_azure(azure: &mut AzureAdConfig, fields: &Fields<'_>, reader: &mut Reader) {
    if !matches!(azure.cloud.as_str(), "" | "AzurePublic" | "AzureChina" | "AzureGovernment") {
        fields.fault("cloud", "must provide a cloud in the Azure AD config", reader);
    }
    let ways = [
        azure.managed_identity.is_some(),
        azure.workload_identity.is_some(),
        azure.oauth.is_some(),
        azure.sdk.is_some(),
        azure.certificate.is_some(),
    ];
    match crate::http::count(&ways) {
        1 => {}
        0 => {
            let reason = "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure certificate or Azure SDK in the Azure AD config";
            reader.fault(fields.node(), reason);
        }
        _ => {
            let reason = "cannot provide more than one of Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure certificate and Azure SDK in the Azure AD config";
            reader.fault(fields.node(), reason);
        }
    }
    let mut ids: Vec<(&str, &str, &str)> = Vec::new();
    if let Some(oauth) = &azure.oauth {
        ids.push(("oauth", "client_id", &oauth.client_id));
        ids.push(("oauth", "tenant_id", &oauth.tenant_id));
        if oauth.client_secret.is_none() {
            fields.fault("oauth", "must provide an Azure OAuth client_secret in the Azure AD config", reader);
        }
    }
    if let Some(identity) = azure.managed_identity.as_ref().filter(|i| !i.client_id.is_empty()) {
        ids.push(("managed_identity", "client_id", &identity.client_id));
    }
    if let Some(identity) = &azure.workload_identity {
        ids.push(("workload_identity", "client_id", &identity.client_id));
        ids.push(("workload_identity", "tenant_id", &identity.tenant_id));
    }
    if let Some(certificate) = &azure.certificate {
        ids.push(("certificate", "client_id", &certificate.client_id));
        ids.push(("certificate", "tenant_id", &certificate.tenant_id));
    }
    for (way, key, id) in ids {
        if !is_uuid(id) {
            fields.fault(way, format!("the provided Azure {way} {key} is invalid: {id:?}"), reader);
        }
    }
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}
