//! A body on its way in: its share of the memory for bodies, its bytes, unpacked.
//!
//! What a packed body unpacks to is not known before. So only a few are unpacked at once, and what has grown beyond what
//! was taken for it takes more before it is handed on.

use super::REQUEST_BYTES_MAX;
use crate::App;
use crate::uploads::stopped_coming;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use receivers::Refused;
use remote::ReceiveError;
use std::borrow::Cow;
use tokio::sync::SemaphorePermit;
use wire::unpack::{UnpackError, unpack};

/// When a sender should come back that found no room for its body.
const RETRY_MS: u64 = 5_000;

/// A body and what is held for it.
pub struct Held<'a> {
    pub body: Bytes,
    /// How long it was on the wire.
    pub wire_bytes: usize,
    _share: SemaphorePermit<'a>,
    _more: Option<SemaphorePermit<'a>>,
}

/// Reads a body as its headers say. Of one that is refused it is said how long it was, as far as that is known.
pub async fn receive<'a>(
    app: &'a App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Held<'a>, (usize, Refused)> {
    let declared: Option<usize> = text(headers, &header::CONTENT_LENGTH).parse().ok();
    let share = app.uploads.hold(declared).await.map_err(|e| (0, busy(&e)))?;
    let packed = read(body).await.map_err(|refused| (declared.unwrap_or(0), refused))?;
    let wire_bytes = packed.len();
    let encodings = text(headers, &header::CONTENT_ENCODING);
    if encodings.is_empty() {
        return Ok(Held { body: packed, wire_bytes, _share: share, _more: None });
    }
    let refused = |refused| (wire_bytes, refused);
    let turn = app.uploads.turn().await.map_err(|e| refused(busy(&e)))?;
    let encodings = encodings.to_owned();
    let work = move || unpack(&encodings, &packed, REQUEST_BYTES_MAX).map(Cow::into_owned);
    let body = match app.blocking(work).await {
        Ok(Ok(body)) => body,
        Ok(Err(error @ UnpackError::TooLarge(_))) => {
            return Err(refused(Refused::TooLarge(error.to_string())));
        }
        Ok(Err(error)) => return Err(refused(Refused::Malformed(error.to_string()))),
        Err(error) => return Err(refused(Refused::Failed(error.message))),
    };
    let more = app.uploads.grown(wire_bytes, body.len()).await.map_err(|e| refused(busy(&e)))?;
    drop(turn);
    Ok(Held { body: Bytes::from(body), wire_bytes, _share: share, _more: more })
}

pub fn busy(error: &ReceiveError) -> Refused {
    Refused::Busy { reason: error.to_string(), retry_after_ms: RETRY_MS }
}

async fn read(body: Body) -> Result<Bytes, Refused> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    match Limited::new(body, REQUEST_BYTES_MAX).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refused::TooLarge(format!("the body has more than {REQUEST_BYTES_MAX} bytes")))
        }
        Err(error) if stopped_coming(&*error) => Err(Refused::Failed(error.to_string())),
        Err(error) => Err(Refused::Malformed(format!("the body cannot be read: {error}"))),
    }
}

/// The text of a header; empty when there is none.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}
