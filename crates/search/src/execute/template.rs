//! Templates of log lines, after Drain (He et al., ICWS 2017): what lines of one statement have in common.
//!
//! A line is masked first: numbers, ids, addresses and times, which differ for certain, become placeholders. Masked
//! lines that were seen before are found by their hash. Others are compared with the templates that have as many words
//! and the same first word; the most similar one takes the line in when at least half of the words agree, and words
//! that differ become `<*>`.
//!
//! Invariant: there are at most [`TEMPLATES_MAX`] templates; lines that fit none of them then are counted by `rest`.

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Of a line only so much is looked at: templates are for people to read.
pub(crate) const LINE_BYTES_MAX: usize = 1_024;
const WORDS_MAX: usize = 64;
/// More statements than a program has; each some 500 B.
pub(crate) const TEMPLATES_MAX: usize = 20_000;
/// Hashes of masked lines remembered: 8 MB. Beyond, lines are compared.
const SEEN_MAX: usize = 500_000;
/// Templates compared with a line: those with the same number of words and first word are mostly a handful.
const COMPARED_MAX: usize = 200;
pub(crate) const ANY: &str = "<*>";

#[derive(Default)]
pub(crate) struct Miner {
    templates: Vec<Vec<Box<str>>>,
    /// Masked lines seen.
    seen: HashMap<u64, u32>,
    /// Templates by number of words and hash of the first word.
    groups: HashMap<(usize, u64), Vec<u32>>,
    masked: String,
}

impl Miner {
    /// The template of a line; `None` when there are too many.
    pub fn line(&mut self, line: &str) -> Option<u32> {
        let mut masked = std::mem::take(&mut self.masked);
        masked.clear();
        mask(line, &mut masked);
        let template = self.masked_line(&masked);
        self.masked = masked;
        template
    }

    /// The template of a line that is masked already: of another miner's template, too.
    pub fn masked_line(&mut self, masked: &str) -> Option<u32> {
        let hash = xxh3_64(masked.as_bytes());
        if let Some(template) = self.seen.get(&hash) {
            return Some(*template);
        }
        let template = self.find(masked)?;
        if self.seen.len() < SEEN_MAX {
            self.seen.insert(hash, template);
        }
        Some(template)
    }

    pub fn text(&self, template: u32) -> String {
        self.templates[template as usize].join(" ")
    }

    fn find(&mut self, masked: &str) -> Option<u32> {
        let words: Vec<&str> = masked.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX).collect();
        // A first word that varies leads nowhere.
        let first = words.first().filter(|word| !word.contains('<')).copied().unwrap_or(ANY);
        let group = self.groups.entry((words.len(), xxh3_64(first.as_bytes()))).or_default();
        let mut best: Option<(usize, u32)> = None;
        for at in group.iter().take(COMPARED_MAX) {
            let same = similar(&self.templates[*at as usize], &words);
            if best.is_none_or(|(most, _)| same > most) {
                best = Some((same, *at));
            }
        }
        if let Some((same, at)) = best
            && same * 2 >= words.len().max(1)
        {
            for (known, word) in self.templates[at as usize].iter_mut().zip(&words) {
                if known.as_ref() != *word && known.as_ref() != ANY {
                    *known = ANY.into();
                }
            }
            return Some(at);
        }
        if self.templates.len() >= TEMPLATES_MAX {
            return None;
        }
        let at = self.templates.len() as u32;
        self.templates.push(words.into_iter().map(Box::from).collect());
        group.push(at);
        Some(at)
    }
}

/// Words that agree; those that vary in the template agree with any.
fn similar(template: &[Box<str>], words: &[&str]) -> usize {
    template
        .iter()
        .map(AsRef::as_ref)
        .zip(words)
        .filter(|(known, word)| known == *word || *known == ANY)
        .count()
}

/// Writes a line with placeholders for what differs for certain, words apart by one space.
fn mask(line: &str, out: &mut String) {
    let mut end = line.len().min(LINE_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    for word in line[..end].split_whitespace().take(WORDS_MAX) {
        if !out.is_empty() {
            out.push(' ');
        }
        mask_word(word, out);
    }
}

fn mask_word(word: &str, out: &mut String) {
    let bytes = word.as_bytes();
    if !bytes.iter().any(u8::is_ascii_digit) && bytes.len() < ID_LENGTH_MIN {
        return out.push_str(word);
    }
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            let start = at;
            while at < bytes.len() && !bytes[at].is_ascii_alphanumeric() {
                at += 1;
            }
            out.push_str(&word[start..at]);
            continue;
        }
        let rest = &bytes[at..];
        let special = time_length(rest)
            .map(|length| (length, "<time>"))
            .or_else(|| uuid_length(rest).map(|length| (length, "<id>")))
            .or_else(|| ip_length(rest).map(|length| (length, "<ip>")));
        if let Some((length, placeholder)) = special {
            out.push_str(placeholder);
            at += length;
            continue;
        }
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        mask_run(&word[at..at + length], out);
        at += length;
        // The fraction of a number belongs to it.
        if out.ends_with("<num>") && bytes.get(at) == Some(&b'.') {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits > 0 {
                at += 1 + digits;
            }
        }
    }
}

