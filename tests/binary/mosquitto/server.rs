//! A real mosquitto on free ports of this host: started, killed, paused and started again by the tests.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::certificates::Certificates;
use super::ports;
use crate::needs::{find, leave_out};
use crate::program::wait_for;

/// Set where a test that is left out counts as failed.
pub(crate) const REQUIRED: &str = "NWDIAG_REQUIRE_MOSQUITTO";

pub(super) const USER: &str = "me";
pub(super) const PASSWORD: &str = "hunter2";

/// One port for each way in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) plain: u16,
    pub(super) password: u16,
    pub(super) tls: u16,
    pub(super) client_certificate: u16,
    pub(super) expired: u16,
    pub(super) websocket: u16,
    pub(super) websocket_tls: u16,
    /// Only where this host has IPv6.
    pub(super) ipv6: Option<u16>,
}

/// The broker. It does not outlive this.
pub(crate) struct Mosquitto {
    program: PathBuf,
    folder: TempDir,
    child: Child,
    pub(crate) ports: Ports,
    pub(crate) certificates: Certificates,
}

impl Mosquitto {
    /// Starts the broker, or says that `test` is left out.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let tools = ["mosquitto", "mosquitto_passwd", "mosquitto_pub", "mosquitto_sub"]
            .map(|name| (name, find(name)));
        if let Some((missing, _)) = tools.iter().find(|(_, path)| path.is_none()) {
            let why = format!("{missing} is not installed (packages mosquitto and mosquitto-clients)");
            leave_out(test, &why, REQUIRED);
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(folder.path());
        let ports = Ports::free();
        write_passwords(folder.path());
        std::fs::write(folder.path().join("mosquitto.conf"), configuration(&ports, folder.path())).unwrap();
        let program = find("mosquitto").unwrap();
        let child = spawn(&program, folder.path());
        let broker = Self { program, folder, child, ports, certificates };
        broker.wait_until_it_listens();
        Some(broker)
    }

    pub(super) fn plain_url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.ports.plain)
    }

    /// Ends the broker by a signal and waits until it is gone.
    pub(super) fn end(&mut self, signal: Signal) {
        self.signal(signal);
        self.child.wait().unwrap();
    }

    /// Starts the broker again on the same ports.
    pub(super) fn start_again(&mut self) {
        self.child = spawn(&self.program, self.folder.path());
        self.wait_until_it_listens();
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits until the broker's log holds `count` lines with these words.
    pub(crate) fn logs(&self, words: &str, count: usize) {
        wait_for(words, || (self.logged(words) >= count).then_some(()));
    }

    /// How many lines with these words the broker's log holds by now.
    pub(crate) fn logged(&self, words: &str) -> usize {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().filter(|line| line.contains(words)).count()
    }

    /// Publishes `count` messages with mosquitto's own client.
    pub(super) fn publish(&self, topic: &str, qos: u8, count: usize) {
        let (port, qos, count) = (self.ports.plain.to_string(), qos.to_string(), count.to_string());
        let arguments =
            ["-h", "127.0.0.1", "-p", &port, "-t", topic, "-q", &qos, "-m", "x", "--repeat", &count];
        let done = Command::new(find("mosquitto_pub").unwrap()).args(arguments).status().unwrap();
        assert!(done.success());
    }

    /// Publishes once with mosquitto's own client under this client ID.
    pub(crate) fn publish_as(&self, client_id: &str, topic: &str) {
        let port = self.ports.plain.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-i", client_id, "-t", topic, "-m", "x"];
        let done = Command::new(find("mosquitto_pub").unwrap()).args(arguments).status().unwrap();
        assert!(done.success());
    }

    fn wait_until_it_listens(&self) {
        let Ports { plain, password, tls, client_certificate, expired, websocket, websocket_tls, .. } =
            self.ports;
        for port in [plain, password, tls, client_certificate, expired, websocket, websocket_tls] {
            wait_for("mosquitto listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // Both say no more than that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ports {
    fn free() -> Self {
        Self {
            plain: ports::free(),
            password: ports::free(),
            tls: ports::free(),
            client_certificate: ports::free(),
            expired: ports::free(),
            websocket: ports::free(),
            websocket_tls: ports::free(),
            ipv6: ports::has_ipv6().then(ports::free),
        }
    }
}

fn write_passwords(folder: &Path) {
    let program = find("mosquitto_passwd").unwrap();
    let done = Command::new(program)
        .args(["-b", "-c"])
        .arg(folder.join("passwords"))
        .args([USER, PASSWORD])
        .output();
    assert!(done.unwrap().status.success());
}

fn configuration(ports: &Ports, folder: &Path) -> String {
    let folder = folder.display();
    let open = "allow_anonymous true";
    let certified = |name: &str| {
        format!("{open}\ncafile {folder}/ca.pem\ncertfile {folder}/{name}.pem\nkeyfile {folder}/{name}.key")
    };
    let listeners = [
        (ports.plain, open.to_owned()),
        (ports.password, format!("allow_anonymous false\npassword_file {folder}/passwords")),
        (ports.tls, certified("server")),
        (ports.client_certificate, format!("{}\nrequire_certificate true", certified("server"))),
        (ports.expired, certified("expired")),
        (ports.websocket, format!("{open}\nprotocol websockets")),
        (ports.websocket_tls, format!("{}\nprotocol websockets", certified("server"))),
    ];
    let ipv6 = ports.ipv6.map(|port| format!("listener {port} ::1\n{open}\n"));
    let common = format!(
        "per_listener_settings true\npersistence false\nlog_type all\nlog_dest file {folder}/log\nuser root\n"
    );
    let ipv4 = listeners.map(|(port, settings)| format!("listener {port} 127.0.0.1\n{settings}\n"));
    std::iter::once(common).chain(ipv4).chain(ipv6).collect()
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("mosquitto.conf")).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).spawn().unwrap()
}
