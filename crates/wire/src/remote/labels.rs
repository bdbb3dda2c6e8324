//! The labels of a series in a write request: read, checked, described.

use super::request::Range;
use crate::proto::{ProtoError, Reader};
use model::labels::METRIC_NAME;
use model::{Labels, LabelsBuilder};
use std::cell::Cell;
use std::fmt::{self, Write};

/// More labels than this on one series are a mistake of the sender: Kubernetes allows 63 on a pod and exporters add
/// a few dozen.
const LABELS_MAX: usize = 1024;
/// Names are words; the longest that exporters make of attributes have a few hundred bytes.
const NAME_BYTES_MAX: usize = 4 << 10;
/// The longest real values (SQL statements, stack traces) have a few tens of kilobytes.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// All names and values of one series together: one value of the greatest length and as much again of others.
const SERIES_BYTES_MAX: usize = 2 * VALUE_BYTES_MAX;
/// Names and values of one exemplar. The store takes 128 characters, at most 512 bytes; what is longer than this is
/// not even read.
const EXEMPLAR_BYTES_MAX: usize = 4 << 10;
/// Labels that one request of version 2 may lead to: its series repeat symbols for a few bytes, so that a request of
/// 1 MB could stand for 10 GB. A series of 20 labels takes some 60 bytes of a request (40 references in one or two
/// bytes each, and a sample) and 800 bytes of labels, 13 times as much; twice that and more is allowed, with room
/// for small requests, and never more than four times the 64 MiB that a request may have.
const REQUEST_FACTOR: usize = 32;
const REQUEST_ROOM_BYTES: usize = 1 << 20;
const REQUEST_BYTES_MAX: usize = 256 << 20;
/// An error shows at most this much of a series.
const DESCRIPTION_BYTES_MAX: usize = 2048;

/// Bytes of texts that a request of version 2 may still be turned into.
#[derive(Debug, Default)]
pub(super) struct Allowance(Cell<usize>);

impl Allowance {
    /// For a request of this length.
    pub fn new(request_bytes: usize) -> Allowance {
        let bytes = request_bytes.saturating_mul(REQUEST_FACTOR).saturating_add(REQUEST_ROOM_BYTES);
        Allowance(Cell::new(bytes.min(REQUEST_BYTES_MAX)))
    }

    /// Takes so many, or nothing when fewer are left.
    pub fn take(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }
}

/// Where the labels of a series stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Names<'r> {
    /// `Label` messages with their tags and lengths, checked to be whole.
    Messages(&'r [u8]),
    /// Pairs of numbers of symbols, as varints; `symbols` are places in `request`.
    Symbols { refs: &'r [u8], symbols: &'r [Range], request: &'r [u8] },
}

/// Why a series was refused. The words are those of Prometheus's receiver and name the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesError {
    /// No name, an empty label name, or text that is not UTF-8.
    InvalidLabels {
        series: String,
    },
    DuplicateLabel {
        series: String,
        label: String,
    },
    /// Version 2: an odd number of references, or one outside of the table.
    References {
        refs: String,
        reason: String,
    },
    TooLarge {
        series: String,
        reason: String,
    },
    /// The labels of a series cannot be read as messages.
    Malformed(ProtoError),
}

impl fmt::Display for SeriesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SeriesError::InvalidLabels { series } => write!(f, "invalid metric name or labels, got {series}"),
            SeriesError::DuplicateLabel { series, label } => {
                write!(f, "invalid labels for series, labels {series}, duplicated label {label}")
            }
            SeriesError::References { refs, reason } => {
                write!(f, "parsing labels for series {refs}: {reason}")
            }
            SeriesError::TooLarge { series, reason } => write!(f, "{reason} for series {series}"),
            SeriesError::Malformed(error) => write!(f, "{error}"),
        }
    }
}
impl std::error::Error for SeriesError {}

/// Calls `visit` with each pair as it was sent.
pub(super) fn for_each<'r>(
    names: &Names<'r>,
    mut visit: impl FnMut(&'r [u8], &'r [u8]),
) -> Result<(), SeriesError> {
    match *names {
        Names::Messages(bytes) => {
            let mut reader = Reader::new(bytes);
            while let Some((field, value)) = reader.field().map_err(SeriesError::Malformed)? {
                let message = value.bytes(field).map_err(SeriesError::Malformed)?;
                let (name, value) = read_pair(message).map_err(SeriesError::Malformed)?;
                visit(name, value);
            }
        }
        Names::Symbols { refs, symbols, request } => {
            let refs = read_refs(refs)?;
            check_refs(&refs, symbols.len())?;
            for pair in refs.chunks_exact(2) {
                let text = |i: u64| symbols[i as usize].get(request);
                visit(text(pair[0]), text(pair[1]));
            }
        }
    }
    Ok(())
}

fn read_refs(refs: &[u8]) -> Result<Vec<u64>, SeriesError> {
    let (mut reader, mut numbers) = (Reader::new(refs), Vec::with_capacity(32));
    while !reader.is_empty() {
        if numbers.len() == 2 * LABELS_MAX {
            let reason = format!("too many labels (the limit is {LABELS_MAX})");
            return Err(SeriesError::TooLarge { series: show_refs(&numbers), reason });
        }
        numbers.push(reader.varint().map_err(SeriesError::Malformed)?);
    }
    Ok(numbers)
}

