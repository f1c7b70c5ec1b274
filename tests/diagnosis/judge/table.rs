//! Tells what came of it, to whoever runs the tests.

use std::fmt::Write as _;
use std::io::Write as _;

use super::calibration::Calibration;
use super::{Count, DEMANDED, Kind, Verdicts};

/// Prints everything to standard error, past the harness.
pub(super) fn tell(kinds: &[Kind], verdicts: &[Verdicts], calibration: &Calibration) {
    let mut page = String::new();
    let rows: Vec<_> = kinds.iter().zip(verdicts).collect();
    accuracy(&mut page, &rows).unwrap();
    confusion(&mut page, &rows).unwrap();
    pairs(&mut page, &rows).unwrap();
    alarms(&mut page, &rows).unwrap();
    calibrated(&mut page, calibration).unwrap();
    std::io::stderr().write_all(page.as_bytes()).unwrap();
}

type Rows<'a> = [(&'a Kind, &'a Verdicts)];

fn accuracy(page: &mut String, rows: &Rows<'_>) -> std::fmt::Result {
    writeln!(page, "\ntop finding right, of 100 journals of each cause")?;
    for (kind, verdicts) in rows {
        if let [cause] = kind.expected[..] {
            let right = verdicts.right_of_100(cause);
            let mark = if right < DEMANDED.right_of_100 { "  <" } else { "" };
            writeln!(page, "  {cause:26}{right:6.1}   of {}{mark}", verdicts.journals)?;
        }
    }
    Ok(())
}

fn confusion(page: &mut String, rows: &Rows<'_>) -> std::fmt::Result {
    writeln!(page, "\nwrong top findings: journals of -> taken for")?;
    for (kind, verdicts) in rows.iter().filter(|(kind, _)| kind.expected.len() == 1) {
        for (top, count) in verdicts.top.iter().filter(|(top, _)| !kind.expected.contains(top)) {
            writeln!(page, "  {:26}-> {}", kind.name, told(top, count))?;
        }
    }
    Ok(())
}

fn pairs(page: &mut String, rows: &Rows<'_>) -> std::fmt::Result {
    writeln!(page, "\ntwo causes at once: both found, surely")?;
    for (kind, verdicts) in rows.iter().filter(|(kind, _)| kind.expected.len() == 2) {
        writeln!(page, "  {:48}{} of {}", kind.name, verdicts.complete, verdicts.journals)?;
    }
    Ok(())
}

fn alarms(page: &mut String, rows: &Rows<'_>) -> std::fmt::Result {
    writeln!(page, "\nfindings above {} where there should be none", DEMANDED.alarm_above)?;
    for (kind, verdicts) in rows.iter().filter(|(kind, _)| kind.expected.is_empty()) {
        writeln!(
            page,
            "  {:26}{:6.1} of 100, {} journals",
            kind.name,
            alarms_of_100(verdicts),
            verdicts.journals
        )?;
        for (cause, count) in &verdicts.sure {
            writeln!(page, "  {:26}-> {}", "", told(cause, count))?;
        }
    }
    Ok(())
}

fn calibrated(page: &mut String, calibration: &Calibration) -> std::fmt::Result {
    writeln!(page, "\ncalibration: findings by their confidence, and how many of them were right")?;
    for (number, tenth) in calibration.tenths.iter().enumerate().filter(|(_, tenth)| tenth.findings > 0) {
        let off =
            tenth.off_by().map_or("too few", |off| if off > DEMANDED.calibrated_within { "  <" } else { "" });
        let (confidence, rate) = (tenth.mean_confidence(), tenth.hit_rate());
        writeln!(
            page,
            "  from 0.{number}{:8} findings, mean {confidence:.3}, right {rate:.3}  {off}",
            tenth.findings
        )?;
    }
    writeln!(page)
}

fn told(cause: &str, count: &Count) -> String {
    let cause = if cause.is_empty() { "nothing" } else { cause };
    let seeds: Vec<String> = count.seeds.iter().map(u64::to_string).collect();
    format!("{cause:26}{:5} (seeds {})", count.times, seeds.join(", "))
}

/// Findings that should not be there, a hundred journals.
pub(super) fn alarms_of_100(verdicts: &Verdicts) -> f64 {
    let alarms: u64 = verdicts.sure.values().map(|count| count.times).sum();
    alarms as f64 * 100.0 / verdicts.journals.max(1) as f64
}
