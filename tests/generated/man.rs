//! Man pages: what clap knows, and the sections that it does not.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use nwdiag::cli::environment::variable;
use nwdiag::diagnosis::Cause;
use nwdiag::report::cause::paragraphs;

use crate::Generated;

const ENVIRONMENT: [(&str, &str); 5] = [
    ("NWDIAG_TARGET", "What to watch or to report where no TARGET is given."),
    ("NWDIAG_PASSWORD", "The password. There is no option for it, since every user can read arguments."),
    ("XDG_STATE_HOME", "Where journals are kept; ~/.local/state where it is unset or not absolute."),
    ("NO_COLOR", "Where it is set and --color is not given: no colours."),
    ("CLICOLOR_FORCE", "Where it is set and not 0, and --color is not given: colours, also into a pipe."),
];

const FILES: [(&str, &str); 1] = [(
    "$XDG_STATE_HOME/nwdiag/TARGET.jsonl",
    "The journal of a target: one JSON object per line. TARGET is 'demo', or scheme-host-port of the URL.",
)];

const EXIT_STATUS: [(&str, &str); 3] = [
    (
        "0",
        "Done. For 'watch' that includes an interrupt, a closed pipe, drops seen, and a --duration that is over.",
    ),
    (
        "1",
        "Could not do it; the message says what and why. For 'watch' also: --max-attempts reached, the service refused \
     the credentials for good, or records were lost.",
    ),
    ("2", "Wrong usage or settings."),
];

/// One page for the program and one for each subcommand, in the order of `--help`.
pub(crate) fn pages() -> io::Result<Vec<Generated>> {
    let mut root = nwdiag::cli::command().disable_help_subcommand(true);
    root.build();
    let subcommands = root.get_subcommands().cloned().collect::<Vec<_>>();
    let commands = std::iter::once(root).chain(subcommands).map(|command| page(&command));
    commands.chain(std::iter::once_with(causes)).collect()
}

/// `nwdiag-causes(7)`: the catalogue, from the doc comments of the causes.
fn causes() -> io::Result<Generated> {
    let mut roff = Roff::new();
    roff.control("TH", ["NWDIAG-CAUSES", "7", " ", "nwdiag", "Miscellaneous Information"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("nwdiag-causes - why MQTT connections drop, as nwdiag names it")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman("The causes that nwdiag(1) can name, each with how it shows and what to do.")]);
    for cause in Cause::ALL {
        roff.control("SS", [format!("{cause} ({})", cause.category().as_str()).as_str()]);
        for paragraph in paragraphs(*cause) {
            roff.control("PP", []);
            roff.text([roman(paragraph)]);
        }
    }
    let mut bytes = Vec::new();
    roff.to_writer(&mut bytes)?;
    Ok(Generated { path: Path::new("man").join("nwdiag-causes.7"), bytes })
}

fn page(command: &Command) -> io::Result<Generated> {
    let name = display_name(command).to_owned();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    // Neither version nor date: a release must not make the page stale. An empty date would be left out by roff, and the
    // next word taken for it.
    let man = Man::new(command.clone().override_usage(usage))
        .title(name.to_uppercase())
        .date(" ")
        .source("nwdiag")
        .manual("User Commands");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut bytes)?;
    }
    own_sections(command).to_writer(&mut bytes)?;
    Ok(Generated { path: Path::new("man").join(format!("{name}.1")), bytes })
}

fn display_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn own_sections(command: &Command) -> Roff {
    let mut roff = Roff::new();
    environment(&mut roff, command);
    definitions(&mut roff, "FILES", &FILES);
    definitions(&mut roff, "EXIT STATUS", &EXIT_STATUS);
    examples(&mut roff, command);
    see_also(&mut roff, command);
    roff
}

const OPTIONS_AS_VARIABLES: &str = "\
Every option can be set by a variable, and wins over it; an empty variable counts as not set. A flag takes 1, true, yes or \
on, and 0, false, no or off. In NWDIAG_TOPIC each line is one filter. A NWDIAG_FORMAT that the command does not know is \
ignored.";

fn environment(roff: &mut Roff, command: &Command) {
    definitions(roff, "ENVIRONMENT", &ENVIRONMENT);
    roff.control("PP", []);
    roff.text([roman(OPTIONS_AS_VARIABLES)]);
    for option in command.get_arguments() {
        let (Some(name), Some(long)) = (variable(option), option.get_long()) else { continue };
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman("The same as "), bold(format!("--{long}")), roman(".")]);
    }
}

fn definitions(roff: &mut Roff, heading: &str, rows: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (term, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
}

/// The indented lines below `--help`.
fn examples(roff: &mut Roff, command: &Command) {
    let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in below.lines().filter(|line| line.starts_with("  ")) {
        roff.text([roman(line.trim())]);
    }
    roff.control("fi", []);
}

fn see_also(roff: &mut Roff, command: &Command) {
    let pages = ["nwdiag", "nwdiag-watch", "nwdiag-summary", "nwdiag-export"];
    roff.control("SH", ["SEE ALSO"]);
    let others = pages.iter().filter(|page| **page != display_name(command));
    let named = others.map(|page| [italic(*page), roman("(1)")]).collect::<Vec<_>>();
    roff.text(named.join(&roman(", ")));
}
