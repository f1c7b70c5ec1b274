//! What a real kernel tells, in network namespaces of the tests' own.

use std::io::Write;
use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use tokio::runtime::Builder;

use crate::io::clock::{self, Clock};
use crate::io::network::route::goes_by_default_route;
use crate::io::network::{NetworkEvents, interface_of};

/// Set where a test that is left out counts as failed.
const REQUIRED: &str = "NWDIAG_REQUIRE_NAMESPACES";

/// No change takes so long: it does not come.
const HUNG: Duration = Duration::from_secs(30);

/// Runs `steps` in a network namespace that has two ends of a cable: `eth0`, and `far0`, which nothing is said of. A
/// thread has it to itself, since a namespace is a thread's. Where there can be none, says that `test` is left out.
fn in_a_namespace(test: &str, prepared: &[&str], steps: impl AsyncFnOnce(&mut Watched) + Send) {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            if let Some(missing) = missing() {
                leave_out(test, &missing);
                return;
            }
            for command in ["link set lo up", "link add eth0 type veth peer name far0", "link set far0 up"] {
                ip(command);
            }
            for command in prepared {
                ip(command);
            }
            Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut watched = Watched { events: NetworkEvents::open().unwrap() };
                steps(&mut watched).await;
                watched.falls_silent().await;
            });
        });
        if let Err(panic) = run.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// What is missing for a namespace of this thread's own with a cable in it.