/// Shorter mixtures of letters and digits are words: `sha256`, `i18n`.
const ID_LENGTH_MIN: usize = 8;

/// A run of ASCII letters and digits.
fn mask_run(run: &str, out: &mut String) {
    let bytes = run.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return out.push_str(run);
    }
    if digits == bytes.len() {
        return out.push_str("<num>");
    }
    let hex = bytes.iter().all(u8::is_ascii_hexdigit) || run.starts_with("0x");
    let mixed = digits >= 3
        && bytes.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count() > 2;
    if bytes.len() >= ID_LENGTH_MIN && (hex || mixed) {
        return out.push_str("<id>");
    }
    // `12ms`, `user42`: the letters stay. One digit behind letters is part of a name: `s3`, `http2`.
    if digits == 1 && bytes[bytes.len() - 1].is_ascii_digit() {
        return out.push_str(run);
    }
    let mut in_digits = false;
    for c in run.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !in_digits {
            out.push_str("<num>");
        }
        in_digits = c.is_ascii_digit();
    }
}

/// Matches a pattern in which `d` is a digit, `h` a hexadecimal digit, and all else itself.
fn fits(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() >= pattern.len()
        && pattern.iter().zip(bytes).all(|(p, b)| match p {
            b'd' => b.is_ascii_digit(),
            b'h' => b.is_ascii_hexdigit(),
            p => p == b,
        })
}

/// `2026-01-31`, `2026-01-31T12:00:00.123Z`, `12:00:00,123`.
fn time_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    if fits(bytes, b"dddd-dd-dd") || fits(bytes, b"dddd/dd/dd") {
        length = 10;
        if matches!(bytes.get(10), Some(b'T' | b't' | b'_')) && fits(&bytes[11..], b"dd:dd") {
            length = 11;
        }
    }
    if (length == 0 || length == 11) && fits(&bytes[length..], b"dd:dd:dd") {
        length += 8;
        if matches!(bytes.get(length), Some(b'.' | b',')) {
            length += 1 + bytes[length + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
        if bytes.get(length) == Some(&b'Z') {
            length += 1;
        } else if fits(&bytes[length..], b"+dd:dd") || fits(&bytes[length..], b"-dd:dd") {
            length += 6;
        }
    }
    (length > 0).then_some(length)
}

fn uuid_length(bytes: &[u8]) -> Option<usize> {
    fits(bytes, b"hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh").then_some(36)
}

/// An IPv4 address, with a port or without.
fn ip_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=3).contains(&digits) {
            return None;
        }
        at += digits;
    }
    // A version of five numbers, or a name, is none.
    if matches!(bytes.get(at), Some(b) if b.is_ascii_alphanumeric()) {
        return None;
    }
    if bytes.get(at) == Some(&b':') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            at += 1 + digits;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(line: &str) -> String {
        let mut out = String::new();
        mask(line, &mut out);
        out
    }

    #[test]
    fn what_differs_for_certain_is_masked() {
        for (line, expected) in [
            ("took 12ms for 3 rows", "took <num>ms for <num> rows"),
            ("GET /cart/42 from 10.0.0.1:8080", "GET /cart/<num> from <ip>"),
            ("trace 4bf92f3577b34da6a3ce929d0e0e4736 done", "trace <id> done"),
            ("id=550e8400-e29b-41d4-a716-446655440000,", "id=<id>,"),
            ("2026-01-31T12:00:00.123Z started", "<time> started"),
            ("at 12:00:05,123 s3 http2 v1.25", "at <time> s3 http2 v1.<num>"),
            ("load 0.75 99.9%", "load <num> <num>%"),
            ("user42 ünïcode 7é", "user<num> ünïcode <num>é"),
            ("0xdeadbeef01", "<id>"),
            ("  spaced \t out ", "spaced out"),
        ] {
            assert_eq!(masked(line), expected);
        }
    }

    #[test]
    fn lines_of_one_statement_share_a_template() {
        let mut miner = Miner::default();
        let a = miner.line("connection to db-primary reset by peer").unwrap();
        let b = miner.line("connection to cache reset by peer").unwrap();
        let c = miner.line("user logged in").unwrap();
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(miner.text(a), "connection to <*> reset by peer");
        assert_eq!(miner.line("connection to queue reset by peer"), Some(a));
        assert_eq!(miner.templates.len(), 2);
        // Another miner's template is taken in as a line.
        assert_eq!(miner.masked_line("connection to <*> reset by peer"), Some(a));
    }

    proptest! {
        #[test]
        fn any_line_has_a_template(lines in proptest::collection::vec("[a-c0-9é:. -]{0,30}", 1..20)) {
            let mut miner = Miner::default();
            for line in &lines {
                let template = miner.line(line).unwrap();
                prop_assert_eq!(miner.text(template).split(' ').filter(|w| !w.is_empty()).count(), line.split_whitespace().count());
            }
            prop_assert!(miner.templates.len() <= lines.len());
        }
    }
}
