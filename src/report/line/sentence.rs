//! What each event says to a person, in words: the fact first, then the numbers that matter.
//!
//! The words stand alone: mark and colour only repeat them. All text from outside is cleaned here.

use std::borrow::Cow;

use crate::event::{
    AttemptFailed, Connected, ConnectionKind, DEVICE_ANSWER_TIMEOUT, DeviceProbe, Environment,
    EnvironmentKind, Event, FailureKind, Fallback, FindingRecord, LateAnswer, Phase, Phases, ProbeRefused,
    SessionDrop, Start, Stop, StopReason, Subscribed,
};
use crate::report::finding::headline;
use crate::report::style::Meaning;
use crate::report::suback;
use crate::report::text::{clean, watched};
use crate::units::{SpanUnit, count, signed_span, span};

/// One event, told.
#[derive(Debug)]
pub(super) struct Sentence<'a> {
    /// The kind of event, for the eye; `None` for the line that begins a run.
    pub(super) mark: Option<Mark>,
    /// Everything else that is to be said.
    pub(super) text: String,
    /// Lines of their own below it.
    pub(super) more: Vec<String>,
    /// The CRT name of the error, cleaned.
    pub(super) name: Option<Cow<'a, str>>,
}

impl<'a> Sentence<'a> {
    const fn new(mark: Mark, text: String) -> Self {
        Self { mark: Some(mark), text, more: Vec::new(), name: None }
    }

    fn named(self, name: &'a str) -> Self {
        Self { name: Some(clean(name)), ..self }
    }
}

/// A symbol and the word beside it that says the same.
#[derive(Debug)]
pub(super) struct Mark {
    /// One column wide.
    pub(super) symbol: char,
    /// What happened.
    pub(super) label: Cow<'static, str>,
    /// Gives the colour.
    pub(super) meaning: Meaning,
}

impl Mark {
    fn new(symbol: char, label: impl Into<Cow<'static, str>>, meaning: Meaning) -> Self {
        Self { symbol, label: label.into(), meaning }
    }
}

/// What `event` says; `None` for a sample, which is for the journal only.
pub(super) fn of(event: &Event) -> Option<Sentence<'_>> {
    match event {
        Event::Start(start) => Some(started(start)),
        Event::Connected(connected) => Some(connected_as(connected)),
        Event::Subscribed(subscribed) => Some(answered(subscribed)),
        Event::Drop(drop) => Some(dropped(drop)),
        Event::LateAnswer(late) => Some(late_answer(*late)),
        Event::AttemptFailed(attempt) => Some(attempt_failed(attempt)),
        Event::Environment(change) => Some(changed(change)),
        Event::Device(probe) => Some(asked(probe)),
        Event::Stop(stop) => Some(stopped(*stop)),
        Event::ProbeRefused(refused) => Some(probe_refused(refused)),
        Event::Finding(found) => Some(finding(found)),
        Event::Sample(_) | Event::Pruned(_) => None,
    }
}

/// What is said where records are missing.
pub(super) fn lost(records: u64) -> Sentence<'static> {
    let text = format!(
        "{} before this one did not get here: the reader or disk was too slow",
        count(records, "record")
    );
    Sentence::new(Mark::new('!', "lost", Meaning::Warning), text)
}

/// A cause, the figures that speak for it, and what to do, each on a line of its own.
fn finding(found: &FindingRecord) -> Sentence<'_> {
    let evidence = found.evidence.first().map(|line| clean(line).into_owned());
    let advice = (!found.fix.is_empty()).then(|| format!("what to do: {}", clean(&found.fix)));
    let text = headline(&found.summary, &found.cause, found.confidence);
    let mark = Mark::new('⇒', "cause", Meaning::Title);
    Sentence { more: evidence.into_iter().chain(advice).collect(), ..Sentence::new(mark, text) }
}