fn missing() -> Option<String> {
    if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
        return Some(format!("network namespaces: {error}"));
    }
    let probe = ["link", "add", "eth0", "type", "veth", "peer", "name", "far0"];
    let made = Command::new("ip").args(probe).output().map_err(|error| format!("the program ip: {error}"));
    let removed = || ip("link del eth0");
    match made {
        Ok(output) if output.status.success() => {
            removed();
            None
        }
        Ok(output) => Some(format!("veth: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(error),
    }
}

/// Said past the test harness, which keeps the words of a test that passes to itself.
fn leave_out(test: &str, missing: &str) {
    assert!(std::env::var_os(REQUIRED).is_none(), "{missing}");
    let line = format!("left out: {missing}: {test}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn ip(command: &str) {
    let output = Command::new("ip").args(command.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {command}: {}", String::from_utf8_lossy(&output.stderr));
}

struct Watched {
    events: NetworkEvents,
}

impl Watched {
    /// The next change that is not the cable's far end's, in words; "nothing" where none comes.
    async fn next(&mut self) -> String {
        self.within(HUNG).await
    }

    async fn within(&mut self, span: Duration) -> String {
        let mut out = pin!(after(span));
        loop {
            let change = tokio::select! {
                change = self.events.next() => change,
                () = &mut out => return "nothing".to_owned(),
            };
            if change.interface.as_deref() != Some("far0") {
                let interface = change.interface.unwrap_or_default();
                return format!("{} {interface} {}", change.kind, change.detail).trim().to_owned();
            }
        }
    }

    /// The changes up to one that is `last`, or none more come.
    async fn up_to(&mut self, last: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut told = Vec::new();
        while !last(&told) {
            told.push(self.next().await);
            assert_ne!(told.last().map(String::as_str), Some("nothing"), "{told:?}");
        }
        told
    }

    /// Runs `command`, listening meanwhile, and holds that exactly `changes` follow from it.
    async fn follows(&mut self, command: &str, changes: &[&str]) {
        let mut running = Command::new("ip").args(command.split(' ')).spawn().unwrap();
        for expected in changes {
            assert_eq!(self.next().await, *expected, "after ip {command}");
        }
        assert!(running.wait().unwrap().success(), "ip {command}");
    }

    /// Holds that nothing more follows: an address that is added now is the next change, and the last.
    async fn falls_silent(&mut self) {
        self.follows("addr add 198.51.100.99/32 dev lo", &["address_added lo 198.51.100.99/32"]).await;
        assert_eq!(self.within(Duration::from_millis(400)).await, "nothing");
    }
}

async fn after(span: Duration) {
    let clock = Clock::start();
    clock.sleep_until(Some(clock.now().plus(span))).await;
}

const READY: [&str; 3] =
    ["link set eth0 up", "addr add 192.0.2.7/24 dev eth0", "route add default via 192.0.2.1"];

#[test]
fn how_things_stand_at_first_is_no_change() {
    in_a_namespace("how_things_stand_at_first_is_no_change", &READY, async |watched| {
        watched.falls_silent().await;
        let removed = "address_removed lo 198.51.100.99/32";
        watched.follows("addr del 198.51.100.99/32 dev lo", &[removed]).await;
        assert_eq!(interface_of("192.0.2.7".parse().unwrap()).as_deref(), Some("eth0"));
    });
}

#[test]
fn a_link_goes_down_with_its_route_and_comes_back_without() {
    in_a_namespace("a_link_goes_down_with_its_route_and_comes_back_without", &READY, async |watched| {
        let gone = "default_route_changed eth0 gone, was via 192.0.2.1 on eth0";
        watched.follows("link set eth0 down", &["link_down eth0", gone]).await;
        watched.follows("link set eth0 up", &["link_up eth0"]).await;
        let back = "default_route_changed eth0 via 192.0.2.1 on eth0, was none";
        watched.follows("route add default via 192.0.2.1", &[back]).await;
    });
}

#[test]
fn a_route_that_goes_after_its_link_was_told_of_is_seen_to_go() {
    let test = "a_route_that_goes_after_its_link_was_told_of_is_seen_to_go";
    in_a_namespace(test, &READY, async |watched| {
        let gone = "default_route_changed eth0 gone, was via 192.0.2.1 on eth0";
        let back = "default_route_changed eth0 via 192.0.2.1 on eth0, was none";
        for _ in 0..20 {
            watched.follows("link set eth0 down", &["link_down eth0", gone]).await;
            watched.follows("link set eth0 up", &["link_up eth0"]).await;
            watched.follows("route add default via 192.0.2.1", &[back]).await;
        }
    });
}

#[test]
fn a_lost_carrier_is_a_lost_link_whose_route_goes_when_it_is_switched_off() {
    let test = "a_lost_carrier_is_a_lost_link_whose_route_goes_when_it_is_switched_off";
    in_a_namespace(test, &READY, async |watched| {
        watched.follows("link set far0 down", &["link_down eth0"]).await;
        let gone = "default_route_changed eth0 gone, was via 192.0.2.1 on eth0";
        watched.follows("link set eth0 down", &[gone]).await;
        watched.follows("link set eth0 up", &[]).await;
        watched.follows("link set far0 up", &["link_up eth0"]).await;
    });
}

#[test]
fn an_interface_that_is_deleted_takes_all_along_once() {
    in_a_namespace("an_interface_that_is_deleted_takes_all_along_once", &READY, async |watched| {
        ip("link del eth0");
        let mut told = watched.up_to(|told| told.len() == 3).await;
        told.sort();
        let expected = [
            "address_removed eth0 192.0.2.7/24",
            "default_route_changed eth0 gone, was via 192.0.2.1 on eth0",
            "link_down eth0",
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn the_best_default_route_of_each_family_is_followed() {
    let prepared = [READY.as_slice(), &["addr add 2001:db8::7/64 dev eth0 nodad"]].concat();
    in_a_namespace("the_best_default_route_of_each_family_is_followed", &prepared, async |watched| {
        let worse = "route add default via 192.0.2.254 metric 200";
        watched.follows(worse, &[]).await;
        watched.follows("route add 203.0.113.0/24 via 192.0.2.1", &[]).await;
        watched.follows("route add default via 192.0.2.9 table 100", &[]).await;
        let next = "default_route_changed eth0 via 192.0.2.254 on eth0, was via 192.0.2.1 on eth0";
        watched.follows("route del default metric 0", &[next]).await;
        let v6 = "default_route_changed eth0 via 2001:db8::1 on eth0, was none";
        watched.follows("-6 route add default via 2001:db8::1", &[v6]).await;
        watched.follows("route change default via 192.0.2.254 metric 200 mtu 1400", &[]).await;
        let gone = "default_route_changed eth0 gone, was via 192.0.2.254 on eth0";
        let removed = "address_removed eth0 192.0.2.7/24";
        watched.follows("addr del 192.0.2.7/24 dev eth0", &[removed, gone]).await;
        let shared = "route add default nexthop dev eth0 nexthop dev far0";
        watched.follows(shared, &["default_route_changed eth0 on eth0, was none"]).await;
    });
}

#[test]
fn an_address_counts_once_and_from_when_it_can_be_used() {
    in_a_namespace("an_address_counts_once_and_from_when_it_can_be_used", &READY, async |watched| {
        let added = "address_added eth0 192.0.2.8/32";
        watched.follows("addr add 192.0.2.8/32 dev eth0", &[added]).await;
        watched.follows("addr change 192.0.2.8/32 dev eth0 valid_lft 600 preferred_lft 300", &[]).await;
        watched.follows("addr add 2001:db8::8/64 dev eth0", &["address_added eth0 2001:db8::8/64"]).await;
        let shown = Command::new("ip").args(["-6", "addr", "show", "dev", "eth0"]).output().unwrap().stdout;
        let shown = String::from_utf8(shown).unwrap();
        let line = shown.lines().find(|line| line.contains("2001:db8::8")).unwrap();
        assert!(!line.contains("tentative"), "{line}");
        watched.follows("addr add fe80::8/64 dev eth0 nodad", &[]).await;
        watched.follows("addr del fe80::8/64 dev eth0", &[]).await;
        watched.follows("addr del 2001:db8::8/64 dev eth0", &["address_removed eth0 2001:db8::8/64"]).await;
    });
}

#[test]
fn a_change_survives_that_the_future_was_dropped() {
    in_a_namespace("a_change_survives_that_the_future_was_dropped", &READY, async |watched| {
        let began = clock::wall();
        let mut told = Vec::new();
        ip("link set eth0 down");
        while told.len() < 2 {
            assert!((clock::wall() - began).to_std().unwrap_or_default() < HUNG, "{told:?}");
            tokio::select! {
                biased;
                change = watched.next() => told.push(change),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(told, ["link_down eth0", "default_route_changed eth0 gone, was via 192.0.2.1 on eth0"]);
    });
}

#[test]
fn what_the_kernel_had_no_room_to_tell_is_found_all_the_same() {
    let test = "what_the_kernel_had_no_room_to_tell_is_found_all_the_same";
    in_a_namespace(test, &READY, async |watched| {
        let folder = tempfile::tempdir().unwrap();
        let batch = folder.path().join("batch");
        let mut commands = String::from("link set eth0 down\n");
        for _ in 0..2000 {
            commands.push_str("addr add 192.0.2.99/32 dev lo\naddr del 192.0.2.99/32 dev lo\n");
        }
        commands.push_str("addr add 192.0.2.10/32 dev lo\nlink set eth0 up\nlink set eth0 down\n");
        std::fs::write(&batch, commands).unwrap();
        ip(&format!("-batch {}", batch.display()));
        let gone = "default_route_changed eth0 gone, was via 192.0.2.1 on eth0";
        let told = watched.up_to(|told| told.last().is_some_and(|last| last == gone)).await;
        assert!(told.len() < 4000, "the socket had room for all");
        let count = |wanted: &str| told.iter().filter(|change| *change == wanted).count();
        let (added, removed) = ("address_added lo 192.0.2.99/32", "address_removed lo 192.0.2.99/32");
        assert_eq!(count(added), count(removed));
        for once in ["link_down eth0", "address_added lo 192.0.2.10/32"] {
            assert_eq!(count(once), 1, "{once}");
        }
    });
}

#[test]
fn the_kernel_says_which_connections_go_by_the_default_route() {
    const PREPARED: [&str; 7] = [
        READY[0],
        READY[1],
        READY[2],
        "route add 203.0.113.0/24 via 192.0.2.2",
        "addr add 2001:db8::7/64 dev eth0 nodad",
        "-6 route add default via 2001:db8::1",
        "-6 route add 2001:db8:1::/48 via 2001:db8::2",
    ];
    let by_default =
        |local: &str, peer: &str| goes_by_default_route(local.parse().unwrap(), peer.parse().unwrap());
    in_a_namespace("the_kernel_says_which_connections_go_by_the_default_route", &PREPARED, async |_| {
        let rows = [
            ("192.0.2.7", "198.51.100.9", Some(true)),
            ("192.0.2.7", "192.0.2.9", Some(false)),
            ("192.0.2.7", "203.0.113.9", Some(false)),
            ("127.0.0.1", "127.0.0.1", Some(false)),
            ("192.0.2.7", "192.0.2.7", Some(false)),
            ("2001:db8::7", "2001:db8:2::9", Some(true)),
            ("2001:db8::7", "2001:db8:1::9", Some(false)),
            ("2001:db8::7", "2001:db8::9", Some(false)),
            ("::1", "::1", Some(false)),
        ];
        for (local, peer, expected) in rows {
            assert_eq!(by_default(local, peer), expected, "{local} to {peer}");
        }
        ip("route del default");
        assert_eq!(by_default("192.0.2.7", "198.51.100.9"), None, "no way there");
        ip("route add default via 192.0.2.1");
    });
}
