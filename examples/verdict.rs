//! Reads a journal of nwdiag's and prints what keeps the connection from holding:
//! `cargo run --example verdict -- ~/.local/state/nwdiag/demo.jsonl`

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use nwdiag::{Collector, Liveness, ReplayError, Window, diagnose, replay};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("name a journal");
        return ExitCode::FAILURE;
    };
    let mut collector = Collector::new(Window::default(), 0);
    let read = File::open(&path)
        .map_err(ReplayError::from)
        .and_then(|journal| replay(BufReader::new(journal), |observation| collector.record(observation)));
    if let Err(error) = read {
        eprintln!("cannot read {}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    match diagnose(&collector.metrics(Liveness::Over)).iter().find(|finding| finding.is_answer()) {
        Some(finding) => {
            println!("{} ({}, {:.0} % sure)", finding.summary, finding.cause, 100.0 * finding.confidence);
            finding.evidence.iter().for_each(|line| println!("  {line}"));
            println!("what to do: {}", finding.fix);
        }
        None => println!("no cause stands out"),
    }
    ExitCode::SUCCESS
}
