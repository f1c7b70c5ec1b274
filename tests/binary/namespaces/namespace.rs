//! A network namespace with a name of its own, removed with everything in it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program::wait_for;

static MADE: AtomicU32 = AtomicU32::new(0);

/// What a command printed, or why it failed.
pub(super) type Done = Result<String, String>;

/// It does not outlive this.
pub(super) struct Namespace {
    ip: PathBuf,
    nft: PathBuf,
    name: String,
}

impl Namespace {
    /// Makes one with a loopback that is up. `ip` and `nft` are the programs of these names.
    pub(super) fn make(ip: PathBuf, nft: PathBuf) -> Result<Self, String> {
        let name = format!("nwdiag-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        output(Command::new(&ip).args(["netns", "add", &name]))?;
        let made = Self { ip, nft, name };
        made.ip("link set lo up")?;
        Ok(made)
    }

    /// `ip` with these words, in here.
    pub(super) fn ip(&self, words: &str) -> Done {
        output(Command::new(&self.ip).args(["-n", &self.name]).args(words.split_whitespace()))
    }

    /// `nft` with these words, in here.
    pub(super) fn nft(&self, words: &str) -> Done {
        self.run(&self.nft.display().to_string(), &[words])
    }

    /// Runs a program to its end, in here.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Done {
        let (ip, entering) = self.entering(program);
        output(Command::new(ip).args(entering).args(arguments))
    }

    /// The program that enters the namespace to become `program`, and its arguments up to those of `program`.
    pub(super) fn entering<'a>(&'a self, program: &'a str) -> (&'a str, [&'a str; 4]) {
        (self.ip.to_str().unwrap(), ["netns", "exec", &self.name, program])
    }

    /// A cable between an interface of this namespace and one of another.
    pub(super) fn connect(&self, interface: &str, other: &Self, end: &str) -> Result<(), String> {
        let words = format!("link add {interface} type veth peer name {end} netns {}", other.name);
        self.ip(&words)?;
        // Addresses that the kernel gives by itself would come and go beside those of the test.
        for (namespace, name) in [(self, interface), (other, end)] {
            namespace.ip(&format!("link set {name} addrgenmode none up"))?;
        }
        // The kernel takes up to a second to notice a carrier, which would be news to whoever listens by then.
        wait_for("a carrier", || self.carries(interface).then_some(()));
        Ok(())
    }

    fn carries(&self, interface: &str) -> bool {
        self.ip(&format!("link show {interface}")).unwrap().contains("state UP")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let done = output(Command::new(&self.ip).args(["netns", "del", &self.name]));
        if !std::thread::panicking() {
            done.unwrap();
        }
    }
}

fn output(command: &mut Command) -> Done {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{command:?}: {}", text(&output.stderr)))
    }
}
