//! Asking the appliances behind the broker for their status: when each is due, what is out, what came of it.
//!
//! An appliance is only blamed for silence while our own connection is proven: its time begins when the broker is first
//! heard after the request, and a request that a drop cuts off comes to nothing, as nobody can tell what became of it.
//! Nothing is asked of an appliance whose topics the broker did not grant: its answer could not be heard. An answer
//! that comes later than [`DEVICE_ANSWER_TIMEOUT`] is an answer to nobody.

use std::collections::VecDeque;
use std::time::Duration;

use super::device::{DEVICES_LIMIT, Device};
use super::status::{self, Addressee, Answer, Asker, Status};
use crate::event::{DEVICE_ANSWER_TIMEOUT, DeviceProbe, Moment, millis};
use crate::session::extension::Request;

/// Time that a record of silence waits for the service's device list: what the service has for a request.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// Shortest time between two requests for the device list (documentation of the reference client: once a minute).
const LIST_PAUSE: Duration = Duration::from_mins(1);

/// A deadline that is seen this much after it passed proves nothing: this process was asleep or held up, and the
/// answer may be unread.
const HELD_UP: Duration = Duration::from_secs(2);

/// Asking appliances for their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplianceSettings {
    /// Time between two requests to the same appliance.
    pub interval: Duration,
}

impl Default for ApplianceSettings {
    /// Every 300 s, as the reference client does.
    fn default() -> Self {
        Self { interval: Duration::from_mins(5) }
    }
}

/// The appliances of the account.
#[derive(Debug)]
pub struct Appliances {
    /// `None` where they are listened to and never asked.
    settings: Option<ApplianceSettings>,
    asker: Asker,
    known: Vec<Known>,
    readiness: Readiness,
    next_due: Option<Moment>,
    list: List,
    records: VecDeque<DeviceProbe>,
}

/// Whether requests can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    /// No session is up, or its subscriptions are not answered yet.
    Down,
    /// A session is up, and its subscriptions are answered.
    Ready,
}

#[derive(Debug)]
struct Known {
    device: Device,
    /// Whether the broker granted its topics in this session.
    heard: bool,
    stage: Stage,
}

/// How far a request has come.
#[derive(Debug)]
enum Stage {
    /// None is due.
    Idle,
    /// One is to go out.
    Wanted,
    /// One is out.
    Asked(Asked),
    /// It stayed unanswered; the record waits for the service's device list.
    Unanswered,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    sent: Moment,
    /// When its last byte had left for the socket.
    written: Option<Moment>,
    /// When the broker was first heard after that.
    proven: Option<Moment>,
    /// What the appliance answered to somebody else meanwhile.
    overheard: Option<Status>,
}

/// The service's device list, as far as it was asked for afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Never,
    /// To be asked for.
    Wanted,
    Asked(Moment),
    Known(Moment),
}

impl Appliances {
    /// Appliances of which none is known yet. All requests of the run carry `asker`.
    pub const fn new(settings: Option<ApplianceSettings>, asker: Asker) -> Self {
        Self {
            settings,
            asker,
            known: Vec::new(),
            readiness: Readiness::Down,
            next_due: None,
            list: List::Never,
            records: VecDeque::new(),
        }
    }

    /// These are the appliances of the account. An empty list says nothing new: those that are known stay.
    pub(super) fn learned(&mut self, devices: Vec<Device>) {
        let (taken, refused): (Vec<_>, Vec<_>) = devices.into_iter().partition(Device::is_addressable);
        if !refused.is_empty() || taken.len() > DEVICES_LIMIT {
            tracing::warn!("some appliances of the account cannot be watched");
        }
        if !taken.is_empty() {
            let known = |device| Known { device, heard: false, stage: Stage::Idle };
            self.known = taken.into_iter().take(DEVICES_LIMIT).map(known).collect();
        }
    }