fn started(start: &Start) -> Sentence<'_> {
    let target = &start.target;
    let mut text = format!("watching {}", watched(target));
    if let (Some(interval), Some(timeout)) = (target.ping_interval_seconds, target.ping_timeout_seconds) {
        text.push_str("; a dead link is noticed within ");
        text.push_str(&span(interval + timeout));
    }
    Sentence { mark: None, text, more: Vec::new(), name: None }
}

fn connected_as(connected: &Connected) -> Sentence<'_> {
    let (label, parts) = match connected.kind {
        ConnectionKind::Connected => ("connected", first_connection(connected)),
        ConnectionKind::Resumed => ("reconnected", reconnection(connected, None)),
        ConnectionKind::DeepReconnected => {
            ("reconnected", reconnection(connected, Some("deep: new TLS session and credentials")))
        }
    };
    Sentence::new(Mark::new('●', label, Meaning::Good), joined(parts))
}

fn first_connection(connected: &Connected) -> Vec<Option<String>> {
    let attempt =
        connected.attempt_number.filter(|number| *number > 1).map(|number| format!("at attempt {number}"));
    let spoken = connected.protocol.map(|protocol| format!("with MQTT {protocol}"));
    let way = [took(&connected.phases), steps(&connected.phases), reached(connected), spoken];
    let way = way.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut parts = vec![Some(way), attempt, tried_first(connected.fallback.as_ref())];
    parts.extend(from_connack(connected));
    parts
}

fn reconnection(connected: &Connected, how: Option<&str>) -> Vec<Option<String>> {
    let down = connected.time_to_reconnect_seconds.map(|seconds| format!("down {}", span(seconds)));
    let attempts = connected.attempt_number.map(|number| count(number.into(), "attempt"));
    let way =
        [took(&connected.phases), reached(connected)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut parts =
        vec![down, attempts, how.map(str::to_owned), Some(way), tried_first(connected.fallback.as_ref())];
    parts.extend(from_connack(connected));
    parts
}

/// The version that was asked for earlier in the same attempt.
fn tried_first(fallback: Option<&Fallback>) -> Option<String> {
    let fallback = fallback?;
    let version = fallback.protocol?;
    let met = match fallback.failure {
        Some(FailureKind::ConnackRefused) => "refused",
        Some(FailureKind::ConnackTimeout) => "not answered",
        Some(_) | None => "closed on",
    };
    Some(format!("MQTT {version} was {met}"))
}

/// What the broker answered beyond yes.
fn from_connack(connected: &Connected) -> [Option<String>; 3] {
    [
        (connected.session_present == Some(true)).then(|| "the broker kept the session".to_owned()),
        connected
            .server_keep_alive_seconds
            .map(|seconds| format!("the broker sets the keep-alive to {seconds} s")),
        connected.reason_string.as_deref().map(|words| format!("the broker says: {}", clean(words))),
    ]
}

fn took(phases: &Phases) -> Option<String> {
    phases.steps().next().map(|_| format!("in {}", span(sum_seconds(phases))))
}

/// Each step in the unit of their sum, which stands before them.
fn steps(phases: &Phases) -> Option<String> {
    let unit = SpanUnit::fitting(sum_seconds(phases));
    let steps: Vec<_> = phases
        .steps()
        .map(|(phase, millis)| format!("{} {}", step(phase), unit.figures(millis / 1e3)))
        .collect();
    (!steps.is_empty()).then(|| format!("({})", steps.join(", ")))
}

fn sum_seconds(phases: &Phases) -> f64 {
    phases.steps().map(|(_, millis)| millis).sum::<f64>() / 1e3
}

const fn step(phase: Phase) -> &'static str {
    match phase {
        Phase::Auth => "sign-in",
        Phase::Mqtt => "connack",
        Phase::Dns | Phase::Tcp | Phase::Tls | Phase::Websocket => phase.as_str(),
    }
}

fn reached(connected: &Connected) -> Option<String> {
    connected.peer_address.as_deref().map(|address| format!("to {}", clean(address)))
}

