//! The built program in network namespaces, where packets are lost and links, addresses and routes go away. Where
//! namespaces cannot be made, each test says that it is left out; `NWDIAG_REQUIRE_NAMESPACES=1` makes it fail instead.
//!
//! Nothing of the host's own network is touched.

mod faults;
mod loss;
mod namespace;
mod spare;
mod world;

/// Set where a test that is left out counts as failed.
pub(crate) const REQUIRED: &str = "NWDIAG_REQUIRE_NAMESPACES";
