//! What a summary says of the dump that it was made from: who made it, as of when, and what it could not tell.

use super::heading::Line;
use crate::dump::{Account, Origin};
use crate::report::Report;
use crate::report::style::{Meaning, View};
use crate::units::{count, date_time, number, offset, span};

/// How it stood when the dump was made.
pub(super) fn state(report: &Report, account: &Account, view: &View) -> Line {
    let maker = match account.origin {
        Origin::Export => "an export of nwdiag",
        Origin::Library => "a dump of nwp500-python",
        Origin::HomeAssistant => "a Home Assistant diagnostics download",
    };
    let when = account.at.map(|at| format!(" made {} ({})", date_time(view.zone, at), offset(view.zone, at)));
    let state = match (report.live, account.at) {
        (true, Some(_)) => format!(": connected for {} then", span(report.current_uptime_seconds())),
        (true, None) => ": connected then".to_owned(),
        (false, _) if account.connected || account.origin == Origin::Export => String::new(),
        (false, _) => ": not connected then".to_owned(),
    };
    (None, format!("■ from {maker}{}{state}", when.unwrap_or_default()))
}

/// What the dump did not tell, and what is therefore missing below.
pub(super) fn gaps(account: &Account) -> impl Iterator<Item = Line> {
    let listed = (account.drops_listed < account.drops_told).then(|| {
        let (listed, told) = (number(account.drops_listed), count(account.drops_told, "drop"));
        format!("it lists {listed} of {told} one by one: causes are named from those")
    });
    let zone =
        (!account.zone_is_known).then(|| "it tells no time zone: times of day in causes are UTC".to_owned());
    let sessionless = (account.drops_without_session > 0)
        .then(|| format!("{} {NO_SESSION}", count(account.drops_without_session, "drop")));
    let unreadable = (account.unreadable > 0)
        .then(|| format!("it has {} that could not be read", count(account.unreadable, "entry")));
    let others = (account.others > 0).then(|| {
        format!(
            "the file holds {} beside this one, left out here: give each a file of its own",
            count(account.others, "dump")
        )
    });
    let told = [Some(untold(account.origin).to_owned()), others, listed, zone, sessionless, unreadable];
    told.into_iter().flatten().map(|gap| (Some(Meaning::Warning), format!("! {gap}")))
}

const NO_SESSION: &str =
    "came while no session is known to have been up: failed attempts, or sessions that were not recorded";

const fn untold(origin: Origin) -> &'static str {
    match origin {
        Origin::Export => {
            "it does not tell single failed attempts, nor when it was up and down, nor earlier silences of an appliance"
        }
        Origin::Library | Origin::HomeAssistant => {
            "it does not tell the broker (the library's own is taken for it), how long it \
            watched, failed attempts, what was sent and heard last, round trips, or what \
            happened on its host: availability stays open, and few causes can be named"
        }
    }
}