fn check_refs(refs: &[u64], symbols: usize) -> Result<(), SeriesError> {
    let error = |reason| SeriesError::References { refs: show_refs(refs), reason };
    if !refs.len().is_multiple_of(2) {
        return Err(error(format!("invalid labelRefs length {}", refs.len())));
    }
    for pair in refs.chunks_exact(2) {
        if pair.iter().any(|i| *i >= symbols as u64) {
            return Err(error(format!(
                "labelRefs {} (name) = {} (value) outside of symbols table (size {symbols})",
                pair[0], pair[1]
            )));
        }
    }
    Ok(())
}

/// As Go prints a slice, cut when it is long.
fn show_refs(refs: &[u64]) -> String {
    let shown: Vec<String> = refs.iter().take(64).map(u64::to_string).collect();
    format!("[{}{}]", shown.join(" "), if refs.len() > 64 { " …" } else { "" })
}

/// A `Label` or `LabelPair` message.
pub(super) fn read_pair(message: &[u8]) -> Result<(&[u8], &[u8]), ProtoError> {
    let (mut name, mut text) = (&[][..], &[][..]);
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => name = value.bytes(field)?,
            2 => text = value.bytes(field)?,
            _ => {}
        }
    }
    Ok((name, text))
}

/// Reads and checks the labels of a series.
pub(super) fn read(names: &Names<'_>, allowance: Option<&Allowance>) -> Result<Labels, SeriesError> {
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(32);
    let (mut count, mut bytes, mut valid, mut sorted) = (0usize, 0usize, true, true);
    let (mut name_bytes, mut value_bytes) = (0, 0);
    for_each(names, |name, value| {
        (count, bytes) = (count + 1, bytes + name.len() + value.len());
        (name_bytes, value_bytes) = (name.len().max(name_bytes), value.len().max(value_bytes));
        if count > LABELS_MAX || bytes > SERIES_BYTES_MAX {
            return; // refused below; the same long text is not checked for every series
        }
        match (std::str::from_utf8(name), std::str::from_utf8(value)) {
            (Ok(name), Ok(value)) if !name.is_empty() => {
                sorted &= pairs.last().is_none_or(|(last, _)| *last < name);
                pairs.push((name, value));
            }
            _ => valid = false,
        }
    })?;
    let too_large = |reason: String| Err(SeriesError::TooLarge { series: describe(names), reason });
    for (what, found, limit) in [
        ("labels", count, LABELS_MAX),
        ("bytes in a label name", name_bytes, NAME_BYTES_MAX),
        ("bytes in a label value", value_bytes, VALUE_BYTES_MAX),
        ("bytes of labels", bytes, SERIES_BYTES_MAX),
    ] {
        if found > limit {
            return too_large(format!("{found} {what} (the limit is {limit})"));
        }
    }
    if allowance.is_some_and(|a| !a.take(bytes)) {
        return too_large("the labels of the request repeat too much: send fewer series in one".to_owned());
    }
    if !sorted {
        pairs.sort_by_key(|(name, _)| *name);
    }
    let named = pairs.iter().any(|(name, value)| *name == METRIC_NAME && !value.is_empty());
    if !valid || !named {
        return Err(SeriesError::InvalidLabels { series: describe(names) });
    }
    if !sorted && let Some(pair) = pairs.windows(2).find(|w| w[0].0 == w[1].0) {
        return Err(SeriesError::DuplicateLabel { series: describe(names), label: pair[0].0.to_owned() });
    }
    // An empty value means that there is no such label.
    Ok(Labels::from_sorted(pairs.into_iter().filter(|(_, value)| !value.is_empty())))
}

/// The labels of an exemplar: anything goes that is UTF-8 and not too long.
pub(super) fn read_exemplar(names: &Names<'_>) -> Result<Labels, SeriesError> {
    let mut builder = LabelsBuilder::new();
    let (mut valid, mut bytes) = (true, 0usize);
    for_each(names, |name, value| {
        bytes += name.len() + value.len();
        if bytes > EXEMPLAR_BYTES_MAX {
            return;
        }
        match (std::str::from_utf8(name), std::str::from_utf8(value)) {
            (Ok(name), Ok(value)) => {
                builder.set(name, value);
            }
            _ => valid = false,
        }
    })?;
    if bytes > EXEMPLAR_BYTES_MAX {
        let reason = format!("{bytes} bytes of exemplar labels (the limit is {EXEMPLAR_BYTES_MAX})");
        return Err(SeriesError::TooLarge { series: describe(names), reason });
    }
    if valid { Ok(builder.build()) } else { Err(SeriesError::InvalidLabels { series: describe(names) }) }
}

/// `{a="b", c="d"}`, by name. What is not UTF-8 is shown with replacement characters.
pub(super) fn describe(names: &Names<'_>) -> String {
    let mut pairs = Vec::new();
    if let Names::Symbols { refs, .. } = *names
        && let Err(error) = for_each(names, |_, _| {})
    {
        return match error {
            SeriesError::TooLarge { series, .. } => series,
            error => format!("{} ({error})", show_refs(&read_refs(refs).unwrap_or_default())),
        };
    }
    // What is malformed is told elsewhere; what came before it still names the series.
    let _ = for_each(names, |name, value| pairs.push((name, value)));
    pairs.sort_by_key(|(name, _)| *name);
    let mut text = String::from("{");
    for (i, (name, value)) in pairs.iter().enumerate() {
        if text.len() > DESCRIPTION_BYTES_MAX {
            text.push('…');
            break;
        }
        let cut = |text: &[u8]| {
            String::from_utf8_lossy(&text[..text.len().min(DESCRIPTION_BYTES_MAX)]).into_owned()
        };
        let separator = if i == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{}={:?}", cut(name), cut(value));
    }
    text.push('}');
    text
}
