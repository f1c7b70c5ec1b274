//! The simulator on a thread of its own: a broker on 127.0.0.1 that does what a test asks for.

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use nwdiag::io::clock::Clock;
use nwdiag::simulator::Simulator;
use nwdiag::simulator::core::Observed;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{Action, Behavior, ConnectReply, Script, Then, Trigger};
use tokio::sync::oneshot;

/// A broker that is there as long as this.
pub(crate) struct Broker {
    simulator: Option<Simulator>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    pub(crate) fn start(script: Script) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (sender, simulators) = channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                sender.send(Simulator::start(script, Clock::start()).unwrap()).unwrap();
                // It fails where the test has gone, which is a reason to stop as well.
                let _ = stopped.await;
            });
        });
        Self { simulator: simulators.recv().ok(), stop: Some(stop), thread: Some(thread) }
    }

    /// Serves well.
    pub(crate) fn serving() -> Self {
        Self::start(Script::of([]))
    }

    /// Takes CONNECT and never answers.
    pub(crate) fn stalling() -> Self {
        Self::start(Script::of([Behavior::replying(ConnectReply::Stall)]))
    }

    /// A port where nobody listens.
    pub(crate) fn refusing() -> Self {
        Self::start(Script::of([]).and_then(Then::Refuse))
    }

    /// Accepts and closes, for ever.
    pub(crate) fn flapping() -> Self {
        let flap = Behavior::serving().act(Trigger::on(PacketKind::Connect), Action::Fin);
        Self::start(Script::of([flap]).and_then(Then::Repeat))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.simulator.as_ref().unwrap().address()
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://{}", self.address())
    }

    /// The name of its journal.
    pub(crate) fn name(&self) -> String {
        format!("mqtt-127.0.0.1-{}", self.address().port())
    }

    pub(crate) fn observed(&self) -> Observed {
        self.simulator.as_ref().unwrap().observed()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.simulator = None;
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The shortest way back, so that a broker that flaps does so quickly.
pub(crate) const AT_ONCE: [&str; 4] = ["--reconnect-min", "1ms", "--reconnect-max", "1ms"];
