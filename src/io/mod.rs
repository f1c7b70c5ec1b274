//! The world: clocks, sockets, files, terminals. Nothing above this room touches them.

pub mod clock;
pub mod dial;
pub mod driver;
pub mod journal_file;
pub mod link;
pub mod lock;
pub mod outbox;
pub mod stream;
pub mod websocket;
