//! "Did you mean".

/// The candidate most like a word that was not understood, if one is like enough: at most a third of the letters
/// differ, or it begins with the word, or ends with it behind a dot.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let limit = (lower.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            if other == lower {
                return Some((0, candidate));
            }
            let part =
                lower.len() >= 3 && (other.starts_with(&lower) || other.ends_with(&format!(".{lower}")));
            let distance = strsim::damerau_levenshtein(&lower, &other);
            (distance <= limit).then_some((distance, candidate)).or(part.then_some((limit + 1, candidate)))
        })
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn what_is_like_is_found() {
        let fields = ["service", "severity", "http.route", "http.response.status_code"];
        assert_eq!(closest("servce", fields), Some("service"));
        assert_eq!(closest("Service", fields), Some("service"));
        assert_eq!(closest("route", fields), Some("http.route"));
        assert_eq!(closest("status_code", fields), Some("http.response.status_code"));
        assert_eq!(closest("xyz", fields), None);
    }
}
