//! Where the clients of a test meet the broker: over sockets of 127.0.0.1, or over a network of virtual time.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::client::PATIENCE;
use super::virtual_network::VirtualNetwork;
use crate::event::Moment;
use crate::io::clock::Clock;
use crate::simulator::Simulator;
use crate::simulator::core::Observed;
use crate::simulator::script::Script;

/// A broker within reach.
pub(super) enum Network {
    Sockets(Simulator),
    Virtual(Rc<RefCell<VirtualNetwork>>),
}

/// Runs the test against the same script in both places.
pub(super) async fn over_both(script: Script, test: impl AsyncFn(&Network)) {
    test(&Network::Virtual(Rc::new(RefCell::new(VirtualNetwork::new(script.clone()))))).await;
    test(&Network::Sockets(Simulator::start(script, Clock::start()).expect("a free port"))).await;
}

impl Network {
    /// For the message of a test that fails.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Sockets(_) => "over sockets",
            Self::Virtual(_) => "in virtual time",
        }
    }

    /// What a connection request meets at once, if it is an error.
    pub(super) async fn refusal(&self) -> Option<ErrorKind> {
        match self {
            Self::Sockets(simulator) => {
                TcpStream::connect(simulator.address()).await.err().map(|error| error.kind())
            }
            Self::Virtual(network) => network.borrow_mut().connect(Duration::ZERO).err(),
        }
    }

    pub(super) fn observed(&self) -> Observed {
        match self {
            Self::Sockets(simulator) => simulator.observed(),
            Self::Virtual(network) => network.borrow().observed().clone(),
        }
    }

    pub(super) async fn observed_until(&self, enough: impl FnMut(&Observed) -> bool) -> Observed {
        match self {
            Self::Sockets(simulator) => {
                let clock = Clock::start();
                tokio::select! {
                    observed = simulator.observed_until(enough) => observed,
                    () = clock.sleep_until(Some(Moment::after_start(PATIENCE))) => {
                        panic!("nothing more happens: {:?}", simulator.observed())
                    }
                }
            }
            Self::Virtual(network) => network.borrow_mut().observed_until(enough),
        }
    }
}
