//! Why the service did not give what was asked for, and how to say so without repeating a secret.

use crate::secret::Secret;

/// An answer that is not what was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub kind: RefusalKind,
    /// The status of HTTP.
    pub status: u16,
    /// What came instead: `HTTP 200 with an empty body`.
    what: String,
    /// The service's own words, which may repeat anything that it was sent.
    words: Option<String>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Password or token are not taken.
    Unauthorised,
    /// The service knows no such account.
    UnknownUser,
    /// Anything else; it may pass.
    Other,
}

/// The longest words of the service that are repeated, in bytes.
const WORDS_LIMIT_BYTES: usize = 80;
/// A longer word may be a key or a token.
const WORD_LIMIT_BYTES: usize = 24;
/// So many hexadecimal digits on end may be part of a MAC or a serial number, and twelve of them with marks in between one
/// as people write it.
const DIGITS_LIMIT: usize = 8;
const MAC_DIGITS: usize = 12;

impl Refusal {
    /// A refusal that came as `what`, with these words of the service.
    pub(super) fn new(kind: RefusalKind, status: u16, what: String, words: Option<&str>) -> Self {
        Self { kind, status, what, words: words.map(str::to_owned) }
    }

    /// What came instead, for a sentence; the service's words only where they are plain and hold none of `hidden`.
    pub fn told<'s>(&self, mut hidden: impl Iterator<Item = &'s Secret>) -> String {
        let what = &self.what;
        let words = self.words.as_deref().filter(|words| is_plain(words));
        match words {
            Some(words) if !hidden.any(|secret| holds(words, secret)) => format!("{what} ({words})"),
            Some(_) | None => what.clone(),
        }
    }
}

/// Without the service's words.
impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal").field("kind", &self.kind).field("what", &self.what).finish_non_exhaustive()
    }
}

fn is_plain(words: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-.,:;'!?".contains(c);
    !words.trim().is_empty()
        && words.len() <= WORDS_LIMIT_BYTES
        && words.chars().all(plain)
        && words.split_whitespace().all(|word| word.len() <= WORD_LIMIT_BYTES && !names_a_device(word))
}

fn names_a_device(word: &str) -> bool {
    let longest =
        |text: &str| text.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap_or_default();
    longest(word) >= DIGITS_LIMIT || longest(&word.replace([':', '-'], "")) >= MAC_DIGITS
}

fn holds(words: &str, secret: &Secret) -> bool {
    let secret = secret.reveal().as_bytes();
    secret.is_empty() || words.as_bytes().windows(secret.len()).any(|part| part.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_service_are_repeated_only_where_they_cannot_be_a_secret() {
        let hidden = [Secret::new("Hunter2"), Secret::new("me@home.example")];
        let long = "a".repeat(25);
        let rows = [
            ("Internal Server Error", "HTTP 500 (Internal Server Error)"),
            ("hunter2 is wrong", "HTTP 500"),
            ("no me@home.example", "HTTP 500"),
            ("\u{1b}[31mred", "HTTP 500"),
            (long.as_str(), "HTTP 500"),
            ("", "HTTP 500"),
            ("no device aabbccddeeff", "HTTP 500"),
            ("AA:BB:CC:DD:EE:FF is away", "HTTP 500"),
            ("serial 20240117X0001234", "HTTP 500"),
            ("ERROR_CODE_1234567", "HTTP 500 (ERROR_CODE_1234567)"),
        ];
        for (words, told) in rows {
            let refusal = Refusal::new(RefusalKind::Other, 500, "HTTP 500".to_owned(), Some(words));
            assert_eq!(refusal.told(hidden.iter()), told);
        }
    }
}
