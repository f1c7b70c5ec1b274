//! The sentence of a failure: what happened, to what, after how long, in one line for a person.
//!
//! This is the only place where a failure becomes words, and nothing reads them: programs have its kind and its codes.

mod alert;
mod certificate;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use crate::event::failure::{
    DnsFailure, DnsProblem, Failure, ResolverError, SignInFailure, Stage, StreamEnd, TcpFailure, TcpProblem,
    TlsFailure, UpgradeFailure, UpgradeFlaw,
};
use crate::reason::{self, Source};
use crate::units;

/// Who is at the other end, as the subject of a sentence.
#[derive(Debug, Clone, Copy)]
struct Peer(&'static str);

const BROKER: Peer = Peer("the broker");
/// Any other service, one that signs in for instance.
const SERVICE: Peer = Peer("the service");

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self, BROKER))
    }
}

fn sentence(failure: &Failure, peer: Peer) -> String {
    match failure {
        Failure::Dns(failure) => dns(failure),
        Failure::Tcp(failure) => tcp(failure, peer),
        Failure::Tls(failure) => tls(failure, peer),
        Failure::Upgrade(failure) => upgrade(failure),
        Failure::Ended(stage, end) => ended(*stage, end, peer),
        Failure::Refused { code, source } => {
            format!("{peer} refused the connection: {}", reason::words(*code, *source))
        }
        Failure::ConnackMissing(waited) => format!("no CONNACK within {}", span(*waited)),
        Failure::Disconnected(Some(code)) => {
            format!("{peer} sent DISCONNECT: {}", reason::words(*code, Source::DisconnectV5))
        }
        Failure::Disconnected(None) => format!("{peer} sent DISCONNECT"),
        Failure::Protocol(breach) => format!("{peer} sent {}", breach.flaw),
        Failure::PingUnanswered(after) => format!("no answer to a ping within {}", span(*after)),
        Failure::SubscribeUnanswered(after) => format!("no answer to SUBSCRIBE within {}", span(*after)),
        Failure::SignIn(failure) => sign_in(failure),
    }
}

fn span(span: Duration) -> String {
    units::span(span.as_secs_f64())
}

fn dns(failure: &DnsFailure) -> String {
    let name = &failure.name;
    let because = |what: &str, ResolverError { code, text }: &ResolverError| {
        format!("{what} '{name}' ({code}: {text})")
    };
    match &failure.problem {
        DnsProblem::NotFound(error) => because("there is no host", error),
        DnsProblem::NoAddress(Some(error)) => because("no address is known for", error),
        DnsProblem::NoAddress(None) => format!("'{name}' has no addresses"),
        DnsProblem::Failed(error) => because("the resolver failed for", error),
        DnsProblem::Silent(waited) => {
            format!("the resolver did not answer for '{name}' within {}", span(*waited))
        }
        DnsProblem::Broken(reason) => format!("the resolver broke down on '{name}': {reason}"),
    }
}

fn tcp(failure: &TcpFailure, peer: Peer) -> String {
    let address = failure.address.as_deref().unwrap_or("the address");
    let all = match failure.failed {
        0 | 1 => String::new(),
        failed => format!(" (all {failed} addresses failed)"),
    };
    match &failure.problem {
        TcpProblem::Refused => format!("{address} refused the connection{all}"),
        TcpProblem::Unanswered(text) => format!("{address} did not answer: {text}{all}"),
        TcpProblem::Socket(end) => {
            format!("{address} could not be connected to: {}{all}", system_words(end, peer))
        }
        TcpProblem::NotStarted => "no connection could be started".to_owned(),
        TcpProblem::Silent(waited) => silent(failure, *waited),
    }
}

fn silent(failure: &TcpFailure, waited: Duration) -> String {
    let others = match (failure.failed, failure.addresses) {
        (0, 1) => String::new(),
        (0, addresses) => format!(", nor did any other of {addresses} addresses"),
        (failed, addresses) => format!("; {failed} of {addresses} addresses failed before"),
    };
    let address = failure.address.as_ref().map_or_else(String::new, |address| format!("{address} "));
    format!("{address}did not answer within {}{others}", span(waited))
}

/// The operating system's own words, where the end carries them.
fn system_words(end: &StreamEnd, peer: Peer) -> String {
    match end {
        StreamEnd::NoRoute(text) | StreamEnd::NetworkDown(text) | StreamEnd::Other(text) => text.clone(),
        StreamEnd::Fin
        | StreamEnd::CloseNotify
        | StreamEnd::WebsocketClose(..)
        | StreamEnd::Reset
        | StreamEnd::TlsAlert(_)
        | StreamEnd::TimedOut
        | StreamEnd::TlsProtocol(_)
        | StreamEnd::WebsocketProtocol(_) => stream_end(end, peer),
    }
}