fn answered(subscribed: &Subscribed) -> Sentence<'_> {
    let topic = clean(&subscribed.topic);
    let Some(granted) = subscribed.granted_qos else {
        let text =
            format!("the subscription to {topic} is not active: {}", suback::refusal(subscribed.return_code));
        return Sentence::new(Mark::new('✗', "refused", Meaning::Bad), text);
    };
    let lowered =
        subscribed.qos.filter(|asked| granted < *asked).map(|asked| format!("where {asked} was asked for"));
    let text = joined([Some(format!("to {topic} with QoS {granted}")), lowered]);
    Sentence::new(Mark::new('●', "subscribed", Meaning::Good), text)
}

fn dropped(drop: &SessionDrop) -> Sentence<'_> {
    let message = if drop.error_message.is_empty() { "the session ended" } else { &drop.error_message };
    let fact = match drop.duration_connected_seconds {
        Some(length) => format!("after {}: {}", span(length), clean(message)),
        None => clean(message).into_owned(),
    };
    let heard = drop.last_received_seconds.map(|seconds| format!("last heard {} before", span(seconds)));
    let unanswered =
        drop.unanswered_ping_seconds.map(|seconds| format!("PINGREQ unanswered for {}", span(seconds)));
    let sent = last_sent(drop).filter(|_| unanswered.is_none() || !is_ping(drop));
    let reason = broker_words(drop.reason_string.as_deref(), &drop.error_message);
    let text =
        joined([Some(fact), heard, sent, unanswered, reason, pointed(drop.server_reference.as_deref())]);
    Sentence::new(Mark::new('✗', "dropped", Meaning::Bad), text).named(&drop.error_name)
}

fn is_ping(drop: &SessionDrop) -> bool {
    drop.last_sent_packet.as_deref() == Some("PINGREQ")
}

fn last_sent(drop: &SessionDrop) -> Option<String> {
    let age = span(drop.last_sent_seconds?);
    let packet = drop.last_sent_packet.as_deref().map_or(Cow::Borrowed("a packet"), clean);
    Some(match drop.last_sent_topic.as_deref() {
        Some(topic) => format!("sent {packet} {} {age} before", clean(topic)),
        None => format!("sent {packet} {age} before"),
    })
}

/// The broker's reason, unless the message has told it already.
fn broker_words(reason: Option<&str>, message: &str) -> Option<String> {
    let reason = reason.filter(|reason| !reason.is_empty() && !message.contains(reason))?;
    Some(format!("the broker says: {}", clean(reason)))
}

fn pointed(server: Option<&str>) -> Option<String> {
    server.map(|server| format!("the broker points to {}", clean(server)))
}

fn late_answer(late: LateAnswer) -> Sentence<'static> {
    let text =
        format!("after {}: the path is slow, not dead; the ping timeout is too short", span(late.seconds));
    Sentence::new(Mark::new('!', "late answer", Meaning::Warning), text)
}

fn attempt_failed(attempt: &AttemptFailed) -> Sentence<'_> {
    let message = if attempt.error_message.is_empty() { "failed" } else { &attempt.error_message };
    let status = attempt.http_status.map(|status| format!("HTTP {status}"));
    let status = status.filter(|status| !message.contains(status.as_str()));
    let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
    let fact = format!("{}: {}{status}", attempt.phase, clean(message));
    let next = attempt
        .next_attempt_seconds
        .map_or_else(|| "no further attempt".to_owned(), |seconds| format!("next in {}", span(seconds)));
    let reason = broker_words(attempt.reason_string.as_deref(), &attempt.error_message);
    let first = tried_first(attempt.fallback.as_ref());
    let text = joined([Some(fact), first, reason, pointed(attempt.server_reference.as_deref()), Some(next)]);
    let label =
        attempt.attempt_number.map_or_else(|| "attempt".to_owned(), |number| format!("attempt {number}"));
    Sentence::new(Mark::new('↻', label, Meaning::Warning), text).named(&attempt.error_name)
}

