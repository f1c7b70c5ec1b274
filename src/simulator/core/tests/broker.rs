//! The port and the order of connections.

use super::*;
use crate::simulator::script::{Action, Step, Then, Trigger};

use PortState::{Closed, Listening, Unanswering};

const HOUR: Duration = Duration::from_hours(1);

/// What the port was asked to be, and when the broker wants to be called again.
fn drain(broker: &mut Broker) -> (Vec<PortState>, Option<Moment>) {
    let mut ports = Vec::new();
    loop {
        match broker.poll() {
            BrokerOutput::Port(port) => ports.push(port),
            BrokerOutput::Wait(deadline) => return (ports, deadline),
        }
    }
}

fn wait(broker: &mut Broker, seconds: u64) -> (Vec<PortState>, Option<Moment>) {
    broker.handle(at(seconds), BrokerInput::Timeout);
    drain(broker)
}

fn accepted(broker: &mut Broker, seconds: u64) -> Box<Connection> {
    match broker.incoming(at(seconds)) {
        Incoming::Accepted(connection) => connection,
        other => panic!("{other:?}"),
    }
}

/// Lets the client leave.
fn leave(broker: &mut Broker, mut connection: Box<Connection>, seconds: u64) {
    connection.handle(at(seconds), ConnectionInput::Fin);
    while let ConnectionOutput::Report(report) = connection.poll() {
        broker.handle(at(seconds), BrokerInput::Report(report));
    }
}

fn script(steps: Vec<Step>, then: Then) -> Script {
    Script { steps, then }
}

fn connection() -> Step {
    Step::Connection(Behavior::serving())
}

#[test]
fn the_port_is_closed_from_accept_until_the_span_after_that_connections_end() {
    let mut broker = Broker::new(script(vec![connection(), Step::Closed(HOUR)], Then::Serve), at(0));
    assert_eq!(drain(&mut broker), (vec![Listening], None));
    assert!(broker.observed().listening);
    let first = accepted(&mut broker, 5);
    assert_eq!(drain(&mut broker), (vec![Closed], None));
    assert!(matches!(broker.incoming(at(86_400)), Incoming::Refused));
    leave(&mut broker, first, 90_000);
    assert_eq!(drain(&mut broker), (vec![], Some(at(93_600))));
    assert!(matches!(broker.incoming(at(93_599)), Incoming::Refused) && !broker.observed().listening);
    assert_eq!(wait(&mut broker, 93_600), (vec![Listening], None));
    assert_eq!((accepted(&mut broker, 93_600).number(), broker.port()), (2, Listening));
}

#[test]
fn a_port_that_does_not_answer_loses_requests_and_spans_without_a_connection_between_add_up() {
    let steps = vec![Step::Unanswering(HOUR), Step::Closed(HOUR)];
    let mut broker = Broker::new(script(steps, Then::Serve), at(0));
    assert_eq!(drain(&mut broker), (vec![Unanswering], Some(at(3_600))));
    assert!(matches!(broker.incoming(at(3_599)), Incoming::Dropped));
    assert_eq!(wait(&mut broker, 4_000), (vec![Closed], Some(at(7_200))));
    assert!(matches!(broker.incoming(at(7_199)), Incoming::Refused));
    assert_eq!(accepted(&mut broker, 7_200).number(), 1);
}

#[test]
fn the_end_of_an_earlier_connection_opens_no_port() {
    let steps = vec![connection(), connection(), Step::Closed(HOUR)];
    let mut broker = Broker::new(script(steps, Then::Serve), at(0));
    let (first, second) = (accepted(&mut broker, 0), accepted(&mut broker, 1));
    drain(&mut broker);
    leave(&mut broker, first, 2);
    assert_eq!((drain(&mut broker), broker.port()), ((vec![], None), Closed));
    leave(&mut broker, second, 3);
    assert_eq!(drain(&mut broker), (vec![], Some(at(3_603))));
}

#[test]
fn a_script_that_repeats_begins_again_for_years() {
    let behavior = Behavior::serving().act(Trigger::at_once(), Action::Rst);
    let steps = vec![Step::Connection(behavior), Step::Closed(HOUR)];
    let mut broker = Broker::new(script(steps, Then::Repeat), at(0));
    for hour in 0..24 * 365 * 3 {
        let connection = accepted(&mut broker, hour * 3_600);
        leave(&mut broker, connection, hour * 3_600);
        assert!(matches!(broker.incoming(at(hour * 3_600 + 3_599)), Incoming::Refused));
    }
    assert_eq!(broker.observed().ended, 24 * 365 * 3);
}

#[test]
fn a_script_without_a_connection_refuses_where_it_would_repeat() {
    let mut broker = Broker::new(script(vec![Step::Closed(Duration::ZERO)], Then::Repeat), at(0));
    assert_eq!(drain(&mut broker), (vec![Closed], None));
    assert!(matches!(broker.incoming(at(1)), Incoming::Refused));
}

#[test]
fn after_the_last_step_a_script_serves_or_refuses_as_it_says() {
    for (then, port) in [(Then::Serve, Listening), (Then::Refuse, Closed)] {
        let mut broker = Broker::new(script(vec![connection()], then), at(0));
        accepted(&mut broker, 0);
        assert_eq!(broker.port(), port);
    }
}

#[test]
fn a_port_that_was_lost_stays_closed() {
    let mut broker = Broker::new(Script::of([]), at(0));
    drain(&mut broker);
    broker.handle(at(1), BrokerInput::PortLost);
    assert_eq!(drain(&mut broker), (vec![Closed], None));
    assert!(matches!(broker.incoming(at(2)), Incoming::Refused) && !broker.observed().listening);
}
