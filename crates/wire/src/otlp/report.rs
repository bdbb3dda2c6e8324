//! What a decoder did not take, and what it changed in what it took.

use std::fmt::Write;

/// Messages kept of a request; the rest is counted.
pub const MESSAGES_MAX: usize = 10;

/// Why a record was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    TraceId,
    SpanId,
    ParentSpanId,
    NoStart,
    TooNew,
    TooDeep,
}

impl Reason {
    pub const ALL: [Reason; 6] = [
        Reason::TraceId,
        Reason::SpanId,
        Reason::ParentSpanId,
        Reason::NoStart,
        Reason::TooNew,
        Reason::TooDeep,
    ];

    /// For labels of metrics.
    pub fn name(self) -> &'static str {
        match self {
            Reason::TraceId => "trace_id",
            Reason::SpanId => "span_id",
            Reason::ParentSpanId => "parent_span_id",
            Reason::NoStart => "no_start_time",
            Reason::TooNew => "too_new",
            Reason::TooDeep => "too_deep",
        }
    }

    /// For the sender.
    pub fn text(self) -> &'static str {
        match self {
            Reason::TraceId => "the trace id is not 16 bytes (32 hex digits) that are not all zero",
            Reason::SpanId => "the span id is not 8 bytes (16 hex digits) that are not all zero",
            Reason::ParentSpanId => "the parent span id is not 8 bytes (16 hex digits)",
            Reason::NoStart => "the start time is 0",
            Reason::TooNew => "the time is beyond the year 2262",
            Reason::TooDeep => "a value has more than 24 arrays and maps in each other",
        }
    }
}

/// What was changed in a record that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    Utf8,
    TextCut,
    AttrsCut,
    BadKey,
    ResourceTooDeep,
    ResourceTooLong,
    EndBeforeStart,
    BadLink,
    TimeClamped,
}

impl Warning {
    pub const ALL: [Warning; 9] = [
        Warning::Utf8,
        Warning::TextCut,
        Warning::AttrsCut,
        Warning::BadKey,
        Warning::ResourceTooDeep,
        Warning::ResourceTooLong,
        Warning::EndBeforeStart,
        Warning::BadLink,
        Warning::TimeClamped,
    ];

    /// For labels of metrics.
    pub fn name(self) -> &'static str {
        match self {
            Warning::Utf8 => "invalid_utf8",
            Warning::TextCut => "text_cut",
            Warning::AttrsCut => "attributes_cut",
            Warning::BadKey => "bad_key",
            Warning::ResourceTooDeep => "resource_too_deep",
            Warning::ResourceTooLong => "resource_too_long",
            Warning::EndBeforeStart => "end_before_start",
            Warning::BadLink => "bad_link",
            Warning::TimeClamped => "time_clamped",
        }
    }

    /// For the sender, after the number of times.
    pub fn text(self) -> &'static str {
        match self {
            Warning::Utf8 => "texts were not valid UTF-8: the bad bytes were replaced",
            Warning::TextCut => "texts were longer than 1 MiB: they were cut",
            Warning::AttrsCut => {
                "attributes were beyond the 1024 that are kept of a record: they were dropped"
            }
            Warning::BadKey => "attributes had an empty key or one longer than 1024 bytes: they were dropped",
            Warning::ResourceTooDeep => {
                "attributes of resources or scopes had more than 24 arrays and maps in each other: they were dropped"
            }
            Warning::ResourceTooLong => {
                "attributes of resources or scopes were beyond the 128 KiB of text that are kept of one: they were dropped"
            }
            Warning::EndBeforeStart => "spans ended before they started: their duration is 0",
            Warning::BadLink => "links had ids of a wrong length or all zero: they were dropped",
            Warning::TimeClamped => "times were beyond the year 2262: they were set to its end",
        }
    }
}

/// What became of the records of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    rejected: [u64; Reason::ALL.len()],
    warned: [u64; Warning::ALL.len()],
    /// Of the first [`MESSAGES_MAX`] rejected records: which it was and why.
    pub messages: Vec<String>,
}

impl Report {
    pub fn clear(&mut self) {
        *self = Report { messages: std::mem::take(&mut self.messages), ..Report::default() };
        self.messages.clear();
    }

    /// Records left out.
    pub fn rejected(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// Records left out, by reason, without zeros.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.rejected).filter(|(_, n)| *n > 0)
    }

    /// What was changed and how often, without zeros.
    pub fn warnings(&self) -> impl Iterator<Item = (Warning, u64)> {
        Warning::ALL.into_iter().zip(self.warned).filter(|(_, n)| *n > 0)
    }

    /// What to tell the sender: the messages, how many more there were, the warnings; empty when all is well.
    pub fn text(&self) -> String {
        let mut text = self.messages.join("; ");
        let more = self.rejected() - self.messages.len() as u64;
        if more > 0 {
            let _ = write!(text, "; and {more} more");
        }
        for (warning, count) in self.warnings() {
            if !text.is_empty() {
                text.push_str("; ");
            }
            let _ = write!(text, "{count} {}", warning.text());
        }
        text
    }

    #[inline]
    pub(crate) fn warn(&mut self, warning: Warning) {
        self.warned[warning as usize] += 1;
    }

    /// `which` is only asked for when it will be kept.
    pub(crate) fn reject(&mut self, reason: Reason, which: impl FnOnce() -> String) {
        self.rejected[reason as usize] += 1;
        if self.messages.len() < MESSAGES_MAX {
            self.messages.push(format!("{}: {}", which(), reason.text()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
        for (place, warning) in Warning::ALL.into_iter().enumerate() {
            assert_eq!(warning as usize, place);
        }
    }

    #[test]
    fn messages_are_bounded_and_counted() {
        let mut report = Report::default();
        assert_eq!(report.text(), "");
        for i in 0..MESSAGES_MAX + 2 {
            report.reject(Reason::NoStart, || format!("span {i}"));
        }
        report.warn(Warning::Utf8);
        assert_eq!(report.rejected(), 12);
        assert_eq!(report.reasons().collect::<Vec<_>>(), [(Reason::NoStart, 12)]);
        assert!(report.text().starts_with("span 0: the start time is 0; span 1"), "{}", report.text());
        assert!(report.text().contains("; and 2 more; 1 texts were not"), "{}", report.text());
        report.clear();
        assert_eq!(report, Report::default());
    }
}
