//! Words of free text, as the token filters hold them and as a search asks for them.

use model::event::Kind;
use xxhash_rust::xxh3::xxh3_64;

/// Words up to this long are lowered on the stack; identifiers and hashes are shorter.
const STACK_BYTES: usize = 64;

/// The free-text columns of a kind: their words are in the token filters.
pub fn free_text(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Span => &["name", "status_message"],
        Kind::Log | Kind::Error => &["body", "event_name", "exception.message", "exception.type"],
    }
}

/// Gives the words of a text, lower-case: each is a maximal run of alphanumerics (of Unicode) and `_`.
pub fn tokens(text: &str, mut each: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let (mut upper, mut wide) = (false, false);
        while at < bytes.len() {
            let byte = bytes[at];
            if byte.is_ascii() {
                if !byte.is_ascii_alphanumeric() && byte != b'_' {
                    break;
                }
                upper |= byte.is_ascii_uppercase();
                at += 1;
            } else {
                let Some(character) = text[at..].chars().next() else { break };
                if !character.is_alphanumeric() {
                    break;
                }
                wide = true;
                at += character.len_utf8();
            }
        }
        if at > start {
            lowered(&text[start..at], upper, wide, &mut each);
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
}

fn lowered(word: &str, upper: bool, wide: bool, each: &mut impl FnMut(&str)) {
    if wide {
        return each(&word.to_lowercase());
    }
    if !upper {
        return each(word);
    }
    let mut stack = [0; STACK_BYTES];
    let Some(room) = stack.get_mut(..word.len()) else { return each(&word.to_ascii_lowercase()) };
    room.copy_from_slice(word.as_bytes());
    room.make_ascii_lowercase();
    // Lowering ASCII keeps it ASCII.
    if let Ok(word) = std::str::from_utf8(room) {
        each(word);
    }
}

/// What the filters hold of a word.
pub(crate) fn hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        tokens(text, |w| words.push(w.to_owned()));
        words
    }

    #[test]
    fn words_are_runs_of_letters_digits_and_underscores_in_lower_case() {
        assert_eq!(all("GET /cart/42?user_id=Zoë-7"), ["get", "cart", "42", "user_id", "zoë", "7"]);
        assert_eq!(all("ΑΒΓ→delta"), ["αβγ", "delta"]);
        assert_eq!(all(" …\u{0}"), [] as [&str; 0]);
        let long = "X".repeat(STACK_BYTES + 1);
        assert_eq!(all(&long), [long.to_lowercase()]);
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_definition(text in "[a-zA-Z_0-9 .ßÉ日→\u{300}]{0,200}") {
            let slow: Vec<String> = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|w| !w.is_empty())
                .map(str::to_lowercase)
                .collect();
            prop_assert_eq!(all(&text), slow);
        }
    }
}
