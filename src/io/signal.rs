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

/// Whether SIGHUP was ignored when the process began, as under `nohup`. Listening to it would undo that.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
