//! The world: clocks, sockets, files, terminals. Nothing above this room touches them.

pub mod clock;
pub mod dial;
pub mod driver;
pub mod encrypted;
pub mod host;
pub mod host_watch;
pub mod journal_file;
pub mod journal_writer;
pub mod kernel;
pub mod link;
pub mod live_output;
pub mod lock;
pub mod log;
pub mod margin;
pub mod network;
pub mod outbox;
pub mod password_file;
pub mod replacement;
pub mod report_input;
pub mod report_output;
pub mod signal;
pub mod socket;
pub mod stream;
pub mod terminal;
pub mod websocket;
