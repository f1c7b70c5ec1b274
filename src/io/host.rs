//! What this host is called.

/// The name of this host; empty where it cannot be told as text.
pub fn name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}
