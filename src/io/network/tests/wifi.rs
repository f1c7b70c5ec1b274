//! The signal of a Wi-Fi link, from bytes and text as a kernel lays them out, and of an interface that has none.

use super::messages::attribute;
use crate::io::network::wifi::{family_of_wifi, station_dbm, station_request, table_dbm};
use crate::io::network::wifi_dbm;

/// Attribute 21, with the mark of one that holds attributes.
const NESTED_STATION: u16 = 0x8015;

/// A generic message with these attributes.
fn generic(attributes: &[Vec<u8>]) -> Vec<u8> {
    [vec![1, 1, 0, 0], attributes.concat()].concat()
}

#[test]
fn the_family_of_wifi_is_known_by_its_name() {
    let family = |name: &[u8]| generic(&[attribute(2, name), attribute(1, &0x1c_u16.to_ne_bytes())]);
    assert_eq!(family_of_wifi(&family(b"nl80211\0")), Some(0x1c));
    assert_eq!(family_of_wifi(&family(b"nl80211x\0")), None);
    assert_eq!(family_of_wifi(&family(b"nlctrl\0")), None);
    assert_eq!(family_of_wifi(&[]), None);
}

#[test]
fn stations_are_asked_for_by_the_number_of_the_interface() {
    let index = 0x0102_0304_u32;
    let expected = [&[17, 0, 0, 0], &8_u16.to_ne_bytes()[..], &3_u16.to_ne_bytes(), &index.to_ne_bytes()];
    assert_eq!(station_request(index), expected.concat());
}

#[test]
fn the_signal_of_a_station_is_in_dbm() {
    let station = |signal: &[u8]| {
        let inside = [attribute(1, &[0; 4]), attribute(7, signal), attribute(13, &[0xff])].concat();
        generic(&[attribute(3, &[3, 0, 0, 0]), attribute(6, &[2; 6]), attribute(NESTED_STATION, &inside)])
    };
    let rows: [(&[u8], _); 6] = [
        (&[0xc6], Some(-58)),
        (&[0xff], Some(-1)),
        (&[0x81], Some(-127)),
        (&[0x80], None),
        (&[0], None),
        (&[], None),
    ];
    for (signal, expected) in rows {
        assert_eq!(station_dbm(&station(signal)), expected, "{signal:?}");
    }
    let whole = station(&[0xc6]);
    for length in 0..whole.len() {
        let _ = station_dbm(&whole[..length]);
    }
    assert_eq!(station_dbm(&generic(&[attribute(3, &[3, 0, 0, 0])])), None);
}

const TABLE: &str = "\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   52.  -58.  -256        0      0      0      0     65        0
wlp0s20f3: 0000   70  -40  -256        0      0      0      0      0        0
 idle0: 0000    0.  -256.  -256        0      0      0      0      0        0
 units0: 0000   31.   62.    0        0      0      0      0      0        0
 short0: 0000
";

#[test]
fn the_table_of_older_kernels_says_it_too() {
    let rows = [
        ("wlan0", Some(-58)),
        ("wlp0s20f3", Some(-40)),
        ("idle0", None),
        ("units0", None),
        ("short0", None),
        ("wlan", None),
        ("face", None),
    ];
    for (interface, expected) in rows {
        assert_eq!(table_dbm(TABLE, interface), expected, "{interface}");
    }
}

#[test]
fn an_interface_without_wifi_has_no_signal_and_asking_leaves_nothing_open() {
    let open = || std::fs::read_dir("/proc/thread-self/fd").unwrap().count();
    for interface in ["lo", "no such interface", ""] {
        assert_eq!(wifi_dbm(interface), None, "{interface}");
    }
    let before = open();
    for _ in 0..2000 {
        assert_eq!(wifi_dbm("lo"), None);
    }
    assert!(open() < before + 1000);
}
