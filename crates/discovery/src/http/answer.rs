//! An answer of HTTP/1.1 as it comes in: head, and body by its length, in chunks, or to the end of the connection
//! (RFC 9112, sections 4, 6 and 7).
//!
//! No I/O: the caller reads into one buffer and says so; the body is left in it, without chunk heads, behind the head.
//! Only bodies of 200 are read. What is malformed is an error, and its connection is not to be used again: where the
//! next answer would begin cannot be known.

use super::{HttpError, body};
use http::StatusCode;
use httparse::Status;

/// A head with all its fields: what Go's servers accept, and far more than any exporter sends.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Fields of a head: as `hyper`.
const FIELDS_MAX: usize = 100;
/// A chunk's length with its extensions; and a line of the trailer.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Room for a head and a short body, when no length is known yet.
const READ_BYTES_MIN: usize = 8 << 10;
/// A read that fills its room may have left something: there is always more room than what is expected.
const SPARE_BYTES: usize = 64;

/// What a head says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub status: StatusCode,
    pub content_type: String,
    pub content_encoding: String,
}

impl Head {
    /// `404 Not Found`
    pub fn status_line(&self) -> String {
        match self.status.canonical_reason() {
            Some(text) => format!("{} {text}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }
}

/// An answer that is being read.
pub struct Reading {
    limit_bytes: u64,
    state: State,
    head: Head,
    /// Where the body begins in the buffer; before it is known, the head.
    start: usize,
    /// Whether another request may follow on the connection.
    reusable: bool,
}

#[derive(Debug)]
enum State {
    Head,
    /// The body ends here.
    Length(usize),
    Chunks(Chunks),
    UntilClose,
    Done,
}

/// A body in chunks. Everything before `at` is decoded.
#[derive(Debug)]
struct Chunks {
    at: usize,
    next: Next,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Size,
    Data(usize),
    DataEnd,
    Trailer,
}

impl Reading {
    /// A body of `limit_bytes` or more is refused.
    pub fn new(limit_bytes: u64) -> Reading {
        Reading { limit_bytes, state: State::Head, head: Head::default(), start: 0, reusable: true }
    }

    /// Makes room for the next read.
    pub fn make_room(&self, buffer: &mut Vec<u8>) {
        let wanted = match self.state {
            State::Length(end) => end.saturating_sub(buffer.len()).min(body::RESERVE_BYTES_MAX as usize),
            _ => READ_BYTES_MIN,
        };
        buffer.reserve(wanted + SPARE_BYTES);
    }

    /// Takes what was read into the buffer; whether the answer is complete.
    pub fn take(&mut self, buffer: &mut Vec<u8>) -> Result<bool, HttpError> {
        if matches!(self.state, State::Head) {
            self.take_head(buffer)?;
            if matches!(self.state, State::Done) {
                buffer.truncate(self.start);
            }
        }
        let done = match &mut self.state {
            State::Head => false,
            State::Done => true,
            State::Length(end) => {
                self.reusable &= buffer.len() <= *end;
                buffer.truncate(*end);
                buffer.len() == *end
            }
            State::UntilClose => {
                check_limit((buffer.len() - self.start) as u64, self.limit_bytes)?;
                false
            }
            State::Chunks(chunks) => {
                let done = chunks.take(buffer, self.start, self.limit_bytes)?;
                if done {
                    self.reusable &= buffer.len() == chunks.at;
                    buffer.truncate(chunks.at);
                }
                done
            }
        };
        if done {
            self.state = State::Done;
        }
        Ok(done)
    }

    /// Takes the end of the connection: an error unless it ends the body.
    pub fn end(&mut self) -> Result<(), HttpError> {
        self.reusable = false;
        match self.state {
            State::Done | State::UntilClose => Ok(()),
            State::Head => {
                Err(HttpError::Protocol("connection closed before the answer was complete".to_owned()))
            }
            State::Length(_) | State::Chunks(_) => Err(HttpError::Body("unexpected EOF".to_owned())),
        }
    }

    /// Whether the head is complete.
    pub fn in_body(&self) -> bool {
        !matches!(self.state, State::Head)
    }

    /// The head, where the body begins, and whether the connection can be used again.
    pub fn into_parts(self) -> (Head, usize, bool) {
        (self.head, self.start, self.reusable)
    }

    fn take_head(&mut self, buffer: &[u8]) -> Result<(), HttpError> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
            let mut parsed = httparse::Response::new(&mut fields);
            let length = match parsed.parse(&buffer[self.start..]).map_err(|e| malformed(&e.to_string()))? {
                Status::Complete(length) => length,
                Status::Partial if buffer.len() > HEAD_BYTES_MAX => {
                    return Err(malformed("its head is too long"));
                }
                Status::Partial => return Ok(()),
            };
            let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
            let status = status.ok_or_else(|| malformed("it has no status"))?;
            let minor = parsed.version.unwrap_or(0);
            self.start += length;
            if status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(malformed("it switches protocols unasked"));
            }
            if !status.is_informational() {
                return self.decide(status, minor, parsed.headers);
            }
        }
    }

