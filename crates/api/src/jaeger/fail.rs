//! Errors in the shapes of the two generations.

use crate::pharos::events::EventError;
use crate::reply::json_response;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use search::answer::SearchError;
use serde_json::json;

/// What went wrong, before it has a shape.
#[derive(Clone, Debug)]
pub struct Fault {
    pub status: StatusCode,
    pub message: String,
}

impl Fault {
    pub fn bad(message: impl Into<String>) -> Fault {
        Fault { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub fn not_found(message: &str) -> Fault {
        Fault { status: StatusCode::NOT_FOUND, message: message.to_owned() }
    }
}

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Fault {
        let error = EventError::from(error);
        Fault { status: error.status, message: error.message }
    }
}

/// `{"data":null,…,"errors":[{"code","msg"}]}`
pub struct UiError(pub Fault);

impl<T: Into<Fault>> From<T> for UiError {
    fn from(fault: T) -> UiError {
        UiError(fault.into())
    }
}

impl IntoResponse for UiError {
    fn into_response(self) -> Response {
        let Fault { status, message } = self.0;
        let body = json!({
            "data": null, "total": 0, "limit": 0, "offset": 0,
            "errors": [{ "code": status.as_u16(), "msg": message }],
        });
        json_response(status, Body::from(body.to_string()))
    }
}

/// `{"error":{"httpCode","message"}}`
pub struct V3Error(pub Fault);

impl<T: Into<Fault>> From<T> for V3Error {
    fn from(fault: T) -> V3Error {
        V3Error(fault.into())
    }
}

impl IntoResponse for V3Error {
    fn into_response(self) -> Response {
        let Fault { status, message } = self.0;
        let body = json!({ "error": { "httpCode": status.as_u16(), "message": message } });
        json_response(status, Body::from(body.to_string()))
    }
}

impl From<Fault> for tonic::Status {
    fn from(fault: Fault) -> tonic::Status {
        match fault.status {
            StatusCode::BAD_REQUEST => tonic::Status::invalid_argument(fault.message),
            StatusCode::NOT_FOUND => tonic::Status::not_found(fault.message),
            StatusCode::UNPROCESSABLE_ENTITY => tonic::Status::resource_exhausted(fault.message),
            StatusCode::SERVICE_UNAVAILABLE => tonic::Status::unavailable(fault.message),
            _ => tonic::Status::internal(fault.message),
        }
    }
}
