//! Names to addresses, by the resolver of this host. Its error code is kept: the standard library hides it.

use std::net::SocketAddr;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};

use super::Late;
use crate::crt::{self, Fault, Name};

/// glibc and musl say so of a name that has addresses of the other family only; no crate names the code.
const EAI_ADDRFAMILY: i32 = if cfg!(target_os = "linux") { -9 } else { 1 };

/// The addresses of `name`, at least one, in the resolver's order.
pub(super) async fn addresses(name: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
    resolved(name, port, system).await
}

/// The fault of a resolver that has not answered when time is up.
pub(super) fn silent(name: &str, late: Late) -> Fault {
    crt::DNS_QUERY_FAILED.told(format!("the resolver did not answer for '{name}' within {late}"))
}

async fn resolved<R>(name: &str, port: u16, resolver: R) -> Result<Vec<SocketAddr>, Fault>
where
    R: FnOnce(&str) -> Result<Vec<SocketAddr>, LookupError> + Send + 'static,
{
    let asked = name.to_owned();
    // The resolver blocks and cannot be called off: a late answer goes nowhere, and the thread ends with it.
    let answer = tokio::task::spawn_blocking(move || resolver(&asked)).await;
    let answer = answer.map_err(|error| {
        crt::DNS_QUERY_FAILED.told(format!("the resolver broke down on '{name}': {error}"))
    })?;
    let found = answer.map_err(|error| fault(name, &error))?;
    if found.is_empty() {
        return Err(crt::DNS_NO_ADDRESS.told(format!("'{name}' has no addresses")));
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

fn fault(name: &str, error: &LookupError) -> Fault {
    let (code, crt_name) = meaning(error);
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    let what = match crt_name {
        crt::DNS_INVALID_NAME => "there is no host",
        crt::DNS_NO_ADDRESS => "no address is known for",
        _ => "the resolver failed for",
    };
    crt_name.told(format!("{what} '{name}' ({code}: {text})"))
}

fn meaning(error: &LookupError) -> (String, Name) {
    let (code, name) = match error.kind() {
        LookupErrorKind::NoName => ("EAI_NONAME", crt::DNS_INVALID_NAME),
        LookupErrorKind::NoData => ("EAI_NODATA", crt::DNS_NO_ADDRESS),
        LookupErrorKind::Again => ("EAI_AGAIN", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Badflags => ("EAI_BADFLAGS", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Fail => ("EAI_FAIL", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Family => ("EAI_FAMILY", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Socktype => ("EAI_SOCKTYPE", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Service => ("EAI_SERVICE", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Memory => ("EAI_MEMORY", crt::DNS_QUERY_FAILED),
        LookupErrorKind::System => ("EAI_SYSTEM", crt::DNS_QUERY_FAILED),
        LookupErrorKind::Unknown | LookupErrorKind::IO => return unlisted(error.error_num()),
    };
    (code.to_owned(), name)
}

fn unlisted(number: i32) -> (String, Name) {
    match number {
        EAI_ADDRFAMILY => ("EAI_ADDRFAMILY".to_owned(), crt::DNS_NO_ADDRESS),
        number => (format!("EAI {number}"), crt::DNS_QUERY_FAILED),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use nix::libc;

    use super::super::Attempt;
    use super::*;
    use crate::event::Phase;
    use crate::io::clock::Clock;

    #[tokio::test]
    async fn the_code_of_the_resolver_is_kept_and_decides_the_name() {
        let rows = [
            (libc::EAI_NONAME, "EAI_NONAME", crt::DNS_INVALID_NAME),
            (libc::EAI_NODATA, "EAI_NODATA", crt::DNS_NO_ADDRESS),
            (EAI_ADDRFAMILY, "EAI_ADDRFAMILY", crt::DNS_NO_ADDRESS),
            (libc::EAI_AGAIN, "EAI_AGAIN", crt::DNS_QUERY_FAILED),
            (libc::EAI_FAIL, "EAI_FAIL", crt::DNS_QUERY_FAILED),
            (libc::EAI_SYSTEM, "EAI_SYSTEM", crt::DNS_QUERY_FAILED),
            (-4321, "EAI -4321", crt::DNS_QUERY_FAILED),
        ];
        for (number, code, name) in rows {
            let failed = resolved("broker.example", 1, move |_| Err(LookupError::new(number))).await;
            let fault = failed.unwrap_err();
            assert_eq!(fault.name, name);
            let part = format!("'broker.example' ({code}: ");
            assert!(fault.message.contains(&part), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_name_without_addresses_is_said_to_have_none() {
        let fault = resolved("broker.example", 1, |_| Ok(Vec::new())).await.unwrap_err();
        assert_eq!(fault.name, crt::DNS_NO_ADDRESS);
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
        let late = attempt.timed(Phase::Dns, stuck).await.unwrap_err();
        drop(release);
        let fault = silent("broker.example", late);
        assert_eq!(fault.name, crt::DNS_QUERY_FAILED);
        assert!(attempt.phases.dns_ms.unwrap() >= 50.0);
    }
}
