//! `summary` and `export`: command line and environment to settings.

use super::*;

fn report(line: &str, variables: Variables<'_>) -> (ReportConfig, String) {
    match resolved(line, variables) {
        Config::Summary(summary) => (summary.report, format!("{:?}", summary.format)),
        Config::Export(export) => (export.report, format!("{:?} {}", export.layout, export.recent)),
        Config::Watch(watch) => panic!("{line}: {watch:?}"),
    }
}

#[test]
fn a_report_finds_its_records() {
    let journal = |name: &str, path: &str| ReportSource::Journal { name: name.to_owned(), path: path.into() };
    let file = |path: &str| ReportSource::File(path.into());
    let at_home = journal("demo", "/home/me/.local/state/nwdiag/demo.jsonl");
    let rows: [(&str, Variables<'_>, ReportSource); 17] = [
        ("nwdiag summary demo", &[], at_home.clone()),
        ("nwdiag export", &[("NWDIAG_TARGET", "demo")], at_home.clone()),
        (
            "nwdiag export mqtt://h",
            &[],
            journal("mqtt-h-1883", "/home/me/.local/state/nwdiag/mqtt-h-1883.jsonl"),
        ),
        ("nwdiag export -", &[], ReportSource::Stdin),
        ("nwdiag export ./demo", &[], file("./demo")),
        ("nwdiag export a/b", &[], file("a/b")),
        ("nwdiag export missing.jsonl", &[], file("missing.jsonl")),
        ("nwdiag export saved", &[], file("saved")),
        ("nwdiag export", &[("NWDIAG_TARGET", "saved")], file("saved")),
        ("nwdiag export demo --journal j", &[], journal("demo", "j")),
        ("nwdiag export demo", &[("NWDIAG_JOURNAL", "j")], journal("demo", "j")),
        ("nwdiag export --journal j", &[], file("j")),
        ("nwdiag export", &[("NWDIAG_JOURNAL", "j")], file("j")),
        ("nwdiag export --journal j", &[("NWDIAG_TARGET", "demo")], file("j")),
        ("nwdiag export", &[("NWDIAG_TARGET", "demo"), ("NWDIAG_JOURNAL", "j")], journal("demo", "j")),
        ("nwdiag export saved", &[("NWDIAG_JOURNAL", "j")], file("saved")),
        ("nwdiag export demo --journal j", &[("HOME", "")], journal("demo", "j")),
    ];
    for (line, variables, source) in rows {
        assert_eq!(report(line, variables).0.source, source, "{line} {variables:?}");
    }
}

#[test]
fn a_report_has_its_shape() {
    let rows: [(&str, Variables<'_>, &str); 11] = [
        ("nwdiag summary demo", &[], "Table"),
        ("nwdiag summary demo --format markdown", &[], "Markdown"),
        ("nwdiag export demo", &[("NWDIAG_FORMAT", "markdown")], "Auto 50"),
        ("nwdiag summary demo --json", &[], "Json"),
        ("nwdiag summary demo", &[("NWDIAG_FORMAT", "json")], "Json"),
        ("nwdiag summary demo", &[("NWDIAG_FORMAT", "text")], "Table"),
        ("nwdiag export demo --json", &[], "Auto 50"),
        ("nwdiag export demo --pretty --recent 0", &[("NWDIAG_COMPACT", "1")], "Pretty 0"),
        ("nwdiag export demo --compact --format json", &[("NWDIAG_RECENT", "7")], "Compact 7"),
        ("nwdiag export demo", &[("NWDIAG_PRETTY", "yes")], "Pretty 50"),
        ("nwdiag export demo", &[("NWDIAG_FORMAT", "text")], "Auto 50"),
    ];
    for (line, variables, shape) in rows {
        assert_eq!(report(line, variables).1, shape, "{line} {variables:?}");
    }
}

#[test]
fn a_report_has_its_period_and_its_output() {
    let rows: [(&str, Variables<'_>, Option<&str>, Option<&str>); 6] = [
        ("nwdiag summary demo", &[], None, None),
        (
            "nwdiag summary demo -S 24h -U -1h",
            &[],
            Some("2026-11-21T12:00:00Z"),
            Some("2026-11-22T11:00:00Z"),
        ),
        ("nwdiag summary demo -S today", &[], Some("2026-11-21T22:00:00Z"), None),
        ("nwdiag summary demo --utc -S today", &[], Some("2026-11-22T00:00:00Z"), None),
        ("nwdiag summary demo --until 1h_ago", &[], None, Some("2026-11-22T11:00:00Z")),
        ("nwdiag summary demo", &[("NWDIAG_SINCE", "-2h")], Some("2026-11-22T10:00:00Z"), None),
    ];
    for (line, variables, since, until) in rows {
        let (report, _) = report(line, variables);
        let expected = [since, until].map(|time| time.map(|time| time.parse::<DateTime<Utc>>().unwrap()));
        assert_eq!([report.since, report.until], expected, "{line}");
    }
    assert_eq!(report("nwdiag export demo -o x.json", &[]).0.output.as_deref(), Some(Path::new("x.json")));
    assert_eq!(report("nwdiag export demo -o -", &[]).0.output, None);
}
