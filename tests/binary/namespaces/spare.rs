//! Changes to an interface that the connection does not use: told, and no reason for a drop.

use serde_json::Value;

use super::world::{PING_TIMEOUT, World, each, tell};
use crate::program::count;

fn tells(records: &[Value], kind: &str, detail: &str) {
    let change = records.iter().find(|record| record["kind"] == kind).unwrap();
    assert_eq!((&change["interface"], &change["in_use"]), (&"spare".into(), &false.into()), "{change}");
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
