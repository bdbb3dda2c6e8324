//! One place over HTTP: requests, what the answers mean, and when to try again.
//!
//! A request is tried until it is taken, refused for good, or the queue stops. A place that does not know version 2
//! says so with 415; then it is sent version 1 until the next start.

use super::EndpointError;
use super::meter::{Count, Meter};
use base::Clock;
use discovery::http::{HttpClient, HttpError, Request as HttpRequest};
use http::{HeaderMap, StatusCode};
use model::Metadata;
use promconfig::{QueueConfig, RemoteWriteConfig, RemoteWriteMessage};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::Seldom;
use tokio::sync::watch;
use url::Url;
use wire::remote::{Message, TimeSeries, encode_v1, encode_v2};

/// As much of an answer as an error shows.
const ANSWER_BYTES_MAX: u64 = 4096;
/// Shorter than the queue waits for its endpoints to stop.
const GRACE: Duration = Duration::from_secs(3);
/// Metadata comes again in a minute: it is not worth more.
const METADATA_TRIES: u32 = 3;
/// A receiver that asks for more patience than this is asked again anyway.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// See the module.
pub struct Sender {
    client: HttpClient,
    clock: Clock,
    url: Url,
    headers: Vec<(String, String)>,
    timeout: Duration,
    queue: QueueConfig,
    /// Whether version 2 is sent.
    v2: AtomicBool,
    refusals: Seldom,
    retries: Seldom,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, or refused for good: it is not sent again.
    Done,
    /// The queue stops: it is sent after the next start.
    Stopped,
}

/// What an answer asks for.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Taken,
    Retry {
        reason: String,
        after: Option<Duration>,
    },
    /// The place does not know this version.
    OtherVersion,
    Refused(String),
}

impl Sender {
    pub fn new(config: &RemoteWriteConfig, clock: &Clock) -> Result<Sender, EndpointError> {
        let name = if config.name.is_empty() { config.url.as_str() } else { &config.name };
        let error = |reason: String| EndpointError { name: name.to_owned(), reason };
        let client = HttpClient::new(&config.http, clock).map_err(|e| error(e.to_string()))?;
        let url = Url::parse(config.url.as_str()).map_err(|e| error(e.to_string()))?;
        Ok(Sender {
            client,
            clock: clock.clone(),
            url,
            headers: config.headers.clone().into_iter().collect(),
            timeout: config.remote_timeout,
            queue: config.queue_config.clone(),
            v2: AtomicBool::new(config.protobuf_message == RemoteWriteMessage::V2),
            refusals: Seldom::default(),
            retries: Seldom::default(),
        })
    }

    pub fn message(&self) -> Message {
        if self.v2.load(Ordering::Relaxed) { Message::V2 } else { Message::V1 }
    }