fn probe_refused(refused: &ProbeRefused) -> Sentence<'_> {
    let topic = refused.topic.as_deref().map_or(Cow::Borrowed("its topic"), clean);
    let reason = suback::refusal(refused.reason_code);
    let said = refused.reason_string.as_deref().map(|words| format!("the broker says: {}", clean(words)));
    let text = joined([Some(format!("the probe to {topic} was not accepted: {reason}")), said]);
    Sentence::new(Mark::new('!', "refused", Meaning::Warning), text)
}

fn changed(change: &Environment) -> Sentence<'_> {
    let place = change.interface.as_deref().map(|name| format!(" on {}", clean(name))).unwrap_or_default();
    let used = match change.in_use {
        Some(true) => " (in use)",
        Some(false) => " (not in use)",
        None => "",
    };
    let detail =
        if change.detail.is_empty() { String::new() } else { format!(": {}", clean(&change.detail)) };
    let text = format!("{}{place}{used}{detail}", change_words(change));
    Sentence::new(Mark::new('~', "this host", Meaning::Warning), text)
}

fn change_words(change: &Environment) -> String {
    let sized = |words: &str, size: fn(f64) -> String| {
        change.seconds.map_or_else(|| words.to_owned(), |seconds| format!("{words} {}", size(seconds)))
    };
    match change.kind {
        EnvironmentKind::LinkDown => "link down".to_owned(),
        EnvironmentKind::LinkUp => "link up".to_owned(),
        EnvironmentKind::AddressAdded => "new address".to_owned(),
        EnvironmentKind::AddressRemoved => "address gone".to_owned(),
        EnvironmentKind::DefaultRouteChanged => "default route changed".to_owned(),
        EnvironmentKind::Suspend => sized("was asleep for", span),
        EnvironmentKind::ClockStep => sized("clock stepped by", signed_span),
        EnvironmentKind::ClockOffset => sized("clock differs by", signed_span),
    }
}

fn asked(probe: &DeviceProbe) -> Sentence<'_> {
    let (answer, meaning) = match (probe.answered, probe.rtt_ms) {
        (Some(true), Some(ms)) => (format!("answered after {}", span(ms / 1e3)), Meaning::Good),
        (Some(true), None) => ("answered, though to somebody else".to_owned(), Meaning::Good),
        (None, _) => ("was asked".to_owned(), Meaning::Faint),
        (Some(false), _) => {
            (format!("did not answer within {}", span(DEVICE_ANSWER_TIMEOUT.as_secs_f64())), Meaning::Warning)
        }
    };
    let fact = format!("{} {answer}", clean(&probe.device));
    let signal = probe.wifi_dbm.map(|dbm| format!("Wi-Fi {dbm} dBm"));
    let error = probe.error_code.filter(|code| *code != 0).map(|code| format!("reports error {code}"));
    let is_news = |connected: &bool| !(probe.answered == Some(true) && *connected);
    let cloud = probe.cloud_connected.filter(is_news).map(cloud_words);
    Sentence::new(Mark::new('◇', "appliance", meaning), joined([Some(fact), signal, error, cloud]))
}

fn cloud_words(connected: bool) -> String {
    let words = if connected { "connected" } else { "not connected" };
    format!("the service lists it as {words}")
}

fn stopped(stop: Stop) -> Sentence<'static> {
    let session = stop
        .duration_connected_seconds
        .map(|seconds| format!("the session was closed in order after {}", span(seconds)));
    let text = joined([Some(stop_words(stop.reason).to_owned()), session]);
    Sentence::new(Mark::new('■', "stopped", Meaning::Faint), text)
}

const fn stop_words(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Signal => "on request (signal)",
        StopReason::Duration => "the time asked for is over",
        StopReason::MaxEvents => "the number of events asked for is reached",
        StopReason::OutputClosed => "nobody reads the output any more",
        StopReason::AttemptsExhausted => "too many attempts failed in a row",
        StopReason::CredentialsRejected => "the service refused user or password for good",
        StopReason::Error => "the run could not go on",
    }
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let said: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    said.join(", ")
}
