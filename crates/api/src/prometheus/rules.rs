//! `/api/v1/rules`, `/api/v1/alerts`, `/api/v1/alertmanagers`. No rule is evaluated, so there is none to show:
//! clients that ask get well-formed, empty answers.

use crate::params::Params;
use crate::reply::{Answer, ApiError, success_value};
use serde_json::json;

pub async fn rules(params: Params) -> Answer {
    match params.get("type") {
        None | Some("alert" | "record") => Ok(success_value(&json!({"groups": []}))),
        Some(other) => Err(ApiError::parameter("type", format!("not supported value {other:?}"))),
    }
}

pub async fn alerts() -> Answer {
    Ok(success_value(&json!({"alerts": []})))
}

pub async fn alertmanagers() -> Answer {
    Ok(success_value(&json!({"activeAlertmanagers": [], "droppedAlertmanagers": []})))
}
