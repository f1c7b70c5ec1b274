//! Records inside the export: their time, then the reference's keys, then all others.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::collector::metrics::Dated;
use crate::crt;
use crate::diagnosis::{Cause, Explanation};
use crate::event::{Connected, ConnectionKind, Environment, SessionDrop, unix_seconds};
use crate::journal::timestamp;

/// When, in the two forms that every entry has.
#[derive(Debug, Serialize)]
struct When {
    timestamp: String,
    unix_seconds: f64,
}

impl When {
    fn of(at: DateTime<Utc>) -> Self {
        Self { timestamp: timestamp(at), unix_seconds: unix_seconds(at) }
    }
}

/// A drop.
#[derive(Debug, Serialize)]
pub(super) struct DropEntry<'a> {
    #[serde(flatten)]
    when: When,
    /// Null where the CRT has no name for it.
    error_name: Option<&'a str>,
    #[serde(flatten)]
    drop: Ordered<'a, SessionDrop>,
}

impl<'a> From<&'a Dated<SessionDrop>> for DropEntry<'a> {
    fn from(dated: &'a Dated<SessionDrop>) -> Self {
        let error_name = Some(&*dated.fact.error_name).filter(|name| crt::is_known_to_the_crt(name));
        Self { when: When::of(dated.at), error_name, drop: Ordered(&dated.fact) }
    }
}

/// A connection.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionEntry<'a> {
    #[serde(flatten)]
    when: When,
    event_type: ConnectionKind,
    #[serde(flatten)]
    connection: Ordered<'a, Connected>,
}

impl<'a> From<&'a Dated<Connected>> for ConnectionEntry<'a> {
    fn from(dated: &'a Dated<Connected>) -> Self {
        let (event_type, connection) = (dated.fact.kind, Ordered(&dated.fact));
        Self { when: When::of(dated.at), event_type, connection }
    }
}

/// What happened in an incident.
#[derive(Debug, Serialize)]
pub(super) struct ExplanationEntry<'a> {
    at: String,
    what: &'a str,
    cause: Option<&'static str>,
    weight: f64,
}

impl<'a> From<&'a Explanation> for ExplanationEntry<'a> {
    fn from(explanation: &'a Explanation) -> Self {
        let Explanation { at, what, cause, weight } = explanation;
        Self { at: timestamp(*at), what, cause: cause.map(Cause::as_str), weight: *weight }
    }
}

/// A change on the host.
#[derive(Debug, Serialize)]
pub(super) struct EnvironmentEntry<'a> {
    #[serde(flatten)]
    when: When,
    #[serde(flatten)]
    change: &'a Environment,
}

impl<'a> From<&'a Dated<Environment>> for EnvironmentEntry<'a> {
    fn from(dated: &'a Dated<Environment>) -> Self {
        Self { when: When::of(dated.at), change: &dated.fact }
    }
}

/// The keys of a record in the order of the export, which is not that of the journal.
#[derive(Debug)]
struct Ordered<'a, T>(&'a T);

/// Names every key of a record once: the compiler refuses a list that lacks one.
macro_rules! ordered {
    ($record:ident { $($key:ident)+ } without { $($left_out:ident)* }) => {
        impl Serialize for Ordered<'_, $record> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $record { $($key,)+ $($left_out: _,)* } = self.0;
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry(stringify!($key), $key)?;)+
                map.end()
            }
        }
    };
}

ordered!(SessionDrop {
    error_message error_code reconnect_attempt duration_connected_seconds active_subscriptions
    queued_commands
    failure closed_by protocol reason_code reason_string server_reference websocket_close_code last_received_seconds
    last_sent_seconds last_sent_packet last_sent_topic idle_before_last_sent_seconds unanswered_ping_seconds
    loop_lag_ms messages_received messages_published bytes_received bytes_sent publish_rate_per_second
    largest_publish_bytes ping_rtt_ms survived unfinished_packet malformed tcp wifi_dbm
} without { error_name });

ordered!(Connected {
    session_present return_code attempt_number time_to_reconnect_seconds
    waited_seconds addresses_lost fallback kind protocol phases local_address peer_address server_keep_alive_seconds maximum_packet_bytes receive_maximum
    assigned_client_id reason_string
} without { continued });
