//! Topic filters, checked against the rules of MQTT (section 4.7 of both versions) before a broker gets them.

use crate::event::Qos;
use crate::session::settings::Filter;

/// The longest filter, in bytes: MQTT gives its length in 16 bits.
const FILTER_LIMIT_BYTES: usize = 65_535;

/// The most bytes of all filters together: they are part of each `start` record, which has at most 64 KiB.
const TOTAL_LIMIT_BYTES: usize = 10_000;

/// Why a filter is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// An empty text.
    #[error("an empty filter matches nothing: use '#' for all topics")]
    Empty,
    /// A character that MQTT forbids.
    #[error("a filter holds a NUL character, which MQTT forbids")]
    Nul,
    /// `#` in a place where MQTT forbids it.
    #[error("'{0}': '#' stands only at the end and alone in its level, as in 'home/#'")]
    Hash(String),
    /// `+` in a place where MQTT forbids it.
    #[error("'{0}': '+' stands alone in its level, as in 'home/+/temperature'")]
    Plus(String),
    /// More than [`FILTER_LIMIT_BYTES`].
    #[error("a filter of {0} bytes is too long: at most {FILTER_LIMIT_BYTES} are taken")]
    Length(usize),
    /// More than [`TOTAL_LIMIT_BYTES`].
    #[error("all filters together are {0} bytes: at most {TOTAL_LIMIT_BYTES} are taken, so use wildcards")]
    Total(usize),
}

/// The filters to subscribe to, in the order given, without duplicates.
pub(super) fn filters(texts: &[String], qos: Qos) -> Result<Vec<Filter>, TopicError> {
    let mut filters: Vec<Filter> = Vec::new();
    for text in texts {
        check(text)?;
        if filters.iter().all(|known| known.topic != *text) {
            filters.push(Filter { topic: text.clone(), qos });
        }
    }
    let total = filters.iter().map(|filter| filter.topic.len()).sum();
    if total > TOTAL_LIMIT_BYTES { Err(TopicError::Total(total)) } else { Ok(filters) }
}

fn check(text: &str) -> Result<(), TopicError> {
    if text.is_empty() {
        return Err(TopicError::Empty);
    }
    if text.len() > FILTER_LIMIT_BYTES {
        return Err(TopicError::Length(text.len()));
    }
    if text.contains('\0') {
        return Err(TopicError::Nul);
    }
    check_wildcards(text)
}

fn check_wildcards(text: &str) -> Result<(), TopicError> {
    let before_last = text.rsplit_once('/').map_or("", |(before, _)| before);
    let misplaced = |wildcard: char| text.split('/').any(|level| level.contains(wildcard) && level.len() > 1);
    if misplaced('#') || before_last.contains('#') {
        return Err(TopicError::Hash(text.to_owned()));
    }
    if misplaced('+') { Err(TopicError::Plus(text.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(texts: &[&str]) -> Result<Vec<String>, TopicError> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let filters = filters(&texts, Qos::AtMostOnce)?;
        Ok(filters.into_iter().map(|filter| filter.topic).collect())
    }

    #[test]
    fn valid_filters_are_kept_once_and_in_order() {
        let valid = ["#", "+", "/", "a", "a/#", "/#", "+/+", "a/+/b", "$SYS/#", "$share/g/a", "a b,c", "é"];
        assert_eq!(topics(&valid).unwrap(), valid);
        assert_eq!(topics(&["b", "a", "b"]).unwrap(), ["b", "a"]);
        assert_eq!(topics(&[]).unwrap(), [""; 0]);
    }

    #[test]
    fn invalid_filters_are_refused_by_rule() {
        let long = "x".repeat(65_536);
        let rows = [
            ("", TopicError::Empty),
            ("a#", TopicError::Hash("a#".to_owned())),
            ("#/a", TopicError::Hash("#/a".to_owned())),
            ("a/#/b", TopicError::Hash("a/#/b".to_owned())),
            ("a/b#", TopicError::Hash("a/b#".to_owned())),
            ("##", TopicError::Hash("##".to_owned())),
            ("a+", TopicError::Plus("a+".to_owned())),
            ("a/+b/c", TopicError::Plus("a/+b/c".to_owned())),
            ("a\0", TopicError::Nul),
            (&long, TopicError::Length(65_536)),
            (&long[..10_001], TopicError::Total(10_001)),
        ];
        for (text, error) in rows {
            assert_eq!(topics(&[text]), Err(error));
        }
    }
}
