//! A password, token or key: no message can show it, nothing can serialise it, and its memory is wiped on
//! drop.
//!
//! What is kept is wiped. Copies on the way to and from the network are not: they pass through buffers of the
//! MQTT, HTTP, JSON and TLS crates. Nor is the environment that the process was started with.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of the text.
const PLACEHOLDER: &str = "[hidden]";

/// A password, token or key.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Hides `text`. A `String` is taken over and not copied, as far as it has no room to spare.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The text itself: for the network and for comparisons, never for a message.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn a_secret_never_shows_itself_and_is_wiped_on_drop() {
        fn is_wiped_on_drop(_: &impl ZeroizeOnDrop) {}
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[hidden] Some([hidden])");
        assert_eq!(secret.reveal(), "hunter2");
        is_wiped_on_drop(&secret.0);
    }

    #[test]
    fn secrets_are_equal_by_their_text() {
        assert_eq!(Secret::new("hunter2"), Secret::new(String::from("hunter2")).clone());
        assert_ne!(Secret::new("hunter2"), Secret::new("hunter3"));
    }
}
