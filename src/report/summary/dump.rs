//! What the dump behind a report says of itself: who made it, as of when, and what it could not tell.

use crate::dump::{Account, Origin};
use crate::report::Report;
use crate::report::document::{Paragraph, Text, Value};

/// How it stood when the dump was made.
pub(super) fn state(report: &Report, account: &Account) -> Paragraph {
    let maker = match account.origin {
        Origin::Export => "■ from an export of nwdiag",
        Origin::Library => "■ from a dump of nwp500-python",
        Origin::HomeAssistant => "■ from a Home Assistant diagnostics download",
    };
    let mut text = Text::from(maker);
    if let Some(at) = account.at {
        text = text.then(" made ").then(Value::DateTime(at)).then(" (").then(Value::Offset(at)).then(")");
    }
    Paragraph { meaning: None, text: text.followed_by(connection_then(report, account)) }
}

fn connection_then(report: &Report, account: &Account) -> Text {
    match (report.live, account.at) {
        (true, Some(_)) => {
            Text::from(": connected for ").then(Value::Span(report.current_uptime_seconds())).then(" then")
        }
        (true, None) => ": connected then".into(),
        (false, _) if account.connected || account.origin == Origin::Export => Text::default(),
        (false, _) => ": not connected then".into(),
    }
}

/// What the dump did not tell, and what is therefore missing from the report.
pub(super) fn gaps(account: &Account) -> impl Iterator<Item = Text> {
    let other_dumps = (account.others > 0).then(|| {
        Text::from("! the file holds ")
            .then(Value::Count(account.others, "dump"))
            .then(" beside this one, left out here: give each a file of its own")
    });
    let unlisted = (account.drops_listed < account.drops_told).then(|| {
        Text::from("! it lists ")
            .then(Value::Number(account.drops_listed))
            .then(" of ")
            .then(Value::Count(account.drops_told, "drop"))
            .then(" one by one: causes are named from those")
    });
    let zone = (!account.zone_is_known)
        .then(|| Text::from("! it tells no time zone: times of day in causes are UTC"));
    let without_session = (account.drops_without_session > 0)
        .then(|| Text::from("! ").then(Value::Count(account.drops_without_session, "drop")).then(NO_SESSION));
    let unreadable = (account.unreadable > 0).then(|| {
        Text::from("! it has ")
            .then(Value::Count(account.unreadable, "entry"))
            .then(" that could not be read")
    });
    let not_in_it = Some(Text::from(not_in_a_dump(account.origin)));
    [not_in_it, other_dumps, unlisted, zone, without_session, unreadable].into_iter().flatten()
}

const NO_SESSION: &str =
    " came while no session is known to have been up: failed attempts, or sessions that were not recorded";

const fn not_in_a_dump(origin: Origin) -> &'static str {
    match origin {
        Origin::Export => {
            "! it does not tell single failed attempts, nor when it was up and down, nor earlier silences of an appliance"
        }
        Origin::Library | Origin::HomeAssistant => {
            "! it does not tell the broker (the library's own is taken for it), how long it \
            watched, failed attempts, what was sent and heard last, round trips, or what \
            happened on its host: availability stays open, and few causes can be named"
        }
    }
}
