//! Asking a target.

use crate::buffers::Buffers;
use crate::error::ScrapeError;
use crate::ingest::Fetched;
use crate::job::Job;
use crate::target::Target;
use discovery::http::Repeated;
use discovery::{HttpError, Request};
use http::StatusCode;
use std::sync::Arc;

/// What a target is asked, as its job says it, and the connection to it.
pub struct Fetch {
    /// The job that the request was made for.
    job: Arc<Job>,
    request: Repeated,
}

impl Fetch {
    pub fn new(job: &Arc<Job>, target: &Target) -> Result<Fetch, ScrapeError> {
        let request = Repeated::new(&job.client, request(job, target)?, target.interval);
        Ok(Fetch { job: Arc::clone(job), request })
    }

    /// Asks as another job says from now on.
    pub fn follow(&mut self, job: &Arc<Job>, target: &Target) -> Result<(), ScrapeError> {
        if !Arc::ptr_eq(&self.job, job) {
            self.request.renew(&job.client, request(job, target)?);
            self.job = Arc::clone(job);
        }
        Ok(())
    }

    /// The body of the target, as it came. Gives up after the target's timeout.
    pub async fn ask(&mut self, target: &Target, buffers: &Buffers) -> Result<Fetched, ScrapeError> {
        let limit_bytes = self.job.body_bytes_limit();
        let asking = self.request.ask(buffers.take(), limit_bytes);
        let answer = tokio::time::timeout(target.timeout, asking).await.unwrap_or(Err(HttpError::Timeout));
        let answer = answer.map_err(|error| match error {
            HttpError::BodyTooLarge { limit_bytes } => ScrapeError::BodySizeLimit { limit_bytes },
            error => failed(target, error),
        })?;
        let head = answer.head;
        if head.status != StatusCode::OK {
            buffers.put(answer.body);
            return Err(ScrapeError::Status { code: head.status.as_u16(), line: head.status_line() });
        }
        Ok(Fetched { raw: answer.body, encoding: head.content_encoding, content_type: head.content_type })
    }
}

fn request(job: &Job, target: &Target) -> Result<Request, ScrapeError> {
    let encoding = if job.config.enable_compression { "gzip" } else { "identity" };
    let timeout = target.timeout.as_secs_f64().to_string();
    Request::get(target.url.clone())
        .header("accept", &job.accept)
        .and_then(|r| r.header("accept-encoding", encoding))
        .and_then(|r| r.header("x-prometheus-scrape-timeout-seconds", &timeout))
        .map_err(|e| failed(target, e))
}

fn failed(target: &Target, error: HttpError) -> ScrapeError {
    ScrapeError::Http { url: target.shown_url.clone(), error }
}
