//! The name of this host.

/// The host's name; empty if it is unknown or not UTF-8.
pub fn name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}
