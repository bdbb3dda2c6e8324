//! One embedded file in the encodings that the build made of it.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// How the bytes of an answer are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The token of `Content-Encoding`; none for bytes as they are.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Encoding::Brotli => Some("br"),
            Encoding::Gzip => Some("gzip"),
            Encoding::Identity => None,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => ".br",
            Encoding::Gzip => ".gz",
            Encoding::Identity => "",
        }
    }
}

/// A file of the screen. `path` is relative to `web/dist`, without an encoding's suffix.
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    /// SHA-256 of `bytes`: differs between encodings, as a strong entity tag must.
    pub hash: [u8; 32],
}

/// The file as it is.
pub(crate) fn find(path: &str) -> Option<Asset> {
    find_encoded(path, Encoding::Identity)
}

/// The file in one encoding, if the build made it.
pub(crate) fn find_encoded(path: &str, encoding: Encoding) -> Option<Asset> {
    let file = match encoding {
        Encoding::Identity => Dist::get(path),
        _ => Dist::get(&format!("{path}{}", encoding.suffix())),
    }?;
    Some(Asset { hash: file.metadata.sha256_hash(), bytes: file.data })
}

/// What a browser must be told the file is, by the end of its name. The build makes no others; an unknown one is
/// offered as a download rather than guessed at.
pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// Whether the name carries a hash of the content, so that it can be kept for ever: the build puts such files, and no
/// others, under `assets/`.
pub(crate) fn is_immutable(path: &str) -> bool {
    path.starts_with("assets/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_name() {
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("assets/index-B2x_9.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("assets/inter.woff2"), "font/woff2");
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }

    #[test]
    fn only_hashed_files_are_kept_for_ever() {
        assert!(is_immutable("assets/index-B2x_9.js"));
        assert!(!is_immutable("index.html"));
        assert!(!is_immutable("favicon.svg"));
    }
}
