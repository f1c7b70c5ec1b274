//! Every row of the double's service, driven end to end through the sign-in: what it comes to, and by which requests.

use std::time::Duration;

use nwdiag::event::FailureKind;
use nwdiag::io::authorize::navien::{SignIn, SignInSettings, SignedIn};
use nwdiag::io::clock::Clock;
use nwdiag::io::dial::{AuthFacts, TlsSettings};
use nwdiag::navien::account::{AuthFailure, Finality, Renewal};
use nwdiag::navien::service::ServiceUrl;
use nwdiag::secret::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::exchange::Reply;
use super::service::Service;
use super::state::{Action, EMAIL, LIST, PASSWORD, REFRESH, SIGN_IN, device, key, refusal, unauthorised};
use crate::mosquitto::certificates::Certificates;
use Renewal::{AsNeeded, Forced};

/// Longer than any answer of the double takes.
const LONG: Duration = Duration::from_secs(20);
/// For the rows in which nothing is answered.
const SHORT: Duration = Duration::from_millis(500);

/// What an attempt comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// It goes on, with so many devices, if the service was asked for them.
    Ready(Option<usize>),
    /// It failed for good.
    Rejected(u16),
    /// It failed, with this status if any, and may do better later.
    Unavailable(Option<u16>),
}

/// A client of the double.
struct Client {
    service: Service,
    sign_in: SignIn,
    clock: Clock,
}

/// Certificates, and the folder that they lie in.
fn certificates() -> (Certificates, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Certificates::make(folder.path()), folder)
}

fn settings(service: &Service, certificates: &Certificates) -> SignInSettings {
    SignInSettings {
        email: Secret::new(EMAIL),
        password: Secret::new(PASSWORD),
        service: ServiceUrl::parse(&service.url()).unwrap(),
        tls: TlsSettings { cafile: Some(certificates.ca.clone()), ..TlsSettings::default() },
    }
}

impl Client {
    fn new() -> Self {
        Self::patient((EMAIL, PASSWORD), LONG)
    }

    fn patient((email, password): (&str, &str), within: Duration) -> Self {
        let (certificates, _folder) = certificates();
        let service = Service::start(&certificates);
        let settings = SignInSettings {
            email: Secret::new(email),
            password: Secret::new(password),
            ..settings(&service, &certificates)
        };
        let sign_in = SignIn::within(settings, within).unwrap();
        Self { service, sign_in, clock: Clock::start() }
    }

    async fn attempt(&self, renewal: Renewal) -> Result<SignedIn, AuthFailure> {
        let mut learned = AuthFacts::default();
        let outcome = self.sign_in.renew(self.clock, renewal, &mut learned).await;
        assert!(learned.clock_offset.is_none_or(|offset| offset.num_seconds().abs() < 60), "{learned:?}");
        outcome
    }

    /// Makes an attempt; checks what came of it, and which requests it took.
    async fn comes_to(&self, renewal: Renewal, outcome: Outcome, paths: &[&str]) {
        let before = self.service.state().calls.len();
        let came = match self.attempt(renewal).await {
            Ok(signed_in) => Outcome::Ready(signed_in.devices.map(|devices| devices.len())),
            Err(AuthFailure { finality: Finality::Final, failure }) => {
                assert_eq!(failure.kind(), FailureKind::AuthRejected, "{failure}");
                Outcome::Rejected(failure.http_status().unwrap())
            }
            Err(AuthFailure { finality: Finality::Passing, failure }) => {
                assert_eq!(failure.kind(), FailureKind::AuthUnavailable, "{failure}");
                Outcome::Unavailable(failure.http_status())
            }
        };
        let state = self.service.state();
        assert_eq!((came, &state.paths()[before..]), (outcome, paths));
        assert_eq!(state.breaches, Vec::<String>::new());
    }
}

const FIRST: [&str; 2] = [SIGN_IN, LIST];

