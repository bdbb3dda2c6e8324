//! Why a question about events has no answer, for a person and for a program.

use crate::reply::json_response;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use query::SqlError;
use search::answer::SearchError;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct EventError {
    pub status: StatusCode,
    code: &'static str,
    pub message: String,
    /// Line and column in the query, from 1.
    position: Option<(usize, usize)>,
    hint: Option<String>,
}

/// A client whose query found no room comes back after about this long, in seconds.
const RETRY_AFTER: u32 = 5;

impl EventError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> EventError {
        EventError { status, code, message: message.into(), position: None, hint: None }
    }

    pub fn parameter(name: &str, why: impl std::fmt::Display) -> EventError {
        EventError::new(StatusCode::BAD_REQUEST, "bad_parameter", format!("{name}: {why}"))
    }
}

impl From<SearchError> for EventError {
    fn from(error: SearchError) -> EventError {
        let message = error.to_string();
        match error {
            SearchError::Query(fault) => EventError {
                message: fault.message.clone(),
                position: Some((fault.line, fault.column)),
                hint: fault.hint.clone(),
                ..EventError::new(StatusCode::BAD_REQUEST, "bad_query", "")
            },
            SearchError::Parameter { .. } => {
                EventError::new(StatusCode::BAD_REQUEST, "bad_parameter", message)
            }
            SearchError::NotFound => EventError::new(StatusCode::NOT_FOUND, "not_found", message),
            SearchError::Unreadable(_) => {
                EventError::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", message)
            }
            SearchError::Cancelled => EventError::new(StatusCode::SERVICE_UNAVAILABLE, "cancelled", message),
            SearchError::Timeout(_) => EventError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message),
            SearchError::OverBudget(_) => {
                EventError::new(StatusCode::UNPROCESSABLE_ENTITY, "memory", message)
            }
            SearchError::Limit(_) => EventError::new(StatusCode::UNPROCESSABLE_ENTITY, "limit", message),
            SearchError::Busy(_) => EventError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message),
            SearchError::Internal(_) => {
                EventError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
            }
        }
    }
}

impl From<SqlError> for EventError {
    fn from(error: SqlError) -> EventError {
        let (status, code) = match &error {
            SqlError::Bad(fault) => {
                return EventError {
                    message: fault.message.clone(),
                    position: fault.position,
                    hint: fault.hint.clone(),
                    ..EventError::new(StatusCode::BAD_REQUEST, "bad_query", "")
                };
            }
            SqlError::TooLarge(_) => (StatusCode::UNPROCESSABLE_ENTITY, "memory"),
            SqlError::Timeout(_) => (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
            SqlError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        EventError::new(status, code, error.to_string())
    }
}

impl IntoResponse for EventError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some((line, column)) = self.position {
            error["position"] = json!({ "line": line, "column": column });
        }
        if let Some(hint) = self.hint {
            error["hint"] = Value::String(hint);
        }
        let body = Body::from(json!({ "error": error }).to_string());
        let mut response = json_response(self.status, body);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        response
    }
}
