//! Asking a target.

use crate::error::ScrapeError;
use crate::ingest::Fetched;
use crate::job::Job;
use crate::target::Target;
use discovery::{HttpError, Request};
use http::{StatusCode, header};

/// The body of a target, as it came. Gives up after the target's timeout.
pub async fn fetch(job: &Job, target: &Target) -> Result<Fetched, ScrapeError> {
    match tokio::time::timeout(target.timeout, ask(job, target)).await {
        Ok(result) => result,
        Err(_) => Err(failed(target, HttpError::Timeout)),
    }
}

async fn ask(job: &Job, target: &Target) -> Result<Fetched, ScrapeError> {
    let encoding = if job.config.enable_compression { "gzip" } else { "identity" };
    let timeout = target.timeout.as_secs_f64().to_string();
    let request = Request::get(target.url.clone())
        .header("accept", &job.accept)
        .and_then(|r| r.header("accept-encoding", encoding))
        .and_then(|r| r.header("x-prometheus-scrape-timeout-seconds", &timeout))
        .map_err(|e| failed(target, e))?;
    let response = job.client.send(request).await.map_err(|e| failed(target, e))?;
    if response.status != StatusCode::OK {
        return Err(ScrapeError::Status { code: response.status.as_u16(), line: response.status_line() });
    }
    let content_type = response.header(header::CONTENT_TYPE).to_owned();
    let encoding = response.header(header::CONTENT_ENCODING).to_owned();
    match response.read(job.body_bytes_limit()).await {
        Ok(raw) => Ok(Fetched { raw, encoding, content_type }),
        Err(HttpError::BodyTooLarge { limit_bytes }) => Err(ScrapeError::BodySizeLimit { limit_bytes }),
        Err(error) => Err(failed(target, error)),
    }
}

fn failed(target: &Target, error: HttpError) -> ScrapeError {
    ScrapeError::Http { url: target.shown_url.clone(), error }
}
