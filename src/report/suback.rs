//! What a broker means when it refuses a subscription: codes of SUBACK. It knows no packets, only the numbers.

/// Codes of 3.1.1 (128 alone) and of MQTT 5, in plain words.
const REFUSALS: [(u8, &str); 9] = [
    (128, "refused without a reason"),
    (131, "the broker could not process it"),
    (135, "not authorized"),
    (143, "the filter is not valid"),
    (145, "the packet identifier is in use"),
    (151, "a quota is exceeded"),
    (158, "shared subscriptions are not supported"),
    (161, "subscription identifiers are not supported"),
    (162, "wildcards are not supported"),
];

/// `not authorized (code 135)`; an unknown code is told alone.
pub(super) fn refusal(code: u8) -> String {
    match REFUSALS.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => format!("{words} (code {code})"),
        None => format!("code {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_words_and_code() {
        assert_eq!(refusal(135), "not authorized (code 135)");
        assert_eq!(refusal(200), "code 200");
    }
}
