//! Ports of loopback for brokers that come back at the same place.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to outgoing connections: while a broker is down, nobody gets its port by chance,
/// and no attempt to reach it can meet itself.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
/// Where test programs run beside each other, each begins at a place of its own.
const STRIDE: u32 = 64;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens at, given out once.
pub(super) fn free() -> u16 {
    let start = std::process::id().wrapping_mul(STRIDE) % u32::from(COUNT);
    for _ in 0..COUNT {
        let step = u32::from(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((start + step) % u32::from(COUNT)).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && !taken_on_ipv6(port) {
            return port;
        }
    }
    panic!("no port of {COUNT} is free");
}

fn taken_on_ipv6(port: u16) -> bool {
    has_ipv6() && TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_err()
}

/// Whether this host has `::1`.
pub(super) fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}
