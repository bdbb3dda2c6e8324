//! The section `alerting`: where alerts are sent.

use crate::cloud_auth::SigV4Config;
use crate::http::HttpClientConfig;
use crate::relabel::RelabelConfig;
use crate::scrape::check_static_targets;
use crate::sd::SdConfigs;
use crate::yaml::{Fields, Reader};
use std::time::Duration;

section! {
    pub struct AlertingConfig {
        key alert_relabel_configs: Vec<RelabelConfig> = Vec::new(),
        key alertmanagers: Vec<AlertmanagerConfig> = Vec::new(),
    }
}

section! {
    /// A set of Alertmanagers, found like targets.
    pub struct AlertmanagerConfig, null = false, check = check_alertmanager {
        inline http: HttpClientConfig = HttpClientConfig::default(),
        key sigv4: Option<SigV4Config> = None,
        key scheme: String = "http".to_owned(),
        key path_prefix: String = String::new(),
        key timeout: Duration = Duration::from_secs(10),
        always api_version: AlertmanagerVersion = AlertmanagerVersion::V2,
        key relabel_configs: Vec<RelabelConfig> = Vec::new(),
        key alert_relabel_configs: Vec<RelabelConfig> = Vec::new(),
        inline sd_configs: SdConfigs = SdConfigs::default(),
    }
}

choice! {
    /// The version of Alertmanager's API.
    pub enum AlertmanagerVersion, fold = str::to_owned, empty = false, fault = "expected Alertmanager api version to be one of [v2] but got {}" {
        #[default]
        V2 = "v2",
    }
}

fn check_alertmanager(config: &mut AlertmanagerConfig, fields: &Fields<'_>, reader: &mut Reader) {
    if config.http.has_auth() && config.sigv4.is_some() {
        let reason = "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
        fields.fault("sigv4", reason, reader);
    }
    if config.relabel_configs.is_empty() {
        check_static_targets(&config.sd_configs, fields, reader);
    }
}