/// A sign-in of a new account whose first answer is `action`.
async fn sign_in(row: &str, action: Action, outcome: Outcome) {
    tell(row, outcome);
    let client = Client::new();
    client.service.state().next(SIGN_IN, action);
    let paths = if matches!(outcome, Outcome::Ready(_)) { &FIRST[..] } else { &FIRST[..1] };
    client.comes_to(AsNeeded, outcome, paths).await;
}

/// Said where a row fails: tests show what they print only then.
fn tell(row: &str, outcome: Outcome) {
    println!("row {row}: {outcome:?}");
}

const fn reply(reply: Reply) -> Action {
    Action::Reply(reply)
}

const fn change(changes: Value) -> Action {
    Action::Change(changes)
}

#[tokio::test]
async fn a_sign_in_comes_to_what_the_table_says() {
    let html = Reply::raw(502, "text/html", "<html>bad gateway</html>");
    let no_keys = json!({ "accessKeyId": null, "secretKey": null, "sessionToken": null });
    let elsewhere = ("Location", "https://localhost:1/".to_owned());
    let redirect = Reply::Answer(302, elsewhere, String::new());
    let huge = format!("{{\"code\":200,\"pad\":\"{}\"}}", "x".repeat(1 << 20));
    let inside = json!({ "code": 401, "msg": "Unauthorized", "data": null });
    let rows = [
        ("S1", Action::Ordinary, Outcome::Ready(Some(1))),
        ("S1 in chunks", Action::InChunks, Outcome::Ready(Some(1))),
        ("S3", reply(Reply::json(200, &inside)), Outcome::Rejected(200)),
        ("S5", reply(refusal(400, "BAD_REQUEST")), Outcome::Unavailable(Some(400))),
        ("S6", reply(refusal(500, "Internal Server Error")), Outcome::Unavailable(Some(500))),
        ("S7", reply(html), Outcome::Unavailable(Some(502))),
        ("S8", reply(Reply::json(429, &json!({ "code": 429 }))), Outcome::Unavailable(Some(429))),
        ("S9", reply(Reply::raw(500, "application/json", "")), Outcome::Unavailable(Some(500))),
        (
            "S10",
            reply(Reply::raw(200, "application/json", "{\"code\":200,")),
            Outcome::Unavailable(Some(200)),
        ),
        ("S11", change(no_keys), Outcome::Unavailable(Some(200))),
        ("S12 300", change(json!({ "authorizationExpiresIn": 300 })), Outcome::Ready(Some(1))),
        ("S12 301", change(json!({ "authorizationExpiresIn": 301 })), Outcome::Ready(Some(1))),
        ("S12 0", change(json!({ "authorizationExpiresIn": 0 })), Outcome::Ready(Some(1))),
        ("S12 null", change(json!({ "authorizationExpiresIn": null })), Outcome::Ready(Some(1))),
        ("S12 JWT 0", change(json!({ "authenticationExpiresIn": 0 })), Outcome::Ready(Some(1))),
        ("S12 JWT null", change(json!({ "authenticationExpiresIn": null })), Outcome::Ready(Some(1))),
        ("S13 dropped", reply(Reply::Hangup), Outcome::Unavailable(None)),
        ("half an answer", reply(Reply::HalfAnAnswer), Outcome::Unavailable(None)),
        ("no HTTP", reply(Reply::Garbage), Outcome::Unavailable(None)),
        ("a redirect", reply(redirect), Outcome::Unavailable(Some(302))),
        ("a huge answer", reply(Reply::raw(200, "application/json", &huge)), Outcome::Unavailable(None)),
        ("X", reply(refusal(404, "NOT_FOUND")), Outcome::Unavailable(Some(404))),
    ];
    for (row, action, outcome) in rows {
        sign_in(row, action, outcome).await;
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_final() {
    let rows = [((EMAIL, "wrong"), 401), (("nobody@home.example", PASSWORD), 404)];
    for (who, status) in rows {
        let client = Client::patient(who, LONG);
        client.comes_to(AsNeeded, Outcome::Rejected(status), &[SIGN_IN]).await;
        let again = client.attempt(AsNeeded).await.unwrap_err();
        assert!(again.to_string().contains("NAVIEN_EMAIL"), "{again}");
        assert!(!again.to_string().contains(who.0) && !again.to_string().contains(who.1), "{again}");
    }
}

#[tokio::test]
async fn a_service_that_is_silent_is_given_up_on_in_each_request() {
    for silent in [SIGN_IN, LIST] {
        let client = Client::patient((EMAIL, PASSWORD), SHORT);
        client.service.state().next(silent, Action::Reply(Reply::Silence));
        let failed = client.attempt(AsNeeded).await.unwrap_err();
        assert_eq!(
            (failed.failure.kind(), failed.failure.http_status()),
            (FailureKind::AuthUnavailable, None)
        );
        assert!(failed.to_string().contains("did not answer within 500 ms"), "{failed}");
        assert_eq!(client.service.state().paths().last(), Some(&silent));
    }
}

/// A deep attempt of an account that is signed in, whose refresh is answered by `action`.
async fn refresh(row: &str, action: Action, paths: &[&str]) -> (Client, SignedIn) {
    tell(row, Outcome::Ready(Some(1)));
    let client = Client::new();
    client.comes_to(AsNeeded, Outcome::Ready(Some(1)), &FIRST).await;
    client.service.state().next(REFRESH, action);
    client.comes_to(Forced, Outcome::Ready(Some(1)), paths).await;
    let signed_in = client.attempt(AsNeeded).await.unwrap();
    (client, signed_in)
}

#[tokio::test]
async fn a_refresh_comes_to_what_the_table_says() {
    let refreshed = [REFRESH, LIST];
    let signed_in_again = [REFRESH, SIGN_IN, LIST];
    let useless = |fields: Value| Action::Only(fields);
    let bare = |body: Value| reply(Reply::json(200, &body));
    let rows = [
        ("R1", Action::Ordinary, &refreshed[..]),
        ("R4", reply(refusal(401, "Invalid refresh token")), &signed_in_again),
        ("R5 500", reply(refusal(500, "Internal Server Error")), &signed_in_again),
        ("R5 502", reply(Reply::raw(502, "text/html", "<html>")), &signed_in_again),
        ("R5 dropped", reply(Reply::Hangup), &signed_in_again),
        ("R6 {}", useless(json!({})), &signed_in_again),
        ("R6 missing", bare(json!({ "code": 200, "msg": "SUCCESS" })), &signed_in_again),
        ("R6 null", useless(Value::Null), &signed_in_again),
        ("R6 nested", useless(json!({ "token": { "accessToken": "nested" } })), &signed_in_again),
    ];
    for (row, action, paths) in rows {
        let (client, signed_in) = refresh(row, action, paths).await;
        let key = key(client.service.state().keys);
        assert_eq!(signed_in.credentials.access_key_id.reveal(), key.id, "{row}");
    }
}

#[tokio::test]
async fn a_refresh_rotates_its_token_and_the_old_one_is_not_used_again() {
    let (client, _) = refresh("R1 twice", Action::Ordinary, &[REFRESH, LIST]).await;
    client.comes_to(Forced, Outcome::Ready(Some(1)), &[REFRESH, LIST]).await;
}

#[tokio::test]
async fn a_minimal_refresh_leaves_the_old_refresh_token_in_use() {
    let client = Client::new();
    client.comes_to(AsNeeded, Outcome::Ready(Some(1)), &FIRST).await;
    let minimal = json!({ "code": 200, "msg": "SUCCESS", "data": { "accessToken": "A2" } });
    client.service.state().next(REFRESH, Action::Reply(Reply::json(200, &minimal)));
    let devices = json!({ "code": 200, "data": [device("aabbccddeeff", &json!(2))] });
    client.service.state().next(LIST, Action::Reply(Reply::json(200, &devices)));
    client.comes_to(Forced, Outcome::Ready(Some(1)), &[REFRESH, LIST]).await;
    assert_eq!(client.service.state().calls[3].headers["authorization"], "A2");
    client.comes_to(Forced, Outcome::Ready(Some(1)), &[REFRESH, LIST]).await;
}

#[tokio::test]
async fn keys_that_come_with_a_refresh_are_used() {
    let client = Client::new();
    client.comes_to(AsNeeded, Outcome::Ready(Some(1)), &FIRST).await;
    let keys = client.service.state().aws_keys();
    client.service.state().next(REFRESH, Action::Change(keys));
    client.comes_to(Forced, Outcome::Ready(Some(1)), &[REFRESH, LIST]).await;
    let signed_in = client.attempt(AsNeeded).await.unwrap();
    assert_eq!(signed_in.credentials.access_key_id.reveal(), "ASIADOUBLE00000002");
    assert_eq!(signed_in.credentials.session_token.unwrap().reveal(), "aws-session-token-00000002//++==");
}

/// A first attempt whose device lists are answered by `deeds`.
async fn list(row: &str, deeds: Vec<Action>, outcome: Outcome, paths: &[&str]) {
    tell(row, outcome);
    let client = Client::new();
    for action in deeds {
        client.service.state().next(LIST, action);
    }
    client.comes_to(AsNeeded, outcome, paths).await;
}

#[tokio::test]
async fn a_device_list_comes_to_what_the_table_says() {
    let refused = || reply(unauthorised());
    let broken = Reply::raw(200, "application/json", "{\"code\":200,");
    let with = |connected: Value| Action::Only(json!([device("aabbccddeeff", &connected)]));
    let two = json!([device("aabbccddeeff", &json!(2)), device("001122334455", &json!(1))]);
    let repeated = [SIGN_IN, LIST, REFRESH, LIST];
    let gateway = Reply::raw(502, "text/html", "<html>");
    let rows = [
        ("D1", vec![Action::Ordinary], Outcome::Ready(Some(1)), &FIRST[..]),
        ("D2", vec![Action::Only(json!([]))], Outcome::Ready(Some(0)), &FIRST),
        ("D3 1", vec![with(json!(1))], Outcome::Ready(Some(1)), &FIRST),
        ("D3 0", vec![with(json!(0))], Outcome::Ready(Some(1)), &FIRST),
        ("D3 3", vec![with(json!(3))], Outcome::Ready(Some(1)), &FIRST),
        ("D3 missing", vec![with(Value::Null)], Outcome::Ready(Some(1)), &FIRST),
        ("D5", vec![refused()], Outcome::Ready(Some(1)), &repeated),
        ("D6", vec![refused(), refused()], Outcome::Unavailable(Some(401)), &repeated),
        ("D7 403", vec![reply(refusal(403, "FORBIDDEN"))], Outcome::Unavailable(Some(403)), &FIRST),
        ("D7 500", vec![reply(refusal(500, "x"))], Outcome::Unavailable(Some(500)), &FIRST),
        ("D7 502", vec![reply(gateway)], Outcome::Unavailable(Some(502)), &FIRST),
        ("D7 dropped", vec![reply(Reply::Hangup)], Outcome::Unavailable(None), &FIRST),
        ("D7 truncated", vec![reply(broken)], Outcome::Unavailable(Some(200)), &FIRST),
        ("D8", vec![Action::Only(two)], Outcome::Ready(Some(2)), &FIRST),
    ];
    for (row, deeds, outcome, paths) in rows {
        list(row, deeds, outcome, paths).await;
    }
}

/// Of more devices than are watched one is kept, which tells that there are more.
const WATCHED_AND_ONE: usize = 33;

#[tokio::test]
async fn a_long_device_list_is_had_by_pages() {
    let rows: [(usize, &[u64]); 6] =
        [(19, &[0]), (20, &[0, 20]), (21, &[0, 20]), (32, &[0, 20]), (40, &[0, 20]), (41, &[0, 20])];
    for (count, offsets) in rows {
        let client = Client::new();
        let devices = (0..count).map(|number| device(&format!("aabbccdd{number:04}"), &json!(2)));
        client.service.state().devices = devices.collect();
        let paths = [&[SIGN_IN][..], &vec![LIST; offsets.len()]].concat();
        client.comes_to(AsNeeded, Outcome::Ready(Some(count.min(WATCHED_AND_ONE))), &paths).await;
        let state = client.service.state();
        let asked: Vec<_> =
            state.calls[1..].iter().filter_map(|call| call.json()["offset"].as_u64()).collect();
        assert_eq!(asked, offsets);
    }
}

#[tokio::test]
async fn an_access_token_that_died_on_the_way_is_replaced() {
    let client = Client::new();
    client.service.state().next(LIST, Action::Reply(refusal(500, "x")));
    client.comes_to(AsNeeded, Outcome::Unavailable(Some(500)), &FIRST).await;
    client.service.state().forget_tokens();
    // D4, R4, and a sign-in that makes up for both.
    client.comes_to(AsNeeded, Outcome::Ready(Some(1)), &[LIST, REFRESH, SIGN_IN, LIST]).await;
    client.comes_to(AsNeeded, Outcome::Ready(None), &[]).await;
}

#[tokio::test]
async fn requests_say_what_the_service_needs_and_nothing_of_the_host() {
    let client = Client::new();
    client.comes_to(AsNeeded, Outcome::Ready(Some(1)), &FIRST).await;
    let state = client.service.state();
    let names: Vec<&str> = state.calls[1].headers.keys().map(String::as_str).collect();
    let expected =
        ["accept", "authorization", "connection", "content-length", "content-type", "host", "user-agent"];
    assert_eq!(names, expected);
    assert_eq!(state.calls[1].headers["authorization"], "eyJ-access-token-00000001");
    assert_eq!(state.calls[0].json(), json!({ "userId": EMAIL, "password": PASSWORD }));
    assert_eq!(state.calls[1].json(), json!({ "offset": 0, "count": 20, "userId": EMAIL }));
}

#[tokio::test]
async fn the_clock_of_the_service_is_compared_with_ours() {
    let client = Client::patient((EMAIL, "wrong"), LONG);
    client.service.state().ahead = chrono::TimeDelta::hours(2);
    let mut learned = AuthFacts::default();
    client.sign_in.renew(client.clock, AsNeeded, &mut learned).await.unwrap_err();
    let offset = learned.clock_offset.unwrap().num_seconds();
    assert!((-7260..=-7140).contains(&offset), "{offset}");
}

/// What a service that is not there, or is somebody else, comes to.
async fn unreached(change: impl FnOnce(&mut SignInSettings, &Certificates)) -> AuthFailure {
    let (certificates, _folder) = certificates();
    let service = Service::start(&certificates);
    let mut settings = settings(&service, &certificates);
    change(&mut settings, &certificates);
    let sign_in = SignIn::within(settings, LONG).unwrap();
    let failed = sign_in.renew(Clock::start(), AsNeeded, &mut AuthFacts::default()).await.unwrap_err();
    assert_eq!(service.state().calls.len(), 0);
    failed
}

#[tokio::test]
async fn a_service_that_is_not_reached_keeps_the_networks_own_kind() {
    let rows: [(AuthFailure, FailureKind, &str); 3] = [
        (
            unreached(|settings, _| {
                settings.service = ServiceUrl::parse("https://no.such.host.invalid").unwrap();
            })
            .await,
            FailureKind::NameNotFound,
            "(dns)",
        ),
        (unreached(|settings, _| settings.service.port = 1).await, FailureKind::ConnectionRefused, "(tcp)"),
        (
            unreached(|settings, known| settings.tls.cafile = Some(known.other_ca.clone())).await,
            FailureKind::CertificateUntrusted,
            "(tls): the service's certificate is not trusted",
        ),
    ];
    for (failed, kind, part) in rows {
        assert_eq!((failed.failure.kind(), failed.finality), (kind, Finality::Passing), "{failed}");
        assert!(failed.to_string().contains(part), "{failed}");
    }
}
