//! An appliance of the account, as the service's device list tells of it: its topics, and its name in public.

use std::borrow::Cow;
use std::fmt;

/// One appliance: what its topics and requests are made of. Its `Debug` shows the MAC masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Its MAC, as the service writes it: twelve hexadecimal digits.
    pub mac: String,
    /// Its kind; 52 is the Wi-Fi module of the NWP500.
    pub device_type: u32,
    /// What every request to it has to repeat.
    pub additional_value: String,
    /// Whether the service sees it connected; `None` where it says neither yes nor no.
    pub cloud_connected: Option<bool>,
    /// The service's last fault of it, 0 for none; kept by the service while the appliance is away.
    pub cloud_error_code: Option<i64>,
}

/// Appliances of an account that are watched; more are no home.
pub const DEVICES_LIMIT: usize = 32;

/// What every topic of an appliance holds before its MAC.
const LINK: &str = "navilink-";

/// Digits of a MAC: whatever is shorter is not shown in parts, because the parts would be most of it.
const MAC_DIGITS: usize = 12;

/// Stands for what is no MAC.
const HIDDEN: &str = "<REDACTED>";

impl Device {
    /// Whether topics can be made of its MAC: letters and digits only, as a wildcard or a slash would make it hear, or
    /// ask, somebody else.
    pub fn is_addressable(&self) -> bool {
        !self.mac.is_empty() && self.mac.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// What all of its topics begin with.
    pub fn topics_begin(&self) -> String {
        format!("cmd/{}/{LINK}{}/", self.device_type, self.mac)
    }

    /// The filter under which its answers come, and our own requests with them.
    pub fn filter(&self) -> String {
        format!("{}#", self.topics_begin())
    }

    /// Its name in records and reports.
    pub fn masked(&self) -> String {
        masked_mac(&self.mac)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("mac", &self.masked())
            .field("device_type", &self.device_type)
            .field("cloud_connected", &self.cloud_connected)
            .finish_non_exhaustive()
    }
}

/// A MAC that can be shown: its first two and last four digits, `aa...eeff`. What is no MAC is not shown at all.
pub fn masked_mac(mac: &str) -> String {
    let digits: String = mac.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    let is_mac = digits.len() == MAC_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_mac { format!("{}...{}", &digits[..2], &digits[MAC_DIGITS - 4..]) } else { HIDDEN.to_owned() }
}

/// A topic that can be shown: behind every `navilink-` the MAC is masked.
pub fn masked_topic(topic: &str) -> Cow<'_, str> {
    if !topic.contains(LINK) {
        return Cow::Borrowed(topic);
    }
    let levels = topic.split('/').map(|level| match level.split_once(LINK) {
        Some((before, mac)) => Cow::Owned(format!("{before}{LINK}{}", masked_mac(mac))),
        None => Cow::Borrowed(level),
    });
    Cow::Owned(levels.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(mac: &str) -> Device {
        let additional_value = "5322".to_owned();
        Device {
            mac: mac.to_owned(),
            device_type: 52,
            additional_value,
            cloud_connected: None,
            cloud_error_code: None,
        }
    }

    #[test]
    fn its_topics_are_those_of_the_service() {
        let device = device("aabbccddeeff");
        assert_eq!(device.filter(), "cmd/52/navilink-aabbccddeeff/#");
        assert_eq!(device.topics_begin(), "cmd/52/navilink-aabbccddeeff/");
    }

    #[test]
    fn a_mac_that_would_reach_into_other_topics_is_not_addressed() {
        for (mac, is_addressable) in
            [("aabbccddeeff", true), ("AA01", true), ("", false), ("a/b", false), ("+", false), ("#", false)]
        {
            assert_eq!(device(mac).is_addressable(), is_addressable, "{mac}");
        }
    }

    #[test]
    fn at_most_half_of_a_mac_is_shown_and_nothing_of_what_is_none() {
        let rows = [
            ("aabbccddeeff", "aa...eeff"),
            ("AA:BB:CC:DD:EE:FF", "AA...EEFF"),
            ("aa-bb-cc-dd-ee-ff", "aa...eeff"),
            ("abcde", HIDDEN),
            ("aabbccddeef", HIDDEN),
            ("aabbccddeeff00", HIDDEN),
            ("", HIDDEN),
            ("zzzzzzzzzzzz", HIDDEN),
            ("ääääää", HIDDEN),
        ];
        for (mac, shown) in rows {
            assert_eq!(masked_mac(mac), shown, "{mac}");
        }
    }

    #[test]
    fn a_log_line_about_a_device_holds_nothing_that_names_it() {
        let shown = format!("{:?}", device("aabbccddeeff"));
        assert!(shown.contains("aa...eeff") && !shown.contains("aabbccddeeff"), "{shown}");
        assert!(!shown.contains("5322"), "{shown}");
    }

    #[test]
    fn topics_are_shown_without_the_mac() {
        let rows = [
            ("cmd/52/navilink-aabbccddeeff/#", "cmd/52/navilink-aa...eeff/#"),
            (
                "cmd/52/navilink-aabbccddeeff/navien-client-0123abcd/res",
                "cmd/52/navilink-aa...eeff/navien-client-0123abcd/res",
            ),
            ("evt/52/navilink-aabbccd/st", "evt/52/navilink-<REDACTED>/st"),
            ("a/navilink-navilink-aabbccddeeff", "a/navilink-<REDACTED>"),
            ("a/b", "a/b"),
        ];
        for (topic, shown) in rows {
            assert_eq!(masked_topic(topic), shown);
        }
    }
}
