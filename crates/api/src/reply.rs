//! The envelope of Prometheus's API: `{"status":"success","data":…}`, or an error with its type and status code.

use crate::json::{self, Out};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The error types of the API and their status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    BadData,
    Execution,
    Canceled,
    Timeout,
    Internal,
    Unavailable,
    NotFound,
    NotAcceptable,
}

impl ErrorType {
    pub fn name(self) -> &'static str {
        match self {
            ErrorType::BadData => "bad_data",
            ErrorType::Execution => "execution",
            ErrorType::Canceled => "canceled",
            ErrorType::Timeout => "timeout",
            ErrorType::Internal => "internal",
            ErrorType::Unavailable => "unavailable",
            ErrorType::NotFound => "not_found",
            ErrorType::NotAcceptable => "not_acceptable",
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            ErrorType::BadData => StatusCode::BAD_REQUEST,
            ErrorType::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            // The client has left; the code is nginx's, and Prometheus's.
            ErrorType::Canceled => StatusCode::from_u16(499).expect("499 is a status code"),
            ErrorType::Timeout | ErrorType::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorType::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorType::NotFound => StatusCode::NOT_FOUND,
            ErrorType::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        }
    }
}

/// An error answer.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub kind: ErrorType,
    pub message: String,
}

impl ApiError {
    pub fn new(kind: ErrorType, message: impl Into<String>) -> ApiError {
        ApiError { kind, message: message.into() }
    }

    pub fn bad_data(message: impl Into<String>) -> ApiError {
        ApiError::new(ErrorType::BadData, message)
    }

    /// A parameter that cannot be read, in Prometheus's words.
    pub fn parameter(name: &str, why: impl std::fmt::Display) -> ApiError {
        ApiError::bad_data(format!("invalid parameter \"{name}\": {why}"))
    }

    pub fn internal(message: impl std::fmt::Display) -> ApiError {
        ApiError::new(ErrorType::Internal, message.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut out = Out::with_capacity(self.message.len() + 64);
        out.extend_from_slice(b"{\"status\":\"error\",\"errorType\":\"");
        out.extend_from_slice(self.kind.name().as_bytes());
        out.extend_from_slice(b"\",\"error\":");
        json::string(&mut out, &self.message);
        out.push(b'}');
        json_response(self.kind.status(), Body::from(out))
    }
}

/// What a handler returns.
pub type Answer = Result<Response, ApiError>;

/// A success whose data is written by hand.
pub fn success(write: impl FnOnce(&mut Out)) -> Response {
    success_with(&[], &[], write)
}

/// A success with warnings and infos.
pub fn success_with(warnings: &[String], infos: &[String], write: impl FnOnce(&mut Out)) -> Response {
    let mut out = Out::with_capacity(1024);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":");
    write(&mut out);
    for (name, notes) in [("warnings", warnings), ("infos", infos)] {
        if !notes.is_empty() {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            json::strings(&mut out, notes);
        }
    }
    out.push(b'}');
    json_response(StatusCode::OK, Body::from(out))
}

/// A success whose data is small enough for `serde_json`.
pub fn success_value(value: &serde_json::Value) -> Response {
    success(|out| out.extend_from_slice(value.to_string().as_bytes()))
}

pub fn json_response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub fn text_response(status: StatusCode, text: impl Into<String>) -> Response {
    let mut response = Response::new(Body::from(text.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
