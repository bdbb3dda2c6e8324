//! What became of a request: taken in full or in part, or not at all and why.

use crate::Reason;
use tsdb::CommitError;
use wire::otlp::{DecodeError, Report};

/// Messages that an answer repeats; the rest is counted.
pub const MESSAGES_MAX: usize = 50;

/// A request of which something was taken, or could have been. What was accepted is on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Spans, log records or data points.
    pub accepted: u64,
    pub rejected: u64,
    /// Why, the first [`MESSAGES_MAX`], each naming what it speaks of.
    pub messages: Vec<String>,
    /// How many more there were.
    pub messages_omitted: u64,
    /// What the sender should know though it was taken.
    pub warnings: Vec<String>,
    /// How many were rejected for which reason, with one message of each.
    pub(crate) reasons: Vec<Refusals>,
}

/// How many were rejected for one reason.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusals {
    pub reason: Reason,
    pub count: u64,
    /// The last message.
    pub message: String,
}

impl Outcome {
    /// Whether all of it was taken: then OTLP leaves `partial_success` unset, unless there are warnings.
    pub fn is_complete(&self) -> bool {
        self.rejected == 0
    }

    /// The `error_message` of OTLP's partial success: reasons, then warnings; empty when there is nothing to say.
    pub fn text(&self) -> String {
        let mut text = self.messages.join("; ");
        if self.messages_omitted > 0 {
            text.push_str(&format!("; and {} more", self.messages_omitted));
        }
        for warning in &self.warnings {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(warning);
        }
        text
    }

    /// Counts what a decoder or a check turned away. The message is made only when somebody will read it.
    pub fn reject(&mut self, reason: Reason, count: u64, message: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        self.rejected += count;
        let told = self.messages.len() < MESSAGES_MAX;
        let known = self.reasons.iter_mut().find(|r| r.reason == reason);
        if !told {
            self.messages_omitted += 1;
        }
        match known {
            Some(known) => {
                known.count += count;
                if told {
                    known.message = message();
                    self.messages.push(known.message.clone());
                }
            }
            None => {
                let message = message();
                if told {
                    self.messages.push(message.clone());
                }
                self.reasons.push(Refusals { reason, count, message });
            }
        }
    }

    /// Says something once.
    pub fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if self.warnings.len() < MESSAGES_MAX && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// What a decoder turned away and changed.
impl From<&Report> for Outcome {
    fn from(report: &Report) -> Outcome {
        use wire::otlp::Reason as Decoded;
        let mut outcome = Outcome { rejected: report.rejected(), ..Outcome::default() };
        outcome.messages.extend(report.messages.iter().take(MESSAGES_MAX).cloned());
        outcome.messages_omitted = outcome.rejected.saturating_sub(outcome.messages.len() as u64);
        for (decoded, count) in report.reasons() {
            let reason = match decoded {
                Decoded::TraceId | Decoded::SpanId | Decoded::ParentSpanId => Reason::Invalid,
                Decoded::NoStart => Reason::NoTime,
                Decoded::TooNew => Reason::TooNew,
                Decoded::TooDeep => Reason::TooLarge,
            };
            let message = decoded.text().to_owned();
            match outcome.reasons.iter_mut().find(|r| r.reason == reason) {
                Some(known) => known.count += count,
                None => outcome.reasons.push(Refusals { reason, count, message }),
            }
        }
        for (warning, count) in report.warnings() {
            outcome.warn(format!("{count} {}", warning.text()));
        }
        outcome
    }
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Refused {
        match error {
            DecodeError::TooLarge(_) | DecodeError::TooMany(..) => Refused::TooLarge(error.to_string()),
            DecodeError::Protobuf { .. } | DecodeError::Prost(_) | DecodeError::Json(_) => {
                Refused::Malformed(error.to_string())
            }
        }
    }
}

/// Why nothing of a request was taken, split by what the sender should do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// Not to be sent again: the body is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// Not to be sent again: more than one request may hold.
    #[error("{0}")]
    TooLarge(String),
    /// To be sent again after a while: no room on disk, or in memory.
    #[error("{reason}")]
    Busy { reason: String, retry_after_ms: u64 },
    /// To be sent again: a store failed.
    #[error("{0}")]
    Failed(String),
}

impl Refused {
    pub fn reason(&self) -> Reason {
        match self {
            Refused::Malformed(_) => Reason::Malformed,
            Refused::TooLarge(_) => Reason::TooLarge,
            Refused::Busy { .. } => Reason::Busy,
            Refused::Failed(_) => Reason::Failed,
        }
    }
}

impl From<CommitError> for Refused {
    fn from(error: CommitError) -> Refused {
        let reason = error.to_string();
        match error {
            // The store looks for room by itself every few seconds.
            CommitError::DiskFull => Refused::Busy { reason, retry_after_ms: 5_000 },
            CommitError::OverBudget { retry_after_ms, .. } => Refused::Busy { reason, retry_after_ms },
            CommitError::Io(_) | CommitError::Closed => Refused::Failed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_bounded_and_reasons_counted() {
        let mut outcome = Outcome::default();
        for i in 0..MESSAGES_MAX + 3 {
            outcome.reject(Reason::TooOld, 2, || format!("span {i}"));
        }
        outcome.warn("w");
        outcome.warn("w");
        assert_eq!(outcome.rejected, 2 * (MESSAGES_MAX as u64 + 3));
        assert!(outcome.text().ends_with("; and 3 more; w"), "{}", outcome.text());
        assert_eq!(outcome.reasons.len(), 1);
        assert_eq!(outcome.reasons[0].message, format!("span {}", MESSAGES_MAX - 1));
    }

    #[test]
    fn nothing_to_say_is_empty() {
        let mut outcome = Outcome::default();
        outcome.reject(Reason::TooOld, 0, || "x".to_owned());
        assert_eq!((outcome.text().as_str(), outcome.is_complete()), ("", true));
    }
}
