//! The whole cloud: service, gateway, broker, and a home to watch it from.

use std::process::Command;

use super::service::Service;
use super::state::{Action, EMAIL, PASSWORD, key};
use crate::cloud::gateway::Gateway;
use crate::mosquitto::server::Mosquitto;
use crate::program::Home;
use crate::watch::{QUICK, Watch};

/// All that stands behind `nwdiag watch navien`. The gateway takes the keys of the first sign-in.
pub(super) struct Cloud {
    pub(super) broker: Mosquitto,
    pub(super) gateway: Gateway,
    pub(super) service: Service,
    pub(super) home: Home,
}

impl Cloud {
    /// `None` where there is no mosquitto.
    pub(super) fn start(test: &str) -> Option<Self> {
        let broker = Mosquitto::start(test)?;
        let gateway = Gateway::start(&broker, &[key(1)]);
        let service = Service::start(&broker.certificates);
        Some(Self { broker, gateway, service, home: Home::new() })
    }

    /// A watch that is quick to miss a ping, and to come back.
    pub(super) fn command(&self, password: &str, options: &[&str]) -> Command {
        self.usual_command(password, &[&QUICK[..], options].concat())
    }

    /// A watch with the timers that its users have.
    pub(super) fn usual_command(&self, password: &str, options: &[&str]) -> Command {
        let endpoint = self.gateway.url().replace("wss://", "").replace("/mqtt", "");
        let (api, ca) = (self.service.url(), self.broker.certificates.ca.display().to_string());
        let place = ["--navien-api", &api, "--navien-endpoint", &endpoint, "--cafile", &ca];
        let mut command = self.home.command(&[&["watch", "navien"][..], &place, options].concat());
        command.env("NAVIEN_EMAIL", EMAIL).env("NAVIEN_PASSWORD", password);
        command
    }

    /// A quick watch whose records are read one by one.
    pub(super) fn watch(&self, options: &[&str]) -> Watch {
        Watch::of(self.command(PASSWORD, &[&["--format", "json"], options].concat()))
    }

    /// The same with the usual timers.
    pub(super) fn usual_watch(&self, options: &[&str]) -> Watch {
        Watch::of(self.usual_command(PASSWORD, &[&["--format", "json"], options].concat()))
    }

    pub(super) fn next(&self, path: &'static str, action: Action) {
        self.service.state().next(path, action);
    }

    #[track_caller]
    pub(super) fn was_asked_for(&self, paths: &[&str]) {
        let state = self.service.state();
        assert_eq!((state.paths(), &state.breaches), (paths.to_vec(), &Vec::new()));
    }
}