fn tls(failure: &TlsFailure, peer: Peer) -> String {
    match failure {
        TlsFailure::Silent(waited) => {
            format!("the TLS handshake was not answered to its end within {}", span(*waited))
        }
        TlsFailure::NotTls => {
            format!("{peer}'s answer to the TLS handshake is not TLS: is this its port for TLS?")
        }
        TlsFailure::Certificate(identity, flaw) => certificate::sentence(identity, flaw, peer),
        TlsFailure::NoCommonParameters(text) | TlsFailure::Other(text) => {
            format!("TLS cannot be agreed on: {text}")
        }
    }
}

fn upgrade(failure: &UpgradeFailure) -> String {
    match failure {
        UpgradeFailure::Refused { status, path, location } => {
            let advice = match location {
                Some(place) if matches!(status, 300..=399) => {
                    format!("it points to '{place}': check host, scheme and path")
                }
                Some(_) | None => advice(*status, path),
            };
            format!("no WebSocket: the answer is HTTP {status}: {advice}")
        }
        UpgradeFailure::NotWebsocket(flaw) => {
            format!("no WebSocket: the answer is HTTP 101, but {}", upgrade_flaw(flaw))
        }
        UpgradeFailure::NotHttp(reason) => {
            format!("the answer to the request for a WebSocket is not HTTP/1: {reason}")
        }
        UpgradeFailure::Silent(waited) => {
            format!("the request for a WebSocket was not answered within {}", span(*waited))
        }
    }
}

fn upgrade_flaw(flaw: &UpgradeFlaw) -> String {
    match flaw {
        UpgradeFlaw::NoUpgrade => "it does not upgrade to WebSocket".to_owned(),
        UpgradeFlaw::WrongAccept => {
            "its Sec-WebSocket-Accept does not fit: an answer from a cache?".to_owned()
        }
        UpgradeFlaw::NoSubprotocol => "without the subprotocol 'mqtt': is this an MQTT broker?".to_owned(),
        UpgradeFlaw::OtherSubprotocol(other) => {
            format!("with the subprotocol '{other}', where 'mqtt' was asked for")
        }
        UpgradeFlaw::Extension => "with an extension that nobody asked for".to_owned(),
    }
}

/// What a status means to somebody who wanted a WebSocket.
fn advice(status: u16, path: &str) -> String {
    let text = match status {
        200..=299 => "a web server answers here: check port and path",
        300..=399 => "it points somewhere else: check host, scheme and path",
        400 => "the request was not understood: check that this port speaks WebSocket",
        401 | 403 => "the credentials are missing, refused or expired",
        404 | 405 => return format!("there is no WebSocket at the path '{path}': check the path"),
        407 => "a proxy wants credentials",
        426 => "another protocol or version is wanted",
        429 | 503 => "the server is overloaded or throttles",
        500..=599 => "the server, or the one behind the gateway, has failed",
        _ => "the server refused",
    };
    text.to_owned()
}

fn ended(stage: Stage, end: &StreamEnd, peer: Peer) -> String {
    let what = stream_end(end, peer);
    match stage {
        Stage::TlsHandshake => format!("in the TLS handshake, {what}"),
        Stage::Upgrade => format!("in the WebSocket upgrade, {what}"),
        Stage::Opening => format!("{what}, before CONNACK"),
        Stage::Session => what,
    }
}

fn stream_end(end: &StreamEnd, peer: Peer) -> String {
    match end {
        StreamEnd::Fin => format!("{peer} closed the connection (FIN)"),
        StreamEnd::CloseNotify => format!("{peer} closed the connection (TLS close_notify)"),
        StreamEnd::WebsocketClose(code, reason) => websocket_close(*code, reason, peer),
        StreamEnd::Reset => "the connection was reset (RST)".to_owned(),
        StreamEnd::TlsAlert(alert) => {
            format!("{peer} ended TLS with a fatal alert: {}", alert::words(*alert))
        }
        StreamEnd::TimedOut => {
            "the kernel gave up: what we sent was never acknowledged (ETIMEDOUT)".to_owned()
        }
        StreamEnd::NoRoute(text) => format!("{peer} cannot be reached: {text}"),
        StreamEnd::NetworkDown(text) => format!("the network is down: {text}"),
        StreamEnd::TlsProtocol(text) => format!("{peer} broke TLS: {text}"),
        StreamEnd::WebsocketProtocol(text) => format!("malformed WebSocket frame: {text}"),
        StreamEnd::Other(text) => format!("the socket failed: {text}"),
    }
}

fn websocket_close(code: u16, reason: &str, peer: Peer) -> String {
    let code = match code {
        1005 => "without a code".to_owned(),
        code => format!("code {code}"),
    };
    match reason {
        "" => format!("{peer} closed the WebSocket ({code})"),
        reason => format!("{peer} closed the WebSocket ({code}: {reason})"),
    }
}

fn sign_in(failure: &SignInFailure) -> String {
    match failure {
        SignInFailure::Rejected { words, .. } | SignInFailure::Unavailable { words, .. } => words.clone(),
        SignInFailure::Unreached { service, phase, failure } => {
            format!("{service} cannot be reached ({phase}): {}", sentence(failure, SERVICE))
        }
    }
}
