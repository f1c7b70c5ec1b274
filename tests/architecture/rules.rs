//! The rules of the house, each a pure function from source text to what breaks it.

use proc_macro2::LexError;

use crate::source::{Named, Source, beyond_declarations, words};

/// The most lines of a file: a longer one holds two ideas.
pub(crate) const LONGEST_FILE: usize = 400;

/// One file of `src/`.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Below the root of the tree.
    pub(crate) path: String,
    /// Its module path below the crate; `lib.rs` and `main.rs` have none.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: impl Into<String>) -> Self {
        let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
        let parts = inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
        Self { path: path.to_owned(), module: parts.map(str::to_owned).collect(), text: text.into() }
    }

    /// The room it stands in; `None` for `lib.rs` and `main.rs`, which are above all rooms.
    fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// Whether it is without I/O though its room is not.
    fn is_pure_part(&self) -> bool {
        PURE.iter().any(|part| within(&self.path_in_crate(), part))
    }

    fn path_in_crate(&self) -> String {
        format!("crate::{}", self.module.join("::"))
    }

    fn breaks(&self, named: &Named, rule: impl Into<String>) -> Breach {
        Breach { path: self.path.clone(), line: named.line, rule: rule.into() }
    }
}

/// A line that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    path: String,
    line: usize,
    rule: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

type Checked = Result<Vec<Breach>, LexError>;

