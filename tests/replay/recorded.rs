//! Journals recorded against a real mosquitto while a fault was injected (`tests/fixtures/recorded/record` made them):
//! the fault must come out first.

use nwdiag::collector::clock::Window;
use nwdiag::collector::{Collector, Liveness};
use nwdiag::diagnosis::{Cause, diagnose};
use nwdiag::journal::replay;

#[test]
fn a_recorded_fault_is_named() {
    let rows: [(&[u8], Cause); 6] = [
        (include_bytes!("../fixtures/recorded/take_over.jsonl"), Cause::DuplicateClientId),
        (include_bytes!("../fixtures/recorded/restart.jsonl"), Cause::BrokerRestart),
        (include_bytes!("../fixtures/recorded/wrong_password.jsonl"), Cause::BadCredentials),
        (include_bytes!("../fixtures/recorded/expired_certificate.jsonl"), Cause::TlsCertificate),
        (include_bytes!("../fixtures/recorded/acl_that_closes.jsonl"), Cause::AuthorizationViolation),
        (include_bytes!("../fixtures/recorded/half_open.jsonl"), Cause::BrokerStalled),
    ];
    for (journal, cause) in rows {
        let mut collector = Collector::new(Window::default(), 0);
        replay::replay(journal, |record| collector.record(record)).unwrap();
        let findings = diagnose(&collector.metrics(Liveness::Over));
        let told: Vec<_> = findings.iter().map(|found| (found.cause.as_str(), found.confidence)).collect();
        assert_eq!(told.first().map(|(word, _)| *word), Some(cause.as_str()), "{told:?}");
        assert!(told[0].1 > 0.8, "{told:?}");
        assert!(told[1..].iter().all(|(_, confidence)| *confidence < 0.5), "{told:?}");
    }
}
