//! Each row of a table runs over several transports and in both versions of MQTT, all of them at once.

use std::fmt::Debug;

use nwdiag::event::{Protocol, Transport};
use tokio::task::JoinHandle;

use Transport::{Tcp, Tls, Ws, Wss};

/// In this order rows state what differs by transport.
pub(crate) const EVERYWHERE: &[Transport] = &[Tcp, Tls, Ws, Wss];
pub(crate) const ENCRYPTED: &[Transport] = &[Tls, Wss];
pub(crate) const FRAMED: &[Transport] = &[Ws, Wss];

/// In this order rows state what differs by version.
pub(crate) const VERSIONS: &[Protocol] = &[Protocol::V311, Protocol::V5];
pub(crate) const FIVE: &[Protocol] = &[Protocol::V5];

/// One run of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) transport: Transport,
    pub(crate) protocol: Protocol,
}

impl Cell {
    /// What this transport is to tell.
    pub(crate) fn by_transport<T: Copy>(self, each: [T; 4]) -> T {
        each[self.transport as usize]
    }

    /// What this version is to tell.
    pub(crate) fn by_version<T: Clone>(self, each: &[T; 2]) -> T {
        each[self.protocol as usize].clone()
    }
}

/// Every transport in every version.
pub(crate) fn cells(over: &[Transport], versions: &[Protocol]) -> Vec<Cell> {
    let cell =
        |transport: Transport| versions.iter().map(move |protocol| Cell { transport, protocol: *protocol });
    over.iter().flat_map(|transport| cell(*transport)).collect()
}

/// Starts `run` in every cell; what comes of each can be waited for in order.
pub(crate) fn start<F, T>(cells: Vec<Cell>, run: impl Fn(Cell) -> F) -> Vec<(Cell, JoinHandle<T>)>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    cells.into_iter().map(|cell| (cell, tokio::spawn(run(cell)))).collect()
}

/// Says so where the cell told something else than it should.
pub(crate) fn compare<T: PartialEq + Debug>(fault: &str, cell: Cell, told: &T, expected: &T) -> Vec<String> {
    if told == expected {
        return Vec::new();
    }
    let Cell { transport, protocol } = cell;
    vec![format!("{fault}, {transport}, {protocol}:\n  told     {told:?}\n  expected {expected:?}")]
}

/// Fails with all that was wrong in a table.
pub(crate) fn assert_right(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
