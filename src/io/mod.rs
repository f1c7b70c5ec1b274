//! The world: clocks, sockets, files, terminals. Nothing above this room touches them.

pub mod clock;
