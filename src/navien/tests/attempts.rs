//! Which requests an attempt makes, and what is left after it.

use super::*;
use crate::navien::account::Finality;

fn body(account: &Account) -> Value {
    serde_json::from_str(account.request().unwrap().body.reveal()).unwrap()
}

fn key_id(account: &Account) -> &str {
    account.keys().unwrap().access_key_id.reveal()
}

#[test]
fn requests_hold_what_the_service_wants_and_the_list_alone_an_authorization() {
    let mut account = account();
    account.begin(at(0), AsNeeded);
    assert_eq!(body(&account), json!({ "userId": EMAIL, "password": PASSWORD }));
    assert_eq!(account.request().unwrap().authorization, None);
    account.told(at(0), signed_in(&json!({}))).unwrap();
    assert_eq!(body(&account), json!({ "offset": 0, "count": 20, "userId": EMAIL }));
    assert_eq!(account.request().unwrap().authorization, Some(Secret::new("access-1")));
    account.told(at(0), listed()).unwrap();
    account.begin(at(0), Forced);
    assert_eq!(body(&account), json!({ "refreshToken": "refresh-1" }));
    assert_eq!(account.request().unwrap().authorization, None);
    account.told(at(0), refreshed()).unwrap();
    assert_eq!(account.request().unwrap().authorization, Some(Secret::new("access-2")));
}