/// The rooms in the order of the `mod` lines of `lib.rs`, public or not.
pub(crate) fn rooms(lib: &str) -> Vec<String> {
    let declared = lib.lines().map(|line| line.strip_prefix("pub ").unwrap_or(line));
    declared.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

/// The front of the library.
pub(crate) const FRONT: &str = "src/lib.rs";

/// The front imports every room, so that it may hold no code: it declares modules and exports names.
pub(crate) fn the_front_only_declares(file: &File) -> Checked {
    let found = if file.path == FRONT { beyond_declarations(&file.text)? } else { None };
    let rule = "the front of the library declares modules and exports names, and does nothing";
    Ok(found.iter().map(|named| file.breaks(named, rule)).collect())
}

/// Rooms that import nothing of the crate.
const ALONE: [&str; 1] = ["cli"];

/// A room imports only rooms that stand above it.
pub(crate) fn imports_point_down(file: &File, rooms: &[String]) -> Checked {
    let Some(own) = file.room() else { return Ok(Vec::new()) };
    let rank = |room: &str| rooms.iter().position(|known| known == room);
    let Some(own_rank) = rank(own) else {
        let nowhere = Named { name: own.to_owned(), line: 1 };
        return Ok(vec![file.breaks(&nowhere, format!("{own} is no room of src/lib.rs"))]);
    };
    let broken = |named: &Named| {
        let other = named.name.strip_prefix("crate::")?.split("::").next()?;
        match rank(other) {
            _ if other == own => None,
            None => Some(format!("{} names no room of src/lib.rs", named.name)),
            Some(_) if ALONE.contains(&own) => Some(format!("{own} imports {other}, and may import no room")),
            Some(rank) if rank > own_rank => {
                Some(format!("{own} imports {other}, which stands below it in src/lib.rs"))
            }
            Some(_) => None,
        }
    };
    let source = Source::read(&file.text, &file.module)?;
    Ok(source.paths.iter().filter_map(|named| Some(file.breaks(named, broken(named)?))).collect())
}

/// Writers of documents, and what of the crate they may name beside themselves.
const WRITERS: [&str; 3] = ["crate::report::table", "crate::report::markdown", "crate::report::timebar"];
const NAMED_BY_WRITERS: [&str; 4] =
    ["crate::report::document", "crate::report::style", "crate::report::text", "crate::units"];

/// A writer knows the document, and neither metrics nor findings.
pub(crate) fn writers_know_only_the_document(file: &File) -> Checked {
    let module = format!("crate::{}", file.module.join("::"));
    if !WRITERS.iter().any(|writer| within(&module, writer)) {
        return Ok(Vec::new());
    }
    let source = Source::read(&file.text, &file.module)?;
    let is_known = |name: &str| WRITERS.iter().chain(&NAMED_BY_WRITERS).any(|known| within(name, known));
    let foreign = source.paths.iter().filter(|named| within(&named.name, "crate") && !is_known(&named.name));
    let rule = |named: &Named| format!("{} is nothing that a writer of documents knows", named.name);
    Ok(foreign.map(|named| file.breaks(named, rule(named))).collect())
}

/// The vendor whose service is an extension, in small letters.
const VENDOR: &str = "navien";

/// Where it may be named: its own folder, what a user types and reads, other programs' dumps of its data, what lets an
/// attempt in, and the composition.
const NAME_THE_VENDOR: [&str; 8] = [
    "src/navien/",
    "src/cli",
    "src/config",
    "src/target.rs",
    "src/dump",
    "src/io/authorize/",
    "src/commands",
    FRONT,
];

/// A vendor is an extension: no other file names it, not even in a comment.
pub(crate) fn a_vendor_is_an_extension(file: &File) -> Vec<Breach> {
    if NAME_THE_VENDOR.iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let naming = lines.filter(|(_, line)| line.to_lowercase().contains(VENDOR));
    let breach = |index: usize| {
        let named = Named { name: VENDOR.to_owned(), line: index + 1 };
        file.breaks(&named, "only an extension, what lets an attempt in and the composition name a vendor")
    };
    naming.map(|(index, _)| breach(index)).collect()
}

/// Parts that know of each other in one direction only: the first may not name the second.
const ONE_WAY: [(&str, &str); 2] =
    [("crate::io::dial", "crate::io::authorize"), ("crate::io::dial", "crate::io::https")];

/// The dialler knows neither who lets it in nor what asks a service over it.
pub(crate) fn the_dialler_imports_none_of_its_users(file: &File) -> Checked {
    let module = file.path_in_crate();
    let source = Source::read(&file.text, &file.module)?;
    let breaks = |named: &&Named| {
        ONE_WAY.iter().any(|(part, user)| within(&module, part) && within(&named.name, user))
    };
    let rule = |named: &Named| format!("{} uses the dialler, which may not know it", named.name);
    Ok(source.paths.iter().filter(breaks).map(|named| file.breaks(named, rule(named))).collect())
}

/// Rooms that are the world's.
const WORLDLY: [&str; 2] = ["io", "simulator"];

/// Parts of them that are not: the simulator decides without I/O what its sockets do.
const PURE: [&str; 4] = [
    "crate::simulator::core",
    "crate::simulator::demo",
    "crate::simulator::packet",
    "crate::simulator::script",
];

/// What belongs to the world, and what it is. The longest entry that fits a name counts.
const WORLD: &[(&str, &str)] = &[
    ("std::net", "a socket"),
    ("std::os", "the operating system"),
    ("std::fs", "a file"),
    ("std::path::Path::exists", "a file"),
    ("std::path::Path::is_file", "a file"),
    ("std::io::stdin", "standard input"),
    ("std::io::stdout", "standard output"),
    ("std::io::stderr", "standard error"),
    ("std::io::IsTerminal", "a terminal"),
    ("std::env", "the environment"),
    ("std::process", "a process"),
    ("std::thread", "a thread"),
    ("std::time::Instant", "a clock"),
    ("std::time::SystemTime", "a clock"),
    ("chrono::Utc::now", "a clock"),
    ("chrono::Local", "a clock"),
    ("iana_time_zone", "the host's time zone"),
    ("tokio", "the event loop"),
    ("tokio_rustls", "a socket"),
    ("tungstenite", "a socket"),
    ("hyper", "a socket"),
    ("hyper_util", "a socket"),
    ("rustls_native_certs", "a file"),
    ("dns_lookup", "the resolver"),
    ("nix", "the operating system"),
    ("indicatif", "a terminal"),
    ("tempfile", "a file"),
    ("terminal_size", "a terminal"),
    ("tracing_appender", "the logs"),
    ("tracing_subscriber", "the logs"),
    ("fastrand", "chance"),
    ("uuid::Uuid::new_v4", "chance"),
];

/// What a room may use of the world all the same. Chance from a seed is no chance; `commands` puts the parts together
/// and so holds the exit code, the event loop, its channels and the guard of the logs, but reads and writes nothing.
const EXCEPT: &[(&str, &str)] = &[
    ("session", "fastrand::Rng"),
    ("commands", "std::process::ExitCode"),
    ("commands", "std::process::id"),
    ("commands", "tokio::runtime"),
    ("commands", "tokio::sync"),
    ("commands", "tokio::join"),
    ("commands", "tracing_appender::non_blocking::WorkerGuard"),
    ("commands", "tracing_subscriber::filter"),
    ("commands", "fastrand"),
    ("commands", "uuid::Uuid::new_v4"),
];

/// Methods that look at a file, a name or a terminal through a harmless-looking value.
const WORLDLY_CALLS: &[(&str, &str)] = &[
    (".is_file", "a file"),
    (".is_dir", "a file"),
    (".exists", "a file"),
    (".try_exists", "a file"),
    (".metadata", "a file"),
    (".symlink_metadata", "a file"),
    (".canonicalize", "a file"),
    (".read_dir", "a file"),
    (".read_link", "a file"),
    (".is_terminal", "a terminal"),
    (".to_socket_addrs", "the resolver"),
];

fn within(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Outside the world's rooms there is no clock, socket, file or terminal.
pub(crate) fn the_world_stays_outside(file: &File) -> Checked {
    let worldly = |room| WORLDLY.contains(&room) && !file.is_pure_part();
    if file.path == "src/main.rs" || file.room().is_some_and(worldly) {
        return Ok(Vec::new());
    }
    let own = file.room().unwrap_or_default();
    let source = Source::read(&file.text, &file.module)?;
    let excepted = |name: &str| EXCEPT.iter().any(|(room, prefix)| *room == own && within(name, prefix));
    let paths = source.paths.iter().filter(|named| !excepted(&named.name)).filter_map(|named| {
        let (_, what) = WORLD.iter().find(|(prefix, _)| within(&named.name, prefix))?;
        Some((named, *what))
    });
    let calls = source.calls.iter().filter_map(|named| {
        let (_, what) = WORLDLY_CALLS.iter().find(|(method, _)| *method == named.name)?;
        Some((named, *what))
    });
    let told = |(named, what): (&Named, &str)| {
        file.breaks(named, format!("{} is {what}, which belongs to src/io/ or src/simulator/", named.name))
    };
    Ok(paths.chain(calls).map(told).collect())
}

/// What a part of the crate must not name, and why.
const APART: &[(&str, &str, &str)] = &[
    ("crate::simulator", "crate::wire", "the simulator would share its mistakes"),
    ("crate::simulator", "crate::session", "a broker of the tests knows nothing of our client"),
];

/// Parts that are to judge one another do not know one another, and what has no I/O does not borrow it.
pub(crate) fn parts_stay_apart(file: &File) -> Checked {
    let own = file.path_in_crate();
    let banned = |name: &str| {
        if file.is_pure_part() && within(name, "crate::io") {
            return Some("what has no I/O does not borrow it");
        }
        let row = APART.iter().find(|(part, other, _)| within(&own, part) && within(name, other))?;
        Some(row.2)
    };
    let source = Source::read(&file.text, &file.module)?;
    let told = |named: &Named| {
        let why = banned(&named.name)?;
        Some(file.breaks(named, format!("{own} names {}: {why}", named.name)))
    };
    Ok(source.paths.iter().filter_map(told).collect())
}

/// The one file with unsafe code; there the compiler holds it to the one function that says why.
const UNSAFE: &str = "src/io/kernel.rs";

/// Only `wire` names the MQTT crate, and only [`UNSAFE`] has unsafe code, in tests as well.
pub(crate) fn words_stay_in_their_place(file: &File) -> Checked {
    let banned = |named: &Named| match named.name.as_str() {
        "unsafe" if file.path != UNSAFE => Some("only src/io/kernel.rs has unsafe code"),
        "rumqttc" if file.room() != Some("wire") => Some("only src/wire names rumqttc"),
        _ => None,
    };
    let found = words(&file.text, &["unsafe", "rumqttc"])?;
    Ok(found.iter().filter_map(|named| Some(file.breaks(named, banned(named)?))).collect())
}

/// Every file says first what it is for.
pub(crate) fn begins_with_its_purpose(file: &File) -> Option<Breach> {
    let first = Named { name: String::new(), line: 1 };
    let said =
        file.text.strip_prefix("//! ").is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()));
    (!said).then(|| file.breaks(&first, "a file begins with //! and what it is for"))
}

/// No file is longer than [`LONGEST_FILE`], its tests not counted.
pub(crate) fn is_short(file: &File) -> Checked {
    let lines = Source::read(&file.text, &file.module)?.lines;
    let last = Named { name: String::new(), line: lines };
    let rule = format!("{lines} lines without tests, and {LONGEST_FILE} are the most");
    Ok((lines > LONGEST_FILE).then(|| file.breaks(&last, rule)).into_iter().collect())
}
