//! Command lines and environments against what comes out of the parser.

use clap::error::ErrorKind;

use super::*;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn environment(variables: Variables<'_>) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

fn read(line: &str, variables: Variables<'_>) -> Result<Cli, clap::Error> {
    parse(line.split_whitespace(), &environment(variables))
}

#[test]
fn the_command_is_sound() {
    command().debug_assert();
}

#[test]
fn without_arguments_the_help_comes_with_exit_code_2() {
    let error = read("nwdiag", &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    assert_eq!(error.exit_code(), 2);
    assert_eq!(read("nwdiag --version", &[]).unwrap_err().exit_code(), 0);
    assert_eq!(read("nwdiag watch --help", &[]).unwrap_err().exit_code(), 0);
}

/// A value other than the default for each option that does not take a duration.
fn sample(variable: &str, option: &clap::Arg) -> String {
    let words = [
        ("NWDIAG_FORMAT", "json"),
        ("NWDIAG_COLOR", "never"),
        ("NWDIAG_PROTOCOL", "3.1.1"),
        ("NWDIAG_MAX_PACKET", "64KiB"),
        ("NWDIAG_CLEAN_SESSION", "no"),
    ];
    let word = words.iter().find(|(name, _)| *name == variable).map(|(_, word)| *word);
    let names = option.get_value_names().unwrap_or_default();
    let by_name = if names.first().is_some_and(|name| name == "DURATION") { "90s" } else { "1" };
    word.unwrap_or(by_name).to_owned()
}

#[test]
fn every_option_of_every_subcommand_can_be_set_by_its_variable() {
    let mut root = command();
    root.build();
    for subcommand in root.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        for option in subcommand.get_arguments().filter(|option| !option.is_positional()) {
            let long = option.get_long().unwrap();
            let Some(variable) = environment::variable(option) else {
                assert!(["help", "json"].contains(&long), "{long}");
                continue;
            };
            let line = format!("nwdiag {}", subcommand.get_name());
            let value = sample(&variable, option);
            let cli = read(&line, &[(&variable, &value)]).unwrap();
            assert!(cli.origins.from_environment(long), "{variable}");
            assert_ne!(format!("{:?}", cli.command), format!("{:?}", read(&line, &[]).unwrap().command));
        }
    }
}

fn watch(line: &str, variables: Variables<'_>) -> WatchArgs {
    match read(line, variables).unwrap().command {
        Command::Watch(args) => *args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_argument_wins_over_a_variable_and_over_its_rivals() {
    let args = watch("nwdiag watch demo --qos 2", &[("NWDIAG_QOS", "1")]);
    assert_eq!(args.session.qos, Some(2));
    let args = watch("nwdiag watch demo --no-journal", &[("NWDIAG_JOURNAL", "/tmp/j")]);
    assert!(args.journal.journal.is_none() && args.journal.no_journal);
    let args = watch("nwdiag watch demo --journal /tmp/j", &[("NWDIAG_NO_JOURNAL", "yes")]);
    assert!(args.journal.journal.is_some() && !args.journal.no_journal);
    let args = watch("nwdiag watch demo --json", &[("NWDIAG_FORMAT", "text")]);
    assert!(args.json && args.format.is_none());
    let args = watch("nwdiag watch demo -q", &[("NWDIAG_VERBOSE", "3")]);
    assert_eq!((args.display.quiet, args.display.verbose), (true, 0));
    let args = watch("nwdiag watch demo --topic a", &[("NWDIAG_TOPIC", "b\nc")]);
    assert_eq!(args.session.topics, ["a"]);
}

#[test]
fn variables_are_read_like_their_options() {
    let args = watch("nwdiag watch", &[("NWDIAG_TOPIC", "a b,c\n\n$share/x/#\n"), ("NWDIAG_ALPN", "x,y")]);
    assert_eq!(args.session.topics, ["a b,c", "$share/x/#"]);
    assert_eq!(args.security.alpn, ["x", "y"]);
    let args =
        watch("nwdiag watch", &[("NWDIAG_UTC", "off"), ("NWDIAG_VERBOSE", "2"), ("NWDIAG_INSECURE", "Yes")]);
    assert_eq!((args.display.utc, args.display.verbose, args.security.insecure), (false, 2, true));
    let args = watch("nwdiag watch", &[("NWDIAG_FORMAT", "table"), ("NWDIAG_QOS", "")]);
    assert_eq!((args.format, args.session.qos), (None, None));
    let args = watch("nwdiag watch -- demo", &[("NWDIAG_QOS", "1")]);
    assert_eq!((args.target.as_deref(), args.session.qos), (Some("demo"), Some(1)));
}

/// A command line, variables, and parts of the message.
type Row<'a> = (&'a str, Variables<'a>, &'a [&'a str]);

#[test]
fn wrong_usage_says_what_is_wrong_and_where() {
    let rows: &[Row<'_>] = &[
        ("nwdiag watch demo --keep-alive 90", &[], &["--keep-alive", "write 90s, 90m, 90h or 90d"]),
        ("nwdiag watch demo --keep-alive soon", &[], &["--keep-alive", "such as 500ms, 90s"]),
        ("nwdiag watch demo --duration 18446744073709551615s1000ms", &[], &["too many digits"]),
        ("nwdiag watch demo --max-packet big", &[], &["64KiB"]),
        ("nwdiag watch demo --qos 3", &[], &["--qos", "0..=2"]),
        ("nwdiag watch demo --protocol 4", &[], &["--protocol", "3.1.1"]),
        ("nwdiag watch demo --journal x --no-journal", &[], &["cannot be used with"]),
        ("nwdiag watch demo --journal=", &[], &["--journal"]),
        ("nwdiag export demo --output=", &[], &["--output"]),
        ("nwdiag watch demo -q -v", &[], &["cannot be used with"]),
        ("nwdiag export demo --pretty --compact", &[], &["cannot be used with"]),
        ("nwdiag summary demo --format csv", &[], &["table, markdown, json"]),
        ("nwdiag watch demo", &[("NWDIAG_KEEP_ALIVE", "90")], &["'NWDIAG_KEEP_ALIVE'", "write 90s"]),
        ("nwdiag watch demo", &[("NWDIAG_QOS", "x")], &["'x' for 'NWDIAG_QOS'"]),
        ("nwdiag watch demo", &[("NWDIAG_UTC", "maybe")], &["NWDIAG_UTC", "1 or 0"]),
        ("nwdiag watch demo", &[("NWDIAG_VERBOSE", "loud")], &["NWDIAG_VERBOSE", "0, 1, 2 or 3"]),
        ("nwdiag watch demo", &[("NWDIAG_COLOR", "x")], &["NWDIAG_COLOR", "auto, always, never"]),
        ("nwdiag watch demo", &[("NWDIAG_CLEAN_SESSION", "x")], &["NWDIAG_CLEAN_SESSION"]),
        (
            "nwdiag watch demo",
            &[("NWDIAG_JOURNAL", "x"), ("NWDIAG_NO_JOURNAL", "1")],
            &["'NWDIAG_JOURNAL'", "'NWDIAG_NO_JOURNAL'"],
        ),
    ];
    for (line, variables, parts) in rows {
        let error = read(line, variables).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        let text = error.to_string();
        for part in *parts {
            assert!(text.contains(part), "{line} {variables:?}: {text}");
        }
    }
}

#[test]
fn an_environment_never_shows_its_values() {
    let shown = format!("{:?}", environment(&[("NWDIAG_PASSWORD", "hunter2")]));
    assert!(shown.contains("NWDIAG_PASSWORD") && !shown.contains("hunter2"));
}
