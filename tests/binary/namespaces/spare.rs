//! Changes that the connection's path does not lead through: told, and no reason for a drop.

use serde_json::Value;

use super::world::{PING_TIMEOUT, World, each, tell};
use crate::program::{count, wait_for};

fn tells(records: &[Value], kind: &str, detail: &str) {
    let change = records.iter().find(|record| record["kind"] == kind).unwrap();
    assert_eq!((&change["interface"], &change["in_use"]), (&"spare".into(), &false.into()), "{change}");
    assert_eq!(change["on_path"], false, "{change}");
    assert!(change["detail"].as_str().unwrap().contains(detail), "{change}");
}

#[test]
fn what_happens_to_another_interface_ends_no_session() {
    let fault = "another interface goes down";
    let Some(world) = World::make(fault) else { return };
    world.client().connect("spare", world.router(), "spare").unwrap();
    world.client().ip("address add 192.0.2.2/24 dev spare").unwrap();
    // Long enough for several pings after the change.
    let mut watch = world.watch(PING_TIMEOUT, &["--duration", "6s"]);
    watch.tells("connected");
    world.client().ip("address del 192.0.2.2/24 dev spare").unwrap();
    world.client().ip("link set spare down").unwrap();
    let records = watch.ended();
    tell(fault, &records, None);
    assert_eq!((count(&records, "connected"), each(&records, "drop", "closed_by")), (1, String::new()));
    tells(&records, "address_removed", "192.0.2.2");
    tells(&records, "link_down", "");
    let sample = records.iter().rfind(|record| record["event"] == "sample").unwrap();
    assert_eq!(sample["connected"], true, "{sample}");
    assert!(sample["ping_rtt_ms"]["count"].as_u64() >= Some(3), "{sample}");
}

/// A router that announces IPv6 and takes it back, on the very interface of a session over IPv4.
#[test]
fn an_ipv6_default_route_that_flaps_is_not_on_the_path_of_an_ipv4_session() {
    let fault = "IPv6 default route flaps beside IPv4";
    let Some(world) = World::make(fault) else { return };
    world.client().ip("-6 address add 2001:db8::2/64 dev up0 nodad").unwrap();
    let mut watch = world.watch(PING_TIMEOUT, &["--duration", "6s"]);
    watch.tells("connected");
    let of_routes = |records: &[Value]| -> Vec<Value> {
        let is_route = |record: &&Value| record["kind"] == "default_route_changed";
        records.iter().filter(is_route).cloned().collect()
    };
    for (action, changes) in [("add", 1), ("del", 2), ("add", 3)] {
        world.client().ip(&format!("-6 route {action} default via 2001:db8::1 dev up0")).unwrap();
        wait_for("the change", || (of_routes(&world.records_so_far()).len() == changes).then_some(()));
    }
    let records = watch.ended();
    tell(fault, &records, None);
    assert_eq!((count(&records, "connected"), each(&records, "drop", "closed_by")), (1, String::new()));
    for change in of_routes(&records) {
        assert_eq!((&change["family"], &change["gateway"]), (&6.into(), &"2001:db8::1".into()), "{change}");
        assert_eq!((&change["in_use"], &change["on_path"]), (&true.into(), &false.into()), "{change}");
    }
}
