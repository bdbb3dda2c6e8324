//! How much is kept of what senders tell about metric families.
//!
//! The whole is held in memory and written again with every flush, so it has a limit: 128 MiB of texts at worst.

use model::Metadata;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Families that are told apart. Large sites have ten thousand.
pub(crate) const FAMILIES_MAX: usize = 1 << 15;
/// Of the name of a family; a longer one is not kept.
pub(crate) const NAME_BYTES_MAX: usize = 1 << 10;
/// Of a help text; of a unit likewise with the smaller limit. What is longer is cut.
const HELP_BYTES_MAX: usize = 2 << 10;
const UNIT_BYTES_MAX: usize = 256;

/// Metadata with texts of a length that is kept.
pub(crate) fn shortened(metadata: &Metadata) -> Cow<'_, Metadata> {
    if metadata.help.len() <= HELP_BYTES_MAX && metadata.unit.len() <= UNIT_BYTES_MAX {
        return Cow::Borrowed(metadata);
    }
    let help = cut(&metadata.help, HELP_BYTES_MAX).to_owned();
    let unit = cut(&metadata.unit, UNIT_BYTES_MAX).to_owned();
    Cow::Owned(Metadata { help, unit, ..metadata.clone() })
}

/// The longest beginning of at most so many bytes that is text.
fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Notes what was told, as far as there is room.
pub(crate) fn keep(
    stored: &mut BTreeMap<String, Metadata>,
    told: impl IntoIterator<Item = (String, Metadata)>,
) {
    for (family, metadata) in told {
        if stored.len() < FAMILIES_MAX || stored.contains_key(&family) {
            stored.insert(family, metadata);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::MetricType;

    #[test]
    fn texts_are_cut_between_characters() {
        let long = |help: &str| Metadata {
            metric_type: MetricType::Gauge,
            help: help.into(),
            unit: "é".repeat(200),
        };
        let kept = shortened(&long(&format!("a{}", "€".repeat(1000)))).into_owned();
        assert_eq!((kept.help.len(), kept.unit.len()), (1 + 682 * 3, 256));
        assert!(kept.help.ends_with('€') && kept.unit.ends_with('é'));
        let short = Metadata { unit: String::new(), ..long("short") };
        assert_eq!(*shortened(&short), short);
    }

    #[test]
    fn families_over_the_limit_are_not_kept() {
        let gauge =
            |help: &str| Metadata { metric_type: MetricType::Gauge, help: help.into(), unit: String::new() };
        let mut stored = BTreeMap::new();
        keep(&mut stored, (0..FAMILIES_MAX + 10).map(|n| (format!("f{n}"), gauge("old"))));
        assert_eq!(stored.len(), FAMILIES_MAX);
        keep(&mut stored, [("f0".to_owned(), gauge("new")), ("other".to_owned(), gauge("new"))]);
        assert_eq!((stored.len(), &stored["f0"].help[..]), (FAMILIES_MAX, "new"));
    }
}