    /// How the body ends (RFC 9112, section 6.3).
    fn decide(
        &mut self,
        status: StatusCode,
        minor: u8,
        fields: &[httparse::Header<'_>],
    ) -> Result<(), HttpError> {
        let (mut length, mut coding) = (None, None);
        let mut persistent = minor >= 1;
        for field in fields {
            let text = std::str::from_utf8(field.value).unwrap_or("").trim();
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                for part in text.split(',') {
                    let n = number(part.trim()).ok_or_else(|| malformed("bad Content-Length"))?;
                    if length.replace(n).is_some_and(|before| before != n) {
                        return Err(malformed("two values of Content-Length"));
                    }
                }
            } else if is("transfer-encoding") {
                if coding.replace(text).is_some() {
                    return Err(malformed("two fields of Transfer-Encoding"));
                }
            } else if is("connection") {
                let says = |what: &str| text.split(',').any(|t| t.trim().eq_ignore_ascii_case(what));
                persistent = if says("close") { false } else { persistent || says("keep-alive") };
            } else if is("content-type") && self.head.content_type.is_empty() {
                text.clone_into(&mut self.head.content_type);
            } else if is("content-encoding") && self.head.content_encoding.is_empty() {
                text.clone_into(&mut self.head.content_encoding);
            }
        }
        self.head.status = status;
        self.reusable = persistent;
        self.state = match (coding, length) {
            // Nobody wants this body: the connection ends with it.
            _ if status != StatusCode::OK => {
                self.reusable = false;
                State::Done
            }
            (Some(coding), length) if coding.eq_ignore_ascii_case("chunked") => {
                // Both: whoever stands between may have read the other one.
                self.reusable &= length.is_none() && minor >= 1;
                State::Chunks(Chunks { at: self.start, next: Next::Size })
            }
            (Some(other), _) => return Err(malformed(&format!("unknown Transfer-Encoding {other:?}"))),
            (None, Some(length)) => {
                check_limit(length, self.limit_bytes)?;
                State::Length(self.start + length as usize)
            }
            (None, None) => {
                self.reusable = false;
                State::UntilClose
            }
        };
        Ok(())
    }
}

impl Chunks {
    /// Decodes what is there in place; whether the body is complete.
    fn take(&mut self, buffer: &mut Vec<u8>, start: usize, limit_bytes: u64) -> Result<bool, HttpError> {
        // Decoded up to `self.at`, read up to `raw`.
        let mut raw = self.at;
        let done = loop {
            let rest = &buffer[raw..];
            match self.next {
                Next::Size => match httparse::parse_chunk_size(rest) {
                    Ok(Status::Complete((length, size))) => {
                        check_limit(size.saturating_add((self.at - start) as u64), limit_bytes)?;
                        raw += length;
                        self.next = if size == 0 { Next::Trailer } else { Next::Data(size as usize) };
                    }
                    Ok(Status::Partial) if rest.len() <= LINE_BYTES_MAX => break false,
                    _ => return Err(HttpError::Body("malformed chunk length".to_owned())),
                },
                Next::Data(left) => {
                    let length = left.min(rest.len());
                    buffer.copy_within(raw..raw + length, self.at);
                    (raw, self.at) = (raw + length, self.at + length);
                    self.next = if length == left { Next::DataEnd } else { Next::Data(left - length) };
                    if length < left {
                        break false;
                    }
                }
                Next::DataEnd => match rest {
                    [b'\r', b'\n', ..] => (raw, self.next) = (raw + 2, Next::Size),
                    [] | [b'\r'] => break false,
                    _ => return Err(HttpError::Body("a chunk is longer than it says".to_owned())),
                },
                Next::Trailer => match memchr::memchr(b'\n', rest) {
                    Some(end) => {
                        raw += end + 1;
                        if matches!(rest[..end], [] | [b'\r']) {
                            break true;
                        }
                    }
                    None if rest.len() <= LINE_BYTES_MAX => break false,
                    None => return Err(HttpError::Body("a trailer that is too long".to_owned())),
                },
            }
        };
        let left = buffer.len() - raw;
        buffer.copy_within(raw.., self.at);
        buffer.truncate(self.at + left);
        Ok(done)
    }
}

fn check_limit(length: u64, limit_bytes: u64) -> Result<(), HttpError> {
    if length >= limit_bytes { Err(HttpError::BodyTooLarge { limit_bytes }) } else { Ok(()) }
}

/// Digits and nothing else: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn malformed(what: &str) -> HttpError {
    HttpError::Protocol(format!("malformed HTTP response: {what}"))
}

#[cfg(test)]
mod tests;
