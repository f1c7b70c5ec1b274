//! Text from outside, made harmless for a terminal.

use std::borrow::Cow;

use crate::event::TargetFacts;
use crate::units::MISSING;

/// The URL of a target, or its name where a record holds no URL.
pub(super) fn address(target: &TargetFacts) -> Option<&str> {
    [target.url.as_str(), target.name.as_str()].into_iter().find(|name| !name.is_empty())
}

/// What is watched, and under which client ID: `mqtts://broker.example:8883 as nwdiag-5f0c2a91`.
pub(super) fn watched(target: &TargetFacts) -> String {
    let address = address(target).map_or(Cow::Borrowed(MISSING), clean);
    match target.client_id.as_str() {
        "" => address.into_owned(),
        client_id => format!("{address} as {}", clean(client_id)),
    }
}

/// Text from outside, on one line, with everything that could steer or deceive a terminal written as an escape:
/// `\n`, `\u{1b}`, `\u{202e}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    Cow::Owned(clean)
}

/// Whether a character steers a terminal (C0, DEL, C1), turns the direction of text, or hides.
///
/// The joiners U+200C and U+200D stay: scripts and emoji need them.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_an_escape() {
        assert_eq!(clean("plain – ünï 温度 👩‍🔧"), "plain – ünï 温度 👩‍🔧");
        assert_eq!(clean("a\x1b[31mb\r\n\u{9b}2J\u{7f}"), "a\\u{1b}[31mb\\r\\n\\u{9b}2J\\u{7f}");
        assert_eq!(clean("\u{202e}txt\u{2066}"), "\\u{202e}txt\\u{2066}");
    }
}
