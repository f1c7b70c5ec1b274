//! Help, version, and what is said to wrong usage.

use crate::program::Home;

#[test]
fn help_and_version_go_to_standard_output_and_are_no_error() {
    let home = Home::new();
    let rows: [(&[&str], &str); 7] = [
        (&["--help"], "Usage: nwdiag <COMMAND>"),
        (&["-h"], "Usage: nwdiag <COMMAND>"),
        (&["help", "export"], "--recent <N>"),
        (&["watch", "--help"], "Usage: nwdiag watch [OPTIONS] [TARGET]"),
        (&["summary", "--help"], "--since <TIME>"),
        (&["export", "-h"], "--pretty"),
        (&["--version"], concat!("nwdiag ", env!("CARGO_PKG_VERSION"), "\n")),
    ];
    for (arguments, words) in rows {
        let page = home.run(arguments).page();
        assert!(page.contains(words), "{arguments:?}: {page}");
    }
}

#[test]
fn help_of_watch_warns_of_the_twin_and_of_what_a_short_ping_interval_hides() {
    let page = Home::new().run(&["watch", "--help"]).page().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("what it cannot see is a twin"), "{page}");
    assert!(page.contains("hides an idle timeout"), "{page}");
}

#[test]
fn wrong_usage_is_told_on_standard_error_with_exit_code_2() {
    let home = Home::new();
    let rows: [(&[&str], &str); 15] = [
        (&[], "Usage: nwdiag <COMMAND>"),
        (&["wach"], "watch"),
        (&["watch"], "nwdiag watch demo"),
        (&["summary"], "nwdiag summary demo"),
        (&["export"], "nwdiag export demo"),
        (&["watch", "nowhere"], "unknown target 'nowhere'"),
        (&["watch", "http://broker"], "unknown scheme 'http://'"),
        (&["watch", "demo", "--nonsense"], "--nonsense"),
        (&["watch", "demo", "--duration", "10"], "write 10s"),
        (&["watch", "demo", "--keep-alive", "0s"], "--keep-alive: 0 turns the keep-alive off"),
        (&["watch", "demo", "--ping-interval", "11s"], "--ping-interval: 11s is above the keep-alive, 10s"),
        (&["watch", "demo", "--max-events", "0"], "--max-events: 0 is too small"),
        (&["watch", "demo", "--password-file", "missing", "--username", "me"], "missing"),
        (&["export", "demo", "--pretty", "--compact"], "--compact"),
        (&["summary", "demo", "--since", "1h ago", "--until", "2h ago"], "--since"),
    ];
    for (arguments, words) in rows {
        let done = home.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(done.err.contains(words), "{arguments:?}: {}", done.err);
    }
    assert!(!home.path().join("state").exists(), "wrong usage leaves nothing behind");
}

#[test]
fn wrong_settings_are_told_in_one_line_that_names_where_they_stand() {
    let home = Home::new();
    let mut command = home.command(&["watch", "demo"]);
    command.env("NWDIAG_KEEP_ALIVE", "0s");
    let done = crate::program::Running::start(command).ended();
    assert_eq!(done.code, Some(2));
    assert!(done.err.starts_with("nwdiag: NWDIAG_KEEP_ALIVE: "), "{}", done.err);
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
}
