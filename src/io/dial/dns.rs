//! Names to addresses, by the resolver of this host. Its error code is kept: the standard library hides it.

use std::net::SocketAddr;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};

use super::TimedOut;
use crate::event::failure::{DnsFailure, DnsProblem, Failure, ResolverError};

/// glibc and musl say so of a name that has addresses of the other family only; no crate names the code.
const EAI_ADDRFAMILY: i32 = if cfg!(target_os = "linux") { -9 } else { 1 };

/// The addresses of `name`, at least one, in the resolver's order.
pub(super) async fn addresses(name: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    resolved(name, port, system).await
}

/// The failure of a resolver that has not answered when time is up.
pub(super) fn silent(name: &str, TimedOut(waited): TimedOut) -> Failure {
    failure(name, DnsProblem::Silent(waited))
}

fn failure(name: &str, problem: DnsProblem) -> Failure {
    Failure::Dns(DnsFailure { name: name.to_owned(), problem })
}

async fn resolved<R>(name: &str, port: u16, resolver: R) -> Result<Vec<SocketAddr>, Failure>
where
    R: FnOnce(&str) -> Result<Vec<SocketAddr>, LookupError> + Send + 'static,
{
    let asked = name.to_owned();
    // The resolver blocks and cannot be called off: a late answer goes nowhere, and the thread ends with it.
    let answer = tokio::task::spawn_blocking(move || resolver(&asked)).await;
    let answer = answer.map_err(|error| failure(name, DnsProblem::Broken(error.to_string())))?;
    let found = answer.map_err(|error| failure(name, problem(&error)))?;
    if found.is_empty() {
        return Err(failure(name, DnsProblem::NoAddress(None)));
    }
    Ok(with_port(found, port))
}

/// Without `AI_ADDRCONFIG`: on a host that is offline it would turn every name into one that does not exist.
fn system(name: &str) -> Result<Vec<SocketAddr>, LookupError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints))?;
    Ok(found.filter_map(Result::ok).map(|info| info.sockaddr).collect())
}

fn with_port(found: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    let mut addresses = Vec::with_capacity(found.len());
    for mut address in found {
        address.set_port(port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn problem(error: &LookupError) -> DnsProblem {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned();
    let known = |code: &str| ResolverError { code: code.to_owned(), text: text.clone() };
    let failed = |code| DnsProblem::Failed(known(code));
    match error.kind() {
        LookupErrorKind::NoName => DnsProblem::NotFound(known("EAI_NONAME")),
        LookupErrorKind::NoData => DnsProblem::NoAddress(Some(known("EAI_NODATA"))),
        LookupErrorKind::Again => failed("EAI_AGAIN"),
        LookupErrorKind::Badflags => failed("EAI_BADFLAGS"),
        LookupErrorKind::Fail => failed("EAI_FAIL"),
        LookupErrorKind::Family => failed("EAI_FAMILY"),
        LookupErrorKind::Socktype => failed("EAI_SOCKTYPE"),
        LookupErrorKind::Service => failed("EAI_SERVICE"),
        LookupErrorKind::Memory => failed("EAI_MEMORY"),
        LookupErrorKind::System => failed("EAI_SYSTEM"),
        LookupErrorKind::Unknown | LookupErrorKind::IO => match error.error_num() {
            EAI_ADDRFAMILY => DnsProblem::NoAddress(Some(known("EAI_ADDRFAMILY"))),
            number => failed(&format!("EAI {number}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use nix::libc;

    use super::super::Attempt;
    use super::*;
    use crate::event::{FailureKind, Phase};
    use crate::io::clock::Clock;

    #[tokio::test]
    async fn the_code_of_the_resolver_is_kept_and_decides_the_kind() {
        let rows = [
            (libc::EAI_NONAME, "EAI_NONAME", FailureKind::NameNotFound),
            (libc::EAI_NODATA, "EAI_NODATA", FailureKind::NameWithoutAddress),
            (EAI_ADDRFAMILY, "EAI_ADDRFAMILY", FailureKind::NameWithoutAddress),
            (libc::EAI_AGAIN, "EAI_AGAIN", FailureKind::ResolverFailed),
            (libc::EAI_FAIL, "EAI_FAIL", FailureKind::ResolverFailed),
            (libc::EAI_SYSTEM, "EAI_SYSTEM", FailureKind::ResolverFailed),
            (-4321, "EAI -4321", FailureKind::ResolverFailed),
        ];
        for (number, code, kind) in rows {
            let failed = resolved("broker.example", 1, move |_| Err(LookupError::new(number))).await;
            let failure = failed.unwrap_err();
            assert_eq!(failure.kind(), kind);
            assert_eq!(failure.resolver_error().map(|error| error.code.as_str()), Some(code));
            let part = format!("'broker.example' ({code}: ");
            assert!(failure.to_string().contains(&part), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_name_without_addresses_is_said_to_have_none() {
        let failure = resolved("broker.example", 1, |_| Ok(Vec::new())).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NameWithoutAddress);
    }

    #[tokio::test]
    async fn addresses_get_the_port_and_come_once() {
        let found: Vec<SocketAddr> =
            ["[::1]:0", "127.0.0.1:0", "[::1]:0"].iter().map(|text| text.parse().unwrap()).collect();
        let addresses = resolved("broker.example", 1883, move |_| Ok(found)).await.unwrap();
        assert_eq!(addresses, ["[::1]:1883".parse().unwrap(), "127.0.0.1:1883".parse().unwrap()]);
    }

    #[tokio::test]
    async fn a_silent_resolver_is_given_up_on_at_the_deadline() {
        let (release, held) = mpsc::channel::<()>();
        let clock = Clock::start();
        let deadline = clock.now().plus(Duration::from_millis(50));
        let mut attempt = Attempt { deadline, ..Attempt::begin(clock) };
        let stuck = resolved("broker.example", 1, move |_| {
            let _ = held.recv();
            Ok(Vec::new())
        });
        let timed_out = attempt.timed(Phase::Dns, stuck).await.unwrap_err();
        drop(release);
        assert_eq!(silent("broker.example", timed_out).kind(), FailureKind::ResolverFailed);
        assert!(attempt.phases.dns_ms.unwrap() >= 50.0);
    }
}
