//! The signal of a Wi-Fi link, from nl80211 or, where the kernel lacks that, from `/proc/net/wireless`.
//!
//! Synchronous: the kernel answers at once from what it has measured. No socket outlives the call that opened
//! it.

use std::io;

use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockProtocol;

use super::netlink::{attribute, attributes, dump};

/// The signal of the access point that `interface` is associated with, in dBm; `None` if there is none, or no
/// Wi-Fi.
pub fn wifi_dbm(interface: &str) -> Option<i32> {
    let asked = nl80211_dbm(interface)
        .inspect_err(|error| tracing::debug!(%error, interface, "nl80211 gives no signal"))
        .ok()
        .flatten();
    asked.or_else(|| table_dbm(&std::fs::read_to_string("/proc/net/wireless").ok()?, interface))
}

/// Signals that are taken as measured, in dBm: drivers report 0 or less than -127 when they do not know.
const PLAUSIBLE_DBM: std::ops::RangeInclusive<i32> = -127..=-1;

/// `struct genlmsghdr`: command and version (8 bits each), reserved (16 bits).
pub(super) const GENERIC_HEADER_BYTES: usize = 4;

// `include/uapi/linux/genetlink.h`.
const GENERIC_CONTROL: u16 = 16;
const CONTROL_GET_FAMILY: u8 = 3;
const CONTROL_FAMILY_ID: u16 = 1;
const CONTROL_FAMILY_NAME: u16 = 2;

// `include/uapi/linux/nl80211.h`.
const FAMILY: &[u8] = b"nl80211\0";
const GET_STATION: u8 = 17;
const INTERFACE_INDEX: u16 = 3;
const STATION: u16 = 21;
const STATION_SIGNAL: u16 = 7;

fn nl80211_dbm(interface: &str) -> io::Result<Option<i32>> {
    // All families are asked for, not one by name: for a name that it does not know the kernel would load
    // modules.
    let families = dump(SockProtocol::NetlinkGeneric, GENERIC_CONTROL, &[CONTROL_GET_FAMILY, 1, 0, 0])?;
    let Some(family) = families.iter().find_map(|(_, payload)| family_of_wifi(payload)) else {
        return Ok(None);
    };
    let index = if_nametoindex(interface)?;
    let stations = dump(SockProtocol::NetlinkGeneric, family, &station_request(index))?;
    Ok(stations.iter().find_map(|(_, payload)| station_dbm(payload)))
}

/// The family number of nl80211, if this control message describes that family.
pub(super) fn family_of_wifi(payload: &[u8]) -> Option<u16> {
    let family = payload.get(GENERIC_HEADER_BYTES..)?;
    let id = attribute(family, CONTROL_FAMILY_ID)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))?;
    (attribute(family, CONTROL_FAMILY_NAME)? == FAMILY).then_some(id)
}

/// A request for the stations of the interface with this index.
pub(super) fn station_request(index: libc::c_uint) -> Vec<u8> {
    const ATTRIBUTE_BYTES: u16 = 8;
    let kind = [ATTRIBUTE_BYTES.to_ne_bytes(), INTERFACE_INDEX.to_ne_bytes()].concat();
    [&[GET_STATION, 0, 0, 0], &kind[..], &index.to_ne_bytes()].concat()
}

/// The signal in an nl80211 message about a station.
pub(super) fn station_dbm(payload: &[u8]) -> Option<i32> {
    let message = payload.get(GENERIC_HEADER_BYTES..)?;
    let station = attributes(message).find_map(|(kind, value)| (kind == STATION).then_some(value))?;
    let &[signal, ..] = attribute(station, STATION_SIGNAL)? else { return None };
    Some(i32::from(signal.cast_signed())).filter(|dbm| PLAUSIBLE_DBM.contains(dbm))
}

/// The signal in the table of `/proc/net/wireless`: a line for each interface, `name: status quality level
/// noise …`, with a dot after numbers that were updated. A level that is not below zero is in a unit of the
/// driver's.
pub(super) fn table_dbm(table: &str, interface: &str) -> Option<i32> {
    let (_, values) =
        table.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == interface)?;
    let level = values.split_whitespace().nth(2)?;
    level.trim_end_matches('.').parse().ok().filter(|dbm| PLAUSIBLE_DBM.contains(dbm))
}