    /// Those that are known.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Device> {
        self.known.iter().map(|known| &known.device)
    }

    /// The broker granted this filter.
    pub(super) fn granted(&mut self, filter: &str) {
        self.known.iter_mut().filter(|known| known.device.filter() == filter).for_each(|known| {
            known.heard = true;
        });
    }

    /// The subscriptions are answered: requests may go out.
    pub(super) fn ready(&mut self, now: Moment) {
        self.readiness = Readiness::Ready;
        self.tick(now);
    }

    /// The session ended: no answer to what is out can come any more.
    pub(super) fn down(&mut self) {
        self.readiness = Readiness::Down;
        self.known.iter_mut().for_each(|known| known.heard = false);
        self.forget_requests();
        if !matches!(self.list, List::Known(_)) {
            self.list = List::Never;
        }
    }

    /// A request did not go out, or the broker did not take one: nobody can tell which of those that are out will be
    /// answered.
    pub(super) fn forget_requests(&mut self) {
        self.known.iter_mut().for_each(|known| known.stage = Stage::Idle);
    }

    /// When [`Self::tick`] wants to be called.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        if self.readiness == Readiness::Down {
            return None;
        }
        let answers = self.known.iter().filter_map(|known| known.stage.deadline());
        let list = match self.list {
            List::Asked(at) => Some(at.plus(LIST_TIMEOUT)),
            List::Never | List::Wanted | List::Known(_) => None,
        };
        answers.chain(list).chain(self.next_due).min()
    }

    /// Time passed.
    pub(super) fn tick(&mut self, now: Moment) {
        if self.readiness == Readiness::Down {
            return;
        }
        self.judge_silence(now);
        if let List::Asked(at) = self.list
            && now >= at.plus(LIST_TIMEOUT)
        {
            self.listed(now, &[]);
        }
        let Some(settings) = self.settings.filter(|_| !self.known.is_empty()) else { return };
        let due = *self.next_due.get_or_insert(now);
        if now < due {
            return;
        }
        let next = due.plus(settings.interval);
        self.next_due = Some(if next > now { next } else { now.plus(settings.interval) });
        for known in &mut self.known {
            if matches!(known.stage, Stage::Idle) && known.heard {
                known.stage = Stage::Wanted;
            }
        }
    }

    /// The next request that is due.
    pub(super) fn due_request(&mut self, now: Moment) -> Option<Request> {
        let wanted = |known: &&mut Known| matches!(known.stage, Stage::Wanted) && known.heard;
        let known = self.known.iter_mut().find(wanted)?;
        known.stage = Stage::Asked(Asked { sent: now, written: None, proven: None, overheard: None });
        Some(status::request(&known.device, &self.asker))
    }

    /// All that was to be sent has left for the socket.
    pub(super) fn written(&mut self, now: Moment) {
        self.asked().for_each(|asked| {
            asked.written.get_or_insert(now);
        });
    }

    /// The broker was heard.
    pub(super) fn heard(&mut self, now: Moment) {
        self.asked().filter(|asked| asked.written.is_some()).for_each(|asked| {
            asked.proven.get_or_insert(now);
        });
    }

    /// A message arrived under the topics of an appliance.
    pub(super) fn message(&mut self, now: Moment, topic: &str, payload: &[u8]) {
        for known in &mut self.known {
            let Stage::Asked(asked) = &mut known.stage else { continue };
            match status::read(&known.device, &self.asker, topic, payload) {
                Some(Answer { to: Addressee::Us, status }) => {
                    let trip = now.since(asked.written.unwrap_or(asked.sent));
                    self.records.push_back(known.answered(status, Some(millis(trip))));
                }
                Some(Answer { to: Addressee::Another, status }) => asked.overheard = Some(status),
                None => {}
            }
        }
    }

    /// Whether the service is to be asked for its device list now. It counts as asked then.
    pub(super) fn takes_list(&mut self, now: Moment) -> bool {
        let is_wanted = self.list == List::Wanted;
        if is_wanted {
            self.list = List::Asked(now);
        }
        is_wanted
    }

    /// The service's device list as of now; empty where it could not be had. Only what it says of the appliances that
    /// are known already counts: others are learned with the next connection.
    pub(super) fn listed(&mut self, now: Moment, devices: &[Device]) {
        self.list = List::Known(now);
        for known in &mut self.known {
            let listed = devices.iter().find(|device| device.mac == known.device.mac);
            known.device.cloud_connected = listed.and_then(|device| device.cloud_connected);
            known.device.cloud_error_code = listed.and_then(|device| device.cloud_error_code);
        }
        self.record_unanswered();
    }

    /// The next record.
    pub(super) fn next_record(&mut self) -> Option<DeviceProbe> {
        self.records.pop_front()
    }

    fn asked(&mut self) -> impl Iterator<Item = &mut Asked> {
        self.known.iter_mut().filter_map(|known| match &mut known.stage {
            Stage::Asked(asked) => Some(asked),
            Stage::Idle | Stage::Wanted | Stage::Unanswered => None,
        })
    }

    /// Gives up the requests whose time is over, and wants the list for their records.
    fn judge_silence(&mut self, now: Moment) {
        for known in &mut self.known {
            let Stage::Asked(asked) = &mut known.stage else { continue };
            let Some(deadline) = asked.deadline().filter(|deadline| now >= *deadline) else { continue };
            if now.since(deadline) >= HELD_UP {
                asked.proven = Some(now);
            } else if let Some(status) = asked.overheard {
                self.records.push_back(known.answered(status, None));
            } else {
                known.stage = Stage::Unanswered;
            }
        }
        if !self.known.iter().any(|known| matches!(known.stage, Stage::Unanswered)) {
            return;
        }
        match self.list {
            List::Known(at) if now.since(at) < LIST_PAUSE => self.record_unanswered(),
            List::Known(_) | List::Never => self.list = List::Wanted,
            List::Wanted | List::Asked(_) => {}
        }
    }

    fn record_unanswered(&mut self) {
        let unanswered = self.known.iter_mut().filter(|known| matches!(known.stage, Stage::Unanswered));
        self.records.extend(unanswered.map(|known| {
            known.stage = Stage::Idle;
            DeviceProbe {
                device: known.device.masked(),
                answered: Some(false),
                cloud_connected: known.device.cloud_connected,
                cloud_error_code: known.device.cloud_error_code,
                ..DeviceProbe::default()
            }
        }));
    }
}

impl Known {
    /// The record of its answer. A list that calls it gone is older than the answer, and says nothing any more.
    fn answered(&mut self, status: Status, rtt_ms: Option<f64>) -> DeviceProbe {
        self.stage = Stage::Idle;
        self.device.cloud_connected = self.device.cloud_connected.filter(|connected| *connected);
        DeviceProbe {
            device: self.device.masked(),
            answered: Some(true),
            rtt_ms,
            wifi_dbm: status.wifi_dbm,
            error_code: status.error_code,
            cloud_connected: self.device.cloud_connected,
            cloud_error_code: self.device.cloud_error_code,
        }
    }
}

impl Stage {
    fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Asked(asked) => asked.deadline(),
            Self::Idle | Self::Wanted | Self::Unanswered => None,
        }
    }
}

impl Asked {
    /// When its time is over; `None` while the broker has not been heard since.
    fn deadline(&self) -> Option<Moment> {
        self.proven.map(|proven| proven.plus(DEVICE_ANSWER_TIMEOUT))
    }
}
