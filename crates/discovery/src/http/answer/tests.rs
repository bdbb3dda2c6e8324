//! Answers in pieces of any length.

use super::*;
use proptest::prelude::*;

/// Reads an answer that comes in pieces; `closed` when the connection ends behind it.
fn read(
    pieces: &[&[u8]],
    limit_bytes: u64,
    closed: bool,
) -> Result<Option<(Head, Vec<u8>, bool)>, HttpError> {
    let (mut reading, mut buffer) = (Reading::new(limit_bytes), Vec::new());
    let mut done = false;
    for piece in pieces {
        assert!(!done || piece.is_empty(), "nothing is read behind the end");
        reading.make_room(&mut buffer);
        buffer.extend_from_slice(piece);
        done = reading.take(&mut buffer)?;
    }
    if closed && !done {
        reading.end()?;
        done = true;
    }
    let (head, start, reusable) = reading.into_parts();
    Ok(done.then(|| (head, buffer[start..].to_vec(), reusable)))
}

fn whole(text: &str) -> Result<Option<(Head, Vec<u8>, bool)>, HttpError> {
    read(&[text.as_bytes()], 1 << 20, false)
}

fn body(text: &str) -> (String, bool) {
    let (_, body, reusable) = whole(text).unwrap().unwrap();
    (String::from_utf8(body).unwrap(), reusable)
}

#[test]
fn heads_say_what_the_body_is() {
    let (head, body, reusable) = whole(
        "HTTP/1.1 200 OK\r\nCONTENT-TYPE: text/plain; x=y\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
    )
    .unwrap()
    .unwrap();
    let want = Head {
        status: StatusCode::OK,
        content_type: "text/plain; x=y".to_owned(),
        content_encoding: "gzip".to_owned(),
    };
    assert_eq!((head, &body[..], reusable), (want, &b"ab"[..], true));
}

#[test]
fn bodies_end_where_the_head_says() {
    let check =
        |text: &str, want: (&str, bool)| assert_eq!(body(text), (want.0.to_owned(), want.1), "{text}");
    check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ("abc", true));
    check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ("", true));
    check("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", ("abc", true));
    check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1", ("abc", false));
    check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: Close\r\n\r\nabc", ("abc", false));
    check("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", ("abc", false));
    check("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: x, keep-alive\r\n\r\nabc", ("abc", true));
    check(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        ("a", true),
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    check(&format!("{chunked}\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), ("abc0123456789", true));
    check(&format!("{chunked}\r\n1\r\na\r\n0\r\nx: y\r\n\r\n"), ("a", true));
    check(&format!("{chunked}\r\n0\r\n\r\nHTTP"), ("", false));
    check(&format!("{chunked}Content-Length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n"), ("a", false));
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let text = b"HTTP/1.1 200 OK\r\n\r\nabc";
    assert_eq!(read(&[text], 100, false).unwrap(), None);
    let (_, body, reusable) = read(&[text], 100, true).unwrap().unwrap();
    assert_eq!((&body[..], reusable), (&b"abc"[..], false));
}

#[test]
fn the_body_of_a_failure_is_not_awaited() {
    for (text, line) in
        [("404 Not Found", "404 Not Found"), ("599 Whatever", "599"), ("302 Found", "302 Found")]
    {
        let (head, _, reusable) =
            whole(&format!("HTTP/1.1 {text}\r\nContent-Length: 9\r\n\r\n")).unwrap().unwrap();
        assert_eq!((head.status_line().as_str(), reusable), (line, false));
    }
}

#[test]
fn what_is_malformed_is_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for text in [
        "\x15\x03\x01\x00\x02\x02".to_owned(),
        "SSH-2.0-x\r\n".to_owned(),
        "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(),
        format!("{ok}Content-Length: +3\r\n\r\nabc"),
        format!("{ok}Content-Length: -3\r\n\r\nabc"),
        format!("{ok}Content-Length:\r\n\r\nabc"),
        format!("{ok}Content-Length: 99999999999999999999\r\n\r\nabc"),
        format!("{ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{ok}a: {}\r\n", "x".repeat(HEAD_BYTES_MAX)),
        format!("{ok}{}\r\n", "a: b\r\n".repeat(FIELDS_MAX + 1)),
    ] {
        let short = &text[..text.len().min(80)];
        assert!(matches!(whole(&text), Err(HttpError::Protocol(_))), "{short}");
    }
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    for rest in ["x\r\n", "-1\r\n", "1\r\nab\r\n", "1\r\na\rb", "fffffffffffffffff\r\n"] {
        assert!(matches!(whole(&format!("{chunked}{rest}")), Err(HttpError::Body(_))), "{rest}");
    }
    let long = "x".repeat(LINE_BYTES_MAX + 1);
    for rest in [format!("1;{long}"), format!("0\r\n{long}")] {
        assert!(matches!(whole(&format!("{chunked}{rest}")), Err(HttpError::Body(_))));
    }
}

#[test]
fn an_answer_cut_off_is_an_error() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let cut = |text: String| read(&[text.as_bytes()], 1 << 20, true);
    for text in [String::new(), "HTTP/1.1 2".to_owned(), ok.to_owned()] {
        assert!(matches!(cut(text), Err(HttpError::Protocol(_))));
    }
    for rest in ["Content-Length: 3\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"] {
        assert!(matches!(cut(format!("{ok}{rest}")), Err(HttpError::Body(_))));
    }
}

#[test]
fn limits_hold_to_the_byte() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for rest in [
        "Content-Length: 10\r\n\r\n0123456789",
        "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
        "\r\n0123456789",
    ] {
        let text = format!("{ok}{rest}");
        let length = |limit| read(&[text.as_bytes()], limit, true).map(|read| read.unwrap().1.len());
        assert_eq!(length(11).unwrap(), 10);
        assert!(matches!(length(10), Err(HttpError::BodyTooLarge { limit_bytes: 10 })), "{rest}");
    }
    // Refused before any of it came.
    let announced = [
        format!("{ok}Content-Length: 18446744073709551615\r\n\r\n"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
    ];
    for text in announced {
        assert!(matches!(whole(&text), Err(HttpError::BodyTooLarge { .. })), "{text}");
    }
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        body in prop::collection::vec(any::<u8>(), 0..400),
        chunk in 1usize..50,
        cuts in prop::collection::vec(0usize..600, 0..12),
        chunked in any::<bool>(),
    ) {
        let mut text = b"HTTP/1.1 200 OK\r\n".to_vec();
        if chunked {
            text.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for piece in body.chunks(chunk) {
                text.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                text.extend_from_slice(piece);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n\r\n");
        } else {
            text.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            text.extend_from_slice(&body);
        }
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect();
        let (_, got, reusable) = read(&pieces, 1 << 20, false).unwrap().unwrap();
        prop_assert_eq!(got, body);
        prop_assert!(reusable);
        // Short of its last byte it is not complete.
        let pieces: Vec<&[u8]> = [&text[..text.len() - 1]].to_vec();
        prop_assert_eq!(read(&pieces, 1 << 20, false).unwrap(), None);
    }

    #[test]
    fn no_answer_panics(
        text in prop::collection::vec(prop::sample::select(&b"HTTP/1.0 2\r\n0aF;:chunkedTransfer-Encoding"[..]), 0..80),
        prefix in 0usize..3,
    ) {
        let prefix = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"][prefix];
        let text = [prefix.as_bytes(), &text].concat();
        let (mut reading, mut buffer) = (Reading::new(50), Vec::new());
        for byte in &text {
            buffer.push(*byte);
            if reading.take(&mut buffer).is_err() {
                break;
            }
        }
    }
}
