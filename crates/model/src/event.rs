//! Wide events: spans, log records and errors, in batches as they arrive.
//!
//! A [`Batch`] holds events of one kind that came together. It is rows of fixed size that refer to one text arena and
//! one table of attributes, so that reading a request allocates a handful of vectors, not one per string. Resources
//! and scopes are said once and referred to; attribute keys are interned, so that whoever turns rows into columns
//! looks a key up once a batch.
//!
//! Invariants, kept by [`Batch`]'s methods and checked by [`Batch::check`] when a batch comes back from a disk: every
//! reference lies inside its table; the text is UTF-8.
//!
//! Times are Unix nanoseconds (`i64`): 1677 to 2262.

mod batch;
mod ids;
pub mod record;
mod rows;
pub mod tie;
mod value;

pub use batch::{Batch, BatchError};
pub use ids::{SpanId, TraceId};
pub use record::{
    EventRecord, LinkRecord, LogRecord, OwnedAttrs, OwnedValue, ResourceRecord, ScopeRecord, SpanRecord,
};
pub use rows::{Link, LogRow, Resource, Run, Scope, SpanEvent, SpanKind, SpanRow, Status};
pub use value::{Attr, KeyId, Text, Value, ValueKind};

/// The tables of the event store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Log,
    Span,
    Error,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Log, Kind::Span, Kind::Error];

    /// The name of the table: `logs`, `spans`, `errors`.
    pub fn table(self) -> &'static str {
        match self {
            Kind::Log => "logs",
            Kind::Span => "spans",
            Kind::Error => "errors",
        }
    }

    /// The word for one of them: `log`, `span`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Log => "log",
            Kind::Span => "span",
            Kind::Error => "error",
        }
    }

    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name || kind.table() == name)
    }
}

/// Severity numbers of OpenTelemetry's log data model: 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error,
/// 21–24 fatal; 0 is not known.
pub mod severity {
    pub const TRACE: u8 = 1;
    pub const DEBUG: u8 = 5;
    pub const INFO: u8 = 9;
    pub const WARN: u8 = 13;
    pub const ERROR: u8 = 17;
    pub const FATAL: u8 = 21;

    /// The name of the range a number is in; empty when it is not known.
    pub fn name(number: u8) -> &'static str {
        match number {
            1..=4 => "trace",
            5..=8 => "debug",
            9..=12 => "info",
            13..=16 => "warn",
            17..=20 => "error",
            21..=24 => "fatal",
            _ => "",
        }
    }

    /// The lowest number of the range that a word names, whatever its case: also the words of syslog and of the
    /// common logging libraries.
    pub fn parse(word: &str) -> Option<u8> {
        let word = word.trim();
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        if is(&["trace", "trc", "verbose", "finest", "silly"]) {
            Some(TRACE)
        } else if is(&["debug", "dbg", "fine"]) {
            Some(DEBUG)
        } else if is(&["info", "information", "informational", "inf", "log"]) {
            Some(INFO)
        } else if is(&["notice"]) {
            Some(INFO + 1)
        } else if is(&["warn", "warning", "wrn"]) {
            Some(WARN)
        } else if is(&["error", "err", "eror", "severe"]) {
            Some(ERROR)
        } else if is(&["critical", "crit", "alert"]) {
            Some(ERROR + 2)
        } else if is(&["fatal", "panic", "emerg", "emergency"]) {
            Some(FATAL)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_names_and_numbers_agree() {
        for number in [
            severity::TRACE,
            severity::DEBUG,
            severity::INFO,
            severity::WARN,
            severity::ERROR,
            severity::FATAL,
        ] {
            assert_eq!(severity::parse(severity::name(number)), Some(number));
        }
        assert_eq!(severity::parse("WARNING"), Some(severity::WARN));
        assert_eq!(severity::parse("nonsense"), None);
        assert_eq!(severity::name(0), "");
        assert_eq!(severity::name(200), "");
    }

    #[test]
    fn kinds_are_found_by_both_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(Kind::parse(kind.table()), Some(kind));
        }
        assert_eq!(Kind::parse("metric"), None);
    }
}