    /// Sends a batch, as often as it takes.
    pub async fn send(
        &self,
        series: &[TimeSeries],
        meter: &Meter,
        stop: &mut watch::Receiver<bool>,
    ) -> Outcome {
        let count = Count::of(series);
        let mut backoff = self.queue.min_backoff;
        loop {
            let message = self.message();
            let body = match message {
                Message::V1 => encode_v1(series, &[]),
                Message::V2 => encode_v2(&one_kind(series)),
            };
            let body = wire::snappy::compress(&body);
            let bytes = body.len();
            let start = self.clock.monotonic();
            let answer = tokio::select! {
                answer = self.request(message, body) => answer,
                () = grace(stop) => return Outcome::Stopped,
            };
            meter.duration.observe((self.clock.monotonic() - start).as_secs_f64());
            match answer {
                Answer::Taken => {
                    meter.sent(&count, bytes);
                    return Outcome::Done;
                }
                Answer::OtherVersion => self.fall_back(),
                Answer::Refused(reason) => {
                    meter.failed.add(count.all() as f64);
                    if let Some(more) = self.refusals.due(&self.clock) {
                        let samples = count.all();
                        tracing::error!(url = %self.url, reason, samples, more, "remote write: refused for good");
                    }
                    return Outcome::Done;
                }
                Answer::Retry { reason, after } => {
                    meter.retried.add(count.all() as f64);
                    let wait = after.unwrap_or(backoff).clamp(backoff, RETRY_AFTER_MAX.max(backoff));
                    if let Some(more) = self.retries.due(&self.clock) {
                        tracing::warn!(url = %self.url, reason, ?wait, more, "remote write: trying again");
                    }
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = stop.wait_for(|stop| *stop) => return Outcome::Stopped,
                    }
                    backoff = (backoff * 2).min(self.queue.max_backoff);
                }
            }
        }
    }

    /// Sends families beside the series, as version 1 does.
    pub async fn send_families(&self, families: &[(String, Metadata)], meter: &Meter) {
        let body = wire::snappy::compress(&encode_v1(&[], families));
        let mut backoff = self.queue.min_backoff;
        for _ in 0..METADATA_TRIES {
            match self.request(Message::V1, body.clone()).await {
                Answer::Taken => return meter.metadata.add(families.len() as f64),
                Answer::Retry { after, .. } => {
                    tokio::time::sleep(after.unwrap_or(backoff).min(RETRY_AFTER_MAX)).await;
                    backoff = (backoff * 2).min(self.queue.max_backoff);
                }
                Answer::Refused(reason) => {
                    tracing::debug!(url = %self.url, reason, "remote write: metadata refused");
                    return;
                }
                Answer::OtherVersion => return,
            }
        }
    }

    fn fall_back(&self) {
        if self.v2.swap(false, Ordering::Relaxed) {
            tracing::warn!(url = %self.url, "remote write: the receiver does not take version 2, sending version 1");
        }
    }

    async fn request(&self, message: Message, body: Vec<u8>) -> Answer {
        let request = match self.build(message, body) {
            Ok(request) => request,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        match self.client.fetch(request, self.timeout, ANSWER_BYTES_MAX).await {
            Ok((status, headers, body)) => self.judge(message, status, &headers, &body),
            // A long answer is an answer.
            Err(HttpError::BodyTooLarge { .. }) => {
                Answer::Retry { reason: "answer too long".to_owned(), after: None }
            }
            Err(error) => Answer::Retry { reason: error.to_string(), after: None },
        }
    }

    fn build(&self, message: Message, body: Vec<u8>) -> Result<HttpRequest, HttpError> {
        let mut request = HttpRequest::post(self.url.clone(), message.content_type(), body)
            .header("content-encoding", "snappy")?
            .header("x-prometheus-remote-write-version", message.version())?;
        for (name, value) in &self.headers {
            request = request.header(name, value)?;
        }
        Ok(request)
    }

    fn judge(&self, message: Message, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
        let words = String::from_utf8_lossy(body);
        let reason = format!("server returned HTTP status {status}: {}", words.trim());
        let after = retry_after(headers);
        match status.as_u16() {
            200..=299 => Answer::Taken,
            415 if message == Message::V2 => Answer::OtherVersion,
            // Prometheus drops on 429 unless told otherwise. Who names a time wants to be asked again.
            429 if self.queue.retry_on_http_429 || after.is_some() => Answer::Retry { reason, after },
            500..=599 => Answer::Retry { reason, after },
            _ => Answer::Refused(reason),
        }
    }
}

/// A request under way when the queue stops is given a little time: what was taken need not be sent twice.
async fn grace(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(GRACE).await;
}

/// Version 2 takes samples or histograms in one series; exemplars alone it does not take.
fn one_kind(series: &[TimeSeries]) -> Vec<TimeSeries> {
    let mut out = Vec::with_capacity(series.len());
    for series in series {
        match (series.samples.is_empty(), series.histograms.is_empty()) {
            (true, true) => {}
            (false, false) => {
                let samples = TimeSeries { histograms: Vec::new(), ..series.clone() };
                out.push(TimeSeries { samples: Vec::new(), exemplars: Vec::new(), ..series.clone() });
                out.push(samples);
            }
            _ => out.push(series.clone()),
        }
    }
    out
}

/// `Retry-After` in seconds. A date, which receivers of samples do not send, is as good as none.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
