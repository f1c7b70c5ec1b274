//! The world: clocks, sockets, files, terminals. Nothing above this room touches them.

pub mod clock;
pub mod journal_file;
pub mod lock;
pub mod outbox;
