//! What a broker means when it refuses a subscription. The record holds the code, not the version that was spoken.

use crate::reason::{Source, words};

/// The one code that MQTT 3.1.1 knows; in MQTT 5 it says no more either.
const FAILURE: u8 = 0x80;

/// `Not authorized (0x87): the broker's rules do not permit this client what it asked for`.
pub(super) fn refusal(code: Option<u8>) -> String {
    let Some(code) = code else { return "the broker refused it".to_owned() };
    words(code, if code == FAILURE { Source::SubackV311 } else { Source::V5 })
}
