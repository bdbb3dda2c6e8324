//! The services of AWS. A region may be absent: it is then that of the machine.

use super::{one_of, require};
use crate::http::HttpClientConfig;
use crate::secret::Secret;
use crate::yaml::{Fields, Reader};
use std::time::Duration;

section! {
    /// What all of them share.
    pub struct AwsCommon {
        key endpoint: String = String::new(),
        key region: String = String::new(),
        key access_key: String = String::new(),
        key secret_key: Option<Secret> = None,
        key profile: String = String::new(),
        key role_arn: String = String::new(),
        key external_id: String = String::new(),
        key refresh_interval: Duration = Duration::from_secs(60),
        key port: u16 = 80,
        inline http: HttpClientConfig = HttpClientConfig::default(),
    }
}

section! {
    /// Any service, by role.
    pub struct AwsSd, check = check_aws {
        key role: String = String::new(),
        inline common: AwsCommon = AwsCommon::default(),
        key filters: Vec<Ec2Filter> = Vec::new(),
        key clusters: Vec<String> = Vec::new(),
        key request_concurrency: i64 = 0,
    }
}

section! {
    /// Instances.
    pub struct Ec2Sd {
        inline common: AwsCommon = AwsCommon::default(),
        key filters: Vec<Ec2Filter> = Vec::new(),
    }
}

section! {
    pub struct Ec2Filter, check = check_filter {
        key name: String = String::new(),
        key values: Vec<String> = Vec::new(),
    }
}

section! {
    /// Tasks of ECS, brokers of MSK, nodes of ElastiCache and RDS.
    pub struct ClusterSd {
        inline common: AwsCommon = AwsCommon::default(),
        key clusters: Vec<String> = Vec::new(),
        key request_concurrency: i64 = 0,
    }
}

section! {
    pub struct LightsailSd {
        inline common: AwsCommon = AwsCommon::default(),
    }
}

fn check_aws(_: &mut AwsSd, fields: &Fields<'_>, reader: &mut Reader) {
    let roles = ["ec2", "ecs", "lightsail", "msk", "elasticache", "rds"];
    require(fields, &[("role", "unknown AWS SD role \"\"")], reader);
    one_of("role", &roles, "unknown AWS SD role \"{}\"", fields, reader);
}

fn check_filter(filter: &mut Ec2Filter, fields: &Fields<'_>, reader: &mut Reader) {
    if filter.values.is_empty() {
        fields.fault("values", "EC2 SD configuration filter values cannot be empty", reader);
    }
}
