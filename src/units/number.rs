//! Numbers: thousands are parted by a comma, and a ratio says 0 % or 100 % only of nothing or all.

/// A whole number: `1,234,567`.
pub fn number(value: u64) -> String {
    grouped(&value.to_string())
}

/// A measured or computed amount, at least 0, as a whole number: `1,234`.
pub fn whole(value: f64) -> String {
    grouped(&format!("{:.0}", value.abs()))
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many of something, given as one of them: `1 drop`, `2 drops`, `3 entries`.
pub fn count(value: u64, singular: &str) -> String {
    let noun = if value == 1 { singular.to_owned() } else { plural(singular) };
    format!("{} {noun}", number(value))
}

fn plural(singular: &str) -> String {
    let stem = singular.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    stem.map_or_else(|| format!("{singular}s"), |stem| format!("{stem}ies"))
}

/// A ratio of 0 to 1 in percent, with two decimals: `99.80 %`; only a whole reads `100 %`, and only nothing `0 %`.
pub fn percent(ratio: f64) -> String {
    if ratio >= 1.0 {
        return "100 %".to_owned();
    }
    if ratio <= 0.0 {
        return "0 %".to_owned();
    }
    format!("{:.2} %", (ratio * 100.0).clamp(0.01, 99.99))
}

/// `part` of `whole` in whole percent: `67 %`, `<1 %`, `>99 %`.
pub fn share(part: u64, whole: u64) -> String {
    let tenths_of_percent = u128::from(part) * 1000 / u128::from(whole.max(1));
    match (tenths_of_percent + 5) / 10 {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// A probability of 0 to 1 in whole percent: `96 %`.
pub fn confidence(probability: f64) -> String {
    format!("{:.0} %", probability * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_all_never_reads_a_hundred_percent_and_more_than_nothing_never_zero() {
        let rows =
            [(1.0, "100 %"), (0.999_999_9, "99.99 %"), (0.9998, "99.98 %"), (1e-9, "0.01 %"), (0.0, "0 %")];
        for (ratio, text) in rows {
            assert_eq!(percent(ratio), text);
        }
        let rows = [(2, 3, "67 %"), (1, 1000, "<1 %"), (999, 1000, ">99 %"), (3, 3, "100 %"), (0, 0, "0 %")];
        for (part, whole, text) in rows {
            assert_eq!(share(part, whole), text);
        }
        assert_eq!(confidence(0.957), "96 %");
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let rows = [
            (0, "drop", "0 drops"),
            (1, "drop", "1 drop"),
            (1_234_567, "drop", "1,234,567 drops"),
            (1, "entry", "1 entry"),
            (2, "entry", "2 entries"),
            (2, "day", "2 days"),
        ];
        for (value, noun, text) in rows {
            assert_eq!(count(value, noun), text);
        }
        assert_eq!((number(123), whole(1427.6)), ("123".to_owned(), "1,428".to_owned()));
    }
}
