//! SIGINT, SIGTERM and SIGHUP as requests to end the run.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::event::StopReason;

/// From now on, sends a request for every signal that ends a run.
pub fn listen(stops: &mpsc::Sender<StopReason>) -> io::Result<()> {
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !hangup_is_ignored() {
        kinds.push(SignalKind::hangup());
    }
    for kind in kinds {
        let mut signals = signal(kind)?;
        let stops = stops.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // If the queue is full, it holds a request already.
                let _ = stops.try_send(StopReason::Signal);
            }
        });
    }
    Ok(())
}

/// From now on, a file that would pass the limit of this process (`ulimit -f`) is a write that fails, as on a full disk,
/// instead of the end of the process. To be called in the runtime.
pub fn survive_file_size_limit() -> io::Result<()> {
    // A handler once installed stays for the life of the process, also when nobody listens any more.
    signal(SignalKind::from_raw(nix::libc::SIGXFSZ)).map(drop)
}

/// Whether SIGHUP was ignored when the process began, as under `nohup`. Listening to it would undo that.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