/// An attempt of an account that signed in at 0 s: when, how deep, its answers; which requests it makes.
struct Row<const N: usize>(u64, Renewal, [Outcome; N], [&'static str; N]);

impl<const N: usize> Row<N> {
    #[track_caller]
    fn holds(self, account: &mut Account) -> Result<(), AuthFailure> {
        let Self(seconds, renewal, answers, expected) = self;
        let (paths, outcome) = attempt(account, (at(seconds), renewal), answers);
        assert_eq!(paths, expected);
        outcome
    }
}

use Renewal::{AsNeeded, Devices, Forced};

#[test]
fn a_quick_attempt_asks_for_nothing_while_all_is_valid() {
    let mut account = ready(&json!({}));
    Row(3299, AsNeeded, [], []).holds(&mut account).unwrap();
}

#[test]
fn five_minutes_before_their_end_keys_and_tokens_count_as_expired() {
    Row(3300, AsNeeded, [signed_in(&json!({})), listed()], [SIGN_IN, LIST])
        .holds(&mut ready(&json!({})))
        .unwrap();
    let mut long_keys = ready(&json!({ "authorizationExpiresIn": 7200 }));
    Row(3300, AsNeeded, [refreshed(), listed()], [REFRESH, LIST]).holds(&mut long_keys).unwrap();
    Row(6599, AsNeeded, [], []).holds(&mut long_keys).unwrap();
    // The refresh brought no keys: the old ones end when they would have ended anyway.
    Row(6900, AsNeeded, [signed_in(&json!({})), listed()], [SIGN_IN, LIST]).holds(&mut long_keys).unwrap();
}

#[test]
fn an_absurd_lifetime_leads_to_no_more_than_one_sign_in_an_attempt() {
    for lifetime in [json!(null), json!(0), json!(300), json!(301), json!(1), json!(-5), json!(i64::MAX)] {
        let changes = json!({ "authorizationExpiresIn": lifetime, "authenticationExpiresIn": lifetime });
        let mut account = ready(&changes);
        assert_eq!(key_id(&account), "ASIDEXAMPLE1");
        account.begin(at(100_000), AsNeeded);
        assert!(account.request().is_none_or(|request| [SIGN_IN, REFRESH].contains(&request.path)));
    }
    let mut for_ever = ready(&json!({ "authorizationExpiresIn": 0, "authenticationExpiresIn": i64::MAX }));
    Row(1 << 60, AsNeeded, [], []).holds(&mut for_ever).unwrap();
    let mut short = ready(&json!({ "authorizationExpiresIn": 300 }));
    Row(299, AsNeeded, [], []).holds(&mut short).unwrap();
    Row(300, AsNeeded, [signed_in(&json!({})), listed()], [SIGN_IN, LIST]).holds(&mut short).unwrap();
}

#[test]
fn a_deep_attempt_refreshes_and_signs_in_where_that_fails() {
    let mut account = ready(&json!({}));
    Row(1, Forced, [refreshed(), listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    let useless = [
        success(&json!({})),
        success(&Value::Null),
        answer(200, &json!({ "code": 200 })),
        success(&json!({ "token": { "accessToken": "nested" } })),
        success(&json!({ "accessToken": "" })),
        unauthorised(),
        trouble(),
        raw(502, "<html>"),
        Err(no_answer()),
    ];
    for outcome in useless {
        let answers = [outcome, signed_in(&json!({})), listed()];
        Row(2, Forced, answers, [REFRESH, SIGN_IN, LIST]).holds(&mut account).unwrap();
    }
    let mut lone = ready(&json!({ "refreshToken": null }));
    Row(2, Forced, [signed_in(&json!({})), listed()], [SIGN_IN, LIST]).holds(&mut lone).unwrap();
}

#[test]
fn a_wrong_password_is_final_even_after_a_refresh_that_failed() {
    let failure =
        Row(1, Forced, [trouble(), unauthorised()], [REFRESH, SIGN_IN]).holds(&mut ready(&json!({})));
    assert_eq!(failure.unwrap_err().finality, Finality::Final);
}

#[test]
fn a_minimal_refresh_keeps_what_it_does_not_bring() {
    let mut account = ready(&json!({}));
    let minimal = success(&json!({ "accessToken": "A2" }));
    Row(1, Forced, [minimal, listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    assert_eq!(key_id(&account), "ASIDEXAMPLE1");
    account.begin(at(2), Forced);
    assert_eq!(body(&account), json!({ "refreshToken": "refresh-1" }));
}

#[test]
fn a_refresh_may_bring_keys_but_half_a_pair_is_none() {
    let bringing = |keys: Value| {
        let mut tokens = json!({ "accessToken": "A2" });
        tokens.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        success(&tokens)
    };
    let mut account = ready(&json!({}));
    let half = bringing(json!({ "accessKeyId": "ASIDHALF", "authorizationExpiresIn": 86_400 }));
    Row(1, Forced, [half, listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    assert_eq!(key_id(&account), "ASIDEXAMPLE1");
    let pair = bringing(json!({
        "accessKeyId": "ASIDEXAMPLE2", "secretKey": "s", "sessionToken": "t", "authorizationExpiresIn": 7200,
    }));
    Row(1000, Forced, [pair, listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    assert_eq!(key_id(&account), "ASIDEXAMPLE2");
    // 1000 s + 7200 s - 300 s.
    Row(7899, AsNeeded, [refreshed(), listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    Row(7900, AsNeeded, [signed_in(&json!({})), listed()], [SIGN_IN, LIST]).holds(&mut account).unwrap();
}

#[test]
fn a_refused_list_leads_to_one_refresh_and_one_repeat() {
    let first = signed_in(&json!({}));
    let answers = [first, unauthorised(), refreshed(), listed()];
    let mut account = account();
    Row(0, AsNeeded, answers, [SIGN_IN, LIST, REFRESH, LIST]).holds(&mut account).unwrap();
    assert_eq!(account.listed().map(<[_]>::len), Some(1));
}

#[test]
fn a_list_that_is_refused_again_fails_the_attempt_and_the_next_one_signs_in() {
    let mut account = account();
    let answers = [signed_in(&json!({})), unauthorised(), refreshed(), unauthorised()];
    let failed = Row(0, AsNeeded, answers, [SIGN_IN, LIST, REFRESH, LIST]).holds(&mut account).unwrap_err();
    assert_eq!((failed.finality, failed.failure.kind()), (Finality::Passing, FailureKind::AuthUnavailable));
    assert_eq!(failed.failure.http_status(), Some(401));
    Row(1, AsNeeded, [signed_in(&json!({})), listed()], [SIGN_IN, LIST]).holds(&mut account).unwrap();
}

#[test]
fn a_refused_list_without_a_way_to_refresh_does_not_sign_in_twice() {
    let mut account = account();
    let answers = [signed_in(&json!({ "refreshToken": null })), unauthorised()];
    Row(0, AsNeeded, answers, [SIGN_IN, LIST]).holds(&mut account).unwrap_err();
    let answers = [signed_in(&json!({})), unauthorised(), trouble()];
    Row(0, AsNeeded, answers, [SIGN_IN, LIST, REFRESH]).holds(&mut account).unwrap_err();
}

#[test]
fn a_list_that_fails_otherwise_fails_the_attempt_only_while_no_device_is_known() {
    let failures = || {
        [
            answer(403, &json!({ "code": 403, "msg": "Forbidden" })),
            trouble(),
            raw(502, "<html>"),
            raw(200, "{\"code\":200,"),
            success(&json!({ "no": "list" })),
            Err(no_answer()),
        ]
    };
    for outcome in failures() {
        let mut account = account();
        let answers = [signed_in(&json!({})), outcome];
        Row(0, AsNeeded, answers, [SIGN_IN, LIST]).holds(&mut account).unwrap_err();
        // The sign-in itself was good: it is not repeated.
        Row(1, AsNeeded, [listed()], [LIST]).holds(&mut account).unwrap();
    }
    for outcome in failures() {
        let mut account = ready(&json!({}));
        Row(1, Forced, [refreshed(), outcome], [REFRESH, LIST]).holds(&mut account).unwrap();
        assert_eq!(account.listed(), None);
    }
}

#[test]
fn keys_that_the_gateway_refuses_are_renewed_at_once_if_old_and_by_a_deep_attempt_if_young() {
    let renewal = || [signed_in(&json!({})), listed()];
    let mut old = ready(&json!({ "authorizationExpiresIn": null }));
    old.keys_refused(at(300));
    Row(301, AsNeeded, renewal(), [SIGN_IN, LIST]).holds(&mut old).unwrap();
    Row(302, AsNeeded, [], []).holds(&mut old).unwrap();
    let mut young = ready(&json!({}));
    young.keys_refused(at(299));
    Row(299, AsNeeded, [], []).holds(&mut young).unwrap();
    Row(299, Forced, renewal(), [SIGN_IN, LIST]).holds(&mut young).unwrap();
    Row(299, Forced, [refreshed(), listed()], [REFRESH, LIST]).holds(&mut young).unwrap();
}

/// The offsets of the pages that the first attempt of an account asks for, and how many devices it learns.
fn pages<const N: usize>(pages: [Outcome; N]) -> (Vec<Value>, usize) {
    let mut account = account();
    account.begin(at(0), AsNeeded);
    account.told(at(0), signed_in(&json!({}))).unwrap();
    let mut offsets = Vec::new();
    for page in pages {
        let asked = body(&account);
        assert_eq!(asked["count"], 20);
        offsets.push(asked["offset"].clone());
        account.told(at(0), page).unwrap();
    }
    assert_eq!(account.request(), None);
    (offsets, account.listed().unwrap().len())
}

#[test]
fn the_list_is_asked_for_by_pages_until_one_comes_short_or_enough_are_known() {
    assert_eq!(pages([page(0..0)]), (vec![json!(0)], 0));
    assert_eq!(pages([page(0..19)]), (vec![json!(0)], 19));
    let both = || vec![json!(0), json!(20)];
    assert_eq!(pages([page(0..20), page(20..20)]), (both(), 20));
    assert_eq!(pages([page(0..20), page(20..21)]), (both(), 21));
    assert_eq!(pages([page(0..20), page(20..40)]), (both(), 33));
    // A service that knows no offset, and one that knows no count.
    assert_eq!(pages([page(0..20), page(0..20)]), (both(), 20));
    assert_eq!(pages([page(0..100)]), (vec![json!(0)], 33));
}

#[test]
fn entries_that_cannot_be_addressed_do_not_make_a_page_short() {
    let mut entries = vec![entry("#"); 20];
    entries[7] = entry("aabbccddeeff");
    let known = pages([success(&json!(entries)), listed()]);
    assert_eq!(known, (vec![json!(0), json!(20)], 1));
}

#[test]
fn a_page_that_is_refused_is_asked_for_again_from_where_it_begins() {
    let mut account = account();
    account.begin(at(0), AsNeeded);
    for answer in [signed_in(&json!({})), page(0..20), unauthorised(), refreshed()] {
        account.told(at(0), answer).unwrap();
    }
    assert_eq!(body(&account)["offset"], 20);
    account.told(at(0), page(20..23)).unwrap();
    assert_eq!(account.listed().map(<[_]>::len), Some(23));
}

#[test]
fn half_a_list_is_none() {
    let mut account = account();
    let answers = [signed_in(&json!({})), page(0..20), trouble()];
    Row(0, AsNeeded, answers, [SIGN_IN, LIST, LIST]).holds(&mut account).unwrap_err();
    Row(1, AsNeeded, [page(0..20), page(20..22)], [LIST, LIST]).holds(&mut account).unwrap();
    Row(2, Forced, [refreshed(), page(0..20), trouble()], [REFRESH, LIST, LIST]).holds(&mut account).unwrap();
    assert_eq!(account.listed(), None, "the known list of 22 stays");
}

#[test]
fn a_list_alone_may_be_had_without_new_keys() {
    let mut account = ready(&json!({ "authorizationExpiresIn": 300 }));
    Row(3299, Devices, [listed()], [LIST]).holds(&mut account).unwrap();
    Row(3300, Devices, [refreshed(), listed()], [REFRESH, LIST]).holds(&mut account).unwrap();
    assert_eq!(account.listed().map(<[_]>::len), Some(1));
    Row(3301, Devices, [trouble()], [LIST]).holds(&mut account).unwrap();
    assert_eq!(account.listed(), None, "an old list is not a new one");
}

#[test]
fn an_attempt_that_was_broken_off_leaves_nothing_behind() {
    let mut account = account();
    account.begin(at(0), AsNeeded);
    account.told(at(0), signed_in(&json!({}))).unwrap();
    account.told(at(0), unauthorised()).unwrap();
    let answers = [unauthorised(), refreshed(), listed()];
    Row(1, AsNeeded, answers, [LIST, REFRESH, LIST]).holds(&mut account).unwrap();
    account.told(at(2), trouble()).unwrap();
}
