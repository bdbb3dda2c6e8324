//! Go's string literals: how queries quote, and how messages and canonical queries print.
//!
//! A literal may spell any bytes with escapes, text or not.

/// Prints a string as a double-quoted Go literal.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c, '"');
    }
    out.push('"');
    out
}

/// Prints bytes as a double-quoted Go literal; what is not UTF-8 comes out as escapes.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_escaped(&mut out, c, '"'));
        chunk.invalid().iter().for_each(|b| out.push_str(&format!("\\x{b:02x}")));
    }
    out.push('"');
    out
}

/// Prints a character as a single-quoted Go literal.
pub fn quote_char(c: char) -> String {
    let mut out = String::from("'");
    push_escaped(&mut out, c, '\'');
    out.push('\'');
    out
}

fn push_escaped(out: &mut String, c: char, delimiter: char) {
    match c {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\\' => out.push_str("\\\\"),
        c if c == delimiter => {
            out.push('\\');
            out.push(c);
        }
        ' '..='~' => out.push(c),
        c if c < '\u{80}' => out.push_str(&format!("\\x{:02x}", c as u32)),
        c if is_printable(c) => out.push(c),
        c if c <= '\u{ffff}' => out.push_str(&format!("\\u{:04x}", c as u32)),
        c => out.push_str(&format!("\\U{:08x}", c as u32)),
    }
}

/// Whether a character beyond ASCII shows. Combining marks do; the standard library escapes only those and what
/// does not show, so a letter before them settles it.
fn is_printable(c: char) -> bool {
    c.escape_debug().count() == 1 || (!c.is_control() && c.is_alphanumeric())
}

/// The value of a literal in single, double or back quotes, if it is text.
pub fn unquote(literal: &str) -> Result<String, &'static str> {
    String::from_utf8(unquote_bytes(literal)?).map_err(|_| "not valid UTF-8")
}

/// The value of a literal in single, double or back quotes.
pub fn unquote_bytes(literal: &str) -> Result<Vec<u8>, &'static str> {
    const SYNTAX: &str = "invalid syntax";
    let mut chars = literal.chars();
    let (Some(delimiter), Some(last)) = (chars.next(), chars.next_back()) else { return Err(SYNTAX) };
    let body = chars.as_str();
    if delimiter != last {
        return Err(SYNTAX);
    }
    match delimiter {
        '`' if !body.contains('`') => Ok(body.as_bytes().to_vec()),
        '"' | '\'' if !body.contains('\n') => unescape(body, delimiter),
        _ => Err(SYNTAX),
    }
}

fn unescape(body: &str, delimiter: char) -> Result<Vec<u8>, &'static str> {
    const SYNTAX: &str = "invalid syntax";
    let mut bytes = Vec::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c == delimiter {
            return Err(SYNTAX);
        }
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = chars.next().ok_or(SYNTAX)?;
        match escape {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' => bytes.push(b'\\'),
            c if c == delimiter => bytes.push(c as u8),
            '0'..='7' => {
                let head = escape.to_digit(8).ok_or(SYNTAX)?;
                let value = digits(&mut chars, 2, 8, head)?;
                bytes.push(u8::try_from(value).map_err(|_| SYNTAX)?);
            }
            'x' => bytes.push(u8::try_from(digits(&mut chars, 2, 16, 0)?).map_err(|_| SYNTAX)?),
            'u' | 'U' => {
                let count = if escape == 'u' { 4 } else { 8 };
                let c = char::from_u32(digits(&mut chars, count, 16, 0)?).ok_or(SYNTAX)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err(SYNTAX),
        }
    }
    Ok(bytes)
}

fn digits(chars: &mut std::str::Chars<'_>, count: usize, base: u32, head: u32) -> Result<u32, &'static str> {
    let mut value = head;
    for _ in 0..count {
        let digit = chars.next().and_then(|c| c.to_digit(base)).ok_or("invalid syntax")?;
        value = value.checked_mul(base).and_then(|v| v.checked_add(digit)).ok_or("invalid syntax")?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read() {
        let check =
            |literal: &str, value: &str| assert_eq!(unquote(literal).as_deref(), Ok(value), "{literal}");
        check(r#""a\"b'c""#, "a\"b'c");
        check(r#"'a\'b"c'"#, "a'b\"c");
        check(r"`a\nb`", "a\\nb");
        check("`a\nb`", "a\nb");
        check(r#""\a\b\f\n\r\t\v\\""#, "\u{7}\u{8}\u{c}\n\r\t\u{b}\\");
        check(r#""\x41\101\u00e9\U0001F600\xc3\xa9""#, "AAé😀é");
        for bad in
            [r#"""#, r#""a'"#, r#""\'""#, r#""\q""#, r#""\x4""#, r#""\ud800""#, r#""\400""#, "\"a\nb\"", "a"]
        {
            assert_eq!(unquote(bad), Err("invalid syntax"), "{bad}");
        }
        assert_eq!(unquote(r#""\xff""#), Err("not valid UTF-8"));
    }

    #[test]
    fn values_print() {
        assert_eq!(quote("a\"b\\c\n\u{1}\u{7f}é😀\u{200b}"), r#""a\"b\\c\n\x01\x7fé😀\u200b""#);
        assert_eq!(quote_bytes(b"a\xffb\xc3\xa9"), r#""a\xffbé""#);
        assert_eq!(quote_char('\''), r"'\''");
        assert_eq!(quote_char('"'), "'\"'");
    }

    proptest::proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in ".*") {
            proptest::prop_assert_eq!(unquote(&quote(&text)), Ok(text));
        }
    }
}
